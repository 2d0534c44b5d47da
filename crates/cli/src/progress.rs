//! Shows how far a command is: a bar on a terminal, otherwise a line in the log once per interval.
//!
//! It writes only to stderr. A call between two updates costs no more than reading the clock.

use std::{
    borrow::Cow,
    io::IsTerminal,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};

/// Time between two updates of the bar.
const REDRAW: Duration = Duration::from_millis(100);

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
    /// `interval` is the time between two lines where stderr is not a terminal.
    pub fn start(interval: Duration) -> Self {
        let bar = std::io::stderr().is_terminal().then(ProgressBar::no_length);
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

    /// Begins another step; `total` is how many things it will do, if that is known.
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

    /// Counts `done` more things as done.
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
