//! Our side: `consumer::run`, as the program runs it, with the same runtime and the same log.
//!
//! How far it is comes from the metrics that the consumer updates twice a second.
//! Invariant: a run that ended with anything but exit code 0 is no measurement.

use std::{
    io::IsTerminal,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use clap::Parser;
use consumer::{Args, Failure};
use metrics::{
    Counter, CounterFn, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};
use tracing_subscriber::EnvFilter;

use crate::{
    child::Order,
    measure::{Meter, Report},
    side::Side,
};

/// The counter that is listened to.
const RECORDS: &str = "consumer_records_total";

/// Lands the topic, or a part of it, or only says what it would do.
pub(crate) fn land(order: &Order) -> Result<Report> {
    let progress = Arc::new(Progress::default());
    metrics::set_global_recorder(Listener(progress.clone()))
        .map_err(|_| anyhow::anyhow!("somebody else counts already"))?;
    // As the program does: what the log costs is part of it.
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new("info,aws=error,hyper=warn"))
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .init();
    let args = Args::try_parse_from(flags(order))?;
    let meter = Meter::start()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let origin = |_: &str| "the benchmark".to_owned();
    let stop = stop(order.side, progress.clone());
    let ended = runtime.block_on(async { consumer::run(args, origin, stop).await });
    runtime.shutdown_background();
    let summary = ended.map_err(|failure| match failure {
        Failure::Usage(error) | Failure::Failed(error) => error,
    })?;
    ensure!(
        summary.exit_code() == 0 && summary.already_there == 0 && summary.dead_letters.is_empty(),
        "not a clean run: {summary:?}"
    );
    let report = meter.report(summary.records, &progress.looks())?;
    // A dry run counts the objects that it would write.
    let objects = if order.side.has_group() {
        summary.objects
    } else {
        0
    };
    Ok(Report {
        objects,
        requests: summary.requests,
        ..report
    })
}

fn flags(order: &Order) -> Vec<String> {
    let mut flags: Vec<String> = [
        "consumer",
        "--bucket",
        &order.bucket,
        "--prefix",
        &order.prefix,
        "--endpoint-url",
        &order.servers.endpoint_url,
        "--bootstrap-servers",
        &order.servers.bootstrap,
        "--topic",
        &order.topic.name,
        "--group",
        &order.group(),
        "--concurrency",
        &order.concurrency.to_string(),
    ]
    .map(str::to_owned)
    .to_vec();
    flags.extend(order.side.flags());
    flags
}

/// Resolves when enough is landed; for ever waiting where the topic's end is the end.
async fn stop(side: Side, progress: Arc<Progress>) {
    let Side::LandFirst { objects } = side else {
        return std::future::pending().await;
    };
    while progress
        .looks()
        .last()
        .is_none_or(|(_, done)| *done < objects)
    {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// When how many records were done.
#[derive(Default)]
struct Progress(Mutex<Vec<(Instant, u64)>>);

impl Progress {
    fn looks(&self) -> Vec<(Instant, u64)> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl CounterFn for Progress {
    fn increment(&self, _value: u64) {}

    fn absolute(&self, value: u64) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((Instant::now(), value));
    }
}

/// A recorder of metrics that hears one counter.
struct Listener(Arc<Progress>);

impl Recorder for Listener {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        if key.name() == RECORDS {
            Counter::from_arc(self.0.clone())
        } else {
            Counter::noop()
        }
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}
