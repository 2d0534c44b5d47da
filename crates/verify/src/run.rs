//! `consumer verify`: whether a landing zone holds each record of its topic exactly once, and if
//! not, what is wrong.
//!
//! Reading order: [`finding`] (what may be said), `start` (bucket, zone, topic), `walk` (the two
//! lists), then the two layouts, `per_record` and `batched`. It shares with the consumer the names
//! of keys, what a value is, and what a claim is; how records become objects it works out for
//! itself. It reads, and writes nothing.
//!
//! Memory: keys are forgotten as they are listed. What stays for a million objects is below 1 MiB
//! in a zone with one object per record (bits for offsets), and below 16 MiB in a batched one
//! (sizes from claims), in whatever order dates scatter them. Invariant: "clean" is said only when
//! every offset that the zone must hold was accounted for.

use std::{
    collections::{BTreeMap, HashMap},
    rc::Rc,
    time::Instant,
};

use anyhow::Result;
use bucket::zone;
use cli::{config::Origins, progress::Progress, run::Failure};

use crate::{
    anchors, args::VerifyArgs, batched, finding::Findings, listed::Content, listings, open_zone,
    per_record, report::Report, verification::Look,
};

/// Verifies a landing zone. `origins` says where a flag's value came from, for the log.
///
/// # Errors
/// [`Failure::Usage`] before any connection, [`Failure::Failed`] when there is no zone, or bucket
/// or topic cannot be read.
pub async fn run(args: VerifyArgs, origins: &Origins) -> Result<Report, Failure> {
    let options = open_zone::check(&args).map_err(Failure::Usage)?;
    verify(&args, options, origins)
        .await
        .map_err(Failure::Failed)
}

async fn verify(args: &VerifyArgs, options: Options, origins: &Origins) -> Result<Report> {
    let began = Instant::now();
    let endpoint = (
        args.zone.endpoint_url.as_deref(),
        origins.of("endpoint_url"),
    );
    let places = open_zone::places(args)?;
    let (bucket, places) = zone::bucket(&args.zone.bucket, endpoint, places).await?;
    let (facts, zone) = open_zone::zone(args, (&bucket, places)).await?;
    // The group's offsets are asked for before anything is listed.
    let topic = open_zone::topic(args, (&bucket, &facts, &zone), options).await?;
    let mut content = Content::of(&facts);
    let mut look = Look {
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
    };
    listings::control(&mut look, &mut content).await?;
    listings::data(&mut look, &mut content).await?;
    look.ask_for_ends().await?;
    anchors::compare(&mut look, &content).await?;
    match &mut content {
        Content::PerRecord(per_record) => per_record::judge::judge(per_record, &mut look).await?,
        Content::Batched(batched) => batched::judge::judge(batched, &mut look).await?,
    }
    look.progress.finish();
    Ok(report(args, look, began))
}

fn report(args: &VerifyArgs, look: Look, began: Instant) -> Report {
    let partitions = look.partitions.into_values();
    let report = Report {
        bucket: args.zone.bucket.clone(),
        prefix: look.zone.prefix.to_string(),
        topic: look.zone.topic,
        format: look.zone.format,
        deep: args.deep,
        strict: args.strict,
        with_kafka: look.topic.is_some(),
        clean: false,
        partitions: partitions.map(|partition| partition.report).collect(),
        counts: BTreeMap::new(),
        findings: Vec::new(),
        bytes_read: look.bytes_read,
        seconds: began.elapsed().as_secs_f64(),
    };
    report.conclude(look.findings)
}
