//! The tables: medians over the rounds, ratios to the first side.
//!
//! Not here: measuring. A ratio is between two sides of the same round, which ran one after the
//! other; the table shows the median of these ratios.

use bench::{
    spread::Spread,
    table::{self, MarkdownTable},
};

use crate::{options::Options, order::Side, report::Report, sides::SETTINGS, topic::PARTITIONS};

/// The share of the bare loop's records/s that the producer should reach.
const WANTED: f64 = 0.85;

/// One line about the machine and the settings.
pub(crate) fn print_machine(options: &Options) {
    let settings: Vec<String> = SETTINGS
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    println!(
        "\n{}, shared with the broker; {PARTITIONS} partitions, idempotent, acks=all, {}; medians of {} rounds \
         (least and most in parentheses); CPU and memory of the measured process alone.",
        table::machine(),
        settings.join(", "),
        options.rounds
    );
}

/// Prints the table of one comparison: `rounds` has the reports of each side.
pub(crate) fn print(title: &str, sides: &[Side], rounds: &[Vec<Report>]) {
    let mut table = MarkdownTable::new(
        title,
        &[
            "records/s",
            "ratio",
            "CPU µs a record",
            "above the first",
            "peak RSS MiB",
        ],
    );
    for (side, own) in sides.iter().zip(rounds) {
        let against_first = |of: fn(&Report, &Report) -> f64| {
            Spread::new(
                own.iter()
                    .zip(&rounds[0])
                    .map(|(own, first)| of(own, first)),
            )
        };
        let rate = Spread::new(own.iter().map(Report::rate));
        let cpu = Spread::new(own.iter().map(Report::cpu_per_record));
        let peak = Spread::new(own.iter().map(|report| report.peak_mib));
        let ratio = against_first(|own, first| own.rate() / first.rate());
        let above = against_first(|own, first| own.cpu_per_record() - first.cpu_per_record());
        table.row(
            &side.to_string(),
            [
                rate.text(0),
                ratio.text(2),
                cpu.text(2),
                format!("{:.2}", above.median),
                format!("{:.0}", peak.most),
            ],
        );
    }
    table.print();
}

/// Prints whether the second of two sides is as fast as it should be.
pub(crate) fn print_verdict(first: &[Report], own: &[Report]) {
    let ratios = own
        .iter()
        .zip(first)
        .map(|(own, first)| own.rate() / first.rate());
    let ratio = Spread::new(ratios).median;
    println!(
        "\n{}: {ratio:.2} of the bare loop's records/s, at least {WANTED} wanted.",
        table::verdict(ratio >= WANTED)
    );
}
