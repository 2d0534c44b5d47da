//! How the demo speaks to its reader: lines on stdout.

use std::io::Write;

use anyhow::Context;

/// Shows the command that does the same by hand.
///
/// # Errors
/// If stdout is closed.
pub(crate) fn by_hand(command: &str) -> anyhow::Result<()> {
    say(&format!("   $ {command}"))
}

/// Prints one line.
///
/// # Errors
/// If stdout is closed.
pub(crate) fn say(line: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{line}").context("cannot write to stdout")
}
