//! One extent: its claim, its objects and the topic against each other.
//!
//! Not here: reading (see [`super::extents`] and [`super::topic_side`]), and one part of it (see
//! [`super::compared`]). Invariant: fewer records than a claim says are only accepted where
//! compaction or a recorded gap explains them.

use anyhow::Result;
use bucket::zone::ZoneFacts;
use format::files::Files;
use landing::{OffsetRange, claim::Claim};

use crate::{
    batched::{
        compared::{self, Compared, Fewer, Problem},
        object_content::Facts,
        read_extents::{self, ReadExtent},
        schemas::{self, Encoder},
        topic_records::{self, Part, TopicSide, Wanted},
    },
    finding::{Finding, Kind},
    verification::Look,
};

/// An extent that was read, and its zone.
pub(crate) struct Extent<'z> {
    pub(crate) read: ReadExtent,
    pub(crate) zone: &'z ZoneFacts,
}

/// Judges one extent.
pub(crate) async fn judge(look: &mut Look, extent: Extent<'_>) -> Result<()> {
    let Extent { read, zone } = extent;
    let side = topic_side(look, (&read, zone)).await?;
    // Kafka is asked for its policy only where it matters: some brokers take their time to say that
    // they do not tell.
    let fewer = match has_fewer(&read, side.as_ref()) {
        true => fewer(look, &read).await?,
        false => Fewer::Unknown,
    };
    let at = (read.claim.partition, read.claim.range());
    let mut problems = of_dates((&read, zone), side.as_ref(), fewer);
    problems.extend(of_letters((&read, zone), side.as_ref(), fewer));
    if let Some(side) = side {
        let records: u64 = side.dates.values().map(|part| part.records).sum();
        look.partition(at.0).report.compared += records + side.letters.records;
        let key = zone.prefix.claim_key(at.0, at.1.start);
        let of_claim = compared::of_claim(&read, side, fewer).into_iter();
        problems.extend(of_claim.map(|problem| (key.clone(), problem)));
    }
    for (key, (kind, text)) in problems {
        look.find(Finding::of_key(kind, &key, text).at(at));
    }
    Ok(())
}

/// What the topic holds of the extent, if it still has it and the files' schema can be had.
async fn topic_side(
    look: &mut Look,
    (read, zone): (&ReadExtent, &ZoneFacts),
) -> Result<Option<TopicSide>> {
    let Some(topic) = look.topic.clone().filter(|_| read.is_in_topic) else {
        return Ok(None);
    };
    let claim = &read.claim;
    let files = match schemas::encoding(look, claim).await? {
        Encoder::NotNeeded => None,
        Encoder::Of(encoding) => Some(Files::new(&encoding, claim.partition, claim.start)),
        Encoder::Unknown => return Ok(None),
    };
    let dates = claim.dates.iter().zip(&read.dates);
    let facts = dates.filter_map(|(date, (_, facts))| Some((date.date.as_str(), facts.as_ref()?)));
    let wanted = Wanted {
        zone,
        claim,
        range: range_in_topic(look, read),
        facts: facts.collect(),
    };
    topic_records::read(&topic, &wanted, files).await.map(Some)
}

/// The offsets of the extent that were to be landed, and that the topic still has. What is missing
/// at its start was not read when the claim was made either.
fn range_in_topic(look: &mut Look, read: &ReadExtent) -> OffsetRange {
    let partition = look.partition(read.claim.partition);
    let starts = [partition.start, partition.log.map(|log| log.start)];
    let start = starts
        .into_iter()
        .flatten()
        .fold(read.claim.start, Ord::max);
    OffsetRange::new(start, read.claim.end)
}

/// Whether something has fewer records than the claim says, and nothing worse is wrong with it.
fn has_fewer(read: &ReadExtent, side: Option<&TopicSide>) -> bool {
    let lacks = |facts: Option<&Facts>, claimed: u64| {
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

async fn fewer(look: &mut Look, read: &ReadExtent) -> Result<Fewer> {
    let range = read.claim.range();
    let overlaps = |gap: &OffsetRange| gap.start < range.end && range.start < gap.end;
    let gaps = &look.partition(read.claim.partition).gaps;
    // What the topic still has was not lost.
    if !read.is_in_topic && gaps.iter().any(overlaps) {
        return Ok(Fewer::Explained);
    }
    let compacted = match look.topic.clone() {
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
    (read, zone): (&ReadExtent, &ZoneFacts),
    side: Option<&TopicSide>,
    fewer: Fewer,
) -> Vec<(String, Problem)> {
    let nothing = Part::default();
    let dates = read.claim.dates.iter().zip(&read.dates);
    let problems = dates.filter_map(|(claimed, (key, facts))| {
        let facts = facts.as_ref()?;
        let topic = side.map(|side| side.dates.get(&claimed.date).unwrap_or(&nothing));
        let compared = Compared {
            records: claimed.records,
            hash: &claimed.hash,
            body: &claimed.body,
            topic,
            fewer,
            has_one_form: has_one_form(zone, &read.claim),
        };
        let identity = read_extents::identity(zone, &read.claim, &claimed.date);
        let identity = identity.compare(&facts.metadata);
        let identity = identity.map_err(|difference| (Kind::Differs, difference));
        let problem = compared::data_object(facts, compared).and(identity).err()?;
        Some((key.clone(), problem))
    });
    problems.collect()
}

/// Lines that are the records' own need no encoder and no compressor, whose next versions may write
/// other bytes.
fn has_one_form(zone: &ZoneFacts, claim: &Claim) -> bool {
    let files = &claim.files;
    zone.format == "jsonl" && files.compression == "none" && !files.metadata_columns
}

fn of_letters(
    (read, zone): (&ReadExtent, &ZoneFacts),
    side: Option<&TopicSide>,
    fewer: Fewer,
) -> Vec<(String, Problem)> {
    let Some((key, Some(facts))) = &read.letters else {
        return Vec::new();
    };
    let claimed = &read.claim.dead_letters;
    let compared = Compared {
        records: claimed.records,
        hash: &claimed.hash,
        body: &claimed.body,
        topic: side.map(|side| &side.letters),
        fewer,
        has_one_form: false,
    };
    let identity =
        read_extents::identity(zone, &read.claim, "dead-letters").compare(&facts.metadata);
    let identity = identity.map_err(|difference| (Kind::Differs, difference));
    let problem = compared::dead_letters(facts, read.claim.range(), compared)
        .and(identity)
        .err();
    problem
        .map(|problem| (key.clone(), problem))
        .into_iter()
        .collect()
}
