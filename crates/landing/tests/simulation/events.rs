//! What happens by chance in a schedule: workers take steps, the log grows, late messages arrive.
//!
//! Not here: owners that change (`ownership`) and what strikes from outside (`hazards`).
//! Invariant: one call is at most one event, and what it is depends on the seed alone.

use crate::{
    faults::Fault,
    plan::{COMMIT_INTERVAL, DRAIN_DEADLINE, numbered},
    worker::Task,
    world::{Late, Verdict, World},
};

/// Whether anything happened, or what was found wrong.
pub(crate) type Happened = Result<bool, String>;

impl World {
    /// Perhaps an event.
    pub(crate) fn happen(&mut self) -> Verdict {
        let partition = self.rng.usize(0..self.plan.partitions);
        let w = self.rng.usize(0..self.workers.len());
        let happened = match self.rng.u32(0..1_000) {
            0..40 => self.grow(partition),
            40..100 => self.assign_an_orphan(partition, w),
            100..108 => self.rebalance(partition, w),
            108..111 => self.crash(w),
            111..114 => self.terminate(w),
            114..126 => self.tell_zombie(partition, w),
            126..136 => self.end_drain(partition, w),
            136..150 => self.deliver_late(),
            150..165 => self.strike(partition),
            165..250 => self.let_time_pass(w),
            250..500 => self.poll(w, partition),
            _ => self.advance_a_task(w),
        };
        self.events += u32::from(happened?);
        Ok(())
    }

    fn advance_a_task(&mut self, w: usize) -> Happened {
        let tasks = self.workers[w].tasks.len();
        if tasks == 0 {
            return Ok(false);
        }
        let pick = self.rng.usize(0..tasks);
        self.advance(w, pick).map(|()| true)
    }

    /// The task at `index` goes on.
    pub(crate) fn advance(&mut self, w: usize, index: usize) -> Verdict {
        match self.workers[w].tasks.swap_remove(index) {
            Task::Gather(gathering) => self.gather(w, gathering),
            Task::Put(put) => self.attempt(w, put),
            Task::Commit(commit) => self.send_commit(w, &commit),
            Task::Encode(extent) => self.encode(w, extent),
        }
    }

    /// The clock of a worker moves on.
    pub(crate) fn let_time_pass(&mut self, w: usize) -> Happened {
        let worker = &mut self.workers[w];
        worker.now += COMMIT_INTERVAL;
        let tasks = worker.tasks.len();
        worker.engine.handle_timeout(worker.now);
        if !self.faulty || self.rng.u8(0..4) == 0 {
            self.look_at_commits(w);
        }
        self.pump(w)?;
        self.check_reads(w)?;
        self.end_by_itself(w)?;
        Ok(self.workers[w].tasks.len() != tasks)
    }

    /// A worker whose run has come to its end drains, as at SIGTERM.
    fn end_by_itself(&mut self, w: usize) -> Verdict {
        let worker = &self.workers[w];
        if worker.goal.is_none() || worker.ending || !worker.engine.end_reached() {
            return Ok(());
        }
        self.met(Fault::EndReached);
        self.note(|| format!("worker {w} has come to the end"));
        self.check_reached(w)?;
        let worker = &mut self.workers[w];
        worker.ending = true;
        worker.engine.drain(DRAIN_DEADLINE);
        self.pump(w)
    }

    /// Now and then a consumer asks what the group has committed: a late commit may have set it
    /// back.
    fn look_at_commits(&mut self, w: usize) {
        for partition in 0..self.plan.partitions {
            let committed = self.group[self.seat(w, partition)].committed.as_ref();
            let run = self.workers[w].runs[partition].as_ref();
            let known = run.and_then(|run| run.confirmed);
            let Some(committed) = committed else {
                continue;
            };
            if known.is_some_and(|known| committed.next < known) {
                self.faults.count(Fault::CommitFoundSetBack);
            }
            let seen = self.judged(partition, self.seat(w, partition), committed, true);
            let engine = &mut self.workers[w].engine;
            engine.group_committed(numbered(partition), &seen);
        }
    }

    fn grow(&mut self, partition: usize) -> Happened {
        let layout = self.plan.layout.clone();
        for _ in 0..self.rng.usize(1..=4) {
            let hole = if self.rng.u8(0..10) == 0 {
                self.rng.i64(1..=3)
            } else {
                0
            };
            self.logs[partition].append(hole, &layout);
            if hole > 0 {
                self.met(Fault::HoleInOffsets);
            }
        }
        let nothing = match self.rng.u8(0..5) {
            0 => self.rng.i64(1..=4),
            _ => 0,
        };
        let open = self.rng.u8(0..8) == 0;
        if nothing > 0 {
            self.met(Fault::AbortedAtTheEnd);
        }
        let log = &mut self.logs[partition];
        log.end += nothing;
        if open {
            self.faults.count(Fault::OpenTransaction);
        } else {
            log.high = log.end;
        }
        let (high, end) = (log.high, log.end);
        self.note(|| format!("log {partition} is stable to {high}, ends at {end}"));
        Ok(true)
    }

    fn deliver_late(&mut self) -> Happened {
        if self.late.is_empty() {
            return Ok(false);
        }
        let index = self.rng.usize(0..self.late.len());
        match self.late.swap_remove(index) {
            Late::Put(put) => {
                self.note(|| format!("late PUT {}", put.upload.key));
                if self.arrive(&put)? {
                    self.met(Fault::PutAppliedLate);
                }
                Ok(true)
            }
            Late::Commit(commit) => {
                self.met(Fault::CommitAppliedLate);
                self.apply_commit(&commit).map(|()| true)
            }
        }
    }
}
