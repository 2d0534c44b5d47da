//! The thread that commits: librdkafka tells the end of an asynchronous commit only by a callback
//! that rdkafka's event API never delivers, and a synchronous one must not keep the poll thread
//! from polling.
//!
//! Not here: what may be committed (the engine's business).
//! Invariant: each commit it was given is answered once, with [`KafkaEvent::Committed`].

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, Sender},
    },
    thread::JoinHandle,
};

use anyhow::{Context, Result};
use rdkafka::{
    TopicPartitionList,
    consumer::{BaseConsumer, CommitMode, Consumer},
};

use crate::member::{
    context::MemberContext,
    messages::{Commit, KafkaEvent},
};

/// The thread, and the way to it. It ends when the way is dropped.
pub(crate) struct CommitThread {
    commits: Sender<Commit>,
    thread: JoinHandle<()>,
}

impl CommitThread {
    pub(crate) fn start(consumer: Arc<BaseConsumer<MemberContext>>) -> Result<Self> {
        let (commits, orders) = std::sync::mpsc::channel();
        let run = move || serve(&consumer, &orders);
        let thread = std::thread::Builder::new()
            .name("kafka-commit".to_owned())
            .spawn(run)
            .context("the commit thread cannot be started")?;
        Ok(Self { commits, thread })
    }

    pub(crate) fn send(&self, commit: Commit) {
        // The thread ends only after this end of the channel is gone.
        self.commits.send(commit).ok();
    }

    /// Makes the commits that still wait, all in one request, and ends the thread.
    pub(crate) fn finish(self) {
        drop(self.commits);
        self.thread.join().ok();
    }
}

fn serve(consumer: &BaseConsumer<MemberContext>, orders: &Receiver<Commit>) {
    while let Ok(first) = orders.recv() {
        // All partitions that wait go in one request.
        let commits: Vec<Commit> = std::iter::once(first).chain(orders.try_iter()).collect();
        let confirmed = commit(consumer, &commits);
        let offsets = commits
            .iter()
            .map(|commit| (commit.partition, commit.next))
            .collect();
        consumer
            .context()
            .tell(KafkaEvent::Committed { offsets, confirmed });
    }
}

/// Commits and waits for the answer. A refusal only means that records will be looked at again, so
/// it is logged and no more.
pub(crate) fn commit(consumer: &BaseConsumer<MemberContext>, commits: &[Commit]) -> bool {
    if commits.is_empty() {
        return true;
    }
    let mut list = TopicPartitionList::with_capacity(commits.len());
    for commit in commits {
        let mut element = list.add_partition(&consumer.context().topic, commit.partition.0);
        element.set_metadata(&commit.metadata);
        // `commit` takes the value as it is: the next offset. (`store_offset` would add one.)
        if let Err(error) = element.set_offset(rdkafka::Offset::Offset(commit.next.0)) {
            tracing::error!(%error, partition = commit.partition.0, "offset cannot be committed");
            return false;
        }
    }
    match consumer.commit(&list, CommitMode::Sync) {
        Ok(()) => true,
        Err(error) => {
            tracing::info!(%error, "a commit was refused; what is durable will be recognised and committed later");
            false
        }
    }
}
