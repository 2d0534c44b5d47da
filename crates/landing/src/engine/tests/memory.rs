//! The memory of the batched layouts, with as many partitions and as slow a store as it gets.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use super::*;
use crate::{
    chain::{Batching, Encoded, EncodedFile, Rotation},
    claim::{ClaimedBody, FileRules},
    extent::{self, ExtentRules},
    format::Format,
    partition_by::DatePartition,
};

const PARTITIONS: i32 = 64;
const MEMORY: usize = 16 << 20;
/// Records that are delivered at a time.
const ARENA: i64 = 500;
/// What is taken in before a pause is heard of, and the chunks that are begun for it.
const SLACK: usize = 1 << 20;
const VALUE: &[u8; 200] = &[b' '; 200];

fn value() -> Vec<u8> {
    [b"{}", &VALUE[..]].concat()
}

/// Batches of plain lines, which are as large as their records.
fn by(max_bytes: usize, expected_ratio: f64) -> Settings {
    let files = FileRules {
        compression: "none".into(),
        level: None,
        csv_header: false,
        metadata_columns: false,
        schema: None,
        keep_tombstones: false,
    };
    Settings {
        memory_bytes: MEMORY,
        layout: ObjectLayout::Batched(Arc::new(Batching {
            files,
            format: Format::Jsonl,
            max_records: 1_000_000,
            max_bytes,
            max_age: Duration::from_secs(3_600),
            max_idle: Duration::from_secs(3_600),
            max_encoding: 2,
            expected_ratio,
        })),
        ..settings()
    }
}

/// What an encoder of plain lines does; each value stands there so many times.
fn encode(extent: &Encode, times: usize) -> Encoded {
    let rules = ExtentRules {
        topic: "t",
        partition_by: &PartitionBy::Timestamp,
        granularity: Granularity::Day,
        classifier: Classifier::NEWEST,
        keep_tombstones: false,
    };
    let mut bodies: BTreeMap<DatePartition, (u64, Vec<u8>)> = BTreeMap::new();
    let write = |date: &DatePartition, record: &Record<'_>| {
        let (records, body) = bodies.entry(date.clone()).or_default();
        *records += 1;
        (0..times).for_each(|_| body.extend_from_slice(record.value.unwrap()));
        Ok(())
    };
    let contents = extent::lay_out(extent.batch.records(), &rules, extent.end, None, write);
    let bodies = bodies.into_iter();
    let files = bodies
        .map(|(date, (records, body))| EncodedFile {
            date,
            records,
            claimed: ClaimedBody::of(&body),
            body,
        })
        .collect();
    Encoded {
        contents,
        files,
        ..Encoded::default()
    }
}

/// Engine, encoders and store, which do a thing at a time.
struct Run {
    engine: Engine,
    partitions: i32,
    times: usize,
    paused: bool,
    encoding: VecDeque<Box<Encode>>,
    sent: VecDeque<Upload>,
    /// Bytes of data objects by partition, in order.
    files: BTreeMap<Partition, Vec<usize>>,
    /// The most memory that was in use.
    peak: usize,
}

impl Run {
    fn new(partitions: i32, settings: Settings, times: usize) -> Self {
        let mut engine = Engine::new(settings);
        for partition in (0..partitions).map(Partition) {
            engine.assigned(partition);
            let [Action::Inspect { generation, .. }] = actions(&mut engine)[..] else {
                panic!("no inspection")
            };
            engine.inspected(partition, generation, &anchored(0));
            actions(&mut engine);
            engine.started(partition, generation);
        }
        Self {
            engine,
            partitions,
            times,
            paused: false,
            encoding: VecDeque::new(),
            sent: VecDeque::new(),
            files: BTreeMap::new(),
            peak: 0,
        }
    }

    fn deliver(&mut self, partition: Partition, start: i64) {
        let value = value();
        for offset in start..start + ARENA {
            self.engine.record(&Record {
                partition,
                value: Some(&value),
                ..record(offset)
            });
        }
    }

