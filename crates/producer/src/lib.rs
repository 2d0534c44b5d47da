//! Replays stock data, or any CSV or JSON Lines, as JSON records into a Kafka topic.
//!
//! [`run`] does everything that the program does, for a parsed command line ([`Args`]), and returns
//! the counts. It does not read the environment beyond what clap does, installs no signal handler
//! and sets up no logging: those are the program's job.
//!
//! `run` returns `Ok` only when Kafka has acknowledged each record that it read.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a test may fail at any step")
)]

mod args;
mod bad_rows;
mod feed;
mod kafka;
mod metrics;
mod order;
mod outcome;
mod pace;
mod plan;
mod progress;
mod replay;
mod selection;
mod sender;
mod sink;
mod source;
mod status;
mod stop;
mod symbol_count;

pub use args::{
    Args, ColumnTypes, Delimiter, Escape, Fields, Header, OnBadRow, RecordHeaders, RecordOrder,
    Repeat,
};
pub use outcome::{Failure, Summary};
pub use pace::{ClosedHours, Night};
pub use source::csv::header::RenamedColumn;

use std::net::SocketAddr;

use cli::http::{self, Pages, Server};
use metrics_exporter_prometheus::PrometheusBuilder;
use plan::ReplayPlan;
use status::Status;
use stop::{StopFlag, StopOnDrop};

/// Replays the input of `args` until it ends, or until `shutdown` resolves (use
/// [`std::future::pending`] for "never"): then it reads no more rows and waits for the
/// acknowledgements of what it has sent. Needs a tokio runtime of any kind (with I/O and time for
/// `--metrics-addr`); the work is done on a blocking thread.
///
/// # Errors
/// [`Failure`], with the counts if sending had begun: flags that are refused, input that is not a
/// CSV or holds a bad row, a broker that cannot be reached, a record that was not acknowledged in
/// time, an address for the metrics that is taken.
pub async fn run(args: Args, shutdown: impl Future<Output = ()>) -> Result<Summary, Failure> {
    let plan = ReplayPlan::new(args)?;
    let stop = StopFlag::default();
    let _stop_if_dropped = StopOnDrop(stop.clone());
    let status = Status::new(&stop, plan.dry_run);
    let _server = match plan.metrics_addr {
        Some(address) => Some(serve(address, &status).await?),
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

/// Serves the metrics and the health of the run.
async fn serve(address: SocketAddr, status: &Status) -> Result<Server, Failure> {
    // The recorder is this run's own: a process may have several.
    let recorder = PrometheusBuilder::new().build_recorder();
    ::metrics::with_local_recorder(&recorder, metrics::describe);
    let (numbers, problems) = (status.clone(), status.clone());
    let pages = Pages {
        numbers: Box::new(move || {
            ::metrics::with_local_recorder(&recorder, || metrics::update(&numbers.numbers()));
            recorder.handle().render()
        }),
        problems: Box::new(move || problems.problems()),
    };
    let served = http::serve(address, pages).await;
    served.map_err(|error| Failure::failed(error.to_string()))
}
