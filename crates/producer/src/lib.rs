//! Replays stock data, or any CSV, as JSON records into a Kafka topic.
//!
//! [`run`] does all that the program does, for a parsed command line ([`Args`]), and gives the
//! counts as a value. It does not read the environment beyond what clap does, installs no signal
//! handler and sets up no logging: that is the program's.
//!
//! Invariant: `run` returns `Ok` only when each record it read was acknowledged by Kafka.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a test may fail at any step")
)]

mod args;
mod bad_rows;
pub mod config;
mod http;
mod kafka;
mod metrics;
mod outcome;
mod plan;
mod progress;
mod replay;
mod schedule;
mod sender;
pub mod signals;
mod sink;
mod source;
mod status;
mod stop;

pub use args::{Args, Columns, Delimiter, Fields, Headers, KafkaOption, OnBadRow, Output};
pub use outcome::{Failure, Summary};

use plan::Plan;
use status::Status;
use stop::{Stop, StopOnDrop};

/// Replays the input of `args` until it ends, or until `shutdown` does (use
/// [`std::future::pending`] for "never"): then no more rows are read, and what was sent is waited
/// for. Needs a tokio runtime of any kind (with I/O and time for `--metrics-addr`); the work is
/// done on a blocking thread.
///
/// # Errors
/// [`Failure`], with the counts if sending had begun: flags that are refused, input that is not a
/// CSV or holds a bad row, a broker that is not there, a record that was not acknowledged in time,
/// an address for the metrics that is taken.
pub async fn run(args: Args, shutdown: impl Future<Output = ()>) -> Result<Summary, Failure> {
    let plan = Plan::new(args)?;
    let stop = Stop::default();
    let _stop_if_dropped = StopOnDrop(stop.clone());
    let status = Status::new(&stop, plan.dry_run);
    let _server = match plan.metrics_addr {
        Some(address) => Some(http::serve(address, status.clone()).await?),
        None => None,
    };
    let mut work = tokio::task::spawn_blocking({
        let stop = stop.clone();
        move || replay::replay(&plan, &stop, &status)
    });
    let done = tokio::select! {
        biased;
        done = &mut work => done,
        () = shutdown => {
            stop.request();
            work.await
        }
    };
    done.unwrap_or_else(|error| Err(Failure::failed(format!("the replay broke off: {error}"))))
}
