//! Shows how far a run is: a bar on a terminal, else a line in the log once per interval.
//!
//! Counts nothing itself. Invariant: it writes to stderr only, and a call between two updates costs one look at the clock.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

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

/// Where a run is.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Position {
    pub(crate) bytes: u64,
    pub(crate) sent: u64,
    pub(crate) acknowledged: u64,
    pub(crate) failed: u64,
}

/// The bar or the log lines.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    total: Total,
    started: Instant,
    interval: Duration,
    next: Instant,
}

impl Progress {
    /// `log_interval` is the time between two lines where stderr is not a terminal.
    pub(crate) fn start(total: Total, log_interval: Duration) -> Progress {
        let bar = std::io::stderr().is_terminal().then(|| bar(total));
        let interval = if bar.is_some() { REDRAW } else { log_interval };
        let started = Instant::now();
        Progress { bar, total, started, interval, next: started + interval }
    }

    /// Shows the position, if it is time to.
    pub(crate) fn update(&mut self, position: Position) {
        let now = Instant::now();
        if now < self.next {
            return;
        }
        self.next = now + self.interval;
        let rate = position.acknowledged as f64 / (now - self.started).as_secs_f64().max(0.001);
        let Position { bytes, sent, acknowledged, failed } = position;
        match &self.bar {
            None => tracing::info!(sent, acknowledged, failed, "{rate:.0} records/s{}", self.done(position)),
            Some(bar) => {
                bar.set_position(if matches!(self.total, Total::Bytes(_)) { bytes } else { sent });
                bar.set_message(format!("{acknowledged} records acknowledged, {rate:.0}/s"));
            }
        }
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn done(&self, position: Position) -> String {
        let percent = |done: u64, all: u64| format!(", {} % done", done.min(all) * 100 / all.max(1));
        match self.total {
            Total::Bytes(all) => percent(position.bytes, all),
            Total::Records(all) => percent(position.sent, all),
            Total::Unknown => String::new(),
        }
    }
}

fn bar(total: Total) -> ProgressBar {
    let (bar, template) = match total {
        Total::Bytes(all) | Total::Records(all) => (ProgressBar::new(all), "{wide_bar} {percent} % {msg}, {eta} left"),
        Total::Unknown => (ProgressBar::new_spinner(), "{spinner} {elapsed} {msg}"),
    };
    // The template is ours: it parses.
    bar.with_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()))
}
