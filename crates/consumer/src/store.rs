//! Where objects go: the bucket, or the terminal in a dry run.
//!
//! `bucket` retries and compares. A dry run writes to stdout and nowhere else.

use std::{cell::Cell, io::Write, os::fd::AsFd};

use bucket::{Bucket, retry::StoreTrouble};
use landing::{Outcome, Upload, UploadId, UploadKind};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::task::JoinSet;

/// The destination of a run.
pub(crate) enum Store {
    /// Create-once writes to S3.
    Bucket(Bucket),
    /// One line for each object: key and size. The flag is set when a line could not be written.
    Print(Cell<bool>),
}

impl Store {
    /// Whether anything is written and committed.
    pub(crate) fn writes(&self) -> bool {
        matches!(self, Self::Bucket(_))
    }

    /// Whether nobody reads the output of a dry run any more (`| head`).
    pub(crate) fn is_closed(&self) -> bool {
        match self {
            Self::Bucket(_) => false,
            // A failed write would tell, but on a quiet topic there may never be another write.
            Self::Print(failed) => failed.get() || reader_is_gone(std::io::stdout()),
        }
    }

    /// Starts an upload; its outcome comes out of `uploads`.
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

    /// How many answers have asked to slow down so far.
    pub(crate) fn slow_downs(&self) -> u64 {
        self.trouble().map_or(0, StoreTrouble::slow_downs)
    }

    /// How the store has been doing; `None` for the terminal.
    pub(crate) fn trouble(&self) -> Option<&StoreTrouble> {
        match self {
            Self::Bucket(bucket) => Some(bucket.trouble()),
            Self::Print(_) => None,
        }
    }
}

/// Whether the other end of a pipe or socket was closed. Always false for a file, and for a
/// terminal that is still open.
fn reader_is_gone(output: impl AsFd) -> bool {
    let mut asked = [PollFd::new(&output, PollFlags::empty())];
    let at_once = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    let gone = PollFlags::ERR | PollFlags::HUP;
    poll(&mut asked, Some(&at_once)).is_ok() && asked[0].revents().intersects(gone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_whose_reader_left_is_told_from_one_that_is_read_and_from_a_file() {
        let (reader, writer) = std::io::pipe().unwrap();
        assert!(!reader_is_gone(&writer));
        drop(reader);
        assert!(reader_is_gone(&writer));
        assert!(!reader_is_gone(tempfile::tempfile().unwrap()));
    }
}
