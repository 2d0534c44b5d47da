//! The settings of the clients that read: ours, and those that the user passes with `-X`.
//!
//! librdkafka's CONFIGURATION.md describes each option. Never print an option's value: `{:?}` of a
//! `ClientConfig` and of `KafkaError::ClientConfig` both hold secrets.

use std::time::Duration;

use anyhow::{Result, bail};
use rdkafka::{ClientConfig, config::RDKafkaLogLevel};

use crate::{
    options::{KafkaOption, OptionRule, Options},
    security::Security,
};

/// What `-X` may not change: options on which a guarantee depends, and those with a flag of their
/// own.
const RULES: [OptionRule; 9] = [
    fixed(
        "enable.auto.commit",
        "false",
        "offsets are committed only after their records are durable in S3",
    ),
    fixed(
        "enable.auto.offset.store",
        "false",
        "offsets are committed only after their records are durable in S3",
    ),
    fixed(
        "auto.offset.reset",
        "error",
        "a lost position must stop, not skip; see --start",
    ),
    fixed(
        "enable.partition.eof",
        "true",
        "the end of a partition must be seen",
    ),
    fixed(
        "partition.assignment.strategy",
        "cooperative-sticky",
        "the members of the group must agree on it",
    ),
    fixed(
        "group.protocol",
        "classic",
        "the members of the group must agree on it",
    ),
    fixed(
        "isolation.level",
        "read_committed",
        "aborted records must not land",
    ),
    own_flag("bootstrap.servers", "use --bootstrap-servers"),
    own_flag("group.id", "use --group"),
];

const fn fixed(name: &'static str, value: &'static str, why: &'static str) -> OptionRule {
    OptionRule::Fixed { name, value, why }
}

const fn own_flag(name: &'static str, why: &'static str) -> OptionRule {
    OptionRule::Refused { name, why }
}

/// How a client reaches Kafka, as the user gave it.
#[derive(Clone)]
pub struct KafkaSettings {
    /// `HOST:PORT,…`
    pub bootstrap_servers: String,
    /// The consumer group's id.
    pub group: String,
    /// The `-X` options, checked.
    pub options: Options,
    /// Bytes that librdkafka may hold prefetched.
    pub queue_bytes: usize,
}

/// Checks the `-X` options of a client that reads, and the flags of its security.
///
/// # Errors
/// As for [`Options::parse`]; options on which a guarantee depends cannot be changed.
pub fn options(given: &[KafkaOption], security: &Security) -> Result<Options> {
    Options::parse(given, security, &RULES)
}

/// The session timeout in force, from which the drain deadline follows.
///
/// # Errors
/// When the user's value is not a number of milliseconds.
pub fn session_timeout(options: &Options) -> Result<Duration> {
    let given = options.get("session.timeout.ms");
    let Ok(millis) = given.unwrap_or(SESSION_TIMEOUT_MS).parse() else {
        bail!("-X session.timeout.ms: not a number of milliseconds")
    };
    Ok(Duration::from_millis(millis))
}

/// Short, because a restarted consumer waits for it after kill -9. A paused old owner that loses
/// its partitions early does no harm here.
const SESSION_TIMEOUT_MS: &str = "10000";

/// The client's whole configuration: our values, the user's options over them, and over those the
/// values on which a guarantee depends.
#[must_use]
pub fn client_config(settings: &KafkaSettings) -> ClientConfig {
    let mut config = ClientConfig::new();
    let queue_kbytes = (settings.queue_bytes / 1024).max(1024).to_string();
    for (key, value) in [
        ("bootstrap.servers", settings.bootstrap_servers.as_str()),
        ("group.id", settings.group.as_str()),
        ("client.id", "consumer"),
        ("session.timeout.ms", SESSION_TIMEOUT_MS),
        ("heartbeat.interval.ms", "1000"),
        ("allow.auto.create.topics", "false"),
        // The prefetch queue needs both limits: either alone lets it grow far beyond the memory
        // bound.
        ("queued.max.messages.kbytes", queue_kbytes.as_str()),
        ("queued.min.messages", "20000"),
        // With the default of a second a drained queue waits: three times slower on a backlog.
        ("fetch.queue.backoff.ms", "5"),
        ("fetch.message.max.bytes", "1048576"),
        // librdkafka unpacks a whole response at once, on top of the queue: a smaller one saves
        // memory and costs no speed.
        ("fetch.max.bytes", "2097152"),
        ("fetch.wait.max.ms", "100"),
        ("check.crcs", "true"),
        // A partition that is added to the topic is noticed within this time, not after 5 minutes.
        ("topic.metadata.refresh.interval.ms", "30000"),
        ("socket.keepalive.enable", "true"),
        ("reconnect.backoff.max.ms", "2000"),
    ] {
        config.set(key, value);
    }
    settings.options.apply(&mut config);
    for rule in RULES {
        if let OptionRule::Fixed { name, value, .. } = rule {
            config.set(name, value);
        }
    }
    // Without this level the client's complaints (refused connections, bad certificates) would not
    // reach our callbacks.
    config.set_log_level(RDKafkaLogLevel::Info);
    config
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(given: &[&str]) -> Result<Options, String> {
        let given: Vec<_> = given
            .iter()
            .map(|text| KafkaOption::parse(text).unwrap())
            .collect();
        options(&given, &Security::default()).map_err(|error| error.to_string())
    }

    #[test]
    fn options_that_carry_a_promise_stay() {
        for option in [
            "enable.auto.commit=true",
            "auto.offset.reset=latest",
            "isolation.level=read_uncommitted",
        ] {
            let message = check(&[option]).unwrap_err();
            assert!(message.contains("cannot be changed"), "{message}");
        }
        for option in ["metadata.broker.list=x", "auto.commit.enable=true"] {
            assert!(check(&[option]).is_err(), "{option} has another name");
        }
        assert!(check(&["group.id=g"]).unwrap_err().contains("--group"));
        assert!(check(&["enable.auto.commit=false", "fetch.wait.max.ms=10"]).is_ok());
    }

    #[test]
    fn the_users_value_wins_over_ours_under_any_name() {
        let settings = KafkaSettings {
            bootstrap_servers: "a:1".to_owned(),
            group: "g".to_owned(),
            options: check(&["max.partition.fetch.bytes=7000"]).unwrap(),
            queue_bytes: 1 << 20,
        };
        let config = client_config(&settings);
        assert_eq!(config.get("fetch.message.max.bytes"), Some("7000"));
        assert_eq!(config.get("max.partition.fetch.bytes"), None);
    }

    #[test]
    fn the_session_timeout_is_the_users_where_given() {
        let timeout = |given: &[&str]| session_timeout(&check(given).unwrap()).unwrap();
        assert_eq!(timeout(&[]), Duration::from_secs(10));
        assert_eq!(
            timeout(&["session.timeout.ms=6000"]),
            Duration::from_secs(6)
        );
        assert!(check(&["session.timeout.ms=x"]).is_err());
    }
}
