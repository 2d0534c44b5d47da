//! What must hold, worked out from the log's history and the bucket's content alone.
//!
//! Not here: when it is asked (`put`, `commit`, `shell`, `healing`), and what nobody could have
//! noticed (`evidence`). The judge does not trust the engine's own counters and states, except
//! for the bounds on them.

use landing::{identity::About, start::Stop};

use crate::{
    bucket::anchor_key,
    log::{Kept, Removed, View, hash},
    notes::{ClaimNote, Notes, RecordedGap},
    plan::{BATCH, numbered},
    record::Expected,
    worker::{Put, Run},
    world::{Verdict, World},
};

/// More bytes than any record of the model costs the engine.
const MOST_RECORD_BYTES: usize = 2_048;

/// More bytes than the records of an extent of the model take up: the engine's smallest piece of
/// memory for one, arenas before it, and what describes them.
const MOST_EXTENT_BYTES: usize = 24_000;

impl World {
    /// A commit claims that everything below is in the bucket.
    pub(crate) fn check_commit(
        &mut self,
        partition: usize,
        next: i64,
        metadata: &str,
        view: &View,
    ) -> Verdict {
        self.notes[partition].begin(view);
        let notes = &self.notes[partition];
        if notes.blind {
            return Ok(());
        }
        if self.plan.batched {
            self.check_committed_extent(partition, next, metadata)?;
        }
        self.check_landed(partition, next, view)
    }

    /// Everything below is in the bucket, as far as this log goes.
    fn check_landed(&self, partition: usize, next: i64, view: &View) -> Verdict {
        let notes = &self.notes[partition];
        let claimed = notes.began(view.incarnation)..next;
        for kept in self.logs[partition]
            .history
            .iter()
            .filter(|kept| kept.is_in(view))
        {
            let due = claimed.contains(&kept.offset()) && self.is_due(kept, notes);
            if !due || kept.objects == 1 {
                continue;
            }
            let excused = match kept.removed {
                Removed::No => false,
                Removed::ByCompaction => true,
                Removed::ByRetention => notes.is_recorded(view.incarnation, kept.offset()),
            };
            if !excused {
                return Err(format!(
                    "{next} is committed for partition {partition}, but {:?} ({:?}) is in no object",
                    kept.record.place, kept.removed
                ));
            }
        }
        Ok(())
    }

    /// A worker that ends by itself leaves nothing below the ends that the logs had at its start.
    pub(crate) fn check_reached(&self, w: usize) -> Verdict {
        let worker = &self.workers[w];
        for (partition, (end, view)) in worker.goal.iter().flatten().enumerate() {
            let mut stopped = worker.engine.stopped();
            let log = self.logs[partition].view();
            let same_log = (log.incarnation, log.cuts) == (view.incarnation, view.cuts);
            let judged = same_log && !self.notes[partition].blind;
            if judged && stopped.all(|(stopped, _)| stopped != numbered(partition)) {
                self.check_landed(partition, *end, view)?;
            }
        }
        Ok(())
    }

    /// A partition that a worker was given is the engine's as well, until it is taken back.
    pub(crate) fn check_reads(&self, w: usize) -> Verdict {
        let worker = &self.workers[w];
        let is_known = |p: usize| worker.engine.partitions().any(|known| known == numbered(p));
        let stands =
            |p: &usize| worker.believes[*p] && worker.revoking[*p].is_none() && !is_known(*p);
        match (0..self.plan.partitions)
            .find(stands)
            .filter(|_| !worker.ending)
        {
            Some(partition) => Err(format!("{partition} stands still in worker {w}")),
            None => Ok(()),
        }
    }

    /// Whether the record must be in an object once it is committed past.
    fn is_due(&self, kept: &Kept, notes: &Notes) -> bool {
        if !self.plan.batched {
            return kept.record.expected != Expected::Nothing;
        }
        let claim = notes.claim_over(kept.offset());
        let keep = claim.is_some_and(ClaimNote::keeps_tombstones);
        kept.record.placed(keep).is_some()
    }

