//! The topics of a run: made, filled with stock-like records of about 190 bytes, removed at its end.
//!
//! Invariant: a value is a function of its number, and number `n` lies at a position that follows from `n` and the number of partitions:
//! so the bare loop writes the same bodies without reading the topic.

use std::{sync::Mutex, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use rdkafka::{
    ClientConfig,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
    consumer::{BaseConsumer, Consumer},
    error::{KafkaError, RDKafkaErrorCode},
    producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer},
};
use serde::{Deserialize, Serialize};

use crate::options::Servers;

const PATIENCE: Duration = Duration::from_secs(60);
const SYMBOLS: [&str; 8] = [
    "HSI",
    "NYA",
    "IXIC",
    "000001.SS",
    "N225",
    "N100",
    "GDAXI",
    "SSMI",
];

/// One topic and what is in it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) name: String,
    pub(crate) records: u64,
    pub(crate) partitions: i32,
}

impl Place {
    /// Partition and offset of a record.
    pub(crate) fn position(&self, number: u64) -> (i32, i64) {
        let partitions = i64::from(self.partitions);
        let number = number as i64;
        ((number % partitions) as i32, number / partitions)
    }
}

/// The value of a record: a JSON object on one line.
pub(crate) fn value(number: u64) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(number);
    let mut price = || 100.0 + 30_000.0 * random.f64();
    let (open, high, low, close, dollars) = (price(), price(), price(), price(), price());
    format!(
        "{{\"Index\":\"{}\",\"Date\":\"{}-{:02}-{:02}\",\"Open\":{open:.6},\"High\":{high:.6},\"Low\":{low:.6},\"Close\":{close:.6},\
         \"Adj Close\":{close:.6},\"Volume\":{}.0,\"CloseUSD\":{dollars:.8}}}",
        symbol(number),
        1965 + number / 365 % 57,
        1 + number % 12,
        1 + number % 28,
        number.wrapping_mul(7_919) % 9_000_000_000,
    )
    .into_bytes()
}

fn symbol(number: u64) -> &'static str {
    SYMBOLS[(number % SYMBOLS.len() as u64) as usize]
}

/// Makes and removes what a run leaves in Kafka.
pub(crate) struct Topics {
    admin: AdminClient<DefaultClientContext>,
    bootstrap: String,
    made: Mutex<Vec<String>>,
}

impl Topics {
    pub(crate) fn new(servers: &Servers) -> Result<Self> {
        Ok(Self {
            admin: client(servers.bootstrap.as_str()).create()?,
            bootstrap: servers.bootstrap.clone(),
            made: Mutex::default(),
        })
    }

    /// Makes the topic, sends its records, and counts what the broker holds then.
    pub(crate) async fn fill(&self, place: &Place) -> Result<()> {
        // -1: as many replicas as the broker's default.
        let topic = NewTopic::new(&place.name, place.partitions, TopicReplication::Fixed(-1));
        let answers = self.admin.create_topics([&topic], &options()).await?;
        for answer in answers {
            answer
                .map_err(|(name, code)| anyhow::anyhow!("topic {name} cannot be made: {code}"))?;
        }
        if let Ok(mut made) = self.made.lock() {
            made.push(place.name.clone());
        }
        self.send(place)?;
        let held = self.held(place)?;
        ensure!(
            held == place.records,
            "topic {} holds {held} records",
            place.name
        );
        eprintln!(
            "topic {}: {held} records, {} bytes the first one",
            place.name,
            value(0).len()
        );
        Ok(())
    }

    fn send(&self, place: &Place) -> Result<()> {
        let producer: ThreadedProducer<DefaultProducerContext> = client(&self.bootstrap)
            .set("enable.idempotence", "true")
            .set("compression.type", "lz4")
            .set("linger.ms", "20")
            .create()?;
        for number in 0..place.records {
            let value = value(number);
            let mut record = BaseRecord::to(&place.name)
                .partition(place.position(number).0)
                .key(symbol(number))
                .payload(&value);
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

    fn held(&self, place: &Place) -> Result<u64> {
        let consumer: BaseConsumer = client(&self.bootstrap).create()?;
        let mut held = 0;
        for partition in 0..place.partitions {
            let (low, high) = consumer.fetch_watermarks(&place.name, partition, PATIENCE)?;
            held += u64::try_from(high - low)?;
        }
        Ok(held)
    }

    /// Removes a consumer group that nobody is a member of any more.
    pub(crate) async fn remove_group(&self, group: &str) -> Result<()> {
        for answer in self.admin.delete_groups(&[group], &options()).await? {
            answer.map_err(|(name, code)| {
                anyhow::anyhow!("group {name} cannot be removed: {code}")
            })?;
        }
        Ok(())
    }

    /// Removes all topics that were made.
    pub(crate) async fn remove(&self) -> Result<()> {
        let made = self
            .made
            .lock()
            .map(|mut made| std::mem::take(&mut *made))
            .unwrap_or_default();
        let names: Vec<&str> = made.iter().map(String::as_str).collect();
        if names.is_empty() {
            return Ok(());
        }
        for answer in self.admin.delete_topics(&names, &options()).await? {
            answer.map_err(|(name, code)| {
                anyhow::anyhow!("topic {name} cannot be removed: {code}")
            })?;
        }
        Ok(())
    }
}

fn options() -> AdminOptions {
    AdminOptions::new()
        .operation_timeout(Some(PATIENCE))
        .request_timeout(Some(PATIENCE))
}

fn client(bootstrap: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", bootstrap);
    config
}
