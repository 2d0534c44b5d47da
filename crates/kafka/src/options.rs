//! What the user says about Kafka on the command line: librdkafka's options, the topic's name, the
//! bootstrap servers; checked before any connection.
//!
//! A message about an option holds its name, never its value: the value may be a secret.

use std::{collections::BTreeMap, convert::Infallible, fmt};

use anyhow::{Result, bail};
use rdkafka::{ClientConfig, error::KafkaError, types::RDKafkaConfRes};

/// One `-X`, as written. `Debug` shows no value, because it may be a secret.
#[derive(Clone)]
pub struct KafkaOption(String);

impl KafkaOption {
    /// Takes any text: [`Options::parse`] reports mistakes, by name only (clap's own message would
    /// show the value).
    ///
    /// # Errors
    /// Never; clap wants a `Result`.
    pub fn parse(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }

    /// Name and value; `None` without a `=` or a name.
    #[must_use]
    pub fn split(&self) -> Option<(&str, &str)> {
        let (name, value) = self.0.split_once('=')?;
        (!name.trim().is_empty()).then_some((name.trim(), value))
    }
}

impl fmt::Debug for KafkaOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "KafkaOption({}=***)",
            self.split().map_or("?", |(name, _)| name)
        )
    }
}

/// What `-X` may not do to an option.
#[derive(Clone, Copy, Debug)]
pub enum OptionRule {
    /// A guarantee depends on it, so it keeps this value.
    Fixed {
        /// librdkafka's name.
        name: &'static str,
        /// The only value.
        value: &'static str,
        /// What would break.
        why: &'static str,
    },
    /// It may not be set at all.
    Refused {
        /// librdkafka's name.
        name: &'static str,
        /// What to do instead, or why there is nothing to do.
        why: &'static str,
    },
}

impl OptionRule {
    /// What is wrong with this option, if anything.
    fn problem(&self, option: &str, given: &str) -> Option<String> {
        match self {
            Self::Fixed { name, value, why } if *name == option && *value != given => {
                Some(format!("-X {name} cannot be changed from {value}: {why}"))
            }
            Self::Refused { name, why } if *name == option => {
                Some(format!("-X cannot set {name}: {why}"))
            }
            _ => None,
        }
    }
}

/// The user's librdkafka options, checked. `Debug` shows names only.
#[derive(Clone, Default)]
pub struct Options(BTreeMap<String, String>);

impl Options {
    /// Reads `-X` options; the last of a name wins.
    ///
    /// # Errors
    /// A sentence for an option without `=`, one that a rule forbids, one that librdkafka does not
    /// know, or a value it does not take.
    pub fn parse(given: &[KafkaOption], rules: &[OptionRule]) -> Result<Self> {
        let mut options = BTreeMap::new();
        for option in given {
            let Some((name, value)) = option.split() else {
                bail!(
                    "an option of -X or KAFKA_OPTIONS is not KEY=VALUE (not shown: it may be a secret)"
                )
            };
            if let Some(problem) = rules.iter().find_map(|rule| rule.problem(name, value)) {
                bail!(problem);
            }
            options.insert(name.to_owned(), value.to_owned());
        }
        let options = Self(options);
        let mut config = ClientConfig::new();
        options.apply(&mut config);
        // librdkafka itself knows its options; no connection is opened.
        match config.create_native_config() {
            Ok(_) => Ok(options),
            Err(error) => bail!(options.explain(&error)),
        }
    }

    /// The value of an option, if the user gave one.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Sets all of them in `config`.
    pub fn apply(&self, config: &mut ClientConfig) {
        for (name, value) in &self.0 {
            config.set(name, value);
        }
    }

