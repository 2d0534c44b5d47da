//! The run itself: rows in, records out, at the wanted rate, until the end, the limit, a stop request or a failure.
//!
//! Does not know how records are sent or rows are cut. Invariant: a row is counted as read only once its fate is in other hands: sent,
//! or taken as a bad row; so that after the last result `read = acknowledged + failed + skipped`.

use std::ops::ControlFlow::{self, Break, Continue};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use schema::RowEncoder;

use crate::bad_rows::BadRows;
use crate::kafka::{Outgoing, Publisher, Sent};
use crate::outcome::{Failure, Summary};
use crate::plan::Plan;
use crate::progress::{Position, Progress, Total};
use crate::sink::{Fate, Sink};
use crate::source::{self, Row, Rows, Table};
use crate::stop::Stop;

/// How long to wait for room in a full queue before trying again.
const FULL: Duration = Duration::from_millis(2);
/// Longest single wait for a record's time: the progress is updated in between.
const WAIT: Duration = Duration::from_millis(200);
/// Rows between two looks at the clock for the progress.
const UPDATE_EVERY: u64 = 64;

/// Why no more rows are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The limit is reached.
    Enough,
    NoReader,
    Interrupted,
    /// A record was not acknowledged; the sink knows more.
    Failed,
}

type Flow = ControlFlow<End>;

struct Replay<'a> {
    plan: &'a Plan,
    stop: &'a Stop,
    sink: Sink,
    bad_rows: BadRows,
    progress: Progress,
    started: Instant,
    /// The record at hand; kept to reuse its memory.
    value: Vec<u8>,
    sent: u64,
    /// Bytes of the inputs that are done.
    bytes: u64,
    /// Bytes of the input at hand.
    position: Arc<AtomicU64>,
}

/// Does what the plan says; blocks until it is done.
///
/// # Errors
/// [`Failure`], with the counts once sending has begun.
pub(crate) fn replay(plan: &Plan, stop: &Stop) -> Result<Summary, Failure> {
    let total = check_inputs(plan, stop)?;
    let bad_rows = BadRows::new(plan.on_bad_row, plan.bad_rows.as_deref())?;
    let Some(sink) = open_sink(plan, stop)? else { return Ok(nothing_done(plan)) };
    let progress = Progress::start(total, plan.progress_interval);
    let started = Instant::now();
    let mut replay = Replay { plan, stop, sink, bad_rows, progress, started, value: Vec::with_capacity(1024), sent: 0, bytes: 0, position: Arc::default() };
    let end = replay.passes();
    replay.close(end)
}

/// Opens every file once and reads its header, so that a mistake in the last one is found before the first is sent.
fn check_inputs(plan: &Plan, stop: &Stop) -> Result<Total, Failure> {
    let mut bytes = Some(0);
    for path in &plan.inputs {
        let size = source::check(path)?;
        if size.is_some() {
            Rows::open(path, &plan.table, stop)?;
        }
        bytes = bytes.zip(size).map(|(sum, size)| sum + size);
    }
    Ok(match (plan.limit, bytes) {
        (Some(limit), _) => Total::Records(limit),
        (None, Some(bytes)) if !plan.repeat => Total::Bytes(bytes),
        _ => Total::Unknown,
    })
}

fn open_sink(plan: &Plan, stop: &Stop) -> Result<Option<Sink>, Failure> {
    if plan.dry_run {
        return Ok(Some(Sink::print()));
    }
    Ok(Publisher::connect(&plan.target, stop)?.map(|publisher| Sink::Kafka(Box::new(publisher))))
}

