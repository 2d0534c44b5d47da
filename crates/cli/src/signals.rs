//! SIGINT and SIGTERM: the first asks for a stop, the second ends the process.
//!
//! Belongs to the program, not to the library's runs. Once installed, no signal of the two kills
//! the process by itself.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Installs the handlers; the future ends at the first signal. A second one leaves at once, with
/// 130 for SIGINT and 143 for SIGTERM.
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
    /// Waits for one; gives the exit code that stands for it.
    async fn next(&mut self) -> i32 {
        tokio::select! {
            _ = self.interrupt.recv() => 130,
            _ = self.terminate.recv() => 143,
        }
    }
}
