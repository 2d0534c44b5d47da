//! A mock cluster for the tests of this folder: one broker in the process, topic `t` with one
//! partition.
//!
//! Not here: what needs transactions, compaction or groups that change (real servers, in the
//! crate's tests). Invariant: the client is configured as the product configures it.

use std::time::Duration;

use rdkafka::{
    mocking::MockCluster,
    producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer},
};

use crate::{
    options::Options,
    settings::{self, KafkaSettings},
};

/// The cluster, which ends with its handle.
pub struct TestCluster {
    _cluster: MockCluster<'static, DefaultProducerContext>,
    pub settings: KafkaSettings,
}

impl TestCluster {
    pub fn start() -> Self {
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
    pub fn append(&self, records: usize) {
        let producer: BaseProducer = settings::client_config(&self.settings).create().unwrap();
        for _ in 0..records {
            let record = BaseRecord::<(), str>::to("t").partition(0).payload("{}");
            producer.send(record).map_err(|(error, _)| error).unwrap();
        }
        producer.flush(Duration::from_secs(30)).unwrap();
    }
}
