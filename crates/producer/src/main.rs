//! The `producer` program: a run, and what it leaves for stdout and stderr.

use std::{
    io::{IsTerminal, Write, stderr, stdout},
    process::ExitCode,
};

use clap::{CommandFactory, FromArgMatches};
use cli::{
    config::Settings,
    documents,
    run::{Done, Failure},
    signals,
    values::Output,
};
use producer::{Args, Summary};

fn main() -> ExitCode {
    let command = || documents::with_documents(Args::command());
    cli::run::run(command, std::env::args_os(), work)
}

async fn work(settings: Settings) -> Result<Done, Failure> {
    // clap has checked it already.
    let args = Args::from_arg_matches(&settings.matches).unwrap_or_else(|error| error.exit());
    let (output, dry_run) = (args.report.output, args.dry_run);
    let announcement =
        "stopping: waiting for what was sent to be acknowledged; a second signal leaves at once";
    let shutdown =
        signals::shutdown(announcement).map_err(|error| Failure::Failed(error.into()))?;
    Ok(match producer::run(args, shutdown).await {
        Ok(summary) => Done::new(result(&summary, output, dry_run), 0),
        Err(failure) => Done {
            text: failure
                .summary()
                .map(|summary| result(summary, output, dry_run))
                .unwrap_or_default(),
            code: failure.exit_code(),
            error: Some(failure.to_string()),
        },
    })
}

/// The summary for stdout: a table where a person sees it, else a line. After a dry run, whose
/// records are there, it goes to stderr: the line of text to the log.
fn result(summary: &Summary, output: Output, dry_run: bool) -> String {
    let is_seen = match dry_run {
        true => stderr().is_terminal(),
        false => stdout().is_terminal(),
    };
    let text = match output {
        Output::Text if is_seen => summary.table(),
        _ => summary.render(output),
    };
    match output {
        _ if !dry_run => return text,
        Output::Text if !is_seen => tracing::info!("{text}"),
        // Nobody may read it; the exit code says the same.
        _ => writeln!(stderr(), "{text}").unwrap_or_default(),
    }
    String::new()
}
