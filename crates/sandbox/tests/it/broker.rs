//! The broker as Kafka clients see it, its faults, the forwarder, and the watch over what it
//! forgets.

use std::time::Duration;

use rdkafka::{
    Offset, TopicPartitionList,
    config::ClientConfig,
    consumer::{BaseConsumer, CommitMode, Consumer},
    message::Message,
    producer::{BaseProducer, BaseRecord, Producer},
};
use sandbox::{Broker, Forwarder, RDKafkaApiKey, RDKafkaRespErr};

const LIMIT: Duration = Duration::from_secs(30);

fn start(partitions: i32) -> Broker {
    let broker = Broker::start().unwrap();
    broker.create_topic("stocks", partitions).unwrap();
    broker
}

fn producer(servers: &str) -> BaseProducer {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", servers)
        .set("enable.idempotence", "true")
        .set("linger.ms", "1");
    config.create().unwrap()
}

fn consumer(servers: &str, group: &str) -> BaseConsumer {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", servers)
        .set("group.id", group);
    config
        .set("enable.auto.commit", "false")
        .set("auto.offset.reset", "earliest")
        .set("session.timeout.ms", "6000");
    config.create().unwrap()
}

/// Sends this many records of this many bytes to partition 0, a batch each ten, and waits until all
/// are acknowledged.
fn send(producer: &BaseProducer, records: usize, bytes: usize) {
    let payload: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..))
        .take(bytes)
        .collect();
    for _ in 0..records {
        producer
            .send(
                BaseRecord::<(), [u8]>::to("stocks")
                    .partition(0)
                    .payload(&payload),
            )
            .unwrap();
        producer.flush(LIMIT).unwrap();
    }
    assert_eq!(producer.in_flight_count(), 0);
}

fn commit(consumer: &BaseConsumer, partition: i32, offset: i64) {
    let mut offsets = TopicPartitionList::new();
    offsets
        .add_partition_offset("stocks", partition, Offset::Offset(offset))
        .unwrap();
    consumer.commit(&offsets, CommitMode::Sync).unwrap();
}

fn receive(consumer: &BaseConsumer, records: usize) -> Vec<Vec<u8>> {
    let mut received = Vec::new();
    for _ in 0..3000 {
        if received.len() == records {
            break;
        }
        if let Some(message) = consumer.poll(Duration::from_millis(10)) {
            received.push(message.unwrap().payload().unwrap().to_vec());
        }
    }
    received
}

#[test]
fn what_is_produced_is_consumed_through_the_forwarder_by_a_group() {
    let broker = start(6);
    let forwarder = broker.forward("127.0.0.1:0".parse().unwrap()).unwrap();
    let servers = forwarder.addr().to_string();
    let producer = producer(&servers);
    for n in 0..100 {
        producer
            .send(
                BaseRecord::to("stocks")
                    .key(&format!("{}", n % 13))
                    .payload(&format!("{n}")),
            )
            .unwrap();
    }
    producer.flush(LIMIT).unwrap();
    let consumer = consumer(&servers, "g");
    consumer.subscribe(&["stocks"]).unwrap();
    let mut received = receive(&consumer, 100);
    received.sort_by_key(|payload| String::from_utf8_lossy(payload).parse::<u32>().unwrap());
    assert_eq!(
        received,
        (0..100)
            .map(|n| n.to_string().into_bytes())
            .collect::<Vec<_>>()
    );
    let metadata = consumer.fetch_metadata(Some("stocks"), LIMIT).unwrap();
    assert_eq!(metadata.topics()[0].partitions().len(), 6);
    assert_eq!(broker.loss(), None);
}

#[test]
fn a_topic_that_exists_is_not_created_again() {
    let error = start(1).create_topic("stocks", 1).unwrap_err();
    assert!(error.to_string().contains("cannot create topic stocks"));
}

#[test]
fn failed_requests_are_retried_and_delivered_once() {
    let broker = start(1);
    let not_leader = RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION;
    broker
        .fail_requests(RDKafkaApiKey::Produce, &[not_leader; 2])
        .unwrap();
    let producer = producer(broker.bootstrap_servers());
    send(&producer, 3, 10);
    let (low, high) = producer
        .client()
        .fetch_watermarks("stocks", 0, LIMIT)
        .unwrap();
    assert_eq!((low, high), (0, 3));
    broker
        .fail_requests(
            RDKafkaApiKey::Produce,
            &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE],
        )
        .unwrap();
    broker.heal_requests(RDKafkaApiKey::Produce).unwrap();
    send(&producer, 1, 10);
}

