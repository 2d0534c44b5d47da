//! The `demo` program: the whole pipeline on the sandbox with one command, with a crash in the
//! middle and a check at the end.
//!
//! It starts a broker and an S3 in this process, and the producer and the consumer as processes of
//! their own: this executable again, with a hidden first argument (see `role`). It talks to nothing
//! outside this machine.
//!
//! Reading order: `args`, `story` (the run), `part` and `role` (the processes), `excerpt`,
//! `table` and `simulated` (what must land), `checker` and `question` (what did), `layouts` (the
//! same as Parquet, verified and compacted), `stage` (the servers), `say` (the output).
//!
//! It ends with 0 only if each row was found in exactly one object, and no process outlives it.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a test may fail at any step")
)]

mod args;
mod checker;
mod excerpt;
mod layouts;
mod part;
mod question;
mod role;
mod say;
mod simulated;
mod stage;
mod story;
mod table;

use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use tempfile::TempDir;
use tokio::signal::unix::{SignalKind, signal};

use crate::{args::Args, stage::Stage};

/// Exit codes of a run that was ended from outside: 128 and the signal's number.
const INTERRUPTED: u8 = 130;
const TERMINATED: u8 = 143;

fn main() -> ExitCode {
    let mut argv = std::env::args_os().skip(1);
    if argv.next().is_some_and(|first| first == role::HIDDEN_FLAG) {
        return role::play(argv);
    }
    let args = Args::parse();
    if args.is_verbose() {
        cli::run::start_logging();
    }
    match run(&args) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {}", one_line(&format!("{error:#}")));
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let folder = tempfile::Builder::new()
        .prefix("demo-")
        .tempdir()
        .context("cannot make a directory for the files; set TMPDIR to one that can be written")?;
    let ended = play(args, &folder);
    if args.keep {
        keep(folder)?;
    }
    ended
}

/// The run itself. The servers live outside the runtime, and longer than every process that talks
/// to them.
fn play(args: &Args, folder: &TempDir) -> anyhow::Result<ExitCode> {
    let stage = Stage::new(folder.path(), args.is_verbose())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let ended = runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        // The branch that is not chosen is dropped, and with it the process that it waits for.
        tokio::select! {
            biased;
            _ = interrupt.recv() => Ok(ExitCode::from(INTERRUPTED)),
            _ = terminate.recv() => Ok(ExitCode::from(TERMINATED)),
            told = story::tell(args, &stage) => told.map(|()| ExitCode::SUCCESS),
        }
    });
    // A large CSV may still be read.
    runtime.shutdown_background();
    ended
}

fn keep(folder: TempDir) -> anyhow::Result<()> {
    let path = folder.keep();
    say::say(&format!("The files are kept in {}", path.display()))
}

fn one_line(text: &str) -> String {
    let plain = |letter: char| if letter.is_control() { ' ' } else { letter };
    text.chars().map(plain).collect()
}
