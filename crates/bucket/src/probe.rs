//! Whether a store honours conditional writes, one after the other and in a race.

use anyhow::{Result, anyhow};
use bytes::Bytes;
use futures::future::join_all;
use landing::layout::Prefix;

use crate::{
    answer::{PutAnswer, StoreFailure},
    bucket::Bucket,
    creation::Created,
    explain,
    retry::{Backoff, patiently},
};

const PROBE: &[u8] = b"conditional writes are probed here\n";
/// The creates that race.
const RACERS: usize = 16;
/// The most races, where a race has no result.
const RACES: u32 = 4;
const SECOND_PROBE: &[u8] = b"this store ignores If-None-Match\n";

/// Refuses a store that does not honour `If-None-Match: *`, on which exactly-once rests: S3 does,
/// some look-alikes ignore it. Before the first run of a zone on a look-alike, creates race, too:
/// some look at the condition before they write, and not again. Leaves small objects under the
/// zone's `_control` folder.
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
        Some(body) if body == PROBE => {}
        _ => return Err(ignores_conditions(bucket)),
    }
    let zone = prefix.zone_key();
    if bucket.at_endpoint && bucket.read_patiently(&zone).await?.is_none() {
        race(bucket, prefix).await?;
    }
    Ok(())
}

/// Refuses a user who may not read data. Only a repeated write has to be compared with what is
/// there, so the missing right would show in the first crash, not at the start. The key that is
/// read does not exist.
///
/// # Errors
/// When S3 refuses or keeps failing, with advice.
pub async fn probe_reading(bucket: &Bucket, prefix: &Prefix) -> Result<()> {
    let key = format!("{}probe", prefix.data_folder());
    let read = patiently(|| bucket.open(&key)).await;
    read.map(drop)
        .map_err(|failure| explain::failure("read", bucket.name(), &failure))
}

/// Lets creates of one key with different bodies race: exactly one may win. Each race has a key of
/// its own: where an object is already there, nothing races.
async fn race(bucket: &Bucket, prefix: &Prefix) -> Result<()> {
    let mut backoff = Backoff::default();
    let mut last = StoreFailure::local("no racing create succeeded");
    for _ in 0..RACES {
        // So many requests at a time open as many connections, so that the creates do not wait for
        // theirs. What they find does not matter.
        let key = prefix.race_key(fastrand::u64(..));
        join_all((0..RACERS).map(|_| bucket.metadata(&key))).await;
        let bodies: Vec<Bytes> = (0..RACERS)
            .map(|number| format!("racer {number} was here\n").into())
            .collect();
        let creates = bodies
            .iter()
            .map(|body| bucket.create(&key, body.clone(), &[]));
        let mut winners = Vec::new();
        for (body, answer) in bodies.iter().zip(join_all(creates).await) {
            match answer {
                PutAnswer::Stored => winners.push(body),
                PutAnswer::Exists => {}
                // 409 is a defeat, a lost reply is neither.
                PutAnswer::Failed(failure) => last = failure,
            }
        }
        let there = patiently(|| bucket.read(&key)).await;
        let there = there.map_err(|failure| explain::failure("read", bucket.name(), &failure))?;
        match (winners.as_slice(), there) {
            ([winner], Some(body)) if body == **winner => return Ok(()),
            // The reply of the winner was lost.
            ([], Some(body)) if bodies.iter().any(|racer| body == **racer) => return Ok(()),
            ([], None) => backoff.wait().await,
            (winners, _) => return Err(loses_races(bucket, winners.len())),
        }
    }
    Err(explain::failure("write", bucket.name(), &last))
}

fn loses_races(bucket: &Bucket, winners: usize) -> anyhow::Error {
    anyhow!(
        "the store of bucket '{}' does not honour conditional writes (If-None-Match: *) that race: {winners} of {RACERS} creates of one key \
         succeeded, and the object is not that of a single one, so an object could be overwritten; use S3, or a store and version that has them",
        bucket.name()
    )
}

fn ignores_conditions(bucket: &Bucket) -> anyhow::Error {
    anyhow!(
        "the store of bucket '{}' does not honour conditional writes (If-None-Match: *), without which an object could be overwritten; \
         use S3, or a store and version that has them",
        bucket.name()
    )
}
