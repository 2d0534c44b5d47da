//! The run itself: takes the records of its source, sends them, puts bad rows aside, and counts.
//!
//! Does not know how records are made or sent. A row counts as read only once it was sent or taken
//! as a bad row, so that after the last delivery result `read = acknowledged + failed + skipped`.

use std::ops::ControlFlow::{Break, Continue};

use crate::{
    args::RecordHeaders,
    bad_rows::BadRows,
    feed::Feed,
    kafka::publisher::{Outgoing, Publisher},
    order::Reordered,
    outcome::{Failure, Summary},
    plan::ReplayPlan,
    progress::{ReplayProgress, Total},
    selection::Selection,
    sender::{End, Flow, Handled, RecordTime, Sender},
    sink::Sink,
    source::{Source, SourcePlan, record::Advance},
    status::Status,
    stop::StopFlag,
};

struct Replay<'a> {
    plan: &'a ReplayPlan,
    feed: Feed,
    sender: Sender<'a>,
    bad_rows: BadRows,
    status: &'a Status,
}

/// Carries out the plan; blocks until the run has ended.
///
/// # Errors
/// [`Failure`], with the counts once sending has begun.
pub(crate) fn replay(
    plan: &ReplayPlan,
    stop: &StopFlag,
    status: &Status,
) -> Result<Summary, Failure> {
    let source = plan.source.expanded()?;
    if let Some(path) = plan
        .bad_rows
        .as_deref()
        .filter(|path| source.has_file(path))
    {
        return Err(Failure::Usage(format!(
            "--bad-rows {} is also an input, and would be overwritten",
            path.display()
        )));
    }
    let bytes = source.check(status.watch())?;
    let mut bad_rows = BadRows::new(plan.on_bad_row, plan.bad_rows.as_deref())?;
    let sink = if plan.dry_run {
        Sink::print()
    } else {
        match Publisher::connect(&plan.target, status.deliveries(), stop)? {
            Some(publisher) => Sink::Kafka(Box::new(publisher)),
            None => return Ok(Summary::stopped_early(&plan.target.topic)),
        }
    };
    bad_rows.begin()?;
    let progress = ReplayProgress::start(
        total(plan, bytes),
        plan.progress_interval,
        status.watch().bytes(),
    );
    let mut replay = Replay {
        plan,
        status,
        feed: feed(&source, plan, status),
        sender: Sender::start(plan, source.can_wait(), stop, status, sink, progress),
        bad_rows,
    };
    let end = replay.passes();
    replay.close(end)
}

fn feed(source: &SourcePlan, plan: &ReplayPlan, status: &Status) -> Feed {
    let source = Source::new(source, status.watch(), plan.announcement());
    let selection = (!plan.wanted.is_everything()).then(|| Selection::new(plan.wanted.clone()));
    let keeps_raw = plan.bad_rows.is_some();
    let order = plan.order.map(|order| Reordered::new(order, keeps_raw));
    Feed::new(source, selection, order)
}

fn total(plan: &ReplayPlan, bytes: Option<u64>) -> Total {
    match (plan.limit, bytes) {
        (Some(limit), _) => Total::Records(limit),
        (None, Some(bytes)) if plan.repeat.is_once() && plan.order.is_none() => Total::Bytes(bytes),
        _ => Total::Unknown,
    }
}

impl Replay<'_> {
    /// Sends everything, again and again with `--loop`. Returns why it stopped early; `None` if the
    /// source was sent to its end.
    fn passes(&mut self) -> Result<Option<End>, Failure> {
        for pass in 1_u64.. {
            let before = self.sender.sent();
            if let Break(end) = self.pass()? {
                return Ok(Some(end));
            }
            if !self.plan.repeat.goes_on_after(pass) {
                return Ok(None);
            }
            if self.sender.sent() == before {
                tracing::warn!("--loop ends: the input has no record");
                return Ok(None);
            }
            self.feed.begin_pass();
            self.sender.begin_pass();
        }
        Ok(None)
    }

    fn pass(&mut self) -> Result<Flow, Failure> {
        loop {
            let step = self.feed.advance();
            if let Some(rows) = self.feed.left_out() {
                self.status.left_out(rows);
            }
            // A stop request may end an input that waits for data in the middle of a row: what came
            // of the step is no concern then.
            if let Break(end) = self.sender.check() {
                return Ok(Break(end));
            }
            let flow = match step? {
                Advance::Record => self.record()?,
                Advance::Bad => self.bad_row()?,
                Advance::Idle(until) => {
                    self.settle();
                    self.sender.idle(until)?
                }
                Advance::End => return Ok(Continue(())),
            };
            if let Break(end) = flow {
                return Ok(Break(end));
            }
        }
    }

    /// Tells the source if everything that it gave is acknowledged, which a dry run is not: a live
    /// feed must give the same bars again.
    fn settle(&mut self) {
        if self.plan.dry_run {
            return;
        }
        let fate = self.sender.fate();
        if fate.failed == 0 && fate.acknowledged == self.sender.sent() {
            self.feed.settled();
        }
    }

    /// Sends the record at hand.
    fn record(&mut self) -> Result<Flow, Failure> {
        let record = self.feed.record();
        let has_headers = self.plan.headers == RecordHeaders::Origin;
        let outgoing = Outgoing {
            key: record.key,
            value: record.value,
            origin: has_headers.then(|| self.feed.origin()),
        };
        let wants_text = record.time.is_none() && self.sender.wants_time_text();
        let time = RecordTime {
            millis: record.time,
            text: wants_text.then(|| self.feed.origin().event_time).flatten(),
        };
        let handled = self.sender.send(&outgoing, time)?;
        match handled {
            Handled::Sent(flow) => Ok(flow),
            Handled::Bad(reason) => {
                self.feed.reject(reason);
                self.bad_row()
            }
        }
    }

    fn bad_row(&mut self) -> Result<Flow, Failure> {
        let taken = self.bad_rows.take(self.feed.input(), self.feed.bad());
        self.status.skipped(self.bad_rows.count());
        taken.map(Continue)
    }

    fn handled(&self) -> u64 {
        self.sender.sent() + self.bad_rows.count()
    }

    /// Waits for the last delivery results and returns the outcome of the run.
    fn close(mut self, end: Result<Option<End>, Failure>) -> Result<Summary, Failure> {
        let interrupted = matches!(end, Ok(Some(End::Interrupted)));
        let delivered = self.sender.finish(matches!(end, Ok(None)));
        self.settle();
        self.feed.finish();
        let kept = self.bad_rows.flush();
        let summary = self.summary(interrupted);
        let result = match (end, delivered.and(kept)) {
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
        let (sent, acknowledged) = (self.sender.sent(), self.sender.fate().acknowledged);
        let elapsed = self.sender.elapsed();
        Summary {
            topic: self.plan.target.topic.clone(),
            read: self.handled(),
            sent,
            acknowledged,
            failed: sent - acknowledged.min(sent),
            skipped: self.bad_rows.count(),
            left_out: self.feed.left_out(),
            symbols: self.sender.symbols(),
            partitions: self.sender.per_partition(),
            interrupted,
            elapsed,
            records_per_second: acknowledged as f64 / elapsed.as_secs_f64().max(1e-6),
        }
    }
}
