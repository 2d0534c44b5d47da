//! Runs a program from its command line to its exit code: settings, logs, the result, the error
//! line.
//!
//! stdout carries only results; an error is one line on stderr that begins with `error: `.

use std::{
    ffi::OsString,
    fmt::Display,
    io::{IsTerminal, Write},
    process::ExitCode,
    sync::OnceLock,
};

use clap::Command;
use tracing_subscriber::EnvFilter;

use crate::{
    config::{self, Settings},
    documents, progress,
};

/// What a command leaves when it ends by itself.
#[derive(Debug)]
pub struct Done {
    /// The result for stdout; nothing is printed if it is empty.
    pub text: String,
    /// Why not everything was done, if so: an error line on stderr that follows the result.
    pub error: Option<String>,
    /// The exit code of the process.
    pub code: u8,
}

/// Why a command did not start, or failed.
#[derive(Debug)]
pub enum Failure {
    /// The flags cannot work; the command has not connected to Kafka or S3. Exit code 2.
    Usage(anyhow::Error),
    /// Anything else. Exit code 1.
    Failed(anyhow::Error),
}

impl Done {
    /// The end of a command that has a result and no error.
    #[must_use]
    pub fn new(text: String, code: u8) -> Self {
        Self {
            text,
            error: None,
            code,
        }
    }
}

/// Loads the settings, starts logging, runs `work` on a current-thread tokio runtime, and prints
/// its result. `argv` begins with the program's name. Call it once per process: it sets the global
/// logger.
pub fn run<F: Future<Output = Result<Done, Failure>>>(
    command: impl Fn() -> Command,
    argv: impl IntoIterator<Item = OsString>,
    work: impl FnOnce(Settings) -> F,
) -> ExitCode {
    let command = || with_long_version(command());
    let settings = match config::load(command, argv) {
        Ok(settings) => settings,
        Err(error) => error.exit(),
    };
    if let Some(printed) = documents::printed(command(), &settings.matches) {
        return match printed {
            Ok(text) => {
                std::io::stdout().write_all(&text).ok();
                ExitCode::SUCCESS
            }
            Err(error) => fail(&format!("{error:#}"), 1),
        };
    }
    if let Some(text) = &settings.printed {
        writeln!(std::io::stdout(), "{}", secrets::without(text)).ok();
        return ExitCode::SUCCESS;
    }
    start_logging();
    for source in &settings.sources {
        tracing::info!("settings from {source}");
    }
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error, 1),
    };
    let result = runtime.block_on(async { work(settings).await });
    // Blocking look-ups may still wait for a broker that is gone; nothing depends on them.
    runtime.shutdown_background();
    match result {
        Ok(done) => {
            if !done.text.is_empty() {
                // The reader may be gone (`| head`); the exit code says the same.
                writeln!(std::io::stdout(), "{}", secrets::without(&done.text)).ok();
            }
            match done.error {
                Some(error) => fail(&error, done.code),
                None => ExitCode::from(done.code),
            }
        }
        Err(Failure::Usage(error)) => fail(&format!("{error:#}"), 2),
        Err(Failure::Failed(error)) => fail(&format!("{error:#}"), 1),
    }
}

/// The version for `--version`, such as `0.1.0 (librdkafka 2.12.1)`; `-V` prints the first part
/// alone. `version` is the program's.
#[must_use]
pub fn long_version(version: &str) -> &'static str {
    static LONG: OnceLock<String> = OnceLock::new();
    LONG.get_or_init(|| format!("{version} (librdkafka {})", kafka::client_version()))
}

/// The command and its subcommands with [`long_version`].
fn with_long_version(command: Command) -> Command {
    let version = command.get_version().map(long_version);
    let command = command.mut_subcommands(with_long_version);
    match version {
        Some(version) => command.long_version(version),
        None => command,
    }
}

/// Logs to stderr, at the level of `RUST_LOG` or `info`.
pub fn start_logging() {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("info,aws=error,hyper=warn"));
    let terminal = std::io::stderr().is_terminal();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| LogLine)
        .with_ansi(terminal)
        .with_target(false)
        .init();
}

/// Prints the error line.
fn fail(error: &dyn Display, code: u8) -> ExitCode {
    let line: String = secrets::without(&error.to_string())
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    eprintln!("error: {line}");
    ExitCode::from(code)
}

/// Writes a log line to stderr, above the bar if one is there, and without any secret: libraries
/// write lines, too.
struct LogLine;

impl Write for LogLine {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        let shown = secrets::without(&text);
        progress::above_bar(|| std::io::stderr().write_all(shown.as_bytes()))?;
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        std::io::stderr().flush()
    }
}
