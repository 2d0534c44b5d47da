//! What strikes the log, the group's offsets and the bucket from outside.
//!
//! Not here: what the engine makes of it.
//! Invariant: a re-creation, a truncation and a foreign object come at most once in a schedule.

use landing::{
    Offset, Place,
    anchor::Anchor,
    commit_note::{CommitNote, Landed},
    identity::{About, Identity},
    record::ValueHash,
};

use crate::{
    bucket::{Object, claim_key},
    events::Happened,
    faults::Fault,
    group::Committed,
    log::hash,
    plan::{Hazard, numbered},
    record::Expected,
    world::World,
};

impl World {
    /// One of the plan's hazards strikes a partition.
    pub(crate) fn strike(&mut self, partition: usize) -> Happened {
        if self.plan.hazards.is_empty() {
            return Ok(false);
        }
        let pick = self.rng.usize(0..self.plan.hazards.len());
        let hazard = self.plan.hazards[pick];
        let struck = match hazard {
            Hazard::Recreation => self.recreate(partition),
            Hazard::Truncation => self.truncate(partition),
            Hazard::ForeignObject => self.plant(partition),
            Hazard::Retention => self.retain(partition),
            Hazard::Compaction => self.compact(partition),
            Hazard::RewoundOffset => self.rewind(partition),
            Hazard::ExpiredOffset => self.expire(partition),
            Hazard::AnotherZone => self.commit_elsewhere(partition),
        };
        let once = [
            Hazard::Recreation,
            Hazard::Truncation,
            Hazard::ForeignObject,
        ];
        if struck && once.contains(&hazard) {
            self.plan.hazards.swap_remove(pick);
        }
        Ok(struck)
    }

    fn recreate(&mut self, partition: usize) -> bool {
        if self.logs[partition].end < 4 {
            return false;
        }
        self.met(Fault::Recreation);
        self.note(|| format!("log {partition} is deleted and made again"));
        self.logs[partition].recreate();
        // Kafka 4 drops the group's offsets of a deleted topic.
        for seat in self.seats_of(partition) {
            self.group[seat].committed = None;
        }
        self.refill(partition);
        self.shake(partition, -1);
        true
    }

    fn truncate(&mut self, partition: usize) -> bool {
        let log = &self.logs[partition];
        if log.high - log.low < 3 {
            return false;
        }
        let (low, high) = (log.low, log.high);
        let cut = self.rng.i64(low.max(high - 8)..high);
        self.met(Fault::Truncation);
        self.note(|| format!("log {partition} is cut from {high} to {cut}"));
        self.logs[partition].truncate(cut);
        self.shake(partition, cut);
        self.refill(partition);
        true
    }

    /// The partition's seats, one for each deployment.
    fn seats_of(&self, partition: usize) -> impl Iterator<Item = usize> + use<> {
        (partition..self.group.len()).step_by(self.plan.partitions)
    }

    fn some_seat(&mut self, partition: usize) -> usize {
        let seats: Vec<usize> = self.seats_of(partition).collect();
        seats[self.rng.usize(0..seats.len())]
    }

    fn shake(&mut self, partition: usize, cut: i64) {
        let cuts = self.logs[partition].cuts.len();
        for worker in &mut self.workers {
            worker.shake(partition, cut, cuts);
        }
    }

    fn refill(&mut self, partition: usize) {
        let layout = self.plan.layout.clone();
        let holes = i64::from(self.rng.u8(0..16) == 0);
        let records = if self.rng.u8(0..3) == 0 {
            0
        } else {
            self.rng.usize(0..=12)
        };
        for _ in 0..records {
            self.logs[partition].append(holes, &layout);
        }
        let log = &mut self.logs[partition];
        log.high = log.end;
        let high = log.high;
        self.note(|| format!("log {partition} has other records up to {high}"));
    }

    /// Something that is not ours comes to lie where a record must go.
    fn plant(&mut self, partition: usize) -> bool {
        if self.plan.batched {
            return self.plant_into_an_extent(partition);
        }
        let log = &self.logs[partition];
        let candidates = log.visible_from(log.low).filter(|kept| kept.objects == 0);
        let keys: Vec<(String, i64)> = candidates
            .filter_map(|kept| match &kept.record.expected {
                Expected::Object { key, .. } => Some((key.clone(), kept.offset())),
                Expected::Nothing => None,
            })
            .filter(|(key, _)| self.bucket.get(key).is_none())
            .collect();
        if keys.is_empty() {
            return false;
        }
        let (key, offset) = keys[self.rng.usize(0..keys.len())].clone();
        let likeness = Identity {
            zone: "z".into(),
            place: Place::new(numbered(partition), Offset(offset)),
            about: About::Record {
                value: ValueHash::of(Some(b"foreign")),
                timestamp: None,
            },
        };
        let identity = (self.rng.u8(0..2) == 0).then_some(likeness);
        self.put_foreign(partition, key, identity);
        true
    }

