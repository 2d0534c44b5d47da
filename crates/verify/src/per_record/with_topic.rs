//! Each record that the topic still has against the object that must hold it.
//!
//! The topic is read once, in its order, and the object of each record is read under the key that
//! the record must have, so only requests in flight take up memory. An offset counts as compared
//! only when its object was read and is the record's, or what is wrong with it is in a finding.

use std::collections::BTreeMap;

use anyhow::Result;
use bucket::{
    Bucket,
    body::{self, Body, Room},
    proof,
    zone::ZoneFacts,
};
use futures::{StreamExt, stream::FuturesUnordered};
use landing::{
    Extent, Offset, OffsetRange, Partition, Place, Record,
    identity::{About, Identity},
    offset_set::OffsetSet,
    partition_by::DatePartition,
    record::ValueHash,
    value,
};

use crate::{
    expected_place::{ExpectedPlace, expected_place},
    finding::{Kind, Problem},
    per_record::{
        listed::Offsets,
        without_topic::{self, MOST_DEAD_LETTER},
    },
    topic::Topic,
    verification::Verification,
};

/// What is wrong where the topic has a record that should have an object.
pub(crate) fn missing() -> Problem {
    let text = "the topic holds a record here, and the zone neither an object nor a dead letter";
    Problem::new(Kind::MissingObject, text)
}

/// The same of one that lies between landed ones, after the group's offset: a consumer may still be
/// about to land it, unless it was landed before.
pub(crate) fn not_yet(topic: &Topic, place: Place) -> Problem {
    let text = "the topic holds a record here that has no object, and records behind it do";
    match topic.offsets.doubt_of(place) {
        Some(doubt) => Problem::unverifiable(format!("{text}; {}", doubt.reason)),
        None => Problem::new(
            Kind::Unfinished,
            format!("{text}: a consumer lands it when it goes on"),
        ),
    }
}

/// The object of a record as it must be.
struct Expected {
    key: String,
    identity: Identity,
    content: ExpectedContent,
}

enum ExpectedContent {
    /// The body has this hash.
    Data(ValueHash),
    /// The value in it has the identity's hash.
    DeadLetter,
}

/// Compares the records of the extent, all of which the zone must hold, and what else was landed up
/// to the log's end. Returns the offsets that the topic showed.
pub(crate) async fn compare(
    verification: &mut Verification,
    topic: &Topic,
    offsets: &Offsets,
    extent: Extent,
    log_end: Offset,
) -> Result<OffsetSet> {
    let Extent {
        partition,
        range: there,
    } = extent;
    let landed_end = offsets.bounds().map_or(there.end, |bounds| bounds.end);
    let range = OffsetRange::new(there.start, landed_end.max(there.end).min(log_end));
    let (bucket, room) = (verification.bucket.clone(), Room::default());
    let mut seen = OffsetSet::default();
    let mut reading = FuturesUnordered::new();
    let mut records = topic.records(Extent::new(partition, range));
    verification.progress.step(
        "comparing records with their objects:",
        Some(range.end.0.abs_diff(range.start.0)),
    );
    let mut position = range.start;
    while let Some(arena) = records.next().await? {
        for record in arena.records() {
            seen.insert(record.offset);
            verification
                .progress
                .add(record.offset.next().0.abs_diff(position.0));
            position = record.offset.next();
            let lacking = || match record.offset < there.end {
                true => missing(),
                false => not_yet(topic, record.place()),
            };
            if let Some(expected) = expected(verification, &record, offsets, lacking) {
                reading.push(examine(&bucket, &room, expected));
            }
            while reading.len() >= verification.concurrency {
                note(verification, partition, reading.next().await)?;
            }
        }
    }
    while !reading.is_empty() {
        note(verification, partition, reading.next().await)?;
    }
    let report = &mut verification.partition(partition).report;
    let asked = there.end.0.abs_diff(there.start.0);
    let within = seen
        .ranges()
        .map(|range| range.end.min(there.end).0 - range.start.min(there.end).0);
    report.holes += asked - within.sum::<i64>().unsigned_abs();
    Ok(seen)
}

/// The object to read; `None` when the record needs none, or has none. `lacking` says what is wrong
/// then.
fn expected(
    verification: &mut Verification,
    record: &Record<'_>,
    offsets: &Offsets,
    lacking: impl FnOnce() -> Problem,
) -> Option<Expected> {
    let landed = offsets.landed.contains(record.offset);
    let dead_lettered = offsets.dead_letters.contains(record.offset);
    let zone = &verification.zone;
    let columns = verification.columns.as_mut();
    let place = expected_place(record, zone).of_row(record, columns);
    let expected = required(zone, record, &place, landed, dead_lettered, lacking);
    if place == ExpectedPlace::Tombstone {
        verification.partition(record.partition).report.tombstones += 1;
    }
    match expected {
        Ok(expected) => Some(expected),
        Err(problem) => {
            if let Some(problem) = problem {
                verification.find(problem.of_place(record.place()));
            }
            None
        }
    }
}

