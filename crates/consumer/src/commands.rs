//! The program's commands, and what each leaves for stdout.

use clap::{ArgMatches, Command, CommandFactory, FromArgMatches};
use cli::{
    config::Settings,
    documents::with_documents,
    run::{Done, Failure},
    signals,
};
use compact::args::CompactArgs;
use ddl::args::DdlArgs;
use verify::args::VerifyArgs;

use crate::{
    args::Args,
    layout_plan::{self, args::PlanArgs},
    run::run,
    schema_infer::{self, args::SchemaInferArgs},
};

/// The command line. Without a subcommand the program lands the topic.
#[must_use]
pub fn all() -> Command {
    let command = Args::command()
        .subcommand(VerifyArgs::command())
        .subcommand(CompactArgs::command())
        .subcommand(DdlArgs::command())
        .subcommand(PlanArgs::command())
        .subcommand(
            Command::new("schema")
                .about("Proposes a file for --schema from records of a topic")
                .override_usage("consumer schema infer [OPTIONS]")
                .subcommand(SchemaInferArgs::command())
                .subcommand_required(true)
                .disable_help_subcommand(true),
        );
    with_documents(command)
}

/// Carries out the command that was typed.
///
/// # Errors
/// [`Failure::Usage`] for flags that cannot work, [`Failure::Failed`] for everything else that ends
/// a command early.
pub async fn work(settings: Settings) -> Result<Done, Failure> {
    match settings.matches.subcommand() {
        None => land(&settings).await,
        Some(("verify", matches)) => {
            // It only reads, so a signal may end it at once.
            let args: VerifyArgs = parsed(matches);
            let output = args.report.output;
            let report = verify::run(args, &settings.origins).await?;
            Ok(Done::new(report.render(output), report.exit_code()))
        }
        Some(("compact", matches)) => {
            // It writes each object once and can continue after an interruption, so a signal may
            // end it at once.
            let args: CompactArgs = parsed(matches);
            let output = args.report.output;
            let report = compact::run(args, &settings.origins).await?;
            Ok(Done::new(report.render(output), report.exit_code()))
        }
        // It only reads, too.
        Some(("ddl", matches)) => ddl::run(parsed(matches), &settings.origins).await,
        Some(("plan", matches)) => {
            let text = layout_plan::run(parsed(matches)).await?;
            Ok(Done::new(text, 0))
        }
        // `infer` is the only command of `schema`.
        Some((_, matches)) => {
            let infer = matches.subcommand().map_or(matches, |(_, matches)| matches);
            let text = schema_infer::run(parsed(infer)).await?;
            Ok(Done::new(text, 0))
        }
    }
}

async fn land(settings: &Settings) -> Result<Done, Failure> {
    let args: Args = parsed(&settings.matches);
    let output = args.report.output;
    let announcement = "stopping: finishing what is in flight; a second signal ends at once";
    let stop = signals::shutdown(announcement).map_err(|error| Failure::Failed(error.into()))?;
    let summary = run(args, &settings.origins, stop).await?;
    Ok(Done::new(summary.render(output), summary.exit_code()))
}

/// The arguments of a command that clap has already checked.
fn parsed<A: FromArgMatches>(matches: &ArgMatches) -> A {
    A::from_arg_matches(matches).unwrap_or_else(|error| error.exit())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The program and its commands.
    fn commands() -> Vec<Command> {
        vec![
            Args::command(),
            VerifyArgs::command(),
            CompactArgs::command(),
            DdlArgs::command(),
            PlanArgs::command(),
            SchemaInferArgs::command(),
        ]
    }

    #[test]
    fn the_command_line_is_consistent_and_every_flag_has_a_variable_and_a_heading() {
        all().debug_assert();
        for command in commands() {
            for argument in command.get_arguments() {
                let flag = argument.get_long().unwrap_or_default();
                assert!(
                    argument.get_env().is_some() || flag == "kafka-option",
                    "--{flag} has no variable"
                );
                assert!(
                    argument.get_help_heading().is_some(),
                    "--{flag} has no heading"
                );
            }
        }
    }

    #[test]
    fn a_variable_means_the_same_flag_in_every_command() {
        let mut flags = std::collections::BTreeMap::new();
        for command in commands() {
            for argument in command.get_arguments() {
                if let Some(variable) = argument.get_env() {
                    let flag = argument.get_long().map(str::to_owned);
                    let first = flags.entry(variable.to_owned()).or_insert(flag.clone());
                    assert_eq!(*first, flag, "{variable:?}");
                }
            }
        }
    }

    #[test]
    fn a_flag_has_the_same_variable_in_every_command_that_only_reads() {
        let main = Args::command();
        for command in [
            VerifyArgs::command(),
            DdlArgs::command(),
            PlanArgs::command(),
            SchemaInferArgs::command(),
        ] {
            for argument in command.get_arguments() {
                let of_main = main
                    .get_arguments()
                    .find(|of_main| of_main.get_long() == argument.get_long());
                if let Some(of_main) = of_main {
                    assert_eq!(of_main.get_env(), argument.get_env());
                }
            }
        }
    }

    #[test]
    fn a_variable_of_the_main_job_never_changes_what_a_copy_is_like() {
        let main = Args::command();
        for argument in CompactArgs::command().get_arguments() {
            let variable = argument.get_env().map(|name| name.to_string_lossy());
            let variable = variable.expect("each flag of compact has a variable");
            let is_shared = main
                .get_arguments()
                .any(|of_main| of_main.get_env().is_some_and(|name| *name == *variable));
            assert!(
                is_shared || variable.starts_with("CONSUMER_COMPACT_"),
                "{variable}"
            );
        }
    }
}
