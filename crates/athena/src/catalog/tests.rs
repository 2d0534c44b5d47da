//! Catalogs of whole folders.
#![allow(clippy::unwrap_used, reason = "a test may fail at any step")]

use std::path::Path;

use super::*;

fn catalog_of(files: &[(&str, &str)]) -> Result<Catalog, Vec<String>> {
    let mut catalog = Catalog::default();
    let mut faults = Vec::new();
    for (file, text) in files {
        catalog.add(file, text, &mut faults);
    }
    if faults.is_empty() {
        return Ok(catalog);
    }
    Err(faults.iter().map(ToString::to_string).collect())
}

#[test]
fn the_definitions_of_this_repository_are_a_catalog() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/athena");
    let catalog = Catalog::read(&folder).unwrap();
    let raw = catalog.table("stock_market", "raw_json").unwrap();
    assert_eq!(raw.partition_columns[0].name, "dt");
    assert!(raw.is_complete());
    assert!(raw.columns.iter().any(|column| column.name == "adj_close"));
    let view = catalog.view("stock_market", "records").unwrap();
    assert!(!view.query.is_empty());
    assert!(
        catalog
            .databases
            .iter()
            .any(|database| database.name == "stock_market")
    );
    let named = format!("{}", folder.join("02-raw-table.sql").display());
    assert_eq!(raw.file, named);
}

#[test]
fn a_view_keeps_its_query_as_it_is_written() {
    let text = "-- x\nCREATE OR REPLACE VIEW \"Db\".v AS -- here\nWITH a AS (SELECT '\\')\nSELECT * FROM a;\n";
    let catalog = catalog_of(&[("v.sql", text)]).unwrap();
    let view = catalog.view("db", "v").unwrap();
    assert_eq!(view.query, "WITH a AS (SELECT '\\')\nSELECT * FROM a");
    assert_eq!((view.line, view.query_line), (2, 3));
}

#[test]
fn what_only_aws_runs_is_kept_with_a_reason() {
    let catalog = catalog_of(&[
        ("i.sql", "CREATE TABLE d.t (a string) PARTITIONED BY (day(a)) LOCATION 's3://b/p/' TBLPROPERTIES ('table_type' = 'iceberg')"),
        ("m.sql", "MERGE INTO d.t USING x ON a = b"),
        ("c.sql", "CREATE TABLE d.u WITH (format = 'PARQUET') AS SELECT 1"),
        ("q.sql", "SELECT 1"),
    ])
    .unwrap();
    let kept: Vec<(Option<&str>, &str)> = catalog
        .only_aws
        .iter()
        .map(|statement| (statement.table.as_deref(), statement.statement.as_str()))
        .collect();
    assert_eq!(
        kept,
        [
            (Some("d.t"), "CREATE TABLE"),
            (None, "MERGE"),
            (Some("d.u"), "CREATE TABLE")
        ]
    );
}

#[test]
fn all_faults_are_named_with_file_and_line() {
    let good = "CREATE EXTERNAL TABLE d.t (a string) ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' LOCATION 's3://lake/p/'";
    let faults = catalog_of(&[
        (
            "a.sql",
            "-- no EXTERNAL\nCREATE TABLE d.x (a string) LOCATION 's3://lake/p/'",
        ),
        ("b.sql", good),
        ("c.sql", good),
        ("d.sql", "CREATE VIEW d.v SELECT 1"),
        ("e.sql", "CREATE DATABASE `kafka-db`"),
        ("f.sql", "CREATE FUNCTION f"),
        ("g.sql", "CREATE VIEW d.t AS SELECT 1"),
    ])
    .unwrap_err();
    let expected = [
        "a.sql:2: CREATE TABLE d.x lacks EXTERNAL",
        "c.sql:1: d.t is defined at b.sql:1, too",
        "d.sql:1: the name of a view must be followed by AS",
        "e.sql:1: the name 'kafka-db' of the database",
        "f.sql:1: CREATE FUNCTION is not read here",
        "g.sql:1: d.t is defined at b.sql:1, too",
    ];
    assert_eq!(faults.len(), expected.len(), "{faults:#?}");
    for (fault, expected) in faults.iter().zip(expected) {
        assert!(fault.starts_with(expected), "{fault}");
    }
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let error = Catalog::read(Path::new("no/such/folder"))
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("no/such/folder cannot be read"),
        "{error}"
    );
}
