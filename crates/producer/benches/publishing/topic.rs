//! The topics of a run, each made for one process and removed when its value is dropped, and what
//! they contain.
//!
//! Two topics have equal contents when each partition holds the same keys, values and headers in
//! the same order.

use std::{
    collections::hash_map::DefaultHasher,
    hash::{Hash, Hasher},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use bench::{
    clock::run_name,
    topics::{TopicAdmin, client_config},
};
use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    message::{BorrowedMessage, Headers, Message},
};

pub(crate) const PARTITIONS: i32 = 6;
const PATIENCE: Duration = Duration::from_secs(30);

/// Makes topics at one broker.
pub(crate) struct Topics {
    pub(crate) admin: TopicAdmin,
    prefix: String,
    made: AtomicU64,
}

/// A topic that is removed when this value is dropped.
pub(crate) struct Topic<'a> {
    pub(crate) name: String,
    admin: &'a TopicAdmin,
}

impl Topics {
    /// # Errors
    /// When no broker answers.
    pub(crate) fn new(servers: &str) -> Result<Self> {
        Ok(Self {
            admin: TopicAdmin::connect(servers)?,
            prefix: run_name()?,
            made: AtomicU64::new(0),
        })
    }

    /// Makes the next topic and waits until it can be written to.
    pub(crate) fn make(&self) -> Result<Topic<'_>> {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}-{number}", self.prefix);
        self.admin.create(&name, PARTITIONS, 1)?;
        let admin = &self.admin;
        let topic = Topic { name, admin };
        admin.wait_for_leaders(&topic.name, PARTITIONS)?;
        Ok(topic)
    }
}

impl Topic<'_> {
    /// A hash of each partition's records in their order. Reads `records` records, and checks that
    /// there are no more.
    pub(crate) fn contents(&self, records: u64) -> Result<Vec<u64>> {
        let consumer: BaseConsumer = client_config(&self.admin.servers)
            .set("group.id", &self.name)
            .set("enable.auto.commit", "false")
            .set("fetch.queue.backoff.ms", "5")
            .create()?;
        let mut assignment = TopicPartitionList::new();
        for partition in 0..PARTITIONS {
            assignment.add_partition_offset(&self.name, partition, Offset::Beginning)?;
        }
        consumer.assign(&assignment)?;
        let mut hashers = vec![DefaultHasher::new(); PARTITIONS as usize];
        for number in 0..records {
            let record = consumer.poll(PATIENCE);
            let record =
                record.with_context(|| format!("only {number} records in the topic"))??;
            hash(&record, &mut hashers[record.partition() as usize]);
        }
        let mut ends = 0;
        for partition in 0..PARTITIONS {
            let (_, end) = consumer.fetch_watermarks(&self.name, partition, PATIENCE)?;
            ends += end;
        }
        ensure!(
            ends == i64::try_from(records)?,
            "{ends} records in the topic, not {records}"
        );
        Ok(hashers.iter().map(Hasher::finish).collect())
    }
}

fn hash(record: &BorrowedMessage<'_>, hasher: &mut DefaultHasher) {
    (record.key(), record.payload()).hash(hasher);
    for header in record.headers().iter().flat_map(|headers| headers.iter()) {
        (header.key, header.value).hash(hasher);
    }
}

impl Drop for Topic<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.admin.remove(&[&self.name]) {
            eprintln!("{error:#}");
        }
    }
}
