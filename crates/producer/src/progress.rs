//! Shows how far a run is: a bar on a terminal, else a line in the log once per interval.
//!
//! Counts nothing itself. Invariant: it writes to stderr only, and a call between two updates costs
//! one look at the clock.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::sink::Fate;

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

/// The bar or the log lines.
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
    /// `log_interval` is the time between two lines where stderr is not a terminal; `bytes` counts
    /// what is read of the inputs.
    pub(crate) fn start(
        total: Total,
        log_interval: Duration,
        bytes: Arc<AtomicU64>,
    ) -> ReplayProgress {
        let bar = std::io::stderr().is_terminal().then(|| bar(total));
        let interval = if bar.is_some() { REDRAW } else { log_interval };
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

    /// Shows how far the run is, and how far behind its schedule, if it is time to.
    pub(crate) fn update(&mut self, sent: u64, fate: Fate, behind: Duration) {
        let now = Instant::now();
        if now < self.next {
            return;
        }
        self.next = now + self.interval;
        let Fate {
            acknowledged,
            failed,
        } = fate;
        let rate = acknowledged as f64 / (now - self.started).as_secs_f64().max(0.001);
        let behind = if behind < ON_TIME {
            String::new()
        } else {
            format!(", {:.1} s behind schedule", behind.as_secs_f64())
        };
        let (done, all) = match self.total {
            Total::Bytes(all) => (self.bytes.load(Ordering::Relaxed), Some(all)),
            Total::Records(all) => (sent, Some(all)),
            Total::Unknown => (sent, None),
        };
        match &self.bar {
            Some(bar) => {
                bar.set_position(done);
                bar.set_message(format!(
                    "{acknowledged} records acknowledged, {rate:.0}/s{behind}"
                ));
            }
            None => {
                let percent =
                    all.map(|all| format!(", {} % done", done.min(all) * 100 / all.max(1)));
                tracing::info!(
                    sent,
                    acknowledged,
                    failed,
                    "{rate:.0} records/s{}{behind}",
                    percent.unwrap_or_default()
                );
            }
        }
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar(total: Total) -> ProgressBar {
    let (bar, template) = match total {
        Total::Bytes(all) | Total::Records(all) => (
            ProgressBar::new(all),
            "{wide_bar} {percent} % {msg}, {eta} left",
        ),
        Total::Unknown => (ProgressBar::new_spinner(), "{spinner} {elapsed} {msg}"),
    };
    // The template is ours: it parses.
    bar.with_style(
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
    )
}
