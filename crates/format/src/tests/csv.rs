//! CSV, read back with the `csv` crate.

use super::*;

fn csv() -> EncodingOptions {
    with_schema(FileFormat::Csv, SCHEMA)
}

pub(crate) fn cells(text: &str) -> Vec<Vec<String>> {
    let mut reader = ::csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(text.as_bytes());
    let row =
        |row: ::csv::Result<::csv::StringRecord>| row.unwrap().iter().map(str::to_owned).collect();
    reader.records().map(row).collect()
}

#[test]
fn a_nested_value_that_spans_lines_lands_on_one_line() {
    let options = with_schema(FileFormat::Csv, SCHEMA);
    let options = EncodingOptions {
        compression: Compression::None,
        ..options
    };
    let values = [
        "{\"text\":{\"a\":\r\n [1,\n \"b c\"]}}",
        r#"{"text":"a\nb"}"#,
    ];
    let (files, refused) = encode(&options, &arena(&values));
    assert_eq!(
        String::from_utf8_lossy(&files[0].bytes),
        "\"{\"\"a\"\":[1,\"\"b c\"\"]}\",,,,,\n"
    );
    let refused: Vec<_> = refused.iter().map(|misfit| misfit.reason).collect();
    assert_eq!(
        refused,
        [landing::value::Reason::LineBreak],
        "a line break of a text stays one"
    );
}

#[test]
fn both_forms_of_the_stock_records_have_the_same_columns() {
    let lines = text(&options(FileFormat::Csv, Compression::None), &arena(&STOCK));
    assert_eq!(
        lines,
        "HSI,1986-12-31,2479.300049,2479.300049,2479.300049,2479.300049,2479.300049,0.0,322.30900637\n\
         N225,1965-01-05,1257.719971,1.2e3,-0.5,1,1257.719971,913608400.0,1e-7\n\
         \"\",,,,,12,,,\n"
    );
}

