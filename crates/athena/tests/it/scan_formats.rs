//! The formats of objects, read through a table.

use std::{io::Write as _, sync::Arc};

use datafusion::arrow::array::RecordBatch;
use format::{
    encoding::Encoding,
    files::Files,
    options::{Compression, EncodingOptions, FileFormat, RecordSource},
    schema_file,
};
use landing::{
    Offset, Partition, Place, Record,
    partition_by::{DatePartition, Granularity},
    record::Headers,
};
use schema::Classifier;

use crate::support::lake::Lake;

fn table(columns: &str, format: &str, properties: &str) -> String {
    let properties = if properties.is_empty() {
        String::new()
    } else {
        format!("TBLPROPERTIES ({properties})")
    };
    format!("CREATE EXTERNAL TABLE d.t ({columns}) {format} LOCATION 's3://lake/t/' {properties}")
}

const OPENX: &str = "ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'";

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn compressed_lines_are_read_whole() {
    let lake = Lake::new();
    lake.put(
        "t/a.jsonl.gz",
        [gzip("{\"a\":1}\n"), gzip("{\"a\":2}\n")].concat(),
    );
    lake.put(
        "t/b.jsonl.zst",
        zstd::encode_all(&b"{\"a\":3}\n"[..], 1).unwrap(),
    );
    lake.put("t/c.jsonl", "{\"a\":4}");
    let ddl = table("a bigint", OPENX, "");
    let answer = lake
        .query(&ddl, "SELECT sum(a), count(*) FROM t")
        .await
        .unwrap();
    assert_eq!(answer.rows, [["10", "4"]]);
    let whole = gzip("{\"a\":1}\n");
    lake.put("t/d.jsonl.gz", &whole[..whole.len() - 4]);
    let error = lake
        .query(&ddl, "SELECT count(*) FROM t")
        .await
        .unwrap_err();
    assert!(
        error.contains("s3://lake/t/d.jsonl.gz: it cannot be read to its end"),
        "{error}"
    );
}

#[tokio::test]
async fn a_large_text_comes_in_pieces() {
    let lake = Lake::new();
    let line = format!("{{\"a\":\"{}\"}}\n", "x".repeat(1_000));
    let lines = 10_000;
    lake.put("t/a.jsonl", line.repeat(lines));
    lake.put("t/b.jsonl", &line);
    let ddl = table("a string", OPENX, "");
    let answer = lake
        .query(&ddl, "SELECT count(a), sum(length(a)) FROM t")
        .await
        .unwrap();
    assert_eq!(answer.rows, [["10001", "10001000"]]);
    assert_eq!(answer.counts.gets, 2);
    assert_eq!(
        answer.counts.stored_bytes,
        (line.len() * (lines + 1)) as u64
    );
    // One text of 900,000 characters is a value like others.
    lake.put(
        "t/c.jsonl",
        format!("{{\"a\":\"{}\"}}\n", "é".repeat(900_000)),
    );
    let longest = lake
        .query(&ddl, "SELECT max(length(a)) FROM t")
        .await
        .unwrap();
    assert_eq!(longest.rows, [["900000"]]);
}

#[tokio::test]
async fn csv_is_read_as_text() {
    let lake = Lake::new();
    lake.put("t/a.csv", "name,price\n\"a,b\",1.5\nc,\n");
    let serde = "ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde'";
    let ddl = table(
        "name string, price string, more string",
        serde,
        "'skip.header.line.count' = '1'",
    );
    let answer = lake.query(&ddl, "SELECT * FROM t").await.unwrap();
    assert_eq!(answer.rows, [["a,b", "1.5", "NULL"], ["c", "", "NULL"]]);
    let last = lake.query(&ddl, "SELECT price FROM t").await.unwrap();
    assert_eq!(last.rows, [["1.5"], [""]]);
}

#[tokio::test]
async fn delimited_lines_are_split() {
    let lake = Lake::new();
    lake.put("t/a.txt", "{\"a\": 1}\n\\N\n");
    let lines = "ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe' WITH SERDEPROPERTIES ('field.delim' = '\\u0001')";
    let answer = lake
        .query(&table("line string", lines, ""), "SELECT * FROM t")
        .await
        .unwrap();
    assert_eq!(answer.rows, [["{\"a\": 1}"], ["NULL"]]);
    let tabs = "ROW FORMAT DELIMITED FIELDS TERMINATED BY '\\t'";
    lake.put("t/a.txt", "a\tb\tc\nd\n");
    let answer = lake
        .query(&table("x string, y string", tabs, ""), "SELECT y FROM t")
        .await
        .unwrap();
    assert_eq!(answer.rows, [["b"], ["NULL"]]);
}

