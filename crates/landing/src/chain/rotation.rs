//! Why extents are closed: for log lines and metrics.
//!
//! Not here: the limits themselves (see [`crate::chain::Batching`]).

/// Why an extent was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rotation {
    /// It has as many records as it may.
    Records,
    /// It has as many bytes as it may.
    Bytes,
    /// Its first record has waited long enough.
    Age,
    /// Nothing came for a while.
    Idle,
    /// It has as many date partitions as it may.
    Dates,
    /// The memory is used up.
    Memory,
    /// The end that the run goes to is reached.
    End,
    /// The partition or the process goes.
    Drain,
    /// A claim was there that says where it ends.
    Adopted,
}

impl std::fmt::Display for Rotation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Records => "max-records",
            Self::Bytes => "max-bytes",
            Self::Age => "max-age",
            Self::Idle => "max-idle",
            Self::Dates => "dates",
            Self::Memory => "memory",
            Self::End => "end",
            Self::Drain => "drain",
            Self::Adopted => "claimed",
        })
    }
}
