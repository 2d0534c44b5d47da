//! The Kafka of a world: the sandbox's mock cluster, or a real one; and what a test does to topics
//! and groups there.
//!
//! All that is sent is acknowledged before a call returns.

use std::time::Duration;

use futures::executor::block_on;
use rdkafka::{
    ClientConfig, Offset, TopicPartitionList,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
    consumer::{BaseConsumer, CommitMode, Consumer},
    producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer},
};
use sandbox::Broker;

use super::{PARTITIONS, World};

/// Longer than any answer takes.
const ANSWER: Duration = Duration::from_secs(30);

/// One Kafka cluster.
pub(crate) enum Kafka {
    Sandbox(Broker),
    Real(String),
}

/// A Kafka record to be sent.
#[derive(Clone, Copy)]
pub(crate) struct Send<'a> {
    pub(crate) partition: i32,
    pub(crate) value: Option<&'a [u8]>,
}

impl Kafka {
    pub(crate) fn bootstrap_servers(&self) -> &str {
        match self {
            Self::Sandbox(broker) => broker.bootstrap_servers(),
            Self::Real(address) => address,
        }
    }

    pub(crate) fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", self.bootstrap_servers());
        config
    }

    fn admin(&self) -> AdminClient<DefaultClientContext> {
        self.client().create().unwrap()
    }

    /// Makes a topic that keeps its records, with these topic settings; the mock cluster has none.
    pub(crate) fn create_topic(&self, name: &str, partitions: i32, settings: &[(&str, &str)]) {
        if let Self::Sandbox(broker) = self {
            assert!(
                settings.is_empty(),
                "the mock cluster has no topic settings"
            );
            return broker.create_topic(name, partitions).unwrap();
        }
        // Records of a fixed day would be gone within a second under Kafka's usual seven days:
        // retention counts from their timestamps.
        let for_ever =
            NewTopic::new(name, partitions, TopicReplication::Fixed(1)).set("retention.ms", "-1");
        let topic = settings
            .iter()
            .fold(for_ever, |topic, (key, value)| topic.set(key, value));
        let made = block_on(self.admin().create_topics([&topic], &AdminOptions::new()));
        made.unwrap().remove(0).unwrap();
        // The topic is made, but its leaders may not be known yet to the one who asks next.
        self.until_watermarks(name, partitions);
    }

    fn until_watermarks(&self, topic: &str, partitions: i32) {
        let consumer: BaseConsumer = self.client().create().unwrap();
        for partition in 0..partitions {
            super::process::until("a leader of the partition", || {
                consumer.fetch_watermarks(topic, partition, ANSWER).is_ok()
            });
        }
    }

    /// Deletes a topic and waits until it is gone.
    pub(crate) fn delete_topic(&self, name: &str) {
        let deleted = block_on(self.admin().delete_topics(&[name], &AdminOptions::new()));
        deleted.unwrap().remove(0).unwrap();
        let consumer: BaseConsumer = self.client().create().unwrap();
        super::process::until("the topic is gone", || {
            let found = consumer.fetch_metadata(Some(name), ANSWER).unwrap();
            found
                .topics()
                .iter()
                .all(|topic| topic.partitions().is_empty())
        });
    }

    /// Removes the records of a partition below `offset`, as retention does.
    pub(crate) fn delete_records(&self, topic: &str, partition: i32, offset: i64) {
        let mut before = TopicPartitionList::new();
        before
            .add_partition_offset(topic, partition, Offset::Offset(offset))
            .unwrap();
        let deleted = block_on(self.admin().delete_records(&before, &AdminOptions::new()));
        assert_eq!(
            deleted.unwrap().elements()[0].offset(),
            Offset::Offset(offset)
        );
    }

    /// Lets the broker refuse the next question about a group's offsets; only in the sandbox.
    pub(crate) fn refuse_next_group(&self) {
        let Self::Sandbox(broker) = self else {
            panic!("this broker is not in the sandbox")
        };
        let refused = sandbox::RDKafkaRespErr::RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED;
        let fetch = sandbox::RDKafkaApiKey::OffsetFetch;
        broker.fail_requests(fetch, &[refused]).unwrap();
    }

    /// Deletes a group with its committed offsets; it must have no member.
    pub(crate) fn delete_group(&self, group: &str) {
        let deleted = block_on(self.admin().delete_groups(&[group], &AdminOptions::new()));
        deleted.unwrap().remove(0).unwrap();
    }

    /// Commits a next offset for a group that has no member, as `kafka-consumer-groups
    /// --reset-offsets` does.
    pub(crate) fn commit(&self, group: &str, topic: &str, partition: i32, offset: i64) {
        self.commit_with(group, topic, partition, offset, "");
    }

    /// The same with this metadata.
    pub(crate) fn commit_with(
        &self,
        group: &str,
        topic: &str,
        partition: i32,
        offset: i64,
        metadata: &str,
    ) {
        let consumer: BaseConsumer = self.client().set("group.id", group).create().unwrap();
        let mut list = TopicPartitionList::new();
        let mut place = list.add_partition(topic, partition);
        place.set_offset(Offset::Offset(offset)).unwrap();
        place.set_metadata(metadata);
        consumer.commit(&list, CommitMode::Sync).unwrap();
    }

    /// What was written beside the committed offset of a partition.
    pub(crate) fn metadata(&self, group: &str, topic: &str, partition: i32) -> String {
        let consumer: BaseConsumer = self.client().set("group.id", group).create().unwrap();
        let mut asked = TopicPartitionList::new();
        asked.add_partition(topic, partition);
        let found = consumer.committed_offsets(asked, ANSWER).unwrap();
        found.elements()[0].metadata().to_owned()
    }

    /// The committed next offset of each partition.
    pub(crate) fn committed(&self, group: &str, topic: &str, partitions: i32) -> Vec<Option<i64>> {
        let consumer: BaseConsumer = self.client().set("group.id", group).create().unwrap();
        let mut asked = TopicPartitionList::new();
        for partition in 0..partitions {
            asked.add_partition(topic, partition);
        }
        let found = consumer.committed_offsets(asked, ANSWER).unwrap();
        let offset = |offset: Offset| match offset {
            Offset::Offset(offset) => Some(offset),
            _ => None,
        };
        found
            .elements()
            .iter()
            .map(|place| offset(place.offset()))
            .collect()
    }
}

