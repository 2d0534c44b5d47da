//! Shows how far a run is: a bar on a terminal, else a line of JSON once per interval.
//!
//! Counts nothing itself. It writes to stderr only; whether anything is due costs one look at the
//! clock.

use std::{
    io::{IsTerminal, Write},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use chrono::{DateTime, NaiveTime, SecondsFormat, Utc};
use cli::progress::keep_below_log;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::{sink::Fate, symbol_count};

/// Less than this behind the schedule is on time.
const ON_TIME: Duration = Duration::from_millis(100);
/// Time between two updates of the bar.
const REDRAW: Duration = Duration::from_millis(100);

/// What the end of the run is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Total {
    /// Bytes of the input files.
    Bytes(u64),
    /// Records.
    Records(u64),
    /// There is no end.
    Unknown,
}

/// How far a run is at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ReplayMoment {
    /// Records that were handed to the Kafka client, or printed.
    pub(crate) sent: u64,
    pub(crate) fate: Fate,
    /// Bad rows.
    pub(crate) skipped: u64,
    /// When the last record that was sent happened, in milliseconds since 1970-01-01 UTC, if it
    /// says so.
    pub(crate) event_time: Option<i64>,
    /// How far the records are behind their schedule; `None` if they have none.
    pub(crate) behind: Option<Duration>,
    /// How many symbols the records have, as [`symbol_count`] counts them.
    pub(crate) symbols: u64,
}

/// The line where stderr is no terminal. Its fields are documented in the README.
#[derive(Debug, Serialize)]
struct ProgressLine {
    sent: u64,
    acknowledged: u64,
    failed: u64,
    skipped: u64,
    records_per_second: f64,
    event_time: Option<String>,
    behind_seconds: f64,
    symbols: u64,
    percent: Option<u64>,
}

/// The bar or the lines.
pub(crate) struct ReplayProgress {
    bar: Option<ProgressBar>,
    total: Total,
    started: Instant,
    interval: Duration,
    next: Instant,
    /// Bytes read of the inputs.
    bytes: Arc<AtomicU64>,
}

impl ReplayProgress {
    /// `line_interval` is the time between two lines where stderr is not a terminal; `bytes` counts
    /// what is read of the inputs.
    pub(crate) fn start(
        total: Total,
        line_interval: Duration,
        bytes: Arc<AtomicU64>,
    ) -> ReplayProgress {
        let bar = std::io::stderr().is_terminal().then(|| bar(total));
        if let Some(bar) = &bar {
            keep_below_log(bar);
        }
        let interval = if bar.is_some() { REDRAW } else { line_interval };
        let started = Instant::now();
        let next = started + interval;
        ReplayProgress {
            bar,
            total,
            started,
            interval,
            next,
            bytes,
        }
    }

    /// Whether it is time to show how far the run is; if so, the next time is an interval away.
    pub(crate) fn is_due(&mut self) -> bool {
        let now = Instant::now();
        if now < self.next {
            return false;
        }
        self.next = now + self.interval;
        true
    }

