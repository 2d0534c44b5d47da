//! `--print-config`: the settings of a run as a YAML file that `--config` reads, each with the
//! place where it came from, and none that may be a secret.

use clap::{ArgAction, ArgMatches, Command};

use crate::{flags::OPTIONS_FLAG, origins::Origins};

/// Flags that are no settings of the run.
const NO_SETTINGS: [&str; 4] = ["config", "help", "print-config", "version"];

/// Options of librdkafka whose values are words of a known list.
const OPTIONS_OF_WORDS: [&str; 6] = [
    "acks",
    "client.id",
    "compression.type",
    "sasl.mechanism",
    "sasl.mechanisms",
    "security.protocol",
];

/// What marks the name of an option whose value may be a secret, whatever it looks like.
const MARKS_OF_SECRETS: [&str; 6] = ["password", "secret", "token", "pem", "key", "config"];

/// The settings that have a value, in the order of the help, one line each.
pub(crate) fn rendered(command: &Command, matches: &ArgMatches, origins: &Origins) -> String {
    let mut text = String::new();
    for argument in command.get_arguments() {
        let Some(flag) = argument
            .get_long()
            .filter(|flag| !NO_SETTINGS.contains(flag))
        else {
            continue;
        };
        let id = argument.get_id().as_str();
        if flag == OPTIONS_FLAG {
            text.push_str(&options(&values(matches, id)));
            continue;
        }
        let value = match argument.get_action() {
            ArgAction::SetTrue | ArgAction::SetFalse => flag_value(matches, id),
            ArgAction::Append => list(&values(matches, id)),
            _ => values(matches, id).first().map(|value| scalar(value)),
        };
        if let Some(value) = value {
            let origin = origins.of(id);
            text.push_str(&format!("{flag}: {value}  # {origin}\n"));
        }
    }
    text.truncate(text.trim_end().len());
    text
}

/// The values of an argument as they were given.
fn values(matches: &ArgMatches, id: &str) -> Vec<String> {
    let values = matches.get_raw(id).into_iter().flatten();
    values
        .map(|value| value.to_string_lossy().into_owned())
        .collect()
}

fn flag_value(matches: &ArgMatches, id: &str) -> Option<String> {
    let value = matches.try_get_one::<bool>(id).ok().flatten()?;
    Some(value.to_string())
}

fn list(values: &[String]) -> Option<String> {
    let values: Vec<_> = values.iter().map(|value| scalar(value)).collect();
    (!values.is_empty()).then(|| format!("[{}]", values.join(", ")))
}

/// The options for librdkafka, whose origins are merged: the last of a name wins.
fn options(values: &[String]) -> String {
    let mut text = String::new();
    for (at, option) in values.iter().enumerate() {
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        let same_name = |later: &String| later.split('=').next() == Some(name);
        if values[at + 1..].iter().any(same_name) {
            continue;
        }
        text.push_str(match text.is_empty() {
            true => "kafka-option:  # -X, KAFKA_OPTIONS and the --config file together\n",
            false => "",
        });
        match is_shown(name, value) {
            true => text.push_str(&format!("  {name}: {}\n", scalar(value))),
            false => text.push_str(&format!("  # {name}: not shown, it may be a secret\n")),
        }
    }
    text
}

fn is_shown(name: &str, value: &str) -> bool {
    let may_be_secret = MARKS_OF_SECRETS.iter().any(|mark| name.contains(mark));
    let is_number = value.parse::<f64>().is_ok() || matches!(value, "true" | "false");
    OPTIONS_OF_WORDS.contains(&name) || is_number && !may_be_secret
}

/// A value as a YAML scalar on one line, without the user of a URL.
fn scalar(value: &str) -> String {
    let value = without_user(value);
    let is_plain = value.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '/')
        && value
            .chars()
            .all(|sign| sign.is_ascii_alphanumeric() || "_-./%+=@".contains(sign));
    // As plain words these are no texts, and a number may come back in another spelling.
    let is_word = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
        .contains(&value.to_lowercase().as_str());
    let is_whole = value
        .parse::<u64>()
        .is_ok_and(|number| number.to_string() == value);
    let is_other = is_word || value.parse::<f64>().is_ok() && !is_whole;
    match is_plain && !is_other {
        true => value,
        // A JSON string is a YAML string.
        false => serde_json::Value::String(value).to_string(),
    }
}

/// An address may carry a user and a password.
fn without_user(value: &str) -> String {
    let Some((scheme, rest)) = value.split_once("://") else {
        return value.to_owned();
    };
    let authority = rest.find('/').unwrap_or(rest.len());
    match rest[..authority].rfind('@') {
        Some(at) => format!("{scheme}://{}", &rest[at + 1..]),
        None => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use clap::Arg;

    use super::*;

    fn command() -> Command {
        let text = |name: &'static str| Arg::new(name).long(name);
        Command::new("program")
            .args([text("topic").default_value("ticks"), text("endpoint-url")])
            .args([text("note"), text("config"), text("limit")])
            .arg(text("loop").action(ArgAction::SetTrue))
            .arg(text("csv").action(ArgAction::Append))
            .arg(text(OPTIONS_FLAG).short('X').action(ArgAction::Append))
    }

    #[test]
    fn each_setting_is_shown_with_its_origin_and_no_secret_is() {
        let argv = "program --csv a.csv --csv b:c.csv --loop --note true --limit 007 \
                    --endpoint-url http://me:hunter2@127.0.0.1:1/x -X sasl.password=hunter2 \
                    -X linger.ms=5 -X linger.ms=7 -X security.protocol=SASL_SSL \
                    -X ssl.key.password=1234 -X sasl.username=hunter";
        let matches = command().get_matches_from(argv.split_whitespace());
        let text = rendered(&command(), &matches, &Origins::all("given"));
        let expected = "topic: ticks  # given\n\
                        endpoint-url: \"http://127.0.0.1:1/x\"  # given\n\
                        note: \"true\"  # given\n\
                        limit: \"007\"  # given\n\
                        loop: true  # given\n\
                        csv: [a.csv, \"b:c.csv\"]  # given\n\
                        kafka-option:  # -X, KAFKA_OPTIONS and the --config file together\n  \
                        # sasl.password: not shown, it may be a secret\n  \
                        linger.ms: 7\n  \
                        security.protocol: SASL_SSL\n  \
                        # ssl.key.password: not shown, it may be a secret\n  \
                        # sasl.username: not shown, it may be a secret";
        assert_eq!(text, expected);
        serde_saphyr::from_str::<serde_json::Value>(&text).unwrap();
    }
}
