//! What the loop checks twice a second, and what it asks Kafka: whether the goal is reached, and
//! which position was lost.
//!
//! Questions run on the blocking pool, one of each kind at a time; their answers come back into the
//! loop.

use std::collections::BTreeMap;

use anyhow::Result;
use kafka::look_up::CommittedOffset;
use landing::{Offset, Partition, Place};

use crate::event_loop::EventLoop;

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
        for partition in self.work.revocations.overdue() {
            self.engine.release_now(partition);
        }
        self.status
            .look(&self.engine, self.store.trouble(), &self.inspector.look_up);
        if self.work.deadline.is_some() {
            return;
        }
        if self.store.is_closed() {
            return self.drain("nobody reads the output any more");
        }
        if self.engine.all_stopped() {
            return self.drain("every partition of this process is stopped");
        }
        if !self.goals.is_empty() {
            self.land_what_came_up_to_the_goal();
        }
        if !self.goals.is_empty() && self.work.goal.is_empty() {
            self.look_at_goal();
        }
    }

    /// Flushes partitions that have reached their goal: their batches need not wait for more
    /// records.
    fn land_what_came_up_to_the_goal(&mut self) {
        let progress = self.engine.progress();
        let at_goal = |partition: Partition, position: Offset| {
            self.goals
                .get(&partition)
                .is_some_and(|goal| position >= *goal)
        };
        let ready: Vec<Partition> = progress
            .filter(|at| at.durable < at.position && at_goal(at.partition, at.position))
            .map(|at| at.partition)
            .collect();
        for partition in ready {
            self.engine.flush(partition);
        }
    }

    /// Asks how far the group has committed, no matter which member did.
    fn look_at_goal(&mut self) {
        if !self.store.writes() {
            let durable = self
                .engine
                .progress()
                .map(|progress| (progress.partition, progress.durable));
            return self.end_if_reached(&durable.collect());
        }
        let partitions: Vec<Partition> = self.goals.keys().copied().collect();
        let look_up = self.inspector.look_up.clone();
        self.work
            .goal
            .spawn_blocking(move || look_up.committed(&partitions));
    }

    pub(super) fn goal_looked_at(&mut self, committed: Result<Vec<CommittedOffset>>) {
        match committed {
            Ok(committed) => {
                for committed in &committed {
                    self.engine
                        .committed_seen(committed.partition, committed.next);
                }
                let committed = committed.into_iter();
                let next = committed.map(|committed| (committed.partition, committed.next));
                self.end_if_reached(&next.collect());
            }
            Err(error) => self.status.kafka_in_trouble(format!("{error:#}")),
        }
    }

    /// Partitions that are stopped here do not count: the summary reports them.
    fn end_if_reached(&mut self, committed: &BTreeMap<Partition, Offset>) {
        let stopped: Vec<Partition> = self
            .engine
            .stopped()
            .map(|(partition, _)| partition)
            .collect();
        let mut open = self
            .goals
            .iter()
            .filter(|(partition, _)| !stopped.contains(partition));
        let missing = open
            .find(|(partition, goal)| committed.get(partition).is_none_or(|offset| offset < goal));
        match missing {
            Some((partition, goal)) => {
                tracing::debug!(partition = partition.0, goal = goal.0, "not yet at the end")
            }
            None if self.work.deadline.is_none() => {
                self.drain("the end that the topic had at the start is committed")
            }
            None => {}
        }
    }
}
