//! Why a scan failed.

use std::fmt;

use bucket::{Bucket, answer::StoreFailure, explain};
use datafusion::error::DataFusionError;

/// A failure of a scan: one line that names the place and the fix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanError(pub String);

impl fmt::Display for ScanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ScanError {}

impl From<ScanError> for DataFusionError {
    fn from(error: ScanError) -> Self {
        Self::External(Box::new(error))
    }
}

/// What a failed request means to somebody who runs a query.
pub(super) fn refused(bucket: &Bucket, action: &str, failure: &StoreFailure) -> ScanError {
    if failure.code == "NoSuchBucket" {
        let name = bucket.name();
        return ScanError(format!(
            "there is no bucket '{name}' at the S3 endpoint; change LOCATION in the table's file, or name your bucket with --bucket"
        ));
    }
    ScanError(explain::failure(action, bucket.name(), failure).to_string())
}
