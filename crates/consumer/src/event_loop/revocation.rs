//! Revocations in progress: the poll thread waits while uploads of the revoked partitions finish.
//!
//! The engine decides what is finished, what is dropped, and when a partition has had its time.
//!
//! Invariant: a revocation is answered once, as soon as the last of its assignments is released. A
//! revocation that the loop takes in late may be answered when the group has assigned the partition
//! again; so it waits for generations, not for partitions.

use std::{collections::BTreeMap, sync::mpsc::SyncSender};

use landing::Partition;

use crate::member::messages::Commit;

/// All revocations of this process that have not been answered, and commits that nobody waits for.
#[derive(Debug, Default)]
pub(crate) struct Revocations {
    open: Vec<Revocation>,
    leftover: Vec<Commit>,
}

#[derive(Debug)]
struct Revocation {
    /// The generation of each assignment that is not yet released.
    waiting: BTreeMap<Partition, u64>,
    commits: Vec<Commit>,
    reply: SyncSender<Vec<Commit>>,
}

impl Revocations {
    /// The group takes assignments with these generations back.
    pub(crate) fn begin(
        &mut self,
        waiting: BTreeMap<Partition, u64>,
        reply: SyncSender<Vec<Commit>>,
    ) {
        self.open.push(Revocation {
            waiting,
            commits: Vec::new(),
            reply,
        });
        self.answer_finished();
    }

    /// Notes that the engine released an assignment, with its last commit.
    pub(crate) fn released(
        &mut self,
        partition: Partition,
        generation: u64,
        commit: Option<Commit>,
    ) {
        let waits = |open: &&mut Revocation| open.waiting.get(&partition) == Some(&generation);
        match self.open.iter_mut().find(waits) {
            Some(revocation) => {
                revocation.waiting.remove(&partition);
                revocation.commits.extend(commit);
            }
            None => self.leftover.extend(commit),
        }
        self.answer_finished();
    }

    /// Takes the commits of partitions that the drain released, to be made before leaving the
    /// group.
    pub(crate) fn leftover(&mut self) -> Vec<Commit> {
        std::mem::take(&mut self.leftover)
    }

    fn answer_finished(&mut self) {
        self.open.retain_mut(|revocation| {
            let finished = revocation.waiting.is_empty();
            if finished {
                // This fails if the poll thread has given up waiting; the next owner then looks at
                // the records again.
                revocation
                    .reply
                    .send(std::mem::take(&mut revocation.commits))
                    .ok();
            }
            !finished
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;

    use landing::{Offset, Partition};

    use super::*;

    fn commit(partition: i32) -> Commit {
        Commit {
            partition: Partition(partition),
            next: Offset(7),
            metadata: String::new(),
        }
    }

    fn generations<const N: usize>(pairs: [(i32, u64); N]) -> BTreeMap<Partition, u64> {
        pairs
            .map(|(partition, generation)| (Partition(partition), generation))
            .into()
    }

    #[test]
    fn the_poll_thread_is_answered_when_the_last_partition_is_released() {
        let (mut revocations, (reply, answer)) = (Revocations::default(), sync_channel(1));
        revocations.begin(generations([(1, 4), (2, 5)]), reply);
        revocations.released(Partition(1), 4, Some(commit(1)));
        assert!(answer.try_recv().is_err());
        revocations.released(Partition(2), 5, None);
        assert_eq!(answer.try_recv(), Ok(vec![commit(1)]));
    }

    #[test]
    fn a_revocation_waits_for_the_assignment_that_it_took_back() {
        let (mut revocations, (reply, answer)) = (Revocations::default(), sync_channel(1));
        revocations.begin(generations([(1, 4)]), reply);
        revocations.released(Partition(1), 6, Some(commit(1)));
        assert!(answer.try_recv().is_err(), "that was a later assignment");
        revocations.released(Partition(1), 4, None);
        assert_eq!(answer.try_recv(), Ok(Vec::new()));
    }

    #[test]
    fn what_the_drain_releases_is_left_for_the_end() {
        let mut revocations = Revocations::default();
        revocations.released(Partition(3), 1, Some(commit(3)));
        assert_eq!(revocations.leftover(), [commit(3)]);
        assert!(revocations.leftover().is_empty());
    }
}
