//! Create-once writes and removals for commands that people wait for: repeated for some seconds,
//! not for ever.
//!
//! Only 200 and 412 count as answers to a write, and 404 too to a removal.

use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Result, anyhow};
use bytes::Bytes;

use crate::{
    answer::{PutAnswer, StoreFailure},
    bucket::Bucket,
    denial::Request,
    retry::patiently,
};

/// Who made the object that is there now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    /// This request, in an attempt whose reply was lost, or somebody else.
    There,
    /// This request.
    Now,
}

/// What became of an object that was to be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removed {
    /// It is not there any more.
    Gone,
    /// Another object is there now, or nobody can tell, and it was left alone.
    Changed,
}

impl Bucket {
    /// Writes an object unless there is one; repeats the request for some seconds.
    ///
    /// # Errors
    /// When S3 refuses or keeps failing; the message names the key.
    pub async fn create_patiently(&self, key: &str, body: Bytes) -> Result<Created> {
        let created = self.try_create(key, body).await;
        created
            .map_err(|failure| anyhow!("s3://{}/{key} cannot be written: {failure}", self.name()))
    }

    /// [`Self::create_patiently`], for callers that explain the failure themselves.
    ///
    /// # Errors
    /// The last failure.
    pub async fn try_create(&self, key: &str, body: Bytes) -> Result<Created, StoreFailure> {
        let timeouts = AtomicU32::new(0);
        patiently(async || {
            let timed_out = timeouts.load(Ordering::Relaxed);
            match self.create_again(key, body.clone(), &[], timed_out).await {
                PutAnswer::Stored => Ok(Created::Now),
                PutAnswer::Exists => Ok(Created::There),
                PutAnswer::Failed(failure) => {
                    timeouts.fetch_add(u32::from(failure.timed_out), Ordering::Relaxed);
                    Err(failure)
                }
            }
        })
        .await
    }

    /// Removes the object under this key if it still is the one with this entity tag; repeats the
    /// request for some seconds. An object whose tag is not known is left alone: nothing would tell
    /// it from another one.
    ///
    /// # Errors
    /// When S3 refuses or keeps failing; the message names the key.
    pub async fn remove_unchanged(&self, key: &str, etag: &str) -> Result<Removed> {
        if etag.trim_matches('"').is_empty() {
            return Ok(Removed::Changed);
        }
        let removed = patiently(async || {
            let request = self.client.delete_object().bucket(&self.name).key(key);
            let request = request.if_match(etag);
            let failure = match request.send().await {
                Ok(_) => return Ok(Removed::Gone),
                Err(error) => StoreFailure::of(&error).about(&self.resources, Request::Remove(key)),
            };
            match failure.status {
                // Somebody else has removed it, or this did in an attempt whose reply was lost.
                Some(404) if failure.code != "NoSuchBucket" && !failure.foreign => {
                    Ok(Removed::Gone)
                }
                // Some stores answer so, too, when nothing is there any more.
                Some(412) if !failure.foreign => match self.metadata(key).await? {
                    Some(_) => Ok(Removed::Changed),
                    None => Ok(Removed::Gone),
                },
                _ => Err(failure),
            }
        });
        let removed = removed.await;
        removed.map_err(|failure| anyhow!("s3://{}/{key} cannot be removed: {failure}", self.name))
    }
}
