//! The Iceberg tables of the ETL job (`infra/glue/etl`), as Athena would make them: the job makes
//! the same at its first run, and a test there compares the two.
//!
//! Athena takes no quotes around the names of an Iceberg table's columns, and these need none.

use crate::{
    names,
    zone_table::{TypedColumn, ZoneTable},
};

const BARS: &str = "curated_bars";
const REJECTED: &str = "curated_rejected";

/// What the table of rejected records says about each.
const REJECTED_COLUMNS: [&str; 6] = [
    "object string",
    "reason string",
    "detail string",
    "trade_date date",
    "records bigint",
    "line string",
];

/// The table of bars: the columns of the view `bars`, and the object that a row is from.
pub(crate) fn bars(table: &ZoneTable) -> String {
    let typed = table.typed_columns();
    let mut columns: Vec<String> = typed.iter().map(bar_column).collect();
    columns.push("object string".to_owned());
    let partitions = "PARTITIONED BY (symbol, year(trade_date))\n";
    create(table, BARS, &columns, partitions, "curated")
}

/// The table of the records that are no bar.
pub(crate) fn rejected(table: &ZoneTable) -> String {
    let columns = REJECTED_COLUMNS.map(str::to_owned);
    create(table, REJECTED, &columns, "", "curated-rejected")
}

fn bar_column(column: &TypedColumn<'_>) -> String {
    let name = match column.name {
        "index" => "symbol",
        "date" => "trade_date",
        other => other,
    };
    format!("{name} {}", column.kind.ddl_name())
}

/// `folder` stands beside the zone's, where neither its table nor its crawler looks.
fn create(
    table: &ZoneTable,
    name: &str,
    columns: &[String],
    partitions: &str,
    folder: &str,
) -> String {
    let (database, bucket) = (names::in_query(&table.database), &table.bucket);
    let beside = table.prefix.as_str().rsplit_once('/');
    let folder = beside.map_or_else(
        || folder.to_owned(),
        |(above, _)| format!("{above}/{folder}"),
    );
    format!(
        "CREATE TABLE {database}.{name} (\n  {}\n)\n{partitions}LOCATION 's3://{bucket}/{folder}/'\n\
         TBLPROPERTIES (\n  'table_type' = 'ICEBERG',\n  'format' = 'parquet',\n  \
         'write_compression' = 'zstd'\n)\n",
        columns.join(",\n  ")
    )
}
