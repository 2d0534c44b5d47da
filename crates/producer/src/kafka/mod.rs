//! The Kafka side: settings, connection, topic, sending, and the delivery result of every record.
//!
//! Does not read CSV and does not pace. Invariant: no option value and no client configuration is
//! ever printed.

mod connect;
mod deliveries;
mod publisher;
mod pulse;
mod reach;
mod settings;
mod topic;

use std::time::Duration;

pub(crate) use deliveries::Deliveries;
pub(crate) use publisher::{Origin, Outgoing, Publisher, Sent};
pub(crate) use pulse::ClientNumbers;
pub(crate) use settings::{Options, bootstrap_problem};
pub(crate) use topic::name_problem;

/// Where records go, as the command line says; checked.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) servers: String,
    pub(crate) topic: String,
    /// For a topic that we create.
    pub(crate) partitions: i32,
    /// For a topic that we create; -1 is the broker's default.
    pub(crate) replication: i32,
    pub(crate) connect_timeout: Duration,
    pub(crate) delivery_timeout: Duration,
    /// Whether the client shall report about itself.
    pub(crate) reports: bool,
    pub(crate) options: Options,
}

/// A time as the command line takes it: `10s`, `2m`, `500ms`.
pub(crate) fn shown(time: Duration) -> String {
    match time.as_millis() {
        millis if millis % 60_000 == 0 => format!("{}m", millis / 60_000),
        millis if millis % 1000 == 0 => format!("{}s", millis / 1000),
        millis => format!("{millis}ms"),
    }
}
