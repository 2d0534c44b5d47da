//! One part of an extent: what its claim says of it, what its object holds and what the topic has,
//! against each other.
//!
//! Not here: reading, and why there may be fewer records (see [`super::verdict`]).
//! Invariant: fewer records than a claim says are only accepted where that is explained.

use landing::{
    OffsetRange,
    claim::{ClaimedBody, ContentHash},
};

use crate::{
    batched::{
        letters,
        object_content::Facts,
        read_extents::ReadExtent,
        topic_records::{Part, TopicSide},
    },
    finding::Kind,
};

/// Why there may be fewer records than a claim says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fewer {
    /// The topic is compacted, or retention was faster, which is written down.
    Explained,
    /// The topic is not compacted, and nothing is written down.
    Unexplained,
    /// Nobody tells.
    Unknown,
}

/// A finding's code and text.
pub(crate) type Problem = (Kind, String);

/// What is compared: what a claim says of a part, and what the topic has of it.
#[derive(Clone, Copy)]
pub(crate) struct Compared<'c> {
    pub(crate) records: u64,
    pub(crate) hash: &'c str,
    pub(crate) body: &'c ClaimedBody,
    pub(crate) topic: Option<&'c Part>,
    pub(crate) fewer: Fewer,
    /// Whether the same records are always the same bytes.
    pub(crate) has_one_form: bool,
}

/// Judges a data object.
pub(crate) fn data_object(facts: &Facts, compared: Compared<'_>) -> Result<(), Problem> {
    if let Some(problem) = &facts.problem {
        return Err((Kind::Unparseable, problem.clone()));
    }
    let differs = |text: String| Err((Kind::Differs, text));
    let (rows, claimed) = (facts.rows, compared.records);
    if rows > claimed {
        return differs(format!(
            "it holds {rows} records, and its claim says {claimed}"
        ));
    }
    let is_claimed = facts.sha256 == compared.body.sha256;
    if is_claimed && (rows, facts.bytes) != (claimed, compared.body.bytes) {
        return differs(format!(
            "its claim has its hash, and says {claimed} records in {} bytes of it: it holds {rows} in {}",
            compared.body.bytes, facts.bytes
        ));
    }
    if let (Some(topic), Some(lines)) = (compared.topic, facts.hashes()) {
        if let Some(record) = &topic.not_in_object {
            return differs(format!("{record} is not in its place in it"));
        }
        if topic.is_whole(rows) && rows == lines.len() as u64 {
            return Ok(());
        }
    }
    if is_claimed {
        return Ok(());
    }
    if rows == claimed && compared.has_one_form {
        let text = "it is not the object that its claim was made with, and the same records have no other form";
        return differs(text.to_owned());
    }
    if rows == claimed {
        let text = "it is not the object that its claim was made with, and the topic no longer tells whether it holds the same records";
        return Err((Kind::Unverifiable, text.to_owned()));
    }
    too_few(rows, claimed, compared.fewer)
}

fn too_few(rows: u64, claimed: u64, fewer: Fewer) -> Result<(), Problem> {
    let text = format!("it holds {rows} of the {claimed} records that its claim says");
    match fewer {
        Fewer::Explained => Ok(()),
        Fewer::Unexplained => Err((Kind::Differs, text)),
        Fewer::Unknown => {
            let text = format!("{text}; whether the topic was compacted, nobody tells any more");
            Err((Kind::Unverifiable, text))
        }
    }
}

/// Judges an object of dead letters of an extent.
pub(crate) fn dead_letters(
    facts: &Facts,
    extent: OffsetRange,
    compared: Compared<'_>,
) -> Result<(), Problem> {
    let letters = letters::letters(facts).map_err(|problem| (Kind::Unparseable, problem))?;
    let (rows, claimed, hash) = (facts.rows, compared.records, letters.hash.clone().to_hex());
    let within = |range: &OffsetRange| extent.start <= range.start && range.end <= extent.end;
    if !letters.offsets.as_ref().is_none_or(within) {
        let text = "it holds dead letters of other offsets than its extent's";
        return Err((Kind::Differs, text.to_owned()));
    }
    if rows > claimed {
        let text = format!("it holds {rows} dead letters, and its claim says {claimed}");
        return Err((Kind::Differs, text));
    }
    if (rows, hash.as_str()) == (claimed, compared.hash) {
        return Ok(());
    }
    if facts.sha256 == compared.body.sha256 {
        let text = "its claim has its hash, and says that it holds other records";
        return Err((Kind::Differs, text.to_owned()));
    }
    match compared.topic {
        Some(topic) if topic.hash.clone().to_hex() == hash => Ok(()),
        _ if rows == claimed => {
            let text = "it holds other records than those that its claim says";
            Err((Kind::Differs, text.to_owned()))
        }
        _ => too_few(rows, claimed, compared.fewer),
    }
}

/// The topic must hold what the claim says, or less of it.
pub(crate) fn of_claim(read: &ReadExtent, mut side: TopicSide, fewer: Fewer) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut part = |name: &str, claimed: (u64, &str), part: Part| {
        let problem = against_claim(name, claimed, (part.records, part.hash), fewer);
        problems.extend(problem.err());
    };
    for claimed in &read.claim.dates {
        let of_date = side.dates.remove(&claimed.date).unwrap_or_default();
        part(
            &format!("date {}", claimed.date),
            (claimed.records, &claimed.hash),
            of_date,
        );
    }
    let letters = &read.claim.dead_letters;
    part(
        "dead letters",
        (letters.records, &letters.hash),
        side.letters,
    );
    for (date, of_date) in side.dates {
        part(&format!("date {date}"), (0, ""), of_date);
    }
    problems.extend(tombstones(read.claim.tombstones, side.tombstones, fewer).err());
    if problems.is_empty() && !side.seen.fits(&read.claim) {
        let text = "the topic holds another first or last record than the claim says, or other bytes in all";
        problems.push((Kind::Differs, text.to_owned()));
    }
    problems
}

fn tombstones(claimed: u64, topic: u64, fewer: Fewer) -> Result<(), Problem> {
    let text = format!("the topic holds {topic} tombstones, and the claim says {claimed}");
    match fewer {
        _ if topic == claimed => Ok(()),
        Fewer::Explained if topic < claimed => Ok(()),
        Fewer::Unknown if topic < claimed => {
            let text = format!("{text}; whether the topic was compacted, nobody tells");
            Err((Kind::Unverifiable, text))
        }
        _ => Err((Kind::Differs, text)),
    }
}

fn against_claim(
    name: &str,
    (claimed, claimed_hash): (u64, &str),
    (records, hash): (u64, ContentHash),
    fewer: Fewer,
) -> Result<(), Problem> {
    if records == 0 && claimed == 0 || (records, hash.to_hex().as_str()) == (claimed, claimed_hash)
    {
        return Ok(());
    }
    let text = format!("{name}: the topic holds {records} records, and the claim says {claimed}");
    match fewer {
        Fewer::Explained if records < claimed => Ok(()),
        Fewer::Unknown if records < claimed => {
            let text = format!("{text}; whether the topic was compacted, nobody tells");
            Err((Kind::Unverifiable, text))
        }
        _ if records == claimed => Err((
            Kind::Differs,
            format!("{name}: the topic holds other records than the claim says"),
        )),
        _ => Err((Kind::Differs, text)),
    }
}
