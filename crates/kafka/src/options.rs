//! What the user says about Kafka on the command line: librdkafka's options, the topic's name, the
//! bootstrap servers; checked before any connection.
//!
//! A message about an option holds its name, never its value: the value may be a secret.

use std::{collections::BTreeMap, convert::Infallible, fmt};

use anyhow::{Result, bail};
use msk::TokenSource;
use rdkafka::{ClientConfig, error::KafkaError, types::RDKafkaConfRes};

use crate::{
    secrets::without_secrets,
    security::{Security, advice},
};

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
        let is_this = |name: &str| name == one_name(option);
        match self {
            Self::Fixed { name, value, why } if is_this(name) && *value != given => {
                Some(format!("-X {option} cannot be changed from {value}: {why}"))
            }
            Self::Refused { name, why } if is_this(name) => {
                Some(format!("-X cannot set {option}: {why}"))
            }
            _ => None,
        }
    }
}

/// librdkafka's second names: the other name, and the one that we use for the option. With both in
/// one configuration the order of a hash map would decide which of them wins.
const ALIASES: [(&str, &str); 12] = [
    ("metadata.broker.list", "bootstrap.servers"),
    ("max.in.flight", "max.in.flight.requests.per.connection"),
    ("sasl.mechanisms", "sasl.mechanism"),
    (
        "sasl.oauthbearer.client.credentials.client.id",
        "sasl.oauthbearer.client.id",
    ),
    (
        "sasl.oauthbearer.client.credentials.client.secret",
        "sasl.oauthbearer.client.secret",
    ),
    ("max.partition.fetch.bytes", "fetch.message.max.bytes"),
    ("queue.buffering.max.ms", "linger.ms"),
    ("message.send.max.retries", "retries"),
    ("compression.codec", "compression.type"),
    ("request.required.acks", "acks"),
    ("delivery.timeout.ms", "message.timeout.ms"),
    ("auto.commit.enable", "enable.auto.commit"),
];

/// The one name of an option that may have two.
fn one_name(name: &str) -> &str {
    ALIASES
        .iter()
        .find_map(|(other, ours)| (*other == name).then_some(*ours))
        .unwrap_or(name)
}

/// What the user gave for an option.
#[derive(Clone)]
struct Given {
    /// The name as written, for messages.
    name: String,
    value: String,
}

/// Ends of the names of options whose values are secrets.
const SECRET_ENDS: [&str; 5] = [
    "password",
    "secret",
    "passphrase",
    ".key.pem",
    "oauthbearer.config",
];

/// librdkafka's options as flags and `-X` give them, by their one name, checked. `Debug` shows
/// names only.
#[derive(Clone, Default)]
pub struct Options {
    given: BTreeMap<String, Given>,
    tokens: Option<TokenSource>,
    warnings: Vec<String>,
}

impl Options {
    /// Reads `-X` options, of which the last of a name wins, whichever of its names was written,
    /// and the flags of [`Security`]. Reads the files that these name; opens no connection.
    ///
    /// # Errors
    /// A sentence for an option without `=`, one that a rule forbids, one that librdkafka does not
    /// know, or a value it does not take; or what is wrong with the flags.
    pub fn parse(given: &[KafkaOption], security: &Security, rules: &[OptionRule]) -> Result<Self> {
        let mut options = BTreeMap::new();
        for option in given {
            let Some((name, value)) = option.split() else {
                bail!(
                    "an option of -X or KAFKA_OPTIONS is not KEY=VALUE (not shown: it may be a secret)"
                )
            };
            if SECRET_ENDS.iter().any(|end| name.ends_with(end)) {
                secrets::remember(value);
            }
            if let Some(problem) = rules.iter().find_map(|rule| rule.problem(name, value)) {
                bail!(problem);
            }
            let given = Given {
                name: name.to_owned(),
                value: value.to_owned(),
            };
            options.insert(one_name(name).to_owned(), given);
        }
        let checked = security.check(|name| options.get(name).map(|given| given.value.as_str()))?;
        for option in checked.options {
            let given = Given {
                name: option.flag.to_owned(),
                value: option.value,
            };
            options.insert(option.name.to_owned(), given);
        }
        let mut options = Self {
            given: options,
            tokens: None,
            warnings: checked.warnings,
        };
        match checked.region {
            Some(region) => options.tokens = Some(TokenSource::start(region)?),
            None => options.check_tokens()?,
        }
        let mut config = ClientConfig::new();
        options.apply(&mut config);
        // librdkafka itself knows its options; no connection is opened.
        match config.create_native_config() {
            Ok(_) => Ok(options),
            Err(error) => bail!(options.explain(&error)),
        }
    }

