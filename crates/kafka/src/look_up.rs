//! Questions to Kafka outside of the group membership: log ends, committed offsets, single records,
//! offsets by time.
//!
//! A second client with the same group id that never subscribes, so that answers do not depend on
//! who owns a partition. Calls block; the event loop runs them on the blocking pool. Nothing here
//! writes. Invariant: under `read_committed` the end of a log is its last stable offset, the same
//! end the member gets to.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use landing::{Offset, anchor::Reading, record::ValueHash};
use rdkafka::{
    Message, TopicPartitionList,
    config::FromClientConfigAndContext,
    consumer::{BaseConsumer, Consumer},
    error::{KafkaError, RDKafkaErrorCode},
    producer::{BaseProducer, Producer},
};

use crate::{complaints::LookUpContext, settings};

/// How long one question may take.
const QUESTION: Duration = Duration::from_secs(10);

/// A client for questions about one topic and one group.
pub struct LookUp {
    client: BaseConsumer<LookUpContext>,
    topic: String,
    /// Reading single records changes the client's assignment: one at a time.
    reading: Mutex<()>,
}

/// Why no broker answers, in the client's words.
///
/// rdkafka's consumer drops the text of an error event and keeps its code; its producer hands the
/// text to the context. So a producer that sends nothing is made for the question.
pub fn complaint(settings: &settings::KafkaSettings) -> Option<String> {
    let config = settings::client_config(settings);
    let client: BaseProducer<LookUpContext> =
        BaseProducer::from_config_and_context(&config, LookUpContext::default()).ok()?;
    let asked = Instant::now();
    while asked.elapsed() < Duration::from_secs(3) {
        client.poll(Duration::from_millis(50));
        if let Some(complaint) = client.context().complaints.last() {
            return Some(complaint);
        }
    }
    None
}

/// A broker as the cluster advertises it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broker {
    pub host: String,
    pub port: u16,
}

/// What the cluster says about the topic.
pub struct TopicFacts {
    pub partitions: Vec<i32>,
    pub brokers: Vec<Broker>,
}

impl LookUp {
    /// Makes the client; connects when first asked.
    pub fn new(settings: &settings::KafkaSettings, topic: &str) -> Result<Self> {
        let mut config = settings::client_config(settings);
        config
            .set("client.id", "consumer-look-up")
            .set("queued.min.messages", "1")
            .set("fetch.message.max.bytes", "65536");
        let client = BaseConsumer::from_config_and_context(&config, LookUpContext::default())
            .map_err(|error| settings::config_error(&error))?;
        Ok(Self {
            client,
            topic: topic.to_owned(),
            reading: Mutex::new(()),
        })
    }

    /// Partitions of the topic (none when there is no such topic) and the brokers.
    pub fn topic(&self, timeout: Duration) -> Result<TopicFacts, KafkaError> {
        let metadata = self.client.fetch_metadata(Some(&self.topic), timeout)?;
        let topic = metadata
            .topics()
            .iter()
            .find(|topic| topic.name() == self.topic);
        let known = topic.filter(|topic| topic.error().is_none());
        if let Some(error) = topic
            .and_then(|topic| topic.error())
            .map(RDKafkaErrorCode::from)
            && !matches!(
                error,
                RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic
            )
        {
            return Err(KafkaError::MetadataFetch(error));
        }
        let mut partitions: Vec<i32> = known
            .map(|topic| {
                topic
                    .partitions()
                    .iter()
                    .map(|partition| partition.id())
                    .collect()
            })
            .unwrap_or_default();
        partitions.sort_unstable();
        let brokers = metadata.brokers().iter();
        let brokers = brokers.map(|broker| Broker {
            host: broker.host().to_owned(),
            port: u16::try_from(broker.port()).unwrap_or(0),
        });
        Ok(TopicFacts {
            partitions,
            brokers: brokers.collect(),
        })
    }

    /// The cluster's id, where it has one.
    pub fn cluster_id(&self) -> Option<String> {
        self.client
            .client()
            .fetch_cluster_id(QUESTION)
            .filter(|id| !id.is_empty())
    }

    /// First offset and last stable offset of the log.
    pub fn log_ends(&self, partition: i32) -> Result<(Offset, Offset)> {
        let (low, high) = self
            .client
            .fetch_watermarks(&self.topic, partition, QUESTION)
            .with_context(|| format!("the ends of {}[{partition}] cannot be had", self.topic))?;
        Ok((Offset(low), Offset(high)))
    }

