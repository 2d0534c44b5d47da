//! The independent checker: a raw dump of the topic against the full list of the bucket.
//!
//! It knows the documented key layout and nothing of the consumer's code. A record is fine only
//! when exactly one object holds it, byte for byte, under the date of its Kafka timestamp.

use std::{collections::BTreeMap, time::Duration};

use rdkafka::{
    Message, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    error::KafkaError,
};

use super::{PARTITIONS, PREFIX, World, process};

/// What the dump found at (partition, offset): timestamp and value.
pub(crate) type Dump = BTreeMap<(i32, i64), (i64, Option<Vec<u8>>)>;

/// The verdict.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) records: usize,
    pub(crate) missing: Vec<(i32, i64)>,
    pub(crate) duplicate: Vec<(i32, i64)>,
    pub(crate) wrong: Vec<String>,
    pub(crate) unknown: Vec<String>,
}

/// Dumps what is visible in the topic, with a client of its own.
pub(crate) fn dump(world: &World) -> Dump {
    let mut config = world.kafka.client();
    config
        .set("group.id", "checker")
        .set("enable.auto.commit", "false")
        .set("isolation.level", "read_committed")
        .set("enable.partition.eof", "true")
        .set("auto.offset.reset", "error");
    let consumer: BaseConsumer = config.create().unwrap();
    let mut list = TopicPartitionList::new();
    let mut ends = 0;
    for partition in 0..PARTITIONS {
        list.add_partition_offset(&world.topic, partition, Offset::Beginning)
            .unwrap();
    }
    consumer.assign(&list).unwrap();
    let mut dump = Dump::new();
    for _ in 0..1_000_000 {
        match consumer.poll(Duration::from_secs(1)) {
            None => {}
            Some(Err(KafkaError::PartitionEOF(_))) => ends += 1,
            Some(message) => {
                let message = message.unwrap();
                let record = (
                    message.timestamp().to_millis().unwrap(),
                    message.payload().map(<[u8]>::to_vec),
                );
                dump.insert((message.partition(), message.offset()), record);
            }
        }
        if ends == PARTITIONS {
            return dump;
        }
    }
    panic!("the topic could not be dumped: {} records", dump.len());
}

/// Compares all data objects with the dump.
pub(crate) fn verdict(world: &World) -> Verdict {
    let mut dump = dump(world);
    let mut verdict = Verdict {
        records: dump.len(),
        ..Verdict::default()
    };
    let mut seen = BTreeMap::<(i32, i64), usize>::new();
    let keys = world.data_keys();
    for (key, body) in world.s3.objects(&world.bucket, &keys) {
        let Some((date, place)) = parse(&key) else {
            verdict.unknown.push(key);
            continue;
        };
        let Some((timestamp, value)) = dump.get(&place) else {
            verdict.unknown.push(key);
            continue;
        };
        *seen.entry(place).or_default() += 1;
        let mut expected = value.clone().unwrap_or_default();
        expected.push(b'\n');
        if date != day(*timestamp) || body != expected {
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

/// Asserts that each of `records` records is in exactly one object, and that `consumer verify`
/// agrees.
pub(crate) fn exactly_once(world: &World, records: usize) {
    in_one_object_each(world, records);
    verified(world, PREFIX);
}

/// Asserts that each of `records` records is in exactly one object.
pub(crate) fn in_one_object_each(world: &World, records: usize) {
    assert_eq!(
        verdict(world),
        Verdict {
            records,
            ..Verdict::default()
        }
    );
}

/// Asserts that `consumer verify --deep` has nothing to say against the zone.
pub(crate) fn verified(world: &World, prefix: &str) {
    let common = ["verify", "--bucket", &world.bucket, "--prefix", prefix];
    let flags = ["--topic", &world.topic, "--deep", "--strict"];
    process::start(world, &[&common[..], &flags].concat())
        .wait()
        .ok();
}

/// The UTC day of a Kafka timestamp.
pub(crate) fn day(timestamp: i64) -> String {
    let time = chrono::DateTime::from_timestamp_millis(timestamp).unwrap();
    time.format("%Y-%m-%d").to_string()
}

/// `stock-market/json/dt=2026-11-21/00003-00000000000000000042.json`
fn parse(key: &str) -> Option<(&str, (i32, i64))> {
    let (date, name) = key
        .strip_prefix(PREFIX)?
        .strip_prefix("/dt=")?
        .split_once('/')?;
    let (partition, offset) = name.strip_suffix(".json")?.split_once('-')?;
    Some((date, (partition.parse().ok()?, offset.parse().ok()?)))
}
