//! Where objects go: the bucket, or the terminal in a dry run.
//!
//! Not here: retries and comparisons (see `bucket`).
//! Invariant: a dry run writes nothing anywhere but to stdout.

use std::{cell::Cell, io::Write};

use landing::{Outcome, Upload, UploadId, UploadKind};
use tokio::task::JoinSet;

use crate::bucket::{Bucket, retry::StoreTrouble};

/// The destination of a run.
pub(crate) enum Store {
    /// Create-once writes to S3.
    Bucket(Bucket),
    /// One line for each object: key and size. The flag is set when nobody reads any more (`head`).
    Print(Cell<bool>),
}

impl Store {
    /// Whether anything is written and committed.
    pub(crate) fn writes(&self) -> bool {
        matches!(self, Self::Bucket(_))
    }

    /// Whether the output of a dry run is read by nobody any more.
    pub(crate) fn is_closed(&self) -> bool {
        matches!(self, Self::Print(closed) if closed.get())
    }

    /// Starts an upload; its end comes out of `uploads`.
    pub(crate) fn spawn(&self, uploads: &mut JoinSet<(UploadId, Outcome)>, upload: Upload) {
        match self {
            Self::Bucket(bucket) => {
                let bucket = bucket.clone();
                uploads.spawn(async move {
                    let id = upload.id;
                    (id, bucket.settle(upload).await)
                });
            }
            Self::Print(closed) => {
                let kind = upload.id.kind;
                if !matches!(
                    kind,
                    UploadKind::Anchor | UploadKind::Gap(_) | UploadKind::Claim
                ) {
                    let written = writeln!(
                        std::io::stdout().lock(),
                        "{}\t{}",
                        upload.key,
                        upload.body.len()
                    );
                    closed.set(closed.get() || written.is_err());
                }
                uploads.spawn(std::future::ready((upload.id, Outcome::Stored)));
            }
        }
    }

    /// Answers that asked for fewer requests so far.
    pub(crate) fn slow_downs(&self) -> u64 {
        self.trouble().map_or(0, StoreTrouble::slow_downs)
    }

    /// How the store has been doing; nothing for the terminal.
    pub(crate) fn trouble(&self) -> Option<&StoreTrouble> {
        match self {
            Self::Bucket(bucket) => Some(bucket.trouble()),
            Self::Print(_) => None,
        }
    }
}
