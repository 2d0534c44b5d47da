//! The sides: the producer's own library, a bare loop around the same Kafka client, and the
//! producer without Kafka.
//!
//! Each runs in a process of its own. Both sides with Kafka use the client settings of the one
//! table below.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use clap::Parser;
use rdkafka::{
    ClientConfig,
    client::ClientContext,
    error::{KafkaError, RDKafkaErrorCode},
    message::{Header, OwnedHeaders},
    producer::{BaseRecord, DeliveryResult, Producer, ProducerContext, ThreadedProducer},
};

use crate::{
    input::{ReadyRecord, ReadyRecords},
    order::{Headers, Order, Side},
    report::Report,
};

/// The producer's own defaults, repeated here so that changing those does not change the
/// comparison.
pub(crate) const SETTINGS: [(&str, &str); 6] = [
    ("linger.ms", "20"),
    ("compression.type", "lz4"),
    ("batch.size", "1000000"),
    ("batch.num.messages", "10000"),
    ("queue.buffering.max.messages", "100000"),
    ("queue.buffering.max.kbytes", "65536"),
];

/// What the producer promises; its user cannot change these settings.
const PROMISES: [(&str, &str); 3] = [
    ("enable.idempotence", "true"),
    ("acks", "all"),
    ("partitioner", "murmur2_random"),
];

const PATIENCE: Duration = Duration::from_secs(120);

/// Carries out the order in this process.
pub(crate) fn run(order: &Order) -> Result<Report> {
    match order.side {
        Side::Bare => bare(order),
        Side::Producer => producer_run(order, &[]),
        Side::DryRun => producer_run(order, &["--dry-run"]),
    }
}

fn producer_run(order: &Order, more: &[&str]) -> Result<Report> {
    let csv = order.csv.to_str().context("a path that is not UTF-8")?;
    let headers = match order.headers {
        Headers::All => "origin",
        Headers::None => "none",
    };
    let mut argv = vec!["producer", "--csv", csv, "--headers", headers];
    argv.extend([
        "--bootstrap-servers",
        &order.servers,
        "--topic",
        &order.topic,
    ]);
    argv.extend(more);
    let settings = SETTINGS.map(|(name, value)| format!("-X{name}={value}"));
    argv.extend(settings.iter().map(String::as_str));
    let args = producer::Args::try_parse_from(argv)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let summary = runtime.block_on(producer::run(args, std::future::pending()))?;
    Report::new(summary.acknowledged, summary.elapsed)
}

/// Counts acknowledgements, and nothing else.
#[derive(Default)]
struct Counting {
    acknowledged: AtomicU64,
}

impl ClientContext for Counting {}

impl ProducerContext for Counting {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if result.is_ok() {
            self.acknowledged.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn bare(order: &Order) -> Result<Report> {
    let mut config = ClientConfig::new();
    for (name, value) in SETTINGS.iter().chain(&PROMISES) {
        config.set(*name, *value);
    }
    config.set("bootstrap.servers", &order.servers);
    let client: ThreadedProducer<Counting> = config.create_with_context(Counting::default())?;
    client
        .client()
        .fetch_metadata(Some(&order.topic), PATIENCE)?;
    let mut records = ReadyRecords::open(&order.ready)?;
    let began = Instant::now();
    let mut sent = 0;
    while let Some(record) = records.next()? {
        send(&client, order, &record)?;
        sent += 1;
    }
    client.flush(PATIENCE)?;
    let acknowledged = client.context().acknowledged.load(Ordering::Relaxed);
    ensure!(
        acknowledged == sent,
        "{acknowledged} of {sent} acknowledged"
    );
    Report::new(sent, began.elapsed())
}

fn send(client: &ThreadedProducer<Counting>, order: &Order, ready: &ReadyRecord<'_>) -> Result<()> {
    let mut record = BaseRecord::<[u8], [u8]>::to(&order.topic)
        .key(ready.key)
        .payload(ready.value);
    if order.headers == Headers::All {
        let mut headers = OwnedHeaders::new_with_capacity(3);
        for (key, value) in ready.headers {
            headers = headers.insert(Header {
                key,
                value: Some(value),
            });
        }
        record = record.headers(headers);
    }
    loop {
        record = match client.send(record) {
            Ok(()) => return Ok(()),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => back,
            Err((error, _)) => bail!("cannot send: {error}"),
        };
        std::thread::sleep(Duration::from_millis(2));
    }
}
