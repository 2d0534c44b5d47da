//! What all parts of a verification share: the zone and its topic, what was found so far, and how
//! far the work has come.
//!
//! Not here: any judgement, besides whether an unknown object is another zone's. Findings are only
//! ever added.

use std::{
    collections::{BTreeMap, HashMap},
    rc::Rc,
    sync::Arc,
};

use anyhow::Result;
use bucket::{Bucket, zone::ZoneFacts};
use cli::progress::Progress;
use landing::{Extent, Offset, OffsetRange, Partition, anchor::Anchor};
use schema::{RowReader, TableSchema};

use crate::{
    finding::{Finding, Findings, Kind},
    group_notes::GroupNotes,
    report::PartitionReport,
    topic::Topic,
};

/// The most folders for which it is remembered whether they are of a zone.
const MOST_FOLDERS: usize = 10_000;

/// A verification under way.
pub(crate) struct Verification {
    pub(crate) bucket: Bucket,
    pub(crate) zone: ZoneFacts,
    /// `None` when only the bucket is asked.
    pub(crate) topic: Option<Rc<Topic>>,
    pub(crate) deep: bool,
    /// Requests in flight.
    pub(crate) concurrency: usize,
    pub(crate) findings: Findings,
    pub(crate) partitions: BTreeMap<Partition, PartitionFacts>,
    pub(crate) progress: Progress,
    pub(crate) bytes_read: u64,
    /// Whether a zone has this key for its object, for each key that was asked for.
    pub(crate) folders: HashMap<String, bool>,
    /// The schemas that were read, by hash; `None` for one that is missing or unreadable.
    pub(crate) schemas: BTreeMap<String, Option<Arc<TableSchema>>>,
    /// Reads records by the columns that each must fit, where the zone names any.
    pub(crate) columns: Option<RowReader>,
}

/// What is known of a topic partition besides its objects.
#[derive(Debug, Default)]
pub(crate) struct PartitionFacts {
    pub(crate) report: PartitionReport,
    /// The first landed record, as the zone keeps it.
    pub(crate) anchor: Option<Anchor>,
    /// Where the zone begins when it was not made to begin at the earliest offset.
    pub(crate) start: Option<Offset>,
    /// Records that retention removed first, as they were written down.
    pub(crate) gaps: Vec<OffsetRange>,
    /// First offset and last stable offset of the log, after everything was listed.
    pub(crate) log: Option<OffsetRange>,
}

impl Verification {
    pub(crate) fn find(&mut self, finding: Finding) {
        self.findings.add(finding);
    }

    /// What is known of the partition; nothing at first.
    pub(crate) fn partition(&mut self, partition: Partition) -> &mut PartitionFacts {
        let entry = self.partitions.entry(partition).or_default();
        entry.report.partition = partition;
        entry
    }

    /// Says which groups' names are lost.
    pub(crate) fn unreadable_groups(&mut self, notes: &GroupNotes) {
        for key in &notes.unreadable {
            let text = "it does not say which consumer group entered the zone";
            self.find(Finding::of_key(Kind::Unparseable, key, text));
        }
    }

    /// Says which groups Kafka does not tell this user of: the zone may have to reach further than
    /// the others say.
    pub(crate) fn refused_groups(&mut self) {
        let Some(topic) = self.topic.clone() else {
            return;
        };
        for group in topic.refused_groups() {
            let text = format!(
                "Kafka refuses to tell the committed offsets of group '{group}', so records that it landed may be missing unnoticed: \
                 give this user DESCRIBE on the group"
            );
            tracing::warn!("{text}");
            let key = self.zone.prefix.group_key(group);
            self.find(Finding::of_key(Kind::Unverifiable, &key, text));
        }
    }

    /// Asks for the ends of the logs, once everything is listed.
    pub(crate) async fn ask_for_ends(&mut self) -> Result<()> {
        if let Some(topic) = self.topic.clone() {
            for &partition in topic.partitions() {
                self.partition(partition).log = Some(topic.ends(partition).await?);
            }
        }
        Ok(())
    }

    /// Whether Kafka is asked, and has no such partition.
    pub(crate) fn is_unknown(&self, partition: Partition) -> bool {
        let topic = self.topic.as_ref();
        topic.is_some_and(|topic| !topic.partitions().contains(&partition))
    }

    /// The zone holds something of a partition that the topic does not have.
    pub(crate) fn no_such_partition(&mut self, partition: Partition, bounds: Option<OffsetRange>) {
        if let Some(bounds) = bounds {
            let extent = Extent::new(partition, bounds);
            let text = "the topic has no such partition";
            self.find(Finding::of_offsets(Kind::UnknownObject, extent, text));
        }
    }

    /// The group had come further than the topic reaches now.
    pub(crate) fn committed_beyond_end(
        &mut self,
        partition: Partition,
        committed: Option<Offset>,
        log: OffsetRange,
    ) {
        if let Some(committed) = committed.filter(|committed| *committed > log.end) {
            let beyond = Extent::new(partition, OffsetRange::new(log.end, committed));
            let text = "the group has committed these offsets, and the topic ends before them: it was re-created or truncated";
            self.find(Finding::of_offsets(Kind::Differs, beyond, text));
        }
    }

    /// An object that is none of this zone's: a finding, unless it belongs to another zone whose
    /// prefix continues this one's.
    pub(crate) async fn unknown(&mut self, key: &str) -> Result<()> {
        let prefix = self.zone.prefix.to_string();
        let rest = key.strip_prefix("_control/").unwrap_or(key);
        let rest = rest.strip_prefix(&prefix).unwrap_or(rest);
        let rest = rest.trim_start_matches('/');
        for (end, _) in rest.match_indices('/') {
            let zone = format!("_control/{prefix}/{}/zone.json", &rest[..end]);
            if self.is_there(zone).await? {
                return Ok(());
            }
        }
        let text = "no object of this zone has such a key";
        self.find(Finding::of_key(Kind::UnknownObject, key, text));
        Ok(())
    }

    async fn is_there(&mut self, key: String) -> Result<bool> {
        if let Some(known) = self.folders.get(&key) {
            return Ok(*known);
        }
        let there = self.bucket.read_patiently(&key).await?.is_some();
        if self.folders.len() < MOST_FOLDERS {
            self.folders.insert(key, there);
        }
        Ok(there)
    }
}
