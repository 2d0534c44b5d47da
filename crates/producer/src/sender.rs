//! Sends records one after the other, each when it is due, until the limit, a stop request or a
//! failure.
//!
//! Does not read rows. Every wait ends early when a stop is requested or a record has failed.

use std::{
    ops::ControlFlow::{self, Break, Continue},
    path::PathBuf,
    time::{Duration, Instant},
};

use crate::{
    kafka::publisher::{Outgoing, Sent},
    outcome::Failure,
    plan::ReplayPlan,
    progress::ReplayProgress,
    schedule::{Pace, Schedule},
    sink::{Fate, Sink},
    status::Status,
    stop::StopFlag,
};

/// How long to wait for room in a full queue before trying again.
const FULL_QUEUE_PAUSE: Duration = Duration::from_millis(2);
/// The longest single wait until a record is due: the progress is updated in between.
const LONGEST_WAIT: Duration = Duration::from_millis(200);
/// What an input that can wait may send at once after it has waited: the records of this time.
const ARREARS: Duration = Duration::from_secs(1);
/// How many records are sent between two looks at the clock for the progress.
const UPDATE_EVERY: u64 = 64;

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
    /// When each record is due, with a rate.
    pace: Option<Pace>,
    sent: u64,
}

impl<'a> Sender<'a> {
    /// The schedule starts now.
    pub(crate) fn start(
        plan: &'a ReplayPlan,
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
            pace: plan.schedule.map(|schedule| pace(schedule, &plan.inputs)),
            sent: 0,
        }
    }

    pub(crate) fn sent(&self) -> u64 {
        self.sent
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

    /// Waits until the record is due and there is room for it, and sends it.
    pub(crate) fn send(&mut self, record: &Outgoing<'_>) -> Result<Handled, Failure> {
        if let Break(end) = self.wait_for_turn()? {
            return Ok(Handled::Sent(Break(end)));
        }
        loop {
            match self.sink.send(record)? {
                Sent::Yes => return Ok(Handled::Sent(self.count(record))),
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

    /// Waits until the fate of each record is known; an error says what failed. `whole` says
    /// whether all of the input was sent.
    pub(crate) fn finish(&mut self, whole: bool) -> Result<(), Failure> {
        let sent = self.sent;
        let progress = &mut self.progress;
        let delivered = self.sink.finish(|fate| progress.update(sent, fate));
        self.progress.finish();
        if whole {
            self.sink.warn_of_empty_partitions();
        }
        delivered
    }

    fn count(&mut self, record: &Outgoing<'_>) -> Flow {
        self.sent += 1;
        self.status.sent(self.sent, record.bytes());
        if self.sent.is_multiple_of(UPDATE_EVERY) {
            self.progress.update(self.sent, self.sink.fate());
        }
        match self.plan.limit {
            Some(limit) if self.sent >= limit => Break(End::Enough),
            _ => Continue(()),
        }
    }

    fn wait_for_turn(&mut self) -> Result<Flow, Failure> {
        loop {
            let Some(pace) = &mut self.pace else {
                return Ok(Continue(()));
            };
            let left = pace.wait(self.sent, self.started.elapsed());
            if left.is_zero() {
                return Ok(Continue(()));
            }
            if let Break(end) = self.pause(left.min(LONGEST_WAIT))? {
                return Ok(Break(end));
            }
        }
    }

    /// Waits, and shows the progress meanwhile.
    fn pause(&mut self, time: Duration) -> Result<Flow, Failure> {
        self.sink.before_wait()?;
        self.progress.update(self.sent, self.sink.fate());
        self.stop.wait(time);
        Ok(self.check())
    }
}

/// Files are sent on schedule, whatever came between. Stdin and pipes may have nothing to send for
/// hours, and then the arrears are no load that anybody asked for.
fn pace(schedule: Schedule, inputs: &[PathBuf]) -> Pace {
    let is_file = |path: &PathBuf| {
        path.as_os_str() != "-" && std::fs::metadata(path).is_ok_and(|found| found.is_file())
    };
    if inputs.iter().all(is_file) {
        Pace::catching_up(schedule)
    } else {
        Pace::with_arrears(schedule, ARREARS)
    }
}

fn too_large(record: &Outgoing<'_>, setting: &str) -> String {
    let bytes = record.value.len();
    format!(
        "the record has {bytes} bytes, more than {setting} allows with key and headers; -X {setting}=… raises it"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_catch_up_and_inputs_that_can_wait_do_not() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.csv");
        std::fs::write(&file, "a\n").unwrap();
        let schedule = Schedule::new(10.0);
        // An hour behind, record 20 waits only where the arrears are capped.
        let waits = |inputs: &[PathBuf]| {
            let mut pace = pace(schedule, inputs);
            let hour = Duration::from_secs(3600);
            (0..=20).any(|n| !pace.wait(n, hour).is_zero())
        };
        assert!(!waits(std::slice::from_ref(&file)));
        for other in ["-", "/dev/null"] {
            assert!(waits(&[file.clone(), PathBuf::from(other)]), "{other}");
        }
    }
}
