//! The tables: medians over the rounds, ratios to the first side, and how far the target is.
//!
//! They are Markdown, to be pasted as they are. Not here: measuring.
//! Invariant: a ratio is between medians of the same run; digits of different runs are never mixed.

use crate::{
    cases::{Case, Run, Target},
    measure::Report,
    options::Options,
};

/// One line about the machine and the sizes.
pub(crate) fn print_machine(options: &Options) {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let model = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = model
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("unknown processor", |rest| {
            rest.trim_start_matches([' ', '\t', ':'])
        });
    println!(
        "\n{model}, {cores} cores, shared with the broker and the S3 server; {} partitions where nothing else is said, {} headers a record, {} requests in flight; medians of {} rounds \
         (least and most in parentheses); CPU and memory of the measured process alone, from start to end; the rate once it is going.",
        options.partitions, options.headers, options.concurrency, options.rounds
    );
}

/// The table of one case.
pub(crate) fn print(case: &Case, rounds: &[Vec<Report>]) {
    println!("\n### {}\n", case.title);
    println!(
        "| | records | records/s | to the first | to the bare encoder | CPU µs a record | above the first | peak RSS MiB | objects \
         | S3 requests a million | start to end s |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    let all: Vec<(&Run, Medians)> = case
        .runs
        .iter()
        .zip(rounds.iter().map(|reports| Medians::of(reports)))
        .collect();
    let (Some((_, first)), Some((_, last))) = (all.first(), all.last()) else {
        return;
    };
    for (run, own) in &all {
        let of_encoder = |(other, _): &&(&Run, Medians)| Some(other.side) == run.side.encoder();
        let encoder = all.iter().find(of_encoder).map(|(_, encoder)| encoder);
        println!("{}", row(run, own, (first, encoder)));
    }
    if let Some(target) = case.target {
        println!("\n{}", verdict(target, (first, last), &all));
    }
}

/// What is done, and how it differs from what others do.
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

fn row(run: &Run, own: &Medians, (first, encoder): (&Medians, Option<&Medians>)) -> String {
    let rate = |rate: f64| format!("{rate:.0}");
    let micros = |micros: f64| {
        if first.cpu.median < 10.0 {
            format!("{micros:.2}")
        } else {
            format!("{micros:.0}")
        }
    };
    let to_encoder = encoder.map_or(String::new(), |encoder| {
        format!("{:.2}", own.rate.median / encoder.rate.median)
    });
    format!(
        "| {} | {:.0} | {} | {:.2} | {to_encoder} | {} | {} | {:.0} | {:.0} | {:.0} | {:.1} |",
        name(run),
        own.records.median,
        own.rate.text(rate),
        own.rate.median / first.rate.median,
        own.cpu.text(micros),
        micros(own.cpu.median - first.cpu.median),
        own.peak.most,
        own.objects.median,
        own.requests.median,
        own.seconds.median,
    )
}

fn verdict(target: Target, (first, last): (&Medians, &Medians), all: &[(&Run, Medians)]) -> String {
    let (what, is, most) = match target {
        Target::CpuAbove(most) => (
            "µs CPU a record above the bare loop",
            last.cpu.median - first.cpu.median,
            most,
        ),
        Target::PeakBelow(most) => {
            let ours = all.iter().filter(|(run, _)| !run.side.is_bare());
            let peak = ours.map(|(_, own)| own.peak.most).fold(0.0, f64::max);
            ("MiB peak RSS of ours", peak, most)
        }
    };
    let word = if is <= most { "reached" } else { "missed" };
    format!("Target {word}: {is:.1} {what}, at most {most:.0} wanted.")
}

/// What the rounds of one side come to.
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
    fn of(reports: &[Report]) -> Self {
        let spread = |of: fn(&Report) -> f64| Spread::of(reports.iter().map(of).collect());
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

struct Spread {
    least: f64,
    median: f64,
    most: f64,
}

impl Spread {
    fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
        let last = values.len().saturating_sub(1);
        Self {
            least: at(0),
            // Of an even number the mean of the two in the middle.
            median: (at(last / 2) + at(last.div_ceil(2))) / 2.0,
            most: at(last),
        }
    }

    fn text(&self, format: impl Fn(f64) -> String) -> String {
        format!(
            "{} ({}–{})",
            format(self.median),
            format(self.least),
            format(self.most)
        )
    }
}
