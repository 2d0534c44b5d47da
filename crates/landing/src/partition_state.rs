//! One topic partition's life in this process: inspecting -> (recording a gap) -> starting -> running -> stopped or released.
//!
//! Not here: anything that concerns several partitions (memory, the queue, limits): see [`crate::engine`].
//! Invariant: nothing is offered for commit before the partition's anchor is durable, unless no record was landed.

use crate::{anchor::Anchor, offset::Offset, offset_tracker::OffsetTracker, start::Stop};

/// A topic partition that is assigned to this process.
#[derive(Debug)]
pub(crate) struct PartitionState {
    /// Tells results of this assignment from those of an earlier one.
    pub(crate) generation: u64,
    pub(crate) phase: Phase,
    /// Uploads of this generation that have not been answered.
    pub(crate) in_flight: usize,
    /// Set when the group takes the partition away: it is released when nothing is in flight.
    pub(crate) revoked: bool,
}

#[derive(Debug)]
pub(crate) enum Phase {
    /// Facts are being gathered.
    Inspecting,
    /// The gap is being written down; reading begins after it.
    RecordingGap(Running),
    /// The client is being set to the start.
    Starting(Running),
    /// Records are taken in and landed.
    Running(Running),
    /// Stopped before it began.
    Refused(Stop),
}

/// What a running partition knows.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) tracker: OffsetTracker,
    pub(crate) zone_anchor: ZoneAnchor,
    /// The committed next offset as the broker last confirmed it.
    pub(crate) committed: Option<Offset>,
    /// A commit that has not been answered.
    pub(crate) committing: Option<Offset>,
    /// The client lost its position: after what was delivered is committed, the partition is inspected again.
    pub(crate) position_lost: bool,
    /// No more records are taken in; what is in flight is finished and committed.
    pub(crate) stopped: Option<Stop>,
}

/// The first landed record, kept create-once in the zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ZoneAnchor {
    /// No record was landed yet.
    Unset,
    /// Being written.
    Pending,
    /// Kept.
    Durable,
}

impl PartitionState {
    pub(crate) fn new(generation: u64) -> Self {
        Self {
            generation,
            phase: Phase::Inspecting,
            in_flight: 0,
            revoked: false,
        }
    }

    /// The running part, in any phase that has one.
    pub(crate) fn running(&self) -> Option<&Running> {
        match &self.phase {
            Phase::Running(running) => Some(running),
            _ => None,
        }
    }

    pub(crate) fn running_mut(&mut self) -> Option<&mut Running> {
        match &mut self.phase {
            Phase::Running(running) => Some(running),
            _ => None,
        }
    }

    /// The running part if it takes records in.
    pub(crate) fn taking_records(&mut self) -> Option<&mut Running> {
        if self.revoked {
            return None;
        }
        self.running_mut()
            .filter(|running| running.stopped.is_none() && !running.position_lost)
    }

    /// Why it stands still, if it does.
    pub(crate) fn stop(&self) -> Option<&Stop> {
        match &self.phase {
            Phase::Refused(stop) => Some(stop),
            Phase::Running(running) => running.stopped.as_ref(),
            _ => None,
        }
    }
}

impl Running {
    pub(crate) fn new(
        start: Offset,
        committed: Option<Offset>,
        anchors: (ZoneAnchor, Option<Anchor>),
    ) -> Self {
        Self {
            tracker: OffsetTracker::new(start, anchors.1),
            zone_anchor: anchors.0,
            committed,
            committing: None,
            position_lost: false,
            stopped: None,
        }
    }

    /// What should be committed now, with its metadata; `None` when the broker already knows it or the anchor is not yet kept.
    pub(crate) fn to_commit(&self) -> Option<(Offset, String)> {
        let (next, anchor) = self.tracker.next();
        if self.zone_anchor == ZoneAnchor::Pending || self.committed == Some(next) {
            return None;
        }
        Some((
            next,
            anchor
                .map(|anchor| anchor.to_commit_metadata())
                .unwrap_or_default(),
        ))
    }

    /// Whether everything that was delivered is durable and committed.
    pub(crate) fn settled(&self) -> bool {
        self.tracker.pending() == 0 && self.committing.is_none() && self.to_commit().is_none()
    }
}
