//! What Athena could not read is refused, with the reason.

use std::io::Write;

use crate::support::ddl_line;

/// The refusal of a schema with these columns.
fn refused(columns: &str, flags: &str) -> String {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    write!(file, "version: 2\ncolumns: {columns}\n").unwrap();
    let path = file.path().display();
    ddl_line(&format!("--bucket my-bucket --schema {path} {flags}")).unwrap_err()
}

#[test]
fn names_that_collide_in_lower_case_are_refused() {
    let columns = "[{name: a, type: string, fields: [B]}, {name: b, type: string}]";
    let problem = refused(columns, "");
    assert!(problem.contains("both read the field \"b\""), "{problem}");
    // A column of CSV has one name, whatever the record calls it.
    let columns = "[{name: a, type: string}, {name: a, type: double}]";
    assert!(refused(columns, "--format csv").contains("twice"));
    let columns = "[{name: a, type: string, fields: [X]}, {name: b, type: string, fields: [x]}]";
    assert!(refused(columns, "").contains("listed twice"));
}

#[test]
fn names_that_athena_cannot_read_are_refused_with_a_better_one() {
    let problem = refused("[{name: Adj Close, type: double}]", "");
    assert!(problem.contains("call it adj_close"), "{problem}");
    let problem = ddl_line("--bucket my-bucket --database stock-data").unwrap_err();
    assert!(problem.contains("call it stock_data"), "{problem}");
    let problem = ddl_line("--bucket my-bucket --table Raw").unwrap_err();
    assert!(problem.contains("call it raw"), "{problem}");
    let problem = refused(r#"[{name: a, type: string, fields: ["x\ty"]}]"#, "");
    assert!(
        problem.contains("no definition of a table can hold"),
        "{problem}"
    );
}

#[test]
fn a_column_with_the_name_of_the_partition_column_or_of_metadata_is_refused() {
    assert!(refused("[{name: dt, type: string}]", "").contains("partition column"));
    let columns = "[{name: kafka_offset, type: bigint}]";
    let problem = refused(columns, "--format parquet --with-metadata");
    assert!(problem.contains("metadata column"), "{problem}");
}

#[test]
fn a_range_that_misses_today_is_refused() {
    for flags in [
        "--from 2999-01-01",
        "--from 2020 --until 2021",
        "--from 2025 --until 2024",
    ] {
        let problem = ddl_line(&format!("--bucket my-bucket {flags}")).unwrap_err();
        assert!(problem.contains("--from"), "{problem}");
    }
    // Dates of a field may end long ago.
    assert!(
        ddl_line("--bucket my-bucket --partition-by field:Date --from 1965 --until 2021").is_ok()
    );
}

#[test]
fn a_statement_that_a_zone_cannot_have_is_refused() {
    for flags in [
        "--statement lines --format csv",
        "--statement any-spelling --format parquet",
        "--statement curated-bars --format csv",
        "--statement crawled-records",
        "--csv-header",
        "--with-metadata",
        "--bucket My_Bucket",
    ] {
        let with_bucket = match flags.contains("--bucket") {
            true => flags.to_owned(),
            false => format!("--bucket my-bucket {flags}"),
        };
        assert!(ddl_line(&with_bucket).is_err(), "{flags}");
    }
    let problem = refused("[{name: a, type: string}]", "--statement bars");
    assert!(problem.contains("stock records"), "{problem}");
}
