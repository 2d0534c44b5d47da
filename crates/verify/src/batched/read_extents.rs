//! Reads extents: under `--deep` all of them, otherwise those with an object of another size than
//! its claim says.
//!
//! Objects are read for several extents ahead; the topic is read once for each partition, in its
//! order. What the topic no longer has is proven by the claim's hash of the object as the claimer
//! encoded it. Memory: [`Room`] bounds what is kept of objects that were read ahead, or one extent
//! is larger alone: 16 bytes a record. Invariant: an object of an extent that was read is right by
//! the topic, right by its claim, or in a finding.

use anyhow::Result;
use bucket::{Bucket, body::Room, zone::ZoneFacts};
use futures::StreamExt;
use landing::{
    Offset, OffsetRange,
    claim::Claim,
    identity::{About, Identity},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    batched::{
        extent_findings::{self, Extent},
        line::LineHash,
        listed::Batched,
        object_content::{self, Facts, Form},
        read_claim,
    },
    verification::Look,
};

/// Objects of one extent that are read at the same time.
const OBJECTS_AT_ONCE: usize = 8;
/// Extents that are read ahead.
const EXTENTS_AHEAD: usize = 32;

/// What reading an extent needs.
struct Source<'s> {
    bucket: &'s Bucket,
    zone: &'s ZoneFacts,
    room: Room,
    requests: Semaphore,
    /// The ends of the partition's log.
    log: Option<OffsetRange>,
}

/// An extent whose objects were read.
pub(crate) struct ReadExtent {
    pub(crate) claim: Claim,
    /// Key and facts of each date's object, in the claim's order; no facts where it is not there.
    pub(crate) dates: Vec<(String, Option<Facts>)>,
    pub(crate) letters: Option<(String, Option<Facts>)>,
    /// Whether the topic still has all of it.
    pub(crate) is_in_topic: bool,
    _room: OwnedSemaphorePermit,
}

/// Reads what is to be read of all partitions.
pub(crate) async fn read(look: &mut Look, batched: &Batched) -> Result<()> {
    let extents: u64 = batched
        .chains
        .values()
        .map(|chain| {
            if look.deep {
                chain.index.starts().count() as u64
            } else {
                chain.suspects.len()
            }
        })
        .sum();
    if extents == 0 {
        return Ok(());
    }
    look.progress.step("reading extents:", Some(extents));
    for &partition in batched.chains.keys() {
        if !look.is_unknown(partition) {
            of_partition(look, batched, partition).await?;
        }
    }
    Ok(())
}

async fn of_partition(look: &mut Look, batched: &Batched, partition: i32) -> Result<()> {
    let (bucket, zone) = (look.bucket.clone(), look.zone.clone());
    let source = Source {
        bucket: &bucket,
        zone: &zone,
        room: Room::default(),
        requests: Semaphore::new(look.concurrency),
        log: look.partition(partition).log,
    };
    let (chain, deep) = (&batched.chains[&partition], look.deep);
    let starts = chain
        .index
        .starts()
        .filter(|start| deep || chain.suspects.contains(*start));
    let claims = starts.map(|start| claim(&source, partition, start));
    let claims = futures::stream::iter(claims).buffered(EXTENTS_AHEAD);
    // Room is given out in the order in which extents are judged and give it back: else later ones
    // could take all of it, and wait for an earlier one that gets none.
    let admitted = claims.then(|claim| admit(&source, claim));
    let reads = admitted.map(|admitted| extent(&source, admitted));
    let mut reads = std::pin::pin!(reads.buffered(EXTENTS_AHEAD));
    while let Some(extent) = reads.next().await {
        look.progress.add(1);
        if let Some(extent) = extent? {
            let facts = extent.dates.iter().chain(&extent.letters);
            look.bytes_read += facts
                .filter_map(|(_, facts)| Some(facts.as_ref()?.bytes))
                .sum::<u64>();
            extent_findings::judge(
                look,
                Extent {
                    read: extent,
                    zone: &zone,
                },
            )
            .await?;
        }
    }
    Ok(())
}

/// Reads a claim again; `None` when it is not there any more.
async fn claim(source: &Source<'_>, partition: i32, start: Offset) -> Result<Option<Claim>> {
    let key = source.zone.prefix.claim_key(partition, start);
    let body = source.bucket.read_patiently(&key).await?;
    let place = (source.zone.id.as_str(), partition, start);
    Ok(body.and_then(|body| read_claim::read(&body, place).ok()))
}

