//! What an answer without bars means, and what to do about it. Pure.
//!
//! The kinds are those of the providers' documents and of what their users report; see the README
//! for the sources.

/// Why a reply has no bars. `message` is what the provider wrote, without the key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The provider knows no such symbol, interval or function.
    #[error("the provider does not take the request: {message}")]
    BadRequest {
        /// Its words.
        message: String,
    },
    /// The key is missing or wrong.
    #[error("the provider does not take the API key: {message}")]
    WrongKey {
        /// Its words.
        message: String,
    },
    /// The public key serves only the examples of the documentation.
    #[error("the key \"demo\" serves only the provider's own examples; use a key of your own")]
    DemoKey,
    /// The plan of this key does not include the data.
    #[error("this needs a paid plan of the provider: {message}")]
    Premium {
        /// Its words.
        message: String,
    },
    /// More calls in a second than the plan allows.
    #[error("more calls a second than the provider allows")]
    TooManyPerSecond,
    /// More calls in a minute than the plan allows.
    #[error("more calls a minute than the provider allows")]
    TooManyPerMinute,
    /// The calls of the day are used up, also by other programs with the same key.
    #[error("the calls of the day are used up")]
    TooManyPerDay,
    /// Status 429: slower, and not before this time has passed.
    #[error("the provider asks for fewer calls")]
    SlowDown {
        /// How long it says to wait, in milliseconds, if it does.
        retry_after_ms: Option<i64>,
    },
    /// Status 418: this address is shut out for a while.
    #[error("the provider has shut this address out for a while")]
    Banned {
        /// How long, in milliseconds, if it says so.
        retry_after_ms: Option<i64>,
    },
    /// The provider does not serve this place.
    #[error("the provider does not serve this place or address: {message}")]
    Restricted {
        /// Its words.
        message: String,
    },
    /// The server has trouble of its own.
    #[error("the provider has trouble of its own (status {status})")]
    Unavailable {
        /// The HTTP status.
        status: u16,
        /// How long it says to wait, in milliseconds, if it does.
        retry_after_ms: Option<i64>,
    },
    /// A web page in the place of data: a proxy, a login page or a firewall.
    #[error("a web page came in the place of data (status {status})")]
    WebPage {
        /// The HTTP status.
        status: u16,
    },
    /// No body, or nothing in it.
    #[error("the reply is empty (status {status})")]
    Empty {
        /// The HTTP status.
        status: u16,
    },
    /// JSON that stops in the middle.
    #[error("the reply is cut off")]
    Truncated,
    /// Anything else.
    #[error("the reply is not what was asked for: {reason}")]
    Unexpected {
        /// What is wrong with it.
        reason: String,
    },
    /// No reply at all, in time and whole.
    #[error("{reason}")]
    NoReply {
        /// What went wrong.
        reason: String,
    },
}

/// What a refusal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// The same call again, after a growing delay and not before this time has passed.
    TryAgain { at_least_ms: i64 },
    /// The same call again; no other call before this time has passed either.
    HoldAll { at_least_ms: i64 },
    /// Not the same call again: it would cost a call of the quota and have the same answer.
    SkipBatch,
    /// The next calls only when there may be a new quota; this one does not count.
    WaitForQuota,
    /// No further calls for this symbol.
    DropSymbol,
    /// No further calls at all.
    GiveUp,
}

/// How long no call is made after an answer that there were too many in a second, or in a minute.
const SECOND_MS: i64 = 2_000;
const MINUTE_MS: i64 = 60_000;

/// The longest ban of Binance is three days; a longer wait is a mistake of somebody.
const LONGEST_HOLD_MS: i64 = 3 * 24 * 3_600_000;

impl Refusal {
    pub(crate) fn remedy(&self) -> Remedy {
        let bounded = |retry_after_ms: Option<i64>, otherwise: i64| {
            let wait_ms = retry_after_ms.unwrap_or(otherwise);
            wait_ms.clamp(0, LONGEST_HOLD_MS)
        };
        let hold = |retry_after_ms: Option<i64>, otherwise: i64| Remedy::HoldAll {
            at_least_ms: bounded(retry_after_ms, otherwise),
        };
        match self {
            Self::BadRequest { .. } | Self::DemoKey | Self::Premium { .. } => Remedy::DropSymbol,
            Self::WrongKey { .. } | Self::Restricted { .. } => Remedy::GiveUp,
            Self::TooManyPerSecond => hold(None, SECOND_MS),
            Self::TooManyPerMinute => hold(None, MINUTE_MS),
            Self::TooManyPerDay => Remedy::WaitForQuota,
            Self::SlowDown { retry_after_ms } => hold(*retry_after_ms, MINUTE_MS),
            // The shortest ban.
            Self::Banned { retry_after_ms } => hold(*retry_after_ms, 2 * MINUTE_MS),
            Self::Unavailable { retry_after_ms, .. } => Remedy::TryAgain {
                at_least_ms: bounded(*retry_after_ms, 0),
            },
            Self::Unexpected { .. } => Remedy::SkipBatch,
            Self::WebPage { .. } | Self::Empty { .. } | Self::Truncated | Self::NoReply { .. } => {
                Remedy::TryAgain { at_least_ms: 0 }
            }
        }
    }
}
