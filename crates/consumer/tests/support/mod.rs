//! A broker and an S3 for one test, the real `consumer` executable on them, and an independent
//! checker.
//!
//! They are the sandbox's, or real servers when `E2E_BOOTSTRAP_SERVERS` and `E2E_ENDPOINT_URL` say
//! where these are; then a world writes its test's name into the file that `E2E_RECORD` names, so
//! that whoever asked for the real ones can tell that they were used. Every process is ended by its
//! id when its handle goes. Invariant: a test touches nothing outside of its own topic, bucket and
//! temporary directory.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "each test file uses its own part, and a test may fail at any step"
)]

pub mod batches;
pub mod check;
pub mod kafka;
pub mod process;
pub mod store;

use std::io::Write;

use sandbox::{Broker, S3};
use tempfile::TempDir;

use self::{
    kafka::Kafka,
    process::{Finished, Running},
    store::Store,
};

pub const PARTITIONS: i32 = 3;

/// What every key of a world's data begins with, whatever the topic is called.
pub const PREFIX: &str = "stock-market/json";

/// One test's servers and working directory.
pub struct World {
    pub kafka: Kafka,
    pub s3: Store,
    pub topic: String,
    pub bucket: String,
    pub directory: TempDir,
}

impl World {
    /// On the real servers when their addresses are in the environment, in the sandbox otherwise.
    pub fn new() -> Self {
        Self::real().unwrap_or_else(Self::in_sandbox)
    }

    /// For what only the sandbox's servers can do.
    pub fn in_sandbox() -> Self {
        let broker = Broker::start().unwrap();
        let s3 = S3::start().unwrap();
        Self::with_topic(
            Kafka::Sandbox(broker),
            Store::Sandbox(s3),
            "stock-market".to_owned(),
            "landing-zone".to_owned(),
        )
    }

    /// For what only the real servers can do; `None` when there are none.
    pub fn real() -> Option<Self> {
        let kafka = std::env::var("E2E_BOOTSTRAP_SERVERS").ok()?;
        let s3 = std::env::var("E2E_ENDPOINT_URL").expect("E2E_ENDPOINT_URL belongs to it");
        Some(Self::at(kafka, &s3))
    }

    /// On the real servers with a topic that is compacted within a second; `None` when there are
    /// none.
    pub fn real_and_compacted() -> Option<Self> {
        let world = Self::real()?;
        let settings = [
            ("cleanup.policy", "compact"),
            ("segment.ms", "100"),
            ("min.cleanable.dirty.ratio", "0.001"),
            ("max.compaction.lag.ms", "100"),
            ("delete.retention.ms", "0"),
        ];
        let topic = store::unique("compacted");
        world.kafka.create_topic(&topic, PARTITIONS, &settings);
        Some(Self { topic, ..world })
    }

    /// On these servers.
    pub fn at(bootstrap_servers: String, endpoint_url: &str) -> Self {
        record_the_use();
        Self::with_topic(
            Kafka::Real(bootstrap_servers),
            Store::real(endpoint_url),
            store::unique("stock-market"),
            store::unique("landing-zone"),
        )
    }

    fn with_topic(kafka: Kafka, s3: Store, topic: String, bucket: String) -> Self {
        kafka.create_topic(&topic, PARTITIONS, &[]);
        s3.create_bucket(&bucket);
        Self {
            kafka,
            s3,
            topic,
            bucket,
            directory: tempfile::tempdir().unwrap(),
        }
    }

    /// The sandbox's own S3, in a world that is in the sandbox.
    pub fn sandbox_s3(&self) -> &S3 {
        match &self.s3 {
            Store::Sandbox(s3) => s3,
            Store::Real(_) => panic!("this world is not in the sandbox"),
        }
    }

    /// Starts the consumer with these flags besides the bucket.
    pub fn start(&self, flags: &[&str]) -> Running {
        let session_timeout = match self.kafka {
            Kafka::Sandbox(_) => "session.timeout.ms=6000",
            // As short as infra/local lets it be: what follows a kill -9 waits for it.
            Kafka::Real(_) => "session.timeout.ms=2000",
        };
        process::start(
            self,
            &[&["--bucket", &self.bucket, "-X", session_timeout], flags].concat(),
        )
    }

    /// Runs the consumer to the end of the topic.
    pub fn land(&self, flags: &[&str]) -> Finished {
        self.start(&[&["--until-end"], flags].concat()).wait()
    }

    /// Keys of data objects.
    pub fn data_keys(&self) -> Vec<String> {
        let mut keys = self.s3.keys(&self.bucket);
        keys.retain(|key| !key.starts_with("_control/"));
        keys
    }

    pub fn object(&self, key: &str) -> Vec<u8> {
        self.s3.object(&self.bucket, key).unwrap()
    }
}

fn record_the_use() {
    let Some(file) = std::env::var_os("E2E_RECORD") else {
        return;
    };
    let current = std::thread::current();
    let line = format!("{}\n", current.name().unwrap());
    let mut file = std::fs::File::options()
        .create(true)
        .append(true)
        .open(file)
        .unwrap();
    file.write_all(line.as_bytes()).unwrap();
}
