//! What Kafka is asked about the topic: its ends, the group's offsets, single records and ranges of
//! them.
//!
//! rdkafka's calls block, so they run on the blocking pool. Not here: what the answers mean. The
//! group's offsets are asked for before anything is listed, so what lies below them was durable by
//! then.

use std::{
    cell::OnceCell,
    collections::BTreeMap,
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
    compacted: OnceCell<Option<bool>>,
}

/// What a group has committed for a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Committed {
    pub(crate) next: Offset,
    /// The last record that was durable then.
    pub(crate) anchor: Option<Anchor>,
    /// It says only where to begin: nothing was landed yet.
    pub(crate) only_start: bool,
}

impl Topic {
    /// Asks for partitions, cluster and the group's offsets.
    ///
    /// # Errors
    /// When Kafka cannot be reached, or there is no such topic; the message says what to do.
    pub(crate) async fn find(
        settings: KafkaSettings,
        name: &str,
        timeout: Duration,
    ) -> Result<(Self, Option<String>)> {
        let look_up = Arc::new(LookUp::new(&settings, name)?);
        let reader = LogReader::start(&settings, name)?;
        let (asked, of, topic) = (look_up.clone(), settings.clone(), name.to_owned());
        let answers = blocking(move || {
            let partitions = checks::partitions(&asked, &of, &topic, timeout)?;
            let cluster = asked.cluster_id();
            let deadline = Instant::now() + timeout;
            let committed = checks::until_settled(deadline, || asked.committed(&partitions))?;
            Ok((partitions, cluster, committed))
        });
        let (partitions, cluster, committed) = answers.await?;
        let committed = committed.into_iter().map(|of| {
            let note = CommitNote::from_text(&of.metadata);
            let committed = Committed {
                next: of.next,
                anchor: note.as_ref().and_then(CommitNote::anchor),
                only_start: note.is_some_and(|note| note.landed == Landed::Start),
            };
            (of.partition, committed)
        });
        let topic = Self {
            look_up,
            reader,
            settings,
            name: name.to_owned(),
            partitions,
            committed: committed.collect(),
            compacted: OnceCell::new(),
        };
        Ok((topic, cluster))
    }

    /// Its partitions.
    pub(crate) fn partitions(&self) -> &[Partition] {
        &self.partitions
    }

    /// What the group has committed.
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
        Ok(*self.compacted.get_or_init(|| asked))
    }
}

async fn blocking<T: Send + 'static>(
    question: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(question)
        .await
        .context("the look-up was broken off")?
}
