//! Reads whole small objects within a memory bound for all bodies that are alive at the same time.
//!
//! Bodies in flight take up at most as many bytes as their [`Room`] has, unless a single one is
//! larger than the whole room.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::{Context, Result};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{bucket::Bucket, listing::Opened, retry::patiently};

/// The default bound, in bytes.
const MOST_IN_FLIGHT: u64 = 8 << 20;
/// The bytes that one permit stands for.
const UNIT: u64 = 1024;

/// The memory bound for all bodies of a run. Clones share it.
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
    /// Room for this many bytes.
    #[must_use]
    pub fn of(bytes: u64) -> Self {
        let units = u32::try_from(bytes / UNIT).unwrap_or(u32::MAX).max(1);
        let free = Arc::new(Semaphore::new(units as usize));
        Self { units, free }
    }

    /// Waits until this many bytes are free; asking for more than the whole room waits for the
    /// whole room. Dropping the permit frees them.
    ///
    /// # Errors
    /// Never in practice: the semaphore is not closed.
    pub async fn take(&self, bytes: u64) -> Result<OwnedSemaphorePermit> {
        let units = bytes.div_ceil(UNIT).clamp(1, u64::from(self.units));
        let permit = self.free.clone().acquire_many_owned(units as u32).await;
        permit.context("the bound of memory was closed")
    }
}

/// An object that was read. It holds its part of the room until it is dropped.
pub struct ReadObject {
    /// The object's user metadata, without the `x-amz-meta-` in front of the names.
    pub metadata: BTreeMap<String, String>,
    /// Its body.
    pub body: Body,
    /// The entity tag of this body, with the quotes; empty when the store names none.
    pub etag: String,
    _room: OwnedSemaphorePermit,
}

/// Room that was taken for an object before its request.
///
/// A caller that reads many objects and wants them in order must take room in that order, too.
/// Otherwise later objects could take all of it and wait for an earlier one that gets none.
pub struct TakenRoom(pub OwnedSemaphorePermit);

/// A body, unless it is larger than the caller allows.
#[derive(Debug, PartialEq, Eq)]
pub enum Body {
    /// All bytes.
    Whole(Vec<u8>),
    /// The object has this many bytes, and none was read.
    TooLarge(u64),
}

/// Reads an object of at most `most` bytes; `None` when no object has this key.
///
/// # Errors
/// When S3 refuses or keeps failing.
pub async fn read(
    bucket: &Bucket,
    room: &Room,
    key: &str,
    most: u64,
) -> Result<Option<ReadObject>> {
    let opened = patiently(|| bucket.open(key)).await;
    let opened = opened.map_err(|failure| bucket.unreadable(key, &failure))?;
    let Some(first) = opened else {
        return Ok(None);
    };
    let room = room.take(first.bytes.min(most)).await?;
    rest(bucket, key, most, first, room).await
}

/// [`read`], with room that the caller took before.
///
/// # Errors
/// As for [`read`].
pub async fn read_into(
    bucket: &Bucket,
    room: TakenRoom,
    key: &str,
    most: u64,
) -> Result<Option<ReadObject>> {
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
) -> Result<Option<ReadObject>> {
    let about = |opened: &Opened| (opened.metadata.clone(), opened.etag.clone());
    let (metadata, etag) = about(&first);
    if first.bytes > most {
        let body = Body::TooLarge(first.bytes);
        return Ok(Some(ReadObject {
            metadata,
            body,
            etag,
            _room: room,
        }));
    }
    let read = match first.whole().await {
        Ok(read) => Ok(Some(((metadata, etag), read))),
        // The connection broke: start over. The object may be another one by now.
        Err(_) => {
            patiently(async || match bucket.open(key).await? {
                Some(opened) if opened.bytes <= most => {
                    let said = about(&opened);
                    opened.whole().await.map(|bytes| Some((said, bytes)))
                }
                _ => Ok(None),
            })
            .await
        }
    };
    let read = read.map_err(|failure| bucket.unreadable(key, &failure))?;
    Ok(read.map(|((metadata, etag), bytes)| ReadObject {
        metadata,
        body: Body::Whole(bytes),
        etag,
        _room: room,
    }))
}
