//! Reading objects for a verification: whole small bodies, within a bound for all that are in memory at the same time.
//!
//! Not here: what a body should be. Invariant: bodies in flight take up at most [`MOST_IN_FLIGHT`] bytes, or one of them is larger
//! alone.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::{Context, Result};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::bucket::{
    Bucket,
    answer::Failure,
    listing::{Opened, patiently},
};

/// Bytes of bodies in memory.
const MOST_IN_FLIGHT: u64 = 8 << 20;
/// What a permit stands for.
const UNIT: u64 = 1024;

/// The bound for all bodies of a run.
#[derive(Clone)]
pub(crate) struct Room(Arc<Semaphore>);

impl Default for Room {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new((MOST_IN_FLIGHT / UNIT) as usize)))
    }
}

impl Room {
    /// Waits until there is room for so many bytes, or for all of it.
    pub(crate) async fn take(&self, bytes: u64) -> Result<OwnedSemaphorePermit> {
        let units = bytes.div_ceil(UNIT).clamp(1, MOST_IN_FLIGHT / UNIT);
        let permit = self.0.clone().acquire_many_owned(units as u32).await;
        permit.context("the bound of memory was closed")
    }
}

/// An object that was read.
pub(crate) struct Read {
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) body: Body,
    _room: OwnedSemaphorePermit,
}

/// A body, if it is not larger than it may be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Body {
    Whole(Vec<u8>),
    /// So many bytes, which were not read.
    TooLarge(u64),
}

/// Reads an object of at most `most` bytes; `None` when there is none of that key.
pub(crate) async fn read(
    (bucket, room): (&Bucket, &Room),
    key: &str,
    most: u64,
) -> Result<Option<Read>> {
    let opened = patiently(|| bucket.open(key)).await;
    let opened = opened.map_err(|failure| bucket.unreadable(key, &failure))?;
    let Some(first) = opened else {
        return Ok(None);
    };
    let room = room.take(first.bytes.min(most)).await?;
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
