//! The settings of the Kafka client: our defaults, the user's `-X` over them, and our promises over
//! both.
//!
//! Does not connect. Invariant: a message about a setting holds its name, never its value, for the
//! value may be a secret.

use std::collections::BTreeMap;
use std::fmt;

use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaConfRes;

use super::Target;
use crate::args::KafkaOption;

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

/// Options that `-X` may not set, and what to do instead.
const REFUSED: [(&str, &str); 15] = [
    ("enable.idempotence", "the producer is always idempotent"),
    ("acks", "it is always all"),
    ("request.required.acks", "it is always all"),
    ("partitioner", "it is always murmur2_random, as in Java"),
    (
        "allow.auto.create.topics",
        "the producer creates a missing topic itself",
    ),
    ("bootstrap.servers", "use --bootstrap-servers"),
    ("metadata.broker.list", "use --bootstrap-servers"),
    ("message.timeout.ms", "use --delivery-timeout"),
    ("delivery.timeout.ms", "use --delivery-timeout"),
    (
        "statistics.interval.ms",
        "--metrics-addr shows what the client reports",
    ),
    ("transactional.id", "the producer does not use transactions"),
    (
        "delivery.report.only.error",
        "every acknowledgement is counted",
    ),
    ("dr_cb", "every acknowledgement is counted"),
    ("dr_msg_cb", "every acknowledgement is counted"),
    ("enabled_events", "every acknowledgement is counted"),
];

const LARGEST_RECORD: &str = "message.max.bytes";

/// The user's librdkafka options, checked. `Debug` shows names only.
#[derive(Clone, Default)]
pub(crate) struct Options(BTreeMap<String, String>);

impl Options {
    /// Reads `-X` options; the last of a name wins.
    ///
    /// # Errors
    /// A sentence for an option without `=`, one we refuse, one that librdkafka does not know, or a
    /// value it does not take.
    pub(crate) fn parse(given: &[KafkaOption]) -> Result<Options, String> {
        let mut options = BTreeMap::new();
        for option in given {
            let (name, value) = option.split().ok_or(
                "an option of -X or KAFKA_OPTIONS is not KEY=VALUE (not shown: it may be a secret)",
            )?;
            if let Some((name, why)) = REFUSED.iter().find(|(refused, _)| *refused == name) {
                return Err(format!("-X cannot set {name}: {why}"));
            }
            options.insert(name.to_owned(), value.to_owned());
        }
        let options = Options(options);
        let mut config = ClientConfig::new();
        options
            .0
            .iter()
            .for_each(|(name, value)| _ = config.set(name, value));
        config
            .create_native_config()
            .map_err(|error| options.explain(&error))?;
        Ok(options)
    }

    /// The largest record that the client will take, in bytes.
    pub(crate) fn largest_record(&self) -> usize {
        self.0
            .get(LARGEST_RECORD)
            .and_then(|value| value.parse().ok())
            .unwrap_or(1_000_000)
    }

    /// A client error as a sentence without values.
    pub(crate) fn explain(&self, error: &KafkaError) -> String {
        match error {
            KafkaError::ClientConfig(RDKafkaConfRes::RD_KAFKA_CONF_UNKNOWN, _, name, _) => {
                format!(
                    "librdkafka has no option {name:?}; see its CONFIGURATION.md for the names that -X takes"
                )
            }
            KafkaError::ClientConfig(_, _, name, _) => {
                format!(
                    "librdkafka does not take the value given for {name:?}; see its CONFIGURATION.md"
                )
            }
            KafkaError::ClientCreation(message) => {
                format!("cannot create the Kafka client: {}", self.redact(message))
            }
            other => self.redact(&other.to_string()),
        }
    }

