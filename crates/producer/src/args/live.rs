//! The flags of `--live`: what a provider is asked for, how often, and what is kept.

use std::{path::PathBuf, time::Duration};

use clap::{Args, builder::BoolishValueParser};
use cli::values::parse_duration;
use provider::BarInterval;

use super::values::parse_interval;

/// How a provider is asked.
#[derive(Args, Clone, Debug)]
pub struct LiveArgs {
    /// The length of a bar: 1m, 5m, 15m, 30m, 1h or 1d
    #[arg(
        long,
        value_name = "SIZE",
        default_value = "1d",
        value_parser = parse_interval,
        env = "PRODUCER_INTERVAL",
        help_heading = "Live"
    )]
    pub interval: BarInterval,

    /// How long to wait between two calls for a symbol
    #[arg(
        long,
        value_name = "TIME",
        default_value = "60s",
        value_parser = parse_duration,
        env = "PRODUCER_EVERY",
        help_heading = "Live"
    )]
    pub every: Duration,

    /// Calls for each symbol, then the run ends [default: no end]
    #[arg(
        long,
        value_name = "N",
        requires = "live",
        env = "PRODUCER_BATCHES",
        help_heading = "Live"
    )]
    pub batches: Option<u32>,

    /// How many past bars of a symbol to send at its first call
    #[arg(
        long,
        value_name = "N",
        default_value_t = 100,
        env = "PRODUCER_HISTORY",
        help_heading = "Live"
    )]
    pub history: usize,

    /// Send the bar that is still forming, too; it is not sent again when it is complete
    #[arg(
        long,
        requires = "live",
        env = "PRODUCER_FORMING",
        value_parser = BoolishValueParser::new(),
        help_heading = "Live"
    )]
    pub forming: bool,

    /// Send each reply of the provider as one record, as it came, instead of its bars
    #[arg(
        long,
        requires = "live",
        env = "PRODUCER_RAW_REPLIES",
        value_parser = BoolishValueParser::new(),
        help_heading = "Live"
    )]
    pub raw_replies: bool,

    /// Keep the last bar of each symbol and the calls of the day in this file, over restarts; one
    /// file for each topic
    #[arg(
        long,
        value_name = "FILE",
        requires = "live",
        env = "PRODUCER_STATE_FILE",
        help_heading = "Live"
    )]
    pub state_file: Option<PathBuf>,

    /// Keep the replies, without the key, in this folder
    #[arg(
        long,
        value_name = "FOLDER",
        requires = "live",
        conflicts_with = "replay_http",
        env = "PRODUCER_RECORD",
        help_heading = "Live"
    )]
    pub record: Option<PathBuf>,

    /// Take the replies that --record kept in this folder; nothing is asked
    #[arg(
        long,
        value_name = "FOLDER",
        requires = "live",
        env = "PRODUCER_REPLAY_HTTP",
        help_heading = "Live"
    )]
    pub replay_http: Option<PathBuf>,

    /// Another address than the provider's own, for example http://127.0.0.1:8080
    #[arg(
        long,
        value_name = "URL",
        requires = "live",
        env = "PRODUCER_BASE_URL",
        help_heading = "Live"
    )]
    pub base_url: Option<String>,

    /// File that holds the key, in place of ALPHAVANTAGE_API_KEY
    #[arg(
        long,
        value_name = "FILE",
        requires = "live",
        env = "PRODUCER_KEY_FILE",
        help_heading = "Live"
    )]
    pub key_file: Option<PathBuf>,

    /// Calls a day that your plan allows [default: the provider's free plan]
    #[arg(
        long,
        value_name = "N",
        requires = "live",
        env = "PRODUCER_CALLS_PER_DAY",
        help_heading = "Live"
    )]
    pub calls_per_day: Option<u32>,

    /// Calls a minute that your plan allows (for binance: weight, 2 a call) [default: the
    /// provider's free plan]
    #[arg(
        long,
        value_name = "N",
        requires = "live",
        env = "PRODUCER_CALLS_PER_MINUTE",
        help_heading = "Live"
    )]
    pub calls_per_minute: Option<u32>,
}
