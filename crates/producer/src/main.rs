//! The program: settings in, log to stderr, summary to stdout, exit code.
//!
//! Everything else is in the library. Invariant: one line begins with `error: ` when the exit code
//! is not 0.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use producer::{Args, Output, Summary, config, signals};
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let config::Loaded { args, sources } = match config::load::<Args>(std::env::args_os()) {
        Ok(loaded) => loaded,
        Err(error) => error.exit(),
    };
    start_logging();
    if !sources.is_empty() {
        tracing::info!("settings come also from {}", sources.join(" and "));
    }
    // A dry run prints its records to stdout: there the summary would be one more.
    let output = (!args.dry_run).then_some(args.output);
    match run(args) {
        Ok(summary) => {
            report(&summary, output);
            ExitCode::SUCCESS
        }
        Err(failure) => {
            if let Some(summary) = failure.summary() {
                report(summary, output);
            }
            eprintln!("error: {failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}

fn run(args: Args) -> Result<Summary, producer::Failure> {
    let fail = |error: io::Error| producer::Failure::Failed {
        reason: format!("cannot start: {error}"),
        summary: None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(fail)?;
    runtime.block_on(async { producer::run(args, signals::shutdown().map_err(fail)?).await })
}

fn start_logging() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let terminal = io::stderr().is_terminal();
    tracing_subscriber::fmt()
        .with_writer(move || LogLine { over_bar: terminal })
        .with_env_filter(filter)
        .with_target(false)
        .with_ansi(terminal)
        .init();
}

fn report(summary: &Summary, output: Option<Output>) {
    match output {
        None => tracing::info!("{}", summary.render(Output::Text)),
        Some(form) => {
            if let Err(error) = writeln!(io::stdout(), "{}", summary.render(form)) {
                tracing::warn!("cannot write the summary to stdout: {error}");
            }
        }
    }
}

/// Writes a log line to stderr; on a terminal in place of the progress bar, which is drawn again
/// below it.
struct LogLine {
    over_bar: bool,
}

impl Write for LogLine {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut stderr = io::stderr().lock();
        if self.over_bar {
            stderr.write_all(b"\r\x1b[2K")?;
        }
        stderr.write_all(line)?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
