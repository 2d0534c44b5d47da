//! The `consumer` program: flags, logs, signals, exit code. Everything else is the library's.
//!
//! Invariant: stdout carries only results; an error is one line on stderr that begins with `error: `.

use std::{
    io::{IsTerminal, Write},
    process::ExitCode,
};

use consumer::{Failure, config};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let loaded = match config::load::<consumer::Args>(std::env::args_os()) {
        Ok(loaded) => loaded,
        Err(error) => error.exit(),
    };
    start_logging();
    for source in &loaded.sources {
        tracing::info!("settings from {source}");
    }
    let output = loaded.args.output;
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
    let result =
        runtime.block_on(async { consumer::run(loaded.args, origin, stop_signal()).await });
    // Blocking look-ups may still wait for a broker that is gone: nothing depends on them.
    runtime.shutdown_background();
    match result {
        Ok(summary) => {
            // Nobody may be reading any more (`| head`); the exit code says it all the same.
            writeln!(std::io::stdout(), "{}", summary.render(output)).ok();
            ExitCode::from(summary.exit_code())
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

/// Resolves at the first SIGINT or SIGTERM. A second one ends the process at once: nothing can be lost by it.
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
