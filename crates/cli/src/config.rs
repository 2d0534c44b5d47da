//! Settings from flags, environment, `.env` and a YAML file, merged before clap parses. Flags win
//! over the environment, the environment over `.env`, `.env` over the file.
//!
//! clap itself reads flags and environment. `.env` of the current folder is loaded into the
//! environment and replaces nothing there. A key of the file becomes a flag in front of the others,
//! unless flag or variable is given. librdkafka options from all places are merged, and the last of
//! a name wins. This module knows only four flags: `--config`, `--print-config`,
//! `--kafka-option` and `--symbols`.
//!
//! Invariant: no value of a librdkafka option appears in an error, and no value of the environment
//! in the help, because it may be a secret.

use std::{
    collections::{BTreeMap, HashSet},
    ffi::OsString,
    path::{Path, PathBuf},
};

use clap::{ArgMatches, Command, error::ErrorKind, parser::ValueSource};
use kafka::options_variable;
use serde_json::Value;

use crate::{dotenv, flags::OPTIONS_FLAG, origins::Origins, print_config};

/// librdkafka options in the environment; see [`options_variable`].
const OPTIONS_VARIABLE: &str = "KAFKA_OPTIONS";
const CONFIG_FLAG: &str = "config";
/// The only flag besides the options whose setting may be a mapping.
const SYMBOLS_FLAG: &str = "symbols";
/// The argument that asks for [`Settings::printed`].
const PRINT_CONFIG: &str = "print_config";

/// The settings of a run.
#[derive(Debug)]
pub struct Settings {
    /// The parsed command line of the program; a subcommand's is inside.
    pub matches: ArgMatches,
    /// Where settings came from besides the command line; for the log.
    pub sources: Vec<String>,
    /// Where the value of each flag came from.
    pub origins: Origins,
    /// The settings as a YAML file, where `--print-config` asks for that in place of the run.
    pub printed: Option<String>,
}

/// Loads `.env`, reads the file of `--config`, and parses `argv`, which begins with the program's
/// name, over both. Subcommands must come before any flag.
///
/// # Errors
/// What clap finds wrong; a `.env` or file that cannot be read; an unknown key in the file. Help
/// and version are errors too, as in clap.
pub fn load(
    command: impl FnOnce() -> Command,
    argv: impl IntoIterator<Item = OsString>,
) -> Result<Settings, clap::Error> {
    let argv: Vec<OsString> = argv.into_iter().collect();
    let exported: HashSet<OsString> = std::env::vars_os().map(|(name, _)| name).collect();
    let dotenv = dotenv::load();
    remember_secrets();
    // clap reads the environment when an argument is made, so `.env` comes first.
    let command = without_env_values(command());
    let dotenv = dotenv.map_err(|message| help_or(message, command.clone(), &argv))?;
    let given = command
        .clone()
        .ignore_errors(true)
        .try_get_matches_from(&argv)?;
    let chosen = Chosen::new(&command, &given);
    let file = chosen
        .given
        .try_get_one::<PathBuf>(CONFIG_FLAG)
        .ok()
        .flatten();
    let settings = file
        .map(|path| read_file(path))
        .transpose()?
        .unwrap_or_default();
    let origins = Origins::new(chosen.command, chosen.given, &settings, &exported);

    // The words of the subcommand stay in front of its flags.
    let (words, flags) = argv.split_at((chosen.words + 1).min(argv.len()));
    let of_file = flags_of_file(chosen.command, chosen.given, settings)?;
    let takes_options = chosen
        .command
        .get_arguments()
        .any(|argument| argument.get_long() == Some(OPTIONS_FLAG));
    let of_variable = takes_options
        .then(|| std::env::var_os(OPTIONS_VARIABLE))
        .flatten()
        .unwrap_or_default();
    let of_variable = flags_of_variable(of_variable)?;
    let layered = words
        .iter()
        .cloned()
        .chain(of_file.into_iter().map(OsString::from))
        .chain(of_variable.into_iter().map(OsString::from))
        .chain(flags.iter().cloned());
    let matches = command.clone().try_get_matches_from(layered)?;
    remember_users(&command, &matches);
    let mut sources: Vec<String> = dotenv
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    sources.extend(file.map(|path| path.display().to_string()));
    let chosen = Chosen::new(&command, &matches);
    let asked = chosen.given.try_get_one::<bool>(PRINT_CONFIG);
    let is_asked = matches!(asked, Ok(Some(true)));
    let printed = is_asked.then(|| print_config::rendered(chosen.command, chosen.given, &origins));
    Ok(Settings {
        printed,
        matches,
        sources,
        origins,
    })
}

/// Variables whose values must never be printed, whoever reads them.
const SECRET_VARIABLES: [&str; 6] = [
    "ALPHAVANTAGE_API_KEY",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "KAFKA_SASL_PASSWORD",
    "KAFKA_TLS_KEY_PASSWORD",
];

