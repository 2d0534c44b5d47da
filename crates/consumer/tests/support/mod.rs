//! A broker and an S3 for one test, the real `consumer` executable on them, and an independent checker.
//!
//! The checker shares no code with the consumer: it dumps the topic with a plain client and compares the dump with the
//! full list of the bucket. Every process is ended by its id when its handle goes.
//! Invariant: a test touches nothing outside of its own broker, S3 and temporary directory.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "each test file uses its own part, and a test may fail at any step"
)]

pub mod check;
pub mod process;

use std::time::Duration;

use rdkafka::{
    ClientConfig,
    producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer},
};
use sandbox::{Broker, S3};
use tempfile::TempDir;

use self::process::{Finished, Running};

pub const BUCKET: &str = "landing-zone";
pub const TOPIC: &str = "stock-market";
pub const PARTITIONS: i32 = 3;

/// A Kafka record to be sent.
pub struct Send<'a> {
    pub partition: i32,
    pub value: Option<&'a [u8]>,
}

/// One test's servers and working directory.
pub struct World {
    pub broker: Broker,
    pub s3: S3,
    pub directory: TempDir,
}

impl World {
    pub fn new() -> Self {
        let broker = Broker::start().unwrap();
        broker.create_topic(TOPIC, PARTITIONS).unwrap();
        let s3 = S3::start().unwrap();
        s3.create_bucket(BUCKET).unwrap();
        Self {
            broker,
            s3,
            directory: tempfile::tempdir().unwrap(),
        }
    }

    /// Sends records in order and waits until all are acknowledged.
    pub fn send<'a>(&self, records: impl IntoIterator<Item = Send<'a>>) {
        let producer: ThreadedProducer<DefaultProducerContext> = ClientConfig::new()
            .set("bootstrap.servers", self.broker.bootstrap_servers())
            .set("compression.type", "lz4")
            .set("linger.ms", "5")
            .create()
            .unwrap();
        for record in records {
            let mut message = BaseRecord::<str, [u8]>::to(TOPIC)
                .partition(record.partition)
                .key("k");
            if let Some(value) = record.value {
                message = message.payload(value);
            }
            producer.send(message).map_err(|(error, _)| error).unwrap();
        }
        producer.flush(Duration::from_secs(30)).unwrap();
    }

    /// Sends `count` numbered JSON records, spread over the partitions.
    pub fn send_numbered(&self, count: usize) {
        let values: Vec<String> = (0..count)
            .map(|n| {
                format!(
                    "{{\"Index\":\"N{n}\",\"Date\":\"2021-0{}-15\",\"n\":{n}}}",
                    n % 9 + 1
                )
            })
            .collect();
        let place = |n: usize| i32::try_from(n).unwrap() % PARTITIONS;
        self.send(values.iter().enumerate().map(|(n, value)| Send {
            partition: place(n),
            value: Some(value.as_bytes()),
        }));
    }

    /// Starts the consumer with these flags besides the bucket.
    pub fn start(&self, flags: &[&str]) -> Running {
        process::start(
            self,
            &[
                &["--bucket", BUCKET, "-X", "session.timeout.ms=6000"],
                flags,
            ]
            .concat(),
        )
    }

    /// Runs the consumer to the end of the topic.
    pub fn land(&self, flags: &[&str]) -> Finished {
        self.start(&[&["--until-end"], flags].concat()).wait()
    }

    /// Keys of data objects.
    pub fn data_keys(&self) -> Vec<String> {
        self.s3
            .keys(BUCKET)
            .into_iter()
            .filter(|key| !key.starts_with("_control/"))
            .collect()
    }

    pub fn object(&self, key: &str) -> Vec<u8> {
        self.s3.object(BUCKET, key).unwrap().body
    }
}
