//! What one process is told: the plan's common part, and in the batched layouts settings that
//! change with each restart.
//!
//! Not here: what all processes of a zone have in common (`plan`).
//! Only what a zone does not pin differs between processes.

use std::{sync::Arc, time::Duration};

use fastrand::Rng;
use landing::{Format, Settings, chain::Batching, claim::FileRules, engine::ObjectLayout};
use schema::Classifier;

use crate::{
    plan::{COMMIT_INTERVAL, DRAIN_DEADLINE, Plan},
    record::TOPIC,
    worker::Worker,
};

/// The most records of an extent in the schedules.
pub(crate) const MAX_RECORDS: u64 = 20;

impl Plan {
    /// A process that starts.
    pub(crate) fn worker(&self, rng: &mut Rng) -> Worker {
        Worker {
            earlier: self.upgrading && rng.bool(),
            ..Worker::new(self.settings(rng))
        }
    }

    fn settings(&self, rng: &mut Rng) -> Settings {
        let layout = match self.batched {
            true => ObjectLayout::Batched(Arc::new(batching(rng))),
            false => ObjectLayout::PerRecord,
        };
        let memory_bytes = match self.batched {
            false => self.memory_bytes,
            // Less than a single record takes up, or as much as some extents.
            true if rng.u8(0..5) < 2 => rng.usize(200..4_000),
            true => rng.usize(20_000..120_000),
        };
        Settings {
            prefix: "p".parse().unwrap(),
            zone_id: "z".into(),
            commit_zone: "z".into(),
            topic: TOPIC.into(),
            partition_by: self.layout.partition_by.clone(),
            granularity: self.layout.granularity,
            classifier: Classifier::NEWEST,
            check_columns: None,
            tombstones: self.layout.tombstones,
            on_gap: self.on_gap,
            max_in_flight: self.max_in_flight,
            memory_bytes,
            commit_interval: COMMIT_INTERVAL,
            drain_deadline: DRAIN_DEADLINE,
            layout,
        }
    }
}

fn batching(rng: &mut Rng) -> Batching {
    let compressions = ["none", "gzip", "zstd"];
    Batching {
        files: FileRules {
            compression: compressions[rng.usize(0..3)].into(),
            level: rng.bool().then(|| rng.i32(1..=9)),
            csv_header: rng.bool(),
            metadata_columns: rng.bool(),
            schema: rng.bool().then(|| format!("schema-{}", rng.u8(0..3))),
            keep_tombstones: rng.bool(),
        },
        format: Format::Jsonl,
        max_records: rng.u64(1..=MAX_RECORDS),
        max_bytes: rng.usize(200..6_000),
        max_age: Duration::from_millis(rng.u64(20..200)),
        max_idle: Duration::from_millis(rng.u64(10..100)),
        max_encoding: rng.usize(1..=2),
        expected_ratio: rng.f64() * 4.0 + 0.1,
    }
}
