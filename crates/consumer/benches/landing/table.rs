//! The tables: medians over the rounds, ratios to the first side, and whether the target is met.
//!
//! A ratio always compares medians of the same run; numbers of different runs are never mixed.

use bench::{
    spread::Spread,
    table::{self, MarkdownTable},
};

use crate::{
    cases::{Case, Goal, Run},
    options::Options,
    report::Report,
};

/// One line about the machine and the sizes.
pub(crate) fn print_machine(options: &Options) {
    println!(
        "\n{}, shared with the broker and the S3 server; {} partitions where nothing else is said, {} headers a record, {} requests in flight; medians of {} rounds \
         (least and most in parentheses); CPU and memory of the measured process alone, from start to end; the rate once it is going.",
        table::machine(),
        options.partitions,
        options.headers,
        options.concurrency,
        options.rounds
    );
}

/// Prints the table of one case.
pub(crate) fn print(case: &Case, rounds: &[Vec<Report>]) {
    let mut table = MarkdownTable::new(
        &case.title,
        &[
            "records",
            "records/s",
            "to the first",
            "to the bare encoder",
            "CPU µs a record",
            "above the first",
            "peak RSS MiB",
            "objects",
            "S3 requests a million",
            "start to end s",
        ],
    );
    let all: Vec<MeasuredRun<'_>> = case
        .runs
        .iter()
        .zip(rounds)
        .map(|(run, reports)| MeasuredRun {
            run,
            medians: Medians::new(reports),
        })
        .collect();
    if let Some(first) = all.first() {
        for own in &all {
            let encoder = all
                .iter()
                .find(|other| Some(other.run.side) == own.run.side.encoder());
            let encoder = encoder.map(|encoder| &encoder.medians);
            table.row(&name(own.run), cells(&own.medians, &first.medians, encoder));
        }
    }
    table.print();
    if let Some(goal) = case.goal
        && !all.is_empty()
    {
        println!("\n{}", verdict(goal, &all));
    }
}

/// A run and its numbers.
struct MeasuredRun<'a> {
    run: &'a Run,
    medians: Medians,
}

/// What a run does, and how it differs from others.
pub(crate) fn name(run: &Run) -> String {
    let mut name = run.side.to_string();
    if let Some(dates) = run.backlog.dates {
        name.push_str(&format!(", {dates} dates"));
    }
    if run.processes > 1 {
        name.push_str(&format!(", {} processes", run.processes));
    }
    name
}

/// The numbers of one run; `encoder` has those of the bare encoder for the same files, if there is
/// one.
fn cells(own: &Medians, first: &Medians, encoder: Option<&Medians>) -> [String; 10] {
    let decimals = if first.cpu.median < 10.0 { 2 } else { 0 };
    let to_encoder = encoder.map_or(String::new(), |encoder| {
        format!("{:.2}", own.rate.median / encoder.rate.median)
    });
    [
        format!("{:.0}", own.records.median),
        own.rate.text(0),
        format!("{:.2}", own.rate.median / first.rate.median),
        to_encoder,
        own.cpu.text(decimals),
        format!("{:.decimals$}", own.cpu.median - first.cpu.median),
        format!("{:.0}", own.peak.most),
        format!("{:.0}", own.objects.median),
        format!("{:.0}", own.requests.median),
        format!("{:.1}", own.seconds.median),
    ]
}

fn verdict(goal: Goal, all: &[MeasuredRun<'_>]) -> String {
    let (what, is, most) = match goal {
        Goal::CpuAbove(most) => {
            let cpu =
                |one: Option<&MeasuredRun<'_>>| one.map_or(f64::NAN, |one| one.medians.cpu.median);
            (
                "µs CPU a record above the bare loop",
                cpu(all.last()) - cpu(all.first()),
                most,
            )
        }
        Goal::PeakBelow(most) => {
            let ours = all.iter().filter(|one| !one.run.side.is_bare());
            let peak = ours.map(|one| one.medians.peak.most).fold(0.0, f64::max);
            ("MiB peak RSS of ours", peak, most)
        }
    };
    format!(
        "{}: {is:.1} {what}, at most {most:.0} wanted.",
        table::verdict(is <= most)
    )
}

/// Each number's spread over the rounds of one side.
struct Medians {
    records: Spread,
    rate: Spread,
    cpu: Spread,
    peak: Spread,
    seconds: Spread,
    objects: Spread,
    requests: Spread,
}

impl Medians {
    fn new(reports: &[Report]) -> Self {
        let spread = |of: fn(&Report) -> f64| Spread::new(reports.iter().map(of));
        Self {
            records: spread(|report| report.records as f64),
            rate: spread(|report| report.rate),
            cpu: spread(Report::cpu_per_record),
            peak: spread(|report| report.peak_mib),
            seconds: spread(|report| report.seconds),
            objects: spread(|report| report.objects as f64),
            requests: spread(Report::requests_per_million),
        }
    }
}
