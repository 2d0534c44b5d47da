//! The view over the records as lines agrees with the built-in schema, and its table with the
//! layout.
//!
//! Not here: what the view's functions do, which needs an engine. Each rule finds the mistakes that
//! are planted for it.

use schema::{AthenaType, TableSchema};

use super::{
    ddl::{TableDdl, without_comments},
    planted,
    table::{Facts, differs, path_problems, projection_problems},
};
use crate::repository::text;

const TABLE: &str = "infra/athena/10-lines-table.sql";
const VIEW: &str = "infra/athena/11-records-view.sql";

/// Everything in which the table of lines is not what the per-record layout writes.
fn table_problems(ddl: &str, facts: &Facts) -> Vec<String> {
    let table = TableDdl::parse(ddl);
    let one = |name: &str| vec![(name.to_owned(), "string".to_owned())];
    let delimiter = table.serde_properties.get("field.delim");
    [
        differs("the columns", &table.columns, &one("line")),
        differs("the partition columns", &table.partitions, &one("dt")),
        // JSON has no control characters, so none of its lines is cut.
        differs(
            "the delimiter",
            delimiter.map(String::as_str),
            Some("\\u0001"),
        ),
        projection_problems(&table, facts),
        path_problems(&table, facts),
    ]
    .concat()
}

/// Each column of the schema that the view does not select, or not from its field.
fn view_problems(sql: &str, schema: &TableSchema) -> Vec<String> {
    let statement = without_comments(sql);
    let (_, selected) = statement.rsplit_once("SELECT").unwrap();
    let lines: Vec<&str> = selected.lines().map(str::trim).collect();
    let mut found = Vec::new();
    for column in schema.columns() {
        let ends = [
            format!(" AS {},", column.name),
            format!(" AS \"{}\",", column.name),
        ];
        let line = lines
            .iter()
            .find(|line| ends.iter().any(|end| line.ends_with(end)));
        let field = format!("field['{}'][1]", column.name.replace('_', ""));
        let kind = match column.kind {
            AthenaType::String => "varchar",
            AthenaType::Date => "date",
            _ => "double",
        };
        let is_right = |line: &&str| line.contains(&field) && line.contains(&format!("AS {kind})"));
        if !line.is_some_and(is_right) {
            found.push(format!("column {} is not {field} as {kind}", column.name));
        }
    }
    found.extend(differs(
        "the number of columns",
        selected.matches("field['").count() - selected.matches("json_format(").count(),
        schema.columns().len(),
    ));
    found
}

#[test]
fn the_view_has_the_columns_of_the_built_in_schema_and_its_table_the_folders_of_the_layout() {
    let table = table_problems(&text(TABLE), &Facts::of_the_code());
    let view = view_problems(&text(VIEW), &TableSchema::stock());
    let problems = [table, view].concat();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn a_view_or_its_table_with_one_mistake_in_it_is_found_out() {
    for (from, to) in [
        ("= '\\u0001'", "= ','"),
        ("  `line` string", "  `line` string, `more` string"),
        ("(`dt` string)", "(`dt` date)"),
        ("json/dt=${dt}/'", "json/${dt}/'"),
        ("'DAYS'", "'HOURS'"),
    ] {
        let copy = planted(&text(TABLE), from, to);
        let problems = table_problems(&copy, &Facts::of_the_code());
        assert!(!problems.is_empty(), "{to:?} was not found");
    }
    for (from, to) in [
        ("field['adjclose']", "field['adj_close']"),
        (" AS volume,", " AS volumes,"),
        ("field['high'][1] AS double", "field['low'][1] AS double"),
        ("  dt\nFROM", "  field['dt'][1] AS more,\n  dt\nFROM"),
    ] {
        let copy = planted(&text(VIEW), from, to);
        let problems = view_problems(&copy, &TableSchema::stock());
        assert!(!problems.is_empty(), "{to:?} was not found");
    }
}
