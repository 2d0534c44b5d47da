//! Deletes the zone's objects that are in the copy.
//!
//! Invariant: an object is deleted only after this very run has compared what it holds with what
//! was read back from the copy.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    pin::pin,
    sync::Arc,
};

use anyhow::anyhow;
use bucket::{creation::MOST_REMOVED, retry::patiently};
use futures::StreamExt;
use landing::{
    Offset, Partition, Place, compaction::CompactionPlan, partition_by::DatePartition,
    record::ValueHash,
};

use crate::{
    error::CompactError,
    fetch::Fetched,
    job::Job,
    pack::PackRules,
    report::{DateReport, PlanOrigin},
    source::SourceObject,
};

/// The start of the newest batch of each partition that was looked up; `None` without a claim.
type NewestBatches = BTreeMap<Partition, Option<Offset>>;

impl Job {
    /// Deletes what the plans of the date cover, and notes the numbers in the report.
    pub(crate) async fn delete(
        &self,
        date: &DatePartition,
        report: &mut DateReport,
    ) -> Result<(), CompactError> {
        let mut newest = NewestBatches::new();
        for of_plan in &mut report.plans {
            let plan = self.plan(date, of_plan.number).await?;
            let key = self.request.to.plan_key(date, of_plan.number);
            let removed = "it was removed while it was read";
            let plan = plan.ok_or_else(|| self.problem_with(&key, removed))?;
            let removed = match of_plan.origin {
                PlanOrigin::Before => self.delete_compared(date, &plan, &mut newest).await?,
                PlanOrigin::Made | PlanOrigin::Finished => {
                    self.delete_listed(date, &plan, &mut newest).await?
                }
            };
            of_plan.deleted = removed.deleted;
            of_plan.kept = removed.kept;
        }
        Ok(())
    }

    /// For a plan that this run carried out: its inputs were compared with the copy.
    async fn delete_listed(
        &self,
        date: &DatePartition,
        plan: &CompactionPlan,
        newest: &mut NewestBatches,
    ) -> Result<Removed, CompactError> {
        let mut objects = pin!(self.remaining(date, plan));
        let mut removal = Removal::default();
        while let Some(object) = objects.next().await {
            removal.take(self, object?, newest).await?;
        }
        removal.finish(self).await
    }

    /// For a plan that was carried out before. The copy may have changed since, and so may the
    /// zone: a re-created topic lands other records under the same keys.
    async fn delete_compared(
        &self,
        date: &DatePartition,
        plan: &CompactionPlan,
        newest: &mut NewestBatches,
    ) -> Result<Removed, CompactError> {
        let mut objects = Box::pin(self.remaining(date, plan).peekable());
        if objects.as_mut().peek().await.is_none() {
            return Ok(Removed::default());
        }
        let done = self.done(date, plan.number).await?;
        let key = self.request.to.done_key(date, plan.number);
        let done =
            done.ok_or_else(|| self.problem_with(&key, "it was removed while it was read"))?;
        let rules = Arc::new(self.pack_rules(date, &plan.output, None).await?);
        let parts = self
            .verify_again(date, plan, &rules.comparison, &done)
            .await?;
        let mut fetched = pin!(self.fetch(date, objects));
        let mut removal = Removal::default();
        while let Some(fetched) = fetched.next().await {
            let fetched = match fetched {
                // Another run deletes the same.
                Err(CompactError::Gone(_)) => continue,
                fetched => fetched?,
            };
            let object = fetched.object.clone();
            self.compare(rules.clone(), fetched, parts.get(object.index))
                .await?;
            removal.take(self, object, newest).await?;
        }
        removal.finish(self).await
    }

    async fn compare(
        &self,
        rules: Arc<PackRules>,
        fetched: Fetched,
        in_copy: Option<&ValueHash>,
    ) -> Result<(), CompactError> {
        let key = fetched.object.key.clone();
        let work = tokio::task::spawn_blocking(move || rules.digest(fetched));
        let digest = work.await.map_err(anyhow::Error::from)??;
        if Some(&digest.content) == in_copy {
            return Ok(());
        }
        let problem = "the copy does not hold what it holds, though its key is in a plan: was the zone emptied, and landed anew? It needs \
                       another --to, then";
        Err(self.problem_with(&key, problem))
    }

    /// Whether a consumer that starts looks for this object: the objects of each partition's newest
    /// claim say how far it came. Without them it would land those records again, or stop when the
    /// topic no longer has them.
    async fn is_of_newest_batch(
        &self,
        known: &mut NewestBatches,
        object: &SourceObject,
    ) -> Result<bool, CompactError> {
        if self.source.is_per_record() {
            return Ok(false);
        }
        let Place { partition, offset } = object.place;
        let newest = match known.entry(partition) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(unknown) => *unknown.insert(self.newest_batch(partition).await?),
        };
        // Without a claim nothing is known, so everything stays.
        Ok(newest.is_none_or(|newest| offset >= newest))
    }

    async fn newest_batch(&self, partition: Partition) -> Result<Option<Offset>, CompactError> {
        let folder = self.request.from.claims_folder(partition);
        let first = patiently(|| self.bucket.first_key(&folder)).await;
        let first = first.map_err(|failure| self.bucket.unreadable(&folder, &failure))?;
        Ok(first.and_then(|key| self.request.from.start_of_claim_key(partition, &key)))
    }
}

/// What became of the objects of a plan.
#[derive(Default)]
struct Removed {
    deleted: u64,
    kept: u64,
}

/// Collects objects and deletes many with one request.
#[derive(Default)]
struct Removal {
    keys: Vec<String>,
    removed: Removed,
}

impl Removal {
    async fn take(
        &mut self,
        job: &Job,
        object: SourceObject,
        newest: &mut NewestBatches,
    ) -> Result<(), CompactError> {
        if job.is_of_newest_batch(newest, &object).await? {
            self.removed.kept += 1;
            return Ok(());
        }
        self.keys.push(object.key);
        if self.keys.len() == MOST_REMOVED {
            self.remove(job).await?;
        }
        Ok(())
    }

    async fn remove(&mut self, job: &Job) -> Result<(), CompactError> {
        if self.keys.is_empty() {
            return Ok(());
        }
        let refused = job.bucket.remove(&self.keys).await?;
        if let Some(first) = refused.first() {
            let place = format!("s3://{}/{}", job.bucket.name(), first.key);
            let others = refused.len() - 1;
            return Err(anyhow!(
                "{place} and {others} others cannot be removed: {}; they are in the copy, and the next run goes on",
                first.reason
            )
            .into());
        }
        self.removed.deleted += self.keys.len() as u64;
        self.keys.clear();
        Ok(())
    }

    async fn finish(mut self, job: &Job) -> Result<Removed, CompactError> {
        self.remove(job).await?;
        Ok(self.removed)
    }
}
