//! What a measured process is told: the side, the kind of records, and where they come from and go.
//!
//! Only data. Not here: how a side does it (see `sides.rs`).

use std::{fmt, path::PathBuf};

use serde::{Deserialize, Serialize};

/// What a process is to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) side: Side,
    pub(crate) headers: Headers,
    /// `HOST:PORT,…`
    pub(crate) servers: String,
    pub(crate) topic: String,
    pub(crate) csv: PathBuf,
    /// The same rows as records, for a side that does not read CSV.
    pub(crate) ready: PathBuf,
}

/// What runs in a measured process.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) enum Side {
    /// The Kafka client alone, fed with ready records from a file.
    Bare,
    /// The whole producer, from a CSV file.
    Producer,
    /// The producer up to the finished record, whose text is discarded.
    DryRun,
}

/// Headers of the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Headers {
    All,
    None,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bare => "bare librdkafka loop, ready records",
            Self::Producer => "producer, CSV",
            Self::DryRun => "producer --dry-run: reading and encoding",
        })
    }
}

impl fmt::Display for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::All => "three headers",
            Self::None => "no headers",
        })
    }
}
