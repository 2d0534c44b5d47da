//! What follows from the lists of a batched zone, before objects are read.
//!
//! Not here: what is inside of them (see [`super::extents`]). Invariant: an object that is missing
//! is only excused while its claim is the newest, not committed, and can still be finished.

use std::collections::BTreeSet;

use anyhow::Result;
use landing::{
    Offset, OffsetRange,
    layout::read::{self, ControlKey},
    partition_by::DatePartition,
};

use crate::{
    batched::{chain::Chain, letters, listed::Batched, schemas},
    claim_index::{DEAD_LETTERS, KnownClaim},
    finding::{Finding, Kind},
    report::MOST_RANGES,
    verification::Look,
};

/// Schemas that claims name must be there and be what their names say, or nobody can finish them.
pub(crate) async fn schemas(
    look: &mut Look,
    (named, there): &(BTreeSet<String>, BTreeSet<String>),
) -> Result<()> {
    for hash in named.difference(there) {
        let key = look.zone.prefix.schema_key(hash);
        let text = "claims name this schema";
        look.find(Finding::of_key(Kind::MissingObject, &key, text));
    }
    for hash in named.intersection(there) {
        schemas::schema(look, hash).await?;
    }
    Ok(())
}

/// Objects behind the newest claim are fine when their claims were made after the claims were
/// listed.
pub(crate) async fn newer_claims(
    look: &mut Look,
    batched: &mut Batched,
    partition: i32,
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
    let bucket = look.bucket.clone();
    let mut list = bucket.list(&look.zone.prefix.claims_folder(partition));
    'pages: while let Some(page) = list.page().await? {
        for object in page.objects {
            match read::control_key(&object.key, &look.zone.prefix, false) {
                Some(ControlKey::Claim(_, start)) if start > known => newer.insert(start),
                _ => break 'pages,
            };
        }
    }
    for (start, key) in std::mem::take(&mut chain.later) {
        if !newer.contains(&start) {
            let at = (partition, OffsetRange::new(start, start.next()));
            let text = "no claim begins at this offset";
            look.find(Finding::of_key(Kind::UnknownObject, &key, text).at(at));
        }
    }
    Ok(())
}

/// The topic does not have the partition that these claims and objects are of.
pub(crate) fn no_such_partition(look: &mut Look, batched: &mut Batched, partition: i32) {
    let Some(chain) = batched.chains.get_mut(&partition) else {
        return;
    };
    look.no_such_partition(partition, chain.bounds());
    for (start, key) in std::mem::take(&mut chain.later) {
        let at = (partition, OffsetRange::new(start, start.next()));
        let text = "the topic has no such partition";
        look.find(Finding::of_key(Kind::UnknownObject, &key, text).at(at));
    }
}

/// Gaps between claims, and objects that are not there.
pub(crate) fn objects(look: &mut Look, batched: &Batched, partition: i32) {
    let Some(chain) = batched.chains.get(&partition) else {
        return;
    };
    for (gap, objects) in &chain.gaps {
        let text = format!("no claim covers these offsets; {objects} objects lie there");
        look.find(Finding::of_offsets(Kind::Gap, (partition, *gap), text));
    }
    let unfinished = unfinished(look, chain, partition);
    let mut is_unfinished = false;
    for (claim, seen) in chain.index.claims() {
        let objects = claim.objects.iter().zip(seen);
        for (object, _) in objects.filter(|(_, seen)| !seen) {
            if unfinished == Some(claim.range) {
                is_unfinished = true;
                continue;
            }
            let key = key(look, batched, (partition, &claim), object.part);
            let text = format!("its claim says that it has {} bytes", object.bytes);
            let at = (partition, claim.range);
            look.find(Finding::of_key(Kind::MissingObject, &key, text).at(at));
        }
    }
    if let Some(range) = unfinished.filter(|_| is_unfinished) {
        let text = "not all objects of the newest claim are there yet: the consumer writes them when it goes on";
        look.find(Finding::of_offsets(
            Kind::Unfinished,
            (partition, range),
            text,
        ));
        not_landed(look, chain, partition);
    }
}

