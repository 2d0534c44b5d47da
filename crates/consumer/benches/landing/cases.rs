//! What is compared with what: the one list of all cases.
//!
//! A further case is one more entry here; a further kind of work is one more [`Side`], done in `bare.rs` or `ours.rs`.
//! Invariant: the first side of a case is what the others are compared with.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::options::Options;

/// Sides that are measured in turns.
pub(crate) struct Case {
    /// To choose it by, and the folder of its objects.
    pub(crate) name: &'static str,
    /// The head of its table.
    pub(crate) title: &'static str,
    /// What the work is, and over which topic.
    pub(crate) sides: Vec<(Side, Backlog)>,
    /// What the last side is held against.
    pub(crate) target: Option<Target>,
}

/// Which of the two topics a side reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backlog {
    /// As large as every record can be landed.
    Small,
    /// Larger than memory would be, were it not bounded.
    Large,
}

/// What one measured process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Side {
    /// Nothing but PUT requests of the SDK, the bodies and keys at hand: what objects cost at least.
    BarePut {
        /// With the metadata that says which record an object holds.
        metadata: bool,
    },
    /// Nothing but polling a plain client and copying the values: what records cost at least.
    BareDrain,
    /// The consumer to the end of the topic.
    Land,
    /// The consumer, stopped as by a signal once so many objects are landed.
    LandFirst {
        /// Objects after which it is stopped; the last ones in flight come on top.
        objects: u64,
    },
    /// The consumer to the end of the topic with `--dry-run`.
    DryRun,
}

/// What a table's last side should reach.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    /// At most so many µs CPU per record more than the first side.
    CpuAbove(f64),
    /// A peak RSS of at most so many MiB.
    PeakBelow(f64),
}

impl Side {
    /// Whether it leaves one object for each record.
    pub(crate) fn writes(self) -> bool {
        !matches!(self, Self::BareDrain | Self::DryRun)
    }

    /// Whether it commits to a group of its own.
    pub(crate) fn has_group(self) -> bool {
        matches!(self, Self::Land | Self::LandFirst { .. })
    }

    /// How many records it has to take, where that is not a matter of when it is stopped.
    pub(crate) fn takes_all(self, records: u64) -> Option<u64> {
        (!matches!(self, Self::LandFirst { .. })).then_some(records)
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BarePut { metadata: true } => f.write_str("bare PUT loop, our metadata"),
            Self::BarePut { metadata: false } => f.write_str("bare PUT loop, no metadata"),
            Self::BareDrain => f.write_str("bare client, values copied"),
            Self::Land => f.write_str("consumer --until-end"),
            Self::LandFirst { objects } => write!(f, "consumer, stopped after {objects}"),
            Self::DryRun => f.write_str("consumer --dry-run"),
        }
    }
}

/// All cases in the order in which they are measured.
pub(crate) fn all(options: &Options) -> Vec<Case> {
    let objects = options.landed;
    vec![
        Case {
            name: "objects",
            title: "topic -> one object per record",
            sides: vec![
                (Side::BarePut { metadata: true }, Backlog::Small),
                (Side::BarePut { metadata: false }, Backlog::Small),
                (Side::Land, Backlog::Small),
            ],
            target: Some(Target::CpuAbove(25.0)),
        },
        Case {
            name: "engine",
            title: "topic -> nothing: the cost of reading, and of deciding what becomes of each record",
            sides: vec![
                (Side::BareDrain, Backlog::Large),
                (Side::DryRun, Backlog::Large),
            ],
            target: Some(Target::PeakBelow(128.0)),
        },
        Case {
            name: "memory",
            title: "memory over a small and over a large backlog",
            sides: vec![
                (Side::Land, Backlog::Small),
                (Side::LandFirst { objects }, Backlog::Large),
            ],
            target: Some(Target::PeakBelow(128.0)),
        },
    ]
}

/// The names to choose from.
pub(crate) fn names(options: &Options) -> Vec<&'static str> {
    all(options).iter().map(|case| case.name).collect()
}
