//! Reading objects: whole small bodies, within a bound for all that are in memory at the same time.
//!
//! Not here: what a body should be. Invariant: bodies in flight take up at most as many bytes as
//! their [`Room`] has, or one of them is larger alone.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::{Context, Result};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{Bucket, answer::Failure, listing::Opened, retry::patiently};

/// Bytes of bodies in memory, where nothing else is said.
const MOST_IN_FLIGHT: u64 = 8 << 20;
/// What a permit stands for.
const UNIT: u64 = 1024;

/// The bound for all bodies of a run.
#[derive(Clone)]
pub struct Room {
    units: u32,
    free: Arc<Semaphore>,
}

impl Default for Room {
    fn default() -> Self {
        Self::of(MOST_IN_FLIGHT)
    }
}

impl Room {
    /// Room for so many bytes.
    pub fn of(bytes: u64) -> Self {
        let units = u32::try_from(bytes / UNIT).unwrap_or(u32::MAX).max(1);
        let free = Arc::new(Semaphore::new(units as usize));
        Self { units, free }
    }

    /// Waits until there is room for so many bytes, or for all of it.
    pub async fn take(&self, bytes: u64) -> Result<OwnedSemaphorePermit> {
        let units = bytes.div_ceil(UNIT).clamp(1, u64::from(self.units));
        let permit = self.free.clone().acquire_many_owned(units as u32).await;
        permit.context("the bound of memory was closed")
    }
}

/// An object that was read, and the room that it takes.
pub struct Read {
    pub metadata: BTreeMap<String, String>,
    pub body: Body,
    _room: OwnedSemaphorePermit,
}

/// Room that was taken for an object before it is asked for. Who reads many objects and wants them
/// in their order takes room in that order, too: else those behind could take all of it, and wait
/// for the one in front.
pub struct Taken(pub OwnedSemaphorePermit);

/// A body, if it is not larger than it may be.
#[derive(Debug, PartialEq, Eq)]
pub enum Body {
    Whole(Vec<u8>),
    /// So many bytes, which were not read.
    TooLarge(u64),
}

/// Reads an object of at most `most` bytes; `None` when there is none of that key.
pub async fn read(bucket: &Bucket, room: &Room, key: &str, most: u64) -> Result<Option<Read>> {
    let opened = patiently(|| bucket.open(key)).await;
    let opened = opened.map_err(|failure| bucket.unreadable(key, &failure))?;
    let Some(first) = opened else {
        return Ok(None);
    };
    let room = room.take(first.bytes.min(most)).await?;
    rest(bucket, key, most, first, room).await
}

/// The same, with room that was taken before.
pub async fn read_into(bucket: &Bucket, room: Taken, key: &str, most: u64) -> Result<Option<Read>> {
    let opened = patiently(|| bucket.open(key)).await;
    match opened.map_err(|failure| bucket.unreadable(key, &failure))? {
        Some(first) => rest(bucket, key, most, first, room.0).await,
        None => Ok(None),
    }
}

async fn rest(
    bucket: &Bucket,
    key: &str,
    most: u64,
    first: Opened,
    room: OwnedSemaphorePermit,
) -> Result<Option<Read>> {
    let metadata = first.metadata.clone();
    if first.bytes > most {
        let body = Body::TooLarge(first.bytes);
        return Ok(Some(Read {
            metadata,
            body,
            _room: room,
        }));
    }
    let read = match whole(first).await {
        Ok(read) => Ok(Some(read)),
        // The connection broke off: from the beginning.
        Err(_) => {
            patiently(async || match bucket.open(key).await? {
                Some(opened) if opened.bytes <= most => whole(opened).await.map(Some),
                _ => Ok(None),
            })
            .await
        }
    };
    let read = read.map_err(|failure| bucket.unreadable(key, &failure))?;
    Ok(read.map(|bytes| Read {
        metadata,
        body: Body::Whole(bytes),
        _room: room,
    }))
}

async fn whole(mut opened: Opened) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::with_capacity(opened.bytes as usize);
    while let Some(piece) = opened.piece().await? {
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}
