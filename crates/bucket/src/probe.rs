//! Whether a store honours conditional writes.

use anyhow::{Result, anyhow};
use bytes::Bytes;
use landing::layout::Prefix;

use crate::{answer::StoreFailure, bucket::Bucket, creation::Created, explain, retry::patiently};

const PROBE: &[u8] = b"conditional writes are probed here\n";
const SECOND_PROBE: &[u8] = b"this store ignores If-None-Match\n";

/// Refuses a store that does not honour `If-None-Match: *`, on which exactly-once rests: S3 does,
/// some look-alikes ignore it. Leaves a small object under the zone's `_control` folder.
///
/// # Errors
/// When the store ignores the condition, refuses a request, or keeps failing.
pub async fn probe(bucket: &Bucket, prefix: &Prefix) -> Result<()> {
    let key = prefix.probe_key();
    let explained = |failure: &StoreFailure| explain::failure("write", bucket.name(), failure);
    for body in [PROBE, SECOND_PROBE] {
        let created = bucket.try_create(&key, Bytes::from_static(body)).await;
        match created.map_err(|failure| explained(&failure))? {
            Created::Now if body == SECOND_PROBE => return Err(ignores_conditions(bucket)),
            Created::Now | Created::There => {}
        }
    }
    let read = patiently(|| bucket.read(&key)).await;
    match read.map_err(|failure| explain::failure("read", bucket.name(), &failure))? {
        Some(body) if body == PROBE => Ok(()),
        _ => Err(ignores_conditions(bucket)),
    }
}

fn ignores_conditions(bucket: &Bucket) -> anyhow::Error {
    anyhow!(
        "the store of bucket '{}' does not honour conditional writes (If-None-Match: *), without which an object could be overwritten; \
         use S3, or a store and version that has them",
        bucket.name()
    )
}
