//! `consumer verify`: whether a landing zone holds each record of its topic exactly once, and if
//! not, what is wrong.
//!
//! Reading order: `finding` (what may be said), `open_zone` (bucket, zone, topic), `listings` (the
//! two lists), then the two layouts, `per_record` and `batched`. It shares with the consumer the
//! names of keys, what a value is, and what a claim is; how records become objects it works out for
//! itself. It writes nothing.
//!
//! Memory: keys are forgotten as they are listed. What stays for a million objects is below 1 MiB
//! in a zone with one object per record (bits for offsets), and below 64 MiB in a batched one
//! (sizes from claims), in whatever order dates scatter them. "Clean" is said only when every
//! offset that the zone must hold was accounted for.

use std::{
    collections::{BTreeMap, HashMap},
    rc::Rc,
    time::Instant,
};

use anyhow::{Context, Result};
use bucket::zone;
use cli::{origins::Origins, progress::Progress, run::Failure};
use kafka::options::Options;
use schema::RowReader;

use crate::{
    anchors, args::VerifyArgs, batched, finding::Findings, group_notes::GroupNotes,
    listed::Content, listings, open_zone, per_record, report::Report, verification::Verification,
};

/// Verifies a landing zone. `origins` says where a flag's value came from, for the log.
///
/// # Errors
/// [`Failure::Usage`] before any connection, [`Failure::Failed`] when there is no zone, or
/// when the bucket or the topic cannot be read.
pub async fn run(args: VerifyArgs, origins: &Origins) -> Result<Report, Failure> {
    let options = open_zone::check(&args).map_err(Failure::Usage)?;
    verify(&args, options, origins)
        .await
        .map_err(Failure::Failed)
}

async fn verify(args: &VerifyArgs, options: Options, origins: &Origins) -> Result<Report> {
    let began = Instant::now();
    let (bucket, prefixes) = zone::connect(
        &args.zone.bucket,
        args.zone.endpoint_url.as_deref(),
        origins.of("endpoint_url"),
        args.zone.expected_bucket_owner.as_deref(),
        open_zone::prefixes(args)?,
    )
    .await?;
    let (facts, zone) = open_zone::zone(args, &bucket, prefixes).await?;
    // The group's offsets are asked for before anything is listed.
    let notes = GroupNotes::read(&bucket, &facts).await?;
    let topic = open_zone::topic(args, &bucket, &facts, &zone, &notes, options).await?;
    let mut content = Content::of(&facts);
    let mut verification = Verification {
        bucket,
        zone: facts,
        topic: topic.map(Rc::new),
        deep: args.deep,
        concurrency: usize::from(args.zone.concurrency),
        findings: Findings::default(),
        partitions: BTreeMap::new(),
        progress: Progress::start(args.report.progress_interval),
        bytes_read: 0,
        folders: HashMap::new(),
        schemas: BTreeMap::new(),
        columns: None,
    };
    if let Some(hash) = &zone.check_columns {
        let classifier = verification.zone.classifier;
        let columns = batched::schemas::schema(&mut verification, hash).await?;
        let columns = columns.with_context(|| {
            let key = verification.zone.prefix.schema_key(hash);
            format!("the columns of the zone, {key}, are not there or not readable: restore them")
        })?;
        verification.columns = Some(RowReader::new(&columns, classifier));
    }
    verification.unreadable_groups(&notes);
    verification.refused_groups();
    listings::control(&mut verification, &mut content).await?;
    listings::data(&mut verification, &mut content).await?;
    verification.ask_for_ends().await?;
    anchors::compare(&mut verification, &content).await?;
    match &mut content {
        Content::PerRecord(per_record) => {
            per_record::judge::judge(per_record, &mut verification).await?
        }
        Content::Batched(batched) => batched::judge::judge(batched, &mut verification).await?,
    }
    verification.progress.finish();
    Ok(report(args, verification, began))
}

fn report(args: &VerifyArgs, verification: Verification, began: Instant) -> Report {
    let partitions = verification.partitions.into_values();
    let report = Report {
        bucket: args.zone.bucket.clone(),
        prefix: verification.zone.prefix.to_string(),
        topic: verification.zone.topic,
        format: verification.zone.format,
        deep: args.deep,
        strict: args.strict,
        with_kafka: verification.topic.is_some(),
        clean: false,
        partitions: partitions.map(|partition| partition.report).collect(),
        counts: BTreeMap::new(),
        findings: Vec::new(),
        bytes_read: verification.bytes_read,
        seconds: began.elapsed().as_secs_f64(),
    };
    report.conclude(verification.findings)
}
