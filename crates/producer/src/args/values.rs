//! The values of flags that are more than a text or a number.
//!
//! Combinations are checked in `plan.rs`. Invariant: a [`KafkaOption`], which may be a secret,
//! cannot be printed with its value.

use std::fmt;
use std::time::Duration;

use schema::TypedColumn;

/// The byte between two fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delimiter(pub u8);

/// The list of `--columns`.
#[derive(Debug, Clone, Default)]
pub struct Columns(pub Vec<TypedColumn>);

/// One `-X`, as written. `Debug` shows no value, for it may be a secret.
#[derive(Clone)]
pub struct KafkaOption(String);

impl KafkaOption {
    /// Takes any text: a mistake is reported later, by name only.
    ///
    /// # Errors
    /// None; clap wants a `Result`.
    pub fn parse(text: &str) -> Result<KafkaOption, std::convert::Infallible> {
        Ok(KafkaOption(text.to_owned()))
    }

    /// The name and the value, or nothing if there is no `=` or no name.
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

pub(super) fn parse_delimiter(text: &str) -> Result<Delimiter, String> {
    match text {
        "tab" | "\\t" => Ok(Delimiter(b'\t')),
        _ => match text.as_bytes() {
            [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\r' | b'\n') => {
                Ok(Delimiter(*byte))
            }
            _ => Err("must be one ASCII character, such as ; or |, or the word tab".to_owned()),
        },
    }
}

pub(super) fn parse_columns(text: &str) -> Result<Columns, schema::SchemaError> {
    schema::parse_columns(text).map(Columns)
}

pub(super) fn parse_rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate.is_finite() && rate > 0.0 => Ok(rate),
        _ => Err(
            "must be a number above 0; leave --rate out to send as fast as Kafka takes the records"
                .to_owned(),
        ),
    }
}

pub(super) fn parse_duration(text: &str) -> Result<Duration, String> {
    let wrong = || {
        "must be a number above 0 with a unit, such as 500ms, 10s, 2m or 1h, and at most 24h"
            .to_owned()
    };
    let unit_at = text
        .find(|letter: char| letter.is_ascii_alphabetic())
        .ok_or_else(wrong)?;
    let (number, unit) = text.split_at(unit_at);
    let seconds = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return Err(wrong()),
    };
    let seconds = number.trim().parse::<f64>().map_err(|_| wrong())? * seconds;
    if (0.001..=86_400.0).contains(&seconds) {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        Err(wrong())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        for (text, millis) in [
            ("500ms", 500),
            ("10s", 10_000),
            ("2m", 120_000),
            ("0.5h", 1_800_000),
        ] {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(millis)));
        }
        for text in ["10", "0s", "-1s", "s", "1d", "25h", "nans", "infs"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn rates_are_above_zero() {
        assert_eq!(parse_rate("0.5"), Ok(0.5));
        for text in ["0", "-1", "nan", "inf", "fast"] {
            assert!(parse_rate(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_kafka_option_is_printed_without_its_value() {
        let option = KafkaOption::parse("sasl.password=hunter2").unwrap();
        assert_eq!(format!("{option:?}"), "KafkaOption(sasl.password=***)");
        assert_eq!(
            format!("{:?}", KafkaOption::parse("hunter2").unwrap()),
            "KafkaOption(?=***)"
        );
        assert_eq!(option.split(), Some(("sasl.password", "hunter2")));
    }
}
