//! Each record that the topic still has against the object that must hold it.
//!
//! The topic is read once, in its order; the object of each record is asked for by the key that the
//! record must have. So nothing is kept for a record but the request in flight. Invariant: an
//! offset is called compared only when its object was read and is the record's, or its fault is in
//! a finding.

use std::collections::BTreeMap;

use anyhow::Result;
use bucket::{
    Bucket,
    body::{self, Body, Room},
    proof,
};
use futures::{StreamExt, stream::FuturesUnordered};
use landing::{
    Offset, OffsetRange, Record,
    identity::{About, Identity},
    offset_set::OffsetSet,
    partition_by::DatePartition,
    record::ValueHash,
    value,
};

use crate::{
    expected_place::{Place, place},
    finding::{Finding, Kind},
    per_record::{
        listed::Offsets,
        without_topic::{self, MOST_DEAD_LETTER},
    },
    topic::Topic,
    verification::Look,
};

/// What the topic says of an offset that should have an object.
pub(crate) const MISSING: &str =
    "the topic holds a record here, and the zone neither an object nor a dead letter";

/// The same of one that lies between others, behind the group's offset.
pub(crate) const NOT_YET: &str = "the topic holds a record here that has no object, and records behind it do: a consumer lands it when it goes on";

/// The object of a record as it must be.
struct Expected {
    key: String,
    identity: Identity,
    content: Content,
}

enum Content {
    /// The body has this hash.
    Data(ValueHash),
    /// The value in it has the identity's hash.
    DeadLetter,
}

/// Compares what lies in `there`, and what else was landed up to the log's end. Gives the offsets
/// that the topic showed.
pub(crate) async fn compare(
    look: &mut Look,
    topic: &Topic,
    (partition, offsets): (i32, &Offsets),
    (there, log_end): (OffsetRange, Offset),
) -> Result<OffsetSet> {
    let landed_end = offsets.bounds().map_or(there.end, |bounds| bounds.end);
    let range = OffsetRange::new(there.start, landed_end.max(there.end).min(log_end));
    let (bucket, room) = (look.bucket.clone(), Room::default());
    let mut seen = OffsetSet::default();
    let mut reading = FuturesUnordered::new();
    let mut records = topic.records(partition, range);
    look.progress.step(
        "comparing records with their objects:",
        Some(range.end.0.abs_diff(range.start.0)),
    );
    let mut position = range.start;
    while let Some(arena) = records.next().await? {
        for record in arena.records() {
            seen.insert(record.offset);
            look.progress
                .add(record.offset.next().0.abs_diff(position.0));
            position = record.offset.next();
            let must = record.offset < there.end;
            if let Some(expected) = expected(look, &record, (offsets, must)) {
                reading.push(examine((&bucket, &room), expected));
            }
            while reading.len() >= look.concurrency {
                note(look, partition, reading.next().await)?;
            }
        }
    }
    while !reading.is_empty() {
        note(look, partition, reading.next().await)?;
    }
    let report = &mut look.partition(partition).report;
    let asked = there.end.0.abs_diff(there.start.0);
    let within = seen
        .ranges()
        .map(|range| range.end.min(there.end).0 - range.start.min(there.end).0);
    report.holes += asked - within.sum::<i64>().unsigned_abs();
    Ok(seen)
}

/// The object to look at; nothing when the record needs none, or has none.
fn expected(
    look: &mut Look,
    record: &Record<'_>,
    (offsets, must): (&Offsets, bool),
) -> Option<Expected> {
    let at = (
        record.partition,
        OffsetRange::new(record.offset, record.offset.next()),
    );
    let landed = offsets.landed.contains(record.offset);
    let dead_lettered = offsets.dead_letters.contains(record.offset);
    let place = place(record, (&look.zone.partition_by, look.zone.granularity));
    let expected = required(look, (record, &place), (landed, dead_lettered, must));
    if place == Place::Tombstone {
        look.partition(record.partition).report.tombstones += 1;
    }
    match expected {
        Ok(expected) => Some(expected),
        Err(problem) => {
            if let Some((kind, text)) = problem {
                look.find(Finding::of_offsets(kind, at, text));
            }
            None
        }
    }
}

