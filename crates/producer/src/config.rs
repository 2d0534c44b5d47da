//! Settings from flags, environment, `.env` and a YAML file, in this order of strength, laid over
//! each other before clap parses.
//!
//! clap knows flags and environment itself; `.env` is loaded into the environment, where it
//! replaces nothing; a key of the file becomes a flag in front of the others unless flag or
//! variable is given. Librdkafka options of all three places are merged, the last of a name wins.
//! Does not know any flag but `--config` and `--kafka-option`.
//!
//! Invariant: no value of a librdkafka option appears in an error, and no value of the environment
//! in the help: it may be a secret.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::parser::ValueSource;
use clap::{ArgMatches, Command, Parser, error::ErrorKind};
use serde_json::Value;

/// Librdkafka options in the environment: `KEY=VALUE` separated by blanks.
const OPTIONS_VARIABLE: &str = "KAFKA_OPTIONS";
const OPTIONS_FLAG: &str = "kafka-option";
const CONFIG_FLAG: &str = "config";

/// The settings of a run, and where they came from.
#[derive(Debug)]
pub struct Loaded<P> {
    /// The parsed command line.
    pub args: P,
    /// Where settings came from besides the command line; for the log.
    pub sources: Vec<String>,
}

/// Loads `.env`, reads the file of `--config`, and parses `argv` (with the program's name in front)
/// over both.
///
/// # Errors
/// What clap finds wrong; a `.env` or file that cannot be read; an unknown key in the file. Help
/// and version come as errors too.
pub fn load<P: Parser>(argv: impl IntoIterator<Item = OsString>) -> Result<Loaded<P>, clap::Error> {
    let argv: Vec<OsString> = argv.into_iter().collect();
    let dotenv = load_dotenv()?;
    // The help must not show what the environment holds: it may be a secret.
    let command = P::command().mut_args(|argument| argument.hide_env_values(true));
    let given = command
        .clone()
        .ignore_errors(true)
        .try_get_matches_from(&argv)?;
    let file = given.try_get_one::<PathBuf>(CONFIG_FLAG).ok().flatten();
    let settings = file
        .map(|path| read_file(path))
        .transpose()?
        .unwrap_or_default();

    let mut layered: Vec<OsString> = argv.first().cloned().into_iter().collect();
    layered.extend(
        flags_of_file(&command, &given, settings)?
            .into_iter()
            .map(OsString::from),
    );
    layered.extend(
        flags_of_variable(std::env::var(OPTIONS_VARIABLE).ok().as_deref())
            .into_iter()
            .map(OsString::from),
    );
    layered.extend(argv.into_iter().skip(1));

    let args = P::from_arg_matches(&command.clone().try_get_matches_from(layered)?)?;
    let mut sources: Vec<String> = dotenv
        .iter()
        .map(|path| format!(".env ({})", path.display()))
        .collect();
    sources.extend(file.map(|path| path.display().to_string()));
    Ok(Loaded { args, sources })
}

fn load_dotenv() -> Result<Option<PathBuf>, clap::Error> {
    match dotenvy::dotenv() {
        Ok(path) => Ok(Some(path)),
        Err(error) if error.not_found() => Ok(None),
        Err(dotenvy::Error::Io(error)) => Err(refuse(format!("cannot read .env: {error}"))),
        // The error of dotenvy shows the line, which may hold a secret.
        Err(_) => Err(refuse("cannot read .env: a line in it is not NAME=VALUE; put values with blanks or # in quotes".to_owned())),
    }
}

fn read_file(path: &Path) -> Result<BTreeMap<String, Value>, clap::Error> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| refuse(format!("cannot read --config {}: {error}", path.display())))?;
    if text.trim().is_empty() {
        return Ok(BTreeMap::new());
    }
    serde_saphyr::from_str(&text).map_err(|error| {
        let place = error
            .location()
            .map(|at| format!(" at line {}, column {}", at.line(), at.column()))
            .unwrap_or_default();
        refuse(format!(
            "--config {} is not a YAML mapping of settings{place}",
            path.display()
        ))
    })
}

