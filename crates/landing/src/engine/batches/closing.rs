//! Extents that are being closed: encoding, files, end.
//!
//! The memory of the records is given back when it is known whose claim counts (from then on the
//! files count), or when the partition is dropped; so the bound holds for records and files
//! together. Not here: when an extent is closed (see `rotation`), whose claim counts (see
//! `claiming`), and the protocol itself (see [`crate::chain`]).

use std::sync::Arc;

use crate::{
    batch::Batch,
    chain::{Encoded, Step},
    claim::Claim,
    engine::{
        Engine,
        partition::{PartitionState, Running},
        types::{Encode, ExtentId, UploadId, UploadKind},
    },
    extent,
    format::Format,
    identity::About,
    place::Partition,
    start::Stop,
};

impl Engine {
    /// An extent was laid out and encoded.
    pub fn encoded(&mut self, done: Box<Encode>, encoded: Encoded) {
        self.batches.encoding -= 1;
        let Some(extent) = self.still_wanted(done) else {
            return;
        };
        let (id, claim) = (extent.id, extent.claim.clone());
        let batch = self.keep_the_rest(*extent, &encoded);
        let Some(claim) = claim else {
            return self.write_claim(id, batch, encoded);
        };
        self.memory.give_back(batch.memory());
        if extent::fits_claim(&claim, &encoded.contents) {
            self.write_files(id, encoded);
        } else {
            self.does_not_fit(id.start.partition, &claim);
        }
    }

    /// Returns the extent if it is still being closed; otherwise gives its memory back.
    fn still_wanted(&mut self, done: Box<Encode>) -> Option<Box<Encode>> {
        let state = self.partitions.get(&done.id.start.partition);
        let running = state
            .filter(|state| state.generation == done.id.generation)
            .and_then(PartitionState::running)
            .filter(|running| running.stopped.is_none());
        let chain = running.and_then(Running::chain);
        if chain.is_some_and(|chain| chain.closing.is_some()) {
            return Some(done);
        }
        self.memory.give_back(done.batch.memory());
        self.settled_or_released(done.id.start.partition);
        None
    }

    /// Returns the records of the extent; those from the date that is one too many go back and wait
    /// for the next extent.
    fn keep_the_rest(&mut self, extent: Encode, encoded: &Encoded) -> Batch {
        let (mut batch, end) = (extent.batch, encoded.contents.end);
        if end < extent.end {
            let memory = batch.memory();
            let rest = batch.split_off(end);
            self.memory.exchange(memory, batch.memory() + rest.memory());
            if let Some(chain) = self.chain_of(extent.id.start.partition) {
                chain.cut_short(end, rest);
            }
        } else if extent.claim.is_none() {
            let is_first = self.batches.ratio.learn(batch.bytes(), encoded.bytes());
            if is_first {
                // Until now the others waited for this ratio, and some may have enough by it.
                let partitions: Vec<Partition> = self.partitions.keys().copied().collect();
                for partition in partitions {
                    self.rotate_if_full(partition);
                }
            }
        }
        self.memory.give_back(batch.give_back_reserved());
        batch
    }

    /// What was read is not what a claim was made of. If it was read before that claim was found,
    /// the claimer may have read after a compaction: then reading again returns what the claimer
    /// saw, or less.
    fn does_not_fit(&mut self, partition: Partition, claim: &Claim) {
        let closing = self
            .chain_of(partition)
            .and_then(|chain| chain.closing.as_ref());
        if closing.is_some_and(|closing| closing.read_again) {
            self.stop(partition, Stop::MoreThanClaimed(claim.range()));
        } else {
            self.begin_anew(partition);
        }
        self.settled_or_released(partition);
    }

    /// An extent cannot be encoded, and trying again would not help.
    pub fn encode_refused(&mut self, done: Box<Encode>, stop: Stop) {
        self.batches.encoding -= 1;
        if let Some(extent) = self.still_wanted(done) {
            self.memory.give_back(extent.batch.memory());
            self.stop(extent.id.start.partition, stop);
            self.settled_or_released(extent.id.start.partition);
        }
    }

    /// It is known which claim counts: writes the objects that it lists.
    pub(in crate::engine) fn write_files(&mut self, extent: ExtentId, encoded: Encoded) {
        let Some(chain) = self.chain_of(extent.start.partition) else {
            return;
        };
        let batching = Arc::clone(chain.batching());
        let Some(closing) = &mut chain.closing else {
            return;
        };
        let claim = closing.adopted.clone();
        let rules = claim.as_ref().map_or(&batching.files, |claim| &claim.files);
        let end = closing.end;
        let Encoded {
            mut contents,
            files,
            rounded,
        } = encoded;
        let letters = std::mem::take(&mut contents.dead_letters);
        // A claim that lists dead letters is complete only with their object, however little
        // compaction left of them.
        let claimed = claim
            .as_ref()
            .is_some_and(|claim| claim.dead_letters.records > 0);
        let has_letters = claimed || !letters.is_empty();
        let objects = files.len() + usize::from(has_letters);
        closing.step = Step::Writing {
            left: objects,
            contents: Box::new(contents),
            rounded,
        };
        if has_letters {
            let key = self.settings.prefix.dead_letters_key(extent.start);
            let about = About::Extent {
                end,
                part: "dead-letters".to_owned(),
            };
            let id = UploadId::of_extent(extent, UploadKind::DeadLetters, letters.len());
            self.enqueue(id, key, about, letters);
        }
        let suffix = batching.suffix(rules);
        for file in files {
            let key = self
                .settings
                .prefix
                .extent_key(&file.date, extent.start, &suffix);
            let kind = UploadKind::File(file.records);
            let about = About::Extent {
                end,
                part: file.date.as_str().to_owned(),
            };
            let id = UploadId::of_extent(extent, kind, file.body.len());
            self.enqueue(id, key, about, file.body);
        }
        if objects == 0 {
            self.extent_finished(extent.start.partition);
        }
    }

    /// One object of the extent that is being closed is durable.
    pub(in crate::engine) fn part_durable(&mut self, id: UploadId) {
        let Some(closing) = self
            .chain_of(id.partition)
            .and_then(|chain| chain.closing.as_mut())
        else {
            return;
        };
        let Step::Writing { left, .. } = &mut closing.step else {
            return;
        };
        *left -= 1;
        if *left == 0 {
            self.extent_finished(id.partition);
        }
    }

    fn extent_finished(&mut self, partition: Partition) {
        let Some(chain) = self.chain_of(partition) else {
            return;
        };
        let Some(closing) = &chain.closing else {
            return;
        };
        let Step::Writing {
            contents, rounded, ..
        } = &closing.step
        else {
            return;
        };
        // Counted together with the records of the extent: its dead letters alone, which are stored
        // first, would look like most of it.
        let (reasons, tombstones, rounded) =
            (contents.reasons.clone(), contents.tombstones, *rounded);
        let is_raw = chain.batching().format == Format::Jsonl;
        let has_partition_column = is_raw && contents.has_partition_column;
        let anchor = contents.last.as_ref().and_then(|last| last.to_anchor());
        chain.finished(anchor);
        for (reason, count) in reasons {
            *self.counts.dead_letters.entry(reason).or_default() += count;
        }
        self.counts.tombstones += tombstones;
        self.counts.rounded += rounded;
        self.counts.has_partition_column |= has_partition_column;
        // The end of an extent is worth a commit of its own: after a crash, whatever is not
        // committed must be looked up and compared.
        self.next_commit = self.next_commit.min(self.now);
        self.close_next(partition);
        self.settled_or_released(partition);
    }
}
