//! The metrics for Prometheus. Their names appear only here.
//!
//! The engine counts, and `cli::http` serves the page. A name or label must never contain a
//! record's value, a key or a secret.

use std::time::Duration;

use ::metrics::{counter, describe_counter, describe_gauge, gauge};
use bucket::retry::StoreTrouble;
use landing::Engine;

use crate::{lag::Lag, topic_lag::TopicLag};

const COUNTERS: [(&str, &str); 10] = [
    (
        "consumer_records_total",
        "records that are in data objects, those found already there included",
    ),
    ("consumer_objects_total", "objects written by this process"),
    (
        "consumer_bytes_total",
        "bytes of the objects written by this process",
    ),
    (
        "consumer_already_there_total",
        "objects that were found already there with the same identity",
    ),
    ("consumer_dead_letters_total", "dead letters by reason code"),
    ("consumer_tombstones_total", "tombstones that were skipped"),
    (
        "consumer_rounded_values_total",
        "values that a column of CSV or Parquet rounded or cut off, by kind",
    ),
    ("consumer_gaps_total", "gaps that were recorded"),
    (
        "consumer_s3_requests_total",
        "requests to S3 of every kind, those of the start included",
    ),
    (
        "consumer_s3_retries_total",
        "requests to S3 that were tried again",
    ),
];

const GAUGES: [(&str, &str); 12] = [
    ("consumer_in_flight", "requests to S3 in flight"),
    (
        "consumer_in_flight_limit",
        "how many requests to S3 may be in flight now",
    ),
    (
        "consumer_buffered_bytes",
        "bytes of records that wait or are in flight, overhead included",
    ),
    (
        "consumer_paused",
        "1 while reading is paused because the memory is used up",
    ),
    ("consumer_partitions", "partitions assigned to this process"),
    (
        "consumer_stopped_partitions",
        "partitions that stand still until an operator has looked at them",
    ),
    (
        "consumer_lag",
        "distance to the end of the log in offsets, by stage",
    ),
    (
        "consumer_topic_partitions",
        "partitions that the topic has; each process of the group says the same",
    ),
    (
        "consumer_topic_lag",
        "distance from what the group has committed to the ends of all partitions, those that nobody reads too; \
         each process of the group says the same",
    ),
    (
        "consumer_log_ends_age_seconds",
        "age of the oldest log end that the lag is counted from",
    ),
    (
        "consumer_oldest_request_seconds",
        "how long the oldest request to S3 has been in flight",
    ),
    (
        "consumer_oldest_unlanded_seconds",
        "how long the oldest record that is not yet in the bucket has been waiting",
    ),
];

/// Describes each metric. Call it once, after the recorder is installed.
pub(crate) fn describe() {
    for (name, meaning) in COUNTERS {
        describe_counter!(name, meaning);
    }
    for (name, meaning) in GAUGES {
        describe_gauge!(name, meaning);
    }
}

/// Publishes what was found out about the whole topic.
pub(crate) fn update_topic(topic: TopicLag) {
    gauge!("consumer_topic_partitions").set(topic.partitions as f64);
    gauge!("consumer_topic_lag").set(topic.committed as f64);
}

/// Publishes the engine's and the store's numbers; `ends_age` is that of the log ends which the lag
/// was counted from.
pub(crate) fn update(engine: &Engine, store: Option<&StoreTrouble>, lag: Lag, ends_age: Duration) {
    let counts = engine.counts();
    counter!("consumer_records_total").absolute(counts.records);
    counter!("consumer_objects_total").absolute(counts.objects);
    counter!("consumer_bytes_total").absolute(counts.bytes);
    counter!("consumer_already_there_total").absolute(counts.already_there);
    for (reason, count) in &counts.dead_letters {
        counter!("consumer_dead_letters_total", "reason" => *reason).absolute(*count);
    }
    counter!("consumer_tombstones_total").absolute(counts.tombstones);
    let rounded = counts.rounded.kinds().into_iter();
    for (kind, count) in rounded.filter(|(_, count)| *count > 0) {
        counter!("consumer_rounded_values_total", "kind" => kind).absolute(count);
    }
    counter!("consumer_gaps_total").absolute(counts.gaps);
    counter!("consumer_s3_requests_total").absolute(store.map_or(0, StoreTrouble::requests));
    counter!("consumer_s3_retries_total").absolute(store.map_or(0, StoreTrouble::retries));
    let (in_flight, limit) = engine.in_flight();
    gauge!("consumer_in_flight").set(in_flight as f64);
    gauge!("consumer_in_flight_limit").set(limit as f64);
    gauge!("consumer_buffered_bytes").set(engine.buffered_bytes() as f64);
    gauge!("consumer_paused").set(f64::from(u8::from(engine.is_paused())));
    gauge!("consumer_log_ends_age_seconds").set(ends_age.as_secs_f64());
    gauge!("consumer_oldest_request_seconds").set(engine.oldest_request().as_secs_f64());
    let unlanded = engine
        .oldest_unlanded()
        .map_or(Duration::ZERO, |(_, age)| age);
    gauge!("consumer_oldest_unlanded_seconds").set(unlanded.as_secs_f64());
    gauge!("consumer_partitions").set(engine.partitions().count() as f64);
    gauge!("consumer_stopped_partitions").set(engine.stopped().count() as f64);
    for (stage, offsets) in [
        ("consumed", lag.consumed),
        ("durable", lag.durable),
        ("committed", lag.committed),
    ] {
        gauge!("consumer_lag", "stage" => stage).set(offsets as f64);
    }
}
