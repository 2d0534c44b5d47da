//! Removes the zone's objects that are in the copy.
//!
//! Invariant: an object is removed only when this very run has compared what it holds with what was
//! read back from the copy.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    pin::pin,
    sync::Arc,
};

use anyhow::anyhow;
use bucket::{creation::MOST_REMOVED, retry::patiently};
use futures::StreamExt;
use landing::{Offset, compaction::Plan, partition_by::DatePartition, record::ValueHash};

use crate::{
    error::Trouble,
    fetch::Fetched,
    job::Job,
    pack::Rules,
    report::{DateReport, Origin},
    source::SourceObject,
};

/// The starts of the newest batches by partition, as far as they were looked up.
type NewestBatches = BTreeMap<i32, Option<Offset>>;

impl Job {
    /// Deletes what the plans of the date cover.
    pub async fn delete(
        &self,
        date: &DatePartition,
        report: &mut DateReport,
    ) -> Result<(), Trouble> {
        let mut newest = NewestBatches::new();
        for of_plan in &mut report.plans {
            let plan = self.plan(date, of_plan.number).await?;
            let key = self.order.to.plan_key(date, of_plan.number);
            let removed = "it was removed while it was read";
            let plan = plan.ok_or_else(|| self.trouble(&key, removed))?;
            let (deleted, kept) = match of_plan.origin {
                Origin::Before => self.delete_compared((date, &plan), &mut newest).await?,
                _ => self.delete_listed((date, &plan), &mut newest).await?,
            };
            (of_plan.deleted, of_plan.kept) = (deleted, kept);
        }
        Ok(())
    }

    /// The plan was carried out in this run: its inputs were compared with the copy.
    async fn delete_listed(
        &self,
        (date, plan): (&DatePartition, &Plan),
        newest: &mut NewestBatches,
    ) -> Result<(u64, u64), Trouble> {
        let mut objects = pin!(self.remaining(date, plan));
        let mut removal = Removal::default();
        while let Some(object) = objects.next().await {
            removal.take(self, object?, newest).await?;
        }
        removal.finish(self).await
    }

    /// The plan was carried out before. The copy may have changed since, and so may the zone: a
    /// topic that was made again lands other records under the same keys.
    async fn delete_compared(
        &self,
        (date, plan): (&DatePartition, &Plan),
        newest: &mut NewestBatches,
    ) -> Result<(u64, u64), Trouble> {
        let mut objects = Box::pin(self.remaining(date, plan).peekable());
        if objects.as_mut().peek().await.is_none() {
            return Ok((0, 0));
        }
        let done = self.done(date, plan.number).await?;
        let key = self.order.to.done_key(date, plan.number);
        let done = done.ok_or_else(|| self.trouble(&key, "it was removed while it was read"))?;
        let rules = Arc::new(self.pack_rules(date, &plan.output, None).await?);
        let parts = self.verify_again((date, plan, &rules.form), &done).await?;
        let mut fetched = pin!(self.fetch(date, objects));
        let mut removal = Removal::default();
        while let Some(fetched) = fetched.next().await {
            let fetched = match fetched {
                // Another run deletes the same.
                Err(Trouble::Gone(_)) => continue,
                fetched => fetched?,
            };
            let object = fetched.object.clone();
            self.compare(rules.clone(), fetched, parts.get(object.place))
                .await?;
            removal.take(self, object, newest).await?;
        }
        removal.finish(self).await
    }

    async fn compare(
        &self,
        rules: Arc<Rules>,
        fetched: Fetched,
        in_copy: Option<&ValueHash>,
    ) -> Result<(), Trouble> {
        let key = fetched.object.key.clone();
        let work = tokio::task::spawn_blocking(move || rules.facts(fetched));
        let facts = work.await.map_err(anyhow::Error::from)??;
        if Some(&facts.content) == in_copy {
            return Ok(());
        }
        let problem = "the copy does not hold what it holds, though its key is in a plan: was the zone emptied, and landed anew? It needs \
                       another --to, then";
        Err(self.trouble(&key, problem))
    }

    /// Whether a consumer that starts looks for this object: those of the newest claim of each
    /// partition say how far it came. Without them it would land those records again, or stop when
    /// the topic no longer has them.
    async fn is_of_newest_batch(
        &self,
        known: &mut NewestBatches,
        object: &SourceObject,
    ) -> Result<bool, Trouble> {
        if self.source.is_per_record() {
            return Ok(false);
        }
        let newest = match known.entry(object.partition) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(unknown) => *unknown.insert(self.newest_batch(object.partition).await?),
        };
        // Without a claim nothing is known, and everything stays.
        Ok(newest.is_none_or(|newest| object.offset >= newest))
    }

    async fn newest_batch(&self, partition: i32) -> Result<Option<Offset>, Trouble> {
        let folder = self.order.from.claims_folder(partition);
        let first = patiently(|| self.bucket.first_key(&folder)).await;
        let first = first.map_err(|failure| self.bucket.unreadable(&folder, &failure))?;
        Ok(first.and_then(|key| self.order.from.start_of_claim_key(partition, &key)))
    }
}

/// Objects that are removed, many with one request.
#[derive(Default)]
struct Removal {
    keys: Vec<String>,
    deleted: u64,
    kept: u64,
}

impl Removal {
    async fn take(
        &mut self,
        job: &Job,
        object: SourceObject,
        newest: &mut NewestBatches,
    ) -> Result<(), Trouble> {
        if job.is_of_newest_batch(newest, &object).await? {
            self.kept += 1;
            return Ok(());
        }
        self.keys.push(object.key);
        if self.keys.len() == MOST_REMOVED {
            self.remove(job).await?;
        }
        Ok(())
    }

    async fn remove(&mut self, job: &Job) -> Result<(), Trouble> {
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
        self.deleted += self.keys.len() as u64;
        self.keys.clear();
        Ok(())
    }

    /// How many were deleted, and how many were kept.
    async fn finish(mut self, job: &Job) -> Result<(u64, u64), Trouble> {
        self.remove(job).await?;
        Ok((self.deleted, self.kept))
    }
}
