//! The topics of a run: created, filled with the rows of the tutorial's file over and over, and
//! removed at its end.
//!
//! A record's value and position follow from its number, so the bare loop writes the same bodies
//! without reading the topic.

use std::{
    sync::{Mutex, OnceLock},
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use bench::topics::{TopicAdmin, client_config};
use rdkafka::{
    consumer::{BaseConsumer, Consumer},
    error::{KafkaError, RDKafkaErrorCode},
    message::{Header, OwnedHeaders},
    producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer},
};
use schema::{FieldNames, RowEncoder, Schema};
use serde::{Deserialize, Serialize};

use crate::options::Servers;

const PATIENCE: Duration = Duration::from_secs(60);
/// Stands for the replication factor that the broker is configured with.
const BROKERS_DEFAULT: i32 = -1;
static ENCODER: OnceLock<RowEncoder> = OnceLock::new();

/// One topic and what is in it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct FilledTopic {
    pub(crate) name: String,
    pub(crate) records: u64,
    pub(crate) partitions: i32,
    /// How many dates the records of a partition cycle through.
    pub(crate) dates: Option<u32>,
    /// Headers per record.
    pub(crate) headers: usize,
}

impl FilledTopic {
    /// Partition and offset of a record.
    pub(crate) fn position(&self, number: u64) -> (i32, i64) {
        let partitions = i64::from(self.partitions);
        let number = number as i64;
        ((number % partitions) as i32, number / partitions)
    }

    /// The value of a record: a JSON object on one line.
    pub(crate) fn value(&self, number: u64) -> Vec<u8> {
        let mut cells: Vec<&[u8]> = row(number).split(',').map(str::as_bytes).collect();
        let position = self.position(number).1 as u64;
        let date = self.dates.map(|dates| day(position % u64::from(dates)));
        if let Some(date) = &date {
            cells[1] = date.as_bytes();
        }
        let mut value = Vec::new();
        let encoder = ENCODER.get_or_init(|| RowEncoder::new(&Schema::stock(FieldNames::Original)));
        let encoded = encoder.append_row(cells.into_iter(), &mut value);
        // A release build would notice a bad row too: its record becomes a dead letter, and the run
        // fails.
        debug_assert!(encoded.is_ok(), "{encoded:?}");
        value
    }

    /// The headers that the producer gives a record: only the first few of them, or some more on
    /// top.
    fn headers(&self, number: u64) -> OwnedHeaders {
        let row = number.to_string();
        let known = [
            ("source", "indexProcessed.csv"),
            ("row", &row),
            ("event-time", "1986-12-31"),
        ];
        let more = std::iter::repeat(("more", "a header like others"));
        let headers = known.into_iter().chain(more).take(self.headers);
        headers.fold(
            OwnedHeaders::new_with_capacity(self.headers),
            |headers, (key, value)| {
                headers.insert(Header {
                    key,
                    value: Some(value),
                })
            },
        )
    }
}

/// The day `number` days after the first one, in a calendar whose months have 28 days.
fn day(number: u64) -> String {
    let (year, month, day) = (1965 + number / 336, 1 + number / 28 % 12, 1 + number % 28);
    format!("{year}-{month:02}-{day:02}")
}

/// The rows of the tutorial's file.
fn rows() -> &'static [&'static str] {
    static ROWS: OnceLock<Vec<&'static str>> = OnceLock::new();
    ROWS.get_or_init(|| FILE.lines().skip(1).collect())
}

const FILE: &str = include_str!("../../../../data/indexProcessed.csv");

fn row(number: u64) -> &'static str {
    let rows = rows();
    rows[(number % rows.len() as u64) as usize]
}

fn symbol(number: u64) -> &'static str {
    row(number).split(',').next().unwrap_or_default()
}

/// Creates and removes what a run leaves in Kafka.
pub(crate) struct Topics {
    pub(crate) admin: TopicAdmin,
    made: Mutex<Vec<String>>,
}

impl Topics {
    /// # Errors
    /// When no broker answers.
    pub(crate) fn new(servers: &Servers) -> Result<Self> {
        Ok(Self {
            admin: TopicAdmin::connect(&servers.bootstrap)?,
            made: Mutex::default(),
        })
    }

    /// Creates the topic, sends its records, and checks that the broker holds all of them.
    pub(crate) fn fill(&self, topic: &FilledTopic) -> Result<()> {
        self.admin
            .create(&topic.name, topic.partitions, BROKERS_DEFAULT)?;
        if let Ok(mut made) = self.made.lock() {
            made.push(topic.name.clone());
        }
        self.admin.wait_for_leaders(&topic.name, topic.partitions)?;
        self.send(topic)?;
        let held = self.held(topic)?;
        ensure!(
            held == topic.records,
            "topic {} holds {held} records",
            topic.name
        );
        eprintln!(
            "topic {}: {held} records, {} bytes the first one",
            topic.name,
            topic.value(0).len()
        );
        Ok(())
    }

    fn send(&self, topic: &FilledTopic) -> Result<()> {
        let producer: ThreadedProducer<DefaultProducerContext> = client_config(&self.admin.servers)
            .set("enable.idempotence", "true")
            .set("compression.type", "lz4")
            .set("linger.ms", "20")
            .create()?;
        for number in 0..topic.records {
            let value = topic.value(number);
            let mut record = BaseRecord::to(&topic.name)
                .partition(topic.position(number).0)
                .key(symbol(number))
                .payload(&value);
            if topic.headers > 0 {
                record = record.headers(topic.headers(number));
            }
            while let Err((error, refused)) = producer.send(record) {
                if error != KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull) {
                    bail!("record {number} cannot be sent: {error}");
                }
                std::thread::sleep(Duration::from_millis(2));
                record = refused;
            }
        }
        producer
            .flush(PATIENCE)
            .context("the topic cannot be filled")
    }

    fn held(&self, topic: &FilledTopic) -> Result<u64> {
        let consumer: BaseConsumer = client_config(&self.admin.servers).create()?;
        let mut held = 0;
        for partition in 0..topic.partitions {
            let (low, high) = consumer.fetch_watermarks(&topic.name, partition, PATIENCE)?;
            held += u64::try_from(high - low)?;
        }
        Ok(held)
    }

    /// Removes all topics that this run created.
    pub(crate) fn remove(&self) -> Result<()> {
        let made = self
            .made
            .lock()
            .map(|mut made| std::mem::take(&mut *made))
            .unwrap_or_default();
        let names: Vec<&str> = made.iter().map(String::as_str).collect();
        self.admin.remove(&names)
    }
}
