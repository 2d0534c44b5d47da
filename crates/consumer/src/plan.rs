//! Turns the command line into what a run needs, with every check that needs no connection.
//!
//! Checks that ask Kafka or S3 are in `start_up.rs`. A [`Plan`] is always consistent: deadlines fit
//! each other, names are allowed, no fixed option is changed.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Result, bail};
use bucket::{
    check_bucket_name,
    object_options::{ObjectFlags, ObjectOptions, check_owner},
    schemas::schema_hash,
};
use format::{
    options::{Compression, FileFormat},
    schema_file,
    zone_rules::ZoneRules,
};
use kafka::{
    options::check_topic_name,
    settings::{self, KafkaSettings},
};
use landing::{
    Format,
    chain::Batching,
    claim::FileRules,
    engine::{self, ObjectLayout},
    layout::Prefix,
    partition_by::{Granularity, PartitionBy},
    start,
    zone::default_group,
};
use schema::{Classifier, TableSchema};

use crate::{
    args::{self, Args, StartAt},
    dead_letters::DeadLetterLimit,
};

/// The least memory that a run can work with: several values of 8 MiB must fit.
const LEAST_MEMORY: usize = 32 << 20;

/// A checked run: what each part of it needs.
pub(crate) struct Plan {
    pub(crate) store: StoreSettings,
    pub(crate) zone: ZoneSettings,
    pub(crate) kafka: KafkaSettings,
    /// Still without the zone's id: see [`Plan::engine_settings`].
    pub(crate) engine: engine::Settings,
    pub(crate) run: RunSettings,
}

/// The bucket, and how it is reached.
pub(crate) struct StoreSettings {
    pub(crate) bucket: String,
    pub(crate) endpoint_url: Option<String>,
    pub(crate) create_bucket: bool,
    /// The account that must own it.
    pub(crate) owner: Option<String>,
    pub(crate) objects: ObjectOptions,
}

/// The landing zone.
pub(crate) struct ZoneSettings {
    pub(crate) prefix: Prefix,
    pub(crate) topic: String,
    pub(crate) format: Format,
    pub(crate) partition_by: PartitionBy,
    pub(crate) granularity: Granularity,
    /// The columns of CSV and Parquet, or those that each record must fit.
    pub(crate) schema: Option<Arc<TableSchema>>,
    /// Where a new zone begins.
    pub(crate) start: StartAt,
    /// Whether a move to another cluster is accepted.
    pub(crate) new_cluster: bool,
}

/// The zone as start-up entered it.
pub(crate) struct EnteredZone {
    /// [`landing::zone::Zone::id`].
    pub(crate) id: String,
    /// What commits name as their zone: [`landing::zone::commit_zone`].
    pub(crate) commit_zone: String,
    /// The rule by which the zone reads records.
    pub(crate) classifier: Classifier,
}

/// How long things may take, what ends the run, and where it reports.
pub(crate) struct RunSettings {
    pub(crate) dry_run: bool,
    pub(crate) until_end: bool,
    pub(crate) max_dead_letters: Option<DeadLetterLimit>,
    pub(crate) connect_timeout: Duration,
    /// How long a revoked partition has to finish what is in flight, as the engine is told. Must
    /// stay below the session timeout, or the group would not wait.
    pub(crate) drain_deadline: Duration,
    pub(crate) grace_period: Duration,
    pub(crate) metrics_addr: Option<SocketAddr>,
    pub(crate) progress_interval: Duration,
}

