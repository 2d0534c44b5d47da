//! Gathering the facts of an inspection, step by step: anything may happen between two steps.
//!
//! Not here: what the facts mean (the engine's `start`).
//! Invariant: the steps are those of the consumer: committed offset, anchor in the zone, ends of the log, records at the anchors.

use landing::{
    Offset,
    anchor::{Anchor, Reading},
    start::Inspection,
};

use crate::{
    bucket::anchor_key,
    log::View,
    mistake::Mistake,
    plan::StartAt,
    worker::{Gathering, Ground, Task},
    world::{Verdict, World},
};

/// An anchor with what the log holds there now.
pub(crate) type Read = Option<(Anchor, Reading)>;

impl World {
    /// The next step of an inspection.
    pub(crate) fn gather(&mut self, w: usize, mut gathering: Box<Gathering>) -> Verdict {
        let partition = gathering.partition;
        gathering.steps_done += 1;
        match gathering.steps_done {
            1 => gathering.committed = self.group[partition].committed.clone(),
            2 => {
                let anchor = self.bucket.get(&anchor_key(partition as i32));
                gathering.first = anchor.and_then(|object| Anchor::from_body(&object.body));
            }
            3 => {
                let log = &self.logs[partition];
                (gathering.low, gathering.high) = (log.low, log.high);
                let view = log.view();
                let committed = gathering.committed.as_ref().map(|known| known.next);
                gathering.ground = Some(Ground {
                    view,
                    committed,
                    shaken: None,
                });
            }
            _ => return self.hand_over(w, &gathering),
        }
        self.workers[w].tasks.push(Task::Gather(gathering));
        Ok(())
    }

    fn hand_over(&mut self, w: usize, gathering: &Gathering) -> Verdict {
        let partition = gathering.partition;
        let (first, last) = self.read_anchors(gathering);
        let start = match self.plan.start_at {
            StartAt::Earliest => gathering.low,
            StartAt::Latest => gathering.high,
        };
        self.look_for_evidence(gathering, [first, last]);
        let committed = gathering.committed.as_ref();
        let mut facts = Inspection {
            committed: committed.map(|known| (Offset(known.next), known.metadata.clone())),
            low: Offset(gathering.low),
            high: Offset(gathering.high),
            first,
            last,
            start: Offset(start),
        };
        let fresh = (facts.committed.is_none() && first.is_none()).then_some(start);
        self.distort(&mut facts);
        self.note(|| format!("worker {w} knows of {partition}: {facts:?}"));
        let mut ground = gathering.ground.unwrap();
        ground.view = View {
            fresh,
            ..ground.view
        };
        let worker = &mut self.workers[w];
        // The facts of an earlier assignment do not count; the engine must know that by itself.
        if worker.newest[partition] == gathering.generation {
            worker.grounds[partition] = Some(ground);
        }
        worker
            .engine
            .inspected(partition as i32, gathering.generation, &facts);
        self.pump(w)
    }

    fn read_anchors(&self, gathering: &Gathering) -> (Read, Read) {
        let log = &self.logs[gathering.partition];
        let metadata = gathering
            .committed
            .as_ref()
            .map(|known| known.metadata.as_str());
        let last = metadata.and_then(Anchor::from_commit_metadata);
        let read = |anchor: Anchor| (anchor, log.read(&anchor));
        (gathering.first.map(read), last.map(read))
    }

    /// The planted mistakes of an inspection.
    fn distort(&self, facts: &mut Inspection) {
        match self.mistake {
            Some(Mistake::AnchorNotChecked) => {
                for (anchor, reading) in [&mut facts.first, &mut facts.last].into_iter().flatten() {
                    *reading = Reading::Holds(anchor.timestamp, anchor.value);
                }
            }
            Some(Mistake::LatestInsteadOfAnchor) if facts.committed.is_none() => {
                facts.start = facts.high;
                facts.first = None;
            }
            _ => {}
        }
    }
}
