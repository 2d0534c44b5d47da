//! Compacts one date partition: finishes unfinished plans first, then makes new ones until every
//! object of the date is in one.
//!
//! `publish` has the steps of a plan, `deletion` deletes the objects.
//!
//! Invariant: a new plan takes its number only after this run has read all earlier plans, and it
//! covers none of their objects.

use std::{collections::BTreeMap, pin::pin, sync::Arc};

use futures::{Stream, StreamExt};
use landing::{
    compaction::{CompactionDone, CompactionPlan, Counted},
    partition_by::DatePartition,
};
use schema::Losses;
use tokio::sync::mpsc;

use crate::{
    error::CompactError,
    job::Job,
    pack::{Pack, PackRules, Packer, PackerInput},
    report::{DateReport, PlanOrigin, PlanReport},
    source::{ObjectVersion, PlannedObjects, SourceObject, VerifiedPlans},
};

/// Bodies on their way to the packer's thread; the memory bound covers them, too.
const CHANNEL: usize = 64;

/// How often to start over after other runs were quicker. Each time they have made progress.
const MOST_ROUNDS: u32 = 1_000;

/// The state of one date partition's compaction.
struct DateRun<'j> {
    job: &'j Job,
    date: &'j DatePartition,
    /// The plans that are known to be done, by number.
    done: BTreeMap<u32, CompactionDone>,
    planned: PlannedObjects,
    /// What this run has verified, by the numbers of the plans; kept only for the deletion.
    verified: VerifiedPlans,
    report: DateReport,
}

/// A plan that this run has carried out.
struct CarriedOut {
    done: CompactionDone,
    losses: Losses,
    versions: Vec<ObjectVersion>,
}

impl Job {
    /// Compacts one date. The report says what was done even if the result is an error.
    pub(crate) async fn compact(
        &self,
        date: &DatePartition,
    ) -> (DateReport, Result<(), CompactError>) {
        let mut work = DateRun {
            job: self,
            date,
            done: BTreeMap::new(),
            planned: PlannedObjects::default(),
            verified: VerifiedPlans::new(),
            report: DateReport::new(date),
        };
        let mut result = work.run().await;
        if result.is_ok() && self.request.delete_source && work.report.remaining > 0 {
            result = self.delete(date, &work.verified, &mut work.report).await;
        }
        (work.report, result)
    }
}

