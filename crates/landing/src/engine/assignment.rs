//! Assignments: a partition comes, is inspected, begins, and goes.
//!
//! Records count only after the driver has confirmed the start of this very generation. Otherwise
//! records that the client had fetched before, from another position, could slip in and make the
//! tracker skip. Not here: what happens to the records in between (see the parent module).

use std::sync::Arc;

use super::{
    Engine,
    partition::{Phase, Running, Work, ZoneAnchor},
    types::{Action, ObjectLayout},
};
use crate::{
    chain::Chain,
    offset::OffsetRange,
    offset_tracker::OffsetTracker,
    place::{Extent, Partition},
    start::{self, Inspection, Stop},
};

impl Engine {
    /// The group gave us this partition. Asks for an [`Action::Inspect`].
    pub fn assigned(&mut self, partition: Partition) {
        if !self.draining {
            self.inspect_anew(partition);
        }
    }

    /// The facts that [`Action::Inspect`] asked for; those of an earlier assignment are ignored.
    pub fn inspected(&mut self, partition: Partition, generation: u64, facts: &Inspection) {
        let Some(state) = self.partitions.get_mut(&partition) else {
            return;
        };
        if state.generation != generation
            || state.revoked
            || !matches!(state.phase, Phase::Inspecting)
        {
            return;
        }
        match self.prepare(facts) {
            Err(stop) => self.refuse(partition, stop),
            Ok((running, None)) => self.admit(partition, running),
            Ok((running, Some(gap))) => {
                if let Some(state) = self.partitions.get_mut(&partition) {
                    state.phase = Phase::RecordingGap(running);
                }
                self.upload_gap(Extent::new(partition, gap), generation);
            }
        }
    }

    /// The running state that follows from the facts, and the gap to record first.
    fn prepare(&self, facts: &Inspection) -> Result<(Running, Option<OffsetRange>), Stop> {
        let kept = match facts.first {
            Some(_) => ZoneAnchor::Durable,
            None => ZoneAnchor::Unset,
        };
        let committed = facts.committed.as_ref().map(|(offset, _)| *offset);
        let last = facts.last.map(|(anchor, _)| anchor);
        let (work, gap) = match &self.settings.layout {
            ObjectLayout::PerRecord => {
                let start = start::decide(facts, self.settings.on_gap)?;
                let tracker = OffsetTracker::new(start.offset, last);
                (Work::PerRecord(tracker), start.gap)
            }
            ObjectLayout::Batched(batching) => {
                let start = start::decide_chain(facts, self.settings.on_gap)?;
                // The last record of a claim that must still be finished is not yet durable.
                let last = last.filter(|_| start.adopted.is_none());
                let chain = Chain::new(&start, last, Arc::clone(batching));
                (Work::Batched(Box::new(chain)), start.read.gap)
            }
        };
        Ok((Running::new(work, committed, kept), gap))
    }

    /// The facts cannot be had, and asking again would not help: the partition is stopped.
    pub fn inspection_refused(&mut self, partition: Partition, generation: u64, stop: Stop) {
        let Some(state) = self.partitions.get(&partition) else {
            return;
        };
        if state.generation == generation
            && !state.revoked
            && matches!(state.phase, Phase::Inspecting)
        {
            self.refuse(partition, stop);
        }
    }

    /// The partition is stopped before it begins.
    fn refuse(&mut self, partition: Partition, stop: Stop) {
        if let Some(state) = self.partitions.get_mut(&partition) {
            state.phase = Phase::Refused(stop.clone());
        }
        self.actions.push_back(Action::Stop { partition, stop });
    }

    /// The client now delivers this partition from the offset of [`Action::Start`].
    pub fn started(&mut self, partition: Partition, generation: u64) {
        let Some(state) = self.partitions.get_mut(&partition) else {
            return;
        };
        if state.generation == generation && matches!(state.phase, Phase::Starting(_)) {
            let phase = std::mem::replace(&mut state.phase, Phase::Inspecting);
            if let Phase::Starting(running) = phase {
                state.phase = Phase::Running(running);
            }
            // A claim whose records are all gone is finished without any.
            self.close_next(partition);
        }
    }

    /// The client could not be set to the offset of [`Action::Start`]: the partition is inspected
    /// again.
    pub fn start_failed(&mut self, partition: Partition, generation: u64) {
        let starting = |phase: &Phase| matches!(phase, Phase::Starting(_));
        let state = self.partitions.get(&partition);
        if state.is_some_and(|state| {
            state.generation == generation && !state.revoked && starting(&state.phase)
        }) {
            self.inspect_anew(partition);
        }
    }

    /// The group takes this partition back: what waits is dropped, what is in flight is finished,
    /// then an [`Action::Release`] carries the last commit.
    pub fn revoked(&mut self, partition: Partition) {
        let Some(state) = self.partitions.get_mut(&partition) else {
            return self.actions.push_back(Action::Release {
                partition,
                commit: None,
            });
        };
        state.revoked = true;
        match self.settings.layout {
            ObjectLayout::PerRecord => self.drop_waiting(partition),
            ObjectLayout::Batched(_) => self.finish_what_came(partition),
        }
        self.release_if_idle(partition);
    }

    /// The drain deadline passed: released now with what is durable. Late results of its uploads
    /// are ignored.
    pub fn release_now(&mut self, partition: Partition) {
        self.abandon_chain(partition);
        let Some(state) = self.partitions.remove(&partition) else {
            return;
        };
        let commit = state.running().and_then(Running::to_commit);
        self.drop_waiting(partition);
        self.actions
            .push_back(Action::Release { partition, commit });
    }

    /// The partition was lost without a chance to commit (session expired): everything about it is
    /// forgotten.
    pub fn lost(&mut self, partition: Partition) {
        self.abandon_chain(partition);
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