#[test]
fn values_are_written_so_that_athena_casts_them_and_texts_are_quoted_where_they_must_be() {
    let values = [
        r#"{"text":"a,b \"c\"","price":1.50,"volume":1234.0,"live":true,"day":"2026-11-21","at":"2026-11-21T07:04:05+01:00"}"#,
        r#"{"text":{"a":["x", null]},"price":-1E-3,"volume":-9223372036854775808,"live":false,"day":"0001-01-01","at":1795244645678}"#,
        r#"{"text":" é\t\u00fc\\","at":"9999-12-31"}"#,
        r#"{"text":12.50}"#,
    ];
    let lines = text(&csv(), &arena(&values));
    assert_eq!(
        lines,
        "\"a,b \"\"c\"\"\",1.50,1234,true,2026-11-21,2026-11-21 06:04:05.000\n\
         \"{\"\"a\"\":[\"\"x\"\", null]}\",-1E-3,-9223372036854775808,false,0001-01-01,2026-11-21 07:04:05.678\n \
         é\tü\\,,,,,9999-12-31 00:00:00.000\n\
         12.50,,,,,\n"
    );
    let texts: Vec<String> = cells(&lines)
        .into_iter()
        .map(|mut row| row.swap_remove(0))
        .collect();
    assert_eq!(
        texts,
        ["a,b \"c\"", r#"{"a":["x", null]}"#, " é\tü\\", "12.50"]
    );
}

#[test]
fn null_and_an_empty_text_differ_and_no_line_is_empty() {
    let one = with_schema(FileFormat::Csv, "columns: [{name: a, type: string}]");
    assert_eq!(
        text(&csv(), &arena(&["{}", r#"{"text":""}"#])),
        ",,,,,\n\"\",,,,,\n"
    );
    let lines = text(&one, &arena(&["{}", r#"{"a":"x"}"#, "{}"]));
    assert_eq!(lines, "\"\"\nx\n\"\"\n");
    assert_eq!(cells(&lines).len(), 3);
}

#[test]
fn a_line_break_would_be_two_rows_for_athena_and_is_refused() {
    for value in [r#"{"text":"a\nb"}"#, r#"{"text":"a\rb"}"#] {
        assert_eq!(refusal(&csv(), value), on_column("line-break", "text"));
    }
    let line = text(&csv(), &arena(&["{\"text\":\"a\\\\nb\\u2028\"}"]));
    assert_eq!(line, "a\\nb\u{2028},,,,,\n");
    let options = EncodingOptions {
        metadata_columns: true,
        ..csv()
    };
    let mut files = Files::new(&Encoding::new(options).unwrap(), START);
    let keyed = Record {
        key: Some(b"a\nb"),
        ..record(b"{}", 0)
    };
    assert_eq!(
        files
            .write(&date(None), &keyed)
            .unwrap_err()
            .column
            .as_deref(),
        Some("kafka_key")
    );
}

#[test]
fn a_record_that_does_not_fit_is_refused_with_reason_and_column() {
    for (value, code, column) in [
        (r#"{"price":"dear"}"#, "wrong-type", "price"),
        (r#"{"price":1e999}"#, "number-out-of-range", "price"),
        (r#"{"volume":1.5}"#, "wrong-type", "volume"),
        (
            r#"{"volume":9223372036854775808}"#,
            "number-out-of-range",
            "volume",
        ),
        (r#"{"live":1}"#, "wrong-type", "live"),
        (r#"{"day":"21.11.2026"}"#, "unparseable-date", "day"),
        (r#"{"at":"soon"}"#, "unparseable-timestamp", "at"),
        (r#"{"text":"\ud800"}"#, "not-unicode", "text"),
        (r#"{"text":"","Text":""}"#, "keys-collide", "text"),
    ] {
        assert_eq!(refusal(&csv(), value), on_column(code, column), "{value}");
        let parquet = with_schema(FileFormat::Parquet, SCHEMA);
        assert_eq!(refusal(&parquet, value), on_column(code, column), "{value}");
    }
    let strict = format!("unknown-fields: dead-letter\n{SCHEMA}");
    assert_eq!(
        refusal(
            &with_schema(FileFormat::Csv, &strict),
            r#"{"text":"a","New Field":1}"#
        ),
        on_column("unknown-field", "New Field")
    );
}

#[test]
fn the_header_names_the_columns_in_every_file_that_is_asked_for_one() {
    for (compression, metadata_columns) in [(Compression::None, false), (Compression::Gzip, true)] {
        let options = EncodingOptions {
            csv_header: true,
            metadata_columns,
            compression,
            ..csv()
        };
        let mut two_days = arena(&[r#"{"text":"a"}"#]);
        let tomorrow = Record {
            timestamp: Some(NOW + DAY),
            ..record(b"{}", 200)
        };
        two_days.push(&tomorrow, std::iter::empty());
        let (files, _) = encode(&options, &two_days);
        let metadata = if metadata_columns {
            ",kafka_key,kafka_partition,kafka_offset,kafka_timestamp,kafka_headers"
        } else {
            ""
        };
        for file in &files {
            let lines = String::from_utf8(plain(compression, &file.bytes)).unwrap();
            let (header, rows) = lines.split_once('\n').unwrap();
            assert_eq!(header, format!("text,price,volume,live,day,at{metadata}"));
            assert_eq!(rows.lines().count(), 1);
        }
        assert_eq!(files.len(), 2);
    }
}

#[test]
fn metadata_follows_the_columns() {
    let options = EncodingOptions {
        metadata_columns: true,
        ..csv()
    };
    let rows = cells(&text(&options, &arena_with_metadata(r#"{"text":"a"}"#)));
    assert_eq!(rows[0][..6], ["a", "", "", "", "", ""]);
    assert_eq!(
        rows[0][6..],
        ["HSI,\"x\"", "3", "100", "2026-11-21 07:04:05.678", HEADERS]
    );
    assert_eq!(rows[1][6..], ["", "3", "101", "", "[]"]);
}
