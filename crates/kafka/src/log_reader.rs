//! Reads ranges of topic partitions outside any group, for commands that look at what the topic
//! holds.
//!
//! A thread polls the client; records come through a bounded channel. Nothing here writes or
//! commits. A range counts as read only after the client returned a later record, or reported an
//! end of the partition at or after the range's own: only then has it handed over each visible
//! record.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use landing::{Extent, Offset, OffsetRange, Partition, arena::RecordArena};
use rdkafka::{
    Message, TopicPartitionList,
    config::FromClientConfigAndContext,
    consumer::{BaseConsumer, Consumer},
    error::{KafkaError, RDKafkaErrorCode},
    message::BorrowedMessage,
};
use tokio::sync::mpsc;

use crate::{
    complaints::LookUpContext,
    fatal,
    fetch_progress::STATISTICS_INTERVAL,
    message,
    settings::{self, KafkaSettings},
};

/// The thread sends an arena when it has this many records or bytes.
const ARENA_RECORDS: usize = 500;
const ARENA_BYTES: usize = 256 * 1024;
/// Arenas in the channel.
const CHANNEL: usize = 2;
/// Up to this many offsets ahead it is faster to read on than to seek.
const NEAR: i64 = 20_000;
/// Bytes that the client may hold prefetched.
const QUEUE: usize = 8 << 20;
/// How long Kafka may be silent before a read fails.
const SILENCE: Duration = Duration::from_secs(30);

/// A client that reads one topic. Its thread ends with it.
pub struct LogReader {
    orders: std::sync::mpsc::Sender<ReadOrder>,
}

struct ReadOrder {
    extent: Extent,
    deliveries: mpsc::Sender<Delivery>,
}

enum Delivery {
    Records(RecordArena),
    End,
    Failed(anyhow::Error),
}

/// The records of one range, as they come.
pub struct LogRecords(mpsc::Receiver<Delivery>);

impl LogRecords {
    /// The next records; `None` after the last visible record of the range.
    ///
    /// # Errors
    /// When Kafka refuses, is silent for 30 seconds, or has lost the range meanwhile.
    pub async fn next(&mut self) -> Result<Option<RecordArena>> {
        match self.0.recv().await {
            Some(Delivery::Records(records)) => Ok(Some(records)),
            Some(Delivery::End) => Ok(None),
            Some(Delivery::Failed(error)) => Err(error),
            None => Err(anyhow!("the Kafka thread ended")),
        }
    }
}

impl LogReader {
    /// Makes the client and its thread. The client connects at the first read.
    ///
    /// # Errors
    /// When librdkafka refuses the settings, or the thread cannot be started.
    pub fn start(settings: &KafkaSettings, topic: &str) -> Result<Self> {
        Self::with_silence(settings, topic, SILENCE)
    }

    /// [`Self::start`] with another bound for how long Kafka may be silent.
    fn with_silence(settings: &KafkaSettings, topic: &str, silence: Duration) -> Result<Self> {
        let settings = KafkaSettings {
            queue_bytes: QUEUE,
            ..settings.clone()
        };
        let mut config = settings::client_config(&settings);
        config.set("client.id", "consumer-log-reader");
        config.set(STATISTICS_INTERVAL[0], STATISTICS_INTERVAL[1]);
        let context = LookUpContext::new(&settings.options);
        let client = BaseConsumer::from_config_and_context(&config, context)
            .map_err(|error| anyhow!(settings.options.explain(&error)))?;
        let reader = Reader {
            client,
            topic: topic.to_owned(),
            silence,
            place: None,
        };
        let (orders, received) = std::sync::mpsc::channel();
        std::thread::Builder::new()
            .name("kafka-reader".to_owned())
            .spawn(move || reader.serve(&received))
            .context("the Kafka thread cannot be started")?;
        Ok(Self { orders })
    }

    /// The visible records of a range, which must lie between the ends of the log. Ranges are read
    /// one after another, in the order of the calls. Dropping the records ends the reading.
    #[must_use]
    pub fn read(&self, extent: Extent) -> LogRecords {
        let (deliveries, records) = mpsc::channel(CHANNEL);
        // If the thread is gone, `LogRecords::next` says so.
        let order = ReadOrder { extent, deliveries };
        self.orders.send(order).ok();
        LogRecords(records)
    }
}

