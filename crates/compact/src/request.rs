//! What to do, checked as far as that needs no connection.
//!
//! A [`CopyRequest`] that exists has two prefixes of which neither contains the other, valid dates,
//! and an encoding that works.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result, anyhow, bail, ensure};
use bucket::{
    check_bucket_name,
    object_options::{ObjectFlags, ObjectOptions, check_owner},
};
use format::{
    encoding::Encoding,
    options::{Compression, EncodingOptions, FileFormat, RecordSource},
    schema_file,
};
use landing::{Format, compaction::OutputRules, layout::Prefix, partition_by::DatePartition};
use schema::{Classifier, METADATA_COLUMNS, TableColumn, TableSchema, UnknownFields};

use crate::args::{CompactArgs, CopyFormat};

/// The smallest `--memory`, in bytes: the zone's largest objects must fit.
const LEAST_MEMORY: usize = 16 << 20;

/// A checked request.
pub(crate) struct CopyRequest {
    /// The zone's folder.
    pub(crate) from: Prefix,
    /// The copy's folder.
    pub(crate) to: Prefix,
    pub(crate) dates: Dates,
    /// How long after its end (UTC) a date counts as finished.
    pub(crate) lateness: Duration,
    /// Whether dates that were named may be unfinished.
    pub(crate) even_unfinished: bool,
    pub(crate) format: CopyFormat,
    pub(crate) compression: Compression,
    pub(crate) level: Option<i32>,
    /// The columns in the file of `--schema`.
    pub(crate) schema: Option<TableSchema>,
    pub(crate) drop_unknown_fields: bool,
    pub(crate) allow_unproven: bool,
    pub(crate) max_bytes: u64,
    pub(crate) memory: u64,
    pub(crate) concurrency: usize,
    pub(crate) delete_source: bool,
    /// Whether to delete what the copy does not keep as it was.
    pub(crate) accept_lossy: bool,
    /// How S3 is to keep the copy.
    pub(crate) objects: ObjectOptions,
}

/// Which dates to compact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Dates {
    /// In ascending order, each once.
    These(Vec<DatePartition>),
    AllFinished,
}

impl CopyRequest {
    /// Checks the flags.
    ///
    /// # Errors
    /// A message that names the flag and the fix; the caller exits with 2.
    pub(crate) fn new(args: &CompactArgs) -> Result<Self> {
        check(args)?;
        check_owner(args.zone.expected_bucket_owner.as_deref())?;
        let flags = args.objects.clone();
        let objects = ObjectOptions::new(&ObjectFlags {
            sse: flags.sse,
            sse_kms_key_id: flags.sse_kms_key_id,
            storage_class: flags.storage_class,
            object_tags: flags.object_tags,
            checksum: Some(flags.checksum),
        })?;
        let schema = args.schema.as_deref().map(schema_file::read).transpose()?;
        let default = match args.format {
            CopyFormat::Parquet => Compression::Zstd,
            CopyFormat::Jsonl => Compression::Gzip,
        };
        let request = Self {
            from: args.from.clone(),
            to: args.to.clone(),
            dates: dates(args)?,
            lateness: args.lateness,
            even_unfinished: args.unfinished,
            format: args.format,
            compression: args.compression.unwrap_or(default),
            level: args.compression_level,
            schema,
            drop_unknown_fields: args.drop_unknown_fields,
            allow_unproven: args.allow_unproven,
            max_bytes: args.max_bytes as u64,
            memory: args.memory as u64,
            concurrency: usize::from(args.zone.concurrency),
            delete_source: args.delete_source,
            accept_lossy: args.accept_lossy,
            objects,
        };
        let stock = (args.format == CopyFormat::Parquet).then(|| Arc::new(TableSchema::stock()));
        let (topic, zone) = (String::new(), String::new());
        let source = RecordSource { topic, zone };
        encoding(&request.rules(None), stock, Classifier::NEWEST, source)?;
        Ok(request)
    }

    /// Refuses to delete the records of a zone of this format when the copy cannot give them back.
    ///
    /// # Errors
    /// A message that names the flags; the caller exits with 2.
    pub(crate) fn check_deletion(&self, zone: Format) -> Result<()> {
        let is_lossy = self.format == CopyFormat::Parquet && zone != Format::Parquet;
        ensure!(
            !self.delete_source || !is_lossy || self.accept_lossy,
            "--delete-source with --format parquet: rows do not keep each record of a {zone} zone as it was; use --format jsonl, which \
             does, or --accept-lossy (without --delete-source the report says what is not kept)"
        );
        Ok(())
    }

