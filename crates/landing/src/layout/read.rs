//! Keys of a landing zone, read back: which object of the zone a key names, if any.
//!
//! Not here: whether the object should be there. Invariant: a key that is read gives the same key
//! when it is written again.

use crate::{
    Offset, OffsetRange,
    layout::Prefix,
    partition_by::{DatePartition, Granularity},
};

/// A data object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataKey<'k> {
    pub date: &'k str,
    pub partition: i32,
    /// Of the record, or of the extent's start.
    pub offset: Offset,
    /// `json`, `jsonl.gz` …
    pub suffix: &'k str,
}

/// An object below `_control/{prefix}/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ControlKey {
    /// Of one record (`json`), or of an extent.
    DeadLetter(i32, Offset),
    Claim(i32, Offset),
    Anchor(i32),
    Start(i32),
    Gap(i32, OffsetRange),
    Schema(String),
    /// The zone itself, the probe, a cluster that was accepted.
    Other,
}

/// Reads the key of a data object; `None` when no zone with these settings has such a key.
pub fn data_key<'k>(
    key: &'k str,
    (prefix, granularity, format): (&Prefix, Granularity, &str),
) -> Option<DataKey<'k>> {
    let rest = key.strip_prefix(prefix.as_str())?.strip_prefix("/dt=")?;
    let (date, name) = rest.split_once('/')?;
    let (place, suffix) = name.split_once('.')?;
    let (partition, offset) = place.split_once('-')?;
    let (partition, offset) = (number(partition, 5)?, number(offset, 20)?);
    let known = is_date(date, granularity) && is_suffix(suffix, format);
    known.then_some(DataKey {
        date,
        partition: i32::try_from(partition).ok()?,
        offset: Offset(offset),
        suffix,
    })
}

/// Reads a key below `_control/{prefix}/`; `None` when a zone has no such key. `per_record` says
/// what dead letters are called.
pub fn control_key(key: &str, prefix: &Prefix, per_record: bool) -> Option<ControlKey> {
    let rest = key
        .strip_prefix("_control/")?
        .strip_prefix(prefix.as_str())?
        .strip_prefix('/')?;
    let (folder, name) = rest.split_once('/').unwrap_or(("", rest));
    let stem = name.strip_suffix(".json");
    let partition = || i32::try_from(number(stem?, 5)?).ok();
    match folder {
        "" => matches!(name, "zone.json" | "probe").then_some(ControlKey::Other),
        "anchors" => partition().map(ControlKey::Anchor),
        "starts" => partition().map(ControlKey::Start),
        "clusters" => stem.map(|_| ControlKey::Other),
        "schemas" => stem.map(|hash| ControlKey::Schema(hash.to_owned())),
        "claims" => claim(name, key, prefix),
        "gaps" => gap(stem?),
        "dead-letters" => {
            let ending = if per_record { ".json" } else { ".jsonl" };
            let (partition, offset) = name.strip_suffix(ending)?.split_once('-')?;
            let partition = i32::try_from(number(partition, 5)?).ok()?;
            Some(ControlKey::DeadLetter(
                partition,
                Offset(number(offset, 20)?),
            ))
        }
        _ => None,
    }
}

fn claim(name: &str, key: &str, prefix: &Prefix) -> Option<ControlKey> {
    let partition = i32::try_from(number(name.split_once('/')?.0, 5)?).ok()?;
    let start = prefix.start_of_claim_key(partition, key)?;
    Some(ControlKey::Claim(partition, start))
}

fn gap(stem: &str) -> Option<ControlKey> {
    let mut parts = stem.splitn(3, '-');
    let partition = i32::try_from(number(parts.next()?, 5)?).ok()?;
    let (start, end) = (number(parts.next()?, 20)?, number(parts.next()?, 20)?);
    let range = OffsetRange::new(Offset(start), Offset(end));
    (start < end).then_some(ControlKey::Gap(partition, range))
}

/// A number that is written with at least `digits` digits, and with more only where it needs them.
fn number(text: &str, digits: usize) -> Option<i64> {
    let shape = text.len() == digits || text.len() > digits && !text.starts_with('0');
    let digits_only = text.bytes().all(|byte| byte.is_ascii_digit());
    (shape && digits_only).then(|| text.parse().ok())?
}

