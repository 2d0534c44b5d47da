//! Gathering the facts of an inspection, step by step: anything may happen between two steps.
//!
//! Not here: what the facts mean (the engine's `start`). The steps are those of the consumer,
//! in this order: committed offset, anchor in the zone, newest claim, ends of the log,
//! records at the anchors, objects of the claim. A claim that is looked for before the committed
//! offset may be older than that.

use landing::{
    Offset,
    anchor::{Anchor, AnchorReading},
    commit_note::{CommitNote, Committed},
    start::{Completeness, Inspection, NewestClaim, Stop},
};

use crate::{
    bucket::anchor_key,
    faults::Fault,
    group,
    log::View,
    mistake::Mistake,
    plan::{StartAt, numbered},
    record::Expected,
    worker::{Gathering, Ground, Task},
    world::{Verdict, World},
};

/// An anchor with what the log holds there now.
pub(crate) type Read = Option<(Anchor, AnchorReading)>;

impl World {
    /// The next step of an inspection.
    pub(crate) fn gather(&mut self, w: usize, mut gathering: Box<Gathering>) -> Verdict {
        let partition = gathering.partition;
        gathering.steps_done += 1;
        let early = self.mistake == Some(Mistake::ClaimsListedBeforeCommitted);
        match gathering.steps_done {
            1 | 3 if (gathering.steps_done == 1) != early => {
                gathering.committed = self.group[self.seat(w, partition)].committed.clone();
            }
            1 | 3 if self.mistake == Some(Mistake::NoListOnAssignment) => {}
            1 | 3 => match self.newest_claim(partition) {
                Ok(newest) => gathering.newest = newest,
                Err(stop) => return self.refuse(w, &gathering, stop),
            },
            2 => {
                let anchor = self.bucket.get(&anchor_key(numbered(partition)));
                gathering.first = anchor.and_then(|object| Anchor::from_body(&object.body));
            }
            4 => {
                let log = &self.logs[partition];
                (gathering.low, gathering.high) = (log.low, log.high);
                let view = log.view();
                gathering.start = self.start_of(&gathering);
                let committed = gathering.committed.as_ref().map(|known| known.next);
                gathering.ground = Some(Ground {
                    view,
                    committed,
                    claimed_end: None,
                    shaken: None,
                });
            }
            5 if gathering.newest.is_some() => match self.completeness(&gathering) {
                Ok(completeness) => gathering.completeness = Some(completeness),
                Err(stop) => return self.refuse(w, &gathering, stop),
            },
            _ => return self.hand_over(w, &gathering),
        }
        self.workers[w].tasks.push(Task::Gather(gathering));
        Ok(())
    }

    fn hand_over(&mut self, w: usize, gathering: &Gathering) -> Verdict {
        let partition = gathering.partition;
        let (first, last) = self.read_anchors(gathering);
        let start = gathering.start;
        self.look_for_evidence(gathering, [first, last]);
        let mut facts = Inspection {
            committed: self.committed_of(gathering),
            low: Offset(gathering.low),
            high: Offset(gathering.high),
            first,
            last,
            start: Offset(start),
            newest: self.newest_of(gathering),
        };
        let known = facts.committed.is_some() || first.is_some() || gathering.newest.is_some();
        let fresh = (!known).then_some(start);
        self.distort(&mut facts);
        if gathering.look {
            let engine = &mut self.workers[w].engine;
            engine.looked_at(numbered(partition), Ok(&facts));
            return self.pump(w);
        }
        self.note(|| format!("worker {w} knows of {partition}: {facts:?}"));
        let mut ground = gathering.ground.unwrap();
        ground.view = View {
            fresh,
            ..ground.view
        };
        if let NewestClaim::Found(claim, Completeness::Incomplete) = &facts.newest {
            ground.claimed_end = Some(claim.end.0);
            self.met(Fault::UnfinishedClaimFound);
        }
        let worker = &mut self.workers[w];
        // The facts of an earlier assignment do not count; the engine must know that by itself.
        if worker.newest[partition] == gathering.generation {
            worker.grounds[partition] = Some(ground);
        }
        worker
            .engine
            .inspected(numbered(partition), gathering.generation, &facts);
        self.pump(w)?;
        self.count_waiting(w, &facts);
        Ok(())
    }

    /// Claims that ask for more memory than there is, or than is left by others.
    fn count_waiting(&mut self, w: usize, facts: &Inspection) {
        let NewestClaim::Found(claim, Completeness::Incomplete) = &facts.newest else {
            return;
        };
        let worker = &self.workers[w];
        let (partition, memory) = (claim.partition, worker.settings.memory_bytes);
        let inspects = |task: &Task| matches!(task, Task::Gather(_));
        let asked = worker.tasks.iter().filter(|task| inspects(task)).count();
        if claim.memory() > memory {
            self.met(Fault::ClaimLargerThanTheMemory);
        }
        if facts.low <= claim.reads_from() && self.workers[w].waits_for_memory(partition, asked) {
            self.met(Fault::ClaimWaitedForMemory);
        }
    }

