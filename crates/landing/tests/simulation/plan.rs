//! What one schedule is about: its size, its settings, and the hazards that may meet it. All drawn
//! from the seed.
//!
//! Not here: when things happen (see `events`), and what one process is told (see `settings`).
//! Invariant: a plan is a function of the seed alone.

use std::time::Duration;

use fastrand::Rng;
use landing::{
    Partition,
    engine::Tombstones,
    partition_by::{Granularity, PartitionBy},
    start::OnGap,
};

use crate::record::DateRules;

/// The most partitions of a schedule.
pub(crate) const MAX_PARTITIONS: usize = 3;

/// The most records of one poll.
pub(crate) const BATCH: usize = 4;

/// Time between commits in the schedules.
pub(crate) const COMMIT_INTERVAL: Duration = Duration::from_millis(10);

/// How long a partition has to finish after a revocation, in the schedules.
pub(crate) const DRAIN_DEADLINE: Duration = Duration::from_millis(200);

/// The number of a partition that the model counts by its index.
pub(crate) fn numbered(partition: usize) -> Partition {
    Partition(partition as i32)
}

/// What may happen to the log, the group or the bucket from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hazard {
    Recreation,
    Truncation,
    ForeignObject,
    Retention,
    Compaction,
    RewoundOffset,
    ExpiredOffset,
    AnotherZone,
}

/// The likelihood of each hazard in a schedule, in percent.
const HAZARDS: [(Hazard, u32); 8] = [
    (Hazard::Recreation, 15),
    (Hazard::Truncation, 15),
    (Hazard::ForeignObject, 10),
    (Hazard::Retention, 30),
    (Hazard::Compaction, 40),
    (Hazard::RewoundOffset, 30),
    (Hazard::ExpiredOffset, 30),
    (Hazard::AnotherZone, 15),
];

/// Where a group without offsets begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StartAt {
    Earliest,
    Latest,
}

/// One schedule's size, settings and hazards.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) partitions: usize,
    pub(crate) workers: usize,
    /// Consumer groups that land the topic into the same zone; the workers belong to them in turn.
    pub(crate) deployments: usize,
    /// Whether the group of the first deployment is the one that is derived from the zone.
    pub(crate) derived_group: bool,
    /// Whether some workers are of an earlier version, whose commits name no zone.
    pub(crate) upgrading: bool,
    /// Whether records become extents, or each an object of its own.
    pub(crate) batched: bool,
    /// The most dates of an extent; the product's own limit is more than the model has.
    pub(crate) max_dates: usize,
    /// Whether workers that start later end by themselves when they come to the ends of the logs.
    pub(crate) until_end: bool,
    /// How many events before it heals.
    pub(crate) events: u32,
    pub(crate) layout: DateRules,
    pub(crate) on_gap: OnGap,
    pub(crate) start_at: StartAt,
    pub(crate) max_in_flight: usize,
    pub(crate) memory_bytes: usize,
    pub(crate) hazards: Vec<Hazard>,
}

impl Plan {
    /// Draws a plan.
    pub(crate) fn draw(rng: &mut Rng) -> Self {
        let granularities = [Granularity::Day, Granularity::Hour, Granularity::Year];
        let layout = DateRules {
            partition_by: match rng.u8(0..2) {
                0 => PartitionBy::Timestamp,
                _ => "field:Date".parse().unwrap(),
            },
            granularity: granularities[rng.usize(0..3)],
            tombstones: match rng.u8(0..3) {
                0 => Tombstones::DeadLetter,
                _ => Tombstones::Skip,
            },
        };
        Self {
            partitions: rng.usize(2..=MAX_PARTITIONS),
            workers: rng.usize(2..=3),
            deployments: if rng.u8(0..6) == 0 { 2 } else { 1 },
            derived_group: rng.u8(0..2) == 0,
            upgrading: rng.u8(0..6) == 0,
            batched: rng.u8(0..100) < 60,
            max_dates: if rng.u8(0..3) == 0 {
                rng.usize(1..=4)
            } else {
                usize::MAX
            },
            until_end: rng.bool(),
            events: rng.u32(250..450),
            layout,
            on_gap: match rng.u8(0..2) {
                0 => OnGap::Stop,
                _ => OnGap::Record,
            },
            start_at: match rng.u8(0..3) {
                0 => StartAt::Latest,
                _ => StartAt::Earliest,
            },
            max_in_flight: rng.usize(1..=6),
            memory_bytes: rng.usize(1_500..8_000),
            hazards: HAZARDS
                .iter()
                .filter(|(_, percent)| rng.u32(0..100) < *percent)
                .map(|(hazard, _)| *hazard)
                .collect(),
        }
    }
}
