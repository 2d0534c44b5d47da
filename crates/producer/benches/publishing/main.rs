//! `cargo bench -p producer`: from a CSV file to acknowledged records, against a bare librdkafka
//! loop on the same broker.
//!
//!     infra/local/kafka.sh start
//!     export E2E_BOOTSTRAP_SERVERS=127.0.0.1:9092
//!     cargo bench -p producer -- --rows 200000,2000000
//!
//! Each side runs in a process of its own (this executable again), the sides take turns, and the
//! table shows medians: what counts are the ratios between the sides, not the absolute numbers.
//! Before the rounds both sides run once, and the benchmark compares their topics: all sides must
//! send the same keys, values and headers in the same order. A topic is made for one process, and
//! removed.

mod input;
mod options;
mod order;
mod report;
mod sides;
mod table;
mod topic;

use std::{process::ExitCode, time::Duration};

use anyhow::{Context, Result, ensure};
use bench::{process::Measured, program};

use crate::{
    input::BenchInput,
    options::Options,
    order::{Headers, Order, Side},
    report::Report,
    topic::Topics,
};

fn main() -> ExitCode {
    program::run(
        "cargo bench -p producer",
        |options: &Options| &options.common,
        sides::run,
        run,
    )
}

const MEASURED: Measured = Measured {
    limit: Duration::from_secs(10 * 60),
    hidden: &["PRODUCER_", "KAFKA_"],
    environment: &[],
};

/// What is compared; the first side is the yardstick.
const SIDES: [Side; 2] = [Side::Bare, Side::Producer];

fn run(options: &Options) -> Result<()> {
    let servers = options.servers()?;
    let folder = tempfile::tempdir().context("there is no room for the inputs")?;
    let topics = Topics::new(servers)?;
    table::print_machine(options);
    for &rows in &options.rows {
        eprintln!("writing {rows} rows, and the same as ready records");
        let bench = Bench {
            options,
            topics: &topics,
            input: BenchInput::write(folder.path(), rows)?,
        };
        for headers in [Headers::All, Headers::None] {
            bench.compare(headers)?;
            let rounds = bench.rounds(&SIDES, headers)?;
            table::print(&bench.title(headers), &SIDES, &rounds);
            // A short run is there for its memory: its rate is dominated by its beginning.
            if let (true, [first, own]) = (Some(&rows) == options.rows.iter().max(), &rounds[..]) {
                table::print_verdict(first, own);
            }
        }
        let alone = [Side::DryRun];
        let rounds = bench.rounds(&alone, Headers::None)?;
        table::print(&format!("{rows} rows, without Kafka"), &alone, &rounds);
    }
    Ok(())
}

/// Everything for one number of rows.
struct Bench<'a> {
    options: &'a Options,
    topics: &'a Topics,
    input: BenchInput,
}

impl Bench<'_> {
    fn title(&self, headers: Headers) -> String {
        let BenchInput {
            rows, value_bytes, ..
        } = self.input;
        format!("{rows} rows, values of {value_bytes:.0} bytes, {headers}")
    }

    /// Runs each side once and compares what they sent.
    fn compare(&self, headers: Headers) -> Result<()> {
        let mut found = Vec::new();
        for side in SIDES {
            let topic = self.topics.make()?;
            self.measure(side, headers, &topic.name)?;
            found.push(topic.contents(self.input.rows)?);
        }
        ensure!(
            found.windows(2).all(|pair| pair[0] == pair[1]),
            "the sides did not send the same records"
        );
        Ok(())
    }

    /// The reports, one list for each side.
    fn rounds(&self, sides: &[Side], headers: Headers) -> Result<Vec<Vec<Report>>> {
        let mut all = vec![Vec::new(); sides.len()];
        for round in 1..=self.options.rounds {
            for (side, reports) in sides.iter().zip(&mut all) {
                let topic = self.topics.make()?;
                let report = self
                    .measure(*side, headers, &topic.name)
                    .with_context(|| format!("{side} in round {round}"))?;
                eprintln!("{}, round {round}: {side}: {report}", self.title(headers));
                reports.push(report);
            }
        }
        Ok(all)
    }

    /// Measures one side in a process of its own.
    fn measure(&self, side: Side, headers: Headers, topic: &str) -> Result<Report> {
        let report: Report = MEASURED.run(&Order {
            side,
            headers,
            servers: self.topics.admin.servers.clone(),
            topic: topic.to_owned(),
            csv: self.input.csv.clone(),
            ready: self.input.ready.clone(),
        })?;
        ensure!(
            report.records == self.input.rows,
            "{} records were acknowledged, not {}",
            report.records,
            self.input.rows
        );
        Ok(report)
    }
}
