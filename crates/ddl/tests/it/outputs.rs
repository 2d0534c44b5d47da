//! What is printed for each reader, for layouts and schemas of all kinds.

use std::io::Write;

use serde_json::{Value, json};

use crate::support::{ddl, ddl_line};

const SCHEMA: &str = "version: 2
columns:
  - {name: symbol, type: string, fields: [Ticker, sym]}
  - {name: order, type: bigint}
  - {name: price, type: \"decimal(18,6)\", fields: [Price USD]}
  - {name: at, type: timestamp}
  - {name: is_open, type: boolean}
  - {name: details, type: json}
";

/// A schema file, and its name as a flag.
fn schema() -> (tempfile::NamedTempFile, String) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(SCHEMA.as_bytes()).unwrap();
    let path = file.path().to_str().unwrap().to_owned();
    (file, path)
}

fn with_schema(flags: &str) -> String {
    let (_file, path) = schema();
    let all = format!("--bucket my-bucket --schema {path} --from 2026 {flags}");
    ddl_line(&all).unwrap()
}

#[test]
fn without_a_statement_all_that_a_zone_needs_is_printed() {
    let text = ddl_line("--bucket my-bucket --from 2026").unwrap();
    let statements: Vec<&str> = text.split(";\n").collect();
    let begin = |statement: &&str| {
        let mut lines = statement.trim().trim_end_matches(';').lines();
        let first = lines.find(|line| !line.starts_with("--"));
        first.unwrap().to_owned()
    };
    assert_eq!(
        statements.iter().map(begin).collect::<Vec<_>>(),
        [
            "CREATE DATABASE IF NOT EXISTS stock_market",
            "CREATE EXTERNAL TABLE `stock_market`.`raw_json` (",
            "CREATE OR REPLACE VIEW stock_market.records AS",
            "CREATE OR REPLACE VIEW stock_market.bars AS",
        ]
    );
    assert!(!with_schema("").contains("bars"));
}

#[test]
fn columns_of_a_schema_have_their_types_in_parquet_and_are_text_elsewhere() {
    let parquet = with_schema("--format parquet --statement table --with-metadata");
    for column in [
        "`symbol` string,",
        "`order` bigint,",
        "`price` decimal(18,6),",
        "`at` timestamp,",
        "`is_open` boolean,",
        "`details` string,",
        "`kafka_offset` bigint,",
        "`kafka_timestamp` timestamp,",
        "`kafka_headers` string\n)",
    ] {
        assert!(
            parquet.contains(&format!("\n  {column}")),
            "{column}\n{parquet}"
        );
    }
    assert!(
        parquet.contains("these names need their double quotes: \"order\"."),
        "{parquet}"
    );
    let json = with_schema("--statement table");
    for column in ["order", "price", "at", "is_open"] {
        assert!(
            json.contains(&format!("\n  `{column}` string,")),
            "{column}\n{json}"
        );
    }
    for mapping in [
        "'mapping.symbol' = 'ticker'",
        "'mapping.price' = 'price usd'",
    ] {
        assert!(json.contains(mapping), "{mapping}\n{json}");
    }
    assert!(json.contains("nothing reads sym."), "{json}");
}

#[test]
fn a_view_casts_text_and_passes_typed_columns_on() {
    let text = with_schema("--statement records");
    for cast in [
        "TRY_CAST(\"order\" AS bigint)",
        "0*)?\\z') AS decimal(18,6)) AS \"price\"",
        "from_iso8601_timestamp",
        "WHEN \"is_open\" = 'true' THEN true",
        "\n  \"details\",\n",
    ] {
        assert!(text.contains(cast), "{cast}\n{text}");
    }
    let typed = with_schema("--statement records --format parquet");
    assert!(!typed.contains("CAST"), "{typed}");
    assert!(typed.contains("FROM stock_market.typed_parquet"), "{typed}");
    assert!(
        typed.contains("VIEW stock_market.typed_parquet_records"),
        "{typed}"
    );
    let csv = with_schema("--statement records --format csv");
    assert!(
        csv.contains("nullif(\"symbol\", '') AS \"symbol\""),
        "{csv}"
    );
}

#[test]
fn the_view_of_any_spelling_takes_the_fields_of_the_schema() {
    let text = with_schema("--statement any-spelling");
    for field in [
        "field['ticker'][1]",
        "field['sym'][1]",
        "field['priceusd'][1]",
        "field['isopen'][1]",
    ] {
        assert!(text.contains(field), "{field}\n{text}");
    }
    assert!(!text.contains("field['symbol']"), "{text}");
    let lines = with_schema("--statement any-spelling --format jsonl --with-metadata");
    assert!(lines.contains("field['kafkaoffset'][1]"), "{lines}");
    assert!(
        lines.contains("FROM stock_market.raw_jsonl_lines"),
        "{lines}"
    );
}

