//! A broker and an S3 for one test, the real `consumer` executable on them, and an independent
//! checker.
//!
//! They are the sandbox's, or real servers when `E2E_BOOTSTRAP_SERVERS` and `E2E_ENDPOINT_URL` say
//! where these are; each world says to [`tidy::servers`] which it is. Dropping a handle ends its
//! process by its id. A test touches nothing outside of its own topic, bucket and temporary
//! directory.

pub(crate) mod batches;
pub(crate) mod check;
pub(crate) mod kafka;
pub(crate) mod process;
pub(crate) mod store;
pub(crate) mod transactions;

use sandbox::{Broker, S3};
use tempfile::TempDir;
use tidy::servers;

use self::{
    kafka::Kafka,
    process::{Finished, Running},
    store::Store,
};

pub(crate) const PARTITIONS: i32 = 3;

/// What every key of a world's data begins with, whatever the topic is called.
pub(crate) const PREFIX: &str = "stock-market/json";

/// Where the real Kafka is.
const BOOTSTRAP_SERVERS: &str = "E2E_BOOTSTRAP_SERVERS";

/// One test's servers and working directory.
pub(crate) struct World {
    pub(crate) kafka: Kafka,
    pub(crate) s3: Store,
    pub(crate) topic: String,
    pub(crate) bucket: String,
    pub(crate) directory: TempDir,
}

impl World {
    /// On the real servers when their addresses are in the environment, in the sandbox otherwise.
    pub(crate) fn new() -> Self {
        Self::real().unwrap_or_else(Self::of_sandbox)
    }

    /// For what runs in the sandbox only; `because` says why.
    pub(crate) fn in_sandbox(because: &str) -> Self {
        servers::sandbox_only(because);
        Self::of_sandbox()
    }

    fn of_sandbox() -> Self {
        let broker = Broker::start().unwrap();
        let s3 = S3::start().unwrap();
        Self::with_topic(
            Kafka::Sandbox(broker),
            Store::Sandbox(s3),
            "stock-market".to_owned(),
            "landing-zone".to_owned(),
        )
    }

    /// Whether the environment names real servers.
    pub(crate) fn has_real_servers() -> bool {
        std::env::var_os(BOOTSTRAP_SERVERS).is_some()
    }

    /// The real Kafka, if the environment names one.
    pub(crate) fn real_kafka() -> Option<Kafka> {
        std::env::var(BOOTSTRAP_SERVERS).ok().map(Kafka::Real)
    }

    /// For what only the real servers can do; `None` when there are none.
    pub(crate) fn real() -> Option<Self> {
        let kafka = std::env::var(BOOTSTRAP_SERVERS).ok()?;
        let s3 = std::env::var("E2E_ENDPOINT_URL").expect("E2E_ENDPOINT_URL belongs to it");
        Some(Self::at(kafka, &s3))
    }

    /// On the real servers with a topic that is compacted within a second; `None` when there are
    /// none.
    pub(crate) fn real_and_compacted() -> Option<Self> {
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
    pub(crate) fn at(bootstrap_servers: String, endpoint_url: &str) -> Self {
        servers::real();
        Self::with_topic(
            Kafka::Real(bootstrap_servers),
            Store::real(endpoint_url),
            store::unique("stock-market"),
            store::unique("landing-zone"),
        )
    }

    pub(crate) fn with_topic(kafka: Kafka, s3: Store, topic: String, bucket: String) -> Self {
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
    pub(crate) fn sandbox_s3(&self) -> &S3 {
        match &self.s3 {
            Store::Sandbox(s3) => s3,
            Store::Real(_) => panic!("this world is not in the sandbox"),
        }
    }

    /// The setting of the client with which all consumers run: short, because what follows a kill
    /// -9 waits for it, and long enough for heartbeats on a busy machine.
    pub(crate) fn session_timeout(&self) -> &'static str {
        match self.kafka {
            // The mock cluster waits a second less than this before each assignment.
            Kafka::Sandbox(_) => "session.timeout.ms=3000",
            // As short as infra/local lets it be.
            Kafka::Real(_) => "session.timeout.ms=2000",
        }
    }

    /// Starts the consumer with these flags besides the bucket.
    pub(crate) fn start(&self, flags: &[&str]) -> Running {
        let session_timeout = self.session_timeout();
        process::start(
            self,
            &[&["--bucket", &self.bucket, "-X", session_timeout], flags].concat(),
        )
    }

    /// Runs the consumer to the end of the topic.
    pub(crate) fn land(&self, flags: &[&str]) -> Finished {
        self.start(&[&["--until-end"], flags].concat()).wait()
    }

    /// Keys of data objects.
    pub(crate) fn data_keys(&self) -> Vec<String> {
        let mut keys = self.s3.keys(&self.bucket);
        keys.retain(|key| !key.starts_with("_control/"));
        keys
    }

    pub(crate) fn object(&self, key: &str) -> Vec<u8> {
        self.s3.object(&self.bucket, key).unwrap()
    }
}
