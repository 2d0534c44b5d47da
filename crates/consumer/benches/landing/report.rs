//! The numbers that measured processes report, and how fast they were once they were going.
//!
//! `table.rs` has medians and ratios.

use std::{fmt, time::Instant};

use anyhow::Result;
use bench::{
    clock::since_1970,
    usage::{cpu_seconds, peak_mib},
};
use serde::{Deserialize, Serialize};

/// The numbers of one side. CPU and memory are those of the whole process, including the threads of
/// the Kafka client.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) records: u64,
    /// Data objects that were written.
    pub(crate) objects: u64,
    /// Requests to S3.
    pub(crate) requests: u64,
    /// Records per second between an early and a late look: it leaves out start, group join and
    /// end.
    pub(crate) rate: f64,
    /// Seconds from start to end.
    pub(crate) seconds: f64,
    /// User and system time of the process from start to end.
    pub(crate) cpu_seconds: f64,
    /// The peak of resident memory.
    pub(crate) peak_mib: f64,
    /// How many records were done, and when, in order.
    pub(crate) looks: Vec<UnixLook>,
}

/// How many records were done at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    pub(crate) at: Instant,
    pub(crate) done: u64,
}

/// A [`Look`] on a clock that several processes share.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct UnixLook {
    /// Seconds since 1970-01-01 UTC.
    pub(crate) at: f64,
    pub(crate) done: u64,
}

impl Look {
    pub(crate) fn now(done: u64) -> Self {
        Self {
            at: Instant::now(),
            done,
        }
    }
}

impl Report {
    /// The sum over processes that shared the work; the memory is that of the largest. `None`
    /// without any.
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

    /// Requests per million records.
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

/// Measures a side from the moment it begins.
pub(crate) struct Meter {
    began: Instant,
    cpu_seconds: f64,
}

impl Meter {
    /// Starts now; what was used before does not count.
    pub(crate) fn start() -> Result<Self> {
        Ok(Self {
            began: Instant::now(),
            cpu_seconds: cpu_seconds()?,
        })
    }

    /// Ends now. `looks` must be in order.
    pub(crate) fn report(&self, records: u64, looks: &[Look]) -> Result<Report> {
        let seconds = self.began.elapsed().as_secs_f64();
        let (now, today) = (Instant::now(), since_1970()?.as_secs_f64());
        let on_common_clock = |look: &Look| UnixLook {
            at: today - (now - look.at).as_secs_f64(),
            done: look.done,
        };
        let looks: Vec<UnixLook> = looks.iter().map(on_common_clock).collect();
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

/// Records per second between the first look at which something was done and the last one at which
/// something was left to do.
fn steady_rate(records: u64, looks: &[UnixLook]) -> Option<f64> {
    let first = looks.iter().find(|look| look.done > 0)?;
    let last = looks.iter().rfind(|look| look.done < records)?;
    let between = last.at - first.at;
    (between > 0.1 && last.done > first.done).then(|| (last.done - first.done) as f64 / between)
}

/// Merges the looks of several processes, as if they were one.
fn together(reports: &[Report]) -> Vec<UnixLook> {
    let mut looks: Vec<(usize, UnixLook)> = reports
        .iter()
        .enumerate()
        .flat_map(|(process, report)| report.looks.iter().map(move |look| (process, *look)))
        .collect();
    looks.sort_by(|(_, a), (_, b)| a.at.total_cmp(&b.at));
    let mut done_of = vec![0; reports.len()];
    looks
        .into_iter()
        .map(|(process, look)| {
            done_of[process] = look.done;
            UnixLook {
                at: look.at,
                done: done_of.iter().sum(),
            }
        })
        .collect()
}
