//! What a compaction did: as text for people, and as JSON for programs.

use std::collections::BTreeMap;

use cli::values::Output;
use comfy_table::{CellAlignment, Table, presets};
use landing::{
    compaction::{CompactionDone, Counted},
    partition_by::DatePartition,
};
use schema::Losses;
use serde::Serialize;

/// What became of a landing zone's finished dates.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Bucket of zone and copy.
    pub bucket: String,
    /// Prefix of the zone.
    pub from: String,
    /// Prefix of the copy.
    pub to: String,
    /// What the copy's objects hold: `parquet` or `jsonl`.
    pub format: String,
    /// Whether the zone's objects were to be deleted.
    pub delete_source: bool,
    /// Whether the zone's records are rows of Parquet already.
    #[serde(skip)]
    pub(crate) from_rows: bool,
    /// The dates, in order.
    pub dates: Vec<DateReport>,
    /// Dates that `--all-finished` skipped because they are not finished, without `dt=`.
    pub unfinished: Vec<String>,
    /// How long it took, in seconds.
    pub seconds: f64,
}

/// What became of a date.
#[derive(Debug, Serialize)]
pub struct DateReport {
    /// The date partition, without `dt=`.
    pub date: String,
    /// Its plans, in the order of their numbers.
    pub plans: Vec<PlanReport>,
    /// Objects of the zone that the plans cover and that were still there, or there again, before
    /// any was deleted.
    pub remaining: u64,
    /// Objects under the date that are not the zone's. They were left alone.
    pub unknown_objects: u64,
    /// Why it was given up, if it was; plans that were done before stay done.
    pub problem: Option<String>,
}

/// What became of a plan: one object of the copy.
#[derive(Debug, Serialize)]
pub struct PlanReport {
    /// Counted from 1 within the date.
    pub number: u32,
    /// Who carried it out.
    pub origin: PlanOrigin,
    /// Objects of the zone, and their bytes.
    pub before: Counted,
    /// Objects of the copy, and their bytes.
    pub after: Counted,
    /// Records, before and after.
    pub records: u64,
    /// SHA-256 over them in hex, before and after; see [`landing::compaction::CompactionDone`].
    pub content: String,
    /// What the copy does not keep of the records, by kind (see [`schema::Losses::kinds`]), as far
    /// as this run has looked: at the plans that it carried out, or whose objects it deleted. Kinds
    /// that did not occur are not there.
    pub not_kept: BTreeMap<&'static str, u64>,
    /// Objects of the zone that were deleted.
    pub deleted: u64,
    /// Objects of the zone that were not deleted because the consumer looks for them when it
    /// starts.
    pub kept: u64,
}

/// Who carried a plan out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlanOrigin {
    /// This run made and finished it.
    Made,
    /// This run found it unfinished, and finished it.
    Finished,
    /// It was done before this run.
    Before,
}

impl DateReport {
    pub(crate) fn new(date: &DatePartition) -> Self {
        Self {
            date: date.to_string(),
            plans: Vec::new(),
            remaining: 0,
            unknown_objects: 0,
            problem: None,
        }
    }

    fn total(&self, of: impl Fn(&PlanReport) -> u64) -> u64 {
        self.plans.iter().map(of).sum()
    }

    fn state(&self) -> &'static str {
        let is_before = |plan: &PlanReport| plan.origin == PlanOrigin::Before;
        match (&self.problem, self.plans.is_empty()) {
            (Some(_), _) => "NOT COMPACTED",
            (None, true) => "nothing there",
            (None, false) if self.plans.iter().all(is_before) => "already compacted",
            (None, false) => "compacted",
        }
    }
}

impl PlanReport {
    pub(crate) fn new(done: &CompactionDone, origin: PlanOrigin) -> Self {
        let after = done.output.as_ref();
        Self {
            number: done.number,
            origin,
            before: done.inputs,
            after: Counted {
                objects: u64::from(after.is_some()),
                bytes: after.map_or(0, |body| body.bytes),
            },
            records: done.records,
            content: done.content.clone(),
            not_kept: BTreeMap::new(),
            deleted: 0,
            kept: 0,
        }
    }

