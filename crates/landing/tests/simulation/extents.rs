//! What must hold for extents: claims, their files and dead letters, worked out from the log's
//! history and the bucket alone.
//!
//! Keys and hashes are written down a second time here on purpose. Not here: how claims are read
//! (`notes`), and records and commits as both layouts know them (`judge`).

use landing::identity::About;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{
    bucket::claim_key,
    log::{Kept, hash},
    notes::ClaimNote,
    plan::numbered,
    record::Placed,
    settings::MAX_RECORDS,
    worker::Put,
    world::{Verdict, World},
};

impl World {
    /// A claim is about to be written: it begins where the newest one ends, and that one is
    /// finished.
    pub(crate) fn check_claim(&mut self, key: &str, put: &Put) -> Verdict {
        let partition = put.partition();
        let Some(claim) = ClaimNote::read(numbered(partition), put) else {
            return Err(format!(
                "claim {key} is none: {}",
                String::from_utf8_lossy(&put.upload.body)
            ));
        };
        if key != claim_key(numbered(partition), claim.start) {
            return Err(format!("claim {key} is for {}", claim.start));
        }
        self.notes[partition].begin(&put.view);
        let notes = &self.notes[partition];
        let before = notes.newest_claim();
        let due = before.map_or(0, |before| before.end);
        if claim.start != due {
            return Err(format!(
                "claim {key} is for {}, but claims end at {due}",
                claim.start
            ));
        }
        let open = before
            .iter()
            .flat_map(|before| &before.keys)
            .find(|key| self.bucket.get(key).is_none());
        if let Some(open) = open {
            return Err(format!("claim {key} is written before object {open}"));
        }
        self.check_claimed_counts(partition, &claim)?;
        self.notes[partition].claims.push(claim);
        Ok(())
    }

    /// There were as many records as the claim says.
    fn check_claimed_counts(&self, partition: usize, claim: &ClaimNote) -> Verdict {
        let history = self.logs[partition].history.iter();
        let seen: Vec<&Kept> = history
            .filter(|kept| {
                kept.is_in(&claim.view) && (claim.start..claim.end).contains(&kept.offset())
            })
            .collect();
        let (all, start) = (claim.all_records(), claim.start);
        if all > seen.len() as u64 || all > MAX_RECORDS {
            return Err(format!(
                "the claim of partition {partition} at {start} has {all} records"
            ));
        }
        for key in &claim.keys {
            let there = seen.iter().filter(|kept| belongs(kept, claim, key)).count();
            let (records, ..) = claim.says_of(key);
            if records > there as u64 {
                return Err(format!(
                    "the claim of partition {partition} at {start} has {records} records for {key}"
                ));
            }
        }
        Ok(())
    }

    /// A file or the dead letters of an extent are about to be written.
    pub(crate) fn check_part(&mut self, key: &str, put: &Put) -> Verdict {
        let (partition, identity) = (put.partition(), &put.upload.identity);
        let notes = &self.notes[partition];
        let claim = notes
            .claim_at(identity.place.offset.0)
            .filter(|claim| claim.keys.iter().any(|due| due == key));
        let Some(claim) = claim.cloned() else {
            return Err(format!("object {key} is of no claim"));
        };
        let part = key
            .strip_prefix("p/dt=")
            .map_or("dead-letters", |rest| rest.split_once('/').unwrap().0);
        let about = match &identity.about {
            About::Extent { end, part } => (end.0, part.as_str()),
            _ => return Err(format!("object {key} has the identity {identity:?}")),
        };
        if (
            identity.zone.as_str(),
            identity.place.partition.0 as usize,
            about,
        ) != ("z", partition, (claim.end, part))
        {
            return Err(format!("object {key} has the identity {identity:?}"));
        }
        if notes
            .newest_claim()
            .is_some_and(|newest| newest.start != claim.start)
        {
            return Err(format!("object {key} is written after the next claim"));
        }
        let held = self.records_of(key, put, &claim)?;
        self.check_against_claim(key, put, &claim, &held)?;
        self.mark_landed(partition, &held)
    }

    /// The records that a body holds, as indexes into the log's history.
    fn records_of(&self, key: &str, put: &Put, claim: &ClaimNote) -> Result<Vec<usize>, String> {
        let text = std::str::from_utf8(&put.upload.body)
            .map_err(|_| format!("object {key} is no text"))?;
        let mut lines = text.lines();
        if key.starts_with("p/") {
            let rules: Option<Value> = lines
                .next()
                .and_then(|line| serde_json::from_str(line).ok());
            if rules.as_ref() != Some(&claim.body["files"]) {
                return Err(format!(
                    "object {key} is written by other rules than its claim's"
                ));
            }
        }
        let mut held = Vec::new();
        let mut next = claim.start;
        for line in lines {
            let history = self.logs[put.partition()].history.iter();
            let found = history
                .enumerate()
                .rev()
                .find(|(_, kept)| belongs(kept, claim, key) && is_line(kept, line));
            let Some((index, kept)) = found else {
                return Err(format!(
                    "object {key} holds what is no record of it: {line}"
                ));
            };
            if !(next..claim.end).contains(&kept.offset()) {
                return Err(format!(
                    "object {key} holds {:?} out of its place",
                    kept.record.place
                ));
            }
            next = kept.offset() + 1;
            held.push(index);
        }
        Ok(held)
    }

