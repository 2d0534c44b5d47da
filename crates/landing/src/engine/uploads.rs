//! The engine's way with uploads: queue, memory, and what their ends mean.
//!
//! Not here: the facts that lead to them (see the parent module).
//! Invariant: `buffered` is the sum over all uploads that wait or are in flight.

use super::{Action, Engine, RECORD_OVERHEAD, Upload, UploadId, UploadKind};
use crate::{
    anchor::Anchor,
    identity::Identity,
    offset::OffsetRange,
    partition_state::{PartitionState, Phase, Running, ZoneAnchor},
    record::ValueHash,
    start::Stop,
};

impl Engine {
    /// A new life for a partition: everything of an earlier one is dropped, and the facts are asked for.
    pub(super) fn inspect_anew(&mut self, partition: i32) {
        self.drop_waiting(partition);
        self.generations += 1;
        self.partitions
            .insert(partition, PartitionState::new(self.generations));
        self.actions.push_back(Action::Inspect {
            partition,
            generation: self.generations,
        });
    }

    pub(super) fn begin(&mut self, partition: i32, running: Running) {
        let offset = running.tracker.position();
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

    /// A record's object waits for the partition's anchor, then for its turn.
    pub(super) fn enqueue(&mut self, id: UploadId, key: String, body: Vec<u8>) {
        let upload = self.upload(id, key, body);
        let running = self
            .partitions
            .get(&id.partition)
            .and_then(PartitionState::running);
        if running.is_some_and(|running| running.zone_anchor == ZoneAnchor::Durable) {
            self.waiting.push_back(upload);
        } else {
            self.held.push(upload);
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
        let upload = self.upload(id, self.settings.prefix.anchor_key(id.partition), body);
        self.waiting.push_front(upload);
    }

    pub(super) fn upload_gap(&mut self, partition: i32, generation: u64, gap: OffsetRange) {
        let body = format!(
            "{{\"partition\":{partition},\"start\":{},\"end\":{}}}\n",
            gap.start, gap.end
        )
        .into_bytes();
        let anchor = Anchor {
            offset: gap.start,
            timestamp: None,
            value: ValueHash::of(Some(&body)),
        };
        let id = UploadId {
            partition,
            generation,
            kind: UploadKind::Gap(gap),
            anchor,
            bytes: body.len(),
        };
        let upload = self.upload(id, self.settings.prefix.gap_key(partition, gap), body);
        self.waiting.push_front(upload);
    }

    fn upload(&mut self, id: UploadId, key: String, body: Vec<u8>) -> Upload {
        self.buffered += id.bytes + RECORD_OVERHEAD;
        let Anchor {
            offset,
            timestamp,
            value,
        } = id.anchor;
        let identity = Identity {
            zone: self.settings.zone_id.clone(),
            partition: id.partition,
            offset,
            value,
            timestamp,
        };
        Upload {
            id,
            key,
            body,
            identity,
        }
    }

    pub(super) fn release_memory(&mut self, bytes: usize) {
        self.buffered -= bytes + RECORD_OVERHEAD;
    }

    /// Pauses reading when the memory is used up, and lets it go on at half of it.
    pub(super) fn regulate(&mut self) {
        let used = self.buffered_bytes();
        if !self.paused && used >= self.settings.memory_bytes {
            self.paused = true;
            self.actions.push_back(Action::Pause);
        } else if self.paused && used <= self.settings.memory_bytes / 2 {
            self.paused = false;
            self.actions.push_back(Action::Resume);
        }
    }

    pub(super) fn drop_waiting(&mut self, partition: i32) {
        let mut dropped = Vec::new();
        let mut keep = |upload: &Upload| {
            let keep = upload.id.partition != partition;
            if !keep {
                dropped.push(upload.id.bytes);
            }
            keep
        };
        self.waiting.retain(&mut keep);
        self.held.retain(keep);
        for bytes in dropped {
            self.release_memory(bytes);
        }
    }

    /// The object of `id` is in the bucket.
    pub(super) fn durable(&mut self, id: UploadId, already_there: bool) {
        self.count(id, already_there);
        let Some(state) = self.partitions.get_mut(&id.partition) else {
            return;
        };
        match (id.kind, &mut state.phase) {
            (UploadKind::Record | UploadKind::DeadLetter(_), Phase::Running(running)) => {
                running.tracker.landed(id.anchor)
            }
            (UploadKind::Anchor, Phase::Running(running)) => {
                running.zone_anchor = ZoneAnchor::Durable;
                let held = |upload: &mut Upload| upload.id.partition == id.partition;
                self.waiting.extend(self.held.extract_if(.., held));
            }
            (UploadKind::Gap(_), phase @ Phase::RecordingGap(..)) if !state.revoked => {
                if let Phase::RecordingGap(running) = std::mem::replace(phase, Phase::Inspecting) {
                    self.begin(id.partition, running);
                }
            }
            _ => {}
        }
    }

    /// Something else is where the object of `id` must go.
    pub(super) fn conflict(&mut self, id: UploadId, stop: Stop) {
        let Some(state) = self.partitions.get_mut(&id.partition) else {
            return;
        };
        if id.kind == UploadKind::Anchor {
            // Another process anchored this partition meanwhile: its anchor is a fact to begin from, maybe at an earlier offset.
            if !state.revoked {
                self.inspect_anew(id.partition);
            }
            return;
        }
        match &mut state.phase {
            Phase::Running(running) if running.stopped.is_none() => {
                running.stopped = Some(stop.clone())
            }
            Phase::RecordingGap(..) => state.phase = Phase::Refused(stop.clone()),
            _ => return,
        }
        self.actions.push_back(Action::Stop {
            partition: id.partition,
            stop,
        });
        self.drop_waiting(id.partition);
    }

    pub(super) fn release_if_idle(&mut self, partition: i32) {
        if self
            .partitions
            .get(&partition)
            .is_some_and(|state| state.revoked && state.in_flight == 0)
        {
            self.release_now(partition);
        }
    }

    pub(super) fn inspect_if_settled(&mut self, partition: i32) {
        let settled = |state: &PartitionState| {
            !state.revoked
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
            UploadKind::Anchor => return,
        }
        if already_there {
            counts.already_there += 1;
        } else {
            counts.objects += 1;
            counts.bytes += id.bytes as u64;
        }
    }
}
