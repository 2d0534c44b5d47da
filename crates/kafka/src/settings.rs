//! librdkafka's options: ours, and those that the user passes with `-X`.
//!
//! Traps behind each value: librdkafka's CONFIGURATION.md. Not here: what the client is used for.
//! Invariant: an option that carries a promise cannot be overridden, and no option's value is ever
//! printed (`{:?}` of a `ClientConfig` and `KafkaError::ClientConfig` both hold secrets).

use std::time::Duration;

use anyhow::{Result, bail};
use rdkafka::{ClientConfig, config::RDKafkaLogLevel, error::KafkaError};

/// Options that carry a promise, with the reason a user is told.
const FIXED: [(&str, &str, &str); 7] = [
    (
        "enable.auto.commit",
        "false",
        "offsets are committed only after their records are durable in S3",
    ),
    (
        "enable.auto.offset.store",
        "false",
        "offsets are committed only after their records are durable in S3",
    ),
    (
        "auto.offset.reset",
        "error",
        "a lost position must stop, not skip; see --start",
    ),
    (
        "enable.partition.eof",
        "true",
        "the end of a partition must be seen",
    ),
    (
        "partition.assignment.strategy",
        "cooperative-sticky",
        "the members of the group must agree on it",
    ),
    (
        "group.protocol",
        "classic",
        "the members of the group must agree on it",
    ),
    (
        "isolation.level",
        "read_committed",
        "aborted records must not land",
    ),
];

/// Options with a flag of their own.
const OWN_FLAG: [(&str, &str); 3] = [
    ("bootstrap.servers", "--bootstrap-servers"),
    ("metadata.broker.list", "--bootstrap-servers"),
    ("group.id", "--group"),
];

/// How a client reaches Kafka, as the user gave it.
#[derive(Clone)]
pub struct KafkaSettings {
    pub bootstrap_servers: String,
    pub group: String,
    /// `-X` options in their order.
    pub options: Vec<(String, String)>,
    /// Bytes that librdkafka may hold prefetched.
    pub queue_bytes: usize,
}

/// Refuses options that would break a promise. Checked before any connection.
pub fn check_options(options: &[(String, String)]) -> Result<()> {
    for (key, value) in options {
        if let Some((_, fixed, reason)) = FIXED.iter().find(|(name, ..)| name == key)
            && value != fixed
        {
            bail!("-X {key} cannot be changed from {fixed}: {reason}");
        }
        if let Some((_, flag)) = OWN_FLAG.iter().find(|(name, _)| name == key) {
            bail!("-X {key}: use {flag}");
        }
    }
    // librdkafka itself knows its options: a client configuration is made and thrown away, no
    // connection is opened.
    native(&client_config(&KafkaSettings {
        bootstrap_servers: "localhost:9092".to_owned(),
        group: "check".to_owned(),
        options: options.to_vec(),
        queue_bytes: 1 << 20,
    }))
}

fn native(config: &ClientConfig) -> Result<()> {
    config
        .create_native_config()
        .map(drop)
        .map_err(|error| config_error(&error))
}

/// Names the option and librdkafka's complaint, never the value.
pub fn config_error(error: &KafkaError) -> anyhow::Error {
    match error {
        KafkaError::ClientConfig(_, description, key, value) => {
            let complaint = if value.is_empty() {
                description.clone()
            } else {
                description.replace(value.as_str(), "…")
            };
            anyhow::anyhow!(
                "-X {key}: {complaint}; the options are listed in librdkafka's CONFIGURATION.md"
            )
        }
        other => anyhow::anyhow!("the Kafka client could not be made: {other}"),
    }
}

/// The session timeout that is in force, for the drain deadline.
pub fn session_timeout(options: &[(String, String)]) -> Result<Duration> {
    let given = options
        .iter()
        .rev()
        .find(|(key, _)| key == "session.timeout.ms")
        .map(|(_, value)| value.as_str());
    let Ok(millis) = given.unwrap_or(SESSION_TIMEOUT_MS).parse() else {
        bail!("-X session.timeout.ms: not a number of milliseconds")
    };
    Ok(Duration::from_millis(millis))
}

/// Short: after kill -9 a restarted consumer waits for it, and a paused old owner can do no harm
/// here.
const SESSION_TIMEOUT_MS: &str = "10000";

/// The client's whole configuration.
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
        // Both limits of the prefetch queue: either alone lets it grow far beyond the memory bound.
        ("queued.max.messages.kbytes", queue_kbytes.as_str()),
        ("queued.min.messages", "20000"),
        // The default of a second makes a drained queue wait: three times slower on a backlog.
        ("fetch.queue.backoff.ms", "5"),
        ("fetch.message.max.bytes", "1048576"),
        // A whole answer is unpacked at once, on top of the queue: less of it saves memory and
        // costs no speed.
        ("fetch.max.bytes", "2097152"),
        ("fetch.wait.max.ms", "100"),
        ("check.crcs", "true"),
        ("socket.keepalive.enable", "true"),
        ("reconnect.backoff.max.ms", "2000"),
    ] {
        config.set(key, value);
    }
    for (key, value) in &settings.options {
        config.set(key, value);
    }
    for (key, value, _) in FIXED {
        config.set(key, value);
    }
    // Otherwise the client's complaints (refused connections, bad certificates) would not reach our
    // callbacks.
    config.set_log_level(RDKafkaLogLevel::Info);
    config
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(options: &[(&str, &str)]) -> Result<(), String> {
        let options: Vec<_> = options
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        check_options(&options).map_err(|error| error.to_string())
    }

    #[test]
    fn a_mistyped_option_is_named_and_its_value_is_not() {
        let error = check(&[("sasl.pasword", "hunter2")]).unwrap_err();
        assert!(
            error.contains("sasl.pasword") && !error.contains("hunter2"),
            "{error}"
        );
        let error = check(&[("session.timeout.ms", "hunter2")]).unwrap_err();
        assert!(
            error.contains("session.timeout.ms") && !error.contains("hunter2"),
            "{error}"
        );
    }

    #[test]
    fn options_that_carry_a_promise_stay() {
        for (key, value) in [
            ("enable.auto.commit", "true"),
            ("auto.offset.reset", "latest"),
            ("isolation.level", "read_uncommitted"),
        ] {
            assert!(
                check(&[(key, value)])
                    .unwrap_err()
                    .contains("cannot be changed"),
                "{key}"
            );
        }
        assert!(check(&[("group.id", "g")]).unwrap_err().contains("--group"));
        assert_eq!(
            check(&[("enable.auto.commit", "false"), ("fetch.wait.max.ms", "10")]),
            Ok(())
        );
    }

    #[test]
    fn tls_and_sasl_are_built_in() {
        assert_eq!(
            check(&[
                ("security.protocol", "SASL_SSL"),
                ("sasl.mechanism", "SCRAM-SHA-512")
            ]),
            Ok(())
        );
    }

    #[test]
    fn the_session_timeout_is_the_users_where_given() {
        assert_eq!(session_timeout(&[]).unwrap(), Duration::from_secs(10));
        assert_eq!(
            session_timeout(&[("session.timeout.ms".into(), "6000".into())]).unwrap(),
            Duration::from_secs(6)
        );
        assert!(session_timeout(&[("session.timeout.ms".into(), "x".into())]).is_err());
    }
}
