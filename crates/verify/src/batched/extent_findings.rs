//! One extent: its claim, its objects and the topic against each other.
//!
//! What the topic no longer has is proven by the claim's hash of the object as the claimer encoded
//! it. Not here: reading (see [`super::read_extents`] and [`super::topic_records`]). Fewer records
//! than a claim says are accepted only where compaction or a recorded gap explains them.

use anyhow::Result;
use bucket::zone::ZoneFacts;
use format::files::Files;
use landing::{
    Format, OffsetRange,
    claim::{Claim, ClaimedBody},
};

use crate::{
    batched::{
        object_content::ObjectFacts,
        read_extents::{self, ReadExtent},
        schemas::{self, ClaimEncoder},
        topic_records::{self, TopicPart, TopicSide, WantedExtent},
    },
    finding::{Finding, Problem},
    verification::Verification,
};

/// Why there may be fewer records than a claim says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fewer {
    /// The topic is compacted, or retention was faster and the gap is recorded.
    Explained,
    /// The topic is not compacted, and no gap is recorded.
    Unexplained,
    /// Nobody knows.
    Unknown,
}

/// Judges one extent.
pub(crate) async fn judge(
    verification: &mut Verification,
    zone: &ZoneFacts,
    read: ReadExtent,
) -> Result<()> {
    let side = topic_side(verification, zone, &read).await?;
    // Kafka is asked for its policy only where it matters: some brokers take their time to say that
    // they do not tell.
    let fewer = match has_fewer(&read, side.as_ref()) {
        true => fewer(verification, &read).await?,
        false => Fewer::Unknown,
    };
    let extent = read.claim.extent();
    let mut findings = of_dates(zone, &read, side.as_ref(), fewer);
    findings.extend(of_letters(zone, &read, side.as_ref(), fewer));
    if let Some(side) = side {
        let records: u64 = side.dates.values().map(|part| part.records).sum();
        let report = &mut verification.partition(extent.partition).report;
        report.compared += records + side.letters.records;
        let key = zone.prefix.claim_key(extent.start());
        let problems = of_claim(&read.claim, side, fewer).into_iter();
        findings.extend(problems.map(|problem| problem.of_key(&key)));
    }
    for finding in findings {
        verification.find(finding.at(extent));
    }
    Ok(())
}

/// What the topic holds of the extent, if it still has it and the files' schema can be had.
async fn topic_side(
    verification: &mut Verification,
    zone: &ZoneFacts,
    read: &ReadExtent,
) -> Result<Option<TopicSide>> {
    let Some(topic) = verification.topic.clone().filter(|_| read.is_in_topic) else {
        return Ok(None);
    };
    let claim = &read.claim;
    let files = match schemas::encoding(verification, claim).await? {
        ClaimEncoder::NotNeeded => None,
        ClaimEncoder::Of(encoding) => Some(Files::new(&encoding, claim.place())),
        ClaimEncoder::Unknown => return Ok(None),
    };
    let dates = claim.dates.iter().zip(&read.dates);
    let facts = dates.filter_map(|(date, (_, facts))| Some((date.date.as_str(), facts.as_ref()?)));
    let wanted = WantedExtent {
        zone,
        claim,
        range: range_in_topic(verification, read),
        facts: facts.collect(),
    };
    topic_records::read(&topic, &wanted, files).await.map(Some)
}

/// The offsets of the extent that were to be landed and that the topic still has. What is missing
/// at its start was not read when the claim was made either.
fn range_in_topic(verification: &mut Verification, read: &ReadExtent) -> OffsetRange {
    let partition = verification.partition(read.claim.partition);
    let starts = [partition.start, partition.log.map(|log| log.start)];
    let start = starts
        .into_iter()
        .flatten()
        .fold(read.claim.start, Ord::max);
    OffsetRange::new(start, read.claim.end)
}

