//! Questions to Kafka that need no group membership: log ends, committed offsets, single records,
//! offsets by time.
//!
//! A second client asks them. It has the same group id and never subscribes, so that answers do not
//! depend on who owns a partition. Calls block; the event loop runs them on the blocking pool.
//! Nothing here writes. Because the client reads `read_committed`, the end of a log is its last
//! stable offset, the same end that the member reaches.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow, bail};
use landing::{Offset, OffsetRange, Partition, Place, anchor::AnchorReading, record::ValueHash};
use rdkafka::{
    Message, TopicPartitionList,
    config::FromClientConfigAndContext,
    consumer::{BaseConsumer, Consumer},
    error::{KafkaError, RDKafkaErrorCode},
    message::BorrowedMessage,
    metadata::Metadata,
    producer::{BaseProducer, Producer},
};

use crate::{
    complaints::{LookUpContext, partition_list},
    options::Options,
    reach::Address,
    settings::{self, KafkaSettings},
    tokens,
};

/// The longest wait for the answer to one question.
pub const QUESTION: Duration = Duration::from_secs(10);

/// The longest single wait inside the client, which does not end when Kafka refuses us.
const STEP: Duration = Duration::from_secs(1);

/// Events of a client that are taken at once.
const EVENTS: usize = 100;

/// What a broker answers about a group that this user may not describe.
const REFUSED: RDKafkaErrorCode = RDKafkaErrorCode::GroupAuthorizationFailed;

/// A client for questions about one topic and one group.
pub struct LookUp {
    client: BaseConsumer<LookUpContext>,
    options: Options,
    topic: String,
    /// Reading a single record changes the client's assignment, so only one may be read at a time.
    reading: Mutex<()>,
}

/// Why no broker answers, in the client's words. Blocks for up to 3 seconds.
///
/// A consumer that is not asked anything else may have nothing to say yet. So a producer that sends
/// nothing asks the question.
pub(crate) fn complaint(settings: &KafkaSettings) -> Option<String> {
    let config = settings::client_config(settings);
    let context = LookUpContext::new(&settings.options);
    let client: BaseProducer<LookUpContext> =
        BaseProducer::from_config_and_context(&config, context).ok()?;
    let asked = Instant::now();
    while asked.elapsed() < Duration::from_secs(3) {
        client.poll(Duration::from_millis(50));
        if let Some(complaint) = client.context().complaints.last() {
            return Some(complaint);
        }
    }
    None
}

/// What the cluster says about the topic.
pub struct TopicFacts {
    /// In ascending order; empty when the topic does not exist.
    pub partitions: Vec<Partition>,
    /// The brokers as the cluster advertises them.
    pub brokers: Vec<Address>,
}

/// The offset that a group has committed for a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommittedOffset {
    /// Kafka partition.
    pub partition: Partition,
    /// The next offset to read.
    pub next: Offset,
    /// What the committer wrote beside it; empty when it is not UTF-8.
    pub metadata: String,
}

impl LookUp {
    /// Makes the client. It connects at the first question.
    ///
    /// # Errors
    /// When librdkafka refuses the settings.
    pub fn new(settings: &KafkaSettings, topic: &str) -> Result<Self> {
        let mut config = settings::client_config(settings);
        config
            .set("client.id", "consumer-look-up")
            .set("queued.min.messages", "1")
            .set("fetch.message.max.bytes", "65536");
        let context = LookUpContext::new(&settings.options);
        let client = BaseConsumer::from_config_and_context(&config, context)
            .map_err(|error| anyhow!(settings.options.explain(&error)))?;
        Ok(Self {
            client,
            options: settings.options.clone(),
            topic: topic.to_owned(),
            reading: Mutex::new(()),
        })
    }

    /// The client, with a token for the next question if it needs one: it is polled only while it
    /// reads.
    fn client(&self) -> &BaseConsumer<LookUpContext> {
        if let Err(problem) = self.ready() {
            self.client.context().complaints.add(&problem);
        }
        &self.client
    }

    /// Makes sure that the client can say who we are. Blocks for at most 30 seconds.
    ///
    /// # Errors
    /// A sentence when it needs a token, and there is none.
    pub fn ready(&self) -> Result<(), String> {
        tokens::give(self.client.client(), &self.options)
    }

    /// Why Kafka refuses us, in the client's words; `None` as long as it does not.
    #[must_use]
    pub fn refusal(&self) -> Option<String> {
        self.client.context().refusal()
    }

    /// The partitions of the topic and the brokers of the cluster.
    ///
    /// # Errors
    /// When no broker answers within `timeout`, or Kafka refuses to describe the topic; at once
    /// when it refuses us.
    pub fn topic(&self, timeout: Duration) -> Result<TopicFacts, KafkaError> {
        let metadata = self.metadata(timeout)?;
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
        let mut partitions: Vec<Partition> = known
            .map(|topic| {
                topic
                    .partitions()
                    .iter()
                    .map(|partition| Partition(partition.id()))
                    .collect()
            })
            .unwrap_or_default();
        partitions.sort_unstable();
        let brokers = metadata.brokers().iter();
        let brokers = brokers.map(|broker| Address {
            host: broker.host().to_owned(),
            port: u16::try_from(broker.port()).unwrap_or(0),
        });
        Ok(TopicFacts {
            partitions,
            brokers: brokers.collect(),
        })
    }

