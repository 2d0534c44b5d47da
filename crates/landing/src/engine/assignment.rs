//! Assignments: a partition comes, is inspected, begins, and goes.
//!
//! Records count only after the driver has confirmed the start of this very generation. Otherwise
//! records that the client had fetched before, from another position, could slip in and make the
//! tracker skip. Not here: what happens to the records in between (see the parent module).

use std::{sync::Arc, time::Duration};

use super::{
    Engine,
    from_settings::note,
    partition::{PartitionState, Phase, Running, Work, ZoneAnchor},
    types::{Action, ObjectLayout},
};
use crate::{
    chain::Chain,
    commit_note::Committer,
    offset::{Offset, OffsetRange},
    offset_tracker::OffsetTracker,
    place::{Extent, Partition},
    start::{self, Inspection, Stop},
};

impl Engine {
    /// The group gave us this partition. Asks for an [`Action::Inspect`].
    pub fn assigned(&mut self, partition: Partition) {
        if !self.draining {
            self.end_revocation(partition);
            self.inspect_anew(partition);
        }
    }

    /// The facts that [`Action::Inspect`] asked for; those of an earlier assignment are ignored.
    pub fn inspected(&mut self, partition: Partition, generation: u64, facts: &Inspection) {
        let Some(state) = self.partitions.get_mut(&partition) else {
            return;
        };
        if state.generation != generation
            || state.is_revoked()
            || !matches!(state.phase, Phase::Inspecting)
        {
            return;
        }
        match self.prepare(facts) {
            Err(stop) => self.refuse(partition, stop),
            Ok((running, None)) => {
                self.note_inspected(partition);
                self.admit(partition, running);
            }
            Ok((running, Some(gap))) => {
                self.note_inspected(partition);
                if let Some(state) = self.partitions.get_mut(&partition) {
                    state.phase = Phase::RecordingGap(running);
                }
                self.upload_gap(Extent::new(partition, gap), generation);
            }
        }
    }

    /// The running state that follows from the facts, and the gap to record first.
    pub(super) fn prepare(
        &self,
        facts: &Inspection,
    ) -> Result<(Running, Option<OffsetRange>), Stop> {
        let kept = match facts.first {
            Some(_) => ZoneAnchor::Durable,
            None => ZoneAnchor::Unset,
        };
        // What an earlier version committed is committed again, with the zone's name: other
        // processes cannot know that it is this zone's.
        let zone = &self.settings.commit_zone;
        let committed = facts.committed.as_ref();
        let committed = committed.filter(|at| at.committer(zone) != Committer::EarlierVersion);
        let committed = committed.map(|committed| committed.next);
        let last = facts.last.map(|(anchor, _)| anchor);
        let (work, gap) = match &self.settings.layout {
            ObjectLayout::PerRecord => {
                let start = start::decide(facts, &self.settings.commit_zone, self.settings.on_gap)?;
                let tracker = OffsetTracker::new(start.offset, last);
                (Work::PerRecord(tracker), start.gap)
            }
            ObjectLayout::Batched(batching) => {
                let start =
                    start::decide_chain(facts, &self.settings.commit_zone, self.settings.on_gap)?;
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
            && !state.is_revoked()
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
            state.generation == generation && !state.is_revoked() && starting(&state.phase)
        }) {
            self.inspect_anew(partition);
        }
    }

    /// The group takes this partition back: what waits is dropped, what is in flight is finished,
    /// then an [`Action::Release`] carries the last commit and the generation that this returns. It
    /// comes at the drain deadline at the latest, with what is durable then.
    pub fn revoked(&mut self, partition: Partition) -> u64 {
        self.let_go(partition, self.settings.drain_deadline)
    }

    fn let_go(&mut self, partition: Partition, within: Duration) -> u64 {
        let by = self.now + within;
        let Some(state) = self.partitions.get_mut(&partition) else {
            self.released(partition, 0, None);
            return 0;
        };
        state.release_by = Some(state.release_by.map_or(by, |before| before.min(by)));
        let generation = state.generation;
        match self.settings.layout {
            ObjectLayout::PerRecord => self.drop_waiting(partition),
            ObjectLayout::Batched(_) => self.finish_what_came(partition),
        }
        self.release_if_idle(partition);
        generation
    }

    /// Releases what has had its time. Late results of its uploads are ignored.
    pub(super) fn release_overdue(&mut self) {
        let overdue = |state: &PartitionState| state.release_by.is_some_and(|by| by <= self.now);
        let partitions = self.partitions.iter();
        let late: Vec<Partition> = partitions
            .filter(|(_, state)| overdue(state))
            .map(|(&partition, _)| partition)
            .collect();
        self.gave_up |= self.draining && !late.is_empty();
        late.into_iter()
            .for_each(|partition| self.release_now(partition));
    }

    /// Releases a partition with what is durable.
    pub(super) fn release_now(&mut self, partition: Partition) {
        self.abandon_chain(partition);
        let Some(state) = self.partitions.remove(&partition) else {
            return;
        };
        let commit = state.running().and_then(Running::to_commit);
        let commit = commit.map(|(next, landed)| (next, note(&self.settings, landed)));
        self.drop_waiting(partition);
        self.released(partition, state.generation, commit);
    }

    fn released(
        &mut self,
        partition: Partition,
        generation: u64,
        commit: Option<(Offset, String)>,
    ) {
        self.actions.push_back(Action::Release {
            partition,
            generation,
            commit,
        });
    }

    /// A revocation that nobody waits for any more is over: the partition was assigned again, or
    /// lost, before its last upload was answered.
    fn end_revocation(&mut self, partition: Partition) {
        let state = self.partitions.get(&partition);
        if let Some(generation) = state
            .filter(|state| state.is_revoked())
            .map(|state| state.generation)
        {
            self.released(partition, generation, None);
        }
    }

    /// The partition was lost without a chance to commit (session expired): everything about it is
    /// forgotten.
    pub fn lost(&mut self, partition: Partition) {
        self.end_revocation(partition);
        self.abandon_chain(partition);
        self.partitions.remove(&partition);
        self.drop_waiting(partition);
    }

    /// Ends the work: no more records; each partition is released as after [`Engine::revoked`],
    /// within this time.
    pub fn drain(&mut self, within: Duration) {
        self.draining = true;
        for partition in self.partitions.keys().copied().collect::<Vec<_>>() {
            self.let_go(partition, within);
        }
    }

    /// Whether the drain had to let a partition go before it was finished.
    #[must_use]
    pub fn gave_up(&self) -> bool {
        self.gave_up
    }
}