fn is_date(text: &str, granularity: Granularity) -> bool {
    let length = match granularity {
        Granularity::Year => 4,
        Granularity::Day => 10,
        Granularity::Hour => 13,
    };
    text.len() == length && DatePartition::from_folder(text).is_some()
}

fn is_suffix(suffix: &str, format: &str) -> bool {
    match suffix.strip_prefix(format) {
        Some("") => true,
        Some(".gz" | ".zst") => matches!(format, "jsonl" | "csv"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix() -> Prefix {
        "stock-market/json".parse().unwrap()
    }

    fn read(key: &str, format: &str) -> Option<(String, i32, i64, String)> {
        let key = data_key(key, (&prefix(), Granularity::Day, format))?;
        Some((
            key.date.into(),
            key.partition,
            key.offset.0,
            key.suffix.into(),
        ))
    }

    #[test]
    fn the_keys_that_the_consumer_writes_read_back() {
        let date = DatePartition::from_text("2026-11-21", Granularity::Day).unwrap();
        for (partition, offset) in [(0, 0), (3, 42), (99_999, 1), (100_000, i64::MAX)] {
            let key = prefix().data_key(&date, partition, Offset(offset));
            let expected = ("2026-11-21".into(), partition, offset, "json".into());
            assert_eq!(read(&key, "json"), Some(expected));
            let key = prefix().extent_key(&date, (partition, Offset(offset)), "jsonl.gz");
            let expected = ("2026-11-21".into(), partition, offset, "jsonl.gz".into());
            assert_eq!(read(&key, "jsonl"), Some(expected));

            let control = |key: &str| control_key(key, &prefix(), true);
            let (p, o) = (partition, Offset(offset));
            let letter = prefix().dead_letter_key(p, o);
            assert_eq!(control(&letter), Some(ControlKey::DeadLetter(p, o)));
            let letters = prefix().dead_letters_key(p, o);
            let batched = control_key(&letters, &prefix(), false);
            assert_eq!(batched, Some(ControlKey::DeadLetter(p, o)));
            assert_eq!(control(&letters), None);
            let claim = prefix().claim_key(p, o);
            assert_eq!(control(&claim), Some(ControlKey::Claim(p, o)));
            assert_eq!(
                control(&prefix().anchor_key(p)),
                Some(ControlKey::Anchor(p))
            );
            assert_eq!(control(&prefix().start_key(p)), Some(ControlKey::Start(p)));
            let gap = OffsetRange::new(Offset(2), Offset(7));
            let gap_key = prefix().gap_key(p, gap);
            assert_eq!(control(&gap_key), Some(ControlKey::Gap(p, gap)));
        }
        for key in [
            prefix().zone_key(),
            prefix().probe_key(),
            prefix().cluster_key("c"),
        ] {
            assert_eq!(control_key(&key, &prefix(), true), Some(ControlKey::Other));
        }
        let schema = control_key(&prefix().schema_key("ab"), &prefix(), true);
        assert_eq!(schema, Some(ControlKey::Schema("ab".into())));
    }

    #[test]
    fn other_keys_are_nobodys() {
        for key in [
            "stock-market/json/dt=2026-11-21/00000-1.json",
            "stock-market/json/dt=2026-11-21/0-00000000000000000001.json",
            "stock-market/json/dt=2026-11-21/00000-00000000000000000001.jsonl",
            "stock-market/json/dt=2026-11-21/00000-00000000000000000001.json.gz",
            "stock-market/json/dt=2026-11-21/00000-+0000000000000000001.json",
            "stock-market/json/dt=2026-11-21-07/00000-00000000000000000001.json",
            "stock-market/json/dt=2026/00000-00000000000000000001.json",
            "stock-market/json/dt=2026-02-30/00000-00000000000000000001.json",
            "stock-market/json/dt=2026-11-21/x/00000-00000000000000000001.json",
            "stock-market/json/00000-00000000000000000001.json",
            "stock-market/jsonl/dt=2026-11-21/00000-00000000000000000001.json",
        ] {
            assert_eq!(read(key, "json"), None, "{key}");
        }
        for key in [
            "x",
            "anchors/x.json",
            "claims/00000/1.json",
            "gaps/00000-1-2.json",
            "y/z",
        ] {
            let key = format!("_control/stock-market/json/{key}");
            assert_eq!(control_key(&key, &prefix(), true), None, "{key}");
        }
    }
}
