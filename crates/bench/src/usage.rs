//! What a process or a thread has used, as Linux reports it in `/proc`.

use anyhow::{Context, Result};

/// Linux reports times in `/proc` in this unit, whatever the kernel's own tick is.
const TICKS_PER_SECOND: f64 = 100.0;

/// User and system time of this process so far, in seconds, with all threads.
///
/// # Errors
/// Anywhere but on Linux.
pub fn cpu_seconds() -> Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")
        .context("the CPU time is read from /proc/self/stat, which only Linux has")?;
    // The name of the program comes second, in parentheses, and may hold blanks; utime and stime
    // are the 14th and 15th.
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = after_name.split_whitespace().skip(11).take(2);
    let ticks: Vec<f64> = ticks.map(str::parse).collect::<Result<_, _>>()?;
    Ok(ticks.iter().sum::<f64>() / TICKS_PER_SECOND)
}

/// The most memory of this process that was resident at a time, in MiB.
///
/// # Errors
/// Anywhere but on Linux.
pub fn peak_mib() -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
    let kib = kib.context("no VmHWM in /proc/self/status")?;
    Ok(kib.trim().parse::<f64>()? / 1024.0)
}

/// The time that this thread has run, in nanoseconds; up to date within a few milliseconds.
///
/// # Errors
/// Anywhere but on Linux.
pub fn thread_nanoseconds() -> Result<u64> {
    let schedstat =
        std::fs::read_to_string("/proc/thread-self/schedstat").context("this bench needs Linux")?;
    let first = schedstat
        .split_whitespace()
        .next()
        .context("an empty schedstat")?;
    Ok(first.parse()?)
}
