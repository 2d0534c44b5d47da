//! What people should hear of while a feed goes on.

use crate::refusal::Refusal;

/// Something that happened, and that does not end the feed. Each is one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FeedNotice {
    /// A symbol is given up; the others go on.
    #[error("{symbol}: {refusal}; no further calls for it")]
    SymbolFailed {
        /// The symbol.
        symbol: String,
        /// Why.
        refusal: Refusal,
    },
    /// A batch is given up; the symbol goes on with the next one.
    #[error("{symbol}: {refusal}; this batch is given up (tries: {tries})")]
    BatchFailed {
        /// The symbol.
        symbol: String,
        /// How often it was tried.
        tries: u32,
        /// Why the last try failed.
        refusal: Refusal,
    },
    /// A call failed and is made again.
    #[error("{symbol}: {refusal}; again in {} s", wait_ms.div_euclid(1_000).max(1))]
    TryAgain {
        /// The symbol.
        symbol: String,
        /// Why it failed.
        refusal: Refusal,
        /// How long until the next try, in milliseconds.
        wait_ms: i64,
    },
    /// Bars of a reply that cannot be read; the others are sent.
    #[error("{symbol}: {count} bars cannot be read, the first: {first}")]
    BadBars {
        /// The symbol.
        symbol: String,
        /// How many.
        count: u64,
        /// What is wrong with the first one.
        first: String,
    },
    /// Bars changed or came late after newer ones were sent. They are not sent.
    #[error(
        "{symbol}: {revised} bars were changed and {late} came late after they were due; not sent"
    )]
    Changed {
        /// The symbol.
        symbol: String,
        /// Bars with another content than the one that was sent.
        revised: u64,
        /// Bars that were not there when newer ones were sent.
        late: u64,
    },
    /// The reply begins after the last bar that was sent.
    #[error(
        "{symbol}: the reply begins after the last bar that was sent; bars between may be missing"
    )]
    Gap {
        /// The symbol.
        symbol: String,
    },
}

impl FeedNotice {
    /// Whether something is lost or given up; otherwise it is only worth knowing.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        match self {
            Self::SymbolFailed { .. }
            | Self::BatchFailed { .. }
            | Self::BadBars { .. }
            | Self::Gap { .. } => true,
            Self::TryAgain { .. } | Self::Changed { .. } => false,
        }
    }
}

/// What a wait is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WaitFor {
    /// The next call by the interval.
    #[error("the next call is due")]
    Interval,
    /// A call that failed is made again.
    #[error("a call is made again")]
    Retry,
    /// The provider asked for a pause.
    #[error("the provider takes calls again")]
    Hold,
    /// The limit of a second.
    #[error("the limit of calls a second")]
    Second,
    /// The limit of a minute.
    #[error("the limit of calls a minute")]
    Minute,
    /// The limit of a day.
    #[error("the limit of calls a day")]
    Day,
}
