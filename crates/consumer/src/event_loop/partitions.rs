//! Partitions that come and go: their inspections, starts and revocations.
//!
//! Only wiring: the engine decides where a partition begins and what it leaves behind. A partition
//! has at most one inspection under way, and none after it was taken away.

use std::{collections::BTreeMap, sync::mpsc::SyncSender};

use anyhow::Result;
use landing::{Action, Offset, Partition};
use tokio::task::JoinError;

use crate::{
    event_loop::EventLoop,
    inspection::Inspected,
    member::messages::{Command, Commit},
};

impl EventLoop {
    /// Carries out one of the two steps in which a partition begins: inspect, then start.
    pub(super) fn begin(&mut self, action: Action) {
        match action {
            Action::Inspect {
                partition,
                generation,
            } => {
                self.tell(Command::Stop { partition });
                let inspection = self.inspector.clone().inspect(partition, generation);
                let task = self.work.inspections.spawn(inspection);
                self.forget_inspection(partition);
                self.work.inspecting.insert(partition, task);
            }
            Action::Start {
                partition,
                generation,
                offset,
                paused,
            } => {
                self.work.stopped.remove(&partition);
                self.tell(Command::Start {
                    partition,
                    generation,
                    offset,
                    paused,
                });
            }
            _ => {}
        }
    }

    pub(super) fn revoke(&mut self, partitions: &[Partition], reply: SyncSender<Vec<Commit>>) {
        let mut waiting = BTreeMap::new();
        for partition in partitions {
            self.forget_inspection(*partition);
            waiting.insert(*partition, self.engine.revoked(*partition));
        }
        self.work.revocations.begin(waiting, reply);
    }

    pub(super) fn lost(&mut self, partitions: &[Partition]) {
        for partition in partitions {
            self.forget_inspection(*partition);
            self.engine.lost(*partition);
        }
    }

    pub(super) fn inspected(&mut self, done: Result<Inspected, JoinError>) -> Result<()> {
        match done {
            Ok(Inspected {
                partition,
                generation,
                facts: Ok(facts),
            }) => self.engine.inspected(partition, generation, &facts),
            Ok(Inspected {
                partition,
                generation,
                facts: Err(stop),
            }) => self.engine.inspection_refused(partition, generation, stop),
            // The partition was taken away in the meantime.
            Err(error) if error.is_cancelled() => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Notes how far a partition was when the drain released it: up to the commit still to be made,
    /// or else up to the last one.
    pub(super) fn note_last(&mut self, partition: Partition, commit: Option<Offset>) {
        if let Some(last) = self.work.last.get_mut(&partition) {
            let durable = commit.or(last.committed).unwrap_or(last.durable);
            last.durable = last.durable.max(durable);
        }
    }

    fn forget_inspection(&mut self, partition: Partition) {
        if let Some(task) = self.work.inspecting.remove(&partition) {
            task.abort();
        }
    }
}