impl Replay<'_> {
    fn passes(&mut self) -> Result<Option<End>, Failure> {
        loop {
            let before = self.sent;
            for path in &self.plan.inputs {
                if let Break(end) = self.input(path)? {
                    return Ok(Some(end));
                }
            }
            if !self.plan.repeat {
                return Ok(None);
            }
            if self.sent == before {
                tracing::warn!("--loop ends: the input has no record");
                return Ok(None);
            }
        }
    }

    fn input(&mut self, path: &Path) -> Result<Flow, Failure> {
        let (table, mut rows, input) = Rows::open(path, &self.plan.table, self.stop)?;
        tracing::info!("{}", described(&table, self.plan));
        self.position = input.position.clone();
        let encoder = RowEncoder::new(&table.schema);
        let before = self.sent + self.bad_rows.count();
        while let Some(row) = rows.next().map_err(|error| Failure::failed(format!("cannot read {}: {error}", table.name)))? {
            if let Break(end) = self.check() {
                return Ok(Break(end));
            }
            let bad = match row {
                Err(bad) => bad,
                Ok(row) => match self.row(&table, &encoder, row)? {
                    Handled::Sent(Break(end)) => return Ok(Break(end)),
                    Handled::Sent(Continue(())) => continue,
                    Handled::Bad(reason) => {
                        let (line, raw) = (row.record.line, row.record.raw.to_vec());
                        rows.reject(line, &raw, reason)
                    }
                },
            };
            self.bad_rows.take(&table, &bad)?;
        }
        if self.sent + self.bad_rows.count() == before && !self.stop.requested() {
            tracing::warn!("{} has a header but no rows", table.name);
        }
        self.bytes += self.position.swap(0, Ordering::Relaxed);
        Ok(self.check())
    }

    /// Makes a record of the row and sends it.
    fn row(&mut self, table: &Table, encoder: &RowEncoder, row: Row<'_>) -> Result<Handled, Failure> {
        let mut value = std::mem::take(&mut self.value);
        value.clear();
        let handled = match encoder.append_row(row.record.fields(), &mut value) {
            Ok(()) => self.send(&outgoing(table, row, &value)),
            Err(error) => Ok(Handled::Bad(error.to_string())),
        };
        self.value = value;
        handled
    }

    fn send(&mut self, record: &Outgoing<'_>) -> Result<Handled, Failure> {
        if let Break(end) = self.wait_for_turn()? {
            return Ok(Handled::Sent(Break(end)));
        }
        loop {
            match self.sink.send(record)? {
                Sent::Yes => break,
                Sent::NoReader => return Ok(Handled::Sent(Break(End::NoReader))),
                Sent::TooLarge => {
                    let reason = format!("the record has {} bytes, more than message.max.bytes allows", record.value.len());
                    return Ok(Handled::Bad(reason));
                }
                Sent::NoRoom => {
                    if let Break(end) = self.pause(FULL)? {
                        return Ok(Handled::Sent(Break(end)));
                    }
                }
            }
        }
        self.sent += 1;
        if self.sent.is_multiple_of(UPDATE_EVERY) {
            self.progress.update(position(self.bytes + self.position.load(Ordering::Relaxed), self.sent, self.sink.fate()));
        }
        let is_last = self.plan.limit.is_some_and(|limit| self.sent >= limit);
        Ok(Handled::Sent(if is_last { Break(End::Enough) } else { Continue(()) }))
    }

    fn wait_for_turn(&mut self) -> Result<Flow, Failure> {
        let Some(schedule) = self.plan.schedule else { return Ok(Continue(())) };
        loop {
            let left = schedule.due(self.sent).saturating_sub(self.started.elapsed());
            if left.is_zero() {
                return Ok(Continue(()));
            }
            if let Break(end) = self.pause(left.min(WAIT))? {
                return Ok(Break(end));
            }
        }
    }

    /// Waits, seen to be alive, and ready to stop.
    fn pause(&mut self, time: Duration) -> Result<Flow, Failure> {
        self.sink.before_wait()?;
        self.progress.update(position(self.bytes + self.position.load(Ordering::Relaxed), self.sent, self.sink.fate()));
        self.stop.wait(time);
        Ok(self.check())
    }

    /// Whether the run has to end between two rows. A failed record requests a stop as well, so it is asked first.
    fn check(&self) -> Flow {
        if self.sink.has_failed() {
            Break(End::Failed)
        } else if self.stop.requested() {
            Break(End::Interrupted)
        } else {
            Continue(())
        }
    }

    /// Waits for the last results and adds up.
    fn close(mut self, end: Result<Option<End>, Failure>) -> Result<Summary, Failure> {
        let is_interrupted = matches!(end, Ok(Some(End::Interrupted)));
        if is_interrupted {
            tracing::info!("stopping: waiting for what was sent to be acknowledged; a second Ctrl-C leaves at once");
        }
        let (sent, bytes) = (self.sent, self.bytes + self.position.load(Ordering::Relaxed));
        let delivered = self.sink.finish(|fate| self.progress.update(position(bytes, sent, fate)));
        self.progress.finish();
        let kept = self.bad_rows.flush();
        let summary = self.summary(is_interrupted);
        let result = match (end.map(|_| ()), delivered.and(kept)) {
            (Err(first), Err(second)) => {
                tracing::error!("{second}");
                Err(first)
            }
            (first, second) => first.and(second),
        };
        match result {
            Ok(()) if summary.is_complete() => Ok(summary),
            Ok(()) => Err(Failure::failed("not every record was acknowledged").with(summary)),
            Err(failure) => Err(failure.with(summary)),
        }
    }

    fn summary(&self, interrupted: bool) -> Summary {
        let (elapsed, acknowledged) = (self.started.elapsed(), self.sink.fate().acknowledged);
        Summary {
            topic: self.plan.target.topic.clone(),
            read: self.sent + self.bad_rows.count(),
            sent: self.sent,
            acknowledged,
            failed: self.sent - acknowledged.min(self.sent),
            skipped: self.bad_rows.count(),
            partitions: self.sink.per_partition(),
            interrupted,
            elapsed,
            records_per_second: acknowledged as f64 / elapsed.as_secs_f64().max(1e-6),
        }
    }
}

/// What became of a row.
enum Handled {
    /// Sent, unless the run ends before it.
    Sent(Flow),
    /// It is no record, for this reason.
    Bad(String),
}

fn outgoing<'a>(table: &'a Table, row: Row<'a>, value: &'a [u8]) -> Outgoing<'a> {
    let cell = |at: Option<usize>| at.and_then(|at| row.record.field(at)).filter(|cell| !cell.trim_ascii().is_empty());
    Outgoing { key: cell(table.key), value, source: &table.short_name, row: row.number, event_time: cell(table.date) }
}

fn position(bytes: u64, sent: u64, fate: Fate) -> Position {
    Position { bytes, sent, acknowledged: fate.acknowledged, failed: fate.failed }
}

fn described(table: &Table, plan: &Plan) -> String {
    let key = table.key.map_or("no key".to_owned(), |at| format!("key {}", table.schema.columns()[at].header));
    match plan.dry_run {
        true => format!("printing {} ({key})", table.name),
        false => format!("sending {} to topic {} at {} ({key})", table.name, plan.target.topic, plan.target.servers),
    }
}

/// The summary of a run that was stopped before it began to send.
fn nothing_done(plan: &Plan) -> Summary {
    Summary {
        topic: plan.target.topic.clone(),
        read: 0,
        sent: 0,
        acknowledged: 0,
        failed: 0,
        skipped: 0,
        partitions: Vec::new(),
        interrupted: true,
        elapsed: Duration::ZERO,
        records_per_second: 0.0,
    }
}