    /// The same where the next claim or an object of the newest one must go.
    fn plant_into_an_extent(&mut self, partition: usize) -> bool {
        let newest = self.notes[partition].newest_claim();
        let end = newest.map_or(0, |claim| claim.end);
        let mut keys = vec![claim_key(numbered(partition), end)];
        keys.extend(newest.iter().flat_map(|claim| claim.keys.clone()));
        keys.retain(|key| self.bucket.get(key).is_none());
        if keys.is_empty() {
            return false;
        }
        let key = keys.swap_remove(self.rng.usize(0..keys.len()));
        self.put_foreign(partition, key, None);
        true
    }

    fn put_foreign(&mut self, partition: usize, key: String, identity: Option<Identity>) {
        self.met(Fault::ForeignObject);
        self.note(|| format!("a foreign object comes to lie at {key}"));
        self.notes[partition].foreign.push(key.clone());
        let body = b"foreign\n".to_vec();
        self.bucket.create(key, Object { body, identity });
    }

    fn retain(&mut self, partition: usize) -> bool {
        let seat = self.some_seat(partition);
        let log = &self.logs[partition];
        let mut low = (log.low + self.rng.i64(1..=8)).min(log.high);
        let committed = self.group[seat].committed.as_ref();
        if self.rng.u8(0..4) > 0 {
            low = low.min(committed.map_or(0, |known| known.next));
        }
        if low <= log.low {
            return false;
        }
        let passed = committed.is_some_and(|known| known.next < low);
        self.met(if passed {
            Fault::RetentionPassedCommitted
        } else {
            Fault::RetentionOfLandedRecords
        });
        self.note(|| format!("log {partition} begins at {low} now"));
        self.logs[partition].retain_from(low);
        true
    }

    fn compact(&mut self, partition: usize) -> bool {
        let pick = self.rng.usize(0..64);
        let Some(offset) = self.logs[partition].compact(pick) else {
            return false;
        };
        self.met(Fault::Compaction);
        self.note(|| format!("log {partition} loses {offset} by compaction"));
        true
    }

    fn rewind(&mut self, partition: usize) -> bool {
        let low = self.logs[partition].low;
        let seat = self.some_seat(partition);
        let Some(committed) = self.group[seat].committed.as_mut() else {
            return false;
        };
        // A reset of what another zone has committed could go beyond what this one has landed.
        if committed.next <= low || committed.foreign {
            return false;
        }
        // With claims it makes no difference how far a reset goes, up to the newest one's end.
        let newest = self.notes[partition].newest_claim();
        let most = newest.map_or(committed.next - 1, |claim| claim.end.max(low));
        committed.next = self.rng.i64(low..=most);
        committed.metadata.clear();
        let next = committed.next;
        self.met(Fault::OffsetRewound);
        self.note(|| format!("the group is reset to {next} in {partition}"));
        true
    }

    /// A consumer of another zone, by mistake in this group, commits how far it has come. It may be
    /// of an earlier version; but then the group is not the one that is derived from this zone, and
    /// there are claims to go on from. One object for each record leaves no such trace: if the last
    /// record below is in this zone, too, nothing tells such a commit from this zone's own.
    fn commit_elsewhere(&mut self, partition: usize) -> bool {
        let seat = self.some_seat(partition);
        let log = &self.logs[partition];
        let at = self.rng.i64(log.low..=log.high);
        let Some(kept) = log.visible_from(at).next() else {
            return false;
        };
        let last = Anchor {
            offset: Offset(kept.offset()),
            timestamp: kept.record.timestamp,
            value: ValueHash(hash(kept.record.value.as_deref())),
        };
        let (next, view) = (kept.offset() + 1, log.view());
        let derived = seat < self.plan.partitions && self.plan.derived_group;
        let told = derived || !self.plan.batched;
        let note = CommitNote {
            landed: match self.rng.u8(0..4) {
                0 => Landed::Start,
                _ => Landed::Last(last),
            },
            zone: (told || self.rng.bool()).then(|| "y".into()),
        };
        self.met(Fault::CommitOfAnotherZone);
        self.note(|| format!("another zone commits {next} in {partition}: {note:?}"));
        self.notes[partition].foreign_commit = true;
        self.group[seat].committed = Some(Committed {
            next,
            metadata: note.to_text(),
            view,
            foreign: true,
        });
        true
    }

    fn expire(&mut self, partition: usize) -> bool {
        let seat = self.some_seat(partition);
        let some = self.group[seat].committed.take().is_some();
        if some {
            self.met(Fault::OffsetExpired);
            self.note(|| format!("the group's offset of {partition} expires"));
        }
        some
    }
}
