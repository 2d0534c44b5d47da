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
    start::{Inspection, Stop},
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
    /// The facts, or why asking again does not help.
    pub(crate) facts: Result<Inspection, Stop>,
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

    async fn gather(&self, partition: i32) -> Result<Result<Inspection, Stop>> {
        let kept = match self.read(&self.prefix.anchor_key(partition)).await? {
            None => None,
            Some(body) => match Anchor::from_body(&body) {
                Some(anchor) => Some(anchor),
                None => {
                    return Ok(Err(Stop::UnreadableAnchor(
                        self.prefix.anchor_key(partition),
                    )));
                }
            },
        };
        let start = self.start(partition).await?;
        let look_up = self.look_up.clone();
        tokio::task::spawn_blocking(move || ask_kafka(&look_up, partition, kept, start))
            .await
            .context("the look-up was broken off")?
            .map(Ok)
    }

    /// Where a partition begins that has neither offset nor anchor. What `latest` or a time meant is written down when the zone
    /// is made; a partition without such a note came later, and all of it is wanted.
    async fn start(&self, partition: i32) -> Result<Begin> {
        if self.start == StartAt::Earliest {
            return Ok(Begin::AtLow);
        }
        if self.bucket.is_none() {
            return Ok(Begin::At(self.start));
        }
        let note = self.read(&self.prefix.start_key(partition)).await?;
        Ok(note
            .and_then(|body| start_of_note(&body))
            .map_or(Begin::AtLow, Begin::AtOffset))
    }

    async fn read(&self, key: &str) -> Result<Option<Vec<u8>>> {
        let Some(bucket) = &self.bucket else {
            return Ok(None);
        };
        let read = bucket.read(key).await;
        read.map_err(|failure| anyhow!("s3://{}/{key} cannot be read: {failure}", bucket.name()))
    }
}

/// Where to begin without a committed offset.
enum Begin {
    AtLow,
    At(StartAt),
    AtOffset(Offset),
}

/// The note that keeps where a partition of a new zone begins: one line of JSON.
pub(crate) fn start_note(partition: i32, offset: Offset) -> Vec<u8> {
    format!("{{\"partition\":{partition},\"offset\":{offset}}}\n").into_bytes()
}

fn start_of_note(body: &[u8]) -> Option<Offset> {
    let note: serde_json::Value = serde_json::from_slice(body).ok()?;
    note.get("offset")?.as_i64().map(Offset)
}

/// The offset that `--start` means now.
pub(crate) fn resolve_start(look_up: &LookUp, partition: i32, start: StartAt) -> Result<Offset> {
    let (low, high) = look_up.log_ends(partition)?;
    Ok(match start {
        StartAt::Earliest => low,
        StartAt::Latest => high,
        StartAt::Timestamp(millis) => look_up.offset_at(partition, millis)?.unwrap_or(high),
    })
}

fn ask_kafka(
    look_up: &LookUp,
    partition: i32,
    kept: Option<Anchor>,
    start: Begin,
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
    let start = match start {
        Begin::AtLow => ends.0,
        Begin::AtOffset(offset) => offset,
        Begin::At(start) => resolve_start(look_up, partition, start)?,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_note_of_a_start_reads_back() {
        assert_eq!(start_of_note(&start_note(3, Offset(42))), Some(Offset(42)));
        assert_eq!(start_of_note(b"hello"), None);
    }
}
