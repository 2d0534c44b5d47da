//! Our side: `consumer::run`, as the program runs it, with the same runtime and the same log.
//!
//! Its progress comes from the metrics, which the consumer updates twice a second. A run that does
//! not end with exit code 0 does not count.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Result, ensure};
use clap::Parser;
use cli::{
    origins::Origins,
    run::{Failure, start_logging},
};
use consumer::args::Args;
use metrics::{
    Counter, CounterFn, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};

use crate::{
    order::Order,
    report::{Look, Meter, Report},
    side::Side,
};

/// The counter that shows the progress.
const RECORDS: &str = "consumer_records_total";

/// Lands the topic or a part of it, or does a dry run.
pub(crate) fn land(order: &Order) -> Result<Report> {
    let progress = Arc::new(LandedRecords::default());
    metrics::set_global_recorder(Listener(progress.clone()))
        .map_err(|_| anyhow::anyhow!("somebody else counts already"))?;
    // As the program does: the cost of the log is part of the measurement.
    start_logging();
    let args = Args::try_parse_from(flags(order))?;
    let meter = Meter::start()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let origins = Origins::all("the benchmark");
    let stop = stop(order.side, progress.clone());
    let ended = runtime.block_on(async { consumer::run(args, &origins, stop).await });
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

/// Resolves when enough has landed; never, if the end of the topic ends the run.
async fn stop(side: Side, progress: Arc<LandedRecords>) {
    let Side::LandFirst { objects } = side else {
        return std::future::pending().await;
    };
    while progress
        .looks()
        .last()
        .is_none_or(|look| look.done < objects)
    {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// How many records were done, and when.
#[derive(Default)]
struct LandedRecords(Mutex<Vec<Look>>);

impl LandedRecords {
    fn looks(&self) -> Vec<Look> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl CounterFn for LandedRecords {
    fn increment(&self, _value: u64) {}

    fn absolute(&self, value: u64) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Look::now(value));
    }
}

/// A recorder of metrics that listens to one counter.
struct Listener(Arc<LandedRecords>);

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
