//! The thread that commits. librdkafka reports the result of an asynchronous commit only through a
//! callback, which rdkafka's event API never delivers; a synchronous commit would keep the poll
//! thread from polling.
//!
//! The engine decides what may be committed. Each commit is answered once, with
//! [`KafkaEvent::Committed`].

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, Sender},
    },
    thread::JoinHandle,
};

use anyhow::{Context, Result};
use rdkafka::consumer::{BaseConsumer, Consumer};

use crate::member::{
    commit::commit,
    context::MemberContext,
    messages::{Commit, KafkaEvent},
};

/// The thread and the channel to it. The thread ends when the channel is dropped.
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
        // Cannot fail: the thread lives as long as this end of the channel.
        self.commits.send(commit).ok();
    }

    /// Makes the commits that are still waiting, and ends the thread.
    pub(crate) fn finish(self) {
        drop(self.commits);
        self.thread.join().ok();
    }
}

fn serve(consumer: &BaseConsumer<MemberContext>, orders: &Receiver<Commit>) {
    while let Ok(first) = orders.recv() {
        // Everything that is waiting goes into one request.
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
