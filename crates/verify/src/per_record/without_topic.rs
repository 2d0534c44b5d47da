//! The objects that the topic no longer has a record for: each is compared with what it says of
//! itself.
//!
//! An object's metadata keeps the hash of the value that Kafka had, so an object proves itself
//! unless its value had to be put on one line. An object that nothing proves and nothing refutes is
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
    Offset, Partition, Place,
    identity::{About, Identity},
    layout::read::{self, ControlKey},
    offset_set::OffsetSet,
    record::ValueHash,
    value,
};

use crate::{
    finding::{Finding, Kind, Problem},
    per_record::listed::Offsets,
    verification::Verification,
};

/// The most bytes of a dead letter, which holds its value twice, once in base64: Kafka's clients
/// send less at a time.
pub(crate) const MOST_DEAD_LETTER: u64 = 256 << 20;

/// An object that is to be read.
struct Candidate {
    key: String,
    place: Place,
    /// `None` for a dead letter.
    date: Option<String>,
}

/// Reads each object whose offset the topic did not show.
pub(crate) async fn read(
    verification: &mut Verification,
    listed: &BTreeMap<Partition, Offsets>,
    compared: &BTreeMap<Partition, OffsetSet>,
) -> Result<()> {
    let remains = |place: Place| {
        let Place { partition, offset } = place;
        let was_listed = listed.get(&partition).is_some_and(|offsets| {
            offsets.landed.contains(offset) || offsets.dead_letters.contains(offset)
        });
        let compared = compared.get(&partition);
        was_listed && compared.is_none_or(|seen| !seen.contains(offset))
    };
    let count = count(listed, remains);
    if count == 0 {
        return Ok(());
    }
    verification.progress.step(
        "reading objects that the topic has no record for:",
        Some(count as u64),
    );
    let prefix = verification.zone.prefix.clone();
    for folder in [
        prefix.data_folder(),
        format!("_control/{prefix}/dead-letters/"),
    ] {
        let bucket = verification.bucket.clone();
        let mut list = bucket.list(&folder);
        while let Some(page) = list.page().await? {
            let candidates = page.objects.iter();
            let candidates = candidates.filter_map(|object| candidate(verification, &object.key));
            let remaining: Vec<_> = candidates
                .filter(|candidate| remains(candidate.place))
                .collect();
            of_page(verification, remaining).await?;
        }
    }
    Ok(())
}

/// How many of the listed offsets remain.
fn count(listed: &BTreeMap<Partition, Offsets>, remains: impl Fn(Place) -> bool) -> usize {
    let of_partition = listed.iter().map(|(&partition, offsets)| {
        let ranges = offsets.ranges();
        let all = ranges.flat_map(|range| range.start.0..range.end.0);
        all.filter(|&offset| remains(Place::new(partition, Offset(offset))))
            .count()
    });
    of_partition.sum()
}

fn candidate(verification: &Verification, key: &str) -> Option<Candidate> {
    let zone = &verification.zone;
    let owned = key.to_owned();
    if let Some(data) = read::data_key(key, &zone.prefix, zone.granularity, zone.format) {
        return Some(Candidate {
            key: owned,
            place: data.place,
            date: Some(data.date.to_owned()),
        });
    }
    match read::control_key(key, &zone.prefix, zone.format)? {
        ControlKey::DeadLetter(place) => Some(Candidate {
            key: owned,
            place,
            date: None,
        }),
        _ => None,
    }
}

async fn of_page(verification: &mut Verification, candidates: Vec<Candidate>) -> Result<()> {
    let (bucket, room) = (verification.bucket.clone(), Room::default());
    let examine = async |candidate: Candidate| {
        let most = if candidate.date.is_some() {
            value::MAX_VALUE_BYTES as u64 + 1
        } else {
            MOST_DEAD_LETTER
        };
        let read = body::read(&bucket, &room, &candidate.key, most).await;
        read.map(|read| (candidate, read))
    };
    let reads = candidates.into_iter().map(examine);
    let mut reads = futures::stream::iter(reads).buffer_unordered(verification.concurrency);
    while let Some(read) = reads.next().await {
        let (candidate, read) = read?;
        verification.progress.add(1);
        // It was removed since it was listed; whoever removed it is told of the others.
        let Some(read) = read else { continue };
        let proven = match &read.body {
            Body::TooLarge(bytes) => Err(Problem::differs(format!(
                "{bytes} bytes are more than any record has"
            ))),
            Body::Whole(body) => {
                verification.bytes_read += body.len() as u64;
                proves_itself(verification, &candidate, &read.metadata, body)
            }
        };
        let place = candidate.place;
        match proven {
            Err(problem) => verification.find(problem.of_key(&candidate.key).at_place(place)),
            Ok(()) => not_in_topic(verification, &candidate.key, place).await?,
        }
    }
    Ok(())
}

/// The object is sound; that the topic has no record for it needs a reason.
async fn not_in_topic(verification: &mut Verification, key: &str, place: Place) -> Result<()> {
    let (topic, log) = (
        verification.topic.clone(),
        verification.partition(place.partition).log,
    );
    let (Some(topic), Some(log)) = (topic, log) else {
        return Ok(());
    };
    if place.offset < log.start || place.offset.next() > log.end {
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
    verification.find(finding.at_place(place));
    Ok(())
}

fn proves_itself(
    verification: &Verification,
    candidate: &Candidate,
    metadata: &BTreeMap<String, String>,
    body: &[u8],
) -> Result<(), Problem> {
    let problem = |doubt| match doubt {
        Doubt::Unparseable(text) => Problem::unparseable(text),
        Doubt::Differs(text) => Problem::differs(text),
        Doubt::Unprovable(text) => Problem::unverifiable(text),
    };
    let identity =
        proof::identity(&verification.zone, candidate.place, metadata).map_err(problem)?;
    let Some(date) = &candidate.date else {
        dead_letter(body, &identity)?;
        return identity.compare(metadata).map_err(Problem::differs);
    };
    let proven = proof::data_object(&verification.zone, &identity, date, metadata, body);
    proven.map_err(problem)
}

/// Whether a dead letter's body is about the record of this identity.
pub(crate) fn dead_letter(body: &[u8], identity: &Identity) -> Result<(), Problem> {
    let letter: serde_json::Value = serde_json::from_slice(body)
        .map_err(|error| Problem::unparseable(format!("it is no dead letter ({error})")))?;
    let value = match &letter["value"] {
        serde_json::Value::Null => Some(None),
        value => value
            .as_str()
            .and_then(|text| STANDARD.decode(text).ok())
            .map(Some),
    };
    let Some(value) = value else {
        return Err(Problem::unparseable("its value is not base64"));
    };
    let place = (letter["partition"].as_i64(), letter["offset"].as_i64());
    let expected = (
        Some(i64::from(identity.place.partition.0)),
        Some(identity.place.offset.0),
    );
    let hash = ValueHash::of(value.as_deref());
    let same = matches!(&identity.about, About::Record { value, .. } if *value == hash);
    if place == expected && same {
        Ok(())
    } else {
        Err(Problem::differs(
            "it does not hold the record that is, or was, at this offset",
        ))
    }
}
