//! The `producer` program: a run, and what it leaves for stdout and stderr.

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};
use cli::{
    config::Settings,
    run::{Done, Failure},
    signals,
    values::Output,
};
use producer::{Args, Summary};

fn main() -> ExitCode {
    cli::run::run(Args::command, std::env::args_os(), work)
}

async fn work(settings: Settings) -> Result<Done, Failure> {
    // clap has checked it already.
    let args = Args::from_arg_matches(&settings.matches).unwrap_or_else(|error| error.exit());
    // A dry run prints its records to stdout: there the summary would be one more.
    let output = (!args.dry_run).then_some(args.report.output);
    let announcement =
        "stopping: waiting for what was sent to be acknowledged; a second signal leaves at once";
    let shutdown =
        signals::shutdown(announcement).map_err(|error| Failure::Failed(error.into()))?;
    Ok(match producer::run(args, shutdown).await {
        Ok(summary) => Done::new(rendered(&summary, output), 0),
        Err(failure) => Done {
            text: failure
                .summary()
                .map(|summary| rendered(summary, output))
                .unwrap_or_default(),
            code: failure.exit_code(),
            error: Some(failure.to_string()),
        },
    })
}

/// The summary as it goes to stdout, or to the log.
fn rendered(summary: &Summary, output: Option<Output>) -> String {
    match output {
        Some(form) => summary.render(form),
        None => {
            tracing::info!("{}", summary.render(Output::Text));
            String::new()
        }
    }
}
