//! What happens by chance in a schedule: workers take steps, the log grows, owners change, and hazards strike.
//!
//! Not here: how likely a hazard is in a schedule at all (`plan`).
//! Invariant: one call is one event; what the event is depends on the seed alone.

use crate::{
    faults::Fault,
    plan::COMMIT_INTERVAL,
    worker::{Task, Worker},
    world::{Late, Verdict, World},
};

impl World {
    /// One event.
    pub(crate) fn happen(&mut self) -> Verdict {
        self.events += 1;
        let partition = self.rng.usize(0..self.plan.partitions);
        let w = self.rng.usize(0..self.workers.len());
        match self.rng.u32(0..1_000) {
            0..130 => self.grow(partition),
            130..230 => self.assign_an_orphan(partition, w)?,
            230..260 => self.rebalance(partition, w)?,
            260..275 => {
                self.met(Fault::Crash);
                self.kill(w);
            }
            275..295 => self.tell_zombie(partition, w)?,
            295..305 => self.end_drain(partition)?,
            305..335 => self.deliver_late()?,
            335..375 => self.strike(partition)?,
            375..450 => self.let_time_pass(w)?,
            450..700 => return self.poll(w, partition).map(|_| ()),
            _ => self.advance_task(w)?,
        }
        Ok(())
    }

    /// A worker's task goes on.
    fn advance_task(&mut self, w: usize) -> Verdict {
        let tasks = self.workers[w].tasks.len();
        if tasks == 0 {
            let partition = self.rng.usize(0..self.plan.partitions);
            return self.poll(w, partition).map(|_| ());
        }
        let pick = self.rng.usize(0..tasks);
        self.advance(w, pick)
    }

    /// The task at `index` goes on.
    pub(crate) fn advance(&mut self, w: usize, index: usize) -> Verdict {
        match self.workers[w].tasks.swap_remove(index) {
            Task::Gather(gathering) => self.gather(w, gathering),
            Task::Put(put) => self.attempt(w, put),
            Task::Commit(commit) => self.send_commit(w, &commit),
        }
    }

    /// The clock of a worker moves on.
    pub(crate) fn let_time_pass(&mut self, w: usize) -> Verdict {
        let worker = &mut self.workers[w];
        worker.now += COMMIT_INTERVAL;
        worker.engine.handle_timeout(worker.now);
        self.pump(w)
    }

    fn grow(&mut self, partition: usize) {
        let layout = self.plan.layout.clone();
        for _ in 0..self.rng.usize(1..=4) {
            let hole = if self.rng.u8(0..6) == 0 {
                self.rng.i64(1..=3)
            } else {
                0
            };
            self.logs[partition].append(hole, &layout);
            if hole > 0 {
                self.met(Fault::HoleInOffsets);
            }
        }
        let markers = i64::from(self.rng.u8(0..5) == 0);
        let open = self.rng.u8(0..8) == 0;
        let log = &mut self.logs[partition];
        log.end += markers;
        if open {
            self.faults.count(Fault::OpenTransaction);
        } else {
            log.high = log.end;
        }
        let (high, end) = (log.high, log.end);
        self.note(|| format!("log {partition} is stable to {high}, ends at {end}"));
    }

    fn assign_an_orphan(&mut self, partition: usize, w: usize) -> Verdict {
        let orphan = (partition..partition + self.plan.partitions)
            .map(|p| p % self.plan.partitions)
            .find(|p| self.group[*p].owner.is_none());
        orphan.map_or(Ok(()), |orphan| self.assign(w, orphan))
    }

    fn rebalance(&mut self, partition: usize, to: usize) -> Verdict {
        let membership = &self.group[partition];
        let (Some(owner), None) = (membership.owner, membership.moving_to) else {
            return Ok(());
        };
        match self.rng.u8(0..10) {
            0..4 => {
                self.met(Fault::RevokedAndDrained);
                self.note(|| format!("{partition} is taken back from {owner} for {to}"));
                self.group[partition].moving_to = Some(to);
                self.workers[owner].engine.revoked(partition as i32);
                self.pump(owner)
            }
            4..8 if to != owner => {
                self.met(Fault::OwnerLivesOnAsZombie);
                self.note(|| format!("{partition} moves to {to}, {owner} does not know"));
                self.assign(to, partition)
            }
            _ => {
                self.met(Fault::PartitionLost);
                self.group[partition].owner = None;
                self.lose(owner, partition)
            }
        }
    }

    fn tell_zombie(&mut self, partition: usize, w: usize) -> Verdict {
        let zombie = self.workers[w].believes[partition] && self.group[partition].owner != Some(w);
        if zombie {
            self.lose(w, partition)
        } else {
            Ok(())
        }
    }

    fn end_drain(&mut self, partition: usize) -> Verdict {
        let membership = &self.group[partition];
        let (Some(owner), Some(_)) = (membership.owner, membership.moving_to) else {
            return Ok(());
        };
        let releasing = |task: &Task| matches!(task, Task::Commit(commit) if commit.partition == partition && commit.release);
        if self.workers[owner].tasks.iter().any(releasing) {
            return Ok(());
        }
        self.met(Fault::DrainDeadlinePassed);
        self.note(|| format!("{owner} must release {partition} now"));
        self.workers[owner].engine.release_now(partition as i32);
        self.pump(owner)
    }

    /// kill -9: only what is on the network survives.
    pub(crate) fn kill(&mut self, w: usize) {
        self.note(|| format!("worker {w} is killed"));
        let fresh = Worker::new(self.plan.settings());
        let dead = std::mem::replace(&mut self.workers[w], fresh);
        for task in dead.tasks {
            let travels = self.rng.u8(0..10) < 4;
            match task {
                Task::Put(put) if travels => self.late.push(Late::Put(put)),
                Task::Commit(commit) if travels => self.late.push(Late::Commit(commit)),
                _ => {}
            }
        }
        for membership in self
            .group
            .iter_mut()
            .filter(|membership| membership.owner == Some(w))
        {
            membership.owner = membership.moving_to.take().and(None);
        }
    }

    fn deliver_late(&mut self) -> Verdict {
        if self.late.is_empty() {
            return Ok(());
        }
        let index = self.rng.usize(0..self.late.len());
        match self.late.swap_remove(index) {
            Late::Put(put) => {
                self.note(|| format!("late PUT {}", put.upload.key));
                if self.arrive(&put)? {
                    self.met(Fault::PutAppliedLate);
                }
                Ok(())
            }
            Late::Commit(commit) => {
                self.met(Fault::CommitAppliedLate);
                self.apply_commit(&commit)
            }
        }
    }
}
