//! Owners that change: assignment, revocation with and without a drain, zombies, lost partitions,
//! kill -9.
//!
//! Not here: what the workers make of it (`shell`, and the engine). A zombie is told nothing until
//! it loses the partition; a killed worker leaves nothing but what is on the network.

use crate::{
    events::Happened,
    faults::Fault,
    plan::{DRAIN_DEADLINE, numbered},
    worker::Task,
    world::{Late, World},
};

/// As long as this many events the owners of partitions that nobody anchored yet change often.
const UNSETTLED: u32 = 60;

impl World {
    /// kill -9 of a worker, which starts again.
    pub(crate) fn crash(&mut self, w: usize) -> Happened {
        self.met(Fault::Crash);
        self.kill(w);
        Ok(true)
    }

    /// SIGTERM to a worker, or the end of one that got it: it exits when it is drained, or is
    /// killed at its deadline.
    pub(crate) fn terminate(&mut self, w: usize) -> Happened {
        let worker = &mut self.workers[w];
        if !worker.ending {
            worker.ending = true;
            worker.engine.drain(DRAIN_DEADLINE);
            self.met(Fault::Terminated);
            self.note(|| format!("worker {w} is asked to end"));
            return self.pump(w).map(|()| true);
        }
        let drained = worker.engine.is_empty() && worker.tasks.is_empty();
        if drained && (worker.engine.buffered_bytes(), worker.engine.in_flight().0) != (0, 0) {
            return Err(format!("worker {w} is drained but still holds something"));
        }
        if drained && !worker.engine.gave_up() {
            self.met(Fault::DrainedAndEnded);
        }
        let ends = drained || self.rng.u8(0..4) == 0;
        if ends {
            self.kill(w);
        }
        Ok(ends)
    }

    pub(crate) fn assign_an_orphan(&mut self, partition: usize, w: usize) -> Happened {
        let orphan = (partition..partition + self.plan.partitions)
            .map(|p| p % self.plan.partitions)
            .find(|p| self.group[self.seat(w, *p)].owner.is_none());
        match orphan {
            Some(orphan) => self.assign(w, orphan).map(|()| true),
            None if self.events < UNSETTLED => self.rebalance(partition, w),
            None => Ok(false),
        }
    }

    pub(crate) fn rebalance(&mut self, partition: usize, to: usize) -> Happened {
        let seat = self.seat(to, partition);
        let membership = &self.group[seat];
        let (Some(owner), None) = (membership.owner, membership.moving_to) else {
            return Ok(false);
        };
        match self.rng.u8(0..10) {
            0..4 if self.unlucky(10) => self.revoke_too_late(owner, partition),
            0..4 => {
                self.met(Fault::RevokedAndDrained);
                self.note(|| format!("{partition} is taken back from {owner} for {to}"));
                self.group[seat].moving_to = Some(to);
                if self.workers[owner].is_encoding(partition) {
                    self.met(Fault::RevokedWhileEncoding);
                }
                let worker = &mut self.workers[owner];
                worker.revoking[partition] = Some(worker.engine.revoked(numbered(partition)));
                self.pump(owner).map(|()| true)
            }
            4..8 if to != owner => {
                self.met(Fault::OwnerLivesOnAsZombie);
                self.note(|| format!("{partition} moves to {to}, {owner} does not know"));
                self.assign(to, partition).map(|()| true)
            }
            _ => {
                self.met(Fault::PartitionLost);
                self.group[seat].owner = None;
                self.lose(owner, partition).map(|()| true)
            }
        }
    }

    pub(crate) fn tell_zombie(&mut self, partition: usize, w: usize) -> Happened {
        let zombie = self.workers[w].believes[partition]
            && self.group[self.seat(w, partition)].owner != Some(w);
        if zombie {
            self.lose(w, partition).map(|()| true)
        } else {
            Ok(false)
        }
    }

    pub(crate) fn end_drain(&mut self, partition: usize, w: usize) -> Happened {
        let membership = &self.group[self.seat(w, partition)];
        let (Some(owner), Some(_)) = (membership.owner, membership.moving_to) else {
            return Ok(false);
        };
        let releasing = |task: &Task| matches!(task, Task::Commit(commit) if commit.partition == partition && commit.release);
        if self.workers[owner].tasks.iter().any(releasing) {
            return Ok(false);
        }
        self.met(Fault::DrainDeadlinePassed);
        self.note(|| format!("{owner} must release {partition} now"));
        let worker = &mut self.workers[owner];
        worker.now += DRAIN_DEADLINE;
        worker.engine.handle_timeout(worker.now);
        self.pump(owner).map(|()| true)
    }

    /// The worker takes a revocation in when the group has long stopped waiting for it, and has
    /// assigned the partition to it again.
    fn revoke_too_late(&mut self, owner: usize, partition: usize) -> Happened {
        if self.workers[owner].ending {
            return Ok(false);
        }
        self.met(Fault::RevocationHandledLate);
        self.note(|| format!("{partition} is taken from {owner} and given back at once"));
        self.workers[owner].engine.revoked(numbered(partition));
        if self.rng.bool() {
            self.pump(owner)?;
        }
        self.workers[owner].forget(partition);
        self.workers[owner].stopped[partition] = false;
        self.workers[owner].engine.assigned(numbered(partition));
        self.pump(owner).map(|()| true)
    }

    /// kill -9: only what is on the network survives.
    pub(crate) fn kill(&mut self, w: usize) {
        self.note(|| format!("worker {w} is killed"));
        let fresh = self.start();
        if self.workers[w]
            .tasks
            .iter()
            .any(|task| matches!(task, Task::Encode(_)))
        {
            self.met(Fault::CrashWhileEncoding);
        }
        let dead = std::mem::replace(&mut self.workers[w], fresh);
        for task in dead.tasks {
            let travels = self.rng.u8(0..10) < 4;
            match task {
                Task::Put(put) if travels => self.late.push(Late::Put(put)),
                Task::Commit(commit) if travels => self.late.push(Late::Commit(commit)),
                _ => {}
            }
        }
        for membership in &mut self.group {
            if membership.owner == Some(w) {
                (membership.owner, membership.moving_to) = (None, None);
            }
        }
    }
}