/// An extent that may be read.
struct Admitted {
    claim: Claim,
    is_in_topic: bool,
    room: OwnedSemaphorePermit,
}

/// Waits until there is room for the extent.
async fn admit(source: &Source<'_>, claim: Result<Option<Claim>>) -> Result<Option<Admitted>> {
    let Some(claim) = claim? else {
        return Ok(None);
    };
    let is_in_topic = source
        .log
        .is_some_and(|log| log.start <= claim.reads_from() && claim.end <= log.end);
    let bytes = memory(&source.zone.format, &claim, is_in_topic);
    let room = source.room.take(bytes).await?;
    Ok(Some(Admitted {
        claim,
        is_in_topic,
        room,
    }))
}

/// Reads the objects of an extent.
async fn extent(
    source: &Source<'_>,
    admitted: Result<Option<Admitted>>,
) -> Result<Option<ReadExtent>> {
    let Some(Admitted {
        claim,
        is_in_topic,
        room,
    }) = admitted?
    else {
        return Ok(None);
    };
    let keys = claim
        .dates
        .iter()
        .map(|date| date_key(source.zone, &claim, date));
    let objects = keys.map(|key| object(source, &claim, (key, is_in_topic)));
    let dates = futures::stream::iter(objects).buffered(OBJECTS_AT_ONCE);
    let dates: Vec<Result<(String, Option<Facts>)>> = dates.collect().await;
    let letters = match claim.dead_letters.records {
        0 => None,
        _ => Some(dead_letters(source, &claim).await?),
    };
    Ok(Some(ReadExtent {
        dates: dates.into_iter().collect::<Result<_>>()?,
        letters,
        is_in_topic,
        claim,
        _room: room,
    }))
}

/// The key of a date's object; empty when the claim names a date that is none.
fn date_key(zone: &ZoneFacts, claim: &Claim, date: &landing::claim::ClaimedDate) -> String {
    let suffix = claim.files.suffix(&zone.format);
    let at = (claim.partition, claim.start);
    let date = date.date_partition();
    date.map(|date| zone.prefix.extent_key(&date, at, &suffix))
        .unwrap_or_default()
}

async fn object(
    source: &Source<'_>,
    claim: &Claim,
    (key, is_in_topic): (String, bool),
) -> Result<(String, Option<Facts>)> {
    if key.is_empty() {
        return Ok((key, None));
    }
    let _turn = source.requests.acquire().await?;
    let form = Form::of(&source.zone.format, &claim.files);
    let facts = object_content::data(source.bucket, &key, (form, is_in_topic)).await?;
    Ok((key, facts))
}

async fn dead_letters(source: &Source<'_>, claim: &Claim) -> Result<(String, Option<Facts>)> {
    let _turn = source.requests.acquire().await?;
    let key = source
        .zone
        .prefix
        .dead_letters_key(claim.partition, claim.start);
    let facts = object_content::dead_letters(source.bucket, &key, claim.partition).await?;
    Ok((key, facts))
}

/// About the bytes that reading the extent's objects takes.
fn memory(format: &str, claim: &Claim, is_in_topic: bool) -> u64 {
    let hashes = claim.records().saturating_mul(size_of::<LineHash>() as u64);
    let hashes = if is_in_topic { hashes } else { 0 };
    // A decompressor keeps as much as it may have to look back to.
    let window = match (
        claim.files.compression.as_str(),
        claim.files.level.unwrap_or(1),
    ) {
        _ if format == "parquet" => claim
            .dates
            .iter()
            .map(|date| date.body.bytes)
            .max()
            .unwrap_or(0),
        ("zstd", ..=2) => 1 << 20,
        ("zstd", ..=9) => 4 << 20,
        ("zstd", _) => 9 << 20,
        _ => 1 << 16,
    };
    let windows = window.saturating_mul(claim.dates.len().min(OBJECTS_AT_ONCE) as u64);
    hashes.saturating_add(windows)
}

/// The identity that an object of this claim has in its metadata.
pub(crate) fn identity(zone: &ZoneFacts, claim: &Claim, part: &str) -> Identity {
    Identity {
        zone: zone.id.clone(),
        partition: claim.partition,
        offset: claim.start,
        about: About::Extent {
            end: claim.end,
            part: part.to_owned(),
        },
    }
}
