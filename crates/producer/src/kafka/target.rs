//! Where records go: the cluster, the topic and the client's options, as the command line says.

use std::time::Duration;

use kafka::options::Options;

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
    /// Whether the client reports its statistics once a second.
    pub(crate) reports: bool,
    pub(crate) options: Options,
}

/// A duration as the command line takes it: `10s`, `2m`, `500ms`.
pub(crate) fn shown(time: Duration) -> String {
    match time.as_millis() {
        millis if millis % 60_000 == 0 => format!("{}m", millis / 60_000),
        millis if millis % 1000 == 0 => format!("{}s", millis / 1000),
        millis => format!("{millis}ms"),
    }
}
