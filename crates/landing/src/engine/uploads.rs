//! Uploads in the engine: their queue, and what follows when one is answered.
//!
//! Not here: the facts that lead to them (see the parent module), and the extents that files come
//! from (see `batches`).

use super::{
    Engine,
    partition::{PartitionState, Phase, Running, Work, ZoneAnchor},
    types::{Action, ObjectLayout, Upload, UploadId, UploadKind},
};
use crate::{
    anchor::Anchor,
    chain::{Chain, Rotation},
    identity::{About, Identity},
    place::{Extent, Partition},
    record::ValueHash,
    start::Stop,
};

impl Engine {
    /// Starts a partition over: drops everything of its earlier life, and asks for the facts.
    pub(super) fn inspect_anew(&mut self, partition: Partition) {
        self.drop_waiting(partition);
        self.abandon_chain(partition);
        self.generations += 1;
        self.partitions
            .insert(partition, PartitionState::new(self.generations));
        self.actions.push_back(Action::Inspect {
            partition,
            generation: self.generations,
        });
    }

    /// Drops what was taken in, because it is less than a claim was made of: the partition starts
    /// over from that claim, or is let go.
    pub(super) fn begin_anew(&mut self, partition: Partition) {
        let state = self.partitions.get(&partition);
        if state.is_some_and(|state| !state.is_revoked()) {
            self.inspect_anew(partition);
        } else {
            self.drop_waiting(partition);
            self.abandon_chain(partition);
        }
    }

    /// Asks for the records of a partition.
    pub(super) fn start_reading(&mut self, partition: Partition, running: Running) {
        let offset = running.position();
        if let Some(state) = self.partitions.get_mut(&partition) {
            state.phase = Phase::Starting(running);
            self.actions.push_back(Action::Start {
                partition,
                generation: state.generation,
                offset,
                paused: self.paused,
            });
        }
    }

    /// An object waits for the partition's anchor, then for its turn.
    pub(super) fn enqueue(&mut self, id: UploadId, key: String, about: About, body: Vec<u8>) {
        let upload = self.upload(id, key, about, body);
        let running = self
            .partitions
            .get(&id.partition)
            .and_then(PartitionState::running);
        if running.is_some_and(|running| running.zone_anchor == ZoneAnchor::Pending) {
            self.held.push(upload);
        } else {
            self.waiting.push_back(upload);
        }
    }

    /// The anchor of `record` goes out before anything else.
    pub(super) fn upload_anchor(&mut self, record: UploadId) {
        let body = record.anchor.to_body(record.partition);
        let id = UploadId {
            kind: UploadKind::Anchor,
            bytes: body.len(),
            ..record
        };
        let key = self.settings.prefix.anchor_key(id.partition);
        let upload = self.upload(id, key, about_record(&id.anchor), body);
        self.waiting.push_front(upload);
    }

    pub(super) fn upload_gap(&mut self, gap: Extent, generation: u64) {
        let Extent { partition, range } = gap;
        let body = format!(
            "{{\"partition\":{partition},\"start\":{},\"end\":{}}}\n",
            range.start, range.end
        )
        .into_bytes();
        let anchor = Anchor {
            offset: range.start,
            timestamp: None,
            value: ValueHash::of(Some(&body)),
        };
        let id = UploadId {
            partition,
            generation,
            kind: UploadKind::Gap(range),
            anchor,
            bytes: body.len(),
            number: 0,
        };
        let key = self.settings.prefix.gap_key(gap);
        let upload = self.upload(id, key, about_record(&anchor), body);
        self.waiting.push_front(upload);
    }

    fn upload(&mut self, id: UploadId, key: String, about: About, body: Vec<u8>) -> Upload {
        self.memory.take_upload(id.bytes);
        let identity = Identity {
            zone: self.settings.zone_id.clone(),
            place: id.place(),
            about,
        };
        Upload {
            id,
            key,
            body,
            identity,
        }
    }

    /// Pauses reading when the memory is used up, and resumes it at half of it. It also resumes
    /// when nothing that is under way can free any: then the engine waits for the records that an
    /// extent still lacks.
    pub(super) fn regulate(&mut self) {
        self.admit_queued();
        let used = self.buffered_bytes();
        if !self.paused && used >= self.memory.bound() && self.can_make_room() {
            self.paused = true;
            self.actions.push_back(Action::Pause);
        } else if self.paused && (used <= self.memory.half() || !self.can_make_room()) {
            self.paused = false;
            self.actions.push_back(Action::Resume);
        }
    }

    fn can_make_room(&mut self) -> bool {
        match self.settings.layout {
            ObjectLayout::PerRecord => true,
            ObjectLayout::Batched(_) => self.make_room(),
        }
    }

