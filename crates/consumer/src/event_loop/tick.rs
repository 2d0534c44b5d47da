//! What the loop checks twice a second, and what it asks Kafka: what the group has committed, and
//! which position was lost.
//!
//! Questions run on the blocking pool, one of each kind at a time; their answers come back into the
//! loop.

use anyhow::Result;
use kafka::look_up::CommittedOffset;
use landing::{
    Partition, Place,
    commit_note::{CommitNote, Committed},
};

use crate::{event_loop::EventLoop, inspection::Inspected, warnings};

impl EventLoop {
    /// The client does not say which partition it cannot read, so this looks for positions outside
    /// their logs. If there is none (the log moved again), all partitions are inspected again,
    /// which costs no more than the look-ups.
    pub(super) fn find_lost_positions(&mut self) {
        if !self.work.positions.is_empty() {
            self.work.positions_again = true;
            return;
        }
        let positions: Vec<Place> = self
            .engine
            .progress()
            .map(|progress| Place::new(progress.partition, progress.position))
            .collect();
        let look_up = self.inspector.look_up.clone();
        self.work.positions.spawn_blocking(move || {
            let outside = |at: &Place| match look_up.log_ends(at.partition) {
                Ok(log) => at.offset < log.start || at.offset > log.end,
                Err(_) => true,
            };
            let lost: Vec<Partition> = positions
                .iter()
                .filter(|at| outside(at))
                .map(|at| at.partition)
                .collect();
            if lost.is_empty() {
                positions.into_iter().map(|at| at.partition).collect()
            } else {
                lost
            }
        });
    }

    pub(super) fn positions_looked_at(&mut self, lost: Vec<Partition>) {
        for partition in lost {
            self.engine.position_lost(partition);
        }
        if std::mem::take(&mut self.work.positions_again) {
            self.find_lost_positions();
        }
    }

    pub(super) fn look(&mut self) {
        warnings::warn_once(self.engine.counts());
        self.dead_letters.warn_of_most(self.engine.counts());
        self.status
            .look(&self.engine, self.store.trouble(), &self.inspector.look_up);
        if self.work.deadline.is_some() {
            return;
        }
        if self.store.is_closed() {
            return self.drain("nobody reads the output any more");
        }
        for partition in self.status.overtaken(&self.engine) {
            self.engine.position_lost(partition);
        }
        if self.engine.all_stopped() {
            return self.drain("every partition of this process is stopped");
        }
        if self.engine.end_reached() {
            return self.drain("the end that the topic had at the start is committed");
        }
        if self.work.goal.is_empty() {
            self.ask_what_is_committed();
        }
    }

    /// Asks how far the group has committed, no matter which member did, if the run ends by that.
    fn ask_what_is_committed(&mut self) {
        let ends = self.engine.ends().collect::<Vec<_>>();
        if ends.is_empty() || !self.store.writes() {
            return;
        }
        let look_up = self.inspector.look_up.clone();
        self.work
            .goal
            .spawn_blocking(move || look_up.committed(&ends));
    }

    pub(super) fn goal_looked_at(&mut self, committed: Result<Vec<CommittedOffset>>) {
        match committed {
            Ok(committed) => committed.iter().for_each(|committed| {
                let seen = Committed {
                    next: committed.next,
                    note: CommitNote::from_text(&committed.metadata),
                    recognised: self.inspector.derived_group,
                };
                self.engine.group_committed(committed.partition, &seen);
            }),
            Err(error) => self.status.kafka_in_trouble(format!("{error:#}")),
        }
    }

    pub(super) fn looked_at(&mut self, done: Inspected) {
        let facts = done.facts.as_ref().map_err(Clone::clone);
        self.engine.looked_at(done.partition, facts);
    }
}
