//! The wall clock, and the names that are made from it.

use std::time::{Duration, SystemTime};

use anyhow::Result;

/// The time since 1970-01-01 UTC.
///
/// # Errors
/// When the clock of this machine stands before 1970.
pub fn since_1970() -> Result<Duration> {
    Ok(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?)
}

/// A name that no other run has: what a run creates on the servers begins with it.
///
/// # Errors
/// As [`since_1970`].
pub fn run_name() -> Result<String> {
    let millis = since_1970()?.as_millis();
    Ok(format!("bench-{millis}-{}", std::process::id()))
}
