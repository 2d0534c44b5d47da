//! The life of one topic partition in this process: inspecting, (recording a gap), (queued),
//! starting, running, then stopped or released.
//!
//! Not here: anything that concerns several partitions (memory, the queue, limits): see
//! [`crate::engine`]. Invariant: nothing is offered for commit before the partition's anchor is
//! durable, unless no record was landed.

use std::time::Duration;

use crate::{
    anchor::Anchor, chain::Chain, claim::Claim, commit_note::Landed, offset::Offset,
    offset_tracker::OffsetTracker, start::Stop,
};

/// A topic partition that is assigned to this process.
#[derive(Debug)]
pub(crate) struct PartitionState {
    /// Tells results of this assignment from those of an earlier one.
    pub(crate) generation: u64,
    pub(crate) phase: Phase,
    /// Uploads of this generation that have not been answered.
    pub(crate) in_flight: usize,
    /// Set when the group takes the partition away: it is released when nothing is in flight, or at
    /// this time, counted from the start of the run.
    pub(crate) release_by: Option<Duration>,
}

#[derive(Debug)]
pub(crate) enum Phase {
    /// Facts are being gathered.
    Inspecting,
    /// The gap is being written down; reading begins after it.
    RecordingGap(Running),
    /// It waits until the memory has room for the claim that it must finish.
    Queued(Running),
    /// The client is being moved to the start.
    Starting(Running),
    /// Records are taken in and landed.
    Running(Running),
    /// Stopped before it began.
    Refused(Stop),
}

/// What a running partition knows.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) work: Work,
    pub(crate) zone_anchor: ZoneAnchor,
    /// The committed next offset as the broker last confirmed it.
    pub(crate) committed: Option<Offset>,
    /// A commit that has not been answered.
    pub(crate) committing: Option<Offset>,
    /// The client lost its position: after what was delivered is committed, the partition is
    /// inspected again.
    pub(crate) position_lost: bool,
    /// No more records are taken in; what is in flight is finished and committed.
    pub(crate) stopped: Option<Stop>,
}

/// What was delivered and is not yet durable.
#[derive(Debug)]
pub(crate) enum Work {
    /// Record by record.
    PerRecord(OffsetTracker),
    /// Extent by extent.
    Batched(Box<Chain>),
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
            release_by: None,
        }
    }

    /// Whether the group takes the partition away.
    pub(crate) fn is_revoked(&self) -> bool {
        self.release_by.is_some()
    }

    /// The running part, once it runs.
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

    /// The claim that it reads again to finish it, from the request to read on.
    pub(crate) fn adopting(&self) -> Option<&Claim> {
        match &self.phase {
            Phase::Starting(running) | Phase::Running(running) => running.chain()?.adopting(),
            _ => None,
        }
    }

    /// The running part if it takes records in.
    pub(crate) fn taking_records(&mut self) -> Option<&mut Running> {
        if self.is_revoked() {
            return None;
        }
        self.running_mut()
            .filter(|running| running.stopped.is_none() && !running.position_lost)
    }

    /// Its chain, unless it is stopped or has none.
    pub(crate) fn chain_mut(&mut self) -> Option<&mut Chain> {
        let running = self.running_mut()?;
        match running.stopped {
            None => running.chain_mut(),
            Some(_) => None,
        }
    }

    /// Whether an extent of it is being closed, or waits to be.
    pub(crate) fn is_closing(&self) -> bool {
        self.running()
            .and_then(Running::chain)
            .is_some_and(Chain::is_busy)
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
    pub(crate) fn new(work: Work, committed: Option<Offset>, zone_anchor: ZoneAnchor) -> Self {
        Self {
            work,
            zone_anchor,
            committed,
            committing: None,
            position_lost: false,
            stopped: None,
        }
    }

    /// What may be committed: the next offset, and the last landed record below it.
    pub(crate) fn next(&self) -> (Offset, Option<Anchor>) {
        match &self.work {
            Work::PerRecord(tracker) => tracker.next(),
            Work::Batched(chain) => chain.next(),
        }
    }

    /// The offset after the last delivered one.
    pub(crate) fn position(&self) -> Offset {
        match &self.work {
            Work::PerRecord(tracker) => tracker.position(),
            Work::Batched(chain) => chain.position(),
        }
    }

    pub(crate) fn chain_mut(&mut self) -> Option<&mut Chain> {
        match &mut self.work {
            Work::PerRecord(_) => None,
            Work::Batched(chain) => Some(chain),
        }
    }

    pub(crate) fn chain(&self) -> Option<&Chain> {
        match &self.work {
            Work::PerRecord(_) => None,
            Work::Batched(chain) => Some(chain),
        }
    }

    /// What should be committed now, and what it says; `None` when the broker already knows it or
    /// the anchor is not yet kept.
    pub(crate) fn to_commit(&self) -> Option<(Offset, Landed)> {
        let (next, anchor) = self.next();
        if self.zone_anchor == ZoneAnchor::Pending || self.committed == Some(next) {
            return None;
        }
        let landed = match anchor {
            Some(anchor) => Landed::Last(anchor),
            None if self.chain().is_some_and(Chain::is_fresh) => Landed::Start,
            None => Landed::Unknown,
        };
        Some((next, landed))
    }

    /// Whether everything that was delivered is durable and committed.
    pub(crate) fn settled(&self) -> bool {
        let landed = match &self.work {
            Work::PerRecord(tracker) => tracker.pending() == 0,
            Work::Batched(chain) => chain.is_empty(),
        };
        landed && self.committing.is_none() && self.to_commit().is_none()
    }
}
