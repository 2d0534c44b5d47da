//! `consumer compact`: finished date partitions of a landing zone become few objects under another
//! prefix, verified before they count.
//!
//! Read the files in this order: `request` (what is asked for), `copy` (the copy and its plans),
//! `date` (the steps for one date), `source`, `fetch`, `unpack`, `pack` (from the zone's objects to
//! the copy's), `publish` (plan, write, read back, done), `deletion`. `landing::compaction` says
//! what a plan is.
//!
//! Memory: bodies of the zone's objects within `--memory`; two compressed objects of the copy, one
//! that is being made and one that is being verified; 32 MiB of a Parquet row group; one unpacked
//! record at a time; for the plans of a date a bitmap of the offsets that they cover; and with
//! `--delete-source` 16 bytes for each object of the date, and one more for each of a plan that was
//! done before.
//!
//! Invariant: an object of the zone is deleted only after the copy that holds it was read back and
//! found to hold the same.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Instant,
};

use anyhow::{Result, bail, ensure};
use bucket::{
    Bucket,
    body::Room,
    schemas::schema_hash,
    zone::{self, ZoneFacts},
};
use cli::{origins::Origins, progress::Progress, run::Failure};
use landing::{Format, partition_by::DatePartition};

use crate::{
    args::CompactArgs,
    copy,
    error::CompactError,
    job::Job,
    report::Report,
    request::{CopyRequest, Dates},
};

/// Compacts what the flags ask for. `origins` says where their values came from, for the log.
///
/// A date that its data does not allow to compact is no error: the report says why it was given up.
///
/// # Errors
/// [`Failure::Usage`] before anything is written; [`Failure::Failed`] when zone or copy cannot be
/// used, a date is not finished, or S3 refuses or keeps failing.
pub async fn run(args: CompactArgs, origins: &Origins) -> Result<Report, Failure> {
    let request = CopyRequest::new(&args).map_err(Failure::Usage)?;
    let began = Instant::now();
    let (bucket, source) = open(&args, &request, origins)
        .await
        .map_err(Failure::Failed)?;
    request
        .check_deletion(source.format)
        .map_err(Failure::Usage)?;
    let mut report = compact(&args, request, bucket, source)
        .await
        .map_err(Failure::Failed)?;
    report.seconds = began.elapsed().as_secs_f64();
    Ok(report)
}

/// The bucket, and what is known of the zone.
async fn open(
    args: &CompactArgs,
    request: &CopyRequest,
    origins: &Origins,
) -> Result<(Bucket, ZoneFacts)> {
    let (bucket, _) = zone::connect(
        &args.zone.bucket,
        args.zone.endpoint_url.as_deref(),
        origins.of("endpoint_url"),
        args.zone.expected_bucket_owner.as_deref(),
        vec![request.from.clone()],
    )
    .await?;
    let bucket = bucket
        .in_zones(vec![request.from.clone(), request.to.clone()])
        .with_options(request.objects.clone());
    let source = source(&bucket, request).await?;
    Ok((bucket, source))
}

async fn compact(
    args: &CompactArgs,
    request: CopyRequest,
    bucket: Bucket,
    source: ZoneFacts,
) -> Result<Report> {
    if let Dates::These(dates) = &request.dates {
        check_dates(dates, &request, &source)?;
    }
    let job = job(args, request, bucket, source).await?;
    let (dates, unfinished) = job.dates().await?;
    let mut report = Report {
        bucket: args.zone.bucket.clone(),
        from: args.from.to_string(),
        to: args.to.to_string(),
        format: job.rules.format.to_string(),
        delete_source: args.delete_source,
        from_rows: job.source.format == Format::Parquet,
        dates: Vec::new(),
        unfinished: unfinished.iter().map(DatePartition::to_string).collect(),
        seconds: 0.0,
    };
    for date in &dates {
        let (mut of_date, result) = job.compact(date).await;
        match result {
            Ok(()) => {}
            Err(CompactError::Failed(error)) => return Err(error),
            Err(CompactError::Data(problem)) => of_date.problem = Some(problem),
            Err(CompactError::Gone(key)) => {
                of_date.problem = Some(format!("{key} is not there any more"))
            }
            Err(CompactError::Overtaken) => {
                of_date.problem = Some("another run is at it".to_owned())
            }
        }
        report.dates.push(of_date);
    }
    job.progress.borrow().finish();
    Ok(report)
}

