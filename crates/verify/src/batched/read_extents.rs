//! Reads the claims of extents and their objects, several extents ahead, in the order in which they
//! are asked for.
//!
//! Memory: [`Room`] bounds what is kept of objects that were read ahead, or one extent is larger
//! alone: 16 bytes a record. Not here: what the objects should hold.

use anyhow::Result;
use bucket::{Bucket, body::Room, zone::ZoneFacts};
use futures::{Stream, StreamExt};
use landing::{
    Format, OffsetRange, Place,
    claim::{Claim, ClaimedDate},
    identity::{About, Identity},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::batched::{
    lines::LineHash,
    object_content::{self, ObjectFacts, ObjectForm},
    read_claim,
};

/// Objects of one extent that are read at the same time.
const OBJECTS_AT_ONCE: usize = 8;
/// Extents that are read ahead.
const EXTENTS_AHEAD: usize = 32;

/// What reading the extents of a partition needs.
pub(crate) struct ExtentSource<'s> {
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
    pub(crate) dates: Vec<(String, Option<ObjectFacts>)>,
    pub(crate) letters: Option<(String, Option<ObjectFacts>)>,
    /// Whether the topic still has all of it.
    pub(crate) is_in_topic: bool,
    _room: OwnedSemaphorePermit,
}

impl<'s> ExtentSource<'s> {
    /// Reads from this zone, with at most `concurrency` requests in flight; `log` holds the ends of
    /// the partition's log, if Kafka is asked.
    pub(crate) fn new(
        bucket: &'s Bucket,
        zone: &'s ZoneFacts,
        concurrency: usize,
        log: Option<OffsetRange>,
    ) -> Self {
        Self {
            bucket,
            zone,
            room: Room::default(),
            requests: Semaphore::new(concurrency),
            log,
        }
    }
}

/// Reads the extents that begin at these places, in this order; `None` for one whose claim is gone.
pub(crate) fn read<'s>(
    source: &'s ExtentSource<'_>,
    starts: impl Iterator<Item = Place> + 's,
) -> impl Stream<Item = Result<Option<ReadExtent>>> + 's {
    let claims = starts.map(|start| claim(source, start));
    let claims = futures::stream::iter(claims).buffered(EXTENTS_AHEAD);
    // Room is given out in the order in which extents are judged and give it back: else later ones
    // could take all of it, and wait for an earlier one that gets none.
    let admitted = claims.then(|claim| admit(source, claim));
    let reads = admitted.map(|admitted| extent(source, admitted));
    reads.buffered(EXTENTS_AHEAD)
}

/// Reads a claim again; `None` when it is not there any more.
async fn claim(source: &ExtentSource<'_>, start: Place) -> Result<Option<Claim>> {
    let key = source.zone.prefix.claim_key(start);
    let body = source.bucket.read_patiently(&key).await?;
    Ok(body.and_then(|body| read_claim::read(&body, &source.zone.id, start).ok()))
}

/// An extent that may be read.
struct Admitted {
    claim: Claim,
    is_in_topic: bool,
    room: OwnedSemaphorePermit,
}

/// Waits until there is room for the extent.
async fn admit(
    source: &ExtentSource<'_>,
    claim: Result<Option<Claim>>,
) -> Result<Option<Admitted>> {
    let Some(claim) = claim? else {
        return Ok(None);
    };
    let is_in_topic = source
        .log
        .is_some_and(|log| log.start <= claim.reads_from() && claim.end <= log.end);
    let bytes = memory(source.zone.format, &claim, is_in_topic);
    let room = source.room.take(bytes).await?;
    Ok(Some(Admitted {
        claim,
        is_in_topic,
        room,
    }))
}

/// Reads the objects of an extent.
async fn extent(
    source: &ExtentSource<'_>,
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
    let objects = keys.map(|key| object(source, &claim, key, is_in_topic));
    let dates = futures::stream::iter(objects).buffered(OBJECTS_AT_ONCE);
    let dates: Vec<Result<(String, Option<ObjectFacts>)>> = dates.collect().await;
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

/// The key of a date's object; empty when the claim names something that is not a date.
fn date_key(zone: &ZoneFacts, claim: &Claim, date: &ClaimedDate) -> String {
    let suffix = claim.files.suffix(zone.format);
    let date = date.date_partition();
    date.map(|date| zone.prefix.extent_key(&date, claim.place(), &suffix))
        .unwrap_or_default()
}

async fn object(
    source: &ExtentSource<'_>,
    claim: &Claim,
    key: String,
    is_in_topic: bool,
) -> Result<(String, Option<ObjectFacts>)> {
    if key.is_empty() {
        return Ok((key, None));
    }
    let _turn = source.requests.acquire().await?;
    let form = ObjectForm::of(source.zone.format, &claim.files);
    let facts = object_content::data(source.bucket, &key, form, is_in_topic).await?;
    Ok((key, facts))
}

async fn dead_letters(
    source: &ExtentSource<'_>,
    claim: &Claim,
) -> Result<(String, Option<ObjectFacts>)> {
    let _turn = source.requests.acquire().await?;
    let key = source.zone.prefix.dead_letters_key(claim.place());
    let facts = object_content::dead_letters(source.bucket, &key, claim.partition).await?;
    Ok((key, facts))
}

/// About the bytes that reading the extent's objects takes.
fn memory(format: Format, claim: &Claim, is_in_topic: bool) -> u64 {
    let hashes = claim.records().saturating_mul(size_of::<LineHash>() as u64);
    let hashes = if is_in_topic { hashes } else { 0 };
    // A decompressor keeps as much as it may have to look back to.
    let window = match (
        claim.files.compression.as_str(),
        claim.files.level.unwrap_or(1),
    ) {
        _ if format == Format::Parquet => claim
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
        place: claim.place(),
        about: About::Extent {
            end: claim.end,
            part: part.to_owned(),
        },
    }
}
