//! The limits that a layout reaches: which, how far, and in which words.

use serde::Serialize;

/// How much a limit matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Four fifths of it are used: a little more, and it is reached.
    Near,
    /// It cannot work, or not as intended.
    Over,
}

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// PUT requests a second and prefix.
    PutRate,
    /// What one consumer can land.
    ConsumerRate,
    /// How long Athena lets a query run.
    QueryTime,
    /// A batch holds a single record.
    BatchOfOne,
    /// Memory closes the batches, and not the flags for that.
    Memory,
    /// Objects that no lifecycle rule moves to another storage class.
    SmallObjects,
    /// A Parquet file of little more than its footer.
    Footer,
}

/// A limit that a layout reaches.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LimitReached {
    /// What is limited.
    pub limit: Limit,
    /// How much that matters.
    pub severity: Severity,
    /// What the layout needs, in the limit's unit.
    pub needed: f64,
    /// What there is.
    pub allowed: f64,
    /// The same for people, and what to do.
    pub words: String,
}

impl Severity {
    /// How far a limit is reached; `None` where it is far off.
    #[must_use]
    pub fn of(needed: f64, allowed: f64) -> Option<Self> {
        match needed / allowed {
            share if share > 1.0 => Some(Self::Over),
            share if share >= 0.8 => Some(Self::Near),
            _ => None,
        }
    }

    /// The word in the table.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Near => "near",
            Self::Over => "over",
        }
    }
}