    fn act(&mut self) {
        while let Some(action) = self.engine.poll_action() {
            match action {
                Action::Pause => self.paused = true,
                Action::Resume => self.paused = false,
                Action::Encode(extent) => self.encoding.push_back(extent),
                Action::Upload(upload) => self.sent.push_back(upload),
                _ => {}
            }
        }
        assert_memory_adds_up(&self.engine);
        self.peak = self.peak.max(self.engine.buffered_bytes());
    }

    /// One extent is encoded, or else one upload is answered; gives whether there was anything to
    /// do.
    fn step(&mut self) -> bool {
        if let Some(extent) = self.encoding.pop_front() {
            let encoded = encode(&extent, self.times);
            self.engine.encoded(extent, encoded);
        } else if let Some(upload) = self.sent.pop_front() {
            if let UploadKind::File(_) = upload.id.kind {
                let files = self.files.entry(upload.id.partition).or_default();
                files.push(upload.body.len());
            }
            self.engine.upload_finished(upload.id, Outcome::Stored);
        } else {
            return false;
        }
        self.act();
        true
    }

    /// Delivers so many arenas to each partition. With a slow store nothing is answered but during
    /// pauses.
    fn land(&mut self, arenas: i64, slow: bool) {
        for start in (0..arenas).map(|arena| arena * ARENA) {
            for partition in (0..self.partitions).map(Partition) {
                self.deliver(partition, start);
                self.act();
                while self.paused {
                    assert!(self.step(), "it is paused, and nothing is under way");
                }
                while !slow && self.step() {}
            }
        }
        (0..self.partitions).for_each(|partition| self.engine.flush(Partition(partition)));
        self.act();
        while self.step() {}
    }
}

#[test]
fn records_and_files_of_64_partitions_together_never_exceed_the_memory_however_slow_the_store_is() {
    for (expected_ratio, times) in [(1.0, 1), (0.5, 1), (1.0, 3)] {
        let mut run = Run::new(PARTITIONS, by(64 << 20, expected_ratio), times);
        run.land(20, true);
        let landed: usize = run.files.values().flatten().sum();
        let all = 20 * ARENA as usize * PARTITIONS as usize * value().len() * times;
        assert_eq!(landed, all);
        assert_eq!(run.engine.buffered_bytes(), 0);
        assert!(landed > 6 * MEMORY, "the memory was used often");
        // A guess that is too low costs what it is too low by, until the first extent has shown
        // better.
        let wrong_guess = if times as f64 > expected_ratio {
            MEMORY
        } else {
            0
        };
        let most = MEMORY + SLACK + wrong_guess;
        assert!(
            run.peak <= most,
            "{} bytes of {most} at {expected_ratio}, {times}",
            run.peak
        );
        assert!(
            run.engine
                .counts()
                .rotations
                .contains_key(&Rotation::Memory)
        );
    }
}

#[test]
fn after_the_first_extent_files_are_as_large_as_they_are_wanted() {
    for (expected_ratio, times) in [(1.0, 1), (0.3, 1), (2.0, 1), (1.0, 2)] {
        let wanted = 1_000_000;
        let mut run = Run::new(4, by(wanted, expected_ratio), times);
        run.land(60, false);
        // The first one of each partition may be closed by the guess, and the last one has what was
        // left.
        let between = |files: Vec<usize>| files[1..files.len() - 1].to_vec();
        let mut files: Vec<usize> = run.files.into_values().flat_map(between).collect();
        assert!(files.len() > 8, "{files:?}");
        let near = |bytes: &usize| (0.7..=1.3).contains(&(*bytes as f64 / wanted as f64));
        files.retain(|bytes| !near(bytes));
        assert!(files.is_empty(), "{files:?} at {expected_ratio}, {times}");
    }
}
