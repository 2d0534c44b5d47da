//! What follows from the lists of a batched zone, before its extents are read.
//!
//! Not here: what is inside the objects (see [`super::extent_findings`]). A missing object is
//! excused only while its claim is the newest, is not committed, and can still be finished.

use std::collections::BTreeSet;

use anyhow::Result;
use landing::{
    Extent, Offset, OffsetRange, Partition, Place,
    layout::read::{self, ControlKey},
    partition_by::DatePartition,
};

use crate::{
    batched::{chain::Chain, lines::Letters, listed::Batched, object_content, schemas},
    claim_index::DEAD_LETTERS,
    finding::{Finding, Kind, Problem},
    group_offsets::Committed,
    report::MOST_RANGES,
    verification::Verification,
};

/// The schemas that claims name must be there and have the content that their names say, or nobody
/// can finish the claims.
pub(crate) async fn schemas(verification: &mut Verification, batched: &Batched) -> Result<()> {
    let (named, there) = (&batched.named_schemas, &batched.schemas_there);
    for hash in named.difference(there) {
        let key = verification.zone.prefix.schema_key(hash);
        let text = "claims name this schema";
        verification.find(Finding::of_key(Kind::MissingObject, &key, text));
    }
    for hash in named.intersection(there) {
        schemas::schema(verification, hash).await?;
    }
    Ok(())
}

/// Objects after the newest claim are fine when their claims were made after the claims were
/// listed.
pub(crate) async fn newer_claims(
    verification: &mut Verification,
    batched: &mut Batched,
    partition: Partition,
) -> Result<()> {
    let Some(chain) = batched.chains.get_mut(&partition) else {
        return Ok(());
    };
    if chain.later.is_empty() {
        return Ok(());
    }
    let newest = chain.newest.as_ref();
    let known = newest.map_or(Offset(-1), |newest| newest.range.start);
    let mut newer = BTreeSet::new();
    let bucket = verification.bucket.clone();
    let mut list = bucket.list(&verification.zone.prefix.claims_folder(partition));
    'pages: while let Some(page) = list.page().await? {
        for object in page.objects {
            match read::control_key(
                &object.key,
                &verification.zone.prefix,
                verification.zone.format,
            ) {
                Some(ControlKey::Claim(start)) if start.offset > known => {
                    newer.insert(start.offset)
                }
                _ => break 'pages,
            };
        }
    }
    for (start, key) in std::mem::take(&mut chain.later) {
        if !newer.contains(&start) {
            let place = Place::new(partition, start);
            let text = "no claim begins at this offset";
            verification.find(Finding::of_key(Kind::UnknownObject, &key, text).at_place(place));
        }
    }
    Ok(())
}

/// The topic does not have the partition that these claims and objects are of.
pub(crate) fn no_such_partition(
    verification: &mut Verification,
    batched: &mut Batched,
    partition: Partition,
) {
    let Some(chain) = batched.chains.get_mut(&partition) else {
        return;
    };
    verification.no_such_partition(partition, chain.bounds());
    for (start, key) in std::mem::take(&mut chain.later) {
        let place = Place::new(partition, start);
        let text = "the topic has no such partition";
        verification.find(Finding::of_key(Kind::UnknownObject, &key, text).at_place(place));
    }
}

/// Gaps between claims, and objects that are missing.
pub(crate) fn objects(verification: &mut Verification, batched: &Batched, partition: Partition) {
    let Some(chain) = batched.chains.get(&partition) else {
        return;
    };
    for (gap, objects) in &chain.gaps {
        let text = format!("no claim covers these offsets; {objects} objects lie there");
        let extent = Extent::new(partition, *gap);
        verification.find(Finding::of_offsets(Kind::Gap, extent, text));
    }
    let unfinished = unfinished(verification, chain, partition);
    let mut is_unfinished = false;
    for (claim, seen) in chain.index.claims() {
        let objects = claim.objects.iter().zip(seen);
        for (object, _) in objects.filter(|(_, seen)| !seen) {
            if unfinished == Some(claim.range) {
                is_unfinished = true;
                continue;
            }
            let extent = Extent::new(partition, claim.range);
            let key = key(
                verification,
                batched,
                extent.start(),
                claim.suffix,
                object.part,
            );
            let text = format!("its claim says that it has {} bytes", object.bytes);
            verification.find(Finding::of_key(Kind::MissingObject, &key, text).at(extent));
        }
    }
    if let Some(range) = unfinished.filter(|_| is_unfinished) {
        let last = Place::new(partition, Offset(range.end.0 - 1));
        let topic = verification.topic.clone();
        let doubt = topic
            .as_ref()
            .and_then(|topic| topic.offsets.doubt_of(last));
        let text = "not all objects of the newest claim are there";
        let problem = match doubt {
            Some(doubt) => Problem::unverifiable(format!("{text}; {}", doubt.reason)),
            None => Problem::new(
                Kind::Unfinished,
                format!("{text} yet: the consumer writes them when it goes on"),
            ),
        };
        verification.find(problem.of_extent(Extent::new(partition, range)));
        not_landed(verification, chain, partition);
    }
}

/// The offsets of the newest claim, if a consumer may still be about to write its objects, and the
/// topic has their records.
fn unfinished(
    verification: &mut Verification,
    chain: &Chain,
    partition: Partition,
) -> Option<OffsetRange> {
    let topic = verification.topic.clone()?;
    let claim = chain.newest.as_ref()?.claim.as_ref()?;
    let committed = topic.committed(partition);
    let landed = committed.and_then(Committed::landed);
    let is_done = landed.is_some_and(|landed| landed >= claim.end);
    let log = verification.partition(partition).log?;
    (!is_done && log.start <= claim.reads_from()).then(|| claim.range())
}

