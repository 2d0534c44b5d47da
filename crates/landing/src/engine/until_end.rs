//! The end of a run that ends by itself (`--until-end`): what the topic held at the start is landed
//! and committed.
//!
//! A partition that is read here is done when its own commits are. For the others the group's
//! committed offsets count, no matter which member committed them, but only this zone's
//! ([`crate::commit_note`]). They are not trusted blindly: a log that was truncated below them, or
//! a topic that was made again, is noticed by looking at each partition once, as at an assignment.

use std::collections::{BTreeMap, BTreeSet};

use super::{Engine, goal::Goal, types::Action};
use crate::{
    chain::Rotation,
    commit_note::{Committed, Committer},
    offset::Offset,
    place::Partition,
    start::{Inspection, Stop},
};

impl Engine {
    /// The run ends when the group has committed these next offsets: see [`Engine::end_reached`].
    pub fn until_end(&mut self, ends: BTreeMap<Partition, Offset>) {
        self.goal = Some(Goal {
            ends,
            committed: BTreeMap::new(),
            inspected: BTreeSet::new(),
            asked: BTreeSet::new(),
            stopped: BTreeMap::new(),
        });
    }

    /// The partitions whose end the run waits for; none if it does not end by itself.
    pub fn ends(&self) -> impl Iterator<Item = Partition> {
        self.goal.iter().flat_map(|goal| goal.ends.keys().copied())
    }

    /// Whether each partition has come to its end, or stands still. Those that stand still in
    /// another process count as not there yet.
    #[must_use]
    pub fn end_reached(&self) -> bool {
        let Some(goal) = &self.goal else {
            return false;
        };
        let stopped: BTreeSet<Partition> = self.stopped().map(|(partition, _)| partition).collect();
        goal.ends.iter().all(|(partition, end)| {
            let committed = match self.partitions.get(partition) {
                // Whatever the group had committed before: this process knows what it landed.
                Some(state) => state.running().and_then(|running| {
                    let durable = running.next().0;
                    Some(running.committed?.min(durable))
                }),
                None if goal.inspected.contains(partition) => {
                    goal.committed.get(partition).copied()
                }
                None => None,
            };
            stopped.contains(partition) || committed.is_some_and(|committed| committed >= *end)
        })
    }

    /// The facts that [`Action::Look`] asked for, or why they cannot be had.
    pub fn looked_at(&mut self, partition: Partition, facts: Result<&Inspection, Stop>) {
        let judged = facts.and_then(|facts| self.prepare(facts).map(drop));
        let is_assigned = self.partitions.contains_key(&partition);
        let Some(goal) = &mut self.goal else {
            return;
        };
        match judged {
            Ok(()) => {
                goal.inspected.insert(partition);
            }
            // It was assigned meanwhile: its own inspection decides.
            Err(_) if is_assigned => {
                goal.asked.remove(&partition);
            }
            Err(stop) => {
                goal.stopped.insert(partition, stop.clone());
                self.actions.push_back(Action::Stop { partition, stop });
            }
        }
    }

    /// The partition may be read from its facts.
    pub(super) fn note_inspected(&mut self, partition: Partition) {
        if let Some(goal) = &mut self.goal {
            goal.inspected.insert(partition);
            goal.stopped.remove(&partition);
        }
    }

    pub(super) fn count_towards_goal(&mut self, partition: Partition, committed: &Committed) {
        let is_assigned = self.partitions.contains_key(&partition);
        let Some(goal) = &mut self.goal else {
            return;
        };
        let Some(end) = goal.ends.get(&partition) else {
            return;
        };
        let zone = &self.settings.commit_zone;
        match committed.committer(zone) {
            // A partition that is read here commits again, or stops at its next inspection.
            // Elsewhere the run ends with 65 even if this zone commits again: two zones share the
            // group.
            Committer::AnotherZone(Some(other)) if !is_assigned => {
                let stop = Stop::AnotherZonesCommit {
                    committed: committed.next,
                    zone: other.to_owned(),
                    own: zone.clone(),
                };
                goal.committed.remove(&partition);
                if goal.stopped.insert(partition, stop.clone()).is_none() {
                    self.actions.push_back(Action::Stop { partition, stop });
                }
            }
            Committer::AnotherZone(_) => {
                goal.committed.remove(&partition);
            }
            // Nothing shows for certain that it is this zone's. Who reads the partition next
            // commits it again, with the zone's name.
            Committer::EarlierVersion => {}
            Committer::ThisZone | Committer::Operator => {
                goal.committed.insert(partition, committed.next);
                let look = committed.next >= *end && !goal.inspected.contains(&partition);
                if look && !is_assigned && goal.asked.insert(partition) {
                    self.actions.push_back(Action::Look { partition });
                }
            }
        }
    }

    /// Closes the extents that hold the last records before the end: they need not wait for more.
    /// What comes after the end is collected as usual.
    pub(super) fn flush_up_to_goal(&mut self) {
        let Some(goal) = &self.goal else {
            return;
        };
        let holds_the_end = |partition: &Partition, end: Offset| {
            let state = self.partitions.get(partition);
            let running = state.and_then(|state| state.running());
            running.is_some_and(|running| {
                let open = running.chain().and_then(|chain| chain.look_at_open());
                running.position() >= end && open.is_some_and(|open| open.start < end)
            })
        };
        let ready: Vec<Partition> = goal
            .ends
            .iter()
            .filter(|(partition, end)| holds_the_end(partition, **end))
            .map(|(&partition, _)| partition)
            .collect();
        for partition in ready {
            self.rotate(partition, Rotation::End);
        }
    }
}
