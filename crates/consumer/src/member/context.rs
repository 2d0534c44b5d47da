//! librdkafka's callbacks: rebalance and log lines.
//!
//! They run on the poll thread. An assigned partition is not read until the engine has said where
//! it begins. A revocation waits until the event loop answers or the drain deadline passes, and
//! commits only what the loop answered.

use std::{
    collections::BTreeSet,
    error::Error,
    sync::{Mutex, PoisonError, mpsc::sync_channel},
    time::Duration,
};

use kafka::{
    complaints::{Complaints, keep_log_line, partition_list},
    end::LastEnd,
    tokens::{self, TokenSource},
};
use landing::Partition;
use rdkafka::{
    ClientContext, TopicPartitionList,
    client::OAuthToken,
    config::RDKafkaLogLevel,
    consumer::{BaseConsumer, Consumer, ConsumerContext},
    error::KafkaError,
    types::RDKafkaRespErr,
};
use tokio::sync::mpsc::Sender;

use crate::member::{
    commit::commit,
    messages::{Commit, KafkaEvent},
};

/// A set of partitions that callbacks and the poll thread share.
#[derive(Debug, Default)]
pub(crate) struct Reading(Mutex<BTreeSet<Partition>>);

impl Reading {
    pub(crate) fn insert(&self, partition: Partition) {
        self.with(|partitions| {
            partitions.insert(partition);
        });
    }

    /// Returns those that were in the set.
    pub(crate) fn remove(&self, gone: &[Partition]) -> Vec<Partition> {
        self.with(|partitions| {
            gone.iter()
                .copied()
                .filter(|partition| partitions.remove(partition))
                .collect()
        })
    }

    pub(crate) fn all(&self) -> BTreeSet<Partition> {
        self.with(|partitions| partitions.clone())
    }

    fn with<T>(&self, f: impl FnOnce(&mut BTreeSet<Partition>) -> T) -> T {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Callbacks of the client that is a member of the group.
pub(crate) struct MemberContext {
    pub(crate) events: Sender<KafkaEvent>,
    pub(crate) drain_deadline: Duration,
    pub(crate) topic: String,
    /// Whether to commit at all; a dry run does not.
    pub(crate) commits: bool,
    /// The partitions that the group assigned to this member.
    pub(crate) owned: Reading,
    /// The partitions that the client reads: started, and neither stopped nor taken away.
    pub(crate) reading: Reading,
    pub(crate) complaints: Complaints,
    pub(crate) end: LastEnd,
    /// For brokers that ask for tokens.
    pub(crate) tokens: Option<TokenSource>,
}

impl ClientContext for MemberContext {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn generate_oauth_token(&self, _config: Option<&str>) -> Result<OAuthToken, Box<dyn Error>> {
        tokens::answer(self.tokens.as_ref())
    }

    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        keep_log_line(level, facility, message, &self.complaints);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        if !tokens::makes_its_own(reason) && !self.end.note(&error, reason) {
            self.complaints.add(reason);
        }
    }
}

impl ConsumerContext for MemberContext {
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        error: RDKafkaRespErr,
        partitions: &mut TopicPartitionList,
    ) {
        match error {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => {
                self.assign(consumer, partitions)
            }
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS => {
                self.revoke(consumer, partitions)
            }
            _ => tracing::warn!(code = ?error, "the group could not be rebalanced; trying again"),
        }
    }
}

impl MemberContext {
    /// Sends an event to the loop. The loop never stops receiving, so this waits only for a moment;
    /// once the loop is gone, nobody needs the event.
    pub(crate) fn tell(&self, event: KafkaEvent) {
        self.events.blocking_send(event).ok();
    }

    fn assign(&self, consumer: &BaseConsumer<Self>, partitions: &TopicPartitionList) {
        let numbers = numbers(partitions);
        tracing::info!(partitions = ?shown(&numbers), "assigned");
        // Acknowledge the assignment, but read nothing yet: the engine first looks at the committed
        // offset and the anchors, then each partition is added at an explicit offset. (A
        // placeholder offset and a seek would not work: the client refuses to seek on a partition
        // whose placeholder was out of range.)
        match consumer.incremental_assign(&TopicPartitionList::new()) {
            Ok(()) => {
                numbers
                    .iter()
                    .for_each(|partition| self.owned.insert(*partition));
                self.tell(KafkaEvent::Assigned(numbers));
            }
            Err(error) => self.tell(KafkaEvent::Fatal(format!(
                "partitions {:?} could not be assigned: {error}",
                shown(&numbers)
            ))),
        }
    }

    fn revoke(&self, consumer: &BaseConsumer<Self>, partitions: &TopicPartitionList) {
        let numbers = numbers(partitions);
        if consumer.assignment_lost() {
            tracing::warn!(partitions = ?shown(&numbers), "lost: the group took them away while this process was silent");
            self.tell(KafkaEvent::Lost(numbers.clone()));
        } else {
            tracing::info!(partitions = ?shown(&numbers), "revoked");
            let commits = self.ask_for_commits(numbers.clone());
            if self.commits {
                commit(consumer, &self.topic, &commits);
            }
        }
        self.owned.remove(&numbers);
        let read = self.reading.remove(&numbers);
        if let Err(error) = consumer.incremental_unassign(&partition_list(&self.topic, read)) {
            tracing::debug!(%error, "unassign");
        }
    }

    fn ask_for_commits(&self, partitions: Vec<Partition>) -> Vec<Commit> {
        let (reply, answer) = sync_channel(1);
        self.tell(KafkaEvent::Revoked { partitions, reply });
        // The loop keeps the deadline itself; the extra second lets its answer arrive.
        let answer: Result<Vec<Commit>, _> =
            answer.recv_timeout(self.drain_deadline + Duration::from_secs(1));
        answer.unwrap_or_default()
    }
}

fn numbers(partitions: &TopicPartitionList) -> Vec<Partition> {
    partitions
        .elements()
        .iter()
        .map(|element| Partition(element.partition()))
        .collect()
}

/// The bare numbers, for log lines.
fn shown(partitions: &[Partition]) -> Vec<i32> {
    partitions.iter().map(|partition| partition.0).collect()
}
