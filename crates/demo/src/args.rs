//! The command line of `demo`.
//!
//! It opens nothing. Every flag has a default with which the demo runs in a fresh clone.

use std::path::{Path, PathBuf};

use clap::{Parser, builder::BoolishValueParser};

/// Where the data is in the repository.
const DATA: &str = "data/indexProcessed.csv";

/// The pipeline on this machine in about a minute: CSV (or a simulated market) -> Kafka -> S3, with
/// a kill -9 in the middle and a check at the end; then the same as Parquet, a proof of both, and a
/// compacted copy.
///
/// Needs no docker, no account and no network: broker and S3 run in this process, on free ports.
/// Exit codes: 0 each row is in exactly one object, 1 not so or failed, 2 wrong usage, 130 or 143
/// Ctrl-C or SIGTERM.
#[derive(Debug, Clone, Parser)]
#[command(
    name = "demo",
    version,
    long_version = cli::run::long_version(env!("CARGO_PKG_VERSION")),
    max_term_width = 120
)]
pub(crate) struct Args {
    /// CSV file with a header line, plain and separated by commas [default: data/indexProcessed.csv
    /// of this repository]
    #[arg(long, value_name = "FILE", env = "DEMO_CSV")]
    pub(crate) csv: Option<PathBuf>,

    /// Begin with a simulated market in place of a CSV: daily bars of 13 indices
    #[arg(
        long,
        conflicts_with = "csv",
        env = "DEMO_SIMULATE",
        value_parser = BoolishValueParser::new()
    )]
    pub(crate) simulate: bool,

    /// The most rows to take: of a CSV evenly from each symbol, of a simulated market the first
    #[arg(
        long,
        value_name = "N",
        default_value_t = 120_000,
        value_parser = clap::value_parser!(u64).range(1..=1_000_000),
        env = "DEMO_ROWS"
    )]
    pub(crate) rows: u64,

    /// Keep the files (chosen rows, objects, logs) and say where they are
    #[arg(long, env = "DEMO_KEEP", value_parser = BoolishValueParser::new())]
    pub(crate) keep: bool,

    /// Show the logs of producer and consumer on stderr; RUST_LOG does so as well, and chooses what
    /// they say
    #[arg(short, long, env = "DEMO_VERBOSE", value_parser = BoolishValueParser::new())]
    pub(crate) verbose: bool,
}

impl Args {
    /// The file to read: the one that was named, or the repository's, wherever the demo runs.
    pub(crate) fn csv(&self) -> PathBuf {
        let repository = || {
            Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("../..")
                .join(DATA)
        };
        match &self.csv {
            Some(named) => named.clone(),
            None if Path::new(DATA).exists() => PathBuf::from(DATA),
            None => std::fs::canonicalize(repository()).unwrap_or_else(|_| PathBuf::from(DATA)),
        }
    }

    /// Whether the logs of the parts are shown as they are written.
    pub(crate) fn is_verbose(&self) -> bool {
        self.verbose || std::env::var_os("RUST_LOG").is_some()
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent_and_every_flag_has_a_variable() {
        Args::command().debug_assert();
        for argument in Args::command().get_arguments() {
            assert!(argument.get_env().is_some(), "{:?}", argument.get_id());
        }
    }

    #[test]
    fn the_data_of_the_repository_is_found_from_everywhere() {
        let args = Args::try_parse_from(["demo"]).unwrap();
        assert!(args.csv().is_file(), "{}", args.csv().display());
    }
}
