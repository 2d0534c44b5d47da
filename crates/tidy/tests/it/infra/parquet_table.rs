//! The table over Parquet batches agrees with the built-in schema and with the layout.
//!
//! Not here: what it has in common with the raw table (see `table`). Each rule finds the mistakes
//! that are planted for it.

use landing::{Offset, Partition, Place};
use schema::{TableSchema, UnknownFields};

use super::{
    TOPIC,
    ddl::TableDdl,
    planted,
    table::{Facts, differs, path_problems, projection_problems},
};
use crate::repository::text;

const FILE: &str = "infra/athena/09-parquet-table.sql";
const SERDE: &str = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe";

fn facts() -> Facts {
    Facts {
        prefix: format!("{TOPIC}/parquet").parse().unwrap(),
        key: |prefix, date| {
            prefix.extent_key(date, Place::new(Partition(3), Offset(42)), "parquet")
        },
        ..Facts::of_the_code()
    }
}

/// Everything in which the table is not what a consumer with `--format parquet` writes.
fn problems(ddl: &str, schema: &TableSchema, facts: &Facts) -> Vec<String> {
    let table = TableDdl::parse(ddl);
    let columns = schema.columns().iter();
    let columns = columns.map(|column| (column.name.clone(), column.kind.ddl_name().into_owned()));
    let partitions = vec![("dt".to_owned(), "string".to_owned())];
    [
        differs("the columns", &table.columns, &columns.collect()),
        differs("the partition columns", &table.partitions, &partitions),
        differs("the SerDe", table.serde.as_str(), SERDE),
        projection_problems(&table, facts),
        path_problems(&table, facts),
    ]
    .concat()
}

#[test]
fn the_parquet_table_has_the_columns_of_the_built_in_schema_and_the_folders_of_the_layout() {
    let problems = problems(&text(FILE), &TableSchema::stock(), &facts());
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn a_parquet_table_with_one_mistake_in_it_is_found_out() {
    for (from, to) in [
        ("  `date` date", "  `date` string"),
        ("  `volume` double", "  `volume` bigint"),
        ("  `adj_close` double,\n", ""),
        ("(`dt` string)", "(`dt` date)"),
        ("serde.ParquetHiveSerDe", "serde.ParquetSerDe"),
        (
            "LOCATION 's3://kafka-stock-market-project/stock-market/parquet/'",
            "LOCATION 's3://kafka-stock-market-project/stock-market/json/'",
        ),
        ("parquet/dt=${dt}/'", "parquet/${dt}/'"),
        ("= 'yyyy-MM-dd'", "= 'yyyy'"),
    ] {
        let copy = planted(&text(FILE), from, to);
        let problems = problems(&copy, &TableSchema::stock(), &facts());
        assert!(!problems.is_empty(), "{to:?} was not found");
    }
}

#[test]
fn a_built_in_schema_that_changes_without_the_parquet_table_is_found_out() {
    let columns = TableSchema::stock().columns()[1..].to_vec();
    let other = TableSchema::new(columns, UnknownFields::Ignore).unwrap();
    assert!(!problems(&text(FILE), &other, &facts()).is_empty());
}
