//! What the judge remembers of each partition: its claims, its gaps, and what was done to it from
//! outside.
//!
//! Claims are read as plain JSON here, not by the code under test. Not here: what must hold
//! (`judge`, `extents`).

use std::ops::Range;

use landing::Partition;
use serde_json::Value;

use crate::{log::View, worker::Put};

/// What the judge keeps in mind about one partition.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// The incarnation whose records lie in the zone.
    pub(crate) landed: Option<u32>,
    /// Where the group began in each incarnation: nothing below was asked for.
    began: Vec<Option<i64>>,
    /// Recorded gaps.
    pub(crate) gaps: Vec<RecordedGap>,
    /// Keys at which something foreign was put.
    pub(crate) foreign: Vec<String>,
    /// A consumer of another zone has committed in one of the groups.
    pub(crate) foreign_commit: bool,
    /// Where `latest` was when the zone was made, in the batched layouts.
    pub(crate) pinned_start: Option<i64>,
    /// The claims, in order.
    pub(crate) claims: Vec<ClaimNote>,
    /// The log was changed in a way that no reading can show: not judged any further.
    pub(crate) blind: bool,
}

impl Notes {
    pub(crate) fn began(&self, incarnation: u32) -> i64 {
        self.began
            .get(incarnation as usize)
            .copied()
            .flatten()
            .unwrap_or(0)
    }

    pub(crate) fn begin(&mut self, view: &View) {
        let Some(start) = view.fresh else { return };
        let index = view.incarnation as usize;
        self.began.resize(self.began.len().max(index + 1), None);
        // Two workers that begin at the same time with `latest` may each have an end of their own:
        // the later counts.
        self.began[index] = self.began[index].max(Some(start));
    }

    pub(crate) fn is_recorded(&self, incarnation: u32, offset: i64) -> bool {
        self.gaps
            .iter()
            .any(|gap| gap.incarnation == incarnation && gap.offsets.contains(&offset))
    }

    pub(crate) fn newest_claim(&self) -> Option<&ClaimNote> {
        self.claims.last()
    }

    pub(crate) fn claim_at(&self, start: i64) -> Option<&ClaimNote> {
        self.claims.iter().find(|claim| claim.start == start)
    }

    /// The claim whose extent holds this offset.
    pub(crate) fn claim_over(&self, offset: i64) -> Option<&ClaimNote> {
        let after = self.claims.partition_point(|claim| claim.end <= offset);
        self.claims.get(after)
    }
}

/// A gap that a worker recorded.
#[derive(Debug)]
pub(crate) struct RecordedGap {
    pub(crate) incarnation: u32,
    pub(crate) offsets: Range<i64>,
}

/// A claim as the judge keeps it in mind.
#[derive(Clone, Debug)]
pub(crate) struct ClaimNote {
    pub(crate) start: i64,
    pub(crate) end: i64,
    /// The log as the claimer saw it.
    pub(crate) view: View,
    /// The keys of all its objects.
    pub(crate) keys: Vec<String>,
    /// What it says, as plain JSON.
    pub(crate) body: Value,
}

impl ClaimNote {
    pub(crate) fn read(partition: Partition, put: &Put) -> Option<Self> {
        let body: Value = serde_json::from_slice(&put.upload.body).ok()?;
        let (start, end) = (body["start"].as_i64()?, body["end"].as_i64()?);
        let ours = body["zone"] == "z" && body["partition"] == partition.0;
        if !ours || end <= start || start < 0 {
            return None;
        }
        let suffix = match body["files"]["compression"].as_str()? {
            "none" => "jsonl",
            "gzip" => "jsonl.gz",
            "zstd" => "jsonl.zst",
            _ => return None,
        };
        let name = format!("{partition:05}-{start:020}");
        let dates = body["dates"].as_array()?.iter();
        let dates: Option<Vec<&str>> = dates.map(|date| date["date"].as_str()).collect();
        let mut keys: Vec<String> = dates?
            .iter()
            .map(|date| format!("p/dt={date}/{name}.{suffix}"))
            .collect();
        if body["dead_letters"]["records"].as_u64()? > 0 {
            keys.push(format!("_control/p/dead-letters/{name}.jsonl"));
        }
        let view = put.view;
        Some(Self {
            start,
            end,
            view,
            keys,
            body,
        })
    }

    pub(crate) fn keeps_tombstones(&self) -> bool {
        self.body["files"]["keep_tombstones"] == true
    }

    /// What the claim says of the object at this key: number of records, their hash, and the
    /// SHA-256 of the body.
    pub(crate) fn says_of(&self, key: &str) -> (u64, &str, &str) {
        let mut dates = self.body["dates"].as_array().into_iter().flatten();
        let is_at = |date: &&Value| {
            key.starts_with(&format!(
                "p/dt={}/",
                date["date"].as_str().unwrap_or_default()
            ))
        };
        let said = dates.find(is_at).unwrap_or(&self.body["dead_letters"]);
        (
            said["records"].as_u64().unwrap_or_default(),
            said["hash"].as_str().unwrap_or_default(),
            said["body"]["sha256"].as_str().unwrap_or_default(),
        )
    }

    pub(crate) fn all_records(&self) -> u64 {
        let mut dates = self.body["dates"].as_array().into_iter().flatten();
        let records: u64 = dates
            .by_ref()
            .filter_map(|date| date["records"].as_u64())
            .sum();
        let letters = self.body["dead_letters"]["records"].as_u64();
        records + letters.unwrap_or_default() + self.body["tombstones"].as_u64().unwrap_or_default()
    }
}
