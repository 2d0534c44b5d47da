//! Create-once writes and removals for commands that people wait for: repeated for some seconds,
//! not for ever.
//!
//! Only 200 and 412 count as answers to a write.

use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Result, anyhow};
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use bytes::Bytes;

use crate::{
    answer::{PutAnswer, StoreFailure},
    bucket::Bucket,
    retry::{Backoff, patiently},
};

/// The most keys that S3's `DeleteObjects` takes in one request.
pub const MOST_REMOVED: usize = 1_000;

/// The most requests for keys that S3 does not remove at once.
const TRIES: u32 = 8;

/// Who made the object that is there now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    /// This request, in an attempt whose reply was lost, or somebody else.
    There,
    /// This request.
    Now,
}

/// A key that was not removed, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotRemoved {
    /// The key.
    pub key: String,
    /// S3's error code and message.
    pub reason: String,
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

    /// Removes at most [`MOST_REMOVED`] objects and returns those that S3 did not remove. An object
    /// that does not exist counts as removed.
    ///
    /// # Errors
    /// When S3 refuses the whole request or keeps failing.
    pub async fn remove(&self, keys: &[String]) -> Result<Vec<NotRemoved>> {
        let mut left = keys.to_vec();
        let mut backoff = Backoff::default();
        for tries in 1.. {
            let removed = patiently(|| self.remove_once(&left)).await;
            let refused = removed.map_err(|failure| {
                let key = left.first().map_or("", String::as_str);
                anyhow!(
                    "s3://{}/{key} and others cannot be removed: {failure}",
                    self.name
                )
            })?;
            let for_good = refused
                .iter()
                .all(|one| one.reason.starts_with("AccessDenied"));
            if for_good || tries == TRIES {
                return Ok(refused);
            }
            left = refused.into_iter().map(|one| one.key).collect();
            backoff.wait().await;
        }
        Ok(Vec::new())
    }

    async fn remove_once(&self, keys: &[String]) -> Result<Vec<NotRemoved>, StoreFailure> {
        let object = |key: &String| ObjectIdentifier::builder().key(key).build();
        let objects: Result<Vec<_>, _> = keys.iter().map(object).collect();
        let delete = objects.and_then(|objects| {
            Delete::builder()
                .set_objects(Some(objects))
                .quiet(true)
                .build()
        });
        let delete = delete.map_err(|error| StoreFailure::local(&error.to_string()))?;
        let request = self
            .client
            .delete_objects()
            .bucket(&self.name)
            .delete(delete);
        let answer = request
            .send()
            .await
            .map_err(|error| StoreFailure::of(&error))?;
        let refused = answer.errors.unwrap_or_default().into_iter();
        let refused = refused.map(|error| NotRemoved {
            key: error.key.unwrap_or_default(),
            reason: format!(
                "{}: {}",
                error.code.unwrap_or_default(),
                error.message.unwrap_or_default()
            ),
        });
        Ok(refused.collect())
    }
}
