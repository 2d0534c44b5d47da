//! The engine's way with assignments: a partition comes, is inspected, begins, and goes.
//!
//! Not here: what happens to its records in between (see the parent module).
//! Invariant: records are taken in only after the driver has confirmed the start of this very generation; what the client
//! had fetched before, from another position, cannot slip in and make the tracker skip.

use super::{Action, Engine};
use crate::{
    partition_state::{Phase, Running, ZoneAnchor},
    start::{self, Inspection, Stop},
};

impl Engine {
    /// The group gave us this partition. Asks for an [`Action::Inspect`].
    pub fn assigned(&mut self, partition: i32) {
        if !self.draining {
            self.inspect_anew(partition);
        }
    }

    /// The facts that [`Action::Inspect`] asked for; those of an earlier assignment are ignored.
    pub fn inspected(&mut self, partition: i32, generation: u64, facts: &Inspection) {
        let Some(state) = self.partitions.get_mut(&partition) else {
            return;
        };
        if state.generation != generation
            || state.revoked
            || !matches!(state.phase, Phase::Inspecting)
        {
            return;
        }
        match start::decide(facts, self.settings.on_gap) {
            Err(stop) => {
                state.phase = Phase::Refused(stop.clone());
                self.actions.push_back(Action::Stop { partition, stop });
            }
            Ok(start) => {
                let kept = if facts.first.is_some() {
                    ZoneAnchor::Durable
                } else {
                    ZoneAnchor::Unset
                };
                let committed = facts.committed.as_ref().map(|(offset, _)| *offset);
                let running = Running::new(
                    start.offset,
                    committed,
                    (kept, facts.last.map(|(anchor, _)| anchor)),
                );
                match start.gap {
                    None => self.begin(partition, running),
                    Some(gap) => {
                        state.phase = Phase::RecordingGap(running);
                        self.upload_gap(partition, generation, gap);
                    }
                }
            }
        }
    }

    /// The facts cannot be had for a reason that asking again does not cure: the partition is stopped.
    pub fn inspection_refused(&mut self, partition: i32, generation: u64, stop: Stop) {
        let Some(state) = self.partitions.get_mut(&partition) else {
            return;
        };
        if state.generation == generation
            && !state.revoked
            && matches!(state.phase, Phase::Inspecting)
        {
            state.phase = Phase::Refused(stop.clone());
            self.actions.push_back(Action::Stop { partition, stop });
        }
    }

    /// The client now delivers this partition from the offset of [`Action::Start`].
    pub fn started(&mut self, partition: i32, generation: u64) {
        let Some(state) = self.partitions.get_mut(&partition) else {
            return;
        };
        if state.generation == generation && matches!(state.phase, Phase::Starting(_)) {
            let phase = std::mem::replace(&mut state.phase, Phase::Inspecting);
            if let Phase::Starting(running) = phase {
                state.phase = Phase::Running(running);
            }
        }
    }

    /// The client could not be set to the offset of [`Action::Start`]: the partition is inspected again.
    pub fn start_failed(&mut self, partition: i32, generation: u64) {
        let starting = |phase: &Phase| matches!(phase, Phase::Starting(_));
        let state = self.partitions.get(&partition);
        if state.is_some_and(|state| {
            state.generation == generation && !state.revoked && starting(&state.phase)
        }) {
            self.inspect_anew(partition);
        }
    }

    /// The group takes this partition back: what waits is dropped, what is in flight is finished, then an
    /// [`Action::Release`] carries the last commit.
    pub fn revoked(&mut self, partition: i32) {
        let Some(state) = self.partitions.get_mut(&partition) else {
            return self.actions.push_back(Action::Release {
                partition,
                commit: None,
            });
        };
        state.revoked = true;
        self.drop_waiting(partition);
        self.release_if_idle(partition);
    }

    /// The drain deadline passed: released now with what is durable. Late results of its uploads are ignored.
    pub fn release_now(&mut self, partition: i32) {
        let Some(state) = self.partitions.remove(&partition) else {
            return;
        };
        let commit = state.running().and_then(Running::to_commit);
        self.drop_waiting(partition);
        self.actions
            .push_back(Action::Release { partition, commit });
    }

    /// The partition was lost without a chance to commit (session expired): everything about it is forgotten.
    pub fn lost(&mut self, partition: i32) {
        self.partitions.remove(&partition);
        self.drop_waiting(partition);
    }

    /// Ends the work: no more records; each partition is released as after [`Engine::revoked`].
    pub fn drain(&mut self) {
        self.draining = true;
        for partition in self.partitions.keys().copied().collect::<Vec<_>>() {
            self.revoked(partition);
        }
    }
}
