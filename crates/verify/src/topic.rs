//! What Kafka is asked about the topic: its ends, the group's offsets, single records and ranges of
//! them.
//!
//! rdkafka's calls block, so they run on the blocking pool. Not here: what the answers mean. The
//! groups' offsets are asked for before anything is listed, so what lies below them was durable by
//! then.

use std::{
    cell::OnceCell,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use kafka::{
    checks, cleanup_policy,
    log_reader::{LogReader, LogRecords},
    look_up::LookUp,
    settings::KafkaSettings,
};
use landing::{Extent, OffsetRange, Partition, Place, anchor::AnchorReading};

use crate::group_offsets::{AskedGroup, Committed, GroupOffsets};

/// The topic of a zone, on its cluster.
pub(crate) struct Topic {
    look_up: Arc<LookUp>,
    reader: LogReader,
    settings: KafkaSettings,
    name: String,
    partitions: Vec<Partition>,
    /// What the groups have committed.
    pub(crate) offsets: GroupOffsets,
    refused_groups: Vec<String>,
    compacted: OnceCell<Option<bool>>,
}

/// The consumer groups that say how far a zone must reach.
pub(crate) struct Groups {
    pub(crate) asked: Vec<AskedGroup>,
    /// The zone as commits name it.
    pub(crate) zone: String,
}

impl Topic {
    /// Asks for partitions, cluster and the offsets of these groups.
    ///
    /// # Errors
    /// When Kafka cannot be reached, or there is no such topic; the message says what to do. A
    /// group that Kafka refuses to tell of is no error.
    pub(crate) async fn find(
        settings: KafkaSettings,
        groups: Groups,
        name: &str,
        timeout: Duration,
    ) -> Result<(Self, Option<String>)> {
        let look_up = Arc::new(LookUp::new(&settings, name)?);
        let (asked, of, topic) = (look_up.clone(), settings.clone(), name.to_owned());
        let answers = blocking(move || {
            let partitions = checks::partitions(&asked, &of, &topic, timeout)?;
            let cluster = asked.cluster_id();
            let mut answers = GroupAnswers {
                offsets: GroupOffsets::of_zone(groups.zone),
                refused: Vec::new(),
                told: None,
            };
            for group in &groups.asked {
                let of_group = KafkaSettings {
                    group: group.name.clone(),
                    ..of.clone()
                };
                answers.ask(group, &of_group, &topic, &partitions, timeout)?;
            }
            Ok((partitions, cluster, answers))
        });
        let (partitions, cluster, answers) = answers.await?;
        let settings = KafkaSettings {
            group: answers.told.unwrap_or(settings.group),
            ..settings
        };
        let reader = LogReader::start(&settings, name)?;
        let topic = Self {
            look_up,
            reader,
            settings,
            name: name.to_owned(),
            partitions,
            offsets: answers.offsets,
            refused_groups: answers.refused,
            compacted: OnceCell::new(),
        };
        Ok((topic, cluster))
    }

    /// Its partitions.
    pub(crate) fn partitions(&self) -> &[Partition] {
        &self.partitions
    }

    /// The groups that may have landed records, and of which Kafka does not tell this user.
    pub(crate) fn refused_groups(&self) -> &[String] {
        &self.refused_groups
    }

    /// What the furthest group has committed.
    pub(crate) fn committed(&self, partition: Partition) -> Option<&Committed> {
        self.offsets.committed(partition)
    }

    /// First offset and last stable offset of the log, as they are now.
    pub(crate) async fn ends(&self, partition: Partition) -> Result<OffsetRange> {
        let look_up = self.look_up.clone();
        let deadline = Instant::now() + Duration::from_secs(10);
        blocking(move || checks::until_settled(deadline, || look_up.log_ends(partition))).await
    }

    /// What Kafka holds now at this place.
    pub(crate) async fn reading(&self, place: Place) -> Result<AnchorReading> {
        let log = self.ends(place.partition).await?;
        let look_up = self.look_up.clone();
        blocking(move || look_up.read(place, log)).await
    }

    /// The visible records of an extent between the ends.
    pub(crate) fn records(&self, extent: Extent) -> LogRecords {
        self.reader.read(extent)
    }

    /// Whether the topic is compacted; `None` when Kafka does not say.
    pub(crate) async fn is_compacted(&self) -> Result<Option<bool>> {
        if let Some(known) = self.compacted.get() {
            return Ok(*known);
        }
        let (settings, name) = (self.settings.clone(), self.name.clone());
        let asked = blocking(move || Ok(cleanup_policy::is_compacted(&settings, &name))).await?;
        if asked.is_none() {
            tracing::warn!(
                "Kafka does not tell whether topic '{}' is compacted: records that it no longer has cannot be judged. Give this \
                 user DescribeConfigs on the topic (kafka-cluster:DescribeTopicDynamicConfiguration on MSK)",
                self.name
            );
        }
        Ok(*self.compacted.get_or_init(|| asked))
    }
}

/// What Kafka has answered of the groups.
struct GroupAnswers {
    offsets: GroupOffsets,
    refused: Vec<String>,
    /// One that was not refused: a client of a refused group may not read either.
    told: Option<String>,
}

impl GroupAnswers {
    /// Adds the group of these settings. Blocks.
    fn ask(
        &mut self,
        group: &AskedGroup,
        settings: &KafkaSettings,
        topic: &str,
        partitions: &[Partition],
        timeout: Duration,
    ) -> Result<()> {
        let look_up = LookUp::new(settings, topic)?;
        let deadline = Instant::now() + timeout;
        let answer = checks::until_settled(deadline, || look_up.committed(partitions));
        let offsets = match answer {
            Err(error) if look_up.is_group_refused(&error) => {
                if group.is_guess {
                    tracing::warn!(
                        "Kafka refuses to tell the committed offsets of group '{}': it may have landed into this zone before zones named \
                         their groups",
                        group.name
                    );
                } else {
                    self.refused.push(group.name.clone());
                }
                return Ok(());
            }
            answer => answer.with_context(|| format!("group '{}'", group.name))?,
        };
        self.told.get_or_insert_with(|| group.name.clone());
        self.offsets.add(group, partitions, &offsets);
        Ok(())
    }
}

async fn blocking<T: Send + 'static>(
    question: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(question)
        .await
        .context("the look-up was broken off")?
}