/// Ends of the names of variables that hold an address, which may carry a user and a password.
const ADDRESSES: [&str; 3] = ["_PROXY", "ENDPOINT_URL", "BASE_URL"];

fn remember_secrets() {
    for (name, value) in std::env::vars() {
        if SECRET_VARIABLES.contains(&name.as_str()) {
            secrets::remember(&value);
        }
        let name = name.to_uppercase();
        if name.contains("ENDPOINT_URL") || ADDRESSES.iter().any(|end| name.ends_with(end)) {
            secrets::remember_user_of(&value);
        }
    }
}

/// The help or the version, if one of them was asked for: they are to be had whatever `.env` holds.
/// Otherwise what is wrong with `.env`.
fn help_or(message: String, command: Command, argv: &[OsString]) -> clap::Error {
    match command.try_get_matches_from(argv) {
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
            ) =>
        {
            error
        }
        _ => refuse(message),
    }
}

/// The subcommand that was typed, or the program itself.
struct Chosen<'c> {
    command: &'c Command,
    given: &'c ArgMatches,
    /// How many words name it, besides the program's.
    words: usize,
}

impl<'c> Chosen<'c> {
    fn new(command: &'c Command, given: &'c ArgMatches) -> Self {
        let mut chosen = Self {
            command,
            given,
            words: 0,
        };
        while let Some((name, given)) = chosen.given.subcommand()
            && let Some(command) = chosen.command.find_subcommand(name)
        {
            chosen = Self {
                command,
                given,
                words: chosen.words + 1,
            };
        }
        chosen
    }
}

/// The help must not show values from the environment, which may be secrets.
pub(crate) fn without_env_values(command: Command) -> Command {
    command
        .mut_args(|argument| argument.hide_env_values(true))
        .mut_subcommands(without_env_values)
}

