//! What the flags of `consumer ddl` ask for: the table, and the command that prints it again.
//!
//! Pure: the day is an argument, and the schema file was read before.

use anyhow::{Result, anyhow, bail};
use landing::{
    Format,
    layout::Prefix,
    partition_by::{DatePartition, Granularity, PartitionBy},
};
use schema::{FieldNames, TableSchema};

use crate::{
    args::{DdlArgs, Reader},
    statements::Statement,
    table_range::{RangeEnd, TableRange, at_granularity},
    zone_table::ZoneTable,
};

const DEFAULT_TOPIC: &str = "stock-market";
const DEFAULT_DATABASE: &str = "stock_market";

/// The first year of the tutorial's file.
const FIRST_YEAR: &str = "1965";

/// How many years a range of years reaches into the future: somebody makes the table anew in time.
const YEARS_AHEAD: u32 = 10;

/// Checks the combinations of flags that are wrong for every zone.
///
/// # Errors
/// The first of them.
pub(crate) fn check(args: &DdlArgs) -> Result<()> {
    bucket::check_bucket_name(&args.zone.bucket)?;
    if args.statement.is_some() && args.reader != Reader::Athena {
        bail!("--statement goes with --for athena");
    }
    if args.check && (args.statement.is_some() || args.reader != Reader::Athena) {
        bail!("--check prints no table: leave --statement and --for out");
    }
    if args.from_zone && args.schema.is_some() {
        bail!("--from-zone takes the columns from the zone: leave --schema out");
    }
    Ok(())
}

/// The table that the flags describe. `today` is the current hour in UTC.
///
/// # Errors
/// When no folder can have the name of the topic.
pub(crate) fn table(
    args: &DdlArgs,
    schema: TableSchema,
    today: &DatePartition,
) -> Result<ZoneTable> {
    let table = ZoneTable {
        database: args.database.clone(),
        name: args
            .table
            .clone()
            .unwrap_or_else(|| ZoneTable::default_name(args.format).to_owned()),
        bucket: args.zone.bucket.clone(),
        prefix: prefix(args)?,
        format: args.format,
        partition_by: args.partition_by.clone(),
        granularity: args.granularity,
        range: range(args, args.granularity, &args.partition_by, today),
        csv_header: args.csv_header,
        metadata_columns: args.with_metadata,
        fields: args.fields.into(),
        schema,
    };
    Ok(table)
}

/// The folder that is given, or the default one of topic and format.
pub(crate) fn prefix(args: &DdlArgs) -> Result<Prefix> {
    if let Some(prefix) = &args.prefix {
        return Ok(prefix.clone());
    }
    let prefix: Result<Prefix, String> = format!("{}/{}", args.topic, args.format).parse();
    prefix.map_err(|reason| anyhow!("{reason}: give --prefix"))
}

/// The dates of the table.
pub(crate) fn range(
    args: &DdlArgs,
    granularity: Granularity,
    partition_by: &PartitionBy,
    today: &DatePartition,
) -> TableRange {
    let from = args.from.clone().unwrap_or_else(|| match partition_by {
        PartitionBy::Field(_) => known(FIRST_YEAR, today),
        PartitionBy::Timestamp => begin(granularity, today),
    });
    let until = args.until.clone().or_else(|| {
        let year = year(today) + YEARS_AHEAD;
        (granularity == Granularity::Year).then(|| known(&format!("{year:04}"), today))
    });
    TableRange {
        from: at_granularity(&from, RangeEnd::First, granularity),
        until: until.map(|until| at_granularity(&until, RangeEnd::Last, granularity)),
    }
}

/// Where a range begins for records that lie where Kafka's timestamp says: early enough for a topic
/// that is copied from elsewhere, and late enough for Athena, which lists each date of it.
fn begin(granularity: Granularity, today: &DatePartition) -> DatePartition {
    let year = year(today);
    let month: u32 = today
        .as_str()
        .get(5..7)
        .and_then(|text| text.parse().ok())
        .unwrap_or(1);
    let text = match (granularity, month) {
        (Granularity::Day | Granularity::Year, _) => format!("{:04}", year - 1),
        (Granularity::Hour, 1) => format!("{:04}-12-01", year - 1),
        (Granularity::Hour, month) => format!("{year:04}-{:02}-01", month - 1),
    };
    known(&text, today)
}

/// A date that this module has written; `today` stands in for one that is none, such as the year 0.
fn known(text: &str, today: &DatePartition) -> DatePartition {
    DatePartition::from_folder(text).unwrap_or_else(|| today.clone())
}

fn year(date: &DatePartition) -> u32 {
    date.as_str()[..4].parse().unwrap_or(1)
}

/// What a command prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Printed {
    Statement(Statement),
    Other(Reader),
}

