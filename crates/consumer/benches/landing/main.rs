//! `cargo bench -p consumer`: landing against bare loops on the same servers, in the same run.
//!
//!     infra/local/kafka.sh start; infra/local/s3.sh start
//!     export E2E_BOOTSTRAP_SERVERS=127.0.0.1:9092 E2E_ENDPOINT_URL=http://127.0.0.1:4566
//!     cargo bench -p consumer -- --records 20000 --backlog 2000000
//!
//! Each side runs in a process of its own (this executable again), the sides take turns, and the
//! table shows medians: the ratios between the sides count, not the absolute numbers. `cases.rs`
//! lists what is compared with what. Topics, bucket and consumer groups are created for one run and
//! removed at its end.

mod bare;
mod cases;
mod encoder;
mod options;
mod order;
mod ours;
mod report;
mod side;
mod store;
mod table;
mod topic;

use std::{process::ExitCode, time::Duration};

use anyhow::{Context, Result, ensure};
use bench::{
    clock::run_name,
    process::{Measured, RunningProcess},
    program,
};
use sandbox::{Fault, Relay, Rule};

use crate::{
    cases::{Backlog, Case, Run, Size},
    options::{ACCESS_KEY, Options, REGION, SECRET_KEY, Servers},
    order::Order,
    report::Report,
    side::Side,
    store::Store,
    topic::{FilledTopic, Topics},
};

fn main() -> ExitCode {
    program::run(
        "cargo bench -p consumer",
        |options: &Options| &options.common,
        obey,
        run,
    )
}

const MEASURED: Measured = Measured {
    limit: Duration::from_secs(20 * 60),
    hidden: &["AWS_", "CONSUMER_", "KAFKA_"],
    environment: &[
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
        ("AWS_SECRET_ACCESS_KEY", SECRET_KEY),
        ("AWS_REGION", REGION),
    ],
};

/// Carries out the order in this process.
fn obey(order: &Order) -> Result<Report> {
    match order.side {
        Side::BarePut { metadata } => bare::put(order, metadata),
        Side::BareDrain => bare::drain(order),
        Side::BareEncode(files) => encoder::encode(order, files),
        Side::Land(_) | Side::LandByDate(_) | Side::LandFirst { .. } | Side::DryRun => {
            ours::land(order)
        }
    }
}

/// Carries out the order in several processes that share the work.
fn in_processes(order: &Order, processes: u32) -> Result<Report> {
    let started: Result<Vec<_>> = (0..processes).map(|_| MEASURED.start(order)).collect();
    // Wait for all of them before reporting that one failed.
    let ended: Vec<Result<Report>> = started?.into_iter().map(RunningProcess::wait).collect();
    let reports: Result<Vec<Report>> = ended.into_iter().collect();
    Report::of_all(reports?).context("no process")
}

fn run(options: &Options) -> Result<()> {
    let servers = &Servers::new(options)?;
    options.check()?;
    let cases: Vec<Case> = cases::all(options)
        .into_iter()
        .filter(|case| options.wants(&case.name))
        .collect();
    ensure!(
        !cases.is_empty(),
        "no case has such a name: there are {}",
        cases::names(options).join(", ")
    );
    let name = run_name()?;
    eprintln!("topics {name}-…, bucket {name}; both are removed at the end");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let bench = Bench {
        options,
        servers,
        topics: Topics::new(servers)?,
        store: Store::new(servers, &name),
        slow: slow_s3(servers)?,
        name,
    };
    let measured = runtime.block_on(bench.cases(&cases));
    let removed = runtime.block_on(bench.remove());
    let measured = measured?;
    table::print_machine(options);
    for (case, rounds) in cases.iter().zip(&measured) {
        table::print(case, rounds);
    }
    removed.with_context(|| format!("not everything of {} could be removed", bench.name))
}

/// The S3 server, reached through a relay that delays each write.
fn slow_s3(servers: &Servers) -> Result<Relay> {
    let relay = Relay::start(&servers.endpoint_url)?;
    let slow = Rule::on("PutObject", Fault::Slow(Duration::from_millis(500)));
    relay.faults().install(slow.always());
    Ok(relay)
}

/// One run with its servers.
struct Bench<'a> {
    options: &'a Options,
    servers: &'a Servers,
    topics: Topics,
    store: Store,
    slow: Relay,
    /// The bucket's name; names of topics and groups begin with it.
    name: String,
}

impl Bench<'_> {
    /// The reports of each case: one list per side.
    async fn cases(&self, cases: &[Case]) -> Result<Vec<Vec<Vec<Report>>>> {
        self.store.create_bucket().await?;
        for topic in self.topics_of(cases) {
            self.topics.fill(&topic)?;
        }
        let mut all = Vec::new();
        for case in cases {
            let mut reports = vec![Vec::new(); case.runs.len()];
            for round in 1..=self.options.rounds {
                for (number, run) in case.runs.iter().enumerate() {
                    let folder = format!("{}/{round}-{number}", case.name);
                    let (report, name) = (self.measure(run, &folder).await, table::name(run));
                    let report = report.with_context(|| format!("{name} in round {round}"))?;
                    eprintln!("{}, round {round}: {name}: {report}", case.name);
                    reports[number].push(report);
                }
            }
            all.push(reports);
        }
        Ok(all)
    }

    /// The topics that the cases need, each once.
    fn topics_of(&self, cases: &[Case]) -> Vec<FilledTopic> {
        let mut topics: Vec<FilledTopic> = Vec::new();
        for run in cases.iter().flat_map(|case| &case.runs) {
            let topic = self.topic_of(run.backlog);
            if !topics.iter().any(|known| known.name == topic.name) {
                topics.push(topic);
            }
        }
        topics
    }

    /// Measures one side, and checks its report against what is in the bucket.
    async fn measure(&self, run: &Run, folder: &str) -> Result<Report> {
        let mut servers = self.servers.clone();
        if run.slow {
            servers.endpoint_url = self.slow.endpoint_url();
        }
        let order = Order {
            side: run.side,
            servers,
            topic: self.topic_of(run.backlog),
            bucket: self.name.clone(),
            prefix: folder.to_owned(),
            concurrency: self.options.concurrency,
        };
        let report = in_processes(&order, run.processes)?;
        if run.side.has_group() {
            self.topics.admin.remove_group(&order.group())?;
        }
        let written = self.store.remove_folder(folder).await?;
        ensure!(
            written == report.objects,
            "{} objects should have been written, and {written} are in the bucket",
            report.objects
        );
        if let Some(all) = run.side.takes_all(order.topic.records) {
            ensure!(
                report.records == all,
                "{} records were taken, not {all}",
                report.records
            );
        }
        Ok(report)
    }

    fn topic_of(&self, backlog: Backlog) -> FilledTopic {
        let records = match backlog.size {
            Size::Small => self.options.records,
            Size::Large => self.options.backlog,
        };
        let partitions = backlog.partitions.unwrap_or(self.options.partitions);
        let dates = backlog
            .dates
            .map_or(String::new(), |dates| format!("-{dates}-dates"));
        FilledTopic {
            name: format!("{}-{records}-over-{partitions}{dates}", self.name),
            records,
            partitions,
            dates: backlog.dates,
            headers: self.options.headers,
        }
    }

    async fn remove(&self) -> Result<()> {
        let bucket = self.store.remove_bucket().await;
        let topics = self.topics.remove();
        bucket.and(topics)
    }
}
