//! How a run ended: the counts and the exit code.
//!
//! Does not count (see `replay` and `deliveries`). `Ok(Summary)` from a run means that each record
//! it read was acknowledged.

use std::time::Duration;

use cli::values::Output;
use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;

use crate::symbol_count;

/// The counts of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// Where the records went.
    pub topic: String,
    /// Rows read from the input, good and bad.
    pub read: u64,
    /// Records handed to the Kafka client, or printed by a dry run.
    pub sent: u64,
    /// Records that Kafka has acknowledged, or that a dry run has printed.
    pub acknowledged: u64,
    /// Records that Kafka has refused or not acknowledged in time.
    pub failed: u64,
    /// Bad rows that were not sent.
    pub skipped: u64,
    /// Rows that were not wanted; they do not count as read. `None` if all are wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_out: Option<u64>,
    /// How many different keys the records had; 10,000 for as many or more.
    pub symbols: u64,
    /// Acknowledged records per partition; empty for a dry run.
    pub partitions: Vec<u64>,
    /// Whether a signal ended the run before its input did.
    pub interrupted: bool,
    /// How long the sending took.
    #[serde(rename = "seconds", serialize_with = "as_seconds")]
    pub elapsed: Duration,
    /// Acknowledged records a second.
    pub records_per_second: f64,
}

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Flags that contradict each other or are refused; nothing was sent.
    #[error("{0}")]
    Usage(String),
    /// Input that must not be skipped.
    #[error("{reason}")]
    BadData {
        /// What, where, and what to do.
        reason: String,
        /// The counts, if sending had begun.
        summary: Option<Box<Summary>>,
    },
    /// Anything else: a file, the broker, records that were not acknowledged.
    #[error("{reason}")]
    Failed {
        /// What, where, and what to do.
        reason: String,
        /// The counts, if sending had begun.
        summary: Option<Box<Summary>>,
    },
}

impl Summary {
    /// The counts of a run that was stopped before it began to send.
    pub(crate) fn stopped_early(topic: &str) -> Self {
        Self {
            topic: topic.to_owned(),
            read: 0,
            sent: 0,
            acknowledged: 0,
            failed: 0,
            skipped: 0,
            left_out: None,
            symbols: 0,
            partitions: Vec::new(),
            interrupted: true,
            elapsed: Duration::ZERO,
            records_per_second: 0.0,
        }
    }

    /// Whether each record read, less the bad ones, was acknowledged.
    pub fn is_complete(&self) -> bool {
        self.failed == 0 && self.acknowledged + self.skipped == self.read
    }

    /// The summary for a person at a terminal.
    pub fn table(&self) -> String {
        let mut table = Table::new();
        table.load_style(presets::UTF8_FULL_CONDENSED);
        let mut row = |name: &str, value: String| {
            table.add_row([name.to_owned(), value]);
        };
        if !self.partitions.is_empty() {
            row("topic", self.topic.clone());
        }
        row("rows read", self.read.to_string());
        row("records sent", self.sent.to_string());
        row("acknowledged", self.acknowledged.to_string());
        row("failed", self.failed.to_string());
        row("skipped", self.skipped.to_string());
        if let Some(rows) = self.left_out {
            row("left out", rows.to_string());
        }
        row("symbols", symbol_count::shown(self.symbols));
        let records = self.partitions.iter();
        if let (Some(least), Some(most)) = (records.clone().min(), records.max()) {
            let partitions = self.partitions.len();
            row(
                "partitions",
                format!("{partitions}, with {least} to {most} records"),
            );
        }
        row("seconds", format!("{:.2}", self.elapsed.as_secs_f64()));
        row("records/s", format!("{:.0}", self.records_per_second));
        if self.interrupted {
            row("interrupted", "yes".to_owned());
        }
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        table.to_string()
    }

    /// The summary as it is printed where no person looks on.
    pub fn render(&self, output: Output) -> String {
        match output {
            Output::Json => serde_json::to_string(self).unwrap_or_default(),
            Output::Text => format!(
                "read {} / sent {} / acknowledged {} / failed {} / skipped {}{} in {:.2} s ({:.0} records/s){}",
                self.read,
                self.sent,
                self.acknowledged,
                self.failed,
                self.skipped,
                self.left_out
                    .map(|rows| format!(" / left out {rows}"))
                    .unwrap_or_default(),
                self.elapsed.as_secs_f64(),
                self.records_per_second,
                if self.interrupted {
                    ", interrupted"
                } else {
                    ""
                },
            ),
        }
    }
}