/// Addresses among the settings may carry a user and a password, whoever gave them.
fn remember_users(command: &Command, matches: &ArgMatches) {
    let chosen = Chosen::new(command, matches);
    for argument in chosen.command.get_arguments() {
        let values = chosen.given.try_get_raw(argument.get_id().as_str());
        for value in values.ok().flatten().into_iter().flatten() {
            secrets::remember_user_of(&value.to_string_lossy());
        }
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
            let nearest = nearest(command, &key);
            let nearest =
                nearest.map_or_else(String::new, |flag| format!("; did you mean {flag:?}?"));
            refuse(format!(
                "unknown setting {key:?} in --config{nearest}; keys are the long flags without --"
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

/// The flag whose name is most like this one, if there is one that is much like it.
fn nearest<'c>(command: &'c Command, key: &str) -> Option<&'c str> {
    let flags = command.get_arguments().filter_map(clap::Arg::get_long);
    let likeness = |flag: &str| strsim::jaro_winkler(flag, key);
    let alike = flags.filter(|flag| likeness(flag) > 0.8);
    alike.max_by(|one, other| likeness(one).total_cmp(&likeness(other)))
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
        // Symbols may have settings of their own: `symbols: {IBM: {batches: 2}, MSFT: }`.
        Value::Object(symbols) if key == SYMBOLS_FLAG => symbols
            .into_iter()
            .map(|(symbol, settings)| flag(Value::String(with_settings(symbol, settings)?)))
            .collect(),
        // So may librdkafka options: `kafka-option: {security.protocol: SASL_SSL}`.
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

/// A symbol with its settings as the flag takes them: `IBM:batches=2:every=30s`.
fn with_settings(symbol: String, settings: Value) -> Result<String, clap::Error> {
    let wrong = || {
        refuse(format!(
            "setting \"{SYMBOLS_FLAG}\" in --config: what belongs to {symbol:?} must be a mapping of \
             texts and numbers, or nothing"
        ))
    };
    let settings = match settings {
        Value::Null => return Ok(symbol),
        Value::Object(settings) => settings,
        _ => return Err(wrong()),
    };
    let mut text = symbol.clone();
    for (name, value) in settings {
        match value {
            Value::String(value) => text.push_str(&format!(":{name}={value}")),
            Value::Number(value) => text.push_str(&format!(":{name}={value}")),
            _ => return Err(wrong()),
        }
    }
    Ok(text)
}

fn flags_of_variable(value: OsString) -> Result<Vec<String>, clap::Error> {
    let text = value
        .into_string()
        .map_err(|_| refuse(format!("{OPTIONS_VARIABLE} is not UTF-8 text")))?;
    let options = options_variable::split(&text).map_err(refuse)?;
    let flag = |option: String| format!("--{OPTIONS_FLAG}={option}");
    Ok(options.into_iter().map(flag).collect())
}

fn refuse(message: String) -> clap::Error {
    clap::Error::raw(ErrorKind::InvalidValue, message + "\n")
}

#[cfg(test)]
mod tests {
    use clap::Arg;

    use super::*;

    /// A program with flags of each kind, and a subcommand.
    fn command() -> Command {
        let text = |name: &'static str| Arg::new(name).long(name);
        let flag = |name: &'static str| text(name).action(clap::ArgAction::SetTrue);
        let list = |name: &'static str| text(name).num_args(1..).action(clap::ArgAction::Append);
        Command::new("program")
            .args([text("topic"), text("rate"), text("limit"), text("config")])
            .args([flag("dry-run"), flag("loop"), list("csv")])
            .arg(list(OPTIONS_FLAG).short('X'))
            .subcommand(Command::new("check").arg(text("topic")))
            .args_conflicts_with_subcommands(true)
    }

    fn given(argv: &[&str]) -> ArgMatches {
        let command = command().ignore_errors(true);
        command.try_get_matches_from(argv).unwrap()
    }

    fn flags(argv: &[&str], yaml: &str) -> Result<Vec<String>, String> {
        let settings = serde_saphyr::from_str(yaml).unwrap();
        flags_of_file(&command(), &given(argv), settings).map_err(|error| error.to_string())
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
        assert_eq!(flags(&["program"], yaml).unwrap(), expected);
    }

    #[test]
    fn a_flag_wins_over_the_file() {
        let argv = ["program", "--rate", "7", "--csv", "x"];
        let yaml = "csv: y\nrate: 5\nlimit: 3";
        assert_eq!(flags(&argv, yaml).unwrap(), ["--limit=3"]);
    }

    #[test]
    fn kafka_options_of_all_places_are_merged() {
        let yaml = "kafka-option: {security.protocol: SASL_SSL, linger.ms: 5}";
        let expected = [
            "--kafka-option=linger.ms=5",
            "--kafka-option=security.protocol=SASL_SSL",
        ];
        let mut read = flags(&["program", "-X", "a=b"], yaml).unwrap();
        read.sort();
        assert_eq!(read, expected);
        assert_eq!(
            flags_of_variable(" a=b  client.id=d=e ".into()).unwrap(),
            ["--kafka-option=a=b", "--kafka-option=client.id=d=e"]
        );
    }

    #[test]
    fn symbols_are_a_list_or_a_mapping_with_settings() {
        let program = Command::new("program").arg(
            Arg::new("symbols")
                .long("symbols")
                .action(clap::ArgAction::Append),
        );
        let flags = |yaml: &str| {
            let given = program.clone().get_matches_from(["program"]);
            let settings = serde_saphyr::from_str(yaml).unwrap();
            flags_of_file(&program, &given, settings).map_err(|error| error.to_string())
        };
        assert_eq!(
            flags("symbols: [A, B]").unwrap(),
            ["--symbols=A", "--symbols=B"]
        );
        assert_eq!(
            flags("symbols:\n  IBM: {batches: 2, every: 30s}\n  MSFT:").unwrap(),
            ["--symbols=IBM:batches=2:every=30s", "--symbols=MSFT"]
        );
        assert!(flags("symbols: {IBM: 2}").unwrap_err().contains("\"IBM\""));
    }

    #[test]
    fn unknown_keys_and_odd_values_are_refused_without_showing_a_value() {
        let message = flags(&["program"], "topics: hunter2").unwrap_err();
        assert!(
            message.contains("\"topics\" in --config; did you mean \"topic\"?")
                && !message.contains("hunter2"),
            "{message}"
        );
        let message = flags(&["program"], "topic: {a: hunter2}").unwrap_err();
        assert!(
            message.contains("\"topic\"") && !message.contains("hunter2"),
            "{message}"
        );
        assert!(flags(&["program"], "config: other.yaml").is_err());
        let message = flags(&["program"], "colour: red").unwrap_err();
        assert!(!message.contains("did you mean"), "{message}");
    }

    #[test]
    fn the_origin_of_each_setting_is_known() {
        let argv = ["program", "--topic", "a"];
        let file = serde_saphyr::from_str("topic: b\nlimit: 3").unwrap();
        let origins = Origins::new(&command(), &given(&argv), &file, &HashSet::new());
        assert_eq!(
            (origins.of("topic"), origins.of("limit"), origins.of("rate")),
            ("--topic", "limit in the --config file", "default")
        );
    }

    #[test]
    fn settings_go_to_the_subcommand_that_was_typed() {
        let argv = ["program", "check", "--topic", "t"];
        let (program, given) = (command(), given(&argv));
        let chosen = Chosen::new(&program, &given);
        assert_eq!((chosen.command.get_name(), chosen.words), ("check", 1));
        let loaded = load(command, argv.map(Into::into)).unwrap();
        let (_, check) = loaded.matches.subcommand().unwrap();
        assert_eq!(
            check.get_one::<String>("topic").map(String::as_str),
            Some("t")
        );
    }
}
