//! Revocations in progress: the poll thread waits while uploads of the revoked partitions finish.
//!
//! The engine decides what is finished and what is dropped.
//!
//! Invariant: a revocation is answered once, as soon as its last partition is released. At its
//! deadline its partitions are overdue, and the loop releases them.

use std::{
    collections::BTreeSet,
    sync::mpsc::SyncSender,
    time::{Duration, Instant},
};

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
    waiting: BTreeSet<Partition>,
    commits: Vec<Commit>,
    reply: SyncSender<Vec<Commit>>,
    deadline: Instant,
}

impl Revocations {
    pub(crate) fn begin(
        &mut self,
        partitions: &[Partition],
        reply: SyncSender<Vec<Commit>>,
        deadline: Duration,
    ) {
        let waiting = partitions.iter().copied().collect();
        self.open.push(Revocation {
            waiting,
            commits: Vec::new(),
            reply,
            deadline: Instant::now() + deadline,
        });
        self.answer_finished();
    }

    /// Notes that the engine released a partition, with its last commit.
    pub(crate) fn released(&mut self, partition: Partition, commit: Option<Commit>) {
        match self
            .open
            .iter_mut()
            .find(|revocation| revocation.waiting.contains(&partition))
        {
            Some(revocation) => {
                revocation.waiting.remove(&partition);
                revocation.commits.extend(commit);
            }
            None => self.leftover.extend(commit),
        }
        self.answer_finished();
    }

    /// Partitions whose revocation is past its deadline: they must be released as they are.
    pub(crate) fn overdue(&self) -> Vec<Partition> {
        let now = Instant::now();
        self.open
            .iter()
            .filter(|revocation| revocation.deadline <= now)
            .flat_map(|revocation| revocation.waiting.iter().copied())
            .collect()
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

    #[test]
    fn the_poll_thread_is_answered_when_the_last_partition_is_released() {
        let (mut revocations, (reply, answer)) = (Revocations::default(), sync_channel(1));
        revocations.begin(
            &[Partition(1), Partition(2)],
            reply,
            Duration::from_secs(60),
        );
        revocations.released(Partition(1), Some(commit(1)));
        assert!(answer.try_recv().is_err());
        revocations.released(Partition(2), None);
        assert_eq!(answer.try_recv(), Ok(vec![commit(1)]));
    }

    #[test]
    fn what_the_drain_releases_is_left_for_the_end() {
        let mut revocations = Revocations::default();
        revocations.released(Partition(3), Some(commit(3)));
        assert_eq!(revocations.leftover(), [commit(3)]);
        assert!(revocations.leftover().is_empty());
    }

    #[test]
    fn a_revocation_becomes_overdue_at_its_deadline() {
        let (mut revocations, (reply, _answer)) = (Revocations::default(), sync_channel(1));
        revocations.begin(&[Partition(4)], reply, Duration::ZERO);
        assert_eq!(revocations.overdue(), [Partition(4)]);
    }
}
