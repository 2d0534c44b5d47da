//! The end of a schedule: faults stop, one fresh worker finishes everything, and the judge takes its last look.
//!
//! Not here: what must hold (`judge`).
//! Invariant: healing ends within a bounded number of rounds, or the schedule is stuck, which is a failure.

use crate::{
    faults::Fault,
    world::{Late, Verdict, World},
};

/// Rounds until everything must be done; a round lets each task go on once.
const ROUNDS: usize = 600;

impl World {
    /// Heals the world and judges it.
    pub(crate) fn heal(&mut self) -> Verdict {
        self.note(|| "healing".into());
        for w in 0..self.workers.len() {
            self.kill(w);
        }
        self.faulty = false;
        let after = self.settle_network()?;
        for log in &mut self.logs {
            log.high = log.end;
        }
        for partition in 0..self.plan.partitions {
            self.assign(0, partition)?;
        }
        self.work_until(Self::is_done)?;
        self.check_end(0)?;
        self.workers[0].engine.drain();
        self.pump(0)?;
        self.work_until(|world| world.workers[0].engine.is_empty())?;
        let engine = &self.workers[0].engine;
        if engine.buffered_bytes() != 0 || engine.in_flight().0 != 0 {
            return Err("a drained engine still holds something".into());
        }
        for late in after {
            self.arrive_late(late)?;
        }
        Ok(())
    }

    /// Late messages arrive, all but some that arrive after the end.
    fn settle_network(&mut self) -> Result<Vec<Late>, String> {
        let mut after = Vec::new();
        for late in std::mem::take(&mut self.late) {
            if matches!(late, Late::Put(_)) && self.rng.u8(0..2) == 0 {
                after.push(late);
            } else {
                self.arrive_late(late)?;
            }
        }
        Ok(after)
    }

    fn arrive_late(&mut self, late: Late) -> Verdict {
        match late {
            Late::Commit(commit) => self.apply_commit(&commit),
            Late::Put(put) => {
                self.met(Fault::PutAppliedAfterTheEnd);
                self.arrive(&put).map(|_| ())
            }
        }
    }

    fn work_until(&mut self, done: impl Fn(&Self) -> bool) -> Verdict {
        for _ in 0..ROUNDS {
            if done(self) {
                return Ok(());
            }
            self.let_time_pass(0)?;
            for partition in 0..self.plan.partitions {
                self.poll(0, partition)?;
            }
            for _ in 0..self.workers[0].tasks.len() {
                self.advance(0, 0)?;
            }
        }
        Err("stuck: healing does not come to an end".into())
    }

    /// Each partition stands still or has come to the end of its log.
    fn is_done(&self) -> bool {
        let worker = &self.workers[0];
        worker.tasks.is_empty()
            && (0..self.plan.partitions).all(|partition| {
                let committed = self.group[partition].committed.as_ref();
                worker.stopped[partition]
                    || committed.is_some_and(|known| known.next == self.logs[partition].high)
            })
    }
}
