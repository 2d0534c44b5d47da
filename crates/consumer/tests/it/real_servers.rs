//! What only a real Kafka and a real S3 server show: crashes that a group notices, broker restarts,
//! long outages, lost offsets, retention, transactions.
//!
//! Each test runs when `E2E_BOOTSTRAP_SERVERS` and `E2E_ENDPOINT_URL` say where the servers are
//! (`infra/local` starts them), and does nothing otherwise. All other tests run on both kinds of
//! servers. After whatever happened, the independent checker finds each record in exactly one
//! object.

mod backfill;
mod broker;
mod crashes;
mod health;
mod lost_offsets;
mod outages;
mod security;
mod starts;
mod transactions;
