//! The settings of the Kafka client: our defaults, the user's `-X` over them, and our promises over
//! both.
//!
//! Does not connect.

use anyhow::Result;
use kafka::{
    options::{KafkaOption, OptionRule, Options},
    security::Security,
};
use rdkafka::ClientConfig;

use crate::kafka::target::Target;

/// The user may change these. The batch limits are the client's own; lz4 and 20 ms give the most
/// records for the least CPU.
const DEFAULTS: [(&str, &str); 9] = [
    ("client.id", "stock-market-producer"),
    ("linger.ms", "20"),
    ("compression.type", "lz4"),
    ("batch.size", "1000000"),
    ("batch.num.messages", "10000"),
    ("queue.buffering.max.messages", "100000"),
    ("queue.buffering.max.kbytes", "65536"),
    ("socket.keepalive.enable", "true"),
    ("reconnect.backoff.max.ms", "2000"),
];

/// Nothing lost, nothing twice, each key's records in order and where Java's clients would put
/// them.
const PROMISES: [(&str, &str); 4] = [
    ("enable.idempotence", "true"),
    ("acks", "all"),
    ("partitioner", "murmur2_random"),
    ("allow.auto.create.topics", "false"),
];

/// What `-X` may not set, and what to do instead.
const RULES: [OptionRule; 12] = [
    refused("enable.idempotence", "the producer is always idempotent"),
    refused("acks", "it is always all"),
    refused("partitioner", "it is always murmur2_random, as in Java"),
    refused(
        "allow.auto.create.topics",
        "the producer creates a missing topic itself",
    ),
    refused("bootstrap.servers", "use --bootstrap-servers"),
    refused("message.timeout.ms", "use --delivery-timeout"),
    refused(
        "statistics.interval.ms",
        "--metrics-addr shows what the client reports",
    ),
    refused("transactional.id", "the producer does not use transactions"),
    refused(
        "delivery.report.only.error",
        "every acknowledgement is counted",
    ),
    refused("dr_cb", "every acknowledgement is counted"),
    refused("dr_msg_cb", "every acknowledgement is counted"),
    refused("enabled_events", "every acknowledgement is counted"),
];

const fn refused(name: &'static str, why: &'static str) -> OptionRule {
    OptionRule::Refused { name, why }
}

const LARGEST_RECORD: &str = "message.max.bytes";

/// Reads `-X` options, and the flags of the security.
///
/// # Errors
/// See [`Options::parse`].
pub(crate) fn options(given: &[KafkaOption], security: &Security) -> Result<Options> {
    Options::parse(given, security, &RULES)
}

/// The largest record that the client will take, in bytes.
pub(crate) fn largest_record(options: &Options) -> usize {
    options
        .get(LARGEST_RECORD)
        .and_then(|value| value.parse().ok())
        .unwrap_or(1_000_000)
}

/// The client's configuration. It holds secrets: it must never be printed.
pub(crate) fn client_config(target: &Target) -> ClientConfig {
    let mut config = ClientConfig::new();
    DEFAULTS
        .iter()
        .for_each(|(name, value)| _ = config.set(*name, *value));
    target.options.apply(&mut config);
    PROMISES
        .iter()
        .for_each(|(name, value)| _ = config.set(*name, *value));
    config.set("bootstrap.servers", &target.servers);
    config.set(
        "message.timeout.ms",
        target.delivery_timeout.as_millis().to_string(),
    );
    config
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(texts: &[&str]) -> Result<Options, String> {
        let given: Vec<_> = texts
            .iter()
            .map(|text| KafkaOption::parse(text).unwrap())
            .collect();
        options(&given, &Security::default()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_last_value_of_an_option_wins_over_our_default_under_any_name() {
        let options = parse(&[
            "linger.ms=1",
            "queue.buffering.max.ms=2",
            "message.max.bytes=2000000",
        ])
        .unwrap();
        assert_eq!(largest_record(&options), 2_000_000);
        let target = Target {
            servers: "a:1".into(),
            topic: "t".into(),
            partitions: 1,
            replication: 1,
            connect_timeout: std::time::Duration::from_secs(1),
            delivery_timeout: std::time::Duration::from_secs(120),
            reports: false,
            options,
        };
        let config = client_config(&target);
        let read = [
            "linger.ms",
            "compression.type",
            "acks",
            "message.timeout.ms",
        ]
        .map(|name| config.get(name));
        assert_eq!(read, [Some("2"), Some("lz4"), Some("all"), Some("120000")]);
        assert_eq!(config.get("queue.buffering.max.ms"), None);
    }

    #[test]
    fn what_carries_a_promise_cannot_be_set() {
        for option in [
            "acks=1",
            "enable.idempotence=false",
            "partitioner=random",
            "message.timeout.ms=1",
            "bootstrap.servers=x",
            // Their other names.
            "request.required.acks=1",
            "metadata.broker.list=x",
            "delivery.timeout.ms=1",
        ] {
            assert!(
                parse(&[option]).unwrap_err().starts_with("-X cannot set "),
                "{option}"
            );
        }
    }
}
