//! What the loop looks at twice a second, and the questions to Kafka that follow: is the goal reached, which position was lost.
//!
//! Questions run on the blocking pool; their answers come back into the loop.
//! Invariant: one question of a kind is under way at a time.

use std::collections::BTreeMap;

use anyhow::Result;
use landing::Offset;

use super::EventLoop;

impl EventLoop {
    /// The client does not say which partition it cannot read: those whose position lies outside of the log. If there is none
    /// (the log moved again), all are looked at anew, which costs a look-up and no more.
    pub(super) fn find_lost_positions(&mut self) {
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
        if !self.goals.is_empty() && self.work.goal.is_empty() {
            self.look_at_goal();
        }
    }

    /// Asks whether the group has committed everything up to the goals; partitions that stand still here do not count.
    fn look_at_goal(&mut self) {
        let stopped: Vec<i32> = self
            .engine
            .stopped()
            .map(|(partition, _)| partition)
            .collect();
        let wanted: Vec<(i32, Offset)> = self
            .goals
            .iter()
            .map(|(partition, goal)| (*partition, *goal))
            .filter(|(partition, _)| !stopped.contains(partition))
            .collect();
        if !self.store.writes() {
            let durable: BTreeMap<i32, Offset> = self
                .engine
                .progress()
                .map(|progress| (progress.partition, progress.durable))
                .collect();
            let reached = wanted.iter().all(|(partition, goal)| {
                durable
                    .get(partition)
                    .is_some_and(|durable| durable >= goal)
            });
            return self.goal_looked_at(Ok(reached));
        }
        let look_up = self.inspector.look_up.clone();
        self.work.goal.spawn_blocking(move || {
            let partitions: Vec<i32> = wanted.iter().map(|(partition, _)| *partition).collect();
            let committed: BTreeMap<i32, Offset> = look_up.committed(&partitions)?.into_iter().map(|(partition, offset, _)| (partition, offset)).collect();
            let missing = wanted.iter().find(|(partition, goal)| committed.get(partition).is_none_or(|offset| offset < goal));
            if let Some((partition, goal)) = missing {
                tracing::debug!(partition, goal = goal.0, committed = ?committed.get(partition), "not yet at the end");
            }
            Ok(missing.is_none())
        });
    }

    pub(super) fn goal_looked_at(&mut self, reached: Result<bool>) {
        match reached {
            Ok(true) if self.work.deadline.is_none() => {
                self.drain("the end that the topic had at the start is committed")
            }
            Ok(_) => {}
            Err(error) => self.status.kafka_in_trouble(format!("{error:#}")),
        }
    }
}
