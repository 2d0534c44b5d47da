//! The numbers of one measured process.
//!
//! Not here: medians and ratios (see `table.rs`).

use std::{fmt, time::Duration};

use anyhow::Result;
use bench::usage::{cpu_seconds, peak_mib};
use serde::{Deserialize, Serialize};

/// The numbers of one side. CPU and memory are those of the whole process, the threads of the Kafka
/// client included.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) records: u64,
    /// From the first record to the last acknowledgement, without connecting.
    pub(crate) seconds: f64,
    /// User and system time of the process, with connecting.
    pub(crate) cpu_seconds: f64,
    /// The most memory that was resident at a time.
    pub(crate) peak_mib: f64,
}

impl Report {
    /// Of this process, now.
    pub(crate) fn new(records: u64, sending: Duration) -> Result<Self> {
        Ok(Self {
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