/// The object that a record in this place must have, nothing, or what is wrong with those that are
/// there.
fn required(
    look: &Look,
    (record, place): (&Record<'_>, &Place),
    (landed, dead_lettered, must): (bool, bool, bool),
) -> Result<Expected, Option<(Kind, String)>> {
    let differs = |text: String| Err(Some((Kind::Differs, text)));
    match place {
        Place::Date(date) if landed => Ok(data(look, record, date)),
        Place::Letter(_) | Place::Tombstone if dead_lettered => Ok(Expected {
            key: look
                .zone
                .prefix
                .dead_letter_key(record.partition, record.offset),
            identity: identity(look, record),
            content: Content::DeadLetter,
        }),
        Place::Tombstone if !landed => Err(None),
        Place::Date(_) if dead_lettered => {
            differs("the record can be landed, and is a dead letter".to_owned())
        }
        Place::Letter(reason) if landed => differs(format!(
            "the record cannot be landed ({reason}), and has a data object"
        )),
        Place::Tombstone => differs("the record has no value, and has a data object".to_owned()),
        _ if must => Err(Some((Kind::MissingObject, MISSING.to_owned()))),
        _ => Err(Some((Kind::Unfinished, NOT_YET.to_owned()))),
    }
}

fn data(look: &Look, record: &Record<'_>, date: &DatePartition) -> Expected {
    let mut line = value::on_one_line(record.value.unwrap_or_default()).into_owned();
    line.push(b'\n');
    let prefix = &look.zone.prefix;
    Expected {
        key: prefix.data_key(date, record.partition, record.offset),
        identity: identity(look, record),
        content: Content::Data(ValueHash::of(Some(&line))),
    }
}

fn identity(look: &Look, record: &Record<'_>) -> Identity {
    Identity {
        zone: look.zone.id.clone(),
        partition: record.partition,
        offset: record.offset,
        about: About::Record {
            value: ValueHash::of(record.value),
            timestamp: record.timestamp,
        },
    }
}

/// What an object is: its record's offset, the bytes that were read, and what is wrong with it.
struct Examined {
    offset: Offset,
    key: String,
    bytes: u64,
    problem: Option<(Kind, String)>,
}

async fn examine(from: (&Bucket, &Room), expected: Expected) -> Result<Examined> {
    let most = match expected.content {
        Content::Data(_) => value::MAX_VALUE_BYTES as u64 + 1,
        Content::DeadLetter => MOST_DEAD_LETTER,
    };
    let read = body::read(from, &expected.key, most).await?;
    let (bytes, problem) = match &read {
        None => {
            let text = "the record belongs under this key, and its object lies under another date";
            (0, Some((Kind::Differs, text.to_owned())))
        }
        Some(read) => match &read.body {
            Body::TooLarge(bytes) => {
                let text = format!("{bytes} bytes are more than any record has");
                (0, Some((Kind::Differs, text)))
            }
            Body::Whole(body) => (
                body.len() as u64,
                compared(&expected, &read.metadata, body).err(),
            ),
        },
    };
    Ok(Examined {
        offset: expected.identity.offset,
        key: expected.key,
        bytes,
        problem,
    })
}

fn compared(
    expected: &Expected,
    metadata: &BTreeMap<String, String>,
    body: &[u8],
) -> Result<(), (Kind, String)> {
    match &expected.content {
        Content::Data(hash) if ValueHash::of(Some(body)) == *hash => {}
        Content::Data(_) => {
            let object = proof::parsed(body);
            object.map_err(|problem| (Kind::Unparseable, problem))?;
            let text = "its body is not the value that the topic holds at this offset";
            return Err((Kind::Differs, text.to_owned()));
        }
        Content::DeadLetter => without_topic::dead_letter(body, &expected.identity)?,
    }
    let identity = expected.identity.compare(metadata);
    identity.map_err(|difference| (Kind::Differs, difference))
}

fn note(look: &mut Look, partition: i32, examined: Option<Result<Examined>>) -> Result<()> {
    let Some(examined) = examined.transpose()? else {
        return Ok(());
    };
    look.bytes_read += examined.bytes;
    look.partition(partition).report.compared += 1;
    if let Some((kind, text)) = examined.problem {
        let at = (
            partition,
            OffsetRange::new(examined.offset, examined.offset.next()),
        );
        look.find(Finding::of_key(kind, &examined.key, text).at(at));
    }
    Ok(())
}