#[test]
fn bars_take_the_newest_record_of_an_object_where_metadata_tells_it() {
    let flags = "--bucket my-bucket --statement bars --format parquet";
    assert!(ddl_line(flags).unwrap().contains("ORDER BY object DESC"));
    let text = ddl_line(&format!("{flags} --with-metadata")).unwrap();
    assert!(text.contains("ORDER BY \"kafka_timestamp\" DESC"), "{text}");
}

#[test]
fn a_header_of_csv_files_is_skipped() {
    let flags = "--bucket my-bucket --statement table --format csv";
    assert!(!ddl_line(flags).unwrap().contains("skip.header.line.count'"));
    let text = ddl_line(&format!("{flags} --csv-header")).unwrap();
    assert!(text.contains("'skip.header.line.count' = '1'"), "{text}");
}

#[test]
fn glue_and_cloudformation_get_the_same_table() {
    let flags = "--bucket my-bucket --from 2026-11-01";
    let parsed = |reader: &str| -> Value {
        let text = ddl_line(&format!("{flags} --for {reader}")).unwrap();
        serde_json::from_str(&text).unwrap()
    };
    let request = parsed("glue");
    assert_eq!(request["DatabaseName"], "stock_market");
    let input = &request["TableInput"];
    assert_eq!(input["Name"], "raw_json");
    assert_eq!(
        input["PartitionKeys"],
        json!([{"Name": "dt", "Type": "string"}])
    );
    assert_eq!(
        input["Parameters"]["projection.dt.range"],
        "2026-11-01,NOW+1DAYS"
    );
    assert_eq!(
        input["StorageDescriptor"]["Location"],
        "s3://my-bucket/stock-market/json/"
    );
    let resource = &parsed("cloudformation")["Resources"]["RawJsonTable"];
    assert_eq!(resource["Properties"]["TableInput"], *input);
}

#[test]
fn duckdb_reads_the_objects_of_each_format() {
    for (flags, reader) in [
        (
            "",
            "read_json(\n  's3://my-bucket/stock-market/json/dt=*/*.json',",
        ),
        (
            "--format jsonl",
            "read_json(\n  's3://my-bucket/stock-market/jsonl/dt=*/*.jsonl*',",
        ),
        ("--format csv --csv-header", "header = true"),
        ("--format csv", "header = false"),
        (
            "--format parquet",
            "read_parquet(\n  's3://my-bucket/stock-market/parquet/dt=*/*.parquet',",
        ),
        ("", "'Adj Close': 'VARCHAR'"),
        ("--fields snake", "'adj_close': 'VARCHAR'"),
        ("", "CREATE OR REPLACE VIEW stock_market.bars AS"),
    ] {
        let text = ddl_line(&format!("--bucket my-bucket --for duckdb {flags}")).unwrap();
        assert!(text.contains(reader), "{reader}\n{text}");
    }
}

#[test]
fn a_field_with_a_blank_stands_in_one_word_of_the_command() {
    let text = ddl(&[
        "--bucket",
        "my-bucket",
        "--statement",
        "table",
        "--partition-by",
        "field:Trade Date",
    ])
    .unwrap();
    assert!(text.contains("--partition-by 'field:Trade Date'"), "{text}");
    assert!(
        text.contains("dt is the day in UTC of the record's field Trade Date."),
        "{text}"
    );
}

#[test]
fn the_view_over_a_crawled_table_reads_its_columns_as_text_and_gives_those_of_records() {
    let view = with_schema("--statement crawled-records --table crawled_json");
    for line in [
        "    CAST(\"ticker\" AS varchar) AS \"symbol\",",
        "    CAST(\"price usd\" AS varchar) AS \"price\",",
        "  FROM stock_market.crawled_json",
    ] {
        assert!(view.lines().any(|found| found == line), "{line}: {view}");
    }
    let begin = |text: &str| {
        text.split_once("SELECT\n  \"symbol\"")
            .unwrap()
            .1
            .to_owned()
    };
    let records = with_schema("--statement records");
    let columns = begin(&records).split_once("  dt,").unwrap().0.to_owned();
    assert!(begin(&view).starts_with(&columns), "{view}\n{records}");
    let flags = "--format jsonl --with-metadata --statement crawled-records --table crawled_lines";
    let text = "    CAST(\"kafka_offset\" AS varchar) AS \"kafka_offset\",";
    let view = ddl_line(&format!("--bucket my-bucket {flags}")).unwrap();
    assert!(view.contains(text), "{view}");
}

#[test]
fn the_tables_of_the_etl_job_lie_beside_the_zone() {
    for (flags, folder) in [
        ("", "stock-market/curated"),
        ("--topic prices", "prices/curated"),
        ("--prefix a/b/json", "a/b/curated"),
        ("--prefix json", "curated"),
    ] {
        for (statement, end) in [("curated-bars", ""), ("curated-rejected", "-rejected")] {
            let text = ddl_line(&format!("--bucket b-b --statement {statement} {flags}")).unwrap();
            let location = format!("LOCATION 's3://b-b/{folder}{end}/'");
            assert!(text.contains(&location), "{location}: {text}");
        }
    }
}
