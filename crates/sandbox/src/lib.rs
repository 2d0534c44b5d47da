//! A Kafka broker and an S3 in one process, for trying the pipeline without docker and for tests.
//!
//! [`Broker`] is librdkafka's mock cluster, [`S3`] is a server on the `s3s` framework with a small
//! store of ours. Each starts with one call on a free port of 127.0.0.1, and both misbehave on
//! demand: [`Broker::broker_down`], [`Broker::fail_requests`], [`S3::faults`],
//! [`S3::refuse_bucket`], [`Forwarder::cut`]. [`Relay`] brings the same faults to another S3
//! server.
//!
//! It keeps nothing over a restart, has no TLS, no transactions (aborted records are visible) and
//! no CreateTopics request ([`Broker::create_topic`] creates topics), and it serves this machine
//! only.
//!
//! What the sandbox has acknowledged is still there, or its loss was reported. The S3 keeps each
//! object in a file until it is deleted; for the broker, which forgets, [`Broker::loss`] reports
//! it.
//!
//! # How much fits into the broker
//!
//! The mock cluster keeps 5 MiB of record batches *as sent* (so compressed) and 100,000 batches per
//! partition, and then silently drops the oldest; the limits cannot be changed. Records that
//! every consumer group has committed may go, so this concerns what is produced ahead of the
//! consumer. Measured with the tutorial's CSV (104,224 records as JSON, 18.3 MB, with key and three
//! small headers, murmur2 over 6 partitions, `linger.ms=5`) until the fullest partition, which
//! holds two fifths of the records, lost its first one:
//!
//! | compression | whole replays that fit | records in that partition |
//! |---|---|---|
//! | none | 0 | 20,000 |
//! | lz4 | 1 | 68,000 |
//! | snappy | 1 | 72,000 |
//! | zstd, gzip | 2 | 116,000 |
//! | lz4, one record per batch (a slow `--rate`) | 0 | 18,000 |
//!
//! Without the headers lz4 takes 2 replays, zstd and gzip 3; with 24 partitions about twice as many
//! as with 6.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a test may fail at any step")
)]

mod broker;
mod forwarder;
mod s3;

pub use broker::{Broker, Loss};
pub use forwarder::Forwarder;
pub use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
pub use s3::{ACCESS_KEY, Fault, Faults, Object, REGION, Relay, Rule, RuleId, S3, SECRET_KEY};