/// The offsets of the newest claim, if a consumer may still be about to write its objects, and the
/// topic has their records.
fn unfinished(look: &mut Look, chain: &Chain, partition: i32) -> Option<OffsetRange> {
    let topic = look.topic.clone()?;
    let claim = chain.newest.as_ref()?.claim.as_ref()?;
    let committed = topic.committed(partition);
    let is_done = committed.is_some_and(|done| !done.only_start && done.next >= claim.end);
    let log = look.partition(partition).log?;
    (!is_done && log.start <= claim.reads_from()).then(|| claim.range())
}

/// The records of a claim that is not finished are not landed.
fn not_landed(look: &mut Look, chain: &Chain, partition: i32) {
    let newest = chain.newest.as_ref();
    if let Some(claim) = newest.and_then(|newest| newest.claim.as_ref()) {
        let report = &mut look.partition(partition).report;
        report.records -= claim.records();
        report.dead_letters -= claim.dead_letters.records;
        report.tombstones -= claim.tombstones;
    }
}

fn key(
    look: &Look,
    batched: &Batched,
    (partition, claim): (i32, &KnownClaim),
    part: u32,
) -> String {
    let (prefix, start) = (&look.zone.prefix, claim.range.start);
    if part == DEAD_LETTERS {
        return prefix.dead_letters_key(partition, start);
    }
    let date = &batched.dates[part as usize];
    let suffix = claim
        .suffix
        .map_or("", |suffix| &batched.suffixes[suffix as usize]);
    match DatePartition::from_folder(date) {
        Some(date) => prefix.extent_key(&date, (partition, start), suffix),
        // The claim names a date that is none: no object can have it.
        None => format!("{prefix}/dt={date}/"),
    }
}

/// Dead letters that a claim does not speak of: by the claim their records are data.
pub(crate) async fn unclaimed_letters(
    look: &mut Look,
    batched: &mut Batched,
    partition: i32,
) -> Result<()> {
    let chain = batched.chains.get_mut(&partition);
    let unclaimed = chain.map(|chain| std::mem::take(&mut chain.unclaimed_letters));
    for (start, key) in unclaimed.unwrap_or_default() {
        let finding = match letters::read(look, &key).await? {
            None => continue,
            Some(Err(problem)) => Finding::of_key(Kind::Unparseable, &key, problem),
            Some(Ok(letters)) => {
                let text = "by its claim all records of this extent are data, and here are dead letters of them";
                let offsets = letters
                    .offsets
                    .unwrap_or(OffsetRange::new(start, start.next()));
                Finding::of_key(Kind::LandedAndDeadLettered, &key, text).at((partition, offsets))
            }
        };
        look.find(finding);
    }
    Ok(())
}

/// What the report says of the partition, and claims that reach further than the topic.
pub(crate) fn ends(look: &mut Look, batched: &Batched, partition: i32) {
    let Some(chain) = batched.chains.get(&partition) else {
        return;
    };
    let topic = look.topic.clone();
    let committed = topic.as_ref().and_then(|topic| topic.committed(partition));
    let committed = committed.map(|committed| committed.next);
    let (log, bounds) = (look.partition(partition).log, chain.bounds());
    if let Some(log) = log {
        look.committed_beyond_end(partition, committed, log);
    }
    if let (Some(log), Some(bounds)) = (log, bounds)
        && bounds.end > log.end
    {
        let beyond = OffsetRange::new(log.end.max(bounds.start), bounds.end);
        let text = "claims cover these offsets, and the topic ends before them: it was re-created or truncated";
        look.find(Finding::of_offsets(
            Kind::Differs,
            (partition, beyond),
            text,
        ));
    }
    no_anchor(look, (partition, chain));
    let report = &mut look.partition(partition).report;
    report.offsets = bounds;
    report.ranges = ranges(chain);
    let behind = bounds.map(|bounds| bounds.end).or(committed);
    let not_yet = log.map(|log| OffsetRange::new(behind.unwrap_or(log.start), log.end));
    report.not_landed_yet = not_yet.filter(|range| range.start < range.end);
}

/// The first landed record is written down before the first claim that saw one.
fn no_anchor(look: &mut Look, (partition, chain): (i32, &Chain)) {
    if chain.saw_some && look.partition(partition).anchor.is_none() {
        let key = look.zone.prefix.anchor_key(partition);
        let text = "it says which record was landed first, and is written before the claim";
        look.find(Finding::of_key(Kind::MissingObject, &key, text));
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