impl Plan {
    /// Checks the flags.
    ///
    /// # Errors
    /// A message that names the flag and the fix; the caller exits with 2.
    pub(crate) fn new(args: Args) -> Result<Self> {
        check_bucket_name(&args.zone.bucket)?;
        check_topic_name(&args.kafka.topic)?;
        let zone = ZoneSettings::new(&args)?;
        check_process(&args)?;
        let kafka = kafka_settings(&args, &zone.prefix)?;
        let run = RunSettings {
            dry_run: args.dry_run,
            until_end: args.until_end,
            max_dead_letters: args.max_dead_letters,
            connect_timeout: args.kafka.connect_timeout,
            drain_deadline: drain_deadline(&kafka)?,
            grace_period: args.grace_period,
            metrics_addr: args.metrics_addr,
            progress_interval: args.report.progress_interval,
        };
        let objects = object_options(&args)?;
        let plan = Self {
            engine: engine::Settings {
                drain_deadline: run.drain_deadline,
                ..engine_settings(&args, &zone)
            },
            zone,
            kafka,
            run,
            store: StoreSettings {
                bucket: args.zone.bucket,
                endpoint_url: args.zone.endpoint_url,
                create_bucket: args.create_bucket,
                owner: args.zone.expected_bucket_owner,
                objects,
            },
        };
        // An encoding that cannot work must fail now, not at the first batch.
        if let (Some(rules), ObjectLayout::Batched(batching)) =
            (plan.zone.rules("", Classifier::NEWEST), &plan.engine.layout)
        {
            rules.encoding(&batching.files, plan.zone.schema.clone())?;
        }
        Ok(plan)
    }

    /// The engine's settings, with what start-up finds out about the zone.
    pub(crate) fn engine_settings(&self, zone: &EnteredZone) -> engine::Settings {
        engine::Settings {
            zone_id: zone.id.clone(),
            commit_zone: zone.commit_zone.clone(),
            classifier: zone.classifier,
            partition_by: self.zone.partition_by(zone.classifier),
            ..self.engine.clone()
        }
    }
}

fn object_options(args: &Args) -> Result<ObjectOptions> {
    check_owner(args.zone.expected_bucket_owner.as_deref())?;
    if args.create_bucket && args.zone.expected_bucket_owner.is_some() {
        bail!(
            "--create-bucket makes a bucket of our own account: leave out --expected-bucket-owner, or make the bucket first"
        );
    }
    let flags = args.objects.clone();
    ObjectOptions::new(&ObjectFlags {
        sse: flags.sse,
        sse_kms_key_id: flags.sse_kms_key_id,
        storage_class: flags.storage_class,
        object_tags: flags.object_tags,
        checksum: Some(flags.checksum),
    })
}

impl ZoneSettings {
    fn new(args: &Args) -> Result<Self> {
        let format = args.batching.format;
        let prefix = match &args.prefix {
            Some(prefix) => prefix.clone(),
            None => default_prefix(&args.kafka.topic, format)?,
        };
        check_files(&args.batching)?;
        Ok(Self {
            prefix,
            topic: args.kafka.topic.clone(),
            format,
            partition_by: args.partition_by.clone(),
            granularity: args.granularity,
            schema: table_schema(&args.batching)?,
            start: args.start,
            new_cluster: args.new_cluster,
        })
    }

    /// What all files of the zone have in common; `None` for one object per record.
    pub(crate) fn rules(&self, zone_id: &str, classifier: Classifier) -> Option<ZoneRules> {
        Some(ZoneRules {
            zone: zone_id.to_owned(),
            prefix: self.prefix.clone(),
            topic: self.topic.clone(),
            format: FileFormat::of(self.format)?,
            partition_by: self.partition_by(classifier),
            granularity: self.granularity,
            classifier,
        })
    }

    /// Where a record's date comes from, as a zone with this classifier understands the flag.
    fn partition_by(&self, classifier: Classifier) -> PartitionBy {
        let text = self.partition_by.to_string();
        // What the newest classifier takes, earlier ones take, too.
        PartitionBy::parse(&text, classifier).unwrap_or_else(|_| self.partition_by.clone())
    }
}

fn kafka_settings(args: &Args, prefix: &Prefix) -> Result<KafkaSettings> {
    let derived = || default_group(&args.zone.bucket, prefix);
    Ok(KafkaSettings {
        bootstrap_servers: args.kafka.bootstrap_servers.clone(),
        group: args.group.clone().unwrap_or_else(derived),
        options: settings::options(&args.kafka.kafka_options, &args.kafka.security())?,
        queue_bytes: args.memory / 4,
    })
}

fn drain_deadline(kafka: &KafkaSettings) -> Result<Duration> {
    let session = settings::session_timeout(&kafka.options)?;
    if session < Duration::from_secs(1) {
        bail!(
            "-X session.timeout.ms must be at least 1000: half of it is the time to finish what is in flight at a rebalance"
        );
    }
    Ok(session / 2)
}

