//! `cargo bench -p consumer`: landing against bare loops on the same servers, in the same run.
//!
//!     infra/local/kafka.sh start; infra/local/s3.sh start
//!     export E2E_BOOTSTRAP_SERVERS=127.0.0.1:9092 E2E_ENDPOINT_URL=http://127.0.0.1:4566
//!     cargo bench -p consumer -- --records 20000 --backlog 2000000
//!
//! Each side runs in a process of its own (this executable again, see `child.rs`), the sides take turns, and the table shows medians:
//! what counts are the ratios between the sides, not the digits. What is compared with what is the list in `cases.rs`.
//! Invariant: topics, bucket and consumer groups are made for one run, and removed at its end.

mod bare;
mod cases;
mod child;
mod measure;
mod options;
mod ours;
mod store;
mod table;
mod topic;

use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::Parser;

use crate::{
    cases::{Backlog, Case, Side},
    child::Order,
    measure::Report,
    options::{Options, Servers},
    store::Store,
    topic::{Place, Topics},
};

fn main() -> ExitCode {
    let options = Options::parse();
    let result = match &options.side {
        Some(order) => child::obey(order),
        None if !options.bench => {
            eprintln!("this is a benchmark: run it with cargo bench -p consumer");
            return ExitCode::SUCCESS;
        }
        None => Servers::of(&options).and_then(|servers| run(&options, &servers)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options, servers: &Servers) -> Result<()> {
    options.check()?;
    let cases: Vec<Case> = cases::all(options)
        .into_iter()
        .filter(|case| options.wants(case.name))
        .collect();
    ensure!(
        !cases.is_empty(),
        "no case has such a name: there are {}",
        cases::names(options).join(", ")
    );
    let name = format!("bench-{}-{}", measure::unix_millis()?, std::process::id());
    eprintln!("topics {name}-…, bucket {name}; both are removed at the end");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let bench = Bench {
        options,
        servers,
        topics: Topics::new(servers)?,
        store: Store::new(servers, &name),
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

/// One run with its servers.
struct Bench<'a> {
    options: &'a Options,
    servers: &'a Servers,
    topics: Topics,
    store: Store,
    /// Of the bucket; names of topics and groups begin with it.
    name: String,
}

impl Bench<'_> {
    /// The reports of each case: one list for each side.
    async fn cases(&self, cases: &[Case]) -> Result<Vec<Vec<Vec<Report>>>> {
        self.store.create_bucket().await?;
        for backlog in [Backlog::Small, Backlog::Large] {
            let needed = |case: &Case| case.sides.iter().any(|(_, needs)| *needs == backlog);
            if cases.iter().any(needed) {
                self.topics.fill(&self.place(backlog)).await?;
            }
        }
        let mut all = Vec::new();
        for case in cases {
            let mut reports = vec![Vec::new(); case.sides.len()];
            for round in 1..=self.options.rounds {
                for (number, (side, backlog)) in case.sides.iter().enumerate() {
                    let folder = format!("{}/{round}-{number}", case.name);
                    let report = self.measure(*side, *backlog, &folder).await;
                    let report = report.with_context(|| format!("{side} in round {round}"))?;
                    eprintln!("{}, round {round}: {side}: {report}", case.name);
                    reports[number].push(report);
                }
            }
            all.push(reports);
        }
        Ok(all)
    }

    /// Lets a process measure one side, and compares what it says with what lies in the bucket.
    async fn measure(&self, side: Side, backlog: Backlog, folder: &str) -> Result<Report> {
        let order = Order {
            side,
            servers: self.servers.clone(),
            topic: self.place(backlog),
            bucket: self.name.clone(),
            prefix: folder.to_owned(),
            concurrency: self.options.concurrency,
        };
        let report = child::run(&order)?;
        if side.has_group() {
            self.topics.remove_group(&order.group()).await?;
        }
        let written = self.store.remove_folder(folder).await?;
        let expected = if side.writes() { report.records } else { 0 };
        ensure!(
            written == expected,
            "{expected} objects should have been written, and {written} are in the bucket"
        );
        if let Some(all) = side.takes_all(order.topic.records) {
            ensure!(
                report.records == all,
                "{} records were taken, not {all}",
                report.records
            );
        }
        Ok(report)
    }

    fn place(&self, backlog: Backlog) -> Place {
        let records = match backlog {
            Backlog::Small => self.options.records,
            Backlog::Large => self.options.backlog,
        };
        Place {
            name: format!("{}-{records}", self.name),
            records,
            partitions: self.options.partitions,
        }
    }

    async fn remove(&self) -> Result<()> {
        let bucket = self.store.remove_bucket().await;
        let topics = self.topics.remove().await;
        bucket.and(topics)
    }
}
