//! The bare loops: what the S3 client and the Kafka client cost by themselves, each with the
//! settings that suit it best.
//!
//! They remember nothing, retry nothing and commit nothing: what a program costs on top of them is
//! its own work. Objects have the shape of ours, with the same bodies, key layout and condition;
//! keys and bodies are ready before measuring begins.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use aws_sdk_s3::{Client, primitives::ByteStream};
use bytes::Bytes;
use landing::{
    Offset, Partition, Place,
    identity::{About, Identity},
    layout::Prefix,
    partition_by::{DatePartition, Granularity},
    record::ValueHash,
};
use rdkafka::{
    ClientConfig, Message, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
};
use tokio::task::JoinSet;

use crate::{
    order::Order,
    report::{self, Look, Meter, Report},
    store,
    topic::FilledTopic,
};

/// A plain client that receives nothing for this long has lost its broker.
const SILENCE: Duration = Duration::from_secs(30);
/// How often the consumer updates its metrics.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);
/// How many values fill an arena; the consumer copies values into arenas too.
const ARENA_RECORDS: usize = 500;

/// One PUT for each record of the topic, as many in flight as ours may have, on one thread.
pub(crate) fn put(order: &Order, metadata: bool) -> Result<Report> {
    let objects = Arc::new(objects(order, metadata)?);
    let meter = Meter::start()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let looks = runtime.block_on(put_all(order, &objects))?;
    let records = objects.len() as u64;
    Ok(Report {
        objects: records,
        requests: records,
        ..meter.report(records, &looks)?
    })
}

struct Object {
    key: String,
    body: Bytes,
    metadata: Vec<(&'static str, String)>,
}

fn objects(order: &Order, metadata: bool) -> Result<Vec<Object>> {
    let prefix: Prefix = order.prefix.parse().map_err(anyhow::Error::msg)?;
    let now = report::unix_millis()?;
    let today = DatePartition::from_timestamp(now, Granularity::Day).context("a date of today")?;
    let object = |number: u64| {
        let (partition, offset) = order.topic.position(number);
        let place = Place::new(Partition(partition), Offset(offset));
        let value = order.topic.value(number);
        let identity = Identity {
            zone: "0123456789abcdef".to_owned(),
            place,
            about: About::Record {
                value: ValueHash::of(Some(&value)),
                timestamp: Some(now),
            },
        };
        Object {
            key: prefix.data_key(&today, place),
            body: Bytes::from([&value[..], b"\n"].concat()),
            metadata: if metadata {
                identity.to_metadata().to_vec()
            } else {
                Vec::new()
            },
        }
    };
    Ok((0..order.topic.records).map(object).collect())
}

/// Counts the answers twice a second, as the consumer does, so that both rates are measured in the
/// same way.
async fn put_all(order: &Order, objects: &Arc<Vec<Object>>) -> Result<Vec<Look>> {
    let client = store::client(&order.servers);
    let (next, done) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicU64::new(0)));
    let mut workers = JoinSet::new();
    for _ in 0..order.concurrency {
        let (client, bucket) = (client.clone(), order.bucket.clone());
        let (objects, next, done) = (objects.clone(), next.clone(), done.clone());
        workers.spawn(async move {
            while let Some(object) = objects.get(next.fetch_add(1, Ordering::Relaxed)) {
                put_one(&client, &bucket, object).await?;
                done.fetch_add(1, Ordering::Relaxed);
            }
            anyhow::Ok(())
        });
    }
    let mut tick = tokio::time::interval(LOOK_INTERVAL);
    let mut looks = Vec::new();
    loop {
        tokio::select! {
            ended = workers.join_next() => match ended {
                Some(ended) => ended??,
                None => return Ok(looks),
            },
            _ = tick.tick() => looks.push(Look::now(done.load(Ordering::Relaxed))),
        }
    }
}

async fn put_one(client: &Client, bucket: &str, object: &Object) -> Result<()> {
    let mut request = client
        .put_object()
        .bucket(bucket)
        .key(&object.key)
        .if_none_match("*")
        .content_type("application/json");
    for (name, value) in &object.metadata {
        request = request.metadata(*name, value);
    }
    let sent = request
        .body(ByteStream::from(object.body.clone()))
        .send()
        .await;
    sent.map(drop)
        .with_context(|| format!("PUT {}", object.key))
}

/// Copied values, one after the other, and where each ends.
#[derive(Default)]
struct Arena {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

/// Polls the whole topic and copies each value.
pub(crate) fn drain(order: &Order) -> Result<Report> {
    let meter = Meter::start()?;
    let consumer = plain_consumer(&order.servers.bootstrap, &order.topic)?;
    let (mut records, mut sum) = (0_u64, 0_u64);
    let mut arena = Arena::default();
    let mut looks = Vec::new();
    while records < order.topic.records {
        let Some(message) = consumer.poll(SILENCE) else {
            bail!("no record for {} s after {records}", SILENCE.as_secs())
        };
        let message = message?;
        arena
            .bytes
            .extend_from_slice(message.payload().unwrap_or_default());
        arena.ends.push(arena.bytes.len());
        records += 1;
        if records == 1 || records == order.topic.records {
            looks.push(Look::now(records.min(order.topic.records - 1)));
        }
        if arena.ends.len() == ARENA_RECORDS {
            sum += arena.bytes.len() as u64;
            arena.bytes.clear();
            arena.ends.clear();
        }
    }
    // Using the copies keeps the compiler from optimizing them away.
    sum += std::hint::black_box(arena).bytes.len() as u64;
    ensure!(sum > records, "the values of the topic are empty");
    meter.report(records, &looks)
}

fn plain_consumer(bootstrap: &str, topic: &FilledTopic) -> Result<BaseConsumer> {
    let mut config = ClientConfig::new();
    for (key, value) in [
        ("bootstrap.servers", bootstrap),
        ("group.id", "bench-drain"),
        ("enable.auto.commit", "false"),
        ("enable.auto.offset.store", "false"),
        ("check.crcs", "true"),
        ("fetch.message.max.bytes", "1048576"),
        ("fetch.max.bytes", "52428800"),
        ("fetch.wait.max.ms", "100"),
        ("queued.min.messages", "100000"),
        ("queued.max.messages.kbytes", "65536"),
        ("fetch.queue.backoff.ms", "5"),
    ] {
        config.set(key, value);
    }
    let consumer: BaseConsumer = config.create()?;
    let mut list = TopicPartitionList::new();
    for partition in 0..topic.partitions {
        list.add_partition_offset(&topic.name, partition, rdkafka::Offset::Beginning)?;
    }
    consumer.assign(&list)?;
    Ok(consumer)
}
