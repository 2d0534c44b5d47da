//! One commit for several partitions.
//!
//! The engine decides what may be committed.

use rdkafka::{
    TopicPartitionList,
    consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext},
};

use crate::member::messages::Commit;

/// Commits, waits, and returns whether the broker accepted. A refusal is only logged: at worst,
/// records are looked at again.
pub(crate) fn commit<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    topic: &str,
    commits: &[Commit],
) -> bool {
    if commits.is_empty() {
        return true;
    }
    let mut list = TopicPartitionList::with_capacity(commits.len());
    for commit in commits {
        let mut element = list.add_partition(topic, commit.partition.0);
        element.set_metadata(&commit.metadata);
        // `commit` takes the next offset as it is; `store_offset` would add one.
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
