//! The objects that the topic no longer has a record for: each against what it says of itself.
//!
//! An object's metadata keeps the hash of the value that Kafka had, so an object that was not put
//! on one line proves itself. Invariant: an object that nothing proves and nothing refutes is
//! called unverifiable.

use std::collections::BTreeMap;

use anyhow::Result;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bucket::{
    body::{self, Body, Room},
    proof::{self, Doubt},
};
use futures::StreamExt;
use landing::{
    Offset, OffsetRange,
    identity::{About, Identity},
    layout::read::{self, ControlKey},
    offset_set::OffsetSet,
    record::ValueHash,
    value,
};

use crate::{
    finding::{Finding, Kind},
    per_record::listed::Offsets,
    verification::Look,
};

type Problem = (Kind, String);

/// A dead letter holds its value twice, base64 once: this is more than Kafka's clients send at
/// once.
pub(crate) const MOST_DEAD_LETTER: u64 = 256 << 20;

/// An object that is to be read.
struct Candidate {
    key: String,
    at: (i32, Offset),
    /// `None` for a dead letter.
    date: Option<String>,
}

/// Reads each object whose offset the topic did not show.
pub(crate) async fn read(
    look: &mut Look,
    listed: &BTreeMap<i32, Offsets>,
    compared: &BTreeMap<i32, OffsetSet>,
) -> Result<()> {
    let remains = |at: (i32, Offset)| {
        let offsets = listed.get(&at.0);
        let was_listed = offsets.is_some_and(|offsets| {
            offsets.landed.contains(at.1) || offsets.dead_letters.contains(at.1)
        });
        was_listed && compared.get(&at.0).is_none_or(|seen| !seen.contains(at.1))
    };
    let count = count(listed, remains);
    if count == 0 {
        return Ok(());
    }
    look.progress.step(
        "reading objects that the topic has no record for:",
        Some(count as u64),
    );
    let prefix = look.zone.prefix.clone();
    for folder in [
        prefix.data_folder(),
        format!("_control/{prefix}/dead-letters/"),
    ] {
        let bucket = look.bucket.clone();
        let mut list = bucket.list(&folder);
        while let Some(page) = list.page().await? {
            let candidates = page.objects.iter();
            let candidates = candidates.filter_map(|object| candidate(look, &object.key));
            let remaining: Vec<_> = candidates
                .filter(|candidate| remains(candidate.at))
                .collect();
            of_page(look, remaining).await?;
        }
    }
    Ok(())
}

/// How many of the listed offsets remain.
fn count(listed: &BTreeMap<i32, Offsets>, remains: impl Fn((i32, Offset)) -> bool) -> usize {
    let of_partition = listed.iter().map(|(&partition, offsets)| {
        let ranges = offsets.ranges();
        let all = ranges.flat_map(|range| range.start.0..range.end.0);
        all.filter(|&offset| remains((partition, Offset(offset))))
            .count()
    });
    of_partition.sum()
}

fn candidate(look: &Look, key: &str) -> Option<Candidate> {
    let zone = &look.zone;
    let owned = key.to_owned();
    if let Some(data) = read::data_key(key, (&zone.prefix, zone.granularity, &zone.format)) {
        return Some(Candidate {
            key: owned,
            at: (data.partition, data.offset),
            date: Some(data.date.to_owned()),
        });
    }
    match read::control_key(key, &zone.prefix, true)? {
        ControlKey::DeadLetter(partition, offset) => Some(Candidate {
            key: owned,
            at: (partition, offset),
            date: None,
        }),
        _ => None,
    }
}

