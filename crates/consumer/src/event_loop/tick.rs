//! What the loop looks at twice a second, and the questions to Kafka that follow: is the goal
//! reached, which position was lost.
//!
//! Questions run on the blocking pool; their answers come back into the loop.
//! Invariant: one question of a kind is under way at a time.

use std::collections::BTreeMap;

use anyhow::Result;
use landing::Offset;

use crate::event_loop::EventLoop;

impl EventLoop {
    /// The client does not say which partition it cannot read: those whose position lies outside of
    /// the log. If there is none (the log moved again), all are looked at anew, which costs a
    /// look-up and no more.
    pub(super) fn find_lost_positions(&mut self) {
        if !self.work.positions.is_empty() {
            self.work.positions_again = true;
            return;
        }
        let positions: Vec<(i32, Offset)> = self
            .engine
            .progress()
            .map(|progress| (progress.partition, progress.position))
            .collect();
        let look_up = self.inspector.look_up.clone();
        self.work.positions.spawn_blocking(move || {
            let outside = |(partition, position): &(i32, Offset)| match look_up.log_ends(*partition)
            {
                Ok((low, high)) => *position < low || *position > high,
                Err(_) => true,
            };
            let lost: Vec<i32> = positions
                .iter()
                .filter(|at| outside(at))
                .map(|at| at.0)
                .collect();
            if lost.is_empty() {
                positions.into_iter().map(|at| at.0).collect()
            } else {
                lost
            }
        });
    }

    pub(super) fn positions_looked_at(&mut self, lost: Vec<i32>) {
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

    /// A batch whose partition is at the goal waits for nothing more.
    fn land_what_came_up_to_the_goal(&mut self) {
        let progress = self.engine.progress();
        let at_goal = |partition: i32, position: Offset| {
            self.goals
                .get(&partition)
                .is_some_and(|goal| position >= *goal)
        };
        let ready: Vec<i32> = progress
            .filter(|at| at.durable < at.position && at_goal(at.partition, at.position))
            .map(|at| at.partition)
            .collect();
        for partition in ready {
            self.engine.flush(partition);
        }
    }

    /// Asks how far the group has committed, whoever committed it.
    fn look_at_goal(&mut self) {
        if !self.store.writes() {
            let durable = self
                .engine
                .progress()
                .map(|progress| (progress.partition, progress.durable));
            return self.end_if_reached(&durable.collect());
        }
        let partitions: Vec<i32> = self.goals.keys().copied().collect();
        let look_up = self.inspector.look_up.clone();
        self.work.goal.spawn_blocking(move || {
            let committed = look_up.committed(&partitions)?.into_iter();
            Ok(committed
                .map(|(partition, offset, _)| (partition, offset))
                .collect())
        });
    }

    pub(super) fn goal_looked_at(&mut self, committed: Result<Vec<(i32, Offset)>>) {
        match committed {
            Ok(committed) => {
                for (partition, offset) in &committed {
                    self.engine.committed_seen(*partition, *offset);
                }
                self.end_if_reached(&committed.into_iter().collect());
            }
            Err(error) => self.status.kafka_in_trouble(format!("{error:#}")),
        }
    }

    /// Partitions that stand still here do not count: they are reported as stopped.
    fn end_if_reached(&mut self, committed: &BTreeMap<i32, Offset>) {
        let stopped: Vec<i32> = self
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
                tracing::debug!(partition, goal = goal.0, "not yet at the end")
            }
            None if self.work.deadline.is_none() => {
                self.drain("the end that the topic had at the start is committed")
            }
            None => {}
        }
    }
}