    /// How new plans write their outputs, with the schema of this hash.
    pub(crate) fn rules(&self, schema: Option<String>) -> OutputRules {
        OutputRules {
            format: self.format.into(),
            compression: self.compression.to_string().to_owned(),
            level: self.level,
            schema,
        }
    }

    /// The columns of the copy: those of the file, or else of the zone. `with_metadata` says that
    /// the zone's records have [`METADATA_COLUMNS`] among their fields; `by_column` that they are
    /// already rows of a table, whose fields have the names of its columns.
    ///
    /// # Errors
    /// When the columns do not go together.
    pub(crate) fn table(
        &self,
        of_zone: TableSchema,
        with_metadata: bool,
        by_column: bool,
    ) -> Result<TableSchema> {
        let add_metadata = with_metadata && self.schema.is_none();
        let given = self.schema.clone().unwrap_or(of_zone);
        let mut columns = given.columns().to_vec();
        if add_metadata {
            for (name, kind) in METADATA_COLUMNS {
                if !columns.iter().any(|column| column.name == name) {
                    let (name, fields) = (name.to_owned(), Vec::new());
                    columns.push(TableColumn { name, kind, fields });
                }
            }
        }
        for column in columns
            .iter_mut()
            .filter(|column| by_column && !column.fields.is_empty())
        {
            // Columns are found without regard to case.
            if !column
                .fields
                .iter()
                .any(|field| field.to_lowercase() == column.name)
            {
                column.fields.push(column.name.clone());
            }
        }
        let unknown = match self.drop_unknown_fields {
            true => UnknownFields::Ignore,
            false => UnknownFields::DeadLetter,
        };
        TableSchema::new(columns, unknown).context("the columns of the copy")
    }
}

/// The encoding that the rules of a plan ask for, of records of a zone with this classifier.
///
/// # Errors
/// Which of the rules do not go together.
pub(crate) fn encoding(
    rules: &OutputRules,
    schema: Option<Arc<TableSchema>>,
    classifier: Classifier,
    origin: RecordSource,
) -> Result<Encoding> {
    let format = FileFormat::of(rules.format);
    let compression: Result<Compression, String> = rules.compression.parse();
    Encoding::new(EncodingOptions {
        format: format.ok_or_else(|| anyhow!("format must be jsonl, csv or parquet"))?,
        compression: compression.map_err(|problem| anyhow!("compression {problem}"))?,
        level: rules.level,
        csv_header: false,
        metadata_columns: false,
        schema,
        classifier,
        origin,
    })
}

/// Flags that do not go together are refused, not ignored.
fn check(args: &CompactArgs) -> Result<()> {
    check_bucket_name(&args.zone.bucket)?;
    ensure!(
        !args.from.overlaps(&args.to),
        "--to {} and --from {} lie inside of each other: the copy needs a folder of its own",
        args.to,
        args.from
    );
    ensure!(
        args.memory >= LEAST_MEMORY,
        "--memory must be at least 16MiB"
    );
    ensure!(args.max_bytes > 0, "--max-bytes must be above 0");
    ensure!(
        args.format == CopyFormat::Parquet || (args.schema.is_none() && !args.drop_unknown_fields),
        "--schema and --drop-unknown-fields belong to --format parquet: JSON Lines keep each record as it is"
    );
    Ok(())
}