#[test]
fn a_broker_that_was_down_delivers_when_it_is_up_again() {
    let broker = start(1);
    let producer = producer(broker.bootstrap_servers());
    send(&producer, 1, 10);
    broker.broker_down().unwrap();
    producer
        .send(BaseRecord::<(), str>::to("stocks").payload("x"))
        .unwrap();
    assert!(producer.flush(Duration::from_millis(500)).is_err());
    broker.broker_up().unwrap();
    broker.round_trip_time(Duration::from_millis(20)).unwrap();
    producer.flush(LIMIT).unwrap();
    assert_eq!(
        producer
            .client()
            .fetch_watermarks("stocks", 0, LIMIT)
            .unwrap(),
        (0, 2)
    );
}

#[test]
fn a_cut_forwarder_lets_nobody_through_until_it_is_restored() {
    let broker = start(1);
    let forwarder: Forwarder = broker.forward("127.0.0.1:0".parse().unwrap()).unwrap();
    forwarder.cut();
    let client = consumer(&forwarder.addr().to_string(), "g");
    assert!(
        client
            .fetch_metadata(None, Duration::from_millis(300))
            .is_err()
    );
    forwarder.restore();
    assert!(client.fetch_metadata(None, LIMIT).is_ok());
    let taken = Forwarder::start(forwarder.addr(), forwarder.addr())
        .err()
        .unwrap();
    assert!(taken.to_string().starts_with("cannot listen on 127.0.0.1:"));
}

#[test]
fn records_that_no_group_has_read_are_a_loss_when_the_broker_drops_them() {
    let broker = start(2);
    let producer = producer(broker.bootstrap_servers());
    send(&producer, 10, 500_000);
    assert_eq!(broker.loss(), None);
    send(&producer, 2, 500_000);
    let loss = broker.wait_for_loss(LIMIT).unwrap();
    let (low, _) = producer
        .client()
        .fetch_watermarks("stocks", 0, LIMIT)
        .unwrap();
    assert!(
        (1..=low).contains(&loss.log_start),
        "{loss:?}, low watermark {low}"
    );
    assert_eq!(
        (loss.topic.as_str(), loss.partition, loss.group.as_deref()),
        ("stocks", 0, None)
    );
    assert!(loss.to_string().contains("more partitions"));
}

#[test]
fn records_below_each_committed_offset_may_go_and_the_first_above_one_is_a_loss() {
    let broker = start(1);
    let producer = producer(broker.bootstrap_servers());
    let (fast, slow) = (
        consumer(broker.bootstrap_servers(), "fast"),
        consumer(broker.bootstrap_servers(), "slow"),
    );
    send(&producer, 10, 500_000);
    commit(&fast, 0, 10);
    commit(&slow, 0, 4);
    send(&producer, 4, 500_000);
    let (low, _) = producer
        .client()
        .fetch_watermarks("stocks", 0, LIMIT)
        .unwrap();
    assert!(
        (1..=4).contains(&low),
        "the low watermark {low} has moved, but not above the slow group"
    );
    assert_eq!(broker.wait_for_loss(Duration::from_millis(500)), None);
    commit(&fast, 0, 14);
    send(&producer, 4, 500_000);
    let loss = broker.wait_for_loss(LIMIT).unwrap();
    assert_eq!(
        (loss.group.as_deref(), loss.committed, loss.log_start),
        (Some("slow"), 4, 5)
    );
}

#[test]
fn a_group_that_asked_where_to_begin_is_known_before_its_first_commit() {
    let broker = start(1);
    let producer = producer(broker.bootstrap_servers());
    let (reader, other) = (
        consumer(broker.bootstrap_servers(), "reader"),
        consumer(broker.bootstrap_servers(), "other"),
    );
    send(&producer, 10, 500_000);
    commit(&other, 0, 10);
    let mut wanted = TopicPartitionList::new();
    wanted.add_partition("stocks", 0);
    reader.committed_offsets(wanted, LIMIT).unwrap();
    send(&producer, 2, 500_000);
    let loss = broker.wait_for_loss(LIMIT).unwrap();
    assert_eq!((loss.group.as_deref(), loss.committed), (Some("reader"), 0));
}