    /// With tokens of this source, for a broker without TLS.
    #[cfg(test)]
    pub(crate) fn with_tokens(tokens: TokenSource) -> Self {
        let words = [
            ("security.protocol", "SASL_PLAINTEXT"),
            ("sasl.mechanism", "OAUTHBEARER"),
        ];
        let given = words.map(|(name, value)| {
            let given = Given {
                name: name.to_owned(),
                value: value.to_owned(),
            };
            (name.to_owned(), given)
        });
        Self {
            given: given.into(),
            tokens: Some(tokens),
            warnings: Vec::new(),
        }
    }

    /// What to do about a complaint of the client; `None` where its words are not known.
    #[must_use]
    pub fn advice(&self, reason: &str) -> Option<&'static str> {
        let names = [
            "ssl.certificate.location",
            "ssl.certificate.pem",
            "ssl.keystore.location",
        ];
        advice(reason, names.iter().any(|name| self.get(name).is_some()))
    }

    /// Where the clients get their tokens, if they need any.
    #[must_use]
    pub fn tokens(&self) -> Option<&TokenSource> {
        self.tokens.as_ref()
    }

    /// Logs what should be known before anything is sent: an unencrypted way to another machine;
    /// and for which region tokens are signed.
    pub fn warn(&self) {
        for warning in &self.warnings {
            tracing::warn!("{warning}");
        }
        if let Some(tokens) = &self.tokens {
            let region = tokens.region();
            let (name, origin) = (&region.name, region.origin.words());
            tracing::info!("tokens for MSK are signed for region {name} ({origin})");
        }
    }

    /// Refuses the SASL mechanism that waits for ever for a token that nobody fetches.
    fn check_tokens(&self) -> Result<()> {
        let is = |name: &str, value: &str| {
            self.get(name)
                .is_some_and(|given| given.trim().eq_ignore_ascii_case(value))
        };
        let mechanism = "sasl.mechanism";
        if is(mechanism, "OAUTHBEARER") && !is("enable.sasl.oauthbearer.unsecure.jwt", "true") {
            bail!(
                "-X {mechanism}=OAUTHBEARER cannot be used: this program has no handler that \
                 fetches tokens; for MSK use --sasl-mechanism aws-msk-iam, elsewhere SCRAM-SHA-512, \
                 PLAIN or TLS certificates"
            );
        }
        Ok(())
    }

    /// The value of an option, if the user gave one, under any of its names.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let given = self.given.get(one_name(name));
        given.map(|given| given.value.as_str())
    }

    /// Sets all of them in `config`, which must use our names of options too.
    pub fn apply(&self, config: &mut ClientConfig) {
        for (name, given) in &self.given {
            config.set(name, &given.value);
        }
    }

    /// An error of the client as a sentence that holds no value of the user's options.
    #[must_use]
    pub fn explain(&self, error: &KafkaError) -> String {
        let written = |name: &String| {
            let given = self.given.get(name);
            given.map_or(name.clone(), |given| given.name.clone())
        };
        match error {
            KafkaError::ClientConfig(RDKafkaConfRes::RD_KAFKA_CONF_UNKNOWN, _, name, _) => {
                format!(
                    "librdkafka has no option {:?}; see its CONFIGURATION.md for the names that -X takes",
                    written(name)
                )
            }
            KafkaError::ClientConfig(_, text, name, _)
                if text.contains("not supported in this build") =>
            {
                format!(
                    "librdkafka is built without what the option {:?} needs",
                    written(name)
                )
            }
            KafkaError::ClientConfig(_, _, name, _) => {
                format!(
                    "librdkafka does not take the value given for {:?}; see its CONFIGURATION.md",
                    written(name)
                )
            }
            KafkaError::ClientCreation(message) => {
                let advice = self.advice(message);
                let advice = advice.map_or_else(String::new, |advice| format!("; {advice}"));
                let message = self.redact(message);
                format!("cannot create the Kafka client: {message}{advice}")
            }
            other => self.redact(&other.to_string()),
        }
    }

    /// Removes the user's values from a text that librdkafka wrote.
    fn redact(&self, text: &str) -> String {
        let worth_hiding =
            |value: &&String| value.len() >= 4 && !value.bytes().all(|byte| byte.is_ascii_digit());
        self.given
            .values()
            .map(|given| &given.value)
            .filter(worth_hiding)
            .fold(without_secrets(text).into_owned(), |text, value| {
                text.replace(value.as_str(), "***")
            })
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.given.values().map(|given| &given.name);
        f.debug_set().entries(names).finish()
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
        Options::parse(&options, &Security::default(), &RULES).map_err(|error| error.to_string())
    }

    #[test]
    fn the_last_value_of_an_option_wins() {
        let options = parse(&["linger.ms=1", "linger.ms=2", "acks=all"]).unwrap();
        assert_eq!(options.get("linger.ms"), Some("2"));
        assert_eq!(options.get("batch.size"), None);
    }

    #[test]
    fn an_option_with_two_names_is_one_option_and_the_last_value_wins() {
        for [first, last] in [
            ["linger.ms=1", "queue.buffering.max.ms=2"],
            ["queue.buffering.max.ms=1", "linger.ms=2"],
        ] {
            let options = parse(&[first, last]).unwrap();
            let mut config = ClientConfig::new();
            config.set("linger.ms", "20");
            options.apply(&mut config);
            let (given, set) = (options.get("queue.buffering.max.ms"), config.config_map());
            assert_eq!((given, set.len(), set["linger.ms"]), (Some("2"), 1, "2"));
        }
        // Messages use the name that was written, and no promise is reached around the corner.
        let message = parse(&["queue.buffering.max.ms=x"]).unwrap_err();
        assert!(message.contains("\"queue.buffering.max.ms\""), "{message}");
        let message = parse(&["request.required.acks=1"]).unwrap_err();
        assert!(
            message.starts_with("-X request.required.acks cannot be changed from all"),
            "{message}"
        );
    }

    #[test]
    fn each_alias_is_one_of_librdkafkas() {
        // An option of the topic, which has the same two names the other way round: both mean what
        // we refuse or fix.
        let apart = ["enable.auto.commit"];
        // This build has no OIDC, so it takes no value for these.
        let not_built_in = |ours: &str| ours.starts_with("sasl.oauthbearer.");
        for (other, ours) in ALIASES {
            if apart.contains(&ours) || not_built_in(ours) {
                continue;
            }
            let value = match ours {
                "bootstrap.servers" => "a:1",
                "sasl.mechanism" => "PLAIN",
                "compression.type" => "zstd",
                "acks" => "1",
                _ => "1234",
            };
            let mut config = ClientConfig::new();
            config.set(other, value);
            let native = config.create_native_config().unwrap();
            assert_eq!(native.get(ours).unwrap(), value, "{other}");
        }
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
    fn tokens_that_nobody_fetches_are_refused_at_once() {
        for name in ["sasl.mechanism", "sasl.mechanisms"] {
            let message = parse(&[&format!("{name}=OAUTHBEARER")]).unwrap_err();
            assert!(message.contains("no handler"), "{message}");
        }
        let unsecured = "enable.sasl.oauthbearer.unsecure.jwt=true";
        assert!(parse(&["sasl.mechanism=OAUTHBEARER", unsecured]).is_ok());
        let message = parse(&["sasl.oauthbearer.client.id=hunter2"]).unwrap_err();
        assert_eq!(
            message,
            "librdkafka is built without what the option \"sasl.oauthbearer.client.id\" needs"
        );
    }

    #[test]
    fn tls_and_sasl_are_built_in() {
        let options = [
            "security.protocol=SASL_SSL",
            "sasl.mechanism=SCRAM-SHA-512",
            "sasl.username=me",
            "sasl.password=secret",
        ];
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
