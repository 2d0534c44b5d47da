//! What `consumer verify` found, as people and programs read it.
//!
//! Not here: finding it. Invariant: `exit_code` is 0 only when no finding counts as a failure.

use std::{collections::BTreeMap, fmt::Write};

use cli::values::Output;
use comfy_table::{CellAlignment, Table, presets};
use landing::{Format, OffsetRange, Partition};
use serde::Serialize;

use crate::finding::{Finding, Findings, Kind, Weight};

/// The most findings of one code that are shown to people.
const SHOWN: usize = 20;
/// The most ranges of offsets that are listed for a partition.
pub(crate) const MOST_RANGES: usize = 1_000;

/// The verdict on a landing zone.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Bucket of the zone.
    pub bucket: String,
    /// Folder of the zone.
    pub prefix: String,
    /// The topic that it holds.
    pub topic: String,
    /// What its objects are.
    pub format: Format,
    /// Whether every object was read.
    pub deep: bool,
    /// Whether `unverifiable` counts as a failure.
    pub strict: bool,
    /// Whether Kafka was asked.
    pub with_kafka: bool,
    /// Whether nothing counts as a failure.
    pub clean: bool,
    /// Each topic partition that the zone or the topic has.
    pub partitions: Vec<PartitionReport>,
    /// Number of findings by code.
    pub counts: BTreeMap<Kind, u64>,
    /// The findings, at most 1,000 of each code.
    pub findings: Vec<Finding>,
    /// Bytes that were read of objects.
    pub bytes_read: u64,
    /// How long it took.
    pub seconds: f64,
}

/// What the zone holds of one topic partition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PartitionReport {
    /// Kafka partition.
    pub partition: Partition,
    /// Data objects and objects of dead letters.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Records in data objects.
    pub records: u64,
    /// Dead letters.
    pub dead_letters: u64,
    /// Tombstones that were skipped, as far as they were met.
    pub tombstones: u64,
    /// Offsets without a record: transaction markers, aborted or compacted records, as far as they
    /// were met.
    pub holes: u64,
    /// Records that were compared with the topic.
    pub compared: u64,
    /// The offsets that the zone must hold, from the first to the last of them.
    pub offsets: Option<OffsetRange>,
    /// The offsets that have an object or lie in a claimed extent; at most 1,000 ranges.
    pub ranges: Vec<OffsetRange>,
    /// What the topic still has after them.
    pub not_landed_yet: Option<OffsetRange>,
}

impl Report {
    /// Adds the findings, and decides whether the zone is clean.
    pub(crate) fn conclude(self, findings: Findings) -> Self {
        let counts = findings.counts().clone();
        let fails = |kind: &Kind| match kind.weight() {
            Weight::Failure => true,
            Weight::Doubt => self.strict,
            Weight::Note => false,
        };
        Self {
            clean: !counts.keys().any(fails),
            counts,
            findings: findings.into_kept(),
            ..self
        }
    }

