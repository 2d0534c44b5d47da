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
use bucket::{creation::Removed, retry::patiently};
use futures::StreamExt;
use landing::{
    Offset, Partition, Place, compaction::CompactionPlan, partition_by::DatePartition,
    record::ValueHash,
};

use schema::Losses;

use crate::{
    error::CompactError,
    fetch::Fetched,
    job::Job,
    pack::PackRules,
    report::{DateReport, PlanReport},
    source::{ObjectVersion, SourceObject, VerifiedPlans},
};

/// Objects that are collected before they are deleted.
const AT_ONCE: usize = 1_000;

/// The start of the newest batch of each partition that was looked up; `None` without a claim.
type NewestBatches = BTreeMap<Partition, Option<Offset>>;

impl Job {
    /// Deletes what the plans of the date cover, and notes the numbers in the report.
    pub(crate) async fn delete(
        &self,
        date: &DatePartition,
        verified: &VerifiedPlans,
        report: &mut DateReport,
    ) -> Result<(), CompactError> {
        let mut newest = NewestBatches::new();
        for of_plan in &mut report.plans {
            let plan = self.plan(date, of_plan.number).await?;
            let key = self.request.to.plan_key(date, of_plan.number);
            let removed = "it was removed while it was read";
            let plan = plan.ok_or_else(|| self.problem_with(&key, removed))?;
            let mut removal = Removal::default();
            // All of a plan is compared before any of it goes.
            let result = match verified.get(&of_plan.number) {
                Some(versions) => {
                    self.check_kept(&key, &of_plan.not_kept)?;
                    let of_input = |index: usize| versions.get(index).copied();
                    self.delete_verified(date, &plan, of_input, &mut newest, &mut removal)
                        .await
                }
                None => {
                    let versions = self.compare_again(date, &plan, &key, of_plan).await?;
                    let of_input = |index: usize| versions.get(index).copied().flatten();
                    self.delete_verified(date, &plan, of_input, &mut newest, &mut removal)
                        .await
                }
            };
            // What was taken before the error goes, as without it.
            let finished = removal.finish(self).await;
            of_plan.deleted = removal.deleted;
            of_plan.kept = removal.kept;
            result.and(finished)?;
        }
        Ok(())
    }

    /// Refuses to delete what the copy does not keep, unless that is accepted.
    fn check_kept(
        &self,
        key: &str,
        not_kept: &BTreeMap<&'static str, u64>,
    ) -> Result<(), CompactError> {
        if not_kept.is_empty() || self.request.accept_lossy {
            return Ok(());
        }
        let kinds: Vec<String> = not_kept
            .iter()
            .map(|(kind, count)| format!("{kind} {count}"))
            .collect();
        let problem = format!(
            "the copy does not keep these values as they were, so nothing was deleted of what this plan covers: {}; \
             --accept-lossy deletes all the same",
            kinds.join(", ")
        );
        Err(self.problem_with(key, problem))
    }

    /// Deletes the objects of a plan, each in the version that was compared with the copy.
    /// `verified` gives it for the index of an input.
    async fn delete_verified(
        &self,
        date: &DatePartition,
        plan: &CompactionPlan,
        verified: impl Fn(usize) -> Option<ObjectVersion>,
        newest: &mut NewestBatches,
        removal: &mut Removal,
    ) -> Result<(), CompactError> {
        let mut objects = pin!(self.remaining(date, plan));
        while let Some(object) = objects.next().await {
            let object = object?;
            if verified(object.index) == Some(ObjectVersion::of(&object.etag)) {
                removal.take(self, object, newest).await?;
            } else {
                removal.changed.push(object.key);
            }
        }
        Ok(())
    }

    /// Compares what is left of a plan's objects with the copy, for a plan that was carried out
    /// before: the copy may have changed since, and so may the zone, for a re-created topic lands
    /// other records under the same keys. Returns the version of each object by the index of its
    /// input.
    async fn compare_again(
        &self,
        date: &DatePartition,
        plan: &CompactionPlan,
        plan_key: &str,
        report: &mut PlanReport,
    ) -> Result<Vec<Option<ObjectVersion>>, CompactError> {
        let mut versions = Vec::new();
        let mut objects = Box::pin(self.remaining(date, plan).peekable());
        if objects.as_mut().peek().await.is_none() {
            return Ok(versions);
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
        while let Some(fetched) = fetched.next().await {
            let fetched = match fetched {
                // Another run deletes the same.
                Err(CompactError::Gone(_)) => continue,
                fetched => fetched?,
            };
            let index = fetched.object.index;
            let version = ObjectVersion::of(&fetched.read.etag);
            let losses = self
                .compare(rules.clone(), fetched, parts.get(index))
                .await?;
            report.add_losses(losses);
            self.check_kept(plan_key, &report.not_kept)?;
            if versions.len() <= index {
                versions.resize(index + 1, None);
            }
            versions[index] = Some(version);
        }
        Ok(versions)
    }

    async fn compare(
        &self,
        rules: Arc<PackRules>,
        fetched: Fetched,
        in_copy: Option<&ValueHash>,
    ) -> Result<Losses, CompactError> {
        let key = fetched.object.key.clone();
        let work = tokio::task::spawn_blocking(move || rules.digest(fetched));
        let (digest, losses) = work.await.map_err(anyhow::Error::from)??;
        if Some(&digest.content) == in_copy {
            return Ok(losses);
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

/// Collects objects of a plan, deletes many at a time, and counts them.
#[derive(Default)]
struct Removal {
    objects: Vec<SourceObject>,
    deleted: u64,
    kept: u64,
    /// The keys of objects that are others than those that were verified. They were left alone.
    changed: Vec<String>,
}

impl Removal {
    async fn take(
        &mut self,
        job: &Job,
        object: SourceObject,
        newest: &mut NewestBatches,
    ) -> Result<(), CompactError> {
        if job.is_of_newest_batch(newest, &object).await? {
            self.kept += 1;
            return Ok(());
        }
        self.objects.push(object);
        if self.objects.len() == AT_ONCE {
            self.remove(job).await?;
        }
        Ok(())
    }

    async fn remove(&mut self, job: &Job) -> Result<(), CompactError> {
        let requests = std::mem::take(&mut self.objects).into_iter();
        let requests = requests.map(async |object| {
            let removed = job.bucket.remove_unchanged(&object.key, &object.etag).await;
            removed.map(|removed| (object.key, removed))
        });
        let mut answers = futures::stream::iter(requests).buffer_unordered(job.request.concurrency);
        let mut refused = None;
        while let Some(answer) = answers.next().await {
            match answer {
                Ok((_, Removed::Gone)) => self.deleted += 1,
                Ok((key, Removed::Changed)) => self.changed.push(key),
                Err(error) => {
                    refused = Some(error);
                    break;
                }
            }
        }
        match refused {
            None => Ok(()),
            Some(error) => Err(anyhow!(
                "{error:#}; what is not removed yet is in the copy, and the next run goes on"
            )
            .into()),
        }
    }

    /// Deletes the last ones.
    ///
    /// # Errors
    /// [`CompactError::Data`] when objects were changed since they were verified.
    async fn finish(&mut self, job: &Job) -> Result<(), CompactError> {
        self.remove(job).await?;
        self.changed.sort();
        let Some(first) = self.changed.first() else {
            return Ok(());
        };
        let others = match self.changed.len() - 1 {
            0 => String::new(),
            others => format!(", like {others} others"),
        };
        let problem = format!(
            "it was changed after it was compared with the copy, or has no entity tag, and was left alone{others}"
        );
        Err(job.problem_with(first, problem))
    }
}