/// Whether something has fewer records than the claim says, and nothing worse is wrong with it.
fn has_fewer(read: &ReadExtent, side: Option<&TopicSide>) -> bool {
    let lacks = |facts: Option<&ObjectFacts>, claimed: u64| {
        facts.is_some_and(|facts| facts.problem.is_none() && facts.rows < claimed)
    };
    let dates = || read.claim.dates.iter().zip(&read.dates);
    let in_dates = dates().any(|(claimed, (_, facts))| {
        let topic = side.and_then(|side| side.dates.get(&claimed.date));
        let is_refuted = topic.is_some_and(|topic| topic.not_in_object.is_some());
        lacks(facts.as_ref(), claimed.records) && !is_refuted
    });
    let letters = read.letters.as_ref().and_then(|(_, facts)| facts.as_ref());
    let claimed_letters = read.claim.dead_letters.records;
    let in_topic = side.is_some_and(|side| {
        let records = |date: &str| side.dates.get(date).map_or(0, |part| part.records);
        side.letters.records < claimed_letters
            || side.tombstones < read.claim.tombstones
            || dates().any(|(claimed, _)| records(&claimed.date) < claimed.records)
    });
    in_dates || in_topic || lacks(letters, claimed_letters)
}

async fn fewer(verification: &mut Verification, read: &ReadExtent) -> Result<Fewer> {
    let range = read.claim.range();
    let overlaps = |gap: &OffsetRange| gap.start < range.end && range.start < gap.end;
    let gaps = &verification.partition(read.claim.partition).gaps;
    // What the topic still has was not lost.
    if !read.is_in_topic && gaps.iter().any(overlaps) {
        return Ok(Fewer::Explained);
    }
    let compacted = match verification.topic.clone() {
        Some(topic) => topic.is_compacted().await?,
        None => None,
    };
    Ok(match compacted {
        Some(true) => Fewer::Explained,
        Some(false) => Fewer::Unexplained,
        None => Fewer::Unknown,
    })
}

fn of_dates(
    zone: &ZoneFacts,
    read: &ReadExtent,
    side: Option<&TopicSide>,
    fewer: Fewer,
) -> Vec<Finding> {
    let nothing = TopicPart::default();
    let dates = read.claim.dates.iter().zip(&read.dates);
    let findings = dates.filter_map(|(claimed, (key, facts))| {
        let facts = facts.as_ref()?;
        let topic = side.map(|side| side.dates.get(&claimed.date).unwrap_or(&nothing));
        let compared = ComparedPart {
            records: claimed.records,
            hash: &claimed.hash,
            body: &claimed.body,
            topic,
            fewer,
            has_one_form: has_one_form(zone, &read.claim),
        };
        let identity = read_extents::identity(zone, &read.claim, &claimed.date);
        let same = identity.compare(&facts.metadata).map_err(Problem::differs);
        let problem = data_object(facts, compared).and(same).err()?;
        Some(problem.of_key(key))
    });
    findings.collect()
}

/// Lines that are the records' own need no encoder and no compressor, whose next versions may write
/// other bytes.
fn has_one_form(zone: &ZoneFacts, claim: &Claim) -> bool {
    let files = &claim.files;
    zone.format == Format::Jsonl && files.compression == "none" && !files.metadata_columns
}

fn of_letters(
    zone: &ZoneFacts,
    read: &ReadExtent,
    side: Option<&TopicSide>,
    fewer: Fewer,
) -> Vec<Finding> {
    let Some((key, Some(facts))) = &read.letters else {
        return Vec::new();
    };
    let claimed = &read.claim.dead_letters;
    let compared = ComparedPart {
        records: claimed.records,
        hash: &claimed.hash,
        body: &claimed.body,
        topic: side.map(|side| &side.letters),
        fewer,
        has_one_form: false,
    };
    let identity = read_extents::identity(zone, &read.claim, "dead-letters");
    let same = identity.compare(&facts.metadata).map_err(Problem::differs);
    let judged = dead_letters(facts, read.claim.range(), compared).and(same);
    judged
        .err()
        .map(|problem| problem.of_key(key))
        .into_iter()
        .collect()
}

/// What the object of a date, or of dead letters, is compared with: what the claim says of it, and
/// what the topic has of it.
#[derive(Clone, Copy)]
struct ComparedPart<'c> {
    records: u64,
    hash: &'c str,
    body: &'c ClaimedBody,
    topic: Option<&'c TopicPart>,
    fewer: Fewer,
    /// Whether the same records are always the same bytes.
    has_one_form: bool,
}