    /// An error of the client as a sentence that holds no value of the user's options.
    #[must_use]
    pub fn explain(&self, error: &KafkaError) -> String {
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

    /// Removes the user's values from a text that librdkafka wrote.
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

/// Why Kafka would refuse this name for a topic, if it would: the rules of Kafka's own
/// `Topic.validate`.
#[must_use]
pub fn topic_name_problem(name: &str) -> Option<&'static str> {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '-');
    match name {
        "" => Some("is empty"),
        "." | ".." => Some("cannot be . or .."),
        _ if name.len() > 249 => Some("is longer than 249 characters"),
        _ if !name.chars().all(fits) => {
            Some("may hold only letters, digits, dot, underscore and minus")
        }
        _ => None,
    }
}

/// Refuses a name that Kafka would refuse for a topic.
///
/// # Errors
/// A sentence with the rule.
pub fn check_topic_name(name: &str) -> Result<()> {
    if topic_name_problem(name).is_some() {
        bail!(
            "Kafka refuses the topic name '{}': 1 to 249 letters, digits, '.', '_' and '-' are allowed",
            name.escape_debug()
        );
    }
    Ok(())
}

/// What is wrong with a list of bootstrap servers, if anything.
#[must_use]
pub fn bootstrap_problem(servers: &str) -> Option<String> {
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

    const RULES: [OptionRule; 2] = [
        OptionRule::Fixed {
            name: "acks",
            value: "all",
            why: "nothing may be lost",
        },
        OptionRule::Refused {
            name: "group.id",
            why: "use --group",
        },
    ];

    fn parse(options: &[&str]) -> Result<Options, String> {
        let options: Vec<_> = options
            .iter()
            .map(|text| KafkaOption::parse(text).unwrap())
            .collect();
        Options::parse(&options, &RULES).map_err(|error| error.to_string())
    }

    #[test]
    fn the_last_value_of_an_option_wins() {
        let options = parse(&["linger.ms=1", "linger.ms=2", "acks=all"]).unwrap();
        assert_eq!(options.get("linger.ms"), Some("2"));
        assert_eq!(options.get("batch.size"), None);
    }

    #[test]
    fn mistakes_are_named_without_their_values() {
        for (option, name) in [
            ("sasl.pasword=hunter2", "sasl.pasword"),
            ("linger.ms=hunter2", "linger.ms"),
            ("security.protocol=hunter2", "security.protocol"),
            ("sasl.password:hunter2", "KEY=VALUE"),
        ] {
            let message = parse(&[option]).unwrap_err();
            assert!(
                message.contains(name) && !message.contains("hunter2"),
                "{message}"
            );
        }
        let shown = format!("{:?}", parse(&["sasl.password=hunter2"]).unwrap());
        assert_eq!(shown, "{\"sasl.password\"}");
    }

    #[test]
    fn an_option_that_carries_a_promise_stays_and_another_is_refused() {
        let message = parse(&["acks=1"]).unwrap_err();
        assert_eq!(
            message,
            "-X acks cannot be changed from all: nothing may be lost"
        );
        let message = parse(&["group.id=g"]).unwrap_err();
        assert_eq!(message, "-X cannot set group.id: use --group");
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
    fn tls_and_sasl_are_built_in() {
        let options = ["security.protocol=SASL_SSL", "sasl.mechanism=SCRAM-SHA-512"];
        assert!(parse(&options).is_ok());
    }

    #[test]
    fn names_that_kafka_refuses_are_known() {
        for good in ["stock-market", "a.b_c-1", "...", &"x".repeat(249)] {
            assert_eq!(topic_name_problem(good), None);
        }
        for bad in ["", ".", "..", "a b", "a/b", "börse", &"x".repeat(250)] {
            assert!(topic_name_problem(bad).is_some(), "{bad}");
        }
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

    #[test]
    fn a_kafka_option_is_printed_without_its_value() {
        let option = KafkaOption::parse("sasl.password=hunter2").unwrap();
        assert_eq!(format!("{option:?}"), "KafkaOption(sasl.password=***)");
        assert_eq!(option.split(), Some(("sasl.password", "hunter2")));
    }
}