    /// Shows how far the run is.
    pub(crate) fn show(&self, moment: &ReplayMoment) {
        let seconds = self.started.elapsed().as_secs_f64();
        let (done, all) = match self.total {
            Total::Bytes(all) => (self.bytes.load(Ordering::Relaxed), Some(all)),
            Total::Records(all) => (moment.sent, Some(all)),
            Total::Unknown => (moment.sent, None),
        };
        match &self.bar {
            Some(bar) => {
                bar.set_position(done);
                bar.set_message(moment.message(seconds));
            }
            // As quiet as the log: without one, nobody has asked for lines.
            None if tracing::enabled!(tracing::Level::INFO) => {
                let percent = all.map(|all| done.min(all) * 100 / all.max(1));
                // Numbers and a text can be written.
                let line = serde_json::to_string(&moment.line(seconds, percent));
                // In one piece: another process may write here, too. Nobody may read it; the
                // summary comes in any case.
                let line = line.unwrap_or_default() + "\n";
                std::io::stderr().write_all(line.as_bytes()).ok();
            }
            None => {}
        }
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl ReplayMoment {
    /// What stands below the bar, the most important first: a narrow terminal shows no more. So
    /// many seconds after the start.
    fn message(&self, seconds: f64) -> String {
        let mut parts = vec![
            format!("{} acknowledged", self.fate.acknowledged),
            format!("{:.0}/s", self.rate(seconds)),
        ];
        parts.extend(match self.behind {
            None => None,
            Some(behind) if behind < ON_TIME => Some("on time".to_owned()),
            Some(behind) => Some(format!("{:.1} s behind", behind.as_secs_f64())),
        });
        parts.push(match (self.fate.failed, self.skipped) {
            (0, 0) => "no errors".to_owned(),
            (0, skipped) => format!("{skipped} skipped"),
            (failed, 0) => format!("{failed} failed"),
            (failed, skipped) => format!("{failed} failed, {skipped} skipped"),
        });
        parts.extend(self.happened().map(|time| {
            let form = match time.time() == NaiveTime::MIN {
                true => "%Y-%m-%d",
                false => "%Y-%m-%d %H:%M",
            };
            time.format(form).to_string()
        }));
        parts.push(match self.symbols {
            1 => "1 symbol".to_owned(),
            symbols => format!("{} symbols", symbol_count::shown(symbols)),
        });
        parts.join(", ")
    }

    fn line(&self, seconds: f64, percent: Option<u64>) -> ProgressLine {
        let event_time = self.happened();
        ProgressLine {
            sent: self.sent,
            acknowledged: self.fate.acknowledged,
            failed: self.fate.failed,
            skipped: self.skipped,
            records_per_second: (self.rate(seconds) * 10.0).round() / 10.0,
            event_time: event_time.map(|time| time.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
            behind_seconds: self.behind.unwrap_or_default().as_millis() as f64 / 1000.0,
            symbols: self.symbols,
            percent,
        }
    }

    /// Acknowledged records a second.
    fn rate(&self, seconds: f64) -> f64 {
        self.fate.acknowledged as f64 / seconds.max(0.001)
    }

    fn happened(&self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp_millis(self.event_time?)
    }
}

/// Two lines, which fit into 80 columns.
fn bar(total: Total) -> ProgressBar {
    let (bar, template) = match total {
        Total::Bytes(all) | Total::Records(all) => (
            ProgressBar::new(all),
            "{wide_bar} {percent} %, {eta} left\n{wide_msg}",
        ),
        Total::Unknown => (
            ProgressBar::new_spinner(),
            "{spinner} {elapsed}\n{wide_msg}",
        ),
    };
    // The template is ours: it parses.
    bar.with_style(
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment() -> ReplayMoment {
        ReplayMoment {
            sent: 120,
            fate: Fate {
                acknowledged: 100,
                failed: 0,
            },
            skipped: 0,
            event_time: Some(981_158_400_000),
            behind: None,
            symbols: 13,
        }
    }

    #[test]
    fn people_read_what_matters_to_them() {
        assert_eq!(
            moment().message(4.0),
            "100 acknowledged, 25/s, no errors, 2001-02-03, 13 symbols"
        );
        let late = ReplayMoment {
            fate: Fate {
                acknowledged: 100,
                failed: 2,
            },
            skipped: 3,
            event_time: Some(981_158_400_000 + 34_200_500),
            behind: Some(Duration::from_millis(1250)),
            symbols: 10_000,
            ..moment()
        };
        assert_eq!(
            late.message(4.0),
            "100 acknowledged, 25/s, 1.2 s behind, 2 failed, 3 skipped, 2001-02-03 09:30, \
             10000+ symbols"
        );
        let timeless = ReplayMoment {
            event_time: None,
            behind: Some(Duration::from_millis(99)),
            symbols: 1,
            ..moment()
        };
        assert_eq!(
            timeless.message(0.0),
            "100 acknowledged, 100000/s, on time, no errors, 1 symbol"
        );
    }

    #[test]
    fn programs_read_json() {
        let json = |moment: ReplayMoment, percent| {
            serde_json::to_string(&moment.line(3.0, percent)).unwrap()
        };
        assert_eq!(
            json(moment(), Some(42)),
            r#"{"sent":120,"acknowledged":100,"failed":0,"skipped":0,"records_per_second":33.3,"event_time":"2001-02-03T00:00:00Z","behind_seconds":0.0,"symbols":13,"percent":42}"#
        );
        let late = ReplayMoment {
            event_time: None,
            behind: Some(Duration::from_millis(1250)),
            ..moment()
        };
        let line: serde_json::Value = serde_json::from_str(&json(late, None)).unwrap();
        assert_eq!(
            (
                &line["event_time"],
                &line["percent"],
                &line["behind_seconds"]
            ),
            (
                &serde_json::Value::Null,
                &serde_json::Value::Null,
                &1.25.into()
            )
        );
    }
}
