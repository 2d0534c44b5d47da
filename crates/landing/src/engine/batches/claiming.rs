//! Claims: ours is written, or another one counts.
//!
//! No file of an extent is written before it is known which claim counts. Not here: what comes
//! before and after (see `closing`), and the protocol itself (see [`crate::chain`]).

use std::sync::Arc;

use crate::{
    batch::Batch,
    chain::{Claiming, Encoded, Step},
    claim::{CLAIM_VERSION, Claim, ClaimedBody, ClaimedDate, ClaimedDeadLetters, FileRules},
    engine::{
        Engine,
        partition::{PartitionState, ZoneAnchor},
        types::{ExtentId, Settings, UploadId, UploadKind},
    },
    identity::About,
    place::Partition,
};

impl Engine {
    /// Writes the claim of an extent that was encoded by our own rules: they count if it does.
    pub(in crate::engine) fn write_claim(
        &mut self,
        extent: ExtentId,
        batch: Batch,
        encoded: Encoded,
    ) {
        let state = self.partitions.get_mut(&extent.start.partition);
        let Some(running) = state.and_then(PartitionState::running_mut) else {
            return;
        };
        let Some(chain) = running.chain_mut() else {
            return;
        };
        let files = &chain.batching().files;
        let claim = claim_of(extent, &self.settings, files, &encoded);
        let first = claim.first.as_ref().and_then(|first| first.to_anchor());
        self.memory.take(encoded.bytes());
        if let Some(closing) = &mut chain.closing {
            closing.step = Step::Claiming(Box::new(Claiming { batch, encoded }));
        }
        let needs_anchor = running.zone_anchor == ZoneAnchor::Unset;
        if needs_anchor && first.is_some() {
            running.zone_anchor = ZoneAnchor::Pending;
        }
        let body = claim.to_body();
        let id = UploadId::of_extent(extent, UploadKind::Claim, body.len());
        if needs_anchor && let Some(anchor) = first {
            self.upload_anchor(UploadId { anchor, ..id });
        }
        let key = self.settings.prefix.claim_key(extent.start);
        self.enqueue(id, key, About::Claim, body);
    }

    /// The claim of the extent is durable, and it is ours or says the same.
    pub(in crate::engine) fn claimed(&mut self, id: UploadId) {
        if let Some(kept) = self.take_claiming(id.partition) {
            self.memory.give_back(kept.memory());
            self.write_files(id.extent(), kept.encoded);
        }
    }

    /// Another claim for the same start was there.
    pub(in crate::engine) fn claim_found(&mut self, id: UploadId, claim: Arc<Claim>) {
        let state = self.partitions.get_mut(&id.partition);
        let Some(chain) = state.and_then(PartitionState::chain_mut) else {
            return;
        };
        let Some(Step::Claiming(kept)) = chain.closing.as_ref().map(|closing| &closing.step) else {
            return;
        };
        let files = &chain.batching().files;
        let ours = claim_of(id.extent(), &self.settings, files, &kept.encoded);
        if ours == *claim {
            // An earlier attempt of ours whose answer was lost, or a process that saw the same.
            self.claimed(id);
        } else if chain.covers(&claim) {
            self.adopt(id.partition, claim);
        } else {
            self.begin_anew(id.partition);
        }
    }

    /// The extent that is being closed is laid out again, by the claim that counts.
    fn adopt(&mut self, partition: Partition, claim: Arc<Claim>) {
        let Some(kept) = self.take_claiming(partition) else {
            return;
        };
        self.memory.give_back(kept.memory());
        if let Some(chain) = self.chain_of(partition) {
            let before = chain.waiting_memory();
            chain.adopt(claim, kept.batch);
            let after = chain.waiting_memory();
            self.memory.exchange(before, after);
        }
        self.close_next(partition);
    }

    /// Takes what was kept until it is known whose claim counts.
    fn take_claiming(&mut self, partition: Partition) -> Option<Box<Claiming>> {
        let closing = self.chain_of(partition)?.closing.as_mut()?;
        match std::mem::replace(&mut closing.step, Step::Encoding) {
            Step::Claiming(kept) => Some(kept),
            step => {
                closing.step = step;
                None
            }
        }
    }
}

fn claim_of(extent: ExtentId, settings: &Settings, files: &FileRules, encoded: &Encoded) -> Claim {
    let contents = &encoded.contents;
    let dates = contents.dates.iter().zip(&encoded.files);
    let dates = dates.map(|(date, file)| ClaimedDate {
        date: date.date.as_str().to_owned(),
        records: date.records,
        hash: date.hash.clone(),
        body: file.claimed.clone(),
    });
    Claim {
        version: CLAIM_VERSION,
        classifier: settings.classifier.number(),
        zone: settings.zone_id.clone(),
        partition: extent.start.partition,
        start: extent.start.offset,
        end: contents.end,
        files: files.clone(),
        dates: dates.collect(),
        dead_letters: ClaimedDeadLetters {
            records: contents.dead_letter_records(),
            hash: contents.dead_letter_hash.clone(),
            body: ClaimedBody::of(&contents.dead_letters),
        },
        tombstones: contents.tombstones,
        bytes: contents.bytes,
        first: contents.first.clone(),
        last: contents.last.clone(),
    }
}