/// Judges a data object.
fn data_object(facts: &ObjectFacts, compared: ComparedPart<'_>) -> Result<(), Problem> {
    if let Some(problem) = &facts.problem {
        return Err(Problem::unparseable(problem.clone()));
    }
    let differs = |text: String| Err(Problem::differs(text));
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
        return Err(Problem::unverifiable(text));
    }
    too_few(rows, claimed, compared.fewer)
}

fn too_few(rows: u64, claimed: u64, fewer: Fewer) -> Result<(), Problem> {
    let text = format!("it holds {rows} of the {claimed} records that its claim says");
    match fewer {
        Fewer::Explained => Ok(()),
        Fewer::Unexplained => Err(Problem::differs(text)),
        Fewer::Unknown => {
            let text = format!("{text}; whether the topic was compacted, nobody tells any more");
            Err(Problem::unverifiable(text))
        }
    }
}

/// Judges an object of dead letters of an extent.
fn dead_letters(
    facts: &ObjectFacts,
    extent: OffsetRange,
    compared: ComparedPart<'_>,
) -> Result<(), Problem> {
    let letters = facts.letters().map_err(Problem::unparseable)?;
    let (rows, claimed, hash) = (facts.rows, compared.records, letters.hash.clone().to_hex());
    let within = |range: &OffsetRange| extent.start <= range.start && range.end <= extent.end;
    if !letters.offsets.as_ref().is_none_or(within) {
        let text = "it holds dead letters of other offsets than its extent's";
        return Err(Problem::differs(text));
    }
    if rows > claimed {
        let text = format!("it holds {rows} dead letters, and its claim says {claimed}");
        return Err(Problem::differs(text));
    }
    if (rows, hash.as_str()) == (claimed, compared.hash) {
        return Ok(());
    }
    if facts.sha256 == compared.body.sha256 {
        let text = "its claim has its hash, and says that it holds other records";
        return Err(Problem::differs(text));
    }
    match compared.topic {
        Some(topic) if topic.hash.clone().to_hex() == hash => Ok(()),
        _ if rows == claimed => {
            let text = "it holds other records than those that its claim says";
            Err(Problem::differs(text))
        }
        _ => too_few(rows, claimed, compared.fewer),
    }
}

/// The topic must hold what the claim says, or less of it.
fn of_claim(claim: &Claim, mut side: TopicSide, fewer: Fewer) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut part = |name: &str, records: u64, hash: &str, topic: TopicPart| {
        problems.extend(against_claim(name, records, hash, topic, fewer).err());
    };
    for claimed in &claim.dates {
        let topic = side.dates.remove(&claimed.date).unwrap_or_default();
        let name = format!("date {}", claimed.date);
        part(&name, claimed.records, &claimed.hash, topic);
    }
    let letters = &claim.dead_letters;
    part("dead letters", letters.records, &letters.hash, side.letters);
    for (date, topic) in side.dates {
        part(&format!("date {date}"), 0, "", topic);
    }
    problems.extend(tombstones(claim.tombstones, side.tombstones, fewer).err());
    if problems.is_empty() && !side.seen.fits(claim) {
        let text = "the topic holds another first or last record than the claim says, or other bytes in all";
        problems.push(Problem::differs(text));
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
            Err(Problem::unverifiable(text))
        }
        _ => Err(Problem::differs(text)),
    }
}

fn against_claim(
    name: &str,
    claimed: u64,
    claimed_hash: &str,
    topic: TopicPart,
    fewer: Fewer,
) -> Result<(), Problem> {
    let records = topic.records;
    if records == 0 && claimed == 0
        || (records, topic.hash.to_hex().as_str()) == (claimed, claimed_hash)
    {
        return Ok(());
    }
    let text = format!("{name}: the topic holds {records} records, and the claim says {claimed}");
    match fewer {
        Fewer::Explained if records < claimed => Ok(()),
        Fewer::Unknown if records < claimed => {
            let text = format!("{text}; whether the topic was compacted, nobody tells");
            Err(Problem::unverifiable(text))
        }
        _ if records == claimed => Err(Problem::differs(format!(
            "{name}: the topic holds other records than the claim says"
        ))),
        _ => Err(Problem::differs(text)),
    }
}
