//! The two lists that a verification is made of: the zone's own objects below `_control/`, then its
//! data.
//!
//! Keys are handled as they come, and forgotten. The order matters: claims sort before dead
//! letters, and data is listed last, so that the objects of each claim that was seen were there
//! when theirs was listed. Each key counts for exactly one thing, or is found to be unknown. Not
//! here: what follows from the keys (see the two layouts).

use anyhow::Result;
use bucket::listing::Listed;
use futures::StreamExt;
use landing::{
    Extent, Offset, OffsetRange, Partition,
    anchor::Anchor,
    layout::read::{self, ControlKey},
    start_note::start_of_note,
};

use crate::{
    finding::{Finding, Kind},
    listed::Content,
    verification::Verification,
};

/// Claims that are read at the same time take up memory, with up to 128 dates each.
const MOST_CLAIMS_AT_ONCE: usize = 32;

/// The bounds of offsets.
const FIRST: Offset = Offset(0);
const LAST: Offset = Offset(i64::MAX);

/// Lists `_control/{prefix}/`.
pub(crate) async fn control(verification: &mut Verification, content: &mut Content) -> Result<()> {
    let bucket = verification.bucket.clone();
    let mut list = bucket.list(&format!("_control/{}/", verification.zone.prefix));
    verification
        .progress
        .step("listing claims and dead letters", None);
    while let Some(page) = list.page().await? {
        let read = |object: Listed| {
            let key = read::control_key(
                &object.key,
                &verification.zone.prefix,
                verification.zone.format,
            );
            (key.filter(is_of_an_offset), object)
        };
        let objects: Vec<_> = page.objects.into_iter().map(read).collect();
        read_claims(verification, content, &objects).await?;
        let is_letter =
            |(key, _): &(Option<ControlKey>, _)| matches!(key, Some(ControlKey::DeadLetter(..)));
        if objects.iter().any(is_letter) {
            content.all_claims_were_read(verification);
        }
        for (key, object) in objects {
            verification.progress.add(1);
            one(verification, content, key, &object).await?;
        }
    }
    content.all_claims_were_read(verification);
    Ok(())
}

/// Reads the claims of a page, many at a time, in their order.
async fn read_claims(
    verification: &mut Verification,
    content: &mut Content,
    objects: &[(Option<ControlKey>, Listed)],
) -> Result<()> {
    let Content::Batched(batched) = content else {
        return Ok(());
    };
    let bucket = verification.bucket.clone();
    let claims = objects.iter().filter_map(|(key, object)| match key {
        Some(ControlKey::Claim(start)) => Some((*start, &object.key)),
        _ => None,
    });
    let read = claims.map(async |(start, key)| {
        let body = bucket.read_patiently(key).await;
        body.map(|body| (start, key, body))
    });
    let at_once = verification.concurrency.min(MOST_CLAIMS_AT_ONCE);
    let mut read = futures::stream::iter(read).buffered(at_once);
    while let Some(claim) = read.next().await {
        let (start, key, body) = claim?;
        // A claim that was removed since it was listed is missing like one that never was.
        if let Some(body) = body {
            verification.bytes_read += body.len() as u64;
            batched.claim(verification, start, key, &body);
        }
    }
    Ok(())
}

async fn one(
    verification: &mut Verification,
    content: &mut Content,
    key: Option<ControlKey>,
    object: &Listed,
) -> Result<()> {
    match key {
        Some(
            ControlKey::Anchor(partition)
            | ControlKey::Start(partition)
            | ControlKey::Gap(Extent { partition, .. }),
        ) if verification.is_unknown(partition) => {
            let text = "the topic has no such partition";
            verification.find(Finding::of_key(Kind::UnknownObject, &object.key, text));
        }
        Some(ControlKey::DeadLetter(place)) => content.dead_letter(verification, place, object),
        Some(ControlKey::Claim(..)) if verification.zone.is_per_record() => {
            verification.unknown(&object.key).await?;
        }
        Some(ControlKey::Anchor(partition)) => anchor(verification, partition, &object.key).await?,
        Some(ControlKey::Start(partition)) => start(verification, partition, &object.key).await?,
        Some(ControlKey::Gap(extent)) => gap(verification, extent, &object.key).await?,
        Some(ControlKey::Schema(hash)) => content.schema(hash),
        // The notes of groups were read before Kafka was asked.
        Some(ControlKey::Claim(..) | ControlKey::Group | ControlKey::Other) => {}
        None => verification.unknown(&object.key).await?,
    }
    Ok(())
}

/// Whether the key's offset can be one of a record: the largest one cannot, for there is none to
/// commit after it.
fn is_of_an_offset(key: &ControlKey) -> bool {
    match key {
        ControlKey::DeadLetter(place) | ControlKey::Claim(place) => place.offset < LAST,
        _ => true,
    }
}

/// A gap explains missing offsets only when its note names them.
async fn gap(verification: &mut Verification, extent: Extent, key: &str) -> Result<()> {
    let body = verification.bucket.read_patiently(key).await?;
    let note: Option<OffsetRange> = body.and_then(|body| serde_json::from_slice(&body).ok());
    if note == Some(extent.range) {
        verification
            .partition(extent.partition)
            .gaps
            .push(extent.range);
        let text = "retention removed these offsets before they were landed";
        verification.find(Finding::of_offsets(Kind::RecordedGap, extent, text));
    } else {
        let text = "it does not say which offsets were lost";
        verification.find(Finding::of_key(Kind::Unparseable, key, text).at(extent));
    }
    Ok(())
}

async fn anchor(verification: &mut Verification, partition: Partition, key: &str) -> Result<()> {
    let body = verification.bucket.read_patiently(key).await?;
    let anchor = body.as_deref().and_then(Anchor::from_body);
    let anchor = anchor.filter(|anchor| (FIRST..LAST).contains(&anchor.offset));
    if anchor.is_none() {
        let text = "it does not say which record was landed first";
        verification.find(Finding::of_key(Kind::Unparseable, key, text));
    }
    verification.partition(partition).anchor = anchor;
    Ok(())
}

async fn start(verification: &mut Verification, partition: Partition, key: &str) -> Result<()> {
    let body = verification.bucket.read_patiently(key).await?;
    let start: Option<Offset> = body.as_deref().and_then(start_of_note);
    let start = start.filter(|start| *start >= FIRST);
    if start.is_none() {
        let text = "it does not say where the partition begins";
        verification.find(Finding::of_key(Kind::Unparseable, key, text));
    }
    verification.partition(partition).start = start;
    Ok(())
}

/// Lists `{prefix}/`.
pub(crate) async fn data(verification: &mut Verification, content: &mut Content) -> Result<()> {
    let bucket = verification.bucket.clone();
    let prefix = verification.zone.prefix.clone();
    let (granularity, format) = (verification.zone.granularity, verification.zone.format);
    let mut list = bucket.list(&prefix.data_folder());
    verification.progress.step("listing data objects", None);
    while let Some(page) = list.page().await? {
        for object in page.objects {
            verification.progress.add(1);
            match read::data_key(&object.key, &prefix, granularity, format) {
                Some(key) if key.place.offset < LAST => content.data(verification, &key, &object),
                _ => verification.unknown(&object.key).await?,
            }
        }
    }
    Ok(())
}