impl World {
    /// Sends records in order and waits until all are acknowledged.
    pub(crate) fn send<'a>(&self, records: impl IntoIterator<Item = Send<'a>>) {
        self.send_at(None, records);
    }

    /// The same with this Kafka timestamp, in milliseconds since 1970 UTC.
    pub(crate) fn send_at<'a>(
        &self,
        timestamp: Option<i64>,
        records: impl IntoIterator<Item = Send<'a>>,
    ) {
        self.send_each(records.into_iter().map(|record| (timestamp, record)));
    }

    /// The same with a Kafka timestamp for each.
    pub(crate) fn send_each<'a>(&self, records: impl IntoIterator<Item = (Option<i64>, Send<'a>)>) {
        let mut config = self.kafka.client();
        config
            .set("compression.type", "lz4")
            .set("linger.ms", "5")
            .set("queue.buffering.max.messages", "0")
            .set("queue.buffering.max.kbytes", "1000000")
            .set("enable.idempotence", "true");
        let producer: ThreadedProducer<DefaultProducerContext> = config.create().unwrap();
        for (timestamp, record) in records {
            let mut message = BaseRecord::<str, [u8]>::to(&self.topic)
                .partition(record.partition)
                .key("k");
            if let Some(value) = record.value {
                message = message.payload(value);
            }
            if let Some(timestamp) = timestamp {
                message = message.timestamp(timestamp);
            }
            producer.send(message).map_err(|(error, _)| error).unwrap();
        }
        producer.flush(ANSWER).unwrap();
        assert_eq!(producer.in_flight_count(), 0);
    }

    /// Sends `count` numbered JSON records, spread over the partitions.
    pub(crate) fn send_numbered(&self, count: usize) {
        self.send_numbered_at(None, count);
    }

    /// The same with this Kafka timestamp, in milliseconds since 1970 UTC.
    pub(crate) fn send_numbered_at(&self, timestamp: Option<i64>, count: usize) {
        let values = numbered(count);
        let place = |n: usize| i32::try_from(n).unwrap() % PARTITIONS;
        let records = values.iter().enumerate().map(|(n, value)| Send {
            partition: place(n),
            value: Some(value.as_bytes()),
        });
        self.send_at(timestamp, records);
    }
}

/// Values of records that can be told apart.
pub(crate) fn numbered(count: usize) -> Vec<String> {
    (0..count)
        .map(|n| {
            format!(
                "{{\"Index\":\"N{n}\",\"Date\":\"2021-0{}-15\",\"n\":{n}}}",
                n % 9 + 1
            )
        })
        .collect()
}