fn dates(args: &CompactArgs) -> Result<Dates> {
    match (args.all_finished, args.partition.is_empty()) {
        (true, true) => return Ok(Dates::AllFinished),
        (true, false) => bail!("--all-finished and --partition do not go together"),
        (false, true) => bail!("which dates? --partition dt=2026-11-20, or --all-finished"),
        (false, false) => {}
    }
    let mut dates = Vec::new();
    for text in &args.partition {
        let date = DatePartition::from_folder(text.strip_prefix("dt=").unwrap_or(text));
        match date {
            Some(date) if !dates.contains(&date) => dates.push(date),
            Some(_) => {}
            None => bail!(
                "--partition '{}' is no date partition: write it as in the keys, such as dt=2026-11-20",
                text.escape_debug()
            ),
        }
    }
    dates.sort();
    Ok(Dates::These(dates))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    const COMMON: [&str; 7] = [
        "c",
        "--bucket",
        "landing-zone",
        "--from",
        "s/json",
        "--to",
        "s/copy",
    ];

    fn request(flags: &[&str]) -> Result<CopyRequest, String> {
        let argv = COMMON.iter().chain(flags);
        let args = CompactArgs::try_parse_from(argv).map_err(|error| error.to_string())?;
        CopyRequest::new(&args).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn dates_are_written_as_in_keys_and_each_is_done_once() {
        let flags = [
            "--partition",
            "dt=2026-11-21,2026-11-20",
            "--partition",
            "dt=2026-11-21",
        ];
        let date = |text| DatePartition::from_folder(text).unwrap();
        let expected = Dates::These(vec![date("2026-11-20"), date("2026-11-21")]);
        assert_eq!(request(&flags).unwrap().dates, expected);
        assert_eq!(
            request(&["--all-finished"]).unwrap().dates,
            Dates::AllFinished
        );
    }

    /// Flags, and what is said of them.
    const REFUSED: [(&str, &str); 13] = [
        ("", "which dates?"),
        ("--all-finished --partition dt=2026", "do not go together"),
        ("--partition yesterday", "is no date partition"),
        ("--all-finished --to s/json", "lie inside of each other"),
        (
            "--all-finished --to s/json/copy",
            "lie inside of each other",
        ),
        ("--all-finished --to s", "lie inside of each other"),
        ("--all-finished --bucket My_Bucket", "S3 refuses"),
        ("--all-finished --memory 1MiB", "--memory"),
        ("--all-finished --format csv", "invalid value"),
        ("--all-finished --compression gzip", "goes with"),
        (
            "--all-finished --format jsonl --compression snappy",
            "goes with",
        ),
        ("--all-finished --format jsonl --schema x.yaml", "--schema"),
        ("--all-finished --schema not-there.yaml", "not-there.yaml"),
    ];

    #[test]
    fn what_cannot_work_is_refused_before_any_connection() {
        for (flags, expected) in REFUSED {
            let mut argv: Vec<&str> = COMMON.to_vec();
            // A flag that is given twice would be refused for that.
            for flag in flags.split(' ').filter(|flag| flag.starts_with("--")) {
                if let Some(at) = argv.iter().position(|given| *given == flag) {
                    argv.drain(at..at + 2);
                }
            }
            argv.extend(flags.split_whitespace());
            let args = CompactArgs::try_parse_from(argv).map_err(|error| error.to_string());
            let refused =
                args.and_then(|args| CopyRequest::new(&args).map_err(|error| format!("{error:#}")));
            let Err(error) = refused else {
                panic!("{flags:?} was taken")
            };
            assert!(error.contains(expected), "{flags:?}: {error}");
        }
    }

    #[test]
    fn a_table_takes_all_fields_or_says_which_it_does_not() {
        let all = request(&["--all-finished"]).unwrap();
        let table = all.table(TableSchema::stock(), false, false).unwrap();
        assert_eq!(table.unknown_fields(), UnknownFields::DeadLetter);
        let some = request(&["--all-finished", "--drop-unknown-fields"]).unwrap();
        let table = some.table(TableSchema::stock(), true, false).unwrap();
        assert_eq!(table.unknown_fields(), UnknownFields::Ignore);
        assert_eq!(table.columns().last().unwrap().name, "kafka_headers");
        assert_eq!(table.columns().len(), 9 + 5);
    }

    #[test]
    fn columns_of_rows_are_found_by_their_own_names() {
        let column = TableColumn {
            name: "adj_close".to_owned(),
            kind: schema::AthenaType::Double,
            fields: vec!["Adj Close".to_owned()],
        };
        let of_zone = TableSchema::new(vec![column], UnknownFields::Ignore).unwrap();
        let table = request(&["--all-finished"])
            .unwrap()
            .table(of_zone, false, true)
            .unwrap();
        assert_eq!(table.columns()[0].fields, ["Adj Close", "adj_close"]);
    }
}
