//! The tables: medians over the rounds, ratios to the first side.
//!
//! They are Markdown, to be pasted as they are. Not here: measuring. Invariant: a ratio is between
//! two sides of the same round, which ran one after the other; the table shows the median of them.

use crate::measure::Report;
use crate::options::Options;
use crate::sides::{SETTINGS, Side};
use crate::topic::PARTITIONS;

/// The share of the bare loop's records/s that the producer is to reach.
const WANTED: f64 = 0.85;

/// One line about the machine and the settings.
pub(crate) fn print_machine(options: &Options) {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let model = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = model
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("unknown processor", |rest| {
            rest.trim_start_matches([' ', '\t', ':'])
        });
    let settings: Vec<String> = SETTINGS
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    println!(
        "\n{model}, {cores} cores, shared with the broker; {PARTITIONS} partitions, idempotent, acks=all, {}; medians of {} rounds \
         (least and most in parentheses); CPU and memory of the measured process alone.",
        settings.join(", "),
        options.rounds
    );
}

/// The table of one comparison: `rounds` has the reports of each side.
pub(crate) fn print(title: &str, sides: &[Side], rounds: &[Vec<Report>]) {
    println!("\n### {title}\n");
    println!("| | records/s | ratio | CPU µs a record | above the first | peak RSS MiB |");
    println!("|---|---|---|---|---|---|");
    let Some(first) = rounds.first() else { return };
    for (side, own) in sides.iter().zip(rounds) {
        let against = |of: fn(&Report, &Report) -> f64| {
            Spread::of(own.iter().zip(first).map(|(own, first)| of(own, first)))
        };
        let rates = Spread::of(own.iter().map(Report::rate));
        let cpu = Spread::of(own.iter().map(Report::cpu_per_record));
        let peak = Spread::of(own.iter().map(|report| report.peak_mib));
        let ratio = against(|own, first| own.rate() / first.rate());
        let above = against(|own, first| own.cpu_per_record() - first.cpu_per_record());
        println!(
            "| {side} | {} | {} | {} | {:.2} | {:.0} |",
            rates.text(0),
            ratio.text(2),
            cpu.text(2),
            above.median,
            peak.most
        );
    }
}

/// Whether the second of two sides is as fast as it should be.
pub(crate) fn print_verdict(first: &[Report], own: &[Report]) {
    let ratios = own
        .iter()
        .zip(first)
        .map(|(own, first)| own.rate() / first.rate());
    let ratio = Spread::of(ratios).median;
    let word = if ratio >= WANTED { "reached" } else { "missed" };
    println!("\nTarget {word}: {ratio:.2} of the bare loop's records/s, at least {WANTED} wanted.");
}

struct Spread {
    least: f64,
    median: f64,
    most: f64,
}

impl Spread {
    fn of(values: impl Iterator<Item = f64>) -> Spread {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
        let last = values.len().saturating_sub(1);
        Spread {
            least: at(0),
            // Of an even number the mean of the two in the middle.
            median: (at(last / 2) + at(last.div_ceil(2))) / 2.0,
            most: at(last),
        }
    }

    fn text(&self, digits: usize) -> String {
        let Spread {
            least,
            median,
            most,
        } = self;
        format!("{median:.digits$} ({least:.digits$}–{most:.digits$})")
    }
}
