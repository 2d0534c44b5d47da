//! What Kafka is asked about the topic: its ends, the group's offsets, single records and ranges of
//! them.
//!
//! rdkafka's calls block, so they run on the blocking pool. Not here: what the answers mean. The
//! groups' offsets are asked for before anything is listed, so what lies below them was durable by
//! then. Of several groups the furthest one counts in each partition: all that lies below its
//! offset was landed into this zone, wherever the others are.

use std::{
    cell::OnceCell,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use kafka::{
    checks, cleanup_policy,
    log_reader::{LogReader, LogRecords},
    look_up::{CommittedOffset, LookUp},
    settings::KafkaSettings,
};
use landing::{
    Extent, Offset, OffsetRange, Partition, Place,
    anchor::{Anchor, AnchorReading},
    commit_note::{CommitNote, Landed},
};

/// The topic of a zone, on its cluster.
pub(crate) struct Topic {
    look_up: Arc<LookUp>,
    reader: LogReader,
    settings: KafkaSettings,
    name: String,
    partitions: Vec<Partition>,
    committed: BTreeMap<Partition, Committed>,
    refused_groups: Vec<String>,
    compacted: OnceCell<Option<bool>>,
}

/// What the furthest group has committed for a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Committed {
    pub(crate) next: Offset,
    /// The last record that was durable then.
    pub(crate) anchor: Option<Anchor>,
    /// It says only where to begin: nothing was landed yet.
    pub(crate) only_start: bool,
}

/// The consumer groups that say how far a zone must reach.
pub(crate) struct Groups {
    pub(crate) names: BTreeSet<String>,
    /// The zone as commits name it.
    pub(crate) zone: String,
}

impl Committed {
    /// `None` when the commit names another zone than this one ([`landing::zone::commit_zone`]): it
    /// says nothing of what was landed here.
    fn of(offset: &CommittedOffset, zone: &str) -> Option<Self> {
        let note = CommitNote::from_text(&offset.metadata);
        let named = note.as_ref().and_then(|note| note.zone.as_deref());
        if named.is_some_and(|named| named != zone) {
            return None;
        }
        Some(Self {
            next: offset.next,
            anchor: note.as_ref().and_then(CommitNote::anchor),
            only_start: note.is_some_and(|note| note.landed == Landed::Start),
        })
    }

    /// Whether this one says more of the zone: what was landed before what is only to begin with,
    /// then the further offset.
    fn is_beyond(&self, other: &Self) -> bool {
        (!self.only_start, self.next) > (!other.only_start, other.next)
    }
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
            let mut found = GroupOffsets::of_zone(groups.zone);
            for group in groups.names {
                let of_group = KafkaSettings {
                    group,
                    ..of.clone()
                };
                found.ask(&of_group, &topic, &partitions, timeout)?;
            }
            Ok((partitions, cluster, found))
        });
        let (partitions, cluster, found) = answers.await?;
        let settings = KafkaSettings {
            group: found.told.clone().unwrap_or(settings.group),
            ..settings
        };
        let reader = LogReader::start(&settings, name)?;
        let topic = Self {
            look_up,
            reader,
            settings,
            name: name.to_owned(),
            partitions,
            committed: found.furthest,
            refused_groups: found.refused,
            compacted: OnceCell::new(),
        };
        Ok((topic, cluster))
    }

    /// Its partitions.
    pub(crate) fn partitions(&self) -> &[Partition] {
        &self.partitions
    }

    /// The groups of which Kafka does not tell this user.
    pub(crate) fn refused_groups(&self) -> &[String] {
        &self.refused_groups
    }

    /// What the furthest group has committed.
    pub(crate) fn committed(&self, partition: Partition) -> Option<&Committed> {
        self.committed.get(&partition)
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

/// What several groups have committed for the zone.
struct GroupOffsets {
    zone: String,
    furthest: BTreeMap<Partition, Committed>,
    refused: Vec<String>,
    /// One that was not refused: a client of a refused group may not read either.
    told: Option<String>,
}

impl GroupOffsets {
    fn of_zone(zone: String) -> Self {
        Self {
            zone,
            furthest: BTreeMap::new(),
            refused: Vec::new(),
            told: None,
        }
    }

    /// Adds the group of these settings. Blocks.
    fn ask(
        &mut self,
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
                self.refused.push(settings.group.clone());
                return Ok(());
            }
            answer => answer.with_context(|| format!("group '{}'", settings.group))?,
        };
        self.told.get_or_insert_with(|| settings.group.clone());
        for offset in &offsets {
            let Some(committed) = Committed::of(offset, &self.zone) else {
                continue;
            };
            let known = self.furthest.get(&offset.partition);
            if known.is_none_or(|known| committed.is_beyond(known)) {
                self.furthest.insert(offset.partition, committed);
            }
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn committed(next: i64, metadata: &str) -> Option<Committed> {
        let offset = CommittedOffset {
            partition: Partition(0),
            next: Offset(next),
            metadata: metadata.to_owned(),
        };
        Committed::of(&offset, "this")
    }

    #[test]
    fn what_was_landed_says_more_than_where_to_begin_and_then_the_further_offset_does() {
        let is_beyond = |one: (i64, &str), other: (i64, &str)| {
            let of = |(next, metadata)| committed(next, metadata).unwrap();
            of(one).is_beyond(&of(other))
        };
        assert!(is_beyond((5, "v1;none"), (9, "v1;start;z=this")));
        assert!(is_beyond((9, ""), (5, "v1;none;z=this")));
        assert!(!is_beyond((5, ""), (5, "")));
        assert!(!is_beyond((9, "v1;start"), (5, "")));
    }

    #[test]
    fn a_commit_of_another_zone_says_nothing_of_this_one() {
        for landed in ["none", "start"] {
            assert_eq!(committed(9, &format!("v1;{landed};z=another")), None);
            assert!(committed(9, &format!("v1;{landed};z=this")).is_some());
            assert!(committed(9, &format!("v1;{landed}")).is_some());
        }
        assert!(committed(9, "").is_some());
    }
}