/// A Parquet file with these records, as the consumer writes it.
fn parquet(columns: &str, records: &[&str]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("schema.yaml");
    std::fs::write(&path, format!("columns:\n{columns}")).unwrap();
    let options = EncodingOptions {
        format: FileFormat::Parquet,
        compression: Compression::Zstd,
        level: None,
        csv_header: false,
        metadata_columns: false,
        schema: Some(Arc::new(schema_file::read(&path).unwrap())),
        classifier: Classifier::NEWEST,
        origin: RecordSource {
            topic: "stock-market".into(),
            zone: "0123456789abcdef".into(),
        },
    };
    let encoding = Encoding::new(options).unwrap();
    let mut files = Files::new(&encoding, Place::new(Partition(0), Offset(0)));
    let date = DatePartition::from_timestamp(0, Granularity::Day).unwrap();
    for (offset, value) in (0..).zip(records) {
        let record = Record {
            partition: Partition(0),
            offset: Offset(offset),
            timestamp: Some(0),
            key: None,
            value: Some(value.as_bytes()),
            headers: Headers::default(),
        };
        files.write(&date, &record).unwrap();
    }
    files.finish(Offset(1_000)).unwrap().remove(0).bytes
}

const TYPES: &str = "  - {name: text, type: string}
  - {name: price, type: double}
  - {name: volume, type: bigint}
  - {name: live, type: boolean}
  - {name: day, type: date}
  - {name: at, type: timestamp}
  - {name: exact, type: 'decimal(18,6)'}
";

const ALL: &str = "missing string, exact decimal(18,6), `day` date, at timestamp, live boolean, volume bigint, price double, text string";

#[tokio::test]
async fn parquet_columns_are_found_by_name() {
    let lake = Lake::new();
    let full = r#"{"text":"a","price":1.5,"volume":3,"live":true,"day":"2021-06-04","at":"2021-06-04T01:02:03.004Z","exact":0.5}"#;
    lake.put("t/a.parquet", parquet(TYPES, &[full, "{}"]));
    let ddl = table(ALL, "STORED AS PARQUET", "");
    let answer = lake.query(&ddl, "SELECT * FROM t").await.unwrap();
    let expected = [
        "NULL",
        "0.500000",
        "2021-06-04",
        "2021-06-04T01:02:03.004",
        "true",
        "3",
        "1.5",
        "a",
    ];
    assert_eq!(answer.rows, [expected, ["NULL"; 8]]);
    let count = lake.query(&ddl, "SELECT count(*) FROM t").await.unwrap();
    assert_eq!(count.rows, [["2"]]);
    let one = lake.query(&ddl, "SELECT sum(volume) FROM t").await.unwrap();
    assert_eq!(one.rows, [["3"]]);
    // Athena would scan the columns that the query reads, and no others.
    assert_eq!(count.counts.scanned_bytes, 0);
    assert!(one.counts.scanned_bytes < answer.counts.scanned_bytes);
    assert_eq!(one.counts.stored_bytes, answer.counts.stored_bytes);
}

#[tokio::test]
async fn batches_of_parquet_rows_are_bounded() {
    let lake = Lake::new();
    let rows: Vec<String> = (0..20_000)
        .map(|volume| format!("{{\"volume\":{volume}}}"))
        .collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    lake.put("t/a.parquet", parquet(TYPES, &rows));
    let ddl = table("volume bigint", "STORED AS PARQUET", "");
    let session = lake.session(&ddl, true);
    let frame = session
        .sql("SELECT volume, \"$path\" FROM t")
        .await
        .unwrap();
    let batches = frame.collect().await.unwrap();
    assert!(batches.iter().all(|batch| batch.num_rows() <= 8_192));
    assert_eq!(
        batches.iter().map(RecordBatch::num_rows).sum::<usize>(),
        20_000
    );
    let sum = lake.query(&ddl, "SELECT sum(volume) FROM t").await.unwrap();
    assert_eq!(sum.rows, [["199990000"]]);
}

#[tokio::test]
async fn a_parquet_column_of_another_type_is_named() {
    let lake = Lake::new();
    lake.put("t/a.parquet", parquet(TYPES, &["{}"]));
    for (column, found) in [
        ("text double", "text is String as BYTE_ARRAY and no double"),
        ("volume string", "volume is INT64 and no string"),
        ("`day` string", "day is Date as INT32 and no string"),
        (
            "exact decimal(18,2)",
            "exact is decimal(18,6) and no decimal(18,2)",
        ),
        ("price bigint", "price is DOUBLE and no bigint"),
    ] {
        let ddl = table(column, "STORED AS PARQUET", "");
        let error = lake.query(&ddl, "SELECT * FROM t").await.unwrap_err();
        assert!(
            error.contains("s3://lake/t/a.parquet: its column"),
            "{error}"
        );
        assert!(error.contains(found), "{error}");
    }
    let whole = parquet(TYPES, &["{}"]);
    lake.put("t/a.parquet", &whole[..whole.len() / 2]);
    let ddl = table("volume bigint", "STORED AS PARQUET", "");
    let error = lake.query(&ddl, "SELECT * FROM t").await.unwrap_err();
    assert!(
        error.contains("s3://lake/t/a.parquet: it is no Parquet file"),
        "{error}"
    );
}