    /// The exit code of the process: 0 clean, 65 findings.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        if self.clean { 0 } else { 65 }
    }

    /// The report as it is printed.
    #[must_use]
    pub fn render(&self, output: Output) -> String {
        if output == Output::Json {
            return serde_json::to_string(self).unwrap_or_default();
        }
        let mut text = format!("{}\n", self.table());
        for kind in Kind::ALL {
            self.list(kind, &mut text);
        }
        text.push_str(&self.verdict());
        text
    }

    fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_style(presets::UTF8_FULL_CONDENSED).set_header([
            "partition",
            "offsets",
            "objects",
            "records",
            "dead letters",
            "tombstones",
            "holes",
            "compared",
            "not landed yet",
        ]);
        for partition in &self.partitions {
            let range = |range: Option<OffsetRange>| {
                range.map_or_else(String::new, |range| range.to_string())
            };
            table.add_row([
                partition.partition.to_string(),
                range(partition.offsets),
                partition.objects.to_string(),
                partition.records.to_string(),
                partition.dead_letters.to_string(),
                partition.tombstones.to_string(),
                partition.holes.to_string(),
                partition.compared.to_string(),
                range(partition.not_landed_yet),
            ]);
        }
        for column in table.column_iter_mut() {
            column.set_cell_alignment(CellAlignment::Right);
        }
        table
    }

    fn list(&self, kind: Kind, text: &mut String) {
        let of_kind = self.findings.iter().filter(|finding| finding.kind == kind);
        for finding in of_kind.take(SHOWN) {
            text.push_str(&line(finding));
        }
        let count = self.counts.get(&kind).copied().unwrap_or(0);
        let more = count.saturating_sub(SHOWN as u64);
        if more > 0 {
            let code = kind.code();
            let line = format!("{code}: and {more} more; --output json lists up to 1,000\n");
            text.push_str(&line);
        }
    }

    fn verdict(&self) -> String {
        let total = |of: fn(&PartitionReport) -> u64| self.partitions.iter().map(of).sum::<u64>();
        let counts = self.counts.iter();
        let counts: Vec<String> = counts
            .map(|(kind, count)| format!("{} {count}", kind.code()))
            .collect();
        let found = if counts.is_empty() {
            String::new()
        } else {
            format!(" ({})", counts.join(", "))
        };
        let verdict = if self.clean { "clean" } else { "NOT CLEAN" };
        format!(
            "s3://{}/{}: {verdict}{found}: records {} / dead letters {} / objects {} / compared with the topic {} / bytes read {} in {:.1} s",
            self.bucket,
            self.prefix,
            total(|partition| partition.records),
            total(|partition| partition.dead_letters),
            total(|partition| partition.objects),
            total(|partition| partition.compared),
            self.bytes_read,
            self.seconds,
        )
    }
}

fn line(finding: &Finding) -> String {
    let mut place = String::new();
    if let Some(partition) = finding.partition {
        // Writing into a string cannot fail.
        write!(place, " partition {partition}").ok();
    }
    if let Some(offsets) = finding.offsets {
        write!(place, " offsets {offsets}").ok();
    }
    if let Some(key) = &finding.key {
        write!(place, " {}", key.escape_debug()).ok();
    }
    format!("{}:{place}: {}\n", finding.kind.code(), finding.text)
}

#[cfg(test)]
mod tests {
    use landing::{Extent, Offset};

    use super::*;

    fn report(strict: bool, kinds: &[Kind]) -> Report {
        let mut findings = Findings::default();
        for (kind, at) in kinds.iter().zip(0..) {
            let offsets = OffsetRange::new(Offset(at * 10), Offset(at * 10 + 1));
            findings.add(Finding::of_offsets(
                *kind,
                Extent::new(Partition(1), offsets),
                "text",
            ));
        }
        let partition = PartitionReport {
            partition: Partition(1),
            records: 7,
            ..PartitionReport::default()
        };
        Report {
            bucket: "b".into(),
            prefix: "p".into(),
            topic: "t".into(),
            format: Format::Json,
            deep: false,
            strict,
            with_kafka: true,
            clean: false,
            partitions: vec![partition],
            counts: BTreeMap::new(),
            findings: Vec::new(),
            bytes_read: 0,
            seconds: 0.0,
        }
        .conclude(findings)
    }

    #[test]
    fn only_what_fails_makes_a_zone_unclean() {
        for kind in Kind::ALL {
            let expected = match kind.weight() {
                Weight::Failure => (65, 65),
                Weight::Doubt => (0, 65),
                Weight::Note => (0, 0),
            };
            let codes = |strict| report(strict, &[kind]).exit_code();
            assert_eq!((codes(false), codes(true)), expected, "{kind:?}");
        }
        assert_eq!(report(true, &[]).exit_code(), 0);
    }

    #[test]
    fn people_see_the_first_of_each_code_and_programs_all() {
        let many = [Kind::Gap; 30];
        let text = report(false, &many).render(Output::Text);
        assert_eq!(text.matches("gap: partition 1 offsets").count(), SHOWN);
        assert!(text.contains("gap: and 10 more"), "{text}");
        assert!(text.contains("NOT CLEAN (gap 30): records 7"), "{text}");

        let json = report(false, &many).render(Output::Json);
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["findings"].as_array().unwrap().len(), 30);
        assert_eq!(json["counts"]["gap"], 30);
        assert_eq!(json["findings"][1]["offsets"]["start"], 10);
    }
}
