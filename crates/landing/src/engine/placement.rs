//! What a record becomes in the per-record layout: a data object, a dead letter, or nothing.
//!
//! It is a function of the record and of what the zone pins: it does not depend on the time or the
//! process. Not here: when it is uploaded and what is committed (see [`crate::engine`]).

use super::{
    from_settings::checker,
    types::{Settings, Tombstones},
};
use crate::{
    dead_letter,
    partition_by::{DatePartition, PartitionBy},
    place::Place,
    record::{Headers, Record},
    value::{self, Misfit, Reason, checker::Checker},
};

/// What becomes of a record.
#[derive(Debug)]
pub(crate) enum Placement {
    /// An object with this key and body.
    Data { key: String, body: Vec<u8> },
    /// A dead letter with this key and body.
    DeadLetter {
        key: String,
        body: Vec<u8>,
        reason: Reason,
    },
    /// A tombstone that is not kept.
    SkippedTombstone,
}

/// Places one record. The checker only makes it faster.
pub(crate) fn place(settings: &Settings, checker: &mut Checker, record: &Record<'_>) -> Placement {
    let Some(bytes) = record.value else {
        return match settings.tombstones {
            Tombstones::Skip => Placement::SkippedTombstone,
            Tombstones::DeadLetter => dead_letter(settings, record, Reason::Tombstone),
        };
    };
    match date_partition(settings, checker, record, bytes) {
        Ok(date) => {
            let line = value::on_one_line(bytes);
            // Exactly as large as needed: a push onto an owned copy would double it.
            let mut body = Vec::with_capacity(line.len() + 1);
            body.extend_from_slice(&line);
            body.push(b'\n');
            Placement::Data {
                key: settings.prefix.data_key(&date, record.place()),
                body,
            }
        }
        Err(misfit) => dead_letter(settings, record, misfit),
    }
}

/// The keys at which the object of a landed record may be. `value` is what Kafka holds at its
/// offset; without one (a tombstone, or retention has removed the record) it may be a dead letter,
/// or data under a date that comes from the timestamp.
#[must_use]
pub fn keys_of(
    settings: &Settings,
    landed: Place,
    timestamp: Option<i64>,
    value: Option<&[u8]>,
) -> Vec<String> {
    let record = Record {
        partition: landed.partition,
        offset: landed.offset,
        timestamp,
        key: None,
        value,
        headers: Headers::default(),
    };
    let mut checker = checker(settings);
    let date = match (value, &settings.partition_by) {
        (Some(bytes), _) => date_partition(settings, &mut checker, &record, bytes).ok(),
        (None, PartitionBy::Timestamp) => {
            timestamp.and_then(|millis| DatePartition::from_timestamp(millis, settings.granularity))
        }
        (None, PartitionBy::Field(_)) => None,
    };
    let data = date.map(|date| settings.prefix.data_key(&date, landed));
    data.into_iter()
        .chain([settings.prefix.dead_letter_key(landed)])
        .collect()
}

fn date_partition(
    settings: &Settings,
    checker: &mut Checker,
    record: &Record<'_>,
    bytes: &[u8],
) -> Result<DatePartition, Misfit> {
    let in_field = checker.check(bytes)?;
    let date = settings
        .partition_by
        .date(record.timestamp, in_field, settings.granularity);
    let date = date.ok_or(Reason::NoPartitionValue)?;
    checker.check_columns(bytes)?;
    Ok(date)
}

fn dead_letter(settings: &Settings, record: &Record<'_>, misfit: impl Into<Misfit>) -> Placement {
    let misfit = misfit.into();
    let reason = misfit.reason;
    Placement::DeadLetter {
        key: settings.prefix.dead_letter_key(record.place()),
        body: dead_letter::body(&settings.topic, record, misfit),
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{engine::tests::settings, offset::Offset, place::Partition, value::ValueRule};

    fn placed(settings: &Settings, record: &Record<'_>) -> Placement {
        let rule = ValueRule::new(settings.classifier, &settings.partition_by);
        place(settings, &mut Checker::new(rule), record)
    }

    fn record(value: Option<&[u8]>) -> Record<'_> {
        Record {
            partition: Partition(1),
            offset: Offset(5),
            timestamp: Some(1_795_244_645_000),
            key: None,
            value,
            headers: Headers::default(),
        }
    }

    #[test]
    fn a_json_object_becomes_an_object_under_its_date() {
        let Placement::Data { key, body } = placed(&settings(), &record(Some(b"{\"a\":1.50}")))
        else {
            panic!("no data")
        };
        assert_eq!(key, "p/dt=2026-11-21/00001-00000000000000000005.json");
        assert_eq!(body, b"{\"a\":1.50}\n");
    }

    #[test]
    fn the_console_hello_world_becomes_a_dead_letter() {
        let Placement::DeadLetter { key, reason, .. } =
            placed(&settings(), &record(Some(b"hello world")))
        else {
            panic!("no letter")
        };
        assert_eq!(
            (key.as_str(), reason),
            (
                "_control/p/dead-letters/00001-00000000000000000005.json",
                Reason::NotAJsonObject
            )
        );
    }

    #[test]
    fn a_record_without_a_usable_date_becomes_a_dead_letter() {
        let by_field = Settings {
            partition_by: "field:Date".parse().unwrap(),
            ..settings()
        };
        for value in [
            "{}",
            r#"{"Date":"../x"}"#,
            r#"{"Date":20210603}"#,
            r#"{"Date":"0000-00-00"}"#,
            r#"{"Date":null}"#,
        ] {
            let placed = placed(&by_field, &record(Some(value.as_bytes())));
            assert!(
                matches!(
                    placed,
                    Placement::DeadLetter {
                        reason: Reason::NoPartitionValue,
                        ..
                    }
                ),
                "{value}"
            );
        }
        let placed = placed(
            &settings(),
            &Record {
                timestamp: None,
                ..record(Some(b"{}"))
            },
        );
        assert!(matches!(
            placed,
            Placement::DeadLetter {
                reason: Reason::NoPartitionValue,
                ..
            }
        ));
    }

    #[test]
    fn tombstones_are_skipped_unless_they_are_wanted_and_an_empty_value_is_none() {
        assert!(matches!(
            placed(&settings(), &record(None)),
            Placement::SkippedTombstone
        ));
        let keep = Settings {
            tombstones: Tombstones::DeadLetter,
            ..settings()
        };
        assert!(matches!(
            placed(&keep, &record(None)),
            Placement::DeadLetter {
                reason: Reason::Tombstone,
                ..
            }
        ));
        assert!(matches!(
            placed(&settings(), &record(Some(b""))),
            Placement::DeadLetter {
                reason: Reason::NotAJsonObject,
                ..
            }
        ));
    }
}