struct Reader {
    client: BaseConsumer<LookUpContext>,
    topic: String,
    silence: Duration,
    place: Option<ReadPosition>,
}

/// How far the client is.
struct ReadPosition {
    partition: Partition,
    /// Everything below it was handed over or not asked for.
    done: Offset,
    /// The offset after the last record that the client returned.
    next: Offset,
    /// The last end of the partition that the client reported.
    end: Option<Offset>,
    /// The record at `next - 1`, if it lies after the range that was being read.
    held: Option<RecordArena>,
}

impl Reader {
    fn serve(mut self, orders: &std::sync::mpsc::Receiver<ReadOrder>) {
        for order in orders {
            let delivery = match self.read(&order) {
                Ok(()) => Delivery::End,
                Err(error) => {
                    self.place = None;
                    Delivery::Failed(error)
                }
            };
            order.deliveries.blocking_send(delivery).ok();
        }
    }

    fn read(&mut self, order: &ReadOrder) -> Result<()> {
        let Extent { partition, range } = order.extent;
        let mut place = self.go_to(partition, range.start)?;
        let mut arena = RecordArena::default();
        if let Some(held) = place.held.take_if(|_| place.next.0 <= range.end.0)
            && place.next > range.start
        {
            arena = held;
        }
        let mut heard = Instant::now();
        while place.next < range.end && place.end.is_none_or(|end| end < range.end) {
            // Aborted records are fetched and skipped: there is nothing to hand over, but Kafka is
            // not silent.
            heard = heard.max(self.client.context().fetched.moved().unwrap_or(heard));
            if heard.elapsed() > self.silence {
                bail!(self.silent(&place));
            }
            let Some(answer) = self.client.poll(Duration::from_millis(100)) else {
                continue;
            };
            match answer {
                Ok(message) if message.partition() == partition.0 => {
                    heard = Instant::now();
                    take(&message, range, &mut place, &mut arena);
                }
                Ok(_) => {}
                Err(error) => self.error(&error, &mut place)?,
            }
            if arena.len() >= ARENA_RECORDS || arena.byte_len() >= ARENA_BYTES {
                let full = std::mem::take(&mut arena);
                if send(order, full).is_err() {
                    return Ok(());
                }
                // The time in which nobody took the records is not Kafka's silence.
                heard = Instant::now();
            }
        }
        place.done = range.end;
        self.place = Some(place);
        if !arena.is_empty() {
            send(order, arena).ok();
        }
        Ok(())
    }

    /// The place from which to read a range: where the client is, if that is near, or a new one.
    fn go_to(&mut self, partition: Partition, start: Offset) -> Result<ReadPosition> {
        let near = |place: &ReadPosition| {
            let ahead = start.0 - place.next.max(place.done).0;
            place.partition == partition && start >= place.done && ahead <= NEAR
        };
        if let Some(place) = self.place.take().filter(near) {
            return Ok(place);
        }
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(&self.topic, partition.0, rdkafka::Offset::Offset(start.0))?;
        self.client.context().end.take();
        self.client
            .assign(&list)
            .with_context(|| format!("partition {partition} cannot be read from offset {start}"))?;
        Ok(ReadPosition {
            partition,
            done: start,
            next: start,
            end: None,
            held: None,
        })
    }

    fn error(&self, error: &KafkaError, place: &mut ReadPosition) -> Result<()> {
        match error {
            KafkaError::PartitionEOF(partition) if *partition == place.partition.0 => {
                // Without an offset the report says nothing: the next record or the silence
                // decides.
                place.end = self.client.context().end.take().or(place.end);
                Ok(())
            }
            KafkaError::MessageConsumption(
                RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange,
            ) => bail!(
                "the topic's retention removed offset {} of partition {} while it was about to be read: run it again",
                place.next,
                place.partition
            ),
            KafkaError::MessageConsumption(
                code @ (RDKafkaErrorCode::TopicAuthorizationFailed
                | RDKafkaErrorCode::GroupAuthorizationFailed),
            ) => bail!("{code}: this user needs READ on the topic"),
            KafkaError::MessageConsumptionFatal(code) => {
                let cause = fatal::cause(self.client.client());
                let cause = cause.unwrap_or_else(|| code.to_string());
                bail!("the Kafka client cannot go on: {cause}")
            }
            // Anything else passes, or ends in silence.
            _ => Ok(()),
        }
    }

