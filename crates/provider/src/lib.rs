//! Market data over HTTP: asks Alpha Vantage or Binance for the bars of a few symbols, again and
//! again, and hands them over as records, each bar once.
//!
//! [`Feed`] is the whole of it. Its rules are pure and stand beside it: what an answer means
//! ([`Refusal`]), which bars are new, how many calls a quota allows. It publishes nothing, knows no
//! Kafka and reads no environment; the time is an argument of each call.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a test may fail at any step")
)]

mod alpha_vantage;
mod bar;
mod base_url;
mod binance;
mod call_limits;
mod call_plan;
mod deadline;
mod feed;
mod feed_error;
mod feed_notice;
mod http;
mod interval;
mod json;
mod market_provider;
mod recording;
mod refusal;
mod reply;
mod retry_delay;
mod secret;
mod sent_bars;
mod settings;
mod state_file;
mod token_bucket;

pub use call_limits::CallLimits;
pub use call_plan::PlanError;
pub use feed::{Feed, FeedCounts, FeedRecord, FeedStep};
pub use feed_error::FeedError;
pub use feed_notice::{FeedNotice, WaitFor};
pub use http::HttpBounds;
pub use interval::BarInterval;
pub use market_provider::MarketProvider;
pub use refusal::Refusal;
pub use secret::{Secret, SecretError};
pub use sent_bars::FeedPosition;
pub use settings::{FeedSettings, RecordForm, ReplySource, SymbolPace};
