//! The encoder of the model: the real walk over an extent's records, and files of trivial lines.
//!
//! Not here: what a file must hold (`extents`). A file is a function of the rules that the engine
//! hands out and of the records: its first line is the rules.

use std::collections::BTreeMap;

use landing::{
    Offset, Record,
    chain::{Encoded, EncodedFile},
    claim::{ClaimedBody, FileRules},
    engine::Encode,
    extent::{ExtentRules, emptied_dates, lay_out},
    partition_by::DatePartition,
    record::ValueHash,
};
use schema::Classifier;

use crate::{
    faults::Fault,
    mistake::Mistake,
    record::{DAYS, TOPIC},
    world::{Verdict, World},
};

impl World {
    /// An extent is encoded, after some time.
    pub(crate) fn encode(&mut self, w: usize, extent: Box<Encode>) -> Verdict {
        let encoded = self.files_of(w, &extent);
        self.note(|| {
            let (id, end) = (extent.id, encoded.contents.end);
            let by = if extent.claim.is_some() {
                "a claim"
            } else {
                "itself"
            };
            let (start, reason, files) = (id.start.offset, extent.reason, encoded.files.len());
            format!(
                "worker {w} encoded {} [{start}, {end}) by {by}, {reason}: {files} files",
                id.start.partition
            )
        });
        if encoded.contents.end < extent.end {
            self.met(Fault::ExtentCutAtItsDates);
        }
        if encoded.files.iter().any(|file| file.records == 0) {
            self.met(Fault::DateEmptiedByCompaction);
        }
        self.workers[w].engine.encoded(extent, encoded);
        self.pump(w)
    }

    fn files_of(&self, w: usize, extent: &Encode) -> Encoded {
        let plan = &self.plan.layout;
        let rules = ExtentRules {
            topic: TOPIC,
            partition_by: &plan.partition_by,
            granularity: plan.granularity,
            classifier: Classifier::NEWEST,
            keep_tombstones: extent.files.keep_tombstones,
        };
        let head = head(self.settings_of(w, extent));
        let end = self.end_by_dates(extent);
        let records = extent.batch.records();
        let below = records.take_while(|record| record.offset < end);
        let mut files: BTreeMap<DatePartition, (u64, Vec<u8>)> = BTreeMap::new();
        let write = |date: &DatePartition, record: &Record<'_>| {
            let file = files.entry(date.clone());
            let file = file.or_insert_with(|| (0, head.clone()));
            file.0 += 1;
            file.1.extend(line(record));
            Ok(())
        };
        let claim = extent.claim.as_deref();
        let contents = lay_out(below, &rules, end, claim, write);
        if self.mistake != Some(Mistake::EmptiedDatesNotWritten) {
            let emptied = claim
                .iter()
                .flat_map(|claim| emptied_dates(claim, &contents));
            files.extend(emptied.map(|date| (date, (0, head.clone()))));
        }
        let files = files
            .into_iter()
            .map(|(date, (records, body))| encoded_file(date, records, body))
            .collect();
        Encoded {
            contents,
            files,
            ..Encoded::default()
        }
    }

    fn settings_of<'s>(&'s self, w: usize, extent: &'s Encode) -> &'s FileRules {
        let own = self.workers[w].batching().map(|batching| &batching.files);
        match (self.mistake, own) {
            (Some(Mistake::OwnSettingsInsteadOfTheClaims), Some(own)) => own,
            _ => &extent.files,
        }
    }

    /// A new extent ends before the record of one day too many: the model has a limit of its own,
    /// because it cannot reach the product's.
    fn end_by_dates(&self, extent: &Encode) -> Offset {
        if extent.claim.is_some() {
            return extent.end;
        }
        let mut days = Vec::new();
        for record in extent.batch.records() {
            let time = record.timestamp;
            let day = DAYS.iter().position(|(start, _)| {
                time.is_some_and(|time| (0..86_400_000).contains(&(time - start)))
            });
            if !days.contains(&day) {
                days.push(day);
            }
            if days.len() > self.plan.max_dates {
                return record.offset;
            }
        }
        extent.end
    }
}

fn encoded_file(date: DatePartition, records: u64, body: Vec<u8>) -> EncodedFile {
    EncodedFile {
        date,
        records,
        claimed: ClaimedBody::of(&body),
        body,
    }
}

fn head(rules: &FileRules) -> Vec<u8> {
    (serde_json::to_string(rules).unwrap() + "\n").into_bytes()
}

fn line(record: &Record<'_>) -> Vec<u8> {
    let timestamp = record
        .timestamp
        .map_or_else(|| "null".to_owned(), |time| time.to_string());
    let (offset, hash) = (record.offset, ValueHash::of(record.value).to_hex());
    format!("{{\"offset\":{offset},\"timestamp\":{timestamp},\"sha256\":\"{hash}\"}}\n")
        .into_bytes()
}