/// The engine gets half of the memory; the rest is for the client's queue and for what is on its
/// way between the threads.
fn engine_settings(args: &Args, zone: &ZoneSettings) -> engine::Settings {
    engine::Settings {
        prefix: zone.prefix.clone(),
        zone_id: String::new(),
        commit_zone: String::new(),
        topic: zone.topic.clone(),
        partition_by: zone.partition_by.clone(),
        granularity: zone.granularity,
        classifier: Classifier::NEWEST,
        check_columns: zone.schema.clone().filter(|_| zone.format == Format::Json),
        tombstones: match args.tombstones {
            args::TombstonePolicy::Skip => engine::Tombstones::Skip,
            args::TombstonePolicy::DeadLetter => engine::Tombstones::DeadLetter,
        },
        on_gap: match args.on_gap {
            args::GapPolicy::Stop => start::OnGap::Stop,
            args::GapPolicy::Record => start::OnGap::Record,
        },
        max_in_flight: usize::from(args.zone.concurrency),
        memory_bytes: args.memory / 2,
        commit_interval: Duration::from_secs(1),
        drain_deadline: Duration::ZERO,
        layout: object_layout(args, zone),
    }
}

/// How records become objects.
fn object_layout(args: &Args, zone: &ZoneSettings) -> ObjectLayout {
    let wanted = &args.batching;
    if wanted.format == Format::Json {
        return ObjectLayout::PerRecord;
    }
    let compression = compression(wanted);
    let files = FileRules {
        compression: compression.to_string(),
        level: wanted.compression_level,
        csv_header: wanted.csv_header,
        metadata_columns: wanted.with_metadata,
        schema: zone.schema.as_deref().map(schema_hash),
        keep_tombstones: args.tombstones == args::TombstonePolicy::DeadLetter,
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    ObjectLayout::Batched(Arc::new(Batching {
        files,
        format: wanted.format,
        max_records: wanted.max_records,
        max_bytes: wanted.max_bytes,
        max_age: wanted.max_age,
        max_idle: wanted.max_idle,
        max_encoding: cores.min(MOST_ENCODERS),
        expected_ratio: expected_ratio(wanted.format, compression),
    }))
}

fn check_process(args: &Args) -> Result<()> {
    if args.memory < LEAST_MEMORY {
        bail!("--memory must be at least 32MiB: values of up to 8 MiB must fit several times");
    }
    Ok(())
}

/// The most encoders at a time: each holds an extent's output on top of its input.
const MOST_ENCODERS: usize = 4;

pub(crate) fn compression(wanted: &args::BatchingArgs) -> Compression {
    let default = match wanted.format {
        Format::Parquet => Compression::Zstd,
        Format::Json | Format::Jsonl | Format::Csv => Compression::Gzip,
    };
    wanted.compression.unwrap_or(default)
}

/// Bytes of output per byte of records, assumed until an extent has shown the real ratio: a rough
/// guess from stock records.
fn expected_ratio(format: Format, compression: Compression) -> f64 {
    match (format, compression) {
        (Format::Csv, Compression::None) => 0.6,
        (Format::Parquet, Compression::None) => 0.4,
        (_, Compression::None) => 1.0,
        (Format::Parquet, _) => 0.3,
        _ => 0.2,
    }
}

/// Flags that do not go together are refused, not ignored.
pub(crate) fn check_files(wanted: &args::BatchingArgs) -> Result<()> {
    let format = wanted.format;
    let batches_only =
        wanted.compression.is_some() || wanted.compression_level.is_some() || wanted.with_metadata;
    if format == Format::Json && batches_only {
        bail!(
            "--compression, --compression-level and --with-metadata belong to batches: add --format jsonl, csv or parquet"
        );
    }
    if wanted.csv_header && format != Format::Csv {
        bail!("--csv-header belongs to --format csv");
    }
    let is_json = matches!(format, Format::Json | Format::Jsonl);
    if wanted.schema.is_some() && is_json && !wanted.check_columns {
        bail!(
            "--schema belongs to --format csv and parquet: --format {format} keeps each record as it is; add --check-columns to make dead letters of those that do not fit"
        );
    }
    if wanted.check_columns && !is_json {
        bail!("--check-columns belongs to --format json and jsonl: {format} always checks them");
    }
    Ok(())
}

/// The columns of CSV and Parquet, or of `--check-columns`.
pub(crate) fn table_schema(wanted: &args::BatchingArgs) -> Result<Option<Arc<TableSchema>>> {
    match (wanted.format, &wanted.schema) {
        (Format::Json | Format::Jsonl, _) if !wanted.check_columns => Ok(None),
        (_, Some(file)) => Ok(Some(Arc::new(schema_file::read(file)?))),
        (_, None) => Ok(Some(Arc::new(TableSchema::stock()))),
    }
}

fn default_prefix(topic: &str, format: Format) -> Result<Prefix> {
    match format!("{topic}/{}", format).parse() {
        Ok(prefix) => Ok(prefix),
        Err(reason) => {
            bail!("the topic's name cannot be a folder for Athena ({reason}): give --prefix")
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn plan(flags: &[&str]) -> Result<Plan, String> {
        let argv = ["consumer", "--bucket", "kafka-stock-market-project"]
            .iter()
            .chain(flags);
        Plan::new(Args::try_parse_from(argv).map_err(|error| error.to_string())?)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn prefix_and_group_are_derived() {
        let plan = plan(&[]).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(plan.zone.prefix.as_str(), "stock-market/json");
        assert_eq!(
            plan.kafka.group,
            "landing.kafka-stock-market-project/stock-market/json"
        );
        assert_eq!(plan.run.drain_deadline, Duration::from_secs(5));
    }

    #[test]
    fn a_format_has_a_folder_and_a_compression_of_its_own() {
        let plan = plan(&["--format", "parquet"]).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(plan.zone.prefix.as_str(), "stock-market/parquet");
        let ObjectLayout::Batched(batching) = &plan.engine.layout else {
            panic!("not batched")
        };
        assert_eq!(batching.files.compression, "zstd");
        assert_eq!(batching.suffix(&batching.files), "parquet");
    }

    #[test]
    fn what_cannot_work_is_refused_before_any_connection() {
        refused(&[
            (&["--bucket", "My_Bucket"][..], "S3 refuses"),
            (&["--bucket", "192.168.1.1"], "S3 refuses"),
            (&["--bucket", "ab"], "S3 refuses"),
            (&["--topic", "a/b"], "Kafka refuses"),
            (&["--topic", ".."], "Kafka refuses"),
            (&["--topic", "_internal"], "give --prefix"),
            (&["--prefix", "a/../b"], "prefix"),
            (&["--memory", "1MiB"], "--memory"),
            (&["-X", "hunter2"], "KEY=VALUE"),
            (&["-X", "auto.offset.reset=latest"], "cannot be changed"),
            (&["-X", "session.timeout.ms=10"], "session.timeout.ms"),
        ]);
    }

    #[test]
    fn files_that_cannot_be_are_refused_before_any_connection() {
        refused(&[
            (&["--compression", "gzip"][..], "add --format"),
            (&["--format", "jsonl", "--csv-header"], "--csv-header"),
            (
                &["--format", "parquet", "--compression", "gzip"],
                "goes with",
            ),
            (&["--format", "csv", "--compression", "snappy"], "goes with"),
            (
                &["--format", "jsonl", "--compression-level", "12"],
                "1 to 9",
            ),
            (
                &["--format", "csv", "--schema", "not-there.yaml"],
                "not-there.yaml",
            ),
            (
                &["--format", "jsonl", "--schema", "x.yaml"],
                "add --check-columns",
            ),
            (&["--schema", "x.yaml"], "add --check-columns"),
            (
                &["--format", "parquet", "--check-columns"],
                "always checks them",
            ),
        ]);
    }

    fn refused(cases: &[(&[&str], &str)]) {
        for (flags, expected) in cases {
            let mut argv = vec!["consumer"];
            if !flags.contains(&"--bucket") {
                argv.extend(["--bucket", "kafka-stock-market-project"]);
            }
            argv.extend(flags.iter().copied());
            let result = Args::try_parse_from(argv).map_err(|error| error.to_string());
            let error = result
                .and_then(|args| Plan::new(args).map(drop).map_err(|error| error.to_string()))
                .expect_err("refused");
            assert!(
                error.contains(expected) && !error.contains("hunter2"),
                "{flags:?}: {error}"
            );
        }
    }
}
