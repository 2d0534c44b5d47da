//! The thread that polls Kafka: its commands in order, then the next records of one partition.
//!
//! Not here: what becomes of the records (the engine). A partition is read from its position on, in
//! order, without leaving out a visible record; a position that is no longer in the log is reported
//! and never moved.

use landing::{Offset, Record, arena::RecordArena};

use crate::{
    faults::Fault,
    log::View,
    mistake::Mistake,
    plan::{BATCH, numbered},
    worker::{Command, Run, Worker},
    world::{Verdict, World},
};

impl World {
    /// One poll of a worker. Returns whether there was anything to do.
    pub(crate) fn poll(&mut self, w: usize, partition: usize) -> Result<bool, String> {
        let commands = self.obey(w);
        if commands {
            self.pump(w)?;
        }
        let Some(run) = &self.workers[w].runs[partition] else {
            return Ok(commands);
        };
        if !run.reading {
            return Ok(commands);
        }
        let log = &self.logs[partition];
        if run.lost || run.position < log.low || run.position > log.high {
            self.report_lost(w, partition)?;
            return Ok(true);
        }
        if run.paused {
            return Ok(commands);
        }
        self.deliver(w, partition).map(|some| some || commands)
    }

    /// Does the commands that wait in the mailbox.
    fn obey(&mut self, w: usize) -> bool {
        let any = !self.workers[w].mailbox.is_empty();
        while let Some(command) = self.workers[w].mailbox.pop_front() {
            if let Command::Start { partition, .. } = command {
                self.deliver_stale(w, partition);
            }
            let worker = &mut self.workers[w];
            match command {
                Command::Start {
                    partition,
                    generation,
                    paused,
                } => {
                    if let Some(run) = &mut worker.runs[partition] {
                        run.reading = true;
                        run.paused = paused;
                        worker.engine.started(numbered(partition), generation);
                    }
                }
                Command::Pause | Command::Resume => {
                    let started = |run: &&mut Run| run.reading;
                    for run in worker.runs.iter_mut().flatten().filter(started) {
                        run.paused = command == Command::Pause;
                    }
                }
            }
        }
        any
    }

    /// What the client had fetched from an earlier position may still be on its way when a start is
    /// asked for.
    fn deliver_stale(&mut self, w: usize, partition: usize) {
        if !self.unlucky(30) {
            return;
        }
        let log = &self.logs[partition];
        let from = self.rng.i64(log.low..=log.high);
        let engine = &mut self.workers[w].engine;
        if let Some(kept) = log.visible_from(from).next() {
            engine.records(packed(&[kept.record.shown()], true));
            self.faults.count(Fault::DeliveredStale);
        }
        engine.end_of_partition(numbered(partition), Offset(log.high));
    }

    fn report_lost(&mut self, w: usize, partition: usize) -> Verdict {
        self.met(Fault::PositionLostWhileRunning);
        let log = &self.logs[partition];
        let (low, view) = (log.low, log.view());
        let worker = &mut self.workers[w];
        let Some(run) = &mut worker.runs[partition] else {
            return Ok(());
        };
        if self.mistake == Some(Mistake::LostPositionIgnored) {
            run.view = View {
                fresh: run.view.fresh,
                ..view
            };
            (run.lost, run.position) = (false, low);
            return Ok(());
        }
        (run.reading, run.reported) = (false, true);
        let position = run.position;
        worker.engine.position_lost(numbered(partition));
        self.note(|| format!("worker {w} lost its position {position} in {partition}"));
        self.pump(w)
    }

    fn deliver(&mut self, w: usize, partition: usize) -> Result<bool, String> {
        self.deliver_again(w, partition);
        let most = self.rng.usize(1..=BATCH);
        let tight = self.rng.bool();
        let Some(run) = &self.workers[w].runs[partition] else {
            return Ok(false);
        };
        let from = run.position;
        let end = self.replica_end(partition, from);
        let worker = &mut self.workers[w];
        let visible = self.logs[partition].visible_from(from);
        let mut records = visible.take_while(|kept| kept.offset() < end);
        let mut to = from;
        let claimed_end =
            run_end(worker, partition).filter(|_| self.mistake == Some(Mistake::RestOfAdoptedLost));
        let mut shown = Vec::new();
        for kept in records.by_ref().take(most) {
            if claimed_end != Some(kept.offset()) {
                shown.push(kept.record.shown());
            }
            to = kept.offset() + 1;
        }
        worker.engine.records(packed(&shown, tight));
        let at_end = records.next().is_none() && (to < end || !self.faulty);
        drop(records);
        if at_end {
            to = self.report_end(w, partition, to, end);
        }
        if let Some(run) = &mut self.workers[w].runs[partition] {
            run.position = to;
        }
        if to > from {
            self.note(|| format!("worker {w} reads {partition} from {from} to {to}"));
        }
        self.pump(w)?;
        Ok(to > from)
    }

    /// The end of the log at the replica that serves a reader at `from`: it may lag behind the one
    /// that answers other questions.
    fn replica_end(&mut self, partition: usize, from: i64) -> i64 {
        let high = self.logs[partition].high;
        if from < high && self.unlucky(20) {
            self.rng.i64(from..=high)
        } else {
            high
        }
    }

    /// The reader came to `end`, and the last record that it was shown ends at `shown`. Returns the
    /// end that the reader reached.
    fn report_end(&mut self, w: usize, partition: usize, shown: i64, end: i64) -> i64 {
        let log = &self.logs[partition];
        if log.visible_from(end).next().is_some() {
            self.faults.count(Fault::EndOfALaggingReplica);
        }
        let (mut reached, high) = (end, log.high);
        if shown < end && self.unlucky(10) {
            // The client does not say at which offset it came to the end: the position after the
            // last record is all there is.
            self.met(Fault::EndWithoutItsOffset);
            reached = shown;
        }
        let told = match self.mistake {
            Some(Mistake::EndAskedElsewhere) => high,
            _ => reached,
        };
        let engine = &mut self.workers[w].engine;
        engine.end_of_partition(numbered(partition), Offset(told));
        reached
    }

    /// Now and then a client shows a record again.
    fn deliver_again(&mut self, w: usize, partition: usize) {
        if !self.unlucky(3) {
            return;
        }
        let worker = &mut self.workers[w];
        let position = worker.runs[partition]
            .as_ref()
            .map_or(0, |run| run.position);
        let before = self.logs[partition].visible_from(position - 3).next();
        if let Some(kept) = before.filter(|kept| kept.offset() < position) {
            worker.engine.records(packed(&[kept.record.shown()], true));
            self.faults.count(Fault::DeliveredAgain);
        }
    }
}

/// Records as the thread hands them over: the engine keeps an arena that is packed tight as it is,
/// and copies out of any other.
fn packed(records: &[Record<'_>], tight: bool) -> RecordArena {
    let mut loose = RecordArena::with_capacity(1_000);
    records.iter().for_each(|record| loose.copy(record));
    if !tight {
        return loose;
    }
    let mut arena = loose.another(loose.byte_len(), loose.len());
    records.iter().for_each(|record| arena.copy(record));
    arena
}

/// The end of the last claim of somebody else that this run had to do with.
fn run_end(worker: &Worker, partition: usize) -> Option<i64> {
    worker.runs[partition].as_ref()?.claimed_end
}