    /// An object is about to be written.
    pub(crate) fn check_object(&mut self, key: &str, put: &Put) -> Verdict {
        if key == anchor_key(put.upload.id.partition) {
            return self.check_anchor(put);
        }
        match key.strip_prefix("_control/p/gaps/") {
            Some(name) => self.check_gap(name, put),
            None if key.starts_with("_control/p/claims/") => self.check_claim(key, put),
            None if self.plan.batched => self.check_part(key, put),
            None => self.check_record(key, put),
        }
    }

    fn check_record(&mut self, key: &str, put: &Put) -> Verdict {
        let (partition, identity) = (put.partition(), &put.upload.identity);
        let (value, timestamp) = record_of(put)?;
        let notes = &mut self.notes[partition];
        let holds = |expected: &Expected| match expected {
            Expected::Object { key: due, body } => due == key && *body == put.upload.body,
            Expected::Nothing => false,
        };
        let mut candidates = self.logs[partition].history.iter_mut().rev();
        let found = candidates
            .find(|kept| kept.record.timestamp == timestamp && holds(&kept.record.expected));
        let Some(kept) = found else {
            return Err(format!(
                "object {key} is not what any record of partition {partition} becomes"
            ));
        };
        let place = kept.record.place;
        if identity.zone != "z"
            || identity.place.partition != place.partition
            || identity.place.offset.0 != place.offset
            || value != hash(kept.record.value.as_deref())
        {
            return Err(format!("object {key} has the identity {identity:?}"));
        }
        kept.objects += 1;
        if kept.objects > 1 {
            return Err(format!("{place:?} is in two objects"));
        }
        let before = notes.landed.replace(place.incarnation);
        if !notes.blind && before.is_some_and(|before| before != place.incarnation) {
            return Err(format!(
                "{place:?} is mixed with records of another incarnation"
            ));
        }
        Ok(())
    }

    fn check_anchor(&mut self, put: &Put) -> Verdict {
        let partition = put.partition();
        let identity = &put.upload.identity;
        let (value, timestamp) = record_of(put)?;
        let time = timestamp.map_or_else(|| "null".to_owned(), |time| time.to_string());
        let expected = format!(
            "{{\"partition\":{partition},\"offset\":{},\"timestamp\":{time},\"sha256\":\"{}\"}}\n",
            identity.place.offset,
            hex::encode(value)
        );
        let is_meant = |kept: &Kept| {
            kept.record.timestamp == timestamp
                && kept.offset() == identity.place.offset.0
                && hash(kept.record.value.as_deref()) == value
        };
        if put.upload.body != expected.as_bytes()
            || !self.logs[partition].history.iter().any(is_meant)
        {
            return Err(format!(
                "the anchor of partition {partition} is no record of it"
            ));
        }
        self.notes[partition].begin(&put.view);
        Ok(())
    }

    fn check_gap(&mut self, name: &str, put: &Put) -> Verdict {
        let partition = put.partition();
        let parts: Vec<i64> = name
            .trim_end_matches(".json")
            .split('-')
            .filter_map(|part| part.parse().ok())
            .collect();
        let [named, start, end] = parts[..] else {
            return Err(format!("gap {name} has another name than agreed"));
        };
        let log = &self.logs[partition];
        let still_there = put.view.incarnation == log.incarnation && end > log.low;
        if named != partition as i64 || start >= end || still_there {
            return Err(format!(
                "gap {name} is no gap: partition {partition} begins at {}",
                log.low
            ));
        }
        self.notes[partition].gaps.push(RecordedGap {
            incarnation: put.view.incarnation,
            offsets: start..end,
        });
        Ok(())
    }

