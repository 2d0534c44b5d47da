//! The two lists that a verification is made of: the zone's own objects below `_control/`, then its
//! data.
//!
//! Keys are looked at as they come and forgotten. The order matters: claims sort before dead
//! letters, and data is listed last, so that whatever a claim that was seen speaks of was there
//! when its list was made. Not here: what follows from the keys (see the two layouts). Invariant:
//! each key is counted for exactly one thing, or found to be unknown.

use anyhow::Result;
use bucket::listing::Listed;
use futures::StreamExt;
use landing::{
    Offset, OffsetRange,
    anchor::Anchor,
    layout::read::{self, ControlKey},
    start_note::start_of_note,
};

use crate::{
    finding::{Finding, Kind},
    listed::Content,
    verification::Look,
};

/// Claims that are read at the same time take up memory, dates of up to 128 each.
const MOST_CLAIMS_AT_ONCE: usize = 32;

/// What an offset can be.
const FIRST: Offset = Offset(0);
const LAST: Offset = Offset(i64::MAX);

/// Lists `_control/{prefix}/`.
pub async fn control(look: &mut Look, content: &mut Content) -> Result<()> {
    let bucket = look.bucket.clone();
    let mut list = bucket.list(&format!("_control/{}/", look.zone.prefix));
    look.progress.step("listing claims and dead letters", None);
    while let Some(page) = list.page().await? {
        let per_record = look.zone.is_per_record();
        let read = |object: Listed| {
            let key = read::control_key(&object.key, &look.zone.prefix, per_record);
            (key.filter(is_of_an_offset), object)
        };
        let objects: Vec<_> = page.objects.into_iter().map(read).collect();
        read_claims(look, content, &objects).await?;
        let is_letter =
            |(key, _): &(Option<ControlKey>, _)| matches!(key, Some(ControlKey::DeadLetter(..)));
        if objects.iter().any(is_letter) {
            content.all_claims_were_read(look);
        }
        for (key, object) in objects {
            look.progress.add(1);
            one(look, content, (key, object)).await?;
        }
    }
    content.all_claims_were_read(look);
    Ok(())
}

/// Reads the claims of a page, many at a time, in their order.
async fn read_claims(
    look: &mut Look,
    content: &mut Content,
    objects: &[(Option<ControlKey>, Listed)],
) -> Result<()> {
    let Content::Batched(batched) = content else {
        return Ok(());
    };
    let bucket = look.bucket.clone();
    let claims = objects.iter().filter_map(|(key, object)| match key {
        Some(ControlKey::Claim(partition, start)) => Some((*partition, *start, &object.key)),
        _ => None,
    });
    let read = claims.map(async |(partition, start, key)| {
        let body = bucket.read_patiently(key).await;
        body.map(|body| (partition, start, key, body))
    });
    let at_once = look.concurrency.min(MOST_CLAIMS_AT_ONCE);
    let mut read = futures::stream::iter(read).buffered(at_once);
    while let Some(claim) = read.next().await {
        let (partition, start, key, body) = claim?;
        // A claim that was removed since it was listed is missing like one that never was.
        if let Some(body) = body {
            look.bytes_read += body.len() as u64;
            batched.claim(look, (partition, start, key), &body);
        }
    }
    Ok(())
}

async fn one(
    look: &mut Look,
    content: &mut Content,
    (key, object): (Option<ControlKey>, Listed),
) -> Result<()> {
    match key {
        Some(
            ControlKey::Anchor(partition)
            | ControlKey::Start(partition)
            | ControlKey::Gap(partition, _),
        ) if look.is_unknown(partition) => {
            let text = "the topic has no such partition";
            look.find(Finding::of_key(Kind::UnknownObject, &object.key, text));
        }
        Some(ControlKey::DeadLetter(partition, offset)) => {
            content.dead_letter(look, (partition, offset), &object);
        }
        Some(ControlKey::Claim(..)) if look.zone.is_per_record() => {
            look.unknown(&object.key).await?;
        }
        Some(ControlKey::Anchor(partition)) => anchor(look, partition, &object.key).await?,
        Some(ControlKey::Start(partition)) => start(look, partition, &object.key).await?,
        Some(ControlKey::Gap(partition, range)) => {
            gap(look, (partition, range), &object.key).await?;
        }
        Some(ControlKey::Schema(hash)) => content.schema(hash),
        Some(ControlKey::Claim(..) | ControlKey::Other) => {}
        None => look.unknown(&object.key).await?,
    }
    Ok(())
}

/// Whether the key's offset can be one of a record: the last one that fits cannot, for there is
/// none to commit behind it.
fn is_of_an_offset(key: &ControlKey) -> bool {
    match key {
        ControlKey::DeadLetter(_, offset) | ControlKey::Claim(_, offset) => *offset < LAST,
        _ => true,
    }
}

/// Only a note of ours explains anything.
async fn gap(look: &mut Look, at: (i32, OffsetRange), key: &str) -> Result<()> {
    let body = look.bucket.read_patiently(key).await?;
    let note: Option<OffsetRange> = body.and_then(|body| serde_json::from_slice(&body).ok());
    if note == Some(at.1) {
        look.partition(at.0).gaps.push(at.1);
        let text = "retention removed these offsets before they were landed";
        look.find(Finding::of_offsets(Kind::RecordedGap, at, text));
    } else {
        let text = "it does not say which offsets were lost";
        look.find(Finding::of_key(Kind::Unparseable, key, text).at(at));
    }
    Ok(())
}

async fn anchor(look: &mut Look, partition: i32, key: &str) -> Result<()> {
    let body = look.bucket.read_patiently(key).await?;
    let anchor = body.as_deref().and_then(Anchor::from_body);
    let anchor = anchor.filter(|anchor| (FIRST..LAST).contains(&anchor.offset));
    if anchor.is_none() {
        let text = "it does not say which record was landed first";
        look.find(Finding::of_key(Kind::Unparseable, key, text));
    }
    look.partition(partition).anchor = anchor;
    Ok(())
}

async fn start(look: &mut Look, partition: i32, key: &str) -> Result<()> {
    let body = look.bucket.read_patiently(key).await?;
    let start: Option<Offset> = body.as_deref().and_then(start_of_note);
    let start = start.filter(|start| *start >= FIRST);
    if start.is_none() {
        let text = "it does not say where the partition begins";
        look.find(Finding::of_key(Kind::Unparseable, key, text));
    }
    look.partition(partition).start = start;
    Ok(())
}

/// Lists `{prefix}/`.
pub async fn data(look: &mut Look, content: &mut Content) -> Result<()> {
    let bucket = look.bucket.clone();
    let prefix = look.zone.prefix.clone();
    let (granularity, format) = (look.zone.granularity, look.zone.format.clone());
    let mut list = bucket.list(&prefix.data_folder());
    look.progress.step("listing data objects", None);
    while let Some(page) = list.page().await? {
        for object in page.objects {
            look.progress.add(1);
            match read::data_key(&object.key, (&prefix, granularity, &format)) {
                Some(key) if key.offset < LAST => content.data(look, &key, &object),
                _ => look.unknown(&object.key).await?,
            }
        }
    }
    Ok(())
}
