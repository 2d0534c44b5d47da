//! A Kafka broker in this process: librdkafka's mock cluster with one broker, its faults, and the
//! watch over its losses.
//!
//! It does not persist, and it cannot listen on a chosen port: a [`Forwarder`] in front of it can.
//!
//! [`Broker::loss`] reports a record that was acknowledged and is gone before every known consumer
//! group has passed it.

mod watch;

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, bail};
use rdkafka::{
    ClientConfig,
    config::RDKafkaLogLevel,
    mocking::MockCluster,
    producer::{Producer, ThreadedProducer},
    types::{RDKafkaApiKey, RDKafkaRespErr},
};

use self::watch::LossWatch;
use crate::forwarder::Forwarder;

pub use watch::Loss;

/// Stands for "each broker" in the calls of the mock cluster.
const ALL_BROKERS: i32 = -1;

/// A running broker; it ends, and forgets everything, when it is dropped.
pub struct Broker {
    /// The client that owns the mock cluster; its polling thread feeds the watch.
    owner: ThreadedProducer<LossWatch>,
    bootstrap_servers: String,
}

impl Broker {
    /// Starts a broker without topics on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// If librdkafka cannot start its mock cluster, for instance because threads or ports ran out.
    pub fn start() -> anyhow::Result<Self> {
        let owner: ThreadedProducer<LossWatch> = ClientConfig::new()
            .set("test.mock.num.brokers", "1")
            // The watch reads these lines, see `watch.rs`.
            .set("debug", "mock")
            .set_log_level(RDKafkaLogLevel::Debug)
            .create_with_context(LossWatch::default())
            .context("cannot start the Kafka broker of the sandbox")?;
        let bootstrap_servers = match owner.client().mock_cluster() {
            Some(cluster) => cluster.bootstrap_servers(),
            None => bail!(
                "cannot start the Kafka broker of the sandbox: librdkafka made no mock cluster"
            ),
        };
        Ok(Self {
            owner,
            bootstrap_servers,
        })
    }

    /// The address to give to clients, for instance `127.0.0.1:40123`.
    pub fn bootstrap_servers(&self) -> &str {
        &self.bootstrap_servers
    }

    /// Creates a topic. Topics that nobody created appear with 4 partitions when a client asks for
    /// them.
    ///
    /// # Errors
    /// If the topic exists already or its name is not one.
    pub fn create_topic(&self, name: &str, partitions: i32) -> anyhow::Result<()> {
        self.cluster()?
            .create_topic(name, partitions, 1)
            .with_context(|| format!("cannot create topic {name} with {partitions} partitions: does it exist already?"))
    }

    /// Listens on `addr` and passes each connection on to the broker, until the forwarder is
    /// dropped.
    ///
    /// Only the first connection of a client goes through it: the broker's metadata names the
    /// broker's own port.
    ///
    /// # Errors
    /// If `addr` cannot be listened on.
    pub fn forward(&self, addr: SocketAddr) -> anyhow::Result<Forwarder> {
        let target = self
            .bootstrap_servers
            .parse()
            .context("the broker's address is not an IP address and a port")?;
        Forwarder::start(addr, target)
    }

    /// Closes all connections to the broker and accepts no new ones until [`Broker::broker_up`].
    ///
    /// # Errors
    /// If the mock cluster refuses.
    pub fn broker_down(&self) -> anyhow::Result<()> {
        self.cluster()?
            .broker_down(ALL_BROKERS)
            .context("cannot take the broker down")
    }

    /// Accepts connections again.
    ///
    /// # Errors
    /// If the mock cluster refuses.
    pub fn broker_up(&self) -> anyhow::Result<()> {
        self.cluster()?
            .broker_up(ALL_BROKERS)
            .context("cannot bring the broker up")
    }

    /// Delays each answer by `delay` (whole milliseconds).
    ///
    /// # Errors
    /// If the mock cluster refuses.
    pub fn round_trip_time(&self, delay: Duration) -> anyhow::Result<()> {
        self.cluster()?
            .broker_round_trip_time(ALL_BROKERS, delay)
            .context("cannot set the round trip time")
    }

    /// Answers the next requests of this kind with these errors, one request each, first error
    /// first. `RD_KAFKA_RESP_ERR__TRANSPORT` closes the connection instead.
    ///
    /// # Errors
    /// If the mock cluster is gone.
    pub fn fail_requests(
        &self,
        kind: RDKafkaApiKey,
        errors: &[RDKafkaRespErr],
    ) -> anyhow::Result<()> {
        self.cluster()?.request_errors(kind, errors);
        Ok(())
    }

    /// Drops the errors that [`Broker::fail_requests`] has left for this kind of request.
    ///
    /// # Errors
    /// If the mock cluster is gone.
    pub fn heal_requests(&self, kind: RDKafkaApiKey) -> anyhow::Result<()> {
        self.cluster()?.clear_request_errors(kind);
        Ok(())
    }

    /// The first loss that was seen, if any. It may come some milliseconds after the fact.
    pub fn loss(&self) -> Option<Loss> {
        self.watch().loss()
    }

    /// Waits until a loss is seen, at most `limit`.
    pub fn wait_for_loss(&self, limit: Duration) -> Option<Loss> {
        self.watch().wait_for_loss(limit)
    }

    fn watch(&self) -> &LossWatch {
        self.owner.client().context()
    }

    fn cluster(&self) -> anyhow::Result<MockCluster<'_, LossWatch>> {
        self.owner
            .client()
            .mock_cluster()
            .context("the Kafka broker of the sandbox is gone")
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        // A test that never asked would otherwise look for its missing records in the wrong place,
        // and it may have no subscriber for log lines.
        if let Some(loss) = self.watch().untold() {
            eprintln!("error: {loss}");
        }
    }
}