    pub(super) fn drop_waiting(&mut self, partition: Partition) {
        let memory = &mut self.memory;
        let mut keep = |upload: &Upload| {
            let keep = upload.id.partition != partition;
            if !keep {
                memory.give_back_upload(upload.id.bytes);
            }
            keep
        };
        self.waiting.retain(&mut keep);
        self.held.retain(keep);
    }

    /// The object of `id` is in the bucket.
    pub(super) fn durable(&mut self, id: UploadId, already_there: bool) {
        self.count(id, already_there);
        let Some(state) = self.partitions.get_mut(&id.partition) else {
            return;
        };
        let is_revoked = state.is_revoked();
        match (id.kind, &mut state.phase) {
            (UploadKind::Record | UploadKind::DeadLetter(_), Phase::Running(running)) => {
                if let Work::PerRecord(tracker) = &mut running.work {
                    tracker.landed(id.anchor);
                }
            }
            (UploadKind::Claim, _) => self.claimed(id),
            (UploadKind::File(_) | UploadKind::DeadLetters, _) => self.part_durable(id),
            (UploadKind::Anchor, Phase::Running(running)) => {
                running.zone_anchor = ZoneAnchor::Durable;
                let held = |upload: &mut Upload| upload.id.partition == id.partition;
                self.waiting.extend(self.held.extract_if(.., held));
            }
            (UploadKind::Gap(_), phase @ Phase::RecordingGap(..)) if !is_revoked => {
                if let Phase::RecordingGap(running) = std::mem::replace(phase, Phase::Inspecting) {
                    self.admit(id.partition, running);
                }
            }
            _ => {}
        }
    }

    /// Something else is where the object of `id` must go.
    pub(super) fn conflict(&mut self, id: UploadId, stop: Stop) {
        if id.kind == UploadKind::Anchor {
            // Another process anchored this partition meanwhile: its anchor is a fact to begin
            // from, perhaps at an earlier offset.
            return self.begin_anew(id.partition);
        }
        self.stop(id.partition, stop);
    }

    /// The partition stands still from here on; uploads in flight are still finished.
    pub(super) fn stop(&mut self, partition: Partition, stop: Stop) {
        let Some(state) = self.partitions.get_mut(&partition) else {
            return;
        };
        match &mut state.phase {
            Phase::Running(running) if running.stopped.is_none() => {
                running.stopped = Some(stop.clone())
            }
            Phase::RecordingGap(..) => state.phase = Phase::Refused(stop.clone()),
            _ => return,
        }
        self.actions.push_back(Action::Stop { partition, stop });
        self.drop_waiting(partition);
        self.abandon_chain(partition);
    }

    /// Nothing more comes for now: lands what came, in the batched layouts as an extent that ends
    /// here.
    pub(super) fn finish_what_came(&mut self, partition: Partition) {
        self.rotate(partition, Rotation::Drain);
        let chain = self
            .partitions
            .get_mut(&partition)
            .and_then(PartitionState::running_mut)
            .and_then(Running::chain_mut);
        // What still waits for a claimed end cannot be finished here.
        self.memory.give_back(chain.map_or(0, Chain::give_up_open));
    }

    pub(super) fn settled_or_released(&mut self, partition: Partition) {
        self.release_if_idle(partition);
        self.inspect_if_settled(partition);
    }

    pub(super) fn release_if_idle(&mut self, partition: Partition) {
        if self
            .partitions
            .get(&partition)
            .is_some_and(|state| state.is_revoked() && state.in_flight == 0 && !state.is_closing())
        {
            self.release_now(partition);
        }
    }

    pub(super) fn inspect_if_settled(&mut self, partition: Partition) {
        let settled = |state: &PartitionState| {
            !state.is_revoked()
                && state.running().is_some_and(|running| {
                    running.position_lost && running.stopped.is_none() && running.settled()
                })
        };
        if self.partitions.get(&partition).is_some_and(settled) {
            self.inspect_anew(partition);
        }
    }

    fn count(&mut self, id: UploadId, already_there: bool) {
        let counts = &mut self.counts;
        match id.kind {
            UploadKind::Record => counts.records += 1,
            UploadKind::DeadLetter(reason) => {
                *counts.dead_letters.entry(reason.code()).or_default() += 1
            }
            UploadKind::Gap(_) => return counts.gaps += 1,
            UploadKind::File(records) => counts.records += records,
            UploadKind::DeadLetters => {}
            UploadKind::Anchor | UploadKind::Claim => return,
        }
        if already_there {
            counts.already_there += 1;
        } else {
            counts.objects += 1;
            counts.bytes += id.bytes as u64;
        }
    }
}

fn about_record(anchor: &Anchor) -> About {
    About::Record {
        value: anchor.value,
        timestamp: anchor.timestamp,
    }
}
