//! SIGINT and SIGTERM: the first asks for a stop, the second ends the process.
//!
//! Only a program's `main` may install the handlers, not a library. Once they are installed,
//! neither signal kills the process by itself. A task of its own listens for them: a run that
//! already ends for another reason no longer looks at its stop request, and its signals must not be
//! swallowed.

use std::{
    io,
    time::{Duration, Instant},
};

use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::oneshot,
};

/// Signals within this time of the first are the same wish: a wrapper passes on what the terminal
/// has already sent to the whole group of processes.
const SAME_WISH: Duration = Duration::from_secs(1);

/// Installs the handlers. At the first signal the announcement goes to the log, whatever the
/// program is doing, and the future ends; a later one, by a second or more, ends the process at
/// once, with exit code 130 for SIGINT and 143 for SIGTERM. Must run on a tokio runtime.
///
/// # Errors
/// When the operating system refuses a handler.
pub fn shutdown(announcement: &'static str) -> io::Result<impl Future<Output = ()>> {
    let mut signals = Signals {
        interrupt: signal(SignalKind::interrupt())?,
        terminate: signal(SignalKind::terminate())?,
    };
    let (first, stopped) = oneshot::channel();
    tokio::spawn(async move {
        signals.next().await;
        let began = Instant::now();
        tracing::info!("{announcement}");
        // A run that already ends does not listen any more.
        first.send(()).ok();
        loop {
            let code = signals.next().await;
            if began.elapsed() >= SAME_WISH {
                std::process::exit(code);
            }
        }
    });
    Ok(async move {
        if stopped.await.is_err() {
            // The task ends with the runtime only, and then nobody asks.
            std::future::pending::<()>().await;
        }
    })
}

struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// Waits for a signal; returns its exit code.
    async fn next(&mut self) -> i32 {
        tokio::select! {
            _ = self.interrupt.recv() => 130,
            _ = self.terminate.recv() => 143,
        }
    }
}
