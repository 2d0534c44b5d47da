//! What the tests of whole runs share: arguments, small files, and the records that are in a topic
//! afterwards.

use std::{
    future::pending,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Parser;
use producer::{Args, Failure, Summary};
use rdkafka::{
    ClientConfig, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    message::{Headers, Message, OwnedMessage},
};
use sandbox::Broker;

pub(crate) const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/indexProcessed.csv");

/// Long enough for any machine; a test that waits for it fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn args(broker: &str, csv: &Path, flags: &[&str]) -> Args {
    let fixed = [
        "producer",
        "--csv",
        csv.to_str().unwrap(),
        "--bootstrap-servers",
        broker,
    ];
    Args::try_parse_from(fixed.iter().chain(flags)).unwrap()
}

pub(crate) async fn run(broker: &Broker, csv: &Path, flags: &[&str]) -> Result<Summary, Failure> {
    producer::run(args(broker.bootstrap_servers(), csv, flags), pending()).await
}

/// The topic's records, partition by partition in the order of their offsets.
pub(crate) fn records(broker: &Broker, topic: &str, partitions: &[u64]) -> Vec<OwnedMessage> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", broker.bootstrap_servers())
        .set("group.id", "reader")
        .create()
        .unwrap();
    let mut assignment = TopicPartitionList::new();
    for partition in 0..partitions.len() {
        let partition = i32::try_from(partition).unwrap();
        assignment
            .add_partition_offset(topic, partition, Offset::Beginning)
            .unwrap();
    }
    consumer.assign(&assignment).unwrap();
    let expected: u64 = partitions.iter().sum();
    let mut all: Vec<OwnedMessage> = (0..expected)
        .map(|_| {
            consumer
                .poll(PATIENCE)
                .expect("a record in time")
                .unwrap()
                .detach()
        })
        .collect();
    assert!(
        consumer.poll(Duration::from_millis(200)).is_none(),
        "more records than acknowledged"
    );
    all.sort_by_key(|record| (record.partition(), record.offset()));
    all
}

pub(crate) fn header(record: &OwnedMessage, name: &str) -> String {
    let headers = record.headers().unwrap();
    let found = headers.iter().find(|header| header.key == name).unwrap();
    String::from_utf8(found.value.unwrap().to_vec()).unwrap()
}

pub(crate) fn file(folder: &tempfile::TempDir, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

/// A small CSV in the form of the tutorial's.
pub(crate) fn small(rows: usize) -> String {
    let row = |at: usize| format!("S{},2001-02-{:02},{at}.5\n", at % 3, at % 28 + 1);
    "Index,Date,Close\n".to_owned() + &(1..=rows).map(row).collect::<String>()
}
