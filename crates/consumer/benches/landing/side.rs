//! What one measured process does.
//!
//! Only data; `cases.rs` says on which topic, and against what. Our side gets the flags that a user
//! would type: see [`Side::flags`].

use std::fmt;

use format::options::{Compression, FileFormat};
use serde::{Deserialize, Serialize};

/// One kind of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Side {
    /// Nothing but PUT requests of the SDK with ready bodies and keys: the least that objects cost.
    BarePut {
        /// With the metadata that says which record an object holds.
        metadata: bool,
    },
    /// Nothing but polling a plain client and copying the values: the least that records cost.
    BareDrain,
    /// Nothing but the compressor or the Parquet writer on finished lines or columns, on one
    /// thread: the least that files cost.
    BareEncode(BatchFiles),
    /// The consumer to the end of the topic: into such files, or one object per record.
    Land(Option<BatchFiles>),
    /// The consumer to the end of the topic, one file per batch and date of a field.
    LandByDate(BatchFiles),
    /// The consumer, stopped as by a signal once so many objects have landed.
    LandFirst {
        /// Objects after which it is stopped; those still in flight come on top.
        objects: u64,
    },
    /// The consumer to the end of the topic with `--dry-run`.
    DryRun,
}

/// The files that batches become.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum BatchFiles {
    Jsonl,
    Gzip,
    Zstd,
    Csv,
    Parquet,
}

impl Side {
    /// Whether it is one of the sides that ours are compared with.
    pub(crate) fn is_bare(self) -> bool {
        matches!(
            self,
            Self::BarePut { .. } | Self::BareDrain | Self::BareEncode(_)
        )
    }

    /// Whether it commits to a group of its own.
    pub(crate) fn has_group(self) -> bool {
        matches!(
            self,
            Self::Land(_) | Self::LandByDate(_) | Self::LandFirst { .. }
        )
    }

    /// How many records it must take; `None` if that depends on when it is stopped, or on whole
    /// files.
    pub(crate) fn takes_all(self, records: u64) -> Option<u64> {
        (!matches!(self, Self::LandFirst { .. } | Self::BareEncode(_))).then_some(records)
    }

    /// The bare encoder that it is compared with too, if any.
    pub(crate) fn encoder(self) -> Option<Self> {
        match self {
            Self::Land(Some(files)) => Some(Self::BareEncode(files)),
            _ => None,
        }
    }

    /// The consumer's flags, besides those for the topic and the bucket.
    pub(crate) fn flags(self) -> Vec<String> {
        let flags: &[&str] = match self {
            Self::DryRun => &["--until-end", "--dry-run"],
            Self::Land(_) => &["--until-end"],
            Self::LandByDate(_) => &["--until-end", "--partition-by", "field:Date"],
            _ => &[],
        };
        let mut flags: Vec<String> = flags.iter().map(|flag| (*flag).to_owned()).collect();
        if let Self::Land(Some(files)) | Self::LandByDate(files) = self {
            flags.extend(["--format".to_owned(), files.format().to_string()]);
            flags.extend(["--compression".to_owned(), files.compression().to_string()]);
        }
        flags
    }
}

impl BatchFiles {
    pub(crate) const ALL: [Self; 5] = [
        Self::Jsonl,
        Self::Gzip,
        Self::Zstd,
        Self::Csv,
        Self::Parquet,
    ];

    pub(crate) fn format(self) -> FileFormat {
        match self {
            Self::Jsonl | Self::Gzip | Self::Zstd => FileFormat::Jsonl,
            Self::Csv => FileFormat::Csv,
            Self::Parquet => FileFormat::Parquet,
        }
    }

    pub(crate) fn compression(self) -> Compression {
        match self {
            Self::Jsonl => Compression::None,
            Self::Gzip | Self::Csv => Compression::Gzip,
            Self::Zstd | Self::Parquet => Compression::Zstd,
        }
    }
}

impl fmt::Display for BatchFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.format(), self.compression())
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BarePut { metadata: true } => f.write_str("bare PUT loop, our metadata"),
            Self::BarePut { metadata: false } => f.write_str("bare PUT loop, no metadata"),
            Self::BareDrain => f.write_str("bare client, values copied"),
            Self::BareEncode(files) => write!(f, "bare encoder, {files}"),
            Self::Land(None) => f.write_str("consumer --until-end"),
            Self::Land(Some(files)) => write!(f, "consumer, {files}"),
            Self::LandByDate(files) => write!(f, "consumer, {files}, by date"),
            Self::LandFirst { objects } => write!(f, "consumer, stopped after {objects}"),
            Self::DryRun => f.write_str("consumer --dry-run"),
        }
    }
}
