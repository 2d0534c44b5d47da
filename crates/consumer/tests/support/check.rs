//! The independent checker: a raw dump of the topic against the full list of the bucket.
//!
//! It knows the documented key layout and nothing of the consumer's code.
//! Invariant: a record is fine only when exactly one object holds it, byte for byte, under the date of its Kafka timestamp.

use std::{collections::BTreeMap, time::Duration};

use rdkafka::{
    ClientConfig, Message, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
};

use super::{BUCKET, PARTITIONS, TOPIC, World};

/// What the dump found at (partition, offset): timestamp and value.
pub type Dump = BTreeMap<(i32, i64), (i64, Option<Vec<u8>>)>;

/// The verdict.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    pub records: usize,
    pub missing: Vec<(i32, i64)>,
    pub duplicate: Vec<(i32, i64)>,
    pub wrong: Vec<String>,
    pub unknown: Vec<String>,
}

/// Dumps the topic with a client of its own.
pub fn dump(world: &World) -> Dump {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", world.broker.bootstrap_servers())
        .set("group.id", "checker")
        .set("enable.auto.commit", "false")
        .create()
        .unwrap();
    let mut list = TopicPartitionList::new();
    let mut left = 0;
    for partition in 0..PARTITIONS {
        let (low, high) = consumer
            .fetch_watermarks(TOPIC, partition, Duration::from_secs(10))
            .unwrap();
        assert_eq!(low, 0, "the mock cluster has dropped records");
        left += usize::try_from(high - low).unwrap();
        list.add_partition_offset(TOPIC, partition, Offset::Offset(low))
            .unwrap();
    }
    consumer.assign(&list).unwrap();
    let mut dump = Dump::new();
    for _ in 0..100_000 {
        if dump.len() == left {
            return dump;
        }
        let Some(message) = consumer.poll(Duration::from_secs(1)) else {
            continue;
        };
        let message = message.unwrap();
        let record = (
            message.timestamp().to_millis().unwrap(),
            message.payload().map(<[u8]>::to_vec),
        );
        dump.insert((message.partition(), message.offset()), record);
    }
    panic!("the topic could not be dumped: {} of {left}", dump.len());
}

/// Compares all data objects with the dump.
pub fn verdict(world: &World) -> Verdict {
    let mut dump = dump(world);
    let mut verdict = Verdict {
        records: dump.len(),
        ..Verdict::default()
    };
    let mut seen = BTreeMap::<(i32, i64), usize>::new();
    for key in world.data_keys() {
        let Some((date, place)) = parse(&key) else {
            verdict.unknown.push(key);
            continue;
        };
        let Some((timestamp, value)) = dump.get(&place) else {
            verdict.unknown.push(key);
            continue;
        };
        *seen.entry(place).or_default() += 1;
        let day = chrono::DateTime::from_timestamp_millis(*timestamp)
            .unwrap()
            .format("%Y-%m-%d")
            .to_string();
        let mut expected = value.clone().unwrap_or_default();
        expected.push(b'\n');
        let body = world.s3.object(BUCKET, &key).unwrap().body;
        if date != day || body != expected {
            verdict.wrong.push(key);
        }
    }
    for (place, count) in seen {
        dump.remove(&place);
        if count > 1 {
            verdict.duplicate.push(place);
        }
    }
    verdict.missing = dump.into_keys().collect();
    verdict
}

/// Asserts that each of `records` records is in exactly one object.
pub fn exactly_once(world: &World, records: usize) {
    assert_eq!(
        verdict(world),
        Verdict {
            records,
            ..Verdict::default()
        }
    );
}

/// `stock-market/json/dt=2026-11-21/00003-00000000000000000042.json`
fn parse(key: &str) -> Option<(&str, (i32, i64))> {
    let (date, name) = key.strip_prefix("stock-market/json/dt=")?.split_once('/')?;
    let (partition, offset) = name.strip_suffix(".json")?.split_once('-')?;
    Some((date, (partition.parse().ok()?, offset.parse().ok()?)))
}
