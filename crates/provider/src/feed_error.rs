//! What ends a feed.
//!
//! One line each, lower case, with the thing and the fix; no key is in any of them.

use crate::{call_plan::PlanError, refusal::Refusal};

/// Why a feed cannot begin, or cannot go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FeedError {
    /// A setting that makes no sense.
    #[error("{0}")]
    Setting(String),
    /// Alpha Vantage is asked without a key.
    #[error(
        "alpha-vantage needs an API key: set ALPHAVANTAGE_API_KEY, in the environment or in .env, or name a file that holds it"
    )]
    NoKey,
    /// The calls do not fit the limits.
    #[error("{0}")]
    Plan(#[from] PlanError),
    /// The state file, or a folder of replies.
    #[error("cannot {action} {path}: {reason}")]
    File {
        /// `read`, `write`, …
        action: &'static str,
        /// The file or folder.
        path: String,
        /// What is wrong, and the fix where there is one.
        reason: String,
    },
    /// Another process has the state file.
    #[error("another process uses the state file {path}; end it, or give another file")]
    StateInUse {
        /// The file.
        path: String,
    },
    /// The HTTP client cannot be made.
    #[error("cannot make the HTTP client: {0}")]
    Client(String),
    /// An answer after which no call can succeed.
    #[error("{provider}: {refusal}")]
    Refused {
        /// The provider's name.
        provider: &'static str,
        /// The answer.
        refusal: Refusal,
    },
    /// No symbol is left.
    #[error("no symbol is left, the last one failed: {symbol}: {refusal}")]
    NoSymbolLeft {
        /// The last symbol.
        symbol: String,
        /// Why it failed.
        refusal: Refusal,
    },
    /// No call may ever be made.
    #[error("the limits allow no call")]
    NoCalls,
}

impl FeedError {
    pub(crate) fn file(
        action: &'static str,
        path: &std::path::Path,
        reason: impl ToString,
    ) -> Self {
        Self::File {
            action,
            path: path.display().to_string(),
            reason: reason.to_string(),
        }
    }
}