/// The object that a record in this place must have. An error is what is wrong with the objects
/// that are there, or `None` when the record needs no object.
fn required(
    zone: &ZoneFacts,
    record: &Record<'_>,
    place: &ExpectedPlace,
    landed: bool,
    dead_lettered: bool,
    lacking: impl FnOnce() -> Problem,
) -> Result<Expected, Option<Problem>> {
    let differs = |text: String| Err(Some(Problem::differs(text)));
    match place {
        ExpectedPlace::Date(date) if landed => Ok(data(zone, record, date)),
        ExpectedPlace::Letter(_) | ExpectedPlace::Tombstone if dead_lettered => Ok(Expected {
            key: zone.prefix.dead_letter_key(record.place()),
            identity: identity(zone, record),
            content: ExpectedContent::DeadLetter,
        }),
        ExpectedPlace::Tombstone if !landed => Err(None),
        ExpectedPlace::Date(_) if dead_lettered => {
            differs("the record can be landed, and is a dead letter".to_owned())
        }
        ExpectedPlace::Letter(reason) if landed => differs(format!(
            "the record cannot be landed ({reason}), and has a data object"
        )),
        ExpectedPlace::Tombstone => {
            differs("the record has no value, and has a data object".to_owned())
        }
        _ => Err(Some(lacking())),
    }
}

fn data(zone: &ZoneFacts, record: &Record<'_>, date: &DatePartition) -> Expected {
    let mut line = value::on_one_line(record.value.unwrap_or_default()).into_owned();
    line.push(b'\n');
    Expected {
        key: zone.prefix.data_key(date, record.place()),
        identity: identity(zone, record),
        content: ExpectedContent::Data(ValueHash::of(Some(&line))),
    }
}

fn identity(zone: &ZoneFacts, record: &Record<'_>) -> Identity {
    Identity {
        zone: zone.id.clone(),
        place: record.place(),
        about: About::Record {
            value: ValueHash::of(record.value),
            timestamp: record.timestamp,
        },
    }
}

/// An object that was read.
struct Examined {
    place: Place,
    key: String,
    bytes: u64,
    problem: Option<Problem>,
}

async fn examine(bucket: &Bucket, room: &Room, expected: Expected) -> Result<Examined> {
    let most = match expected.content {
        ExpectedContent::Data(_) => value::MAX_VALUE_BYTES as u64 + 1,
        ExpectedContent::DeadLetter => MOST_DEAD_LETTER,
    };
    let read = body::read(bucket, room, &expected.key, most).await?;
    let (bytes, problem) = match &read {
        None => {
            let text = "the record belongs under this key, and its object lies under another date";
            (0, Some(Problem::differs(text)))
        }
        Some(read) => match &read.body {
            Body::TooLarge(bytes) => {
                let text = format!("{bytes} bytes are more than any record has");
                (0, Some(Problem::differs(text)))
            }
            Body::Whole(body) => (
                body.len() as u64,
                compared(&expected, &read.metadata, body).err(),
            ),
        },
    };
    Ok(Examined {
        place: expected.identity.place,
        key: expected.key,
        bytes,
        problem,
    })
}

fn compared(
    expected: &Expected,
    metadata: &BTreeMap<String, String>,
    body: &[u8],
) -> Result<(), Problem> {
    match &expected.content {
        ExpectedContent::Data(hash) if ValueHash::of(Some(body)) == *hash => {}
        ExpectedContent::Data(_) => {
            let object = proof::parsed(body);
            object.map_err(Problem::unparseable)?;
            let text = "its body is not the value that the topic holds at this offset";
            return Err(Problem::differs(text));
        }
        ExpectedContent::DeadLetter => without_topic::dead_letter(body, &expected.identity)?,
    }
    let identity = expected.identity.compare(metadata);
    identity.map_err(Problem::differs)
}

fn note(
    verification: &mut Verification,
    partition: Partition,
    examined: Option<Result<Examined>>,
) -> Result<()> {
    let Some(examined) = examined.transpose()? else {
        return Ok(());
    };
    verification.bytes_read += examined.bytes;
    verification.partition(partition).report.compared += 1;
    if let Some(problem) = examined.problem {
        verification.find(problem.of_key(&examined.key).at_place(examined.place));
    }
    Ok(())
}
