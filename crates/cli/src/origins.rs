//! Where the values of flags came from, for the log and for `--print-config`.

use std::{
    collections::{BTreeMap, HashSet},
    ffi::OsString,
};

use clap::{ArgMatches, Command, parser::ValueSource};
use serde_json::Value;

/// Where the values of flags came from.
#[derive(Debug)]
pub struct Origins {
    /// By the argument's id.
    known: BTreeMap<String, String>,
    otherwise: &'static str,
}

impl Origins {
    /// The same origin for all values, as in a program that builds its command line itself.
    #[must_use]
    pub fn all(origin: &'static str) -> Self {
        Self {
            known: BTreeMap::new(),
            otherwise: origin,
        }
    }

    /// The origin of the argument with this clap id, in words: a flag, a variable, a key of the
    /// file, or `default`.
    #[must_use]
    pub fn of(&self, id: &str) -> &str {
        self.known.get(id).map_or(self.otherwise, String::as_str)
    }

    /// The origins of what `given` holds; `file` are the settings of the `--config` file,
    /// `exported` the variables that were there before `.env` was loaded.
    pub(crate) fn new(
        command: &Command,
        given: &ArgMatches,
        file: &BTreeMap<String, Value>,
        exported: &HashSet<OsString>,
    ) -> Self {
        let origin = |argument: &clap::Arg| {
            let (flag, variable) = (argument.get_long()?, argument.get_env());
            match given.value_source(argument.get_id().as_str()) {
                Some(ValueSource::CommandLine) => Some(format!("--{flag}")),
                Some(ValueSource::EnvVariable) => {
                    let name = variable?;
                    let place = if exported.contains(name) {
                        ""
                    } else {
                        " in .env"
                    };
                    Some(format!("{}{place}", name.to_string_lossy()))
                }
                _ => file
                    .contains_key(flag)
                    .then(|| format!("{flag} in the --config file")),
            }
        };
        let arguments = command.get_arguments();
        let known = arguments
            .filter_map(|argument| Some((argument.get_id().to_string(), origin(argument)?)));
        Self {
            known: known.collect(),
            otherwise: "default",
        }
    }
}