async fn job(
    args: &CompactArgs,
    request: CopyRequest,
    bucket: Bucket,
    source: ZoneFacts,
) -> Result<Job> {
    let copy = copy::enter(&bucket, &request, &source).await?;
    let table = copy::table(&bucket, &request, &source).await?.map(Arc::new);
    tracing::info!(
        "compacting s3://{}/{} into {}",
        args.zone.bucket,
        request.from,
        request.to
    );
    Ok(Job {
        rules: request.rules(table.as_deref().map(schema_hash)),
        room: Room::of(request.memory),
        request,
        bucket,
        source,
        copy,
        progress: RefCell::new(Progress::start(args.report.progress_interval)),
        table,
        prepared: Cell::new(false),
        schemas: RefCell::new(BTreeMap::new()),
    })
}

/// Reads the zone object of the source, and refuses a zone that cannot be compacted.
async fn source(bucket: &Bucket, request: &CopyRequest) -> Result<ZoneFacts> {
    let from = &request.from;
    let Some(zone) = zone::read_zone(bucket, from).await? else {
        return Err(zone::no_zone(bucket, from.as_str()).await);
    };
    let (facts, _) = zone::facts(bucket, from.clone(), zone)?;
    ensure!(
        facts.format != Format::Csv,
        "s3://{}/{from} holds CSV, which has no types: null, an empty text and a number that is a text cannot be told apart any more; \
         land the topic as jsonl or parquet, and compact that",
        bucket.name()
    );
    Ok(facts)
}

fn check_dates(dates: &[DatePartition], request: &CopyRequest, zone: &ZoneFacts) -> Result<()> {
    for date in dates {
        if date.granularity() != zone.granularity {
            bail!(
                "--partition dt={date} is none of this zone's, which has a date partition for each {}",
                zone.granularity
            );
        }
        if !request.even_unfinished && !is_finished(date, request) {
            bail!(
                "dt={date} is not finished: records may come until {} after its end (UTC), which is --lateness; --unfinished compacts it \
                 now, and what comes later becomes another object",
                humantime(request.lateness)
            );
        }
    }
    Ok(())
}

fn is_finished(date: &DatePartition, request: &CopyRequest) -> bool {
    let lateness = i64::try_from(request.lateness.as_millis()).unwrap_or(i64::MAX);
    date.end_millis().saturating_add(lateness) <= chrono::Utc::now().timestamp_millis()
}

fn humantime(time: std::time::Duration) -> String {
    match time.as_secs() {
        seconds if seconds % 86_400 == 0 && seconds > 0 => format!("{}d", seconds / 86_400),
        seconds if seconds % 3_600 == 0 && seconds > 0 => format!("{}h", seconds / 3_600),
        seconds => format!("{seconds}s"),
    }
}

impl Job {
    /// The dates to compact, and those that are not finished.
    async fn dates(&self) -> Result<(Vec<DatePartition>, Vec<DatePartition>)> {
        if let Dates::These(dates) = &self.request.dates {
            return Ok((dates.clone(), Vec::new()));
        }
        let mut found = BTreeSet::new();
        let folder = self.request.from.data_folder();
        let mut list = self.bucket.list_folder(&folder);
        while let Some(page) = list.page().await? {
            let dates = page.folders.iter().filter_map(|key| {
                let date = key
                    .strip_prefix(&folder)?
                    .strip_prefix("dt=")?
                    .strip_suffix('/')?;
                DatePartition::from_folder(date)
            });
            found.extend(dates.filter(|date| date.granularity() == self.source.granularity));
        }
        // A plan that is not done must be finished even if nothing of its date is listed: then its
        // inputs are missing, and that is reported.
        let plans = self.plans_below(&self.request.to.plans_folder()).await;
        let plans = plans.map_err(|error| match error {
            CompactError::Failed(error) => error,
            CompactError::Data(problem) => anyhow::anyhow!(problem),
            CompactError::Gone(_) | CompactError::Overtaken => {
                anyhow::anyhow!("the plans cannot be listed")
            }
        })?;
        let unfinished = plans
            .into_iter()
            .filter(|(_, plans)| plans.values().any(|is_done| !is_done));
        found.extend(unfinished.map(|(date, _)| date));
        Ok(found
            .into_iter()
            .partition(|date| is_finished(date, &self.request)))
    }
}
