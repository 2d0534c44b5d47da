//! What start-up asks Kafka: whether it answers, whether the topic exists, how far the group has
//! committed, and where the logs end.
//!
//! Nothing here joins the group.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use anyhow::{Context, Result};
use kafka::{
    checks::{partitions, until_settled},
    look_up::{CommittedOffset, LookUp},
};
use landing::{Offset, Partition};

use crate::plan::Plan;

/// What Kafka answered.
pub(crate) struct KafkaFacts {
    pub(crate) partitions: Vec<Partition>,
    pub(crate) cluster_id: Option<String>,
    /// The group's committed next offsets.
    pub(crate) committed: Vec<CommittedOffset>,
    pub(crate) goals: BTreeMap<Partition, Offset>,
}

/// Asks all of it, on the blocking pool.
pub(crate) async fn check(look_up: Arc<LookUp>, plan: &Plan) -> Result<KafkaFacts> {
    let (timeout, settings) = (plan.run.connect_timeout, plan.kafka.clone());
    let (topic, until_end) = (plan.zone.topic.clone(), plan.run.until_end);
    tokio::task::spawn_blocking(move || {
        let partitions = partitions(&look_up, &settings, &topic, timeout)?;
        let cluster_id = look_up.cluster_id();
        let deadline = Instant::now() + timeout;
        let committed = until_settled(deadline, || look_up.committed(&partitions))?;
        let mut goals = BTreeMap::new();
        for &partition in partitions.iter().filter(|_| until_end) {
            let log = until_settled(deadline, || look_up.log_ends(partition))?;
            goals.insert(partition, log.end);
        }
        Ok(KafkaFacts {
            partitions,
            cluster_id,
            committed,
            goals,
        })
    })
    .await
    .context("the start-up check was broken off")?
}
