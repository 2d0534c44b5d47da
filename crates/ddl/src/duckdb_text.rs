//! The same views for the user's own DuckDB, over the objects themselves: it needs no catalog.
//!
//! The grammars are those of `casts`. Each expression was run on DuckDB 2.0.

use landing::Format;
use schema::{AthenaType, PARTITION_COLUMN};

use crate::{
    casts,
    names::{in_query, quoted},
    views,
    zone_table::{TypedColumn, ZoneTable},
};

/// The script that makes the views: `records`, and `bars` for stock records. `command` is the
/// command that prints it.
#[must_use]
pub fn script(table: &ZoneTable, command: &str) -> String {
    let database = in_query(&table.database);
    let items: Vec<String> = table
        .typed_columns()
        .iter()
        .map(|column| item(table, column))
        .collect();
    let (name, reader) = (in_query(&table.view_name("records")), reader(table));
    let mut script = format!(
        "-- Views for DuckDB over the objects of s3://{}/{}
--
-- Printed by: {command}
--
-- * DuckDB takes the credentials of the AWS command line by this:
--   INSTALL httpfs; LOAD httpfs; CREATE SECRET (TYPE s3, PROVIDER credential_chain);
--   For another store than AWS's add its ENDPOINT 'host:port', URL_STYLE 'path' and USE_SSL false.
-- * The same columns and types as in Athena. Keys of JSON records are read as they are spelled here.
CREATE SCHEMA IF NOT EXISTS {database};
CREATE OR REPLACE VIEW {database}.{name} AS
SELECT
  {},
  {PARTITION_COLUMN},
  filename AS object
FROM {reader};
",
        table.bucket,
        table.prefix.data_folder(),
        items.join(",\n  ")
    );
    if table.is_stock() {
        let bars = views::bars(table).statement();
        script += &format!("{};\n", bars.trim_end());
    }
    script
}

/// The table function that reads the objects.
fn reader(table: &ZoneTable) -> String {
    let folder = format!("s3://{}/{}", table.bucket, table.prefix.data_folder());
    let (function, suffix) = match table.format {
        Format::Json => ("read_json", "json"),
        Format::Jsonl => ("read_json", "jsonl*"),
        Format::Csv => ("read_csv", "csv*"),
        Format::Parquet => ("read_parquet", "parquet"),
    };
    let mut arguments = vec![string(&format!("{folder}{PARTITION_COLUMN}=*/*.{suffix}"))];
    match table.format {
        Format::Json | Format::Jsonl => arguments.push("format = 'newline_delimited'".to_owned()),
        Format::Csv => {
            let header = format!("header = {}", table.csv_header);
            arguments.push(format!(
                "{header}, delim = ',', quote = '\"', escape = '\"'"
            ));
            arguments.push("auto_detect = false, allow_quoted_nulls = false".to_owned());
        }
        Format::Parquet => {}
    }
    if table.is_text() {
        let keys: Vec<String> = keys(table)
            .iter()
            .map(|key| format!("{}: 'VARCHAR'", string(key)))
            .collect();
        arguments.push(format!("columns = {{{}}}", keys.join(", ")));
    }
    arguments.push(format!(
        "hive_partitioning = true, hive_types = {{{}: VARCHAR}}, filename = true",
        string(PARTITION_COLUMN)
    ));
    format!("{function}(\n  {}\n)", arguments.join(",\n  "))
}

/// The names of the columns that the reader makes: the keys of JSON records, or the table's own.
fn keys(table: &ZoneTable) -> Vec<String> {
    let typed = table.typed_columns();
    let mut keys: Vec<String> = typed.iter().map(|column| column.name.to_owned()).collect();
    if table.is_json() {
        for (key, column) in keys.iter_mut().zip(table.schema.columns()) {
            *key = table.key(column);
        }
    }
    keys
}

/// An item of the SELECT list: a column as its type, under its name in Athena.
fn item(table: &ZoneTable, column: &TypedColumn<'_>) -> String {
    let name = quoted(column.name);
    if !table.is_text() {
        return name;
    }
    let own = table.schema.columns().iter();
    let key = own
        .filter(|_| table.is_json())
        .find(|found| found.name == column.name)
        .map_or_else(|| column.name.to_owned(), |found| table.key(found));
    let branches = branches(&quoted(&key), column.kind);
    if branches.is_empty() {
        return match key == column.name {
            true => name,
            false => format!("{} AS {name}", quoted(&key)),
        };
    }
    let branches: Vec<String> = branches
        .iter()
        .map(|branch| format!("    {branch}\n"))
        .collect();
    format!("CASE\n{}  END AS {name}", branches.concat())
}

/// The branches of a `CASE` that reads `text` as `kind`; none where the text is the value.
fn branches(text: &str, kind: AthenaType) -> Vec<String> {
    let matches = |grammar: &str| format!("regexp_matches({text}, '{grammar}')");
    let cast = |kind: &str| format!("TRY_CAST({text} AS {kind})");
    // A time without a zone would be one of the session's zone.
    let iso =
        format!("substr({text}, 1, 10) || 'T' || upper(replace(substr({text}, 12), ' ', ''))");
    let zone =
        format!("CASE WHEN regexp_matches(substr({text}, 12), '[Zz+-]') THEN '' ELSE 'Z' END");
    let instant = format!("TRY_CAST({iso} || {zone} AS TIMESTAMPTZ) AT TIME ZONE 'UTC'");
    match kind {
        AthenaType::String | AthenaType::Json => Vec::new(),
        AthenaType::Double => vec![format!(
            "WHEN {}\n      AND isfinite({double}) THEN {double}",
            matches(casts::NUMBER),
            double = cast("DOUBLE")
        )],
        AthenaType::BigInt => vec![
            format!(
                "WHEN {}\n      THEN {}",
                matches(casts::WHOLE),
                cast("BIGINT")
            ),
            format!(
                "WHEN {}\n      AND {exact} % 1 = 0 THEN TRY_CAST({exact} AS BIGINT)",
                matches(casts::SHORT_NUMBER),
                exact = cast("DECIMAL(38,18)")
            ),
        ],
        AthenaType::Boolean => ["true", "false"]
            .map(|value| format!("WHEN {text} = '{value}' THEN {value}"))
            .into(),
        AthenaType::Date => vec![
            format!("WHEN {}\n      THEN {}", matches(casts::DAY), cast("DATE")),
            format!(
                "WHEN {}\n      THEN CAST({instant} AS DATE)",
                matches(casts::TIME)
            ),
        ],
        AthenaType::Timestamp => vec![
            format!(
                "WHEN {}\n      THEN {}",
                matches(casts::DAY),
                cast("TIMESTAMP")
            ),
            format!(
                "WHEN {}\n      THEN date_trunc('millisecond', {instant})",
                matches(casts::TIME)
            ),
            format!(
                "WHEN {}\n      THEN epoch_ms(CAST({text} AS BIGINT))",
                matches(casts::MILLIS)
            ),
        ],
        AthenaType::Decimal(digits) => vec![format!(
            "WHEN {}\n      THEN {}",
            matches(&casts::decimal(digits)),
            cast(&format!(
                "DECIMAL({},{})",
                digits.precision(),
                digits.scale()
            ))
        )],
    }
}

fn string(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
