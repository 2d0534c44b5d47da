//! Transactional producers, which only a real Kafka serves.

use std::time::Duration;

use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};

use super::{World, kafka::numbered, store::unique};

/// A client with a transactional id of its own.
pub(crate) type Transactions = ThreadedProducer<DefaultProducerContext>;

/// Longer than any answer takes.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// A producer that is ready to begin a transaction.
pub(crate) fn producer(world: &World) -> Transactions {
    let mut config = world.kafka.client();
    config.set("transactional.id", unique("transactions"));
    let producer: Transactions = config.create().unwrap();
    producer.init_transactions(LIMIT).unwrap();
    producer
}

/// Begins a transaction and sends so many records to partition 0, acknowledged when it returns.
pub(crate) fn begin_and_send(world: &World, producer: &Transactions, count: usize) {
    producer.begin_transaction().unwrap();
    for value in numbered(count) {
        let record = BaseRecord::<str, str>::to(&world.topic).partition(0);
        producer
            .send(record.payload(&value))
            .map_err(|(error, _)| error)
            .unwrap();
    }
    producer.flush(LIMIT).unwrap();
}
