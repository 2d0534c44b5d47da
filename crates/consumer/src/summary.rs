//! What a run did: the summary that is printed at its end, as text or as JSON.
//!
//! The engine does the counting.

use std::{collections::BTreeMap, time::Duration};

use cli::values::Output;
use landing::{Engine, Partition};
use serde::Serialize;

use crate::lag::Lag;

/// The numbers of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// Records in data objects, including objects that were found already there.
    pub records: u64,
    /// Objects written by this process, including dead letters.
    pub objects: u64,
    /// Bytes of those objects.
    pub bytes: u64,
    /// Objects found already there with the same identity.
    pub already_there: u64,
    /// Dead letters by reason code.
    pub dead_letters: BTreeMap<&'static str, u64>,
    /// Tombstones that were skipped.
    pub tombstones: u64,
    /// Values that a column of CSV or Parquet rounded or cut off, by kind (see
    /// [`schema::Losses::kinds`]).
    pub rounded: BTreeMap<&'static str, u64>,
    /// Gaps that were recorded.
    pub gaps: u64,
    /// Requests to S3 of every kind, including those of start-up.
    pub requests: u64,
    /// Requests to S3 that were retried.
    pub retries: u64,
    /// Distance from what was consumed to the ends of the logs, as they were last looked up, in
    /// offsets.
    pub lag_consumed: i64,
    /// The same for what is durable.
    pub lag_durable: i64,
    /// The same for what is committed.
    pub lag_committed: i64,
    /// Partitions that were stopped, with the reason.
    pub stopped: BTreeMap<Partition, String>,
    /// Why the run ended with 65 although no partition was stopped: more dead letters than
    /// `--max-dead-letters`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub too_many_dead_letters: Option<String>,
    /// Whether something was still in flight or not committed at the end of the grace period; the
    /// next start looks at it again.
    pub unfinished: bool,
    /// How long the run took.
    pub seconds: f64,
}

impl Summary {
    pub(crate) fn new(engine: &Engine, lag: Lag, elapsed: Duration) -> Self {
        let counts = engine.counts().clone();
        Self {
            records: counts.records,
            objects: counts.objects,
            bytes: counts.bytes,
            already_there: counts.already_there,
            dead_letters: counts.dead_letters,
            tombstones: counts.tombstones,
            rounded: counts
                .rounded
                .kinds()
                .into_iter()
                .filter(|(_, count)| *count > 0)
                .collect(),
            gaps: counts.gaps,
            requests: 0,
            retries: 0,
            lag_consumed: lag.consumed,
            lag_durable: lag.durable,
            lag_committed: lag.committed,
            stopped: BTreeMap::new(),
            too_many_dead_letters: None,
            unfinished: false,
            seconds: elapsed.as_secs_f64(),
        }
    }

    /// The exit code of the process: 0 done, 1 something was left unfinished, 65 a partition was
    /// stopped, or there were more dead letters than the run may have.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        if !self.stopped.is_empty() || self.too_many_dead_letters.is_some() {
            return 65;
        }
        u8::from(self.unfinished)
    }

    /// The summary in the form that is printed.
    #[must_use]
    pub fn render(&self, output: Output) -> String {
        if output == Output::Json {
            return serde_json::to_string(self).unwrap_or_default();
        }
        let letters = by_kind(&self.dead_letters);
        let mut text = format!(
            "records {} / objects {} / bytes {} / already there {} / dead letters {}{letters} / tombstones {} / requests {} / retries {} / \
             lag consumed {} durable {} committed {} in {:.1} s",
            self.records,
            self.objects,
            self.bytes,
            self.already_there,
            self.dead_letters.values().sum::<u64>(),
            self.tombstones,
            self.requests,
            self.retries,
            self.lag_consumed,
            self.lag_durable,
            self.lag_committed,
            self.seconds,
        );
        if !self.rounded.is_empty() {
            let values: u64 = self.rounded.values().sum();
            let kinds = by_kind(&self.rounded);
            text.push_str(&format!(" / values rounded or cut off {values}{kinds}"));
        }
        if self.gaps > 0 {
            text.push_str(&format!(" / gaps recorded {}", self.gaps));
        }
        for (partition, reason) in &self.stopped {
            text.push_str(&format!("\nstopped: partition {partition}: {reason}"));
        }
        if let Some(reason) = &self.too_many_dead_letters {
            text.push_str(&format!("\nstopped: {reason}"));
        }
        if self.unfinished {
            text.push_str("\nunfinished: something was still in flight or not committed at the end of the grace period; nothing is lost, the next start goes on from the committed offsets");
        }
        text
    }
}

/// The counts in brackets, with a blank before; empty when there are none.
fn by_kind(counts: &BTreeMap<&'static str, u64>) -> String {
    let each = counts.iter().map(|(kind, count)| format!("{kind} {count}"));
    let each: Vec<String> = each.collect();
    match each.is_empty() {
        true => String::new(),
        false => format!(" ({})", each.join(", ")),
    }
}
