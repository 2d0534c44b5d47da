//! The other life of this executable: with the hidden first argument it is a producer or a consumer, and nothing else.
//!
//! It reads neither `.env` nor a file of settings: whoever starts it says everything (see `part`).
//! Invariant: it ends when its parent does, even by kill -9, for its stdin is a pipe whose other end the parent holds.

use std::ffi::OsString;
use std::io::{IsTerminal, Read, Write};
use std::process::ExitCode;

use anyhow::{Context, anyhow, bail};
use clap::Parser;
use tracing_subscriber::EnvFilter;

/// The first argument that makes this executable a part of the pipeline.
pub(crate) const HIDDEN_FLAG: &str = "--play";
/// The name of the producer's role, behind [`HIDDEN_FLAG`].
pub(crate) const PRODUCER: &str = "producer";
/// The name of the consumer's role.
pub(crate) const CONSUMER: &str = "consumer";

/// Plays the role that the rest of the command line begins with; the flags behind it are those of the real program.
pub(crate) fn play(argv: impl Iterator<Item = OsString>) -> ExitCode {
    start_logging();
    std::thread::spawn(end_with_the_parent);
    match run(&argv.collect::<Vec<_>>()) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Logs to stderr, as both programs do.
pub(crate) fn start_logging() {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("info,aws=warn,hyper=warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .init();
}

/// Nothing is ever written to our stdin; its end means that the other side is gone.
fn end_with_the_parent() {
    std::io::stdin().read_to_end(&mut Vec::new()).ok();
    std::process::exit(1);
}

/// Runs the library of the role and prints its summary as JSON; gives the exit code of the real program.
fn run(argv: &[OsString]) -> anyhow::Result<u8> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let role = argv.first().and_then(|role| role.to_str());
    let (summary, code) = match role {
        Some(PRODUCER) => {
            let args = producer::Args::try_parse_from(argv)?;
            let ended = runtime.block_on(producer::run(args, std::future::pending()));
            let summary = ended.map_err(|failure| anyhow!("{failure}"))?;
            (summary.render(producer::Output::Json), 0)
        }
        Some(CONSUMER) => {
            let args = consumer::Args::try_parse_from(argv)?;
            let origin = |_: &str| "the demo".to_owned();
            let ended = runtime.block_on(consumer::run(args, origin, std::future::pending()));
            let summary = ended.map_err(reason)?;
            (
                summary.render(consumer::args::Output::Json),
                summary.exit_code(),
            )
        }
        _ => bail!("{HIDDEN_FLAG} is for the demo itself; run demo --help"),
    };
    // Blocking look-ups may still wait for a broker that is gone: nothing depends on them.
    runtime.shutdown_background();
    writeln!(std::io::stdout(), "{summary}").context("cannot write the summary")?;
    Ok(code)
}

fn reason(failure: consumer::Failure) -> anyhow::Error {
    match failure {
        consumer::Failure::Usage(error) | consumer::Failure::Failed(error) => error,
    }
}
