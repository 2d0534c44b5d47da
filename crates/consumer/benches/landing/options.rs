//! The command line of the benchmark: sizes, and where the servers are.
//!
//! `cases.rs` says what is measured. Without servers nothing is, and the error says how to start
//! them.

use anyhow::{Result, bail, ensure};
use bench::options::CommonOptions;
use clap::Parser;
use serde::{Deserialize, Serialize};

/// The credentials of the servers in `infra/local`.
pub(crate) const ACCESS_KEY: &str = "test";
/// See [`ACCESS_KEY`].
pub(crate) const SECRET_KEY: &str = "test";
/// The region of the servers in `infra/local`.
pub(crate) const REGION: &str = "us-east-1";

/// Lands a topic against bare loops on the same servers, and prints the ratios.
#[derive(Debug, Parser)]
#[command(name = "landing")]
pub(crate) struct Options {
    /// Only cases whose name holds one of these
    pub(crate) cases: Vec<String>,
    /// Records of the small topic: one object each, for each side and round
    #[arg(long, default_value_t = 20_000)]
    pub(crate) records: u64,
    /// Records of the large topic
    #[arg(long, default_value_t = 2_000_000)]
    pub(crate) backlog: u64,
    /// Objects to land over the large topic before stopping
    #[arg(long, default_value_t = 30_000)]
    pub(crate) landed: u64,
    /// How often each side runs
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rounds: u32,
    /// Partitions of the topics
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(i32).range(1..=1000))]
    pub(crate) partitions: i32,
    /// Headers of each record; the producer gives three
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(usize))]
    pub(crate) headers: usize,
    /// Requests to S3 in flight
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) concurrency: u16,
    /// An S3 for the key and secret `test`: URL
    #[arg(long, env = "E2E_ENDPOINT_URL")]
    pub(crate) endpoint_url: Option<String>,
    #[command(flatten)]
    pub(crate) common: CommonOptions,
}

/// The two servers of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Servers {
    /// `HOST:PORT,…`
    pub(crate) bootstrap: String,
    /// `http://HOST:PORT`
    pub(crate) endpoint_url: String,
}

impl Options {
    /// Refuses sizes that would measure nothing.
    pub(crate) fn check(&self) -> Result<()> {
        ensure!(self.records > 0, "--records must be at least 1");
        ensure!(
            self.backlog > self.landed && self.landed > 0,
            "--backlog must be larger than --landed, and --landed at least 1"
        );
        ensure!(
            self.backlog != self.records,
            "--backlog and --records must differ: each is a topic of its own"
        );
        Ok(())
    }

    /// Whether to measure the case of this name.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.cases.is_empty() || self.cases.iter().any(|part| name.contains(part.as_str()))
    }
}

impl Servers {
    /// The servers of a run.
    ///
    /// # Errors
    /// When one of them is missing.
    pub(crate) fn new(options: &Options) -> Result<Self> {
        let (Some(bootstrap), Some(endpoint_url)) =
            (&options.common.bootstrap_servers, &options.endpoint_url)
        else {
            bail!(
                "no servers to measure with: run infra/local/kafka.sh start and infra/local/s3.sh start, then export \
                 E2E_BOOTSTRAP_SERVERS=127.0.0.1:9092 E2E_ENDPOINT_URL=http://127.0.0.1:4566"
            )
        };
        Ok(Self {
            bootstrap: bootstrap.clone(),
            endpoint_url: endpoint_url.clone(),
        })
    }
}
