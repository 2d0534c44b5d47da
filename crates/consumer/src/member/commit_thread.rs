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
use rdkafka::consumer::{BaseConsumer, Consumer};

use crate::member::{commit::commit, context::MemberContext,
    messages::{Commit, KafkaEvent},};

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
        let confirmed = commit(consumer, &consumer.context().topic, &commits);
        let offsets = commits
            .iter()
            .map(|commit| (commit.partition, commit.next))
            .collect();
        consumer
            .context()
            .tell(KafkaEvent::Committed { offsets, confirmed });
    }
}