    fn silent(&self, place: &ReadPosition) -> String {
        let complaint = self.client.context().complaints.last();
        let complaint = complaint.map_or_else(String::new, |text| format!(" ({text})"));
        format!(
            "offset {} of partition {} could not be read within {} s{complaint}",
            place.next,
            place.partition,
            self.silence.as_secs()
        )
    }
}

fn take(
    message: &BorrowedMessage<'_>,
    range: OffsetRange,
    place: &mut ReadPosition,
    arena: &mut RecordArena,
) {
    let offset = Offset(message.offset());
    place.next = offset.next();
    if offset >= range.end {
        let mut held = RecordArena::default();
        message::push(&mut held, message);
        place.held = Some(held);
    } else if offset >= range.start {
        message::push(arena, message);
    }
}

/// Fails when nobody waits for the records any more.
fn send(order: &ReadOrder, records: RecordArena) -> Result<(), ()> {
    let delivery = Delivery::Records(records);
    order.deliveries.blocking_send(delivery).map_err(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_cluster::TestCluster;

    fn extent(start: i64, end: i64) -> Extent {
        let range = OffsetRange::new(Offset(start), Offset(end));
        Extent::new(Partition(0), range)
    }

    async fn offsets(reader: &LogReader, extent: Extent) -> Vec<i64> {
        let mut records = reader.read(extent);
        let mut offsets = Vec::new();
        while let Some(arena) = records.next().await.unwrap() {
            offsets.extend(arena.records().map(|record| record.offset.0));
        }
        offsets
    }

    #[tokio::test]
    async fn each_range_gives_its_own_records_wherever_the_one_before_ended() {
        let cluster = TestCluster::start();
        cluster.append(1_500);
        let reader = LogReader::start(&cluster.settings, "t").unwrap();
        for (start, end) in [
            (0, 700),
            (700, 701),
            (701, 701),
            (702, 1_400),
            (1_500, 1_500),
            (1_400, 1_500),
            (0, 3),
            (1_499, 1_500),
            (5, 1_500),
        ] {
            let expected: Vec<i64> = (start..end).collect();
            assert_eq!(offsets(&reader, extent(start, end)).await, expected);
        }
    }

    #[tokio::test]
    async fn who_stops_listening_early_does_not_disturb_the_next_range() {
        let cluster = TestCluster::start();
        cluster.append(5_000);
        let reader = LogReader::start(&cluster.settings, "t").unwrap();
        let mut records = reader.read(extent(0, 5_000));
        assert!(records.next().await.unwrap().is_some());
        drop(records);
        assert_eq!(offsets(&reader, extent(10, 12)).await, [10, 11]);
    }

    #[tokio::test]
    async fn who_takes_the_records_slowly_is_not_told_that_kafka_is_silent() {
        // Bug: the time in which nobody took the records was counted as Kafka's silence.
        let cluster = TestCluster::start();
        cluster.append(5_000);
        let silence = Duration::from_secs(1);
        let reader = LogReader::with_silence(&cluster.settings, "t", silence).unwrap();
        let mut records = reader.read(extent(0, 5_000));
        let mut count = records.next().await.unwrap().unwrap().len();
        tokio::time::sleep(Duration::from_millis(2_500)).await;
        while let Some(arena) = records.next().await.unwrap() {
            count += arena.len();
        }
        assert_eq!(count, 5_000);
    }

    #[tokio::test]
    async fn a_range_that_the_topic_has_lost_is_an_error() {
        let cluster = TestCluster::start();
        cluster.append(3);
        let reader = LogReader::start(&cluster.settings, "t").unwrap();
        let error = reader.read(extent(900, 901)).next().await.unwrap_err();
        assert!(error.to_string().contains("run it again"), "{error}");
    }
}
