//! The other life of this executable: with the hidden first argument it is a producer, a consumer
//! or one of the consumer's commands, and nothing else.
//!
//! It reads neither `.env` nor a configuration file: whoever starts it says everything (see
//! `part`). It ends when its parent does, even by kill -9, because its stdin is a pipe whose other
//! end the parent holds.

use std::{
    ffi::OsString,
    io::{Read, Write},
    process::ExitCode,
};

use anyhow::{Context, anyhow, bail};
use clap::Parser;
use cli::{
    origins::Origins,
    run::{Failure, start_logging},
    values::Output,
};
use compact::args::CompactArgs;
use verify::args::VerifyArgs;

/// The first argument that makes this executable a part of the pipeline.
pub(crate) const HIDDEN_FLAG: &str = "--play";
/// The name of the producer's role, which follows [`HIDDEN_FLAG`].
pub(crate) const PRODUCER: &str = "producer";
/// The name of the consumer's role.
pub(crate) const CONSUMER: &str = "consumer";
/// The name of the role of `consumer verify`.
pub(crate) const VERIFY: &str = "verify";
/// The name of the role of `consumer compact`.
pub(crate) const COMPACT: &str = "compact";

/// Plays the role that the rest of the command line begins with; the flags after it are those of
/// the real program.
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

/// Nothing is ever written to our stdin; its end means that the parent is gone.
fn end_with_the_parent() {
    std::io::stdin().read_to_end(&mut Vec::new()).ok();
    std::process::exit(1);
}

/// Runs the library of the role and prints its summary as JSON; returns the exit code of the real
/// program.
fn run(argv: &[OsString]) -> anyhow::Result<u8> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let role = argv.first().and_then(|role| role.to_str());
    let (summary, code) = runtime.block_on(perform(role, argv))?;
    // Blocking look-ups may still wait for a broker that is gone; nothing depends on them.
    runtime.shutdown_background();
    writeln!(std::io::stdout(), "{summary}").context("cannot write the summary")?;
    Ok(code)
}

async fn perform(role: Option<&str>, argv: &[OsString]) -> anyhow::Result<(String, u8)> {
    let origins = Origins::all("the demo");
    let json = Output::Json;
    match role {
        Some(PRODUCER) => {
            let args = producer::Args::try_parse_from(argv)?;
            let ended = producer::run(args, std::future::pending()).await;
            let summary = ended.map_err(|failure| anyhow!("{failure}"))?;
            Ok((summary.render(json), 0))
        }
        Some(CONSUMER) => {
            let args = consumer::args::Args::try_parse_from(argv)?;
            let ended = consumer::run(args, &origins, std::future::pending()).await;
            let summary = ended.map_err(reason)?;
            Ok((summary.render(json), summary.exit_code()))
        }
        Some(VERIFY) => {
            let args = VerifyArgs::try_parse_from(argv)?;
            let report = verify::run(args, &origins).await.map_err(reason)?;
            Ok((report.render(json), report.exit_code()))
        }
        Some(COMPACT) => {
            let args = CompactArgs::try_parse_from(argv)?;
            let report = compact::run(args, &origins).await.map_err(reason)?;
            Ok((report.render(json), report.exit_code()))
        }
        _ => bail!("{HIDDEN_FLAG} is for the demo itself; run demo --help"),
    }
}

fn reason(failure: Failure) -> anyhow::Error {
    match failure {
        Failure::Usage(error) | Failure::Failed(error) => error,
    }
}
