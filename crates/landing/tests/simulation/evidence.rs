//! Re-creations and truncations that no reading of the log can reveal: the limit of what anchors
//! can do.
//!
//! Not here: what must hold for all other partitions (`judge`). Invariant: a partition is given up
//! on only if the true readings, not those that the engine was given, show nothing.

use landing::anchor::{Anchor, AnchorReading};

use crate::{inspection::Read, log::Kept, worker::Gathering, world::World};

impl World {
    /// Marks a partition whose log became another one while no reading can show it: both anchors
    /// are gone, or there is none.
    pub(crate) fn look_for_evidence(&mut self, gathering: &Gathering, anchors: [Read; 2]) {
        let log = &self.logs[gathering.partition];
        let committed = gathering.committed.as_ref();
        let claim = gathering
            .newest
            .as_ref()
            .and_then(|claim| self.notes[gathering.partition].claim_at(claim.start.0));
        let known = match claim {
            Some(claim) => Some((claim.end, claim.view)),
            None => committed.map(|known| (known.next, known.view)),
        };
        let poisoned = known.is_some_and(|(next, view)| log.differs_below(next, &view));
        let is_first = |kept: &&Kept| gathering.first.is_some_and(|first| kept.is(&first));
        let other_anchor = log.history.iter().find(is_first).is_some_and(|kept| {
            let cut = kept.cut_by.is_some() && known.is_none();
            kept.record.place.incarnation != log.incarnation || cut
        });
        let mut anchors = anchors.into_iter().flatten();
        let shown = known.is_some_and(|(next, _)| next > gathering.high)
            || anchors.any(|(anchor, reading)| contradicts(anchor, reading));
        if (poisoned || other_anchor) && !shown {
            self.notes[gathering.partition].blind = true;
            self.note(|| {
                let partition = gathering.partition;
                format!("     nothing shows that the log of {partition} is another one")
            });
        }
    }
}

/// Whether what the log holds at the offset of an anchor is not what was landed.
fn contradicts(anchor: Anchor, reading: AnchorReading) -> bool {
    match reading {
        AnchorReading::Holds(timestamp, value) => {
            (timestamp, value.0) != (anchor.timestamp, anchor.value.0)
        }
        AnchorReading::BeyondEnd => true,
        AnchorReading::Gone => false,
    }
}
