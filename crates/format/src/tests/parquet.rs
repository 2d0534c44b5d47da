//! Parquet, read back with the `parquet` crate's reader.

use ::{
    bytes::Bytes,
    parquet::{
        file::{
            metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader},
            reader::FileReader,
            serialized_reader::SerializedFileReader,
        },
        record::Field,
        schema::printer::print_schema,
    },
};

use super::*;
use crate::parquet::read;

pub(crate) fn rows(bytes: &[u8]) -> Vec<Vec<Field>> {
    let reader = SerializedFileReader::new(Bytes::copy_from_slice(bytes)).unwrap();
    let row = |row: ::parquet::errors::Result<::parquet::record::Row>| {
        row.unwrap()
            .into_columns()
            .into_iter()
            .map(|(_, field)| field)
            .collect()
    };
    reader.get_row_iter(None).unwrap().map(row).collect()
}

fn metadata(bytes: &[u8]) -> ParquetMetaData {
    let mut reader = ParquetMetaDataReader::new().with_page_index_policy(PageIndexPolicy::Required);
    reader.try_parse(&Bytes::copy_from_slice(bytes)).unwrap();
    reader.finish().unwrap()
}

fn text_field(text: &str) -> Field {
    Field::Str(text.to_owned())
}

const EXACT: &str = "columns:
  - {name: price, type: 'decimal(10,2)'}
  - {name: big, type: 'decimal(38,4)'}
  - {name: nested, type: json}
";

#[test]
fn decimals_are_exact_and_json_is_kept_in_both_formats_and_read_back() {
    let values = [
        r#"{"price":12.5,"big":"-1234567890123456789012345678901234.5678","nested":{"a": [1, "x"]}}"#,
        r#"{"price":-0.05,"big":0,"nested":"x"}"#,
        r#"{"price":null}"#,
        r#"{"price":0.001}"#,
        r#"{"price":123456789.00}"#,
        r#"{"big":1e34}"#,
    ];
    let (files, refused) = encode(&with_schema(FileFormat::Parquet, EXACT), &arena(&values));
    let columns = ["price", "price", "big"].map(|name| Some(name.to_owned()));
    let found: Vec<_> = refused.iter().map(|misfit| misfit.column.clone()).collect();
    assert_eq!(found, columns);
    let schema: TableSchema = serde_saphyr::from_str(EXACT).unwrap();
    let mut rows = Vec::new();
    let take = |row: &[read::Value<'_>]| {
        let shown = row.iter().map(|value| match value {
            read::Value::Decimal(number) => number.to_string(),
            read::Value::Text(text) => String::from_utf8_lossy(text).into_owned(),
            other => format!("{other:?}"),
        });
        rows.push(shown.collect::<Vec<_>>().join(" | "));
        Ok(())
    };
    let body = files[0].bytes.clone().into();
    read::read(body, &crate::rows::columns(&schema, false), take).unwrap();
    assert_eq!(
        rows,
        [
            r#"12.50 | -1234567890123456789012345678901234.5678 | {"a": [1, "x"]}"#,
            r#"-0.05 | 0.0000 | "x""#,
            "Null | Null | Null",
        ]
    );
    let options = EncodingOptions {
        compression: Compression::None,
        ..with_schema(FileFormat::Csv, EXACT)
    };
    let (files, csv_refused) = encode(&options, &arena(&values));
    assert_eq!(csv_refused, refused);
    assert_eq!(
        String::from_utf8_lossy(&files[0].bytes),
        "12.50,-1234567890123456789012345678901234.5678,\"{\"\"a\"\": [1, \"\"x\"\"]}\"\n-0.05,0.0000,\"\"\"x\"\"\"\n,,\n"
    );
}

#[test]
fn many_decimals_with_nulls_between_them_are_read_back() {
    let values: Vec<String> = (0..5_000)
        .map(|n| match n % 7 {
            0 => "{}".to_owned(),
            _ => format!("{{\"big\":-{n}.5}}"),
        })
        .collect();
    let texts: Vec<&str> = values.iter().map(String::as_str).collect();
    let (files, refused) = encode(&with_schema(FileFormat::Parquet, EXACT), &arena(&texts));
    assert_eq!(refused, []);
    let schema: TableSchema = serde_saphyr::from_str(EXACT).unwrap();
    let mut rows = Vec::new();
    let take = |row: &[read::Value<'_>]| {
        rows.push(match row[1] {
            read::Value::Decimal(number) => format!("{{\"big\":{number}}}"),
            _ => "{}".to_owned(),
        });
        Ok(())
    };
    let body = files[0].bytes.clone().into();
    read::read(body, &crate::rows::columns(&schema, false), take).unwrap();
    let shown = values.iter().map(|value| value.replace(".5}", ".5000}"));
    assert_eq!(rows, shown.collect::<Vec<_>>());
}

