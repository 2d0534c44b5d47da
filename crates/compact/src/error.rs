//! Why a date could not be compacted. A problem with data ends its date and no other; a problem
//! with S3 ends the run.

use std::fmt::Display;

/// Why a date, or the whole run, ended early.
#[derive(Debug)]
pub(crate) enum CompactError {
    /// An object is not what it should be, or a record does not fit. Nothing may be left out, so
    /// the date ends here.
    Data(String),
    /// This object of the zone is gone: another run may have finished, and deleted it.
    Gone(String),
    /// Another run has taken the plan's number, for other objects.
    Overtaken,
    /// S3 refuses or keeps failing.
    Failed(anyhow::Error),
}

impl From<anyhow::Error> for CompactError {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

impl CompactError {
    /// The object under this key has this problem.
    pub(crate) fn data(bucket: &str, key: &str, problem: impl Display) -> Self {
        Self::Data(format!("s3://{bucket}/{}: {problem}", key.escape_debug()))
    }
}
