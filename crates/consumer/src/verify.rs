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

mod anchors;
mod batched;
mod claim_index;
pub mod finding;
mod look;
mod per_record;
mod place;
pub mod report;
mod start;
mod topic;
mod walk;

use std::{
    collections::{BTreeMap, HashMap},
    rc::Rc,
    time::Instant,
};

use anyhow::Result;
use landing::{Offset, anchor::Anchor};

pub use self::report::Report;
use self::{batched::Batched, finding::Findings, look::Look, per_record::PerRecord};
use crate::{
    Failure,
    args::VerifyArgs,
    bucket::listing::Listed,
    progress::Progress,
    reading::{
        body,
        keys::{self, DataKey},
        offset_set,
        zone_facts::{self, ZoneFacts},
    },
};

/// Verifies a landing zone. `origin` says where a flag's value came from, for the log.
///
/// # Errors
/// [`Failure::Usage`] before any connection, [`Failure::Failed`] when there is no zone, or bucket
/// or topic cannot be read.
pub async fn run(args: VerifyArgs, origin: impl Fn(&str) -> String) -> Result<Report, Failure> {
    let options = start::check(&args).map_err(Failure::Usage)?;
    verify(&args, options, origin)
        .await
        .map_err(Failure::Failed)
}

async fn verify(
    args: &VerifyArgs,
    options: Vec<(String, String)>,
    origin: impl Fn(&str) -> String,
) -> Result<Report> {
    let began = Instant::now();
    let endpoint = (args.endpoint_url.as_deref(), &*origin("endpoint_url"));
    let places = start::places(args)?;
    let (bucket, places) = zone_facts::bucket(&args.bucket, endpoint, places).await?;
    let (facts, zone) = start::zone(args, (&bucket, places)).await?;
    // The group's offsets are asked for before anything is listed.
    let topic = start::topic(args, (&bucket, &facts, &zone), options).await?;
    let mut content = Content::of(&facts);
    let mut look = Look {
        bucket,
        zone: facts,
        topic: topic.map(Rc::new),
        deep: args.deep,
        concurrency: usize::from(args.concurrency),
        findings: Findings::default(),
        partitions: BTreeMap::new(),
        progress: Progress::start(args.progress_interval),
        bytes_read: 0,
        folders: HashMap::new(),
        schemas: BTreeMap::new(),
    };
    walk::control(&mut look, &mut content).await?;
    walk::data(&mut look, &mut content).await?;
    look.ask_for_ends().await?;
    anchors::compare(&mut look, &content).await?;
    match &mut content {
        Content::PerRecord(per_record) => per_record.judge(&mut look).await?,
        Content::Batched(batched) => batched.judge(&mut look).await?,
    }
    look.progress.finish();
    Ok(report(args, look, began))
}

fn report(args: &VerifyArgs, look: Look, began: Instant) -> Report {
    let partitions = look.partitions.into_values();
    let report = Report {
        bucket: args.bucket.clone(),
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

/// What was listed of the zone, in its layout.
enum Content {
    PerRecord(PerRecord),
    Batched(Batched),
}

impl Content {
    fn of(zone: &ZoneFacts) -> Self {
        if zone.is_per_record() {
            Self::PerRecord(PerRecord::default())
        } else {
            Self::Batched(Batched::default())
        }
    }

    fn data(&mut self, look: &mut Look, key: &DataKey<'_>, object: &Listed) {
        match self {
            Self::PerRecord(per_record) => per_record.data(look, key, object),
            Self::Batched(batched) => batched.data(look, key, object),
        }
    }

    fn dead_letter(&mut self, look: &mut Look, at: (i32, Offset), object: &Listed) {
        match self {
            Self::PerRecord(per_record) => per_record.dead_letter(look, at, object),
            Self::Batched(batched) => batched.dead_letters(look, at, object),
        }
    }

    fn schema(&mut self, hash: String) {
        if let Self::Batched(batched) = self {
            batched.schema(hash);
        }
    }

    fn all_claims_were_read(&mut self, look: &Look) {
        if let Self::Batched(batched) = self {
            batched.all_claims_were_read(look);
        }
    }

    /// The last record that the newest claim saw.
    fn last_claimed(&self, partition: i32) -> Option<Anchor> {
        match self {
            Self::PerRecord(_) => None,
            Self::Batched(batched) => batched.last_claimed(partition),
        }
    }
}