/// The settings of the file that neither a flag nor a variable gives, as flags.
fn flags_of_file(
    command: &Command,
    given: &ArgMatches,
    settings: BTreeMap<String, Value>,
) -> Result<Vec<String>, clap::Error> {
    let mut flags = Vec::new();
    for (key, value) in settings {
        let known = command
            .get_arguments()
            .find(|argument| argument.get_long() == Some(key.as_str()) && key != CONFIG_FLAG);
        let argument = known.ok_or_else(|| {
            refuse(format!(
                "unknown setting {key:?} in --config; keys are the long flags without --"
            ))
        })?;
        let source = given.value_source(argument.get_id().as_str());
        let is_given = matches!(
            source,
            Some(ValueSource::CommandLine | ValueSource::EnvVariable)
        );
        if !is_given || key == OPTIONS_FLAG {
            flags.extend(flags_of_setting(&key, value)?);
        }
    }
    Ok(flags)
}

fn flags_of_setting(key: &str, value: Value) -> Result<Vec<String>, clap::Error> {
    let flag = |value: Value| match value {
        Value::String(text) => Ok(format!("--{key}={text}")),
        Value::Number(number) => Ok(format!("--{key}={number}")),
        _ => Err(refuse(format!(
            "setting {key:?} in --config must be a text, a number, true or false, or a list of them"
        ))),
    };
    match value {
        Value::Bool(true) => Ok(vec![format!("--{key}")]),
        Value::Bool(false) | Value::Null => Ok(Vec::new()),
        Value::Array(values) => values.into_iter().map(flag).collect(),
        // A mapping suits only librdkafka options: `kafka-option: {security.protocol: SASL_SSL}`.
        Value::Object(pairs) if key == OPTIONS_FLAG => {
            let pair = |(name, value): (String, Value)| match value {
                Value::String(text) => flag(Value::String(format!("{name}={text}"))),
                Value::Number(_) | Value::Bool(_) => flag(Value::String(format!("{name}={value}"))),
                other => flag(other),
            };
            pairs.into_iter().map(pair).collect()
        }
        value => flag(value).map(|flag| vec![flag]),
    }
}

fn flags_of_variable(value: Option<&str>) -> Vec<String> {
    value
        .unwrap_or_default()
        .split_whitespace()
        .map(|pair| format!("--{OPTIONS_FLAG}={pair}"))
        .collect()
}

fn refuse(message: String) -> clap::Error {
    clap::Error::raw(ErrorKind::InvalidValue, message + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Args;
    use clap::CommandFactory;

    fn flags(argv: &[&str], yaml: &str) -> Result<Vec<String>, String> {
        let command = Args::command();
        let given = command
            .clone()
            .ignore_errors(true)
            .try_get_matches_from(argv)
            .unwrap();
        let settings = serde_saphyr::from_str(yaml).unwrap();
        flags_of_file(&command, &given, settings).map_err(|error| error.to_string())
    }

    #[test]
    fn keys_of_the_file_become_flags() {
        let yaml =
            "csv: [a.csv, b.csv]\nrate: 0.5\nlimit: 10\ndry-run: true\nloop: false\ntopic: ticks";
        let expected = [
            "--csv=a.csv",
            "--csv=b.csv",
            "--dry-run",
            "--limit=10",
            "--rate=0.5",
            "--topic=ticks",
        ];
        assert_eq!(flags(&["producer"], yaml).unwrap(), expected);
    }

    #[test]
    fn a_flag_wins_over_the_file() {
        assert_eq!(
            flags(
                &["producer", "--rate", "7", "--csv", "x"],
                "csv: y\nrate: 5\nlimit: 3"
            )
            .unwrap(),
            ["--limit=3"]
        );
    }

    #[test]
    fn kafka_options_of_all_places_are_merged() {
        let yaml = "kafka-option: {security.protocol: SASL_SSL, linger.ms: 5}";
        let expected = [
            "--kafka-option=linger.ms=5",
            "--kafka-option=security.protocol=SASL_SSL",
        ];
        let mut read = flags(&["producer", "-X", "a=b"], yaml).unwrap();
        read.sort();
        assert_eq!(read, expected);
        assert_eq!(
            flags_of_variable(Some(" a=b  c=d=e ")),
            ["--kafka-option=a=b", "--kafka-option=c=d=e"]
        );
    }

    #[test]
    fn unknown_keys_and_odd_values_are_refused_without_showing_a_value() {
        let message = flags(&["producer"], "topics: hunter2").unwrap_err();
        assert!(
            message.contains("\"topics\"") && !message.contains("hunter2"),
            "{message}"
        );
        let message = flags(&["producer"], "topic: {a: hunter2}").unwrap_err();
        assert!(
            message.contains("\"topic\"") && !message.contains("hunter2"),
            "{message}"
        );
        assert!(flags(&["producer"], "config: other.yaml").is_err());
    }
}