    /// A stop must have a reason in what happened to the log and the bucket.
    pub(crate) fn check_stop(&self, partition: usize, stop: &Stop) -> Verdict {
        let (log, notes) = (&self.logs[partition], &self.notes[partition]);
        let other_log = log.incarnation > 0 || log.was_cut;
        let justified = match stop {
            Stop::AnotherRecord(_) | Stop::LogTooShort { .. } | Stop::MoreThanClaimed(_) => {
                other_log
            }
            Stop::Gap(gap) | Stop::UnknownGap(gap) => {
                gap.start < gap.end && (gap.end.0 <= log.low || other_log)
            }
            // The model's anchors are never touched by others.
            Stop::UnreadableAnchor(_) => false,
            // Nor are claims removed: another zone has committed.
            Stop::ClaimsEndEarlier { .. }
            | Stop::AnotherZonesCommit { .. }
            | Stop::NobodysCommit(_) => notes.foreign_commit || self.plan.upgrading,
            Stop::UnusableControlObject { key, .. } => notes.foreign.contains(key),
            Stop::Conflict { key, .. } => {
                other_log && !key.starts_with("_control/p/anchors") || notes.foreign.contains(key)
            }
        };
        if justified {
            return Ok(());
        }
        Err(format!(
            "partition {partition} was stopped without a reason: {stop}"
        ))
    }

    /// After a lost position a partition may be inspected again only when all that was delivered is
    /// landed and committed.
    pub(crate) fn check_settled(&self, w: usize, partition: usize) -> Verdict {
        // A gap after which nothing was read belongs to the next extent.
        let nothing = |run: &Run| self.plan.batched && run.position == run.start;
        match &self.workers[w].runs[partition] {
            Some(run) if run.adopted || nothing(run) => Ok(()),
            Some(run) if run.reported && run.confirmed != Some(run.position) => Err(format!(
                "worker {w} looks at {partition} anew with {:?} committed of {}",
                run.confirmed, run.position
            )),
            _ => Ok(()),
        }
    }

    /// Memory and requests stay within their bounds.
    pub(crate) fn check_bounds(&self, w: usize) -> Verdict {
        let worker = &self.workers[w];
        let (puts, sent) = worker.puts().fold((0, 0), |(puts, bytes), put| {
            (puts + 1, bytes + put.upload.body.len())
        });
        let buffered = worker.engine.buffered_bytes();
        let most = match worker.batching() {
            None => worker.settings.memory_bytes + (BATCH + 1) * MOST_RECORD_BYTES,
            // Each record of the last poll may have begun an extent of its own.
            Some(_) => worker.settings.memory_bytes + (BATCH + 1) * MOST_EXTENT_BYTES,
        };
        if puts > self.plan.max_in_flight {
            return Err(format!("worker {w} has {puts} requests in flight"));
        }
        if buffered > most || buffered < sent {
            return Err(format!(
                "worker {w} holds {buffered} bytes, {sent} of them sent, {most} allowed"
            ));
        }
        let (encoding, allowed) = (
            worker.encodings().count(),
            worker
                .batching()
                .map_or(0, |batching| batching.max_encoding),
        );
        if encoding > allowed {
            return Err(format!("worker {w} encodes {encoding} extents at once"));
        }
        if buffered > 0 && puts + encoding == 0 && worker.engine.is_empty() {
            return Err(format!(
                "worker {w} holds {buffered} bytes for no partition"
            ));
        }
        Ok(())
    }

    /// The last look: each partition is landed to its end exactly once, or stands still.
    pub(crate) fn check_end(&mut self, w: usize) -> Verdict {
        for partition in 0..self.plan.partitions {
            if self.workers[w].stopped[partition] || self.notes[partition].blind {
                continue;
            }
            let log = &self.logs[partition];
            let (high, view) = (log.high, log.view());
            let seat = self.seat(w, partition);
            let committed = self.group[seat].committed.as_ref();
            let Some(known) = committed.filter(|known| known.next == high) else {
                return Err(format!(
                    "partition {partition} ends at {high}, but {committed:?} is committed"
                ));
            };
            let metadata = known.metadata.clone();
            self.check_commit(partition, high, &metadata, &view)?;
        }
        Ok(())
    }
}

/// Hash of the value and timestamp of the record that an object is about.
fn record_of(put: &Put) -> Result<([u8; 32], Option<i64>), String> {
    match &put.upload.identity.about {
        About::Record { value, timestamp } => Ok((value.0, *timestamp)),
        about => Err(format!("object {} is about {about:?}", put.upload.key)),
    }
}
