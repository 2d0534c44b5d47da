//! Sends records one after the other, each when it is due, until the limit, a stop request or a
//! failure.
//!
//! Does not read rows. Every wait ends early when a stop is requested or a record has failed.

use std::{
    ops::ControlFlow::{self, Break, Continue},
    time::{Duration, Instant},
};

use schema::TimeFormat;

use crate::{
    kafka::publisher::{Outgoing, Sent},
    outcome::Failure,
    pace::{Pace, TimeStep},
    plan::ReplayPlan,
    progress::{ReplayMoment, ReplayProgress},
    sink::{Fate, Sink},
    status::Status,
    stop::StopFlag,
    symbol_count::SymbolCount,
};

/// How long to wait for room in a full queue before trying again.
const FULL_QUEUE_PAUSE: Duration = Duration::from_millis(2);
/// The longest single wait until a record is due: the progress is updated in between.
const LONGEST_WAIT: Duration = Duration::from_millis(200);
/// What a source that can wait may send at once after it has waited: the records of this time. The
/// arrears of hours are no load that anybody asked for; files are sent on schedule, whatever came
/// between.
const ARREARS: Duration = Duration::from_secs(1);
/// How many records are sent between two looks at the clock for the progress.
const UPDATE_EVERY: u64 = 64;

/// When a record happened, as far as its source knows.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RecordTime<'a> {
    /// In milliseconds since 1970-01-01 UTC.
    pub(crate) millis: Option<i64>,
    /// The text that says it, for those who read `millis` but have none.
    pub(crate) text: Option<&'a [u8]>,
}

/// When the last of the records that say it happened. A text is not read before somebody asks.
#[derive(Debug, Default)]
struct LastTime {
    millis: Option<i64>,
    /// Its memory is used again.
    text: Vec<u8>,
}

/// Why no more records are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The limit is reached.
    Enough,
    /// Nobody reads what a dry run prints any more.
    NoReader,
    /// A stop was requested.
    Interrupted,
    /// A record was not acknowledged; the sink knows why.
    Failed,
}

/// Go on, or end.
pub(crate) type Flow = ControlFlow<End>;

/// What became of a record.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Handled {
    /// It was sent, or the run ended before it could be.
    Sent(Flow),
    /// It cannot be sent, for this reason.
    Bad(String),
}

/// Sends records to the sink, and counts them.
pub(crate) struct Sender<'a> {
    plan: &'a ReplayPlan,
    stop: &'a StopFlag,
    status: &'a Status,
    sink: Sink,
    progress: ReplayProgress,
    started: Instant,
    /// When each record is due.
    pace: Pace,
    /// When the first record came to its turn.
    schedule_started: Option<Instant>,
    /// Whether the source may have nothing to give for hours.
    can_wait: bool,
    /// Records from before the record before them.
    back: u64,
    sent: u64,
    symbols: SymbolCount,
    last_time: LastTime,
}

impl<'a> Sender<'a> {
    /// `can_wait` says whether the source may have nothing to give for hours.
    pub(crate) fn start(
        plan: &'a ReplayPlan,
        can_wait: bool,
        stop: &'a StopFlag,
        status: &'a Status,
        sink: Sink,
        progress: ReplayProgress,
    ) -> Self {
        Self {
            plan,
            stop,
            status,
            sink,
            progress,
            started: Instant::now(),
            pace: Pace::new(&plan.pacing, can_wait.then_some(ARREARS)),
            schedule_started: None,
            can_wait,
            back: 0,
            sent: 0,
            symbols: SymbolCount::default(),
            last_time: LastTime::default(),
        }
    }

    pub(crate) fn sent(&self) -> u64 {
        self.sent
    }

    /// How many symbols the records have, as [`SymbolCount`] counts them.
    pub(crate) fn symbols(&self) -> u64 {
        self.symbols.count()
    }

    /// Whether [`send`](Self::send) wants the text that says when the next record happened, if that
    /// is all there is. It is for people only, so a run without a schedule does without most of
    /// them.
    pub(crate) fn wants_time_text(&self) -> bool {
        let is_quick = self.pace.is_free() && !self.can_wait && self.sent >= UPDATE_EVERY;
        !is_quick || (self.sent + 1).is_multiple_of(UPDATE_EVERY)
    }