    pub(crate) fn add_losses(&mut self, losses: Losses) {
        for (kind, count) in losses.kinds() {
            if count > 0 {
                *self.not_kept.entry(kind).or_default() += count;
            }
        }
    }
}

impl Report {
    /// The exit code of the process: 0 done, 65 (`EX_DATAERR`) a date was given up.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        let given_up = self.dates.iter().any(|date| date.problem.is_some());
        if given_up { 65 } else { 0 }
    }

    /// The report as it is printed, without a line end.
    #[must_use]
    pub fn render(&self, output: Output) -> String {
        if output == Output::Json {
            return serde_json::to_string(self).unwrap_or_default();
        }
        let mut lines = vec![self.table().to_string()];
        for date in &self.dates {
            if let Some(problem) = &date.problem {
                lines.push(format!("dt={}: NOT COMPACTED: {problem}", date.date));
            }
            if date.unknown_objects > 0 {
                let count = date.unknown_objects;
                lines.push(format!(
                    "dt={}: {count} objects are none of the zone's, and were left alone",
                    date.date
                ));
            }
        }
        lines.extend(self.unfinished());
        lines.extend(self.not_kept());
        lines.extend(self.source());
        lines.push(self.verdict());
        lines.join("\n")
    }

    fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_style(presets::UTF8_FULL_CONDENSED).set_header([
            "date",
            "state",
            "plans",
            "records",
            "objects",
            "bytes",
            "objects after",
            "bytes after",
            "deleted",
        ]);
        for date in &self.dates {
            let total = |of: fn(&PlanReport) -> u64| date.total(of).to_string();
            table.add_row([
                format!("dt={}", date.date),
                date.state().to_owned(),
                date.plans.len().to_string(),
                total(|plan| plan.records),
                total(|plan| plan.before.objects),
                total(|plan| plan.before.bytes),
                total(|plan| plan.after.objects),
                total(|plan| plan.after.bytes),
                total(|plan| plan.deleted),
            ]);
        }
        for column in table.column_iter_mut().skip(2) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        table
    }

    fn unfinished(&self) -> Option<String> {
        let (count, first) = (self.unfinished.len(), self.unfinished.first()?);
        Some(format!(
            "not finished yet, so left alone: {count} date(s) from dt={first} on; --lateness says when they are, --partition dt={first} \
             --unfinished takes one now"
        ))
    }

    /// What the copy does not keep of the records; `None` for JSON Lines, which keep them.
    fn not_kept(&self) -> Option<String> {
        let mut kinds = BTreeMap::new();
        let plans = self.dates.iter().flat_map(|date| &date.plans);
        for (kind, count) in plans.flat_map(|plan| &plan.not_kept) {
            *kinds.entry(*kind).or_default() += *count;
        }
        let named: Vec<String> = kinds
            .iter()
            .map(|(kind, count): (&&str, &u64)| format!("{kind} {count}"))
            .collect();
        let was_deleted = self
            .dates
            .iter()
            .any(|date| date.total(|plan| plan.deleted) > 0);
        let is_spelled = self.format == "parquet" && !self.from_rows;
        match (named.is_empty(), is_spelled && was_deleted) {
            (true, false) => None,
            (true, true) => Some("the copy does not keep how records were spelled".to_owned()),
            (false, false) => Some(format!(
                "values that the copy does not keep as they were: {}",
                named.join(", ")
            )),
            (false, true) => Some(format!(
                "values that the copy does not keep as they were: {}; nor does it keep how records were spelled",
                named.join(", ")
            )),
        }
    }

    /// What became of the zone's objects, and what follows from it.
    fn source(&self) -> Vec<String> {
        let total =
            |of: fn(&PlanReport) -> u64| self.dates.iter().map(|date| date.total(of)).sum::<u64>();
        let (deleted, kept) = (total(|plan| plan.deleted), total(|plan| plan.kept));
        let remaining: u64 = self.dates.iter().map(|date| date.remaining).sum();
        let from = &self.from;
        let mut lines = Vec::new();
        if !self.delete_source {
            if remaining > 0 {
                lines.push(format!("--delete-source would delete {remaining} objects under {from}/, which are in the copy"));
            }
            return lines;
        }
        if kept > 0 {
            lines.push(format!(
                "{kept} objects of the newest batch of their partition were kept: the consumer looks for them when it starts"
            ));
        }
        if deleted > 0 {
            lines.push(format!(
                "deleted {deleted} objects under {from}/. A later rewind of the consumer's group would land these records again there, as \
                 long as the topic has them; they will not be compacted twice, for their keys are in the plans"
            ));
        }
        lines
    }

    fn verdict(&self) -> String {
        let total =
            |of: fn(&PlanReport) -> u64| self.dates.iter().map(|date| date.total(of)).sum::<u64>();
        let given_up = self
            .dates
            .iter()
            .filter(|date| date.problem.is_some())
            .count();
        let verdict = match given_up {
            0 => "done".to_owned(),
            count => format!("{count} DATES NOT COMPACTED"),
        };
        format!(
            "s3://{}/{}: {verdict}: dates {} / records {} / objects {} -> {} / bytes {} -> {} in {:.1} s",
            self.bucket,
            self.to,
            self.dates.len(),
            total(|plan| plan.records),
            total(|plan| plan.before.objects),
            total(|plan| plan.after.objects),
            total(|plan| plan.before.bytes),
            total(|plan| plan.after.bytes),
            self.seconds
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(origin: PlanOrigin) -> PlanReport {
        PlanReport {
            number: 1,
            origin,
            before: Counted {
                objects: 100,
                bytes: 5_000,
            },
            after: Counted {
                objects: 1,
                bytes: 900,
            },
            records: 100,
            content: "ab".into(),
            not_kept: BTreeMap::new(),
            deleted: 0,
            kept: 0,
        }
    }

    fn date(plans: Vec<PlanReport>, problem: Option<&str>) -> DateReport {
        DateReport {
            date: "2026-11-20".into(),
            plans,
            remaining: 100,
            unknown_objects: 0,
            problem: problem.map(str::to_owned),
        }
    }

    fn report(dates: Vec<DateReport>) -> Report {
        Report {
            bucket: "b".into(),
            from: "s/json".into(),
            to: "s/copy".into(),
            format: "parquet".into(),
            delete_source: false,
            from_rows: false,
            dates,
            unfinished: vec!["2026-11-21".into()],
            seconds: 1.0,
        }
    }

    #[test]
    fn a_date_that_was_given_up_makes_the_exit_code() {
        let good = || date(vec![plan(PlanOrigin::Made)], None);
        let given_up = date(Vec::new(), Some("s3://b/k: it was changed"));
        assert_eq!(report(vec![good()]).exit_code(), 0);
        let report = report(vec![good(), given_up]);
        assert_eq!(report.exit_code(), 65);
        let text = report.render(Output::Text);
        assert!(
            text.contains("dt=2026-11-20: NOT COMPACTED: s3://b/k: it was changed"),
            "{text}"
        );
        assert!(text.contains("1 DATES NOT COMPACTED"), "{text}");
        assert!(
            text.contains("left alone: 1 date(s) from dt=2026-11-21 on")
                && text.contains("--unfinished"),
            "{text}"
        );
    }

    #[test]
    fn people_are_told_what_became_of_the_source_and_what_follows() {
        let dates = |deleted, kept| {
            let plan = PlanReport {
                deleted,
                kept,
                ..plan(PlanOrigin::Before)
            };
            vec![date(vec![plan], None)]
        };
        let text = report(dates(0, 0)).render(Output::Text);
        assert!(
            text.contains("--delete-source would delete 100 objects under s/json/"),
            "{text}"
        );
        assert!(
            text.contains("already compacted") && text.contains("objects 100 -> 1"),
            "{text}"
        );
        let deleting = Report {
            delete_source: true,
            ..report(dates(90, 10))
        };
        let text = deleting.render(Output::Text);
        assert!(
            text.contains("deleted 90 objects") && text.contains("will not be compacted twice"),
            "{text}"
        );
        assert!(text.contains("10 objects of the newest batch"), "{text}");
        assert_eq!(text.lines().last().unwrap().matches("done").count(), 1);
    }
}