/// The command that prints the same again, whatever the environment, the bucket and the day are.
pub(crate) fn command(args: &DdlArgs, table: &ZoneTable, printed: Printed) -> String {
    let mut words = vec!["consumer ddl".to_owned()];
    let mut flag = |name: &str, value: &str| words.push(format!("--{name} {}", shell_word(value)));
    flag("bucket", &table.bucket);
    let (statement, has_range) = match printed {
        Printed::Statement(statement) => (Some(statement.name()), statement.has_range()),
        Printed::Other(reader) => (None, reader != Reader::Duckdb),
    };
    let reader = match printed {
        Printed::Statement(_) | Printed::Other(Reader::Athena) => None,
        Printed::Other(Reader::Glue) => Some("glue"),
        Printed::Other(Reader::Cloudformation) => Some("cloudformation"),
        Printed::Other(Reader::Duckdb) => Some("duckdb"),
    };
    let folder = table.prefix.as_str();
    let of_topic = |topic: &str| format!("{topic}/{}", table.format) == folder;
    let topic = (!of_topic(DEFAULT_TOPIC) && of_topic(&args.topic)).then_some(args.topic.as_str());
    let prefix = (!of_topic(DEFAULT_TOPIC) && topic.is_none()).then_some(folder);
    let format = (table.format != Format::Json).then_some(table.format.as_str());
    let partition_by = table.partition_by.to_string();
    let granularity = table.granularity.to_string();
    let database = (table.database != DEFAULT_DATABASE).then_some(table.database.as_str());
    let name = (table.name != ZoneTable::default_name(table.format)).then_some(table.name.as_str());
    let until = table.range.until.as_ref().map(DatePartition::as_str);
    let schema = args.schema.as_ref().map(|path| path.display().to_string());
    let is_default_layout = table.partition_by == PartitionBy::Timestamp;
    let is_by_day = table.granularity == Granularity::Day;
    for (name, value) in [
        ("for", reader),
        ("statement", statement.as_deref()),
        ("topic", topic),
        ("format", format),
        (
            "partition-by",
            (has_range && !is_default_layout).then_some(&*partition_by),
        ),
        (
            "granularity",
            (has_range && !is_by_day).then_some(&*granularity),
        ),
        ("prefix", prefix),
        ("schema", schema.as_deref()),
        (
            "fields",
            (table.fields == FieldNames::Snake).then_some("snake"),
        ),
        ("database", database),
        ("table", name),
        ("from", has_range.then_some(table.range.from.as_str())),
        ("until", until.filter(|_| has_range)),
    ] {
        if let Some(value) = value {
            flag(name, value);
        }
    }
    words.extend(table.csv_header.then(|| "--csv-header".to_owned()));
    words.extend(table.metadata_columns.then(|| "--with-metadata".to_owned()));
    words.join(" ")
}

/// The value as a word of a shell.
fn shell_word(value: &str) -> String {
    let is_plain = |sign: char| sign.is_alphanumeric() || "-_.:/=+@,".contains(sign);
    match !value.is_empty() && value.chars().all(is_plain) {
        true => value.to_owned(),
        false => format!("'{}'", value.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    const NOW: &str = "2026-01-21-07";

    fn args(flags: &str) -> DdlArgs {
        let words = format!("ddl --bucket my-bucket {flags}");
        DdlArgs::try_parse_from(words.split_whitespace()).unwrap()
    }

    fn planned(flags: &str) -> ZoneTable {
        let now = DatePartition::from_folder(NOW).unwrap();
        table(&args(flags), TableSchema::stock(), &now).unwrap()
    }

    #[test]
    fn a_range_that_nobody_gave_begins_early_enough() {
        for (flags, from, until) in [
            ("", "2025-01-01", None),
            ("--granularity hour", "2025-12-01-00", None),
            ("--granularity year", "2025", Some("2036")),
            ("--partition-by field:Date", "1965-01-01", None),
            ("--from 2020 --until 2030", "2020-01-01", Some("2030-12-31")),
        ] {
            let range = planned(flags).range;
            assert_eq!(range.from.as_str(), from, "{flags}");
            assert_eq!(
                range.until.as_ref().map(DatePartition::as_str),
                until,
                "{flags}"
            );
        }
    }

    #[test]
    fn the_command_in_a_head_prints_the_same_again() {
        for flags in [
            "",
            "--topic prices --from 2026",
            "--prefix a/b --format csv --csv-header --with-metadata",
            "--format parquet --partition-by field:Date --granularity year --database d --table t",
            "--fields snake --format jsonl --granularity hour --until 2027",
        ] {
            let first = planned(flags);
            let printed = Printed::Statement(Statement::Table);
            let command = command(&args(flags), &first, printed);
            let words = command
                .strip_prefix("consumer ddl --bucket my-bucket")
                .unwrap();
            assert_eq!(planned(words), first, "{command}");
        }
    }

    #[test]
    fn flags_that_exclude_each_other_are_refused() {
        for flags in [
            "--check --statement table",
            "--check --for glue",
            "--for glue --statement table",
            "--from-zone --schema x",
        ] {
            assert!(check(&args(flags)).is_err(), "{flags}");
        }
        assert!(check(&args("--check --from-zone")).is_ok());
    }

    #[test]
    fn a_value_with_blanks_is_one_word() {
        assert_eq!(shell_word("field:Adj Date"), "'field:Adj Date'");
        assert_eq!(shell_word("it's"), r"'it'\''s'");
        assert_eq!(shell_word("a/b:c"), "a/b:c");
    }
}
