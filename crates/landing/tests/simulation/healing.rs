//! The end of a schedule: faults stop, one fresh worker of each deployment finishes everything, and
//! the judge takes its last look.
//!
//! Not here: what must hold (`judge`). Healing ends within a bounded number of rounds; otherwise
//! the schedule is stuck, which is a failure.

use std::time::Duration;

use crate::{
    faults::Fault,
    worker::Worker,
    world::{Late, Verdict, World},
};

/// Rounds until everything must be done; a round lets each task go on once.
const ROUNDS: usize = 600;

impl World {
    /// Heals the world and judges it.
    pub(crate) fn heal(&mut self) -> Verdict {
        self.note(|| "healing".into());
        self.faulty = false;
        for w in 0..self.workers.len() {
            self.kill(w);
        }
        let after = self.settle_network()?;
        for log in &mut self.logs {
            log.high = log.end;
        }
        for w in 0..self.plan.deployments {
            for partition in 0..self.plan.partitions {
                self.assign(w, partition)?;
            }
        }
        self.work_until(Self::is_done)?;
        for w in 0..self.plan.deployments {
            self.check_end(w)?;
            self.workers[w].engine.drain(Duration::from_secs(3_600));
            self.pump(w)?;
        }
        self.work_until(|world| world.healers().all(|worker| worker.engine.is_empty()))?;
        for worker in self.healers() {
            if worker.engine.gave_up() {
                return Err("the drain of a healed world gave up".into());
            }
            if worker.engine.buffered_bytes() != 0 || worker.engine.in_flight().0 != 0 {
                return Err("a drained engine still holds something".into());
            }
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
            for w in 0..self.plan.deployments {
                self.let_time_pass(w)?;
                for partition in 0..self.plan.partitions {
                    self.poll(w, partition)?;
                }
                for _ in 0..self.workers[w].tasks.len() {
                    self.advance(w, 0)?;
                }
            }
        }
        Err("stuck: healing does not come to an end".into())
    }

    /// Each partition stands still or has come to the end of its log.
    fn is_done(&self) -> bool {
        self.healers().enumerate().all(|(w, worker)| {
            let done = |partition: usize| {
                let committed = self.group[self.seat(w, partition)].committed.as_ref();
                worker.stopped[partition]
                    || committed.is_some_and(|known| known.next == self.logs[partition].high)
            };
            worker.tasks.is_empty() && (0..self.plan.partitions).all(done)
        })
    }

    /// One worker of each deployment finishes everything.
    fn healers(&self) -> impl Iterator<Item = &Worker> {
        self.workers.iter().take(self.plan.deployments)
    }
}
