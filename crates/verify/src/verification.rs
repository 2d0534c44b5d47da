//! What all parts of a verification share: where they look, what they have found so far, and how
//! far they are.
//!
//! Not here: any judgement, besides whether an unknown object is another zone's.
//! Invariant: findings are only ever added.

use std::{
    collections::{BTreeMap, HashMap},
    rc::Rc,
    sync::Arc,
};

use anyhow::Result;
use bucket::{Bucket, zone::ZoneFacts};
use cli::progress::Progress;
use landing::{Offset, OffsetRange, anchor::Anchor};
use schema::TableSchema;

use crate::{
    finding::{Finding, Findings, Kind},
    report::PartitionReport,
    topic::Topic,
};

/// The most folders that are remembered as being of a zone or not.
const MOST_FOLDERS: usize = 10_000;

/// A verification under way.
pub struct Look {
    pub bucket: Bucket,
    pub zone: ZoneFacts,
    /// `None` when the bucket alone is asked.
    pub topic: Option<Rc<Topic>>,
    pub deep: bool,
    /// Requests in flight.
    pub concurrency: usize,
    pub findings: Findings,
    pub partitions: BTreeMap<i32, Partition>,
    pub progress: Progress,
    pub bytes_read: u64,
    /// Folders that were looked into for a zone of their own.
    pub folders: HashMap<String, bool>,
    /// The schemas that were read, by hash; none for one that cannot be had.
    pub schemas: BTreeMap<String, Option<Arc<TableSchema>>>,
}

/// What is known of a topic partition besides its objects.
#[derive(Debug, Default)]
pub struct Partition {
    pub report: PartitionReport,
    /// The first landed record, as the zone keeps it.
    pub anchor: Option<Anchor>,
    /// Where the zone begins when it was not made to begin at the earliest offset.
    pub start: Option<Offset>,
    /// Records that retention removed first, as they were written down.
    pub gaps: Vec<OffsetRange>,
    /// First offset and last stable offset of the log, after everything was listed.
    pub log: Option<OffsetRange>,
}

impl Look {
    pub fn find(&mut self, finding: Finding) {
        self.findings.add(finding);
    }

    /// The partition, which begins to be known with this.
    pub fn partition(&mut self, partition: i32) -> &mut Partition {
        let entry = self.partitions.entry(partition).or_default();
        entry.report.partition = partition;
        entry
    }

    /// Asks for the ends of the logs, once everything is listed.
    pub async fn ask_for_ends(&mut self) -> Result<()> {
        if let Some(topic) = self.topic.clone() {
            for &partition in topic.partitions() {
                self.partition(partition).log = Some(topic.ends(partition).await?);
            }
        }
        Ok(())
    }

    /// Whether Kafka is asked, and has no such partition.
    pub fn is_unknown(&self, partition: i32) -> bool {
        let topic = self.topic.as_ref();
        topic.is_some_and(|topic| !topic.partitions().contains(&partition))
    }

    /// The zone holds something of a partition that the topic does not have.
    pub fn no_such_partition(&mut self, partition: i32, bounds: Option<OffsetRange>) {
        if let Some(bounds) = bounds {
            let text = "the topic has no such partition";
            let finding = Finding::of_offsets(Kind::UnknownObject, (partition, bounds), text);
            self.find(finding);
        }
    }

    /// The group was further than the topic is now.
    pub fn committed_beyond_end(
        &mut self,
        partition: i32,
        committed: Option<Offset>,
        log: OffsetRange,
    ) {
        if let Some(committed) = committed.filter(|committed| *committed > log.end) {
            let beyond = OffsetRange::new(log.end, committed);
            let text = "the group has committed these offsets, and the topic ends before them: it was re-created or truncated";
            self.find(Finding::of_offsets(
                Kind::Differs,
                (partition, beyond),
                text,
            ));
        }
    }

    /// An object that is none of the zone's: a finding, unless it is of another zone, whose prefix
    /// goes on where this one's ends.
    pub async fn unknown(&mut self, key: &str) -> Result<()> {
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
