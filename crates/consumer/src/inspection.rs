//! Gathers the facts that decide where an assigned partition begins.
//!
//! Kafka is asked on the blocking pool, S3 directly; failures are retried until the partition is
//! taken away. The committed offset must be read after the assignment, so that it includes the
//! previous owner's last commit.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anyhow::{Context, Result, anyhow};
use bucket::{Bucket, retry::Backoff};
use kafka::look_up::{CommittedOffset, LookUp};
use landing::{
    Offset, Partition, Place,
    anchor::{Anchor, AnchorReading},
    claim::Claim,
    commit_note::{CommitNote, Committed},
    engine::{Settings, keys_of},
    identity::{About, Identity},
    layout::Prefix,
    start::{Inspection, NewestClaim, Stop},
    start_note::start_of_note,
};

use crate::{args::StartAt, claims::Claims};

/// Why partitions do not know yet where to begin, for the health page. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct InspectionTroubles(Arc<Mutex<BTreeMap<Partition, String>>>);

impl InspectionTroubles {
    /// The newest reason of the first of these partitions.
    pub(crate) fn first(&self) -> Option<(Partition, String)> {
        let troubles = self.lock();
        let first = troubles.first_key_value();
        first.map(|(partition, reason)| (*partition, reason.clone()))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Partition, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The trouble of one partition, which is over when its inspection ends, aborted or not.
struct InspectionTrouble {
    all: InspectionTroubles,
    partition: Partition,
}

impl InspectionTrouble {
    fn is(&self, reason: String) {
        self.all.lock().insert(self.partition, reason);
    }
}

impl Drop for InspectionTrouble {
    fn drop(&mut self) {
        self.all.lock().remove(&self.partition);
    }
}

/// Where to look for the facts.
#[derive(Clone)]
pub(crate) struct Inspector {
    pub(crate) look_up: Arc<LookUp>,
    pub(crate) bucket: Option<Bucket>,
    pub(crate) prefix: Prefix,
    pub(crate) start: StartAt,
    /// Only in the batched layouts.
    pub(crate) claims: Option<Claims>,
    /// What the zone's engine is told.
    pub(crate) rules: Settings,
    /// Whether the group is the one that is derived from the zone.
    pub(crate) derived_group: bool,
    pub(crate) troubles: InspectionTroubles,
}

/// The facts of one partition, with the partition and generation they were gathered for.
pub(crate) struct Inspected {
    pub(crate) partition: Partition,
    pub(crate) generation: u64,
    /// The facts, or why asking again would not help.
    pub(crate) facts: Result<Inspection, Stop>,
}

impl Inspector {
    /// Gathers the facts, however long Kafka or S3 take to answer.
    pub(crate) async fn inspect(self, partition: Partition, generation: u64) -> Inspected {
        let mut backoff = Backoff::default();
        let trouble = InspectionTrouble {
            all: self.troubles.clone(),
            partition,
        };
        loop {
            match self.gather(partition).await {
                Ok(facts) => {
                    return Inspected {
                        partition,
                        generation,
                        facts,
                    };
                }
                Err(error) => {
                    tracing::warn!(
                        partition = partition.0,
                        "where to begin is not known yet: {error:#}; asking again"
                    );
                    trouble.is(format!("{error:#}"));
                }
            }
            backoff.wait().await;
        }
    }

    /// The order matters: a claim listed after the committed offset was read is at least as new,
    /// and the log's ends are read after both, so that neither can seem to lie beyond them.
    async fn gather(&self, partition: Partition) -> Result<Result<Inspection, Stop>> {
        let committed = self
            .ask(move |look_up| Ok(look_up.committed(&[partition])?.pop()))
            .await?;
        let kept = match self.kept(partition).await? {
            Ok(kept) => kept,
            Err(stop) => return Ok(Err(stop)),
        };
        let start = self.start(partition).await?;
        let newest = match &self.claims {
            None => None,
            Some(claims) => match claims.newest(partition).await? {
                Ok(newest) => newest,
                Err(stop) => return Ok(Err(stop)),
            },
        };
        let committed = match committed {
            None => None,
            Some(committed) => Some(self.judged(committed, newest.is_some()).await?),
        };
        let known = Known {
            last: last_landed(newest.as_deref(), committed.as_ref()),
            committed,
            kept,
            start,
            claimed: newest.as_ref().map(|claim| claim.end),
        };
        let asked = self.ask(move |look_up| ask_kafka(look_up, partition, known));
        let mut facts = asked.await?;
        let Some(claims) = &self.claims else {
            return Ok(Ok(facts));
        };
        facts.newest = match newest {
            None => NewestClaim::Missing,
            Some(claim) => {
                let completeness = claims.completeness(&claim, facts.committed.as_ref());
                match completeness.await? {
                    Ok(completeness) => NewestClaim::Found(claim, completeness),
                    Err(stop) => return Ok(Err(stop)),
                }
            }
        };
        Ok(Ok(facts))
    }

    /// What was committed, with whatever shows that it is this zone's. `claimed` says whether the
    /// zone has a claim for the partition: then the claims say where to go on.
    async fn judged(&self, committed: CommittedOffset, claimed: bool) -> Result<Committed> {
        let place = Place::new(committed.partition, committed.next);
        let mut note = CommitNote::from_text(&committed.metadata);
        if let (Some(note), None) = (&mut note, &self.bucket) {
            // A dry run asks no bucket, and so knows no zone: it takes the group's word.
            note.zone = None;
        }
        let anchor = note.as_ref().filter(|note| note.zone.is_none());
        let recognised = self.derived_group
            || claimed
            || self.bucket.is_none()
            || match anchor.and_then(CommitNote::anchor) {
                Some(anchor) if self.claims.is_none() => self.is_landed(place, anchor).await?,
                _ => false,
            };
        Ok(Committed {
            next: place.offset,
            note,
            recognised,
        })
    }

    /// Whether the record of an anchor is in this zone, in the per-record layout.
    async fn is_landed(&self, committed: Place, anchor: Anchor) -> Result<bool> {
        let Some(bucket) = &self.bucket else {
            return Ok(false);
        };
        let landed = Place::new(committed.partition, anchor.offset);
        let asked = self.ask(move |look_up| {
            let log = look_up.log_ends(landed.partition)?;
            look_up.value(landed, log)
        });
        let value = asked.await?;
        let identity = Identity {
            zone: self.rules.zone_id.clone(),
            place: landed,
            about: About::Record {
                value: anchor.value,
                timestamp: anchor.timestamp,
            },
        };
        for key in keys_of(&self.rules, landed, anchor.timestamp, value.as_deref()) {
            let metadata = bucket.metadata(&key).await.map_err(|failure| {
                anyhow!("s3://{}/{key} cannot be read: {failure}", bucket.name())
            })?;
            if metadata.is_some_and(|metadata| identity.compare(&metadata).is_ok()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The first landed record, as the zone keeps it.
    async fn kept(&self, partition: Partition) -> Result<Result<Option<Anchor>, Stop>> {
        let key = self.prefix.anchor_key(partition);
        let Some(body) = self.read(&key).await? else {
            return Ok(Ok(None));
        };
        Ok(match Anchor::from_body(&body) {
            Some(anchor) => Ok(Some(anchor)),
            None => Err(Stop::UnreadableAnchor(key)),
        })
    }

    /// Asks Kafka, on the blocking pool.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&LookUp) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let look_up = self.look_up.clone();
        tokio::task::spawn_blocking(move || question(&look_up))
            .await
            .context("the look-up was broken off")?
    }

    /// Where a partition begins that has neither a committed offset nor an anchor. Creating the
    /// zone recorded what `latest` or a time meant for each partition, and that stands, whatever
    /// this run was told. A partition without such a note was added later, or the zone lands from
    /// the first record on.
    async fn start(&self, partition: Partition) -> Result<Begin> {
        if self.bucket.is_none() {
            return Ok(Begin::At(self.start));
        }
        let note = self.read(&self.prefix.start_key(partition)).await?;
        Ok(note
            .and_then(|body| start_of_note(&body))
            .map_or(Begin::AtLow, Begin::AtOffset))
    }

    async fn read(&self, key: &str) -> Result<Option<Vec<u8>>> {
        let Some(bucket) = &self.bucket else {
            return Ok(None);
        };
        let read = bucket.read(key).await;
        read.map_err(|failure| anyhow!("s3://{}/{key} cannot be read: {failure}", bucket.name()))
    }
}

/// Where to begin without a committed offset.
enum Begin {
    AtLow,
    At(StartAt),
    AtOffset(Offset),
}

/// The offset that `--start` means now.
pub(crate) fn resolve_start(
    look_up: &LookUp,
    partition: Partition,
    start: StartAt,
) -> Result<Offset> {
    let log = look_up.log_ends(partition)?;
    Ok(match start {
        StartAt::Earliest => log.start,
        StartAt::Latest => log.end,
        StartAt::Timestamp(millis) => look_up.offset_at(partition, millis)?.unwrap_or(log.end),
    })
}

/// What is known before the log's ends are read.
struct Known {
    committed: Option<Committed>,
    /// The first landed record, as the zone keeps it.
    kept: Option<Anchor>,
    /// The last record known to have landed.
    last: Option<Anchor>,
    start: Begin,
    /// The end of the newest claim.
    claimed: Option<Offset>,
}

impl Known {
    /// Where the log must at least end, if it is still the one that was landed.
    fn least_end(&self) -> Offset {
        let after = |anchor: &Option<Anchor>| anchor.map(|anchor| anchor.offset.next());
        let committed = self.committed.as_ref().map(|committed| committed.next);
        let start = match self.start {
            Begin::AtOffset(offset) => Some(offset),
            Begin::AtLow | Begin::At(_) => None,
        };
        let ends = [
            self.claimed,
            committed,
            after(&self.kept),
            after(&self.last),
            start,
        ];
        ends.into_iter().flatten().max().unwrap_or(Offset(0))
    }
}

/// The last landed record: of the newest claim if it names one, since it saw at least as much as
/// any commit.
fn last_landed(newest: Option<&Claim>, committed: Option<&Committed>) -> Option<Anchor> {
    let claimed = newest.and_then(|claim| claim.last.as_ref()?.to_anchor());
    claimed.or_else(|| committed?.anchor())
}

fn ask_kafka(look_up: &LookUp, partition: Partition, known: Known) -> Result<Inspection> {
    let log = look_up.log_ends_from(partition, known.least_end())?;
    let read = |anchor: Anchor| -> Result<(Anchor, AnchorReading)> {
        let place = Place::new(partition, anchor.offset);
        Ok((anchor, look_up.read(place, log)?))
    };
    let start = match known.start {
        Begin::AtLow => log.start,
        Begin::AtOffset(offset) => offset,
        Begin::At(start) => resolve_start(look_up, partition, start)?,
    };
    Ok(Inspection {
        committed: known.committed,
        low: log.start,
        high: log.end,
        first: known.kept.map(read).transpose()?,
        last: known.last.map(read).transpose()?,
        start,
        newest: NewestClaim::NotLookedAt,
    })
}
