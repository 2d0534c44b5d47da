//! What can be asked for: sizes, and where the broker is.
//!
//! Not here: what is measured with them (see `main.rs`). Without a broker nothing is measured, and
//! the error says how to start one.

use anyhow::{Context, Result};
use bench::options::CommonOptions;
use clap::Parser;

/// Sends a CSV file to a broker, against a bare librdkafka loop, and prints the ratios.
#[derive(Debug, Parser)]
#[command(name = "publishing")]
pub(crate) struct Options {
    /// Rows of the inputs: one comparison for each number
    #[arg(
        long,
        value_name = "N,…",
        value_delimiter = ',',
        default_values_t = [200_000, 2_000_000],
        value_parser = clap::value_parser!(u64).range(1..)
    )]
    pub(crate) rows: Vec<u64>,
    /// How often each side runs
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rounds: u32,
    #[command(flatten)]
    pub(crate) common: CommonOptions,
}

impl Options {
    /// The broker of a run.
    ///
    /// # Errors
    /// When none is named.
    pub(crate) fn servers(&self) -> Result<&str> {
        self.common.bootstrap_servers.as_deref().context(
            "no broker to measure with: run infra/local/kafka.sh start, then export E2E_BOOTSTRAP_SERVERS=127.0.0.1:9092",
        )
    }
}
