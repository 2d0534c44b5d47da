//! `KAFKA_OPTIONS`: librdkafka options as `KEY=VALUE`, separated by blanks. A value that holds
//! blanks stands in quotes: `ssl.ca.location='/my certificates/ca.pem'`.
//!
//! A value with a blank and no quotes falls apart, and its second half looks like an option. The
//! message names the option in front of it and shows nothing of the value, which may be a secret.

use rdkafka::{ClientConfig, error::KafkaError, types::RDKafkaConfRes};

/// Parts of the names of options whose values are secrets.
const MARKS_OF_SECRETS: [&str; 6] = ["password", "secret", "token", "oauthbearer", "pem", "key"];

/// The options, each as `KEY=VALUE` without quotes around the value.
///
/// # Errors
/// A sentence that names the option and the quoting that works.
pub fn split(text: &str) -> Result<Vec<String>, String> {
    let mut options = Vec::new();
    let mut before: Option<&str> = None;
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let name = rest[..end].split_once('=').map(|(name, _)| name);
        let name = match name {
            Some(name) if may_follow(before, name) => name,
            _ => return Err(no_option(before)),
        };
        let (value, after) = value(name, &rest[name.len() + 1..])?;
        options.push(format!("{name}={value}"));
        before = Some(name);
        rest = after.trim_start();
    }
    Ok(options)
}

/// The value at the begin of this text, and the text after it.
fn value<'t>(name: &str, text: &'t str) -> Result<(&'t str, &'t str), String> {
    let Some(quote) = text.chars().next().filter(|c| matches!(c, '\'' | '"')) else {
        return Ok(text.split_at(text.find(char::is_whitespace).unwrap_or(text.len())));
    };
    let inner = &text[1..];
    let ends = |at: &usize| {
        let after = &inner[at + 1..];
        after.is_empty() || after.starts_with(char::is_whitespace)
    };
    let end = inner.match_indices(quote).map(|(at, _)| at).find(ends);
    end.map(|at| (&inner[..at], &inner[at + 1..]))
        .ok_or_else(|| {
            let other = if quote == '"' { '\'' } else { '"' };
            format!(
                "KAFKA_OPTIONS: the value of {name} begins with {quote} and does not end with it; \
                 close the quote, or put the value in the other one: {name}={other}…{other}"
            )
        })
}

fn no_option(before: Option<&str>) -> String {
    before.map_or_else(
        || {
            "KAFKA_OPTIONS is not a list of KEY=VALUE separated by blanks (not shown: it may be a \
             secret)"
                .to_owned()
        },
        |name| {
            format!(
                "KAFKA_OPTIONS: what follows {name} is no option of librdkafka (not shown: it may \
                 be a secret); if the value of {name} holds a blank, put it in quotes: {name}='…'"
            )
        },
    )
}

/// Whether this may be the name of an option and no part of the value of the option before it.
fn may_follow(before: Option<&str>, name: &str) -> bool {
    let is_secret = |before: &str| MARKS_OF_SECRETS.iter().any(|mark| before.contains(mark));
    match before {
        None => true,
        Some(before) => is_known(name) || !is_secret(before) && may_be_shown(name),
    }
}

/// Whether a name that librdkafka may not know looks like one of its names, and not like a part of
/// somebody's password. The check of all options names it.
fn may_be_shown(name: &str) -> bool {
    let fits = |letter: char| letter.is_ascii_lowercase() || letter == '.';
    name.contains('.') && name.chars().all(fits)
}

/// Whether librdkafka has an option of this name.
fn is_known(name: &str) -> bool {
    let mut config = ClientConfig::new();
    config.set(name, "");
    !matches!(
        config.create_native_config(),
        Err(KafkaError::ClientConfig(
            RDKafkaConfRes::RD_KAFKA_CONF_UNKNOWN,
            ..
        ))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_with_blanks_stands_in_quotes() {
        for (text, options) in [
            (" a=b  c.d=e=f\n", vec!["a=b", "c.d=e=f"]),
            ("", vec![]),
            (
                "sasl.password='a b' linger.ms=5",
                vec!["sasl.password=a b", "linger.ms=5"],
            ),
            (
                "sasl.password=\"it's\" acks=all",
                vec!["sasl.password=it's", "acks=all"],
            ),
            // Quotes inside a value are a part of it.
            ("sasl.password=it's", vec!["sasl.password=it's"]),
            ("sasl.password='it's'", vec!["sasl.password=it's"]),
            ("sasl.password=''", vec!["sasl.password="]),
        ] {
            let options: Vec<String> = options.into_iter().map(str::to_owned).collect();
            assert_eq!(split(text), Ok(options), "{text}");
        }
    }

    #[test]
    fn a_value_that_falls_apart_is_named_by_its_option_and_not_shown() {
        for text in [
            "sasl.username=me sasl.password=hunter 2",
            "sasl.password=hunter hunter=2 linger.ms=5",
            "sasl.password=my Hunter.hunter=2",
            "sasl.password=my hunter.two=x",
        ] {
            let message = split(text).unwrap_err();
            assert!(message.contains("sasl.password='…'"), "{message}");
            assert!(!message.to_lowercase().contains("hunter"), "{message}");
        }
        let message = split("sasl.password='hunter 2").unwrap_err();
        assert!(
            message.contains("value of sasl.password begins with '"),
            "{message}"
        );
        assert!(split("hunter2").unwrap_err().contains("KEY=VALUE"));
        // A slip of the pen is for the check of all options, which names it.
        assert!(split("linger.ms=5 sasl.pasword=hunter2").is_ok());
    }
}
