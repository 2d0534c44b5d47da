//! Shows how far a command is: a bar on a terminal, otherwise a line in the log once per interval.
//!
//! It writes to stderr only, and a call between two updates costs only a look at the clock. A line
//! of the log appears above the bar.

use std::{
    borrow::Cow,
    io::IsTerminal,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle, WeakProgressBar};

/// Time between two updates of the bar.
const REDRAW: Duration = Duration::from_millis(100);

/// The bar at the terminal, for as long as its owner keeps it.
static BAR: Mutex<Option<WeakProgressBar>> = Mutex::new(None);

/// From now on, lines of the log appear above this bar, which may have several lines.
pub fn keep_below_log(bar: &ProgressBar) {
    *BAR.lock().unwrap_or_else(PoisonError::into_inner) = Some(bar.downgrade());
}

/// Writes to stderr while no bar is there; a bar is drawn again below.
pub(crate) fn above_bar<T>(write: impl FnOnce() -> T) -> T {
    let bar = BAR.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match bar.and_then(|bar| bar.upgrade()) {
        Some(bar) => bar.suspend(write),
        None => write(),
    }
}

/// The bar or the log lines.
pub struct Progress {
    bar: Option<ProgressBar>,
    interval: Duration,
    next: Instant,
    step: Cow<'static, str>,
    done: u64,
    total: Option<u64>,
}

impl Progress {
    /// Shows nothing yet. `interval` is the time between two log lines if stderr is not a terminal.
    #[must_use]
    pub fn start(interval: Duration) -> Self {
        let bar = std::io::stderr().is_terminal().then(ProgressBar::no_length);
        if let Some(bar) = &bar {
            keep_below_log(bar);
        }
        let interval = if bar.is_some() { REDRAW } else { interval };
        Self {
            bar,
            interval,
            next: Instant::now() + interval,
            step: "".into(),
            done: 0,
            total: None,
        }
    }

    /// Begins another step; `total` is the number of things it will do, if known.
    pub fn step(&mut self, step: impl Into<Cow<'static, str>>, total: Option<u64>) {
        (self.step, self.done, self.total) = (step.into(), 0, total);
        if let Some(bar) = &self.bar {
            let template = match total {
                Some(_) => "{msg} {wide_bar} {human_pos} of {human_len}, {eta} left",
                None => "{spinner} {msg} {human_pos}",
            };
            // The templates are ours: they parse.
            let style = ProgressStyle::with_template(template);
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_length(total.unwrap_or(0));
            bar.set_message(self.step.clone());
            bar.set_position(0);
        }
    }

    /// Counts this many more things as done.
    pub fn add(&mut self, done: u64) {
        self.done += done;
        let now = Instant::now();
        if now < self.next {
            return;
        }
        self.next = now + self.interval;
        match (&self.bar, self.total) {
            (Some(bar), _) => bar.set_position(self.done),
            (None, Some(total)) => tracing::info!("{} {} of {total}", self.step, self.done),
            (None, None) => tracing::info!("{} {}", self.step, self.done),
        }
    }

    /// Removes the bar.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
