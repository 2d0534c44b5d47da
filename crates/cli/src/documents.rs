//! Completions for shells and man pages, which a program prints of itself: they always fit it.
//!
//! `PROGRAM completions SHELL` and `PROGRAM man [DIRECTORY]` are commands that its help does not
//! show. Writing the pages of a directory is the only effect.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Arg, ArgMatches, Command, builder::EnumValueParser, value_parser};
use clap_complete::Shell;
use clap_mangen::Man;

use crate::config;

const COMPLETIONS: &str = "completions";
const MAN: &str = "man";
const SHELL: &str = "shell";
const DIRECTORY: &str = "directory";

/// Adds the two commands to a program.
#[must_use]
pub fn with_documents(command: Command) -> Command {
    let shell = Arg::new(SHELL)
        .value_name("SHELL")
        .help("The shell")
        .required(true)
        .value_parser(EnumValueParser::<Shell>::new());
    let directory = Arg::new(DIRECTORY)
        .value_name("DIRECTORY")
        .help("Write the pages of the program and of its commands here")
        .value_parser(value_parser!(PathBuf));
    let completions = Command::new(COMPLETIONS).about("Prints the completions for a shell");
    let man = Command::new(MAN).about("Prints the man page");
    command
        .subcommand(completions.arg(shell).hide(true))
        .subcommand(man.arg(directory).hide(true))
        .args_conflicts_with_subcommands(true)
        .subcommand_negates_reqs(true)
        .disable_help_subcommand(true)
}

/// What one of the two commands prints, if one of them was typed. `command` is the program.
pub(crate) fn printed(command: Command, matches: &ArgMatches) -> Option<Result<Vec<u8>>> {
    match matches.subcommand()? {
        (COMPLETIONS, given) => {
            let shell = given.get_one::<Shell>(SHELL)?;
            Some(Ok(completions(command, *shell)))
        }
        (MAN, given) => Some(match given.get_one::<PathBuf>(DIRECTORY) {
            None => page(command),
            Some(directory) => pages(command, directory).map(|()| Vec::new()),
        }),
        _ => None,
    }
}

fn completions(mut command: Command, shell: Shell) -> Vec<u8> {
    let mut text = Vec::new();
    let name = command.get_name().to_owned();
    clap_complete::generate(shell, &mut command, name, &mut text);
    text
}

fn page(command: Command) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    Man::new(documented(command))
        .render(&mut text)
        .context("the man page cannot be made")?;
    Ok(text)
}

/// One page for the program and each of its commands: `consumer.1`, `consumer-verify.1`.
fn pages(command: Command, directory: &Path) -> Result<()> {
    clap_mangen::generate_to(documented(command), directory).with_context(|| {
        format!(
            "the man pages cannot be written to {}; give a directory that is there",
            directory.display()
        )
    })
}

/// A page must not show values of the environment, which may be secrets.
fn documented(command: Command) -> Command {
    config::without_env_values(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program() -> Command {
        let flag = Arg::new("topic").long("topic").required(true).env("HOME");
        let check = Command::new("check").arg(Arg::new("deep").long("deep"));
        with_documents(Command::new("program").arg(flag).subcommand(check))
    }

    fn printed_by(argv: &[&str]) -> Option<Result<Vec<u8>>> {
        let matches = program().try_get_matches_from(argv).unwrap();
        printed(program(), &matches)
    }

    fn text(argv: &[&str]) -> String {
        String::from_utf8(printed_by(argv).unwrap().unwrap()).unwrap()
    }

    #[test]
    fn each_shell_gets_the_flags_of_all_commands() {
        program().debug_assert();
        for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
            let script = text(&["program", "completions", shell]);
            for part in ["topic", "check", "deep"] {
                assert!(script.contains(part), "{shell}: {part}");
            }
        }
        assert!(
            program()
                .try_get_matches_from(["program", "completions", "csh"])
                .is_err()
        );
        assert!(printed_by(&["program", "--topic", "man"]).is_none());
        assert!(printed_by(&["program", "check"]).is_none());
    }

    #[test]
    fn each_command_has_a_man_page_without_values_of_the_environment() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().to_str().unwrap();
        assert_eq!(text(&["program", "man", path]), "");
        let read = |name: &str| std::fs::read_to_string(directory.path().join(name)).unwrap();
        assert!(read("program-check.1").contains("deep"));
        let page = text(&["program", "man"]);
        let home = std::env::var("HOME").unwrap();
        assert!(page.contains("topic") && page.contains("HOME") && !page.contains(&home));
        assert_eq!(page, read("program.1"));
        let error = printed_by(&["program", "man", "/nowhere/at/all"])
            .unwrap()
            .unwrap_err();
        assert!(error.to_string().contains("/nowhere/at/all"));
    }
}
