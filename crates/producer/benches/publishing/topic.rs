//! The topics of a run: each is made for one process and removed with its value; and what lies in
//! one.
//!
//! Invariant: two topics have equal contents when each partition holds the same keys, values and
//! headers in the same order.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, anyhow, bail, ensure};
use futures::executor::block_on;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{BorrowedMessage, Headers, Message};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

pub(crate) const PARTITIONS: i32 = 6;
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(50);

/// Makes topics at one broker.
pub(crate) struct Topics {
    pub(crate) servers: String,
    admin: AdminClient<DefaultClientContext>,
    prefix: String,
    made: AtomicU64,
}

/// A topic that is removed when it goes.
pub(crate) struct Topic<'a> {
    pub(crate) name: String,
    topics: &'a Topics,
}

impl Topics {
    /// # Errors
    /// When no broker answers.
    pub(crate) fn new(servers: &str) -> Result<Topics> {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", servers);
        let admin: AdminClient<_> = config.create()?;
        admin
            .inner()
            .fetch_metadata(None, PATIENCE)
            .with_context(|| {
                format!("no broker answers at {servers}: run infra/local/kafka.sh start")
            })?;
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
        Ok(Topics {
            servers: servers.to_owned(),
            admin,
            prefix: format!("bench-{}-{}", now.as_millis(), std::process::id()),
            made: AtomicU64::new(0),
        })
    }

    /// Makes the next topic, and waits until each partition has a leader.
    pub(crate) fn make(&self) -> Result<Topic<'_>> {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}-{number}", self.prefix);
        let new = NewTopic::new(&name, PARTITIONS, TopicReplication::Fixed(1));
        let options = AdminOptions::new().operation_timeout(Some(PATIENCE));
        for made in block_on(self.admin.create_topics([&new], &options))? {
            made.map_err(|(name, code)| anyhow!("cannot make topic {name}: {code}"))?;
        }
        let topic = Topic { name, topics: self };
        let began = Instant::now();
        while !topic.is_led()? {
            if began.elapsed() > PATIENCE {
                bail!("topic {} has no leaders", topic.name);
            }
            std::thread::sleep(PAUSE);
        }
        Ok(topic)
    }
}

impl Topic<'_> {
    fn is_led(&self) -> Result<bool> {
        let client = self.topics.admin.inner();
        let metadata = client.fetch_metadata(Some(&self.name), PATIENCE)?;
        let partitions = metadata
            .topics()
            .iter()
            .flat_map(|topic| topic.partitions());
        Ok(partitions.filter(|one| one.leader() >= 0).count() == PARTITIONS as usize)
    }

    /// A number for each partition that stands for its records and their order. Reads so many
    /// records, and sees that there are no more.
    pub(crate) fn contents(&self, records: u64) -> Result<Vec<u64>> {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", &self.topics.servers)
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
        let options = AdminOptions::new().operation_timeout(Some(PATIENCE));
        let removed = block_on(self.topics.admin.delete_topics(&[&self.name], &options));
        if !matches!(removed.as_deref(), Ok([Ok(_)])) {
            eprintln!("topic {} could not be removed: {removed:?}", self.name);
        }
    }
}