impl DateRun<'_> {
    async fn run(&mut self) -> Result<(), CompactError> {
        for _ in 0..MOST_ROUNDS {
            let plans_before = self.done.len();
            match self.round().await {
                Err(CompactError::Overtaken) => {}
                // Whoever deleted it had finished a plan that covers it; otherwise something is
                // wrong.
                Err(CompactError::Gone(key))
                    if self.done.len() == plans_before && !self.others_went_on().await? =>
                {
                    let problem = "it is not there any more, and its plan is not done: restore it";
                    return Err(self.job.problem_with(&key, problem));
                }
                Err(CompactError::Gone(_)) => {}
                ended => return ended,
            }
        }
        Err(anyhow::anyhow!(
            "other runs were always quicker with dt={}: try again",
            self.date
        )
        .into())
    }

    /// Whether another run has finished a plan that this run does not know as done.
    async fn others_went_on(&self) -> Result<bool, CompactError> {
        let plans = self.job.plans(self.date).await?;
        Ok(plans
            .into_iter()
            .any(|(number, is_done)| is_done && !self.done.contains_key(&number)))
    }

    async fn round(&mut self) -> Result<(), CompactError> {
        let plans = self.job.plans(self.date).await?;
        for (&number, &is_done) in &plans {
            if self.done.contains_key(&number) {
                continue;
            }
            let plan = self.job.plan(self.date, number).await?;
            let key = self.job.request.to.plan_key(self.date, number);
            let plan = plan.ok_or_else(|| {
                self.job
                    .problem_with(&key, "it was removed while it was read")
            })?;
            match is_done {
                true => self.was_done(&plan).await?,
                false => self.finish(&plan).await?,
            }
            self.planned.add(&plan.inputs);
        }
        let next = plans.last_key_value().map_or(1, |(last, _)| last + 1);
        self.make_new(next).await
    }

    async fn was_done(&mut self, plan: &CompactionPlan) -> Result<(), CompactError> {
        let done = self.job.done(self.date, plan.number).await?;
        let key = self.job.request.to.done_key(self.date, plan.number);
        let done = done.ok_or_else(|| {
            self.job
                .problem_with(&key, "it was removed while it was read")
        })?;
        self.report
            .plans
            .push(PlanReport::new(&done, PlanOrigin::Before));
        self.done.insert(done.number, done);
        Ok(())
    }

    /// Finishes a plan that this run has found, by the rules in the plan.
    async fn finish(&mut self, plan: &CompactionPlan) -> Result<(), CompactError> {
        let (job, date) = (self.job, self.date);
        job.progress.borrow_mut().step(
            format!("finishing plan {} of dt={date}: objects", plan.number),
            Some(plan.inputs.len()),
        );
        let rules = job.pack_rules(date, &plan.output, None).await?;
        let comparison = rules.comparison.clone();
        let mut ended = None;
        let objects = job.planned(date, plan);
        let publish = async |mut pack: Pack| {
            if pack.inputs != plan.inputs {
                let key = job.request.to.plan_key(date, plan.number);
                let problem = "its inputs do not hold as many records as it says";
                return Err(job.problem_with(&key, problem));
            }
            let (losses, versions) = (pack.losses, std::mem::take(&mut pack.versions));
            let done = job.publish(date, plan, &comparison, pack).await?;
            ended = Some(CarriedOut {
                done,
                losses,
                versions,
            });
            Ok(())
        };
        pack_all(job, rules, objects, publish).await?;
        let key = job.request.to.plan_key(date, plan.number);
        let carried_out = ended.ok_or_else(|| job.problem_with(&key, "it has no inputs"))?;
        self.note(carried_out, PlanOrigin::Finished);
        Ok(())
    }

    /// Makes plans, from this number on, until all objects of the date are in one.
    async fn make_new(&mut self, first: u32) -> Result<(), CompactError> {
        let (job, date) = (self.job, self.date);
        let survey = job.survey(date, &self.planned).await?;
        self.report.unknown_objects = survey.unknown;
        self.report.remaining = survey.planned.objects + survey.new.objects;
        self.check_sizes(survey.planned)?;
        if survey.new.objects == 0 {
            return Ok(());
        }
        job.progress.borrow_mut().step(
            format!("compacting dt={date}: objects"),
            Some(survey.new.objects),
        );
        let rules = job
            .pack_rules(date, &job.rules, Some(job.request.max_bytes))
            .await?;
        let comparison = rules.comparison.clone();
        let mut number = first;
        let mut made = Vec::new();
        let planned = self.planned.clone();
        let objects = job.unplanned(date, &planned);
        let publish = async |mut pack: Pack| {
            let plan = job.plan_pack(date, number, &pack).await?;
            let (losses, versions) = (pack.losses, std::mem::take(&mut pack.versions));
            let done = job.publish(date, &plan, &comparison, pack).await?;
            number += 1;
            made.push((
                plan,
                CarriedOut {
                    done,
                    losses,
                    versions,
                },
            ));
            Ok(())
        };
        let packed = pack_all(job, rules, objects, publish).await;
        for (plan, carried_out) in made {
            self.planned.add(&plan.inputs);
            self.note(carried_out, PlanOrigin::Made);
        }
        packed
    }

    /// If all objects of the plans are still there, checks that together they have the size that
    /// they had.
    fn check_sizes(&self, planned: Counted) -> Result<(), CompactError> {
        let inputs = || self.done.values().map(|done| done.inputs);
        let objects: u64 = inputs().map(|inputs| inputs.objects).sum();
        let bytes: u64 = inputs().map(|inputs| inputs.bytes).sum();
        if planned.objects != objects || planned.bytes == bytes {
            return Ok(());
        }
        let folder = self.job.request.from.date_folder(self.date);
        let problem = "the objects here are others than those that were compacted, under the same keys: was the zone emptied, and landed \
                       anew? It needs another --to, then";
        Err(self.job.problem_with(&folder, problem))
    }

    fn note(&mut self, carried_out: CarriedOut, origin: PlanOrigin) {
        let CarriedOut {
            done,
            losses,
            versions,
        } = carried_out;
        tracing::info!(
            records = done.records,
            objects = done.inputs.objects,
            "plan {} of dt={} is done and verified",
            done.number,
            self.date
        );
        let mut report = PlanReport::new(&done, origin);
        report.add_losses(losses);
        self.report.plans.push(report);
        if self.job.request.delete_source {
            self.verified.insert(done.number, versions);
        }
        self.done.insert(done.number, done);
    }
}

/// Reads the objects, packs them, and publishes one pack after another.
async fn pack_all(
    job: &Job,
    rules: PackRules,
    objects: impl Stream<Item = Result<SourceObject, CompactError>>,
    mut publish: impl AsyncFnMut(Pack) -> Result<(), CompactError>,
) -> Result<(), CompactError> {
    let date = rules.date.clone();
    let (feed, items) = mpsc::channel(CHANNEL);
    let (give, mut packs) = mpsc::channel(1);
    let packer = Packer::new(Arc::new(rules), give);
    let packing = tokio::task::spawn_blocking(move || packer.run(items));
    let reading = async move {
        let mut fetched = pin!(job.fetch(&date, objects));
        while let Some(fetched) = fetched.next().await {
            let item = PackerInput::Object(Box::new(fetched?));
            job.progress.borrow_mut().add(1);
            // Nobody takes it: the packer has failed, or nobody wants its packs.
            if feed.send(item).await.is_err() {
                return Ok(());
            }
        }
        feed.send(PackerInput::End).await.ok();
        Ok(())
    };
    let publishing = async move {
        while let Some(pack) = packs.recv().await {
            publish(pack).await?;
        }
        Ok(())
    };
    let (read, published): (Result<(), CompactError>, Result<(), CompactError>) =
        tokio::join!(reading, publishing);
    let packed = packing
        .await
        .unwrap_or_else(|_| Err(anyhow::anyhow!("the thread that packs gave up").into()));
    published.and(packed).and(read)
}