    /// What the object holds is what the claim was made of, or less after compaction.
    fn check_against_claim(
        &mut self,
        key: &str,
        put: &Put,
        claim: &ClaimNote,
        held: &[usize],
    ) -> Verdict {
        let partition = put.partition();
        if self.notes[partition].blind {
            return Ok(());
        }
        let log = &self.logs[partition];
        let (records, claimed_hash, body) = claim.says_of(key);
        let count = held.len() as u64;
        let held = || held.iter().map(|index| &log.history[*index]);
        let same_values = content_hash(held()) == claimed_hash;
        let foreign = held().any(|kept| !kept.is_in(&claim.view));
        let other_log = log.views_differ([&claim.view, &put.view], claim.end);
        if (other_log || foreign) && (count < records || same_values) {
            // Fewer records of another log look like the same log after compaction; and the same
            // values, sent again, like the same.
            self.notes[partition].blind = true;
            self.note(|| format!("     nothing shows that {key} is of another log than its claim"));
            return Ok(());
        }
        let same = same_values && hex::encode(Sha256::digest(&put.upload.body)) == body;
        if foreign || count > records || count == records && count > 0 && !same {
            return Err(format!(
                "object {key} does not hold what its claim was made of"
            ));
        }
        Ok(())
    }

    fn mark_landed(&mut self, partition: usize, held: &[usize]) -> Verdict {
        for index in held {
            let kept = &mut self.logs[partition].history[*index];
            kept.objects += 1;
            let (objects, place) = (kept.objects, kept.record.place);
            let notes = &mut self.notes[partition];
            if objects > 1 {
                return Err(format!("{place:?} is in two objects"));
            }
            let before = notes.landed.replace(place.incarnation);
            if !notes.blind && before.is_some_and(|before| before != place.incarnation) {
                return Err(format!(
                    "{place:?} is mixed with records of another incarnation"
                ));
            }
        }
        Ok(())
    }

    /// In the batched layouts only ends of extents are committed, whose objects are all there, or a
    /// place to begin.
    pub(crate) fn check_committed_extent(
        &self,
        partition: usize,
        next: i64,
        metadata: &str,
    ) -> Verdict {
        if metadata.starts_with("v1;start") {
            return Ok(());
        }
        let mut claims = self.notes[partition].claims.iter();
        let Some(claim) = claims.find(|claim| claim.end == next) else {
            return Err(format!(
                "{next} is committed for partition {partition}, but is no end of an extent"
            ));
        };
        match claim.keys.iter().find(|key| self.bucket.get(key).is_none()) {
            Some(key) => Err(format!(
                "{next} is committed for partition {partition} before object {key}"
            )),
            None => Ok(()),
        }
    }
}

/// Whether a record goes into the object of a claim at this key.
fn belongs(kept: &Kept, claim: &ClaimNote, key: &str) -> bool {
    match kept.record.placed(claim.keeps_tombstones()) {
        None => false,
        Some(Placed::Date(date)) => key.starts_with(&format!("p/dt={date}/")),
        Some(Placed::Letter(_) | Placed::Tombstone(_)) => key.starts_with("_control/"),
    }
}

/// Whether a line of a file or of dead letters is this record.
fn is_line(kept: &Kept, line: &str) -> bool {
    let record = &kept.record;
    match record.placed(true) {
        Some(Placed::Date(_)) => {
            let value: Value = serde_json::from_str(line).unwrap_or_default();
            value["offset"] == kept.offset()
                && value["timestamp"].as_i64() == record.timestamp
                && value["sha256"] == hex::encode(hash(record.value.as_deref()))
        }
        Some(Placed::Letter(due) | Placed::Tombstone(due)) => due.trim_end() == line,
        None => false,
    }
}

/// The claim's hash over records, once more.
fn content_hash<'k>(records: impl Iterator<Item = &'k Kept>) -> String {
    let mut digest = Sha256::new();
    for kept in records {
        let value = kept.record.value.as_deref();
        digest.update(kept.offset().to_be_bytes());
        digest.update(
            value
                .map_or(u64::MAX, |value| value.len() as u64)
                .to_be_bytes(),
        );
        digest.update(value.unwrap_or_default());
    }
    hex::encode(digest.finalize())
}
