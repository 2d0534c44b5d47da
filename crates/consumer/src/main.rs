//! The `consumer` program: flags, logs, signals, exit code. Everything else is the library's.
//!
//! Invariant: stdout carries only results; an error is one line on stderr that begins with `error:
//! `.

use std::{
    ffi::OsString,
    io::{IsTerminal, Write},
    process::ExitCode,
};

use clap::Parser;
use consumer::{
    Args, Failure,
    args::{CompactArgs, SchemaInferArgs, VerifyArgs},
    config,
};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// Says where the value of a flag came from.
type Origins = Box<dyn Fn(&str) -> String>;

fn main() -> ExitCode {
    let argv: Vec<OsString> = std::env::args_os().collect();
    let word = |at: usize| argv.get(at).and_then(|word| word.to_str());
    match (word(1), word(2)) {
        (Some("verify"), _) => run(of_command(&argv, 1), verify),
        (Some("compact"), _) => run(of_command(&argv, 1), compact),
        (Some("schema"), Some("infer")) => run(of_command(&argv, 2), schema_infer),
        // It has this one command.
        (Some("schema"), Some("-h" | "--help")) => {
            run(of_command(&with_word(&argv, 2, "infer"), 2), schema_infer)
        }
        (Some("schema"), _) => fail(
            &"'consumer schema' wants a command: consumer schema infer",
            2,
        ),
        (Some(other), _) if !other.starts_with('-') && !other.is_empty() => fail(
            &format!(
                "there is no command '{other}'; the commands are verify, compact and schema infer, and without one the topic is landed: \
                 consumer --bucket NAME"
            ),
            2,
        ),
        _ => run(argv, land),
    }
}

/// What a command leaves for stdout, and its exit code.
struct Done {
    text: String,
    code: u8,
}

async fn land(args: Args, origin: Origins) -> Result<Done, Failure> {
    let output = args.output;
    let summary = consumer::run(args, origin, stop_signal()).await?;
    Ok(Done {
        text: summary.render(output),
        code: summary.exit_code(),
    })
}

/// It only reads, so a signal ends it at once.
async fn verify(args: VerifyArgs, origin: Origins) -> Result<Done, Failure> {
    let output = args.output;
    let report = consumer::verify::run(args, origin).await?;
    Ok(Done {
        text: report.render(output),
        code: report.exit_code(),
    })
}

/// What it writes is written once and can be gone on with, so a signal ends it at once.
async fn compact(args: CompactArgs, origin: Origins) -> Result<Done, Failure> {
    let output = args.output;
    let report = consumer::compact::run(args, origin).await?;
    Ok(Done {
        text: report.render(output),
        code: report.exit_code(),
    })
}

/// It only reads, so a signal ends it at once.
async fn schema_infer(args: SchemaInferArgs, _: Origins) -> Result<Done, Failure> {
    Ok(Done {
        text: consumer::schema_infer::run(args).await?,
        code: 0,
    })
}

/// The arguments with one more word at this place.
fn with_word(argv: &[OsString], at: usize, word: &str) -> Vec<OsString> {
    let (before, after) = argv.split_at(at);
    [before, &[word.into()], after].concat()
}

/// The command's own arguments, behind a program name that holds its words.
fn of_command(argv: &[OsString], words: usize) -> Vec<OsString> {
    let names = argv[1..=words].iter().map(|word| word.to_string_lossy());
    let name = names.fold("consumer".to_owned(), |name, word| format!("{name} {word}"));
    let own = argv[words + 1..].iter().cloned();
    std::iter::once(name.into()).chain(own).collect()
}

/// Loads the settings, runs the command, prints its result.
fn run<P: Parser, D: Future<Output = Result<Done, Failure>>>(
    argv: Vec<OsString>,
    command: impl FnOnce(P, Origins) -> D,
) -> ExitCode {
    let loaded = match config::load::<P>(argv) {
        Ok(loaded) => loaded,
        Err(error) => error.exit(),
    };
    start_logging();
    for source in &loaded.sources {
        tracing::info!("settings from {source}");
    }
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error, 1),
    };
    let origins = loaded.origins;
    let origin = move |id: &str| {
        origins
            .get(id)
            .cloned()
            .unwrap_or_else(|| "default".to_owned())
    };
    let result = runtime.block_on(async { command(loaded.args, Box::new(origin)).await });
    // Blocking look-ups may still wait for a broker that is gone: nothing depends on them.
    runtime.shutdown_background();
    match result {
        Ok(done) => {
            // Nobody may be reading any more (`| head`); the exit code says it all the same.
            writeln!(std::io::stdout(), "{}", done.text).ok();
            ExitCode::from(done.code)
        }
        Err(Failure::Usage(error)) => fail(&format!("{error:#}"), 2),
        Err(Failure::Failed(error)) => fail(&format!("{error:#}"), 1),
    }
}

fn start_logging() {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("info,aws=error,hyper=warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .init();
}

fn fail(error: &dyn std::fmt::Display, code: u8) -> ExitCode {
    let line: String = error
        .to_string()
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    eprintln!("error: {line}");
    ExitCode::from(code)
}

/// Resolves at the first SIGINT or SIGTERM. A second one ends the process at once: nothing can be
/// lost by it.
async fn stop_signal() {
    let (Ok(mut interrupt), Ok(mut terminate)) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    ) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    tracing::info!("stopping: finishing what is in flight; a second signal ends at once");
    tokio::spawn(async move {
        let code = tokio::select! {
            _ = interrupt.recv() => 130,
            _ = terminate.recv() => 143,
        };
        std::process::exit(code);
    });
}
