//! What a process has used, as Linux tells it in `/proc/self`, and how fast it was once it was
//! going.
//!
//! Not here: medians and ratios (see `table.rs`).
//! Invariant: CPU and memory are those of the whole process, threads of the Kafka client included.

use std::{
    fmt,
    time::{Duration, Instant, SystemTime},
};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// Linux shows times in `/proc` in this unit, whatever the kernel's own tick is.
const TICKS_PER_SECOND: f64 = 100.0;

/// One side's numbers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) records: u64,
    /// Data objects that were written.
    pub(crate) objects: u64,
    /// Requests to S3.
    pub(crate) requests: u64,
    /// Records per second between an early and a late look: start, group join and end are left out.
    pub(crate) rate: f64,
    /// From start to end.
    pub(crate) seconds: f64,
    /// User and system time of the process from start to end.
    pub(crate) cpu_seconds: f64,
    /// The most memory that was resident at a time.
    pub(crate) peak_mib: f64,
    /// When how many records were done, in order: seconds since 1970-01-01 UTC, which several
    /// processes have in common.
    pub(crate) looks: Vec<(f64, u64)>,
}

impl Report {
    /// What processes came to that shared the work: everything together, but the memory of the
    /// largest.
    pub(crate) fn of_all(mut reports: Vec<Self>) -> Option<Self> {
        if reports.len() < 2 {
            return reports.pop();
        }
        let sum = |of: fn(&Self) -> u64| reports.iter().map(of).sum();
        let most = |of: fn(&Self) -> f64| reports.iter().map(of).fold(0.0, f64::max);
        let (records, seconds) = (sum(|report| report.records), most(|report| report.seconds));
        let looks = together(&reports);
        Some(Self {
            records,
            objects: sum(|report| report.objects),
            requests: sum(|report| report.requests),
            rate: steady_rate(records, &looks).unwrap_or(records as f64 / seconds),
            seconds,
            cpu_seconds: reports.iter().map(|report| report.cpu_seconds).sum(),
            peak_mib: most(|report| report.peak_mib),
            looks,
        })
    }

    /// Requests for each million of records.
    pub(crate) fn requests_per_million(&self) -> f64 {
        self.requests as f64 * 1e6 / self.records.max(1) as f64
    }

    /// µs CPU per record.
    pub(crate) fn cpu_per_record(&self) -> f64 {
        self.cpu_seconds * 1e6 / self.records.max(1) as f64
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} records, {} objects, {} requests, {:.0}/s, {:.2} µs CPU each, {:.1} s, {:.0} MiB",
            self.records,
            self.objects,
            self.requests,
            self.rate,
            self.cpu_per_record(),
            self.seconds,
            self.peak_mib
        )
    }
}

/// The time in milliseconds since 1970-01-01 UTC.
pub(crate) fn unix_millis() -> Result<i64> {
    Ok(i64::try_from(since_1970()?.as_millis())?)
}

fn since_1970() -> Result<Duration> {
    Ok(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?)
}

/// Runs from the moment at which a side begins.
pub(crate) struct Meter {
    began: Instant,
    cpu_seconds: f64,
}

impl Meter {
    /// Begins now; what was used before does not count.
    pub(crate) fn start() -> Result<Self> {
        Ok(Self {
            began: Instant::now(),
            cpu_seconds: cpu_seconds()?,
        })
    }

    /// Ends now. `looks` says when how many records were done, in order.
    pub(crate) fn report(&self, records: u64, looks: &[(Instant, u64)]) -> Result<Report> {
        let seconds = self.began.elapsed().as_secs_f64();
        let (now, today) = (Instant::now(), since_1970()?.as_secs_f64());
        let look = |(at, done): &(Instant, u64)| (today - (now - *at).as_secs_f64(), *done);
        let looks: Vec<(f64, u64)> = looks.iter().map(look).collect();
        Ok(Report {
            records,
            objects: 0,
            requests: 0,
            rate: steady_rate(records, &looks).unwrap_or(records as f64 / seconds),
            seconds,
            cpu_seconds: cpu_seconds()? - self.cpu_seconds,
            peak_mib: peak_mib()?,
            looks,
        })
    }
}

/// Between the first look at which something was done and the last one at which something was left
/// to do.
fn steady_rate(records: u64, looks: &[(f64, u64)]) -> Option<f64> {
    let (first, before) = looks.iter().find(|(_, done)| *done > 0)?;
    let (last, after) = looks.iter().rfind(|(_, done)| *done < records)?;
    let between = last - first;
    (between > 0.1 && after > before).then(|| (after - before) as f64 / between)
}

/// The looks of several processes as those of one.
fn together(reports: &[Report]) -> Vec<(f64, u64)> {
    let of = |(process, report): (usize, &Report)| {
        let looks = report.looks.clone().into_iter();
        looks.map(move |(at, done)| (at, process, done))
    };
    let mut looks: Vec<(f64, usize, u64)> = reports.iter().enumerate().flat_map(of).collect();
    looks.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut done_of = vec![0; reports.len()];
    let sum = |(at, process, done): (f64, usize, u64)| {
        done_of[process] = done;
        (at, done_of.iter().sum())
    };
    looks.into_iter().map(sum).collect()
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
    Ok(kib
        .context("no VmHWM in /proc/self/status")?
        .trim()
        .parse::<f64>()?
        / 1024.0)
}