    /// To be called before another pass over the same rows.
    pub(crate) fn begin_pass(&mut self) {
        self.pace.begin_pass();
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    pub(crate) fn fate(&self) -> Fate {
        self.sink.fate()
    }

    pub(crate) fn per_partition(&self) -> Vec<u64> {
        self.sink.per_partition()
    }

    /// Waits until the record, which happened at `time`, is due and there is room for it, and sends
    /// it.
    pub(crate) fn send(
        &mut self,
        record: &Outgoing<'_>,
        time: RecordTime<'_>,
    ) -> Result<Handled, Failure> {
        if !self.pace.is_free()
            && let Break(end) = self.wait_for_turn(time.millis)?
        {
            return Ok(Handled::Sent(Break(end)));
        }
        loop {
            match self.sink.send(record)? {
                Sent::Yes => return Ok(Handled::Sent(self.count(record, time))),
                Sent::NoReader => return Ok(Handled::Sent(Break(End::NoReader))),
                Sent::TooLarge => return Ok(Handled::Bad(too_large(record, "message.max.bytes"))),
                Sent::LargerThanQueue => {
                    return Ok(Handled::Bad(too_large(
                        record,
                        "queue.buffering.max.kbytes",
                    )));
                }
                Sent::NoRoom => {}
            }
            if let Break(end) = self.pause(FULL_QUEUE_PAUSE)? {
                return Ok(Handled::Sent(Break(end)));
            }
        }
    }

    /// Whether the run has to end before the next record. A failed record requests a stop too, so
    /// looking at the stop flag first keeps this off the counters that the client's thread writes
    /// at each acknowledgement.
    pub(crate) fn check(&self) -> Flow {
        if !self.stop.requested() {
            Continue(())
        } else if self.sink.has_failed() {
            Break(End::Failed)
        } else {
            Break(End::Interrupted)
        }
    }

    /// Waits until this moment, or less if the run has to end.
    pub(crate) fn idle(&mut self, until: Instant) -> Result<Flow, Failure> {
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if let Break(end) = self.pause(left.min(LONGEST_WAIT))? {
                return Ok(Break(end));
            }
            if left <= LONGEST_WAIT {
                return Ok(Continue(()));
            }
        }
    }

    /// Waits until the fate of each record is known; an error says what failed. `whole` says
    /// whether all of the input was sent.
    pub(crate) fn finish(&mut self, whole: bool) -> Result<(), Failure> {
        // Nothing more is due.
        self.status.behind(Duration::ZERO);
        let moment = self.moment();
        let progress = &mut self.progress;
        let delivered = self.sink.finish(|fate| {
            if progress.is_due() {
                progress.show(&ReplayMoment { fate, ..moment });
            }
        });
        self.progress.finish();
        if self.back > 1 {
            tracing::warn!(
                "{} records happened before the record before them",
                self.back
            );
        }
        if whole {
            self.sink.warn_of_empty_partitions();
        }
        delivered
    }

    fn count(&mut self, record: &Outgoing<'_>, time: RecordTime<'_>) -> Flow {
        self.sent += 1;
        self.status.sent(self.sent, record.bytes());
        self.symbols.take(record.key);
        self.last_time.set(time);
        if self.sent.is_multiple_of(UPDATE_EVERY) {
            self.show_progress();
        }
        match self.plan.limit {
            Some(limit) if self.sent >= limit => Break(End::Enough),
            _ => Continue(()),
        }
    }

    fn wait_for_turn(&mut self, time: Option<i64>) -> Result<Flow, Failure> {
        let started = *self.schedule_started.get_or_insert_with(Instant::now);
        if self.pace.next(self.sent, time) == TimeStep::Back {
            self.step_back();
        }
        loop {
            let elapsed = started.elapsed();
            let left = self.pace.wait(elapsed);
            if left.is_zero() {
                self.status.behind(self.pace.behind(elapsed));
                return Ok(Continue(()));
            }
            self.status.behind(Duration::ZERO);
            if let Break(end) = self.pause(left.min(LONGEST_WAIT))? {
                return Ok(Break(end));
            }
        }
    }

    fn step_back(&mut self) {
        self.back += 1;
        self.status.back(self.back);
        if self.back == 1 {
            tracing::warn!(
                "record {} happened before the record before it: it is sent at once, and the next \
                 ones keep their distance from it; --order time sends the rows in the order of \
                 their times",
                self.sent + 1
            );
        }
    }

    /// Waits, and shows the progress meanwhile.
    fn pause(&mut self, time: Duration) -> Result<Flow, Failure> {
        self.sink.before_wait()?;
        self.show_progress();
        self.stop.wait(time);
        Ok(self.check())
    }

    fn show_progress(&mut self) {
        if self.progress.is_due() {
            self.progress.show(&self.moment());
        }
    }

    fn moment(&self) -> ReplayMoment {
        ReplayMoment {
            sent: self.sent,
            fate: self.sink.fate(),
            skipped: self.status.rows_skipped(),
            event_time: self.last_time.read(&self.plan.time_format),
            behind: (!self.pace.is_free()).then(|| self.status.behind_by()),
            symbols: self.symbols.count(),
        }
    }
}

impl LastTime {
    fn set(&mut self, time: RecordTime<'_>) {
        if time.millis.is_some() {
            self.millis = time.millis;
        } else if let Some(text) = time.text {
            self.millis = None;
            self.text.clear();
            self.text.extend_from_slice(text);
        }
    }

    /// The time in milliseconds since 1970-01-01 UTC; `None` if there is none in this form.
    fn read(&self, format: &TimeFormat) -> Option<i64> {
        let text = || format.parse(std::str::from_utf8(&self.text).ok()?);
        self.millis.or_else(text)
    }
}

fn too_large(record: &Outgoing<'_>, setting: &str) -> String {
    let bytes = record.value.len();
    format!(
        "the record has {bytes} bytes, more than {setting} allows with key and headers; -X {setting}=… raises it"
    )
}
