//! What the user says of Kafka on the command line: librdkafka's options and the topic's name,
//! checked before any connection.
//!
//! A message about an option never holds its value: it may be a secret.

use std::fmt;

use anyhow::{Result, bail};

use crate::settings;

/// One `-X`, as written. `Debug` shows no value, for it may be a secret.
#[derive(Clone)]
pub struct KafkaOption(String);

impl KafkaOption {
    /// Takes any text: a mistake is reported later, by name only (clap's own message would show the
    /// value).
    pub fn parse(text: &str) -> Result<Self, std::convert::Infallible> {
        Ok(Self(text.to_owned()))
    }

    /// Name and value; nothing if there is no `=` or no name.
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

pub fn librdkafka_options(given: &[KafkaOption]) -> Result<Vec<(String, String)>> {
    let mut options = Vec::new();
    for option in given {
        let Some((key, value)) = option.split() else {
            bail!("-X: an option of librdkafka is written KEY=VALUE")
        };
        options.push((key.to_owned(), value.to_owned()));
    }
    settings::check_options(&options)?;
    Ok(options)
}

/// Kafka's rules for topic names.
pub fn check_topic_name(name: &str) -> Result<()> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if name.is_empty()
        || name.len() > 249
        || name == "."
        || name == ".."
        || !name.chars().all(allowed)
    {
        bail!(
            "Kafka refuses the topic name '{}': 1 to 249 letters, digits, '.', '_' and '-' are allowed",
            name.escape_debug()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kafka_option_is_printed_without_its_value() {
        let option = KafkaOption::parse("sasl.password=hunter2").unwrap();
        assert_eq!(format!("{option:?}"), "KafkaOption(sasl.password=***)");
        assert_eq!(option.split(), Some(("sasl.password", "hunter2")));
    }
}