    /// Takes the user's values out of a text of librdkafka's.
    fn redact(&self, text: &str) -> String {
        let worth_hiding =
            |value: &&String| value.len() >= 4 && !value.bytes().all(|byte| byte.is_ascii_digit());
        self.0
            .values()
            .filter(worth_hiding)
            .fold(text.to_owned(), |text, value| {
                text.replace(value.as_str(), "***")
            })
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// The client's configuration. It holds secrets: it must never be printed.
pub(crate) fn client_config(target: &Target) -> ClientConfig {
    let mut config = ClientConfig::new();
    DEFAULTS
        .iter()
        .for_each(|(name, value)| _ = config.set(*name, *value));
    target
        .options
        .0
        .iter()
        .for_each(|(name, value)| _ = config.set(name, value));
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

/// What is wrong with a list of bootstrap servers, if anything.
pub(crate) fn bootstrap_problem(servers: &str) -> Option<String> {
    const PROTOCOLS: [&str; 4] = ["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"];
    if servers.split(',').all(|server| server.trim().is_empty()) {
        return Some("--bootstrap-servers is empty; give HOST:PORT".to_owned());
    }
    servers.split(',').map(str::trim).find_map(|server| {
        let (protocol, address) = server
            .split_once("://")
            .map_or((None, server), |(protocol, address)| {
                (Some(protocol), address)
            });
        let is_known = protocol.is_none_or(|protocol| {
            PROTOCOLS
                .iter()
                .any(|known| known.eq_ignore_ascii_case(protocol))
        });
        // The port of an address such as [::1]:9092 follows the last colon; more colons without
        // brackets are a bare IPv6 address.
        let port = address
            .rsplit_once(':')
            .map(|(_, port)| port)
            .filter(|_| address.starts_with('[') || address.matches(':').count() == 1);
        let port_fits = port.is_none_or(|port| {
            port.ends_with(']') || port.parse::<u16>().is_ok_and(|port| port > 0)
        });
        (!is_known || !port_fits || address.contains('/'))
            .then(|| format!("--bootstrap-servers: {server:?} is not HOST:PORT"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(options: &[&str]) -> Result<Options, String> {
        let options: Vec<_> = options
            .iter()
            .map(|text| KafkaOption::parse(text).unwrap())
            .collect();
        Options::parse(&options)
    }

    #[test]
    fn the_last_value_of_an_option_wins_over_our_default() {
        let options = parse(&["linger.ms=1", "linger.ms=2", "message.max.bytes=2000000"]).unwrap();
        assert_eq!(options.largest_record(), 2_000_000);
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
    }

    #[test]
    fn mistakes_are_named_without_their_values() {
        for (option, name) in [
            ("sasl.pasword=hunter2", "sasl.pasword"),
            ("linger.ms=hunter2", "linger.ms"),
            ("security.protocol=hunter2", "security.protocol"),
        ] {
            let message = parse(&[option]).unwrap_err();
            assert!(
                message.contains(name) && !message.contains("hunter2"),
                "{message}"
            );
        }
        let message = parse(&["sasl.password:hunter2"]).unwrap_err();
        assert!(
            message.contains("KEY=VALUE") && !message.contains("hunter2"),
            "{message}"
        );
        let shown = format!("{:?}", parse(&["sasl.password=hunter2"]).unwrap());
        assert_eq!(shown, "{\"sasl.password\"}");
    }

    #[test]
    fn what_carries_a_promise_cannot_be_set() {
        for option in [
            "acks=1",
            "enable.idempotence=false",
            "partitioner=random",
            "message.timeout.ms=1",
            "bootstrap.servers=x",
        ] {
            assert!(
                parse(&[option]).unwrap_err().starts_with("-X cannot set "),
                "{option}"
            );
        }
    }

    #[test]
    fn values_are_taken_out_of_the_clients_texts() {
        let options = parse(&["sasl.oauthbearer.config=principal=hunter2"]).unwrap();
        let error = KafkaError::ClientCreation("bad principal=hunter2 given".into());
        assert_eq!(
            options.explain(&error),
            "cannot create the Kafka client: bad *** given"
        );
    }

    #[test]
    fn bootstrap_servers_are_addresses() {
        for good in [
            "localhost:9092",
            "a:1, b:2",
            "kafka",
            "10.0.0.1:9092",
            "[::1]:9092",
            "SASL_SSL://b-1.example:9096",
        ] {
            assert_eq!(bootstrap_problem(good), None, "{good}");
        }
        for bad in [
            "",
            " , ",
            "http://localhost:9092",
            "localhost:port",
            "localhost:",
            "a:1,b:0",
            "host/path",
        ] {
            assert!(bootstrap_problem(bad).is_some(), "{bad}");
        }
    }
}
