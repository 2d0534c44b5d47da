//! SIGINT and SIGTERM: the first asks for a stop, the second ends the process.
//!
//! Only a program's `main` may install the handlers, not a library. Once they are installed,
//! neither signal kills the process by itself.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Installs the handlers. The future ends at the first signal; after that, a second signal ends the
/// process at once, with exit code 130 for SIGINT and 143 for SIGTERM. Must run on a tokio runtime.
///
/// # Errors
/// When the operating system refuses a handler.
pub fn shutdown() -> io::Result<impl Future<Output = ()>> {
    let mut signals = Signals {
        interrupt: signal(SignalKind::interrupt())?,
        terminate: signal(SignalKind::terminate())?,
    };
    Ok(async move {
        signals.next().await;
        tokio::spawn(async move { std::process::exit(signals.next().await) });
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