    /// The metadata; in steps, because the client does not end its wait when Kafka refuses us.
    fn metadata(&self, timeout: Duration) -> Result<Metadata, KafkaError> {
        let until = Instant::now() + timeout;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let step = left.clamp(Duration::from_millis(1), STEP);
            let asked = self.client().fetch_metadata(Some(&self.topic), step);
            let Err(error) = asked else { return asked };
            self.listen();
            if self.refusal().is_some() || Instant::now() >= until {
                return Err(error);
            }
        }
    }

    /// Takes what the client has to say about its connections, unless it is reading.
    fn listen(&self) {
        let Ok(_one_at_a_time) = self.reading.try_lock() else {
            return;
        };
        for _ in 0..EVENTS {
            if self.client.poll(Duration::ZERO).is_none() {
                return;
            }
        }
    }

    /// The cluster's id; `None` when it has none or does not answer within 10 seconds.
    #[must_use]
    pub fn cluster_id(&self) -> Option<String> {
        self.client()
            .client()
            .fetch_cluster_id(QUESTION)
            .filter(|id| !id.is_empty())
    }

    /// The offsets of the log, half-open: from its first offset up to its last stable offset.
    ///
    /// # Errors
    /// When Kafka refuses, or does not answer within 10 seconds.
    pub fn log_ends(&self, partition: Partition) -> Result<OffsetRange> {
        let (low, high) = self
            .client()
            .fetch_watermarks(&self.topic, partition.0, QUESTION)
            .with_context(|| format!("the ends of {}[{partition}] cannot be had", self.topic))?;
        Ok(OffsetRange::new(Offset(low), Offset(high)))
    }

    /// The same, of a log that once ended at `least` or later. After an election the new leader may
    /// show an earlier end for a moment, until it has learned how far the followers are (KIP-207);
    /// it gets 5 seconds to catch up. An end that stays below `least` is returned as it is.
    ///
    /// # Errors
    /// When Kafka refuses, or does not answer within 10 seconds.
    pub fn log_ends_from(&self, partition: Partition, least: Offset) -> Result<OffsetRange> {
        for _ in 0..20 {
            let log = self.log_ends(partition)?;
            if log.end >= least {
                return Ok(log);
            }
            std::thread::sleep(Duration::from_millis(250));
        }
        self.log_ends(partition)
    }

    /// What the group has committed, for each partition where it has committed anything.
    ///
    /// # Errors
    /// When Kafka refuses, or does not answer within 10 seconds.
    pub fn committed(&self, partitions: &[Partition]) -> Result<Vec<CommittedOffset>> {
        let asked = partition_list(&self.topic, partitions.iter().copied());
        let answer = self
            .client()
            .committed_offsets(asked, QUESTION)
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
                // rdkafka panics on metadata that is not UTF-8, which is not ours.
                let metadata = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                    element.metadata().to_owned()
                }));
                committed.push(CommittedOffset {
                    partition: Partition(element.partition()),
                    next: Offset(offset),
                    metadata: metadata.unwrap_or_default(),
                });
            }
        }
        Ok(committed)
    }

    /// Whether [`Self::committed`] failed because this user may not describe the group. Blocks for
    /// at most a second.
    ///
    /// A broker refuses already to name the group's coordinator. Then the question only times out,
    /// and the refusal comes as an event of the client.
    #[must_use]
    pub fn is_group_refused(&self, error: &anyhow::Error) -> bool {
        let kafka = error.downcast_ref::<KafkaError>();
        if kafka.and_then(KafkaError::rdkafka_error_code) == Some(REFUSED) {
            return true;
        }
        (0..10).any(|_| {
            let event = self.client.poll(Duration::from_millis(100));
            matches!(event, Some(Err(error)) if error.rdkafka_error_code() == Some(REFUSED))
        })
    }

    /// The first offset whose timestamp is at or after `millis` (since 1970, UTC); `None` when
    /// there is no such record.
    ///
    /// # Errors
    /// When Kafka refuses, or does not answer within 10 seconds.
    pub fn offset_at(&self, partition: Partition, millis: i64) -> Result<Option<Offset>> {
        let mut asked = TopicPartitionList::new();
        asked.add_partition_offset(&self.topic, partition.0, rdkafka::Offset::Offset(millis))?;
        let answer = self
            .client()
            .offsets_for_times(asked, QUESTION)
            .context("the offset at --start cannot be had")?;
        match answer
            .find_partition(&self.topic, partition.0)
            .map(|element| element.offset())
        {
            Some(rdkafka::Offset::Offset(offset)) => Ok(Some(Offset(offset))),
            _ => Ok(None),
        }
    }

    /// What Kafka holds at this place now; `log` is what [`Self::log_ends`] returned for its
    /// partition.
    ///
    /// # Errors
    /// When the answer takes longer than 10 seconds, or the ends of the log moved meanwhile.
    pub fn read(&self, place: Place, log: OffsetRange) -> Result<AnchorReading> {
        if place.offset >= log.end {
            return Ok(AnchorReading::BeyondEnd);
        }
        let reading = self.look_at(place, log, |message| {
            let timestamp = message.timestamp().to_millis();
            AnchorReading::Holds(
                timestamp.filter(|millis| *millis >= 0),
                ValueHash::of(message.payload()),
            )
        })?;
        Ok(reading.unwrap_or(AnchorReading::Gone))
    }

    /// The value that Kafka holds at this place now; `None` when there is no record, or one without
    /// a value. `log` is what [`Self::log_ends`] returned for its partition.
    ///
    /// # Errors
    /// When the answer takes longer than 10 seconds, or the ends of the log moved meanwhile.
    pub fn value(&self, place: Place, log: OffsetRange) -> Result<Option<Vec<u8>>> {
        let value = self.look_at(place, log, |message| message.payload().map(<[u8]>::to_vec))?;
        Ok(value.flatten())
    }

    /// What `look` sees in the record at this place; `None` when it is not in the log.
    fn look_at<T>(
        &self,
        place: Place,
        log: OffsetRange,
        look: impl FnOnce(&BorrowedMessage<'_>) -> T,
    ) -> Result<Option<T>> {
        let Place { partition, offset } = place;
        if offset < log.start || offset >= log.end {
            return Ok(None);
        }
        let _one_at_a_time = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let mut asked = TopicPartitionList::new();
        asked.add_partition_offset(&self.topic, partition.0, rdkafka::Offset::Offset(offset.0))?;
        self.client
            .assign(&asked)
            .context("the look-up client cannot be assigned")?;
        let reading = self.first_record(place, look);
        self.client
            .unassign()
            .context("the look-up client cannot be unassigned")?;
        reading
    }

    fn first_record<T>(
        &self,
        place: Place,
        look: impl FnOnce(&BorrowedMessage<'_>) -> T,
    ) -> Result<Option<T>> {
        let Place { partition, offset } = place;
        let deadline = Instant::now() + QUESTION;
        while Instant::now() < deadline {
            match self.client.poll(Duration::from_millis(100)) {
                Some(Ok(message)) if message.partition() == partition.0 => {
                    let found = message.offset() == offset.0;
                    return Ok(found.then(|| look(&message)));
                }
                // An end without a record: it was compacted away or aborted. An end that is not
                // after the offset comes from a broker that lags, and the record is still to come.
                Some(Err(KafkaError::PartitionEOF(_))) if self.is_after(offset) => {
                    return Ok(None);
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

    /// Whether the end that the client has just reported lies after this offset.
    fn is_after(&self, offset: Offset) -> bool {
        let end = self.client.context().end.take();
        end.is_none_or(|end| end > offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_cluster::TestCluster;

    #[test]
    fn a_log_that_seems_to_end_too_early_gets_time_to_catch_up() {
        // Bug: after an election a per-record partition was stopped at once as re-created or
        // truncated, because the new leader showed an end below the committed offset.
        let cluster = TestCluster::start();
        cluster.append(2);
        let look_up = LookUp::new(&cluster.settings, "t").unwrap();
        let asked = |least| look_up.log_ends_from(Partition(0), Offset(least));
        assert_eq!(asked(2).unwrap().end, Offset(2));
        let log = std::thread::scope(|scope| {
            let log = scope.spawn(|| asked(3));
            std::thread::sleep(Duration::from_millis(500));
            cluster.append(1);
            log.join().unwrap().unwrap()
        });
        assert_eq!(log.end, Offset(3));
        assert_eq!(asked(9).unwrap().end, Offset(3), "it does not come");
    }

    #[test]
    fn a_record_that_the_answering_broker_does_not_show_yet_is_waited_for() {
        // Bug: the end of a log that lags was taken for a record that is gone, and its anchor was
        // not compared.
        let cluster = TestCluster::start();
        cluster.append(2);
        let look_up = LookUp::new(&cluster.settings, "t").unwrap();
        let log = OffsetRange::new(Offset(0), Offset(3));
        let place = Place::new(Partition(0), Offset(2));
        let reading = std::thread::scope(|scope| {
            let reading = scope.spawn(|| look_up.read(place, log));
            std::thread::sleep(Duration::from_secs(1));
            cluster.append(1);
            reading.join().unwrap().unwrap()
        });
        let AnchorReading::Holds(_, value) = reading else {
            panic!("{reading:?}")
        };
        assert_eq!(value, ValueHash::of(Some(b"{}")));
    }
}