impl Failure {
    /// The exit code of the process.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::BadData { .. } => 65,
            Self::Failed { .. } => 1,
        }
    }

    /// The counts, if sending had begun.
    pub fn summary(&self) -> Option<&Summary> {
        match self {
            Self::Usage(_) => None,
            Self::BadData { summary, .. } | Self::Failed { summary, .. } => summary.as_deref(),
        }
    }

    pub(crate) fn failed(reason: impl Into<String>) -> Self {
        Self::Failed {
            reason: reason.into(),
            summary: None,
        }
    }

    pub(crate) fn bad_data(reason: impl Into<String>) -> Self {
        Self::BadData {
            reason: reason.into(),
            summary: None,
        }
    }

    /// The same failure, with the counts of the run.
    pub(crate) fn with(self, counts: Summary) -> Self {
        let summary = Some(Box::new(counts));
        match self {
            Self::Usage(reason) => Self::Usage(reason),
            Self::BadData { reason, .. } => Self::BadData { reason, summary },
            Self::Failed { reason, .. } => Self::Failed { reason, summary },
        }
    }
}

fn as_seconds<S: serde::Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary() -> Summary {
        Summary {
            topic: "t".into(),
            read: 10,
            sent: 9,
            acknowledged: 9,
            failed: 0,
            skipped: 1,
            left_out: None,
            symbols: 3,
            partitions: vec![4, 5],
            interrupted: false,
            elapsed: Duration::from_millis(1500),
            records_per_second: 6.0,
        }
    }

    #[test]
    fn a_run_is_complete_when_every_good_row_is_acknowledged() {
        assert!(summary().is_complete());
        assert!(
            !Summary {
                acknowledged: 8,
                ..summary()
            }
            .is_complete()
        );
        assert!(
            !Summary {
                failed: 1,
                ..summary()
            }
            .is_complete()
        );
    }

    #[test]
    fn the_summary_is_for_people_or_for_programs() {
        let text = summary().render(Output::Text);
        assert_eq!(
            text,
            "read 10 / sent 9 / acknowledged 9 / failed 0 / skipped 1 in 1.50 s (6 records/s)"
        );
        let json: serde_json::Value =
            serde_json::from_str(&summary().render(Output::Json)).unwrap();
        assert_eq!(json.get("left_out"), None);
        let selected = Summary {
            left_out: Some(7),
            ..summary()
        };
        assert!(
            selected
                .render(Output::Text)
                .contains("skipped 1 / left out 7 in")
        );
        assert!(selected.render(Output::Json).contains("\"left_out\":7"));
        assert_eq!(
            (
                &json["acknowledged"],
                &json["seconds"],
                &json["partitions"][1]
            ),
            (&9.into(), &1.5.into(), &5.into())
        );
    }

    #[test]
    fn a_person_sees_a_table() {
        let expected = "\
┌──────────────┬────────────────────────┐
│ topic        ┆                      t │
│ rows read    ┆                     10 │
│ records sent ┆                      9 │
│ acknowledged ┆                      9 │
│ failed       ┆                      0 │
│ skipped      ┆                      1 │
│ symbols      ┆                      3 │
│ partitions   ┆ 2, with 4 to 5 records │
│ seconds      ┆                   1.50 │
│ records/s    ┆                      6 │
└──────────────┴────────────────────────┘";
        assert_eq!(summary().table(), expected);
        let dry = Summary {
            left_out: Some(7),
            symbols: 10_000,
            partitions: Vec::new(),
            interrupted: true,
            ..summary()
        }
        .table();
        for part in [
            "│ left out     ┆      7 │",
            "┆ 10000+ │",
            "│ interrupted  ┆    yes │",
        ] {
            assert!(dry.contains(part), "{dry}");
        }
        assert!(
            !dry.contains("topic") && !dry.contains("partitions"),
            "{dry}"
        );
    }

    #[test]
    fn each_failure_has_its_exit_code() {
        assert_eq!(Failure::Usage(String::new()).exit_code(), 2);
        assert_eq!(Failure::bad_data("x").exit_code(), 65);
        let failed = Failure::failed("x").with(summary());
        assert_eq!(
            (
                failed.exit_code(),
                failed.summary().map(|counts| counts.read)
            ),
            (1, Some(10))
        );
    }
}