    /// The group's committed next offset and metadata of each partition that has one.
    pub fn committed(&self, partitions: &[i32]) -> Result<Vec<(i32, Offset, String)>> {
        let mut list = TopicPartitionList::new();
        for partition in partitions {
            list.add_partition(&self.topic, *partition);
        }
        let answer = self
            .client
            .committed_offsets(list, QUESTION)
            .context("the group's committed offsets cannot be had")?;
        let mut committed = Vec::new();
        for element in answer.elements() {
            element.error().with_context(|| {
                format!(
                    "the committed offset of partition {} cannot be had",
                    element.partition()
                )
            })?;
            if let rdkafka::Offset::Offset(offset) = element.offset() {
                // The client panics on metadata that is not UTF-8; then it is not ours.
                let metadata = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                    element.metadata().to_owned()
                }));
                committed.push((
                    element.partition(),
                    Offset(offset),
                    metadata.unwrap_or_default(),
                ));
            }
        }
        Ok(committed)
    }

    /// The first offset whose timestamp is at or after `millis`; the log's end when there is none.
    pub fn offset_at(&self, partition: i32, millis: i64) -> Result<Option<Offset>> {
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(&self.topic, partition, rdkafka::Offset::Offset(millis))?;
        let answer = self
            .client
            .offsets_for_times(list, QUESTION)
            .context("the offset at --start cannot be had")?;
        match answer
            .find_partition(&self.topic, partition)
            .map(|element| element.offset())
        {
            Some(rdkafka::Offset::Offset(offset)) => Ok(Some(Offset(offset))),
            _ => Ok(None),
        }
    }

    /// What Kafka holds at `offset` now; `ends` are the log's ends.
    pub fn read(&self, partition: i32, offset: Offset, ends: (Offset, Offset)) -> Result<Reading> {
        if offset >= ends.1 {
            return Ok(Reading::BeyondEnd);
        }
        if offset < ends.0 {
            return Ok(Reading::Gone);
        }
        let _one_at_a_time = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(&self.topic, partition, rdkafka::Offset::Offset(offset.0))?;
        self.client
            .assign(&list)
            .context("the look-up client cannot be assigned")?;
        let reading = self.first_record(partition, offset);
        self.client
            .unassign()
            .context("the look-up client cannot be unassigned")?;
        reading
    }

    fn first_record(&self, partition: i32, offset: Offset) -> Result<Reading> {
        let deadline = Instant::now() + QUESTION;
        while Instant::now() < deadline {
            match self.client.poll(Duration::from_millis(100)) {
                Some(Ok(message)) if message.partition() == partition => {
                    if message.offset() != offset.0 {
                        return Ok(Reading::Gone);
                    }
                    let timestamp = message
                        .timestamp()
                        .to_millis()
                        .filter(|millis| *millis >= 0);
                    return Ok(Reading::Holds(timestamp, ValueHash::of(message.payload())));
                }
                // The end without a record: what was there is compacted away, or was aborted. An
                // end that is not behind it comes from a broker that lags, and the record is yet to
                // come.
                Some(Err(KafkaError::PartitionEOF(_))) if self.is_behind(offset) => {
                    return Ok(Reading::Gone);
                }
                Some(Err(KafkaError::MessageConsumption(RDKafkaErrorCode::AutoOffsetReset))) => {
                    bail!("the ends of partition {partition} moved while it was looked at")
                }
                _ => {}
            }
        }
        bail!(
            "offset {offset} of partition {partition} could not be read within {} s",
            QUESTION.as_secs()
        )
    }

    /// Whether the end that the client has just reported lies behind this offset.
    fn is_behind(&self, offset: Offset) -> bool {
        let end = self.client.context().end.take();
        end.is_none_or(|end| end > offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_cluster::TestCluster;

    #[test]
    fn a_record_that_the_answering_broker_does_not_show_yet_is_waited_for() {
        // Bug: the end of a log that lags was taken for a record that is gone, and its anchor was
        // not compared.
        let cluster = TestCluster::start();
        cluster.append(2);
        let look_up = LookUp::new(&cluster.settings, "t").unwrap();
        let ends = (Offset(0), Offset(3));
        let reading = std::thread::scope(|scope| {
            let reading = scope.spawn(|| look_up.read(0, Offset(2), ends));
            std::thread::sleep(Duration::from_secs(1));
            cluster.append(1);
            reading.join().unwrap().unwrap()
        });
        let Reading::Holds(_, value) = reading else {
            panic!("{reading:?}")
        };
        assert_eq!(value, ValueHash::of(Some(b"{}")));
    }
}
