//! When the batches of a steady stream close, and how many records they hold.
//!
//! Records are taken to come evenly; those of a bursty topic make larger batches, and fewer. Not
//! here: the first batch of a run, which closes early to learn the size of the output.

use landing::extent::MAX_EXTENT_BYTES;
use serde::Serialize;

use crate::stream::{BatchedFiles, LandingSettings, RecordStream};

/// What closes the batches of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClosedBy {
    /// `--max-age`
    MaxAge,
    /// `--max-idle`
    MaxIdle,
    /// `--max-records`
    MaxRecords,
    /// `--max-bytes`
    MaxBytes,
    /// 64 MiB of records, which no claim may exceed.
    LargestExtent,
    /// `--memory`
    Memory,
}

impl ClosedBy {
    /// The flag, or what it is.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MaxAge => "--max-age",
            Self::MaxIdle => "--max-idle",
            Self::MaxRecords => "--max-records",
            Self::MaxBytes => "--max-bytes",
            Self::LargestExtent => "64 MiB of records",
            Self::Memory => "--memory",
        }
    }
}

/// The batches of one topic partition.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct BatchCycle {
    /// Records in a batch; at least 1.
    pub records: f64,
    /// Seconds from one batch's first record to the next one's.
    pub seconds: f64,
    /// Seconds from its first record until it closes.
    pub open_seconds: f64,
    /// What closes it.
    pub closed_by: ClosedBy,
}

impl BatchCycle {
    /// The batches that a stream makes.
    #[must_use]
    pub fn of(stream: &RecordStream, landing: &LandingSettings, files: &BatchedFiles) -> Self {
        let interval = f64::from(stream.partitions) / stream.per_second;
        if interval > landing.max_idle.min(landing.max_age) {
            let (open_seconds, closed_by) = match landing.max_idle < landing.max_age {
                true => (landing.max_idle, ClosedBy::MaxIdle),
                false => (landing.max_age, ClosedBy::MaxAge),
            };
            return Self {
                records: 1.0,
                seconds: interval,
                open_seconds,
                closed_by,
            };
        }
        let by_age = (landing.max_age / interval).floor() + 1.0;
        let mut closest = (by_age, ClosedBy::MaxAge);
        for (records, closed_by) in [
            (landing.max_records, ClosedBy::MaxRecords),
            (
                landing.max_bytes / (stream.record_bytes * files.ratio),
                ClosedBy::MaxBytes,
            ),
            (
                MAX_EXTENT_BYTES as f64 / stream.record_bytes,
                ClosedBy::LargestExtent,
            ),
            (records_in_memory(stream, landing, files), ClosedBy::Memory),
        ] {
            let records = records.ceil().max(1.0);
            if records < closest.0 {
                closest = (records, closed_by);
            }
        }
        let (records, closed_by) = closest;
        Self {
            records,
            seconds: records * interval,
            open_seconds: match closed_by {
                ClosedBy::MaxAge => landing.max_age,
                _ => (records - 1.0) * interval,
            },
            closed_by,
        }
    }
}

/// About how many records a batch has when the memory closes it.
///
/// Batches get half of `--memory`. When it is used up, the largest ones close until the others hold
/// at most half of it. Where all partitions get the same, half of them then hold two thirds of
/// their share, which is twice what the others have: at closing a batch has four thirds of an equal
/// share. A single partition has all of it.
fn records_in_memory(
    stream: &RecordStream,
    landing: &LandingSettings,
    files: &BatchedFiles,
) -> f64 {
    let partitions = f64::from(stream.partitions);
    let share = match stream.partitions {
        1 => 1.0,
        _ => 4.0 / 3.0 / partitions,
    };
    let of_record = stream.record_bytes * (1.0 + files.ratio) + RECORD_OVERHEAD;
    landing.memory / 2.0 * share / of_record
}

/// Memory of a record besides its value: its place, key and ends in the arena.
const RECORD_OVERHEAD: f64 = 56.0;

#[cfg(test)]
mod tests {
    use landing::{Format, partition_by::Granularity};

    use super::*;

    fn cycle(per_second: f64, change: impl FnOnce(&mut LandingSettings)) -> BatchCycle {
        let stream = RecordStream {
            per_second,
            record_bytes: 200.0,
            partitions: 4,
        };
        let files = BatchedFiles {
            format: Format::Jsonl,
            compression: "gzip".to_owned(),
            ratio: 0.25,
        };
        let mut landing = LandingSettings {
            max_records: 1e6,
            max_bytes: f64::from(16 << 20),
            max_age: 300.0,
            max_idle: 30.0,
            memory: 1e12,
            concurrency: 64.0,
            granularity: Granularity::Day,
        };
        change(&mut landing);
        BatchCycle::of(&stream, &landing, &files)
    }

    #[test]
    fn each_limit_closes_the_batches_where_it_comes_first() {
        let found = |cycle: BatchCycle| (cycle.records, cycle.closed_by);
        // One record in a partition every 4 s: 76 of them from 0 s to 300 s.
        assert_eq!(found(cycle(1.0, |_| {})), (76.0, ClosedBy::MaxAge));
        assert_eq!(cycle(1.0, |_| {}).seconds, 304.0);
        // One every 40 s.
        let idle = cycle(0.1, |_| {});
        assert_eq!(found(idle), (1.0, ClosedBy::MaxIdle));
        assert_eq!((idle.seconds, idle.open_seconds), (40.0, 30.0));
        let old = cycle(0.1, |landing| landing.max_age = 10.0);
        assert_eq!((old.open_seconds, old.closed_by), (10.0, ClosedBy::MaxAge));
        let few = cycle(100.0, |landing| landing.max_records = 70.0);
        assert_eq!(found(few), (70.0, ClosedBy::MaxRecords));
        let small = cycle(100.0, |landing| landing.max_bytes = 5_000.0);
        assert_eq!(found(small), (100.0, ClosedBy::MaxBytes));
        let large = cycle(1e6, |landing| landing.max_bytes = 1e12);
        assert_eq!(found(large), (335_545.0, ClosedBy::LargestExtent));
        let memory = cycle(1e6, |landing| landing.memory = f64::from(64 << 20));
        assert_eq!(memory.closed_by, ClosedBy::Memory);
        assert!((memory.records - 36_552.0).abs() < 0.5, "{memory:?}");
    }
}
