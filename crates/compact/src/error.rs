//! Why a date could not be compacted.
//!
//! Invariant: what is wrong with data ends its date and no other; what is wrong with S3 ends the
//! run.

use std::fmt::Display;

/// An end that was not wanted.
#[derive(Debug)]
pub(crate) enum CompactError {
    /// An object is not what it should be, or a record does not fit. Nothing is left out, so the
    /// date ends here.
    Data(String),
    /// This object of the zone is gone: another run may have finished, and deleted it.
    Gone(String),
    /// Another run has taken the plan's number, for other objects.
    Overtaken,
    /// S3 refuses, or fails for long.
    Failed(anyhow::Error),
}

impl From<anyhow::Error> for CompactError {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

impl CompactError {
    /// This is wrong with the object under this key.
    pub(crate) fn data(bucket: &str, key: &str, problem: impl Display) -> Self {
        Self::Data(format!("s3://{bucket}/{}: {problem}", key.escape_debug()))
    }
}