    /// What the group has committed, as the consumer hands it to the engine.
    pub(crate) fn committed_of(&self, gathering: &Gathering) -> Option<Committed> {
        let known = gathering.committed.as_ref()?;
        let claimed = gathering.newest.is_some();
        Some(self.judged(gathering.partition, gathering.seat, known, claimed))
    }

    /// What was committed, with whatever shows that it is this zone's.
    pub(crate) fn judged(
        &self,
        partition: usize,
        seat: usize,
        known: &group::Committed,
        claimed: bool,
    ) -> Committed {
        let mut note = CommitNote::from_text(&known.metadata);
        if let (Some(note), Some(Mistake::ForeignCommitAccepted)) = (&mut note, self.mistake) {
            note.zone = Some("z".into());
        }
        let anchor = note.as_ref().and_then(CommitNote::anchor);
        let landed_here = || match self.plan.batched {
            true => claimed,
            false => anchor.is_some_and(|anchor| self.is_landed(partition, &anchor)),
        };
        let derived = seat < self.plan.partitions && self.plan.derived_group;
        Committed {
            next: Offset(known.next),
            note,
            recognised: derived || landed_here(),
        }
    }

    /// Whether the record of an anchor is in the bucket, one object for each record.
    pub(crate) fn is_landed(&self, partition: usize, anchor: &Anchor) -> bool {
        let mut history = self.logs[partition].history.iter();
        history.any(|kept| {
            kept.is(anchor)
                && match &kept.record.expected {
                    Expected::Object { key, .. } => self.bucket.get(key).is_some(),
                    Expected::Nothing => false,
                }
        })
    }

    fn newest_of(&self, gathering: &Gathering) -> NewestClaim {
        match (&gathering.newest, gathering.completeness) {
            (Some(claim), Some(completeness)) => NewestClaim::Found(claim.clone(), completeness),
            _ => NewestClaim::Missing,
        }
    }

    fn read_anchors(&self, gathering: &Gathering) -> (Read, Read) {
        let log = &self.logs[gathering.partition];
        let claimed = gathering
            .newest
            .as_ref()
            .and_then(|claim| claim.last.as_ref()?.to_anchor());
        let last = claimed.or_else(|| self.committed_of(gathering)?.anchor());
        let read = |anchor: Anchor| (anchor, log.read(&anchor));
        (gathering.first.map(read), last.map(read))
    }

    /// Where `--start` points. In the batched layouts the consumer writes down what `latest` meant
    /// when the zone was made.
    fn start_of(&mut self, gathering: &Gathering) -> i64 {
        match self.plan.start_at {
            StartAt::Earliest => gathering.low,
            StartAt::Latest if self.plan.batched => {
                let pinned = &mut self.notes[gathering.partition].pinned_start;
                *pinned.get_or_insert(gathering.high)
            }
            StartAt::Latest => gathering.high,
        }
    }

    /// The facts cannot be had.
    fn refuse(&mut self, w: usize, gathering: &Gathering, stop: Stop) -> Verdict {
        let (partition, generation) = (numbered(gathering.partition), gathering.generation);
        let engine = &mut self.workers[w].engine;
        if gathering.look {
            engine.looked_at(partition, Err(stop));
        } else {
            engine.inspection_refused(partition, generation, stop);
        }
        self.pump(w)
    }

    /// The planted mistakes of an inspection.
    fn distort(&self, facts: &mut Inspection) {
        match self.mistake {
            Some(Mistake::AnchorNotChecked) => {
                for (anchor, reading) in [&mut facts.first, &mut facts.last].into_iter().flatten() {
                    *reading = AnchorReading::Holds(anchor.timestamp, anchor.value);
                }
            }
            Some(Mistake::LatestInsteadOfAnchor) if facts.committed.is_none() => {
                facts.start = facts.high;
                facts.first = None;
            }
            Some(Mistake::CommittedTakenForFinished) => {
                let committed = facts.committed.as_ref().map(|committed| committed.next);
                if let NewestClaim::Found(claim, completeness) = &mut facts.newest
                    && committed == Some(claim.end)
                {
                    *completeness = Completeness::Complete;
                }
            }
            Some(Mistake::CompletenessNotChecked) => {
                if let NewestClaim::Found(_, completeness) = &mut facts.newest {
                    *completeness = Completeness::Complete;
                }
            }
            _ => {}
        }
    }
}
