//! Gathers the facts that decide where an assigned partition begins.
//!
//! Kafka is asked on the blocking pool, S3 directly; a failure is tried again until the partition is taken away.
//! Invariant: the committed offset is read after the assignment, so that the previous owner's last commit is seen.

use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use landing::{
    Offset,
    anchor::{Anchor, Reading},
    layout::Prefix,
    start::Inspection,
};

use crate::{
    args::StartAt,
    bucket::{Bucket, retry::Backoff},
    kafka::look_up::LookUp,
};

/// Where the facts are.
#[derive(Clone)]
pub(crate) struct Inspector {
    pub(crate) look_up: Arc<LookUp>,
    pub(crate) bucket: Option<Bucket>,
    pub(crate) prefix: Prefix,
    pub(crate) start: StartAt,
}

/// The facts of one partition, with the names under which they were asked for.
pub(crate) struct Inspected {
    pub(crate) partition: i32,
    pub(crate) generation: u64,
    pub(crate) facts: Inspection,
}

impl Inspector {
    /// Gathers the facts, however long Kafka or S3 take to answer.
    pub(crate) async fn inspect(self, partition: i32, generation: u64) -> Inspected {
        let mut backoff = Backoff::default();
        loop {
            match self.gather(partition).await {
                Ok(facts) => {
                    return Inspected {
                        partition,
                        generation,
                        facts,
                    };
                }
                Err(error) => tracing::warn!(
                    partition,
                    "where to begin is not known yet: {error:#}; asking again"
                ),
            }
            backoff.wait().await;
        }
    }

    async fn gather(&self, partition: i32) -> Result<Inspection> {
        let kept = self.zone_anchor(partition).await?;
        let (look_up, start) = (self.look_up.clone(), self.start);
        tokio::task::spawn_blocking(move || ask_kafka(&look_up, partition, kept, start))
            .await
            .context("the look-up was broken off")?
    }

    async fn zone_anchor(&self, partition: i32) -> Result<Option<Anchor>> {
        let Some(bucket) = &self.bucket else {
            return Ok(None);
        };
        let key = self.prefix.anchor_key(partition);
        match bucket.read(&key).await {
            Ok(None) => Ok(None),
            Ok(Some(body)) => Anchor::from_body(&body).map(Some).ok_or_else(|| {
                anyhow!("s3://{}/{key} is no anchor of this program", bucket.name())
            }),
            Err(failure) => Err(anyhow!(
                "s3://{}/{key} cannot be read: {failure}",
                bucket.name()
            )),
        }
    }
}

fn ask_kafka(
    look_up: &LookUp,
    partition: i32,
    kept: Option<Anchor>,
    start: StartAt,
) -> Result<Inspection> {
    let committed = look_up
        .committed(&[partition])?
        .pop()
        .map(|(_, offset, metadata)| (offset, metadata));
    let ends = look_up.log_ends(partition)?;
    let read = |anchor: Anchor| -> Result<(Anchor, Reading)> {
        Ok((anchor, look_up.read(partition, anchor.offset, ends)?))
    };
    let last = committed
        .as_ref()
        .and_then(|(_, metadata)| Anchor::from_commit_metadata(metadata));
    let start = match (&committed, start) {
        (Some(_), _) | (None, StartAt::Earliest) => ends.0,
        (None, StartAt::Latest) => ends.1,
        (None, StartAt::Timestamp(millis)) => {
            look_up.offset_at(partition, millis)?.unwrap_or(ends.1)
        }
    };
    let (low, high): (Offset, Offset) = ends;
    Ok(Inspection {
        committed,
        low,
        high,
        first: kept.map(read).transpose()?,
        last: last.map(read).transpose()?,
        start,
    })
}