/// Takes the records of a claim that is not finished out of the report: they are not landed.
fn not_landed(verification: &mut Verification, chain: &Chain, partition: Partition) {
    let newest = chain.newest.as_ref();
    if let Some(claim) = newest.and_then(|newest| newest.claim.as_ref()) {
        let report = &mut verification.partition(partition).report;
        report.records -= claim.records();
        report.dead_letters -= claim.dead_letters.records;
        report.tombstones -= claim.tombstones;
    }
}

/// The key of an object of the extent that begins at `start`; `suffix` and `part` are numbers of
/// the index of claims.
fn key(
    verification: &Verification,
    batched: &Batched,
    start: Place,
    suffix: Option<u32>,
    part: u32,
) -> String {
    let prefix = &verification.zone.prefix;
    if part == DEAD_LETTERS {
        return prefix.dead_letters_key(start);
    }
    let date = &batched.dates[part as usize];
    let suffix = suffix.map_or("", |suffix| &batched.suffixes[suffix as usize]);
    match DatePartition::from_folder(date) {
        Some(date) => prefix.extent_key(&date, start, suffix),
        // The claim names something that is not a date: no object can have such a key.
        None => format!("{prefix}/dt={date}/"),
    }
}

/// Dead letters that a claim does not speak of: by the claim their records are data.
pub(crate) async fn unclaimed_letters(
    verification: &mut Verification,
    batched: &mut Batched,
    partition: Partition,
) -> Result<()> {
    let chain = batched.chains.get_mut(&partition);
    let unclaimed = chain.map(|chain| std::mem::take(&mut chain.unclaimed_letters));
    for (start, key) in unclaimed.unwrap_or_default() {
        let finding = match read_letters(verification, &key).await? {
            None => continue,
            Some(Err(problem)) => Finding::of_key(Kind::Unparseable, &key, problem),
            Some(Ok(letters)) => {
                let text = "by its claim all records of this extent are data, and here are dead letters of them";
                let finding = Finding::of_key(Kind::LandedAndDeadLettered, &key, text);
                match letters.offsets {
                    Some(offsets) => finding.at(Extent::new(partition, offsets)),
                    None => finding.at_place(Place::new(partition, start)),
                }
            }
        };
        verification.find(finding);
    }
    Ok(())
}

/// Reads an object of dead letters, which hold their records' offsets and values, and so prove
/// themselves without the topic; `None` when there is none of that key.
async fn read_letters(
    verification: &mut Verification,
    key: &str,
) -> Result<Option<Result<Letters, String>>> {
    let zone = &verification.zone;
    let partition = match read::control_key(key, &zone.prefix, zone.format) {
        Some(ControlKey::DeadLetter(place)) => place.partition,
        _ => return Ok(None),
    };
    let facts = object_content::dead_letters(&verification.bucket, key, partition).await?;
    Ok(facts.map(|facts| {
        verification.bytes_read += facts.bytes;
        facts.letters().cloned()
    }))
}

/// What the report says of the partition, and claims that reach further than the topic.
pub(crate) fn ends(verification: &mut Verification, batched: &Batched, partition: Partition) {
    let Some(chain) = batched.chains.get(&partition) else {
        return;
    };
    let topic = verification.topic.clone();
    let committed = topic.as_ref().and_then(|topic| topic.committed(partition));
    let (log, bounds) = (verification.partition(partition).log, chain.bounds());
    if let Some(log) = log {
        let landed = committed.and_then(Committed::landed);
        verification.committed_beyond_end(partition, landed, log);
    }
    let committed = committed.map(|committed| committed.next);
    if let (Some(log), Some(bounds)) = (log, bounds)
        && bounds.end > log.end
    {
        let beyond = OffsetRange::new(log.end.max(bounds.start), bounds.end);
        let text = "claims cover these offsets, and the topic ends before them: it was re-created or truncated";
        let extent = Extent::new(partition, beyond);
        verification.find(Finding::of_offsets(Kind::Differs, extent, text));
    }
    no_anchor(verification, partition, chain);
    let report = &mut verification.partition(partition).report;
    report.offsets = bounds;
    report.ranges = ranges(chain);
    let behind = bounds.map(|bounds| bounds.end).or(committed);
    let not_yet = log.map(|log| OffsetRange::new(behind.unwrap_or(log.start), log.end));
    report.not_landed_yet = not_yet.filter(|range| range.start < range.end);
}

/// The first landed record is recorded before the first claim that saw one.
fn no_anchor(verification: &mut Verification, partition: Partition, chain: &Chain) {
    if chain.saw_some && verification.partition(partition).anchor.is_none() {
        let key = verification.zone.prefix.anchor_key(partition);
        let text = "it says which record was landed first, and is written before the claim";
        verification.find(Finding::of_key(Kind::MissingObject, &key, text));
    }
}

fn ranges(chain: &Chain) -> Vec<OffsetRange> {
    let mut ranges: Vec<OffsetRange> = Vec::new();
    for (claim, _) in chain.index.claims() {
        let is_full = ranges.len() == MOST_RANGES;
        match ranges.last_mut() {
            Some(last) if claim.range.end >= last.start => {
                last.start = last.start.min(claim.range.start);
            }
            _ if is_full => break,
            _ => ranges.push(claim.range),
        }
    }
    ranges.reverse();
    ranges
}
