//! What a process has used, as Linux tells it in `/proc/self`.
//!
//! Not here: medians and ratios (see `table.rs`).
//! Invariant: CPU and memory are those of the whole process, threads of the Kafka client included.

use std::fmt;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// Linux shows times in `/proc` in this unit, whatever the kernel's own tick is.
const TICKS_PER_SECOND: f64 = 100.0;

/// One side's numbers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) records: u64,
    /// From the first record to the last acknowledgement, connecting left out.
    pub(crate) seconds: f64,
    /// User and system time of the process, connecting included.
    pub(crate) cpu_seconds: f64,
    /// The most memory that was resident at a time.
    pub(crate) peak_mib: f64,
}

impl Report {
    /// Of this process, now.
    pub(crate) fn of(records: u64, sending: Duration) -> Result<Report> {
        Ok(Report {
            records,
            seconds: sending.as_secs_f64(),
            cpu_seconds: cpu_seconds()?,
            peak_mib: peak_mib()?,
        })
    }

    /// Records per second.
    pub(crate) fn rate(&self) -> f64 {
        self.records as f64 / self.seconds
    }

    /// µs CPU per record.
    pub(crate) fn cpu_per_record(&self) -> f64 {
        self.cpu_seconds * 1e6 / self.records as f64
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:.0}/s, {:.2} µs CPU a record, {:.1} s, {:.0} MiB",
            self.rate(),
            self.cpu_per_record(),
            self.seconds,
            self.peak_mib
        )
    }
}

fn cpu_seconds() -> Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")
        .context("the CPU time is read from /proc/self/stat, which only Linux has")?;
    // The name of the program comes second, in parentheses, and may hold blanks; utime and stime
    // are the 14th and 15th.
    let behind_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = behind_name.split_whitespace().skip(11).take(2);
    let ticks: Vec<f64> = ticks.map(str::parse).collect::<Result<_, _>>()?;
    Ok(ticks.iter().sum::<f64>() / TICKS_PER_SECOND)
}

fn peak_mib() -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
    let kib = kib.context("no VmHWM in /proc/self/status")?;
    Ok(kib.trim().parse::<f64>()? / 1024.0)
}