async fn of_page(look: &mut Look, candidates: Vec<Candidate>) -> Result<()> {
    let (bucket, room) = (look.bucket.clone(), Room::default());
    let examine = async |candidate: Candidate| {
        let most = if candidate.date.is_some() {
            value::MAX_VALUE_BYTES as u64 + 1
        } else {
            MOST_DEAD_LETTER
        };
        let read = body::read((&bucket, &room), &candidate.key, most).await;
        read.map(|read| (candidate, read))
    };
    let reads = candidates.into_iter().map(examine);
    let mut reads = futures::stream::iter(reads).buffer_unordered(look.concurrency);
    while let Some(read) = reads.next().await {
        let (candidate, read) = read?;
        look.progress.add(1);
        // Removed since it was listed: whoever removes objects meanwhile is told of the others.
        let Some(read) = read else { continue };
        let problem = match &read.body {
            Body::TooLarge(bytes) => Err((
                Kind::Differs,
                format!("{bytes} bytes are more than any record has"),
            )),
            Body::Whole(body) => {
                look.bytes_read += body.len() as u64;
                proves_itself(look, &candidate, &read.metadata, body)
            }
        };
        let (partition, offset) = candidate.at;
        let at = (partition, OffsetRange::new(offset, offset.next()));
        match problem {
            Err((kind, text)) => look.find(Finding::of_key(kind, &candidate.key, text).at(at)),
            Ok(()) => not_in_topic(look, &candidate.key, at).await?,
        }
    }
    Ok(())
}

/// The object is sound; that the topic has no record for it needs a reason.
async fn not_in_topic(look: &mut Look, key: &str, at: (i32, OffsetRange)) -> Result<()> {
    let (topic, log) = (look.topic.clone(), look.partition(at.0).log);
    let (Some(topic), Some(log)) = (topic, log) else {
        return Ok(());
    };
    if at.1.start < log.start || at.1.end > log.end {
        return Ok(());
    }
    let finding = match topic.is_compacted().await? {
        Some(true) => return Ok(()),
        Some(false) => {
            let text = "the topic shows no record at this offset, and is not compacted";
            Finding::of_key(Kind::UnknownObject, key, text)
        }
        None => {
            let text = "the topic shows no record at this offset, and does not tell whether it is compacted";
            Finding::of_key(Kind::Unverifiable, key, text)
        }
    };
    look.find(finding.at(at));
    Ok(())
}

fn proves_itself(
    look: &Look,
    candidate: &Candidate,
    metadata: &BTreeMap<String, String>,
    body: &[u8],
) -> Result<(), Problem> {
    let kind_of = |doubt| match doubt {
        Doubt::Unparseable(text) => (Kind::Unparseable, text),
        Doubt::Differs(text) => (Kind::Differs, text),
        Doubt::Unprovable(text) => (Kind::Unverifiable, text.to_owned()),
    };
    let identity = proof::identity(&look.zone, candidate.at, metadata).map_err(kind_of)?;
    let Some(date) = &candidate.date else {
        dead_letter(body, &identity)?;
        let compared = identity.compare(metadata);
        return compared.map_err(|difference| (Kind::Differs, difference));
    };
    let proven = proof::data_object(&look.zone, (&identity, date), (metadata, body));
    proven.map_err(kind_of)
}

/// Whether a dead letter's body is about the record of this identity.
pub(crate) fn dead_letter(body: &[u8], identity: &Identity) -> Result<(), Problem> {
    let letter: serde_json::Value = serde_json::from_slice(body)
        .map_err(|error| (Kind::Unparseable, format!("it is no dead letter ({error})")))?;
    let value = match &letter["value"] {
        serde_json::Value::Null => Some(None),
        value => value
            .as_str()
            .and_then(|text| STANDARD.decode(text).ok())
            .map(Some),
    };
    let Some(value) = value else {
        return Err((Kind::Unparseable, "its value is not base64".to_owned()));
    };
    let place = (letter["partition"].as_i64(), letter["offset"].as_i64());
    let expected = (Some(i64::from(identity.partition)), Some(identity.offset.0));
    let hash = ValueHash::of(value.as_deref());
    let same = matches!(&identity.about, About::Record { value, .. } if *value == hash);
    if place == expected && same {
        Ok(())
    } else {
        Err((
            Kind::Differs,
            "it does not hold the record that is, or was, at this offset".to_owned(),
        ))
    }
}
