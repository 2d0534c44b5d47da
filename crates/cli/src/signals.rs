//! SIGINT and SIGTERM: the first asks for a stop, the second ends the process.
//!
//! For the programs, not for library code. Once the handlers are installed, neither signal kills
//! the process by itself.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Installs the handlers; the future resolves at the first signal. A second signal ends the process
/// at once, with exit code 130 for SIGINT and 143 for SIGTERM.
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
    /// Waits for a signal; returns the exit code that stands for it.
    async fn next(&mut self) -> i32 {
        tokio::select! {
            _ = self.interrupt.recv() => 130,
            _ = self.terminate.recv() => 143,
        }
    }
}