#[test]
fn columns_have_athenas_types_and_may_all_be_null() {
    let options = EncodingOptions {
        metadata_columns: true,
        ..with_schema(FileFormat::Parquet, SCHEMA)
    };
    let bytes = one_file(&options, &arena(&["{}"]));
    let mut printed = Vec::new();
    print_schema(&mut printed, metadata(&bytes).file_metadata().schema());
    assert_eq!(
        String::from_utf8(printed).unwrap(),
        "message schema {
  OPTIONAL BYTE_ARRAY text (STRING);
  OPTIONAL DOUBLE price;
  OPTIONAL INT64 volume;
  OPTIONAL BOOLEAN live;
  OPTIONAL INT32 day (DATE);
  OPTIONAL INT64 at (TIMESTAMP(MILLIS,true));
  OPTIONAL BYTE_ARRAY kafka_key (STRING);
  OPTIONAL INT64 kafka_partition;
  OPTIONAL INT64 kafka_offset;
  OPTIONAL INT64 kafka_timestamp (TIMESTAMP(MILLIS,true));
  OPTIONAL BYTE_ARRAY kafka_headers (STRING);
}
"
    );
}

#[test]
fn values_come_back_typed_and_exact() {
    let values = [
        r#"{"text":"a\nb","price":0.1,"volume":1234.0,"live":true,"day":"1969-12-31","at":"2026-11-21T07:04:05.678Z"}"#,
        "{}",
        r#"{"text":[1, "x"],"price":1257.719971,"volume":-1,"live":false,"day":"2026-11-21","at":-1}"#,
    ];
    for compression in [Compression::None, Compression::Snappy, Compression::Zstd] {
        let options = EncodingOptions {
            compression,
            ..with_schema(FileFormat::Parquet, SCHEMA)
        };
        let rows = rows(&one_file(&options, &arena(&values)));
        assert_eq!(
            rows,
            [
                vec![
                    text_field("a\nb"),
                    Field::Double(0.1),
                    Field::Long(1_234),
                    Field::Bool(true),
                    Field::Date(-1),
                    Field::TimestampMillis(NOW),
                ],
                vec![Field::Null; 6],
                vec![
                    text_field(r#"[1, "x"]"#),
                    Field::Double(1257.719971),
                    Field::Long(-1),
                    Field::Bool(false),
                    Field::Date(20_778),
                    Field::TimestampMillis(-1),
                ],
            ]
        );
    }
}

#[test]
fn both_forms_of_the_stock_records_have_the_same_columns() {
    let rows = rows(&one_file(
        &options(FileFormat::Parquet, Compression::Zstd),
        &arena(&STOCK),
    ));
    assert_eq!(
        rows[0][..3],
        [
            text_field("HSI"),
            Field::Date(6_208),
            Field::Double(2479.300049)
        ]
    );
    assert_eq!(
        rows[0][6..],
        [
            Field::Double(2479.300049),
            Field::Double(0.0),
            Field::Double(322.30900637)
        ]
    );
    assert_eq!(
        rows[1][6..],
        [
            Field::Double(1257.719971),
            Field::Double(913_608_400.0),
            Field::Double(1e-7)
        ]
    );
    assert_eq!(rows[2][..3], [text_field(""), Field::Null, Field::Null]);
}

#[test]
fn a_file_says_where_it_comes_from() {
    let bytes = one_file(
        &options(FileFormat::Parquet, Compression::Zstd),
        &arena(&STOCK),
    );
    let metadata = metadata(&bytes);
    let pairs = metadata
        .file_metadata()
        .key_value_metadata()
        .unwrap()
        .iter();
    let pairs: Vec<(&str, &str)> = pairs
        .map(|pair| (pair.key.as_str(), pair.value.as_deref().unwrap()))
        .collect();
    assert_eq!(
        pairs,
        [
            ("kafka.topic", "stock-market"),
            ("kafka.partition", "3"),
            ("kafka.start-offset", "100"),
            ("kafka.end-offset", "1000000"),
            ("landing.zone", "0123456789abcdef"),
        ]
    );
}

/// A file of two row groups, which counts in each row.
fn two_row_groups() -> Vec<u8> {
    let value = |at| format!("{{\"text\":\"t{at:06}\",\"volume\":{at},\"price\":{at}.5}}");
    let values: Vec<String> = (0..140_000).map(value).collect();
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    one_file(&with_schema(FileFormat::Parquet, SCHEMA), &arena(&values))
}

#[test]
fn row_groups_are_limited_by_rows_and_hold_them_all_in_order() {
    let bytes = two_row_groups();
    let metadata = metadata(&bytes);
    let sizes = metadata.row_groups().iter().map(|group| group.num_rows());
    assert_eq!(sizes.collect::<Vec<_>>(), [131_072, 8_928]);
    let rows = rows(&bytes);
    let differs = |(row, at): &(&Vec<Field>, i64)| {
        row[2] != Field::Long(*at) || row[0] != text_field(&format!("t{at:06}"))
    };
    assert_eq!(rows.len(), 140_000);
    assert_eq!(rows.iter().zip(0..).find(differs), None);
}

#[test]
fn columns_have_statistics_and_a_page_index() {
    let metadata = metadata(&two_row_groups());
    let statistics = |group: usize, column: usize| {
        metadata
            .row_group(group)
            .column(column)
            .statistics()
            .unwrap()
    };
    let volume = statistics(1, 2);
    assert_eq!(volume.min_bytes_opt(), Some(&131_072i64.to_le_bytes()[..]));
    assert_eq!(volume.max_bytes_opt(), Some(&139_999i64.to_le_bytes()[..]));
    assert_eq!(statistics(1, 3).null_count_opt(), Some(8_928));
    let text = statistics(0, 0);
    assert_eq!(text.min_bytes_opt(), Some(&b"t000000"[..]));
    assert_eq!(text.max_bytes_opt(), Some(&b"t131071"[..]));
    let pages = metadata.offset_index().unwrap()[0][2].page_locations();
    assert!(
        pages.len() >= 6,
        "a page has at most 20,000 rows: {}",
        pages.len()
    );
    let index = &metadata.column_index().unwrap()[0][2];
    assert_eq!(index.num_pages(), pages.len() as u64);
}

#[test]
fn long_texts_end_a_row_group_early() {
    let value = format!("{{\"text\":\"{}\"}}", "x".repeat(1 << 20));
    let bytes = one_file(
        &with_schema(FileFormat::Parquet, SCHEMA),
        &arena(&vec![value.as_str(); 40]),
    );
    assert_eq!(metadata(&bytes).num_row_groups(), 2);
    assert!(
        rows(&bytes)
            .iter()
            .all(|row| row[0] == text_field(&"x".repeat(1 << 20)))
    );
}

#[test]
fn metadata_follows_the_columns() {
    let options = EncodingOptions {
        metadata_columns: true,
        ..with_schema(FileFormat::Parquet, "columns: [{name: a, type: bigint}]")
    };
    let rows = rows(&one_file(&options, &arena_with_metadata("{\"a\":7}")));
    assert_eq!(
        rows,
        [
            vec![
                Field::Long(7),
                text_field("HSI,\"x\""),
                Field::Long(3),
                Field::Long(100),
                Field::TimestampMillis(NOW),
                text_field(HEADERS),
            ],
            vec![
                Field::Long(7),
                Field::Null,
                Field::Long(3),
                Field::Long(101),
                Field::Null,
                text_field("[]")
            ],
        ]
    );
}

#[test]
fn each_row_of_any_file_is_read_and_a_null_is_not_a_text() {
    let values = [
        r#"{"text":"null"}"#,
        r#"{"text":null}"#,
        r#"{"text":"null"}"#,
    ];
    let bytes = one_file(&with_schema(FileFormat::Parquet, SCHEMA), &arena(&values));
    let mut rows = Vec::new();
    let read = read::each_row(bytes.clone().into(), |row| rows.push(format!("{row:?}")));
    assert_eq!((read, rows.len()), (Ok(()), 3));
    assert!(rows[0] == rows[2] && rows[0] != rows[1], "{rows:?}");
    let cut = bytes[..bytes.len() - 1].to_vec();
    let problem = read::each_row(cut.into(), |_| {}).unwrap_err();
    assert!(problem.starts_with("it is no Parquet file ("), "{problem}");
}
