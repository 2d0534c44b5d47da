//! A mock cluster for the tests of this crate: one broker in the process, topic `t` with one
//! partition.
//!
//! Clients are configured as the product configures them. What needs transactions, compaction or
//! groups that change is tested on real servers, in the consumer's tests.

use std::time::Duration;

use rdkafka::{
    mocking::MockCluster,
    producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer},
};

use crate::{
    options::Options,
    settings::{self, KafkaSettings},
};

/// The cluster; it ends when this is dropped.
pub(crate) struct TestCluster {
    _cluster: MockCluster<'static, DefaultProducerContext>,
    pub(crate) settings: KafkaSettings,
}

impl TestCluster {
    pub(crate) fn start() -> Self {
        let cluster = MockCluster::new(1).unwrap();
        cluster.create_topic("t", 1, 1).unwrap();
        let settings = KafkaSettings {
            bootstrap_servers: cluster.bootstrap_servers(),
            group: "g".to_owned(),
            options: Options::default(),
            queue_bytes: 1 << 20,
        };
        Self {
            _cluster: cluster,
            settings,
        }
    }

    /// Appends records with the value `{}`.
    pub(crate) fn append(&self, records: usize) {
        let producer: BaseProducer = settings::client_config(&self.settings).create().unwrap();
        for _ in 0..records {
            let record = BaseRecord::<(), str>::to("t").partition(0).payload("{}");
            producer.send(record).map_err(|(error, _)| error).unwrap();
        }
        producer.flush(Duration::from_secs(30)).unwrap();
    }
}
