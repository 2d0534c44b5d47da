//! JSON Lines.

use super::*;

fn jsonl() -> EncodingOptions {
    options(FileFormat::Jsonl, Compression::None)
}

#[test]
fn with_columns_what_does_not_fit_is_refused_and_the_rest_keeps_its_bytes() {
    let options = EncodingOptions {
        schema: Some(Arc::new(TableSchema::stock())),
        ..jsonl()
    };
    let values = [
        r#"{"Close": "1.5", "x":{}}"#,
        r#"{"Close":[1]}"#,
        r#"{"closeusd":true}"#,
    ];
    let (files, refused) = encode(&options, &arena(&values));
    assert_eq!(files[0].bytes, format!("{}\n", values[0]).as_bytes());
    let refused: Vec<_> = refused
        .iter()
        .map(|misfit| (misfit.reason.code(), misfit.column.as_deref()))
        .collect();
    let wrong = |column| ("wrong-type", Some(column));
    assert_eq!(refused, [wrong("close"), wrong("close_usd")]);
}

fn with_metadata() -> EncodingOptions {
    EncodingOptions {
        metadata_columns: true,
        ..jsonl()
    }
}

#[test]
fn records_are_lines_byte_for_byte_unless_they_span_lines() {
    let arena = arena(&[
        STOCK[0],
        "{ \"a\" : 1.50 }  ",
        "{\n  \"a b\": \"x y\"\r\n}\n",
        "{}",
    ]);
    assert_eq!(
        text(&jsonl(), &arena),
        format!(
            "{}\n{{ \"a\" : 1.50 }}  \n{{\"a b\":\"x y\"}}\n{{}}\n",
            STOCK[0]
        )
    );
}

#[test]
fn metadata_follows_the_records_own_members() {
    let full = format!(
        r#""kafka_key":"HSI,\"x\"","kafka_partition":3,"kafka_offset":100,"kafka_timestamp":"2026-11-21 07:04:05.678","kafka_headers":{}}}"#,
        serde_json::to_string(HEADERS).unwrap()
    );
    let bare = r#""kafka_key":null,"kafka_partition":3,"kafka_offset":101,"kafka_timestamp":null,"kafka_headers":"[]"}"#;
    for (value, own) in [
        (r#"{"a":1.50}"#, r#"{"a":1.50,"#),
        (" {\n\"a\": {} } \n", r#"{"a":{},"#),
        (r#" {"a":"}" } "#, r#" {"a":"}" ,"#),
        ("{}", "{"),
        (" { } ", "{"),
    ] {
        let lines = text(&with_metadata(), &arena_with_metadata(value));
        assert_eq!(lines, format!("{own}{full}\n{own}{bare}\n"), "{value}");
        for line in lines.lines() {
            serde_json::from_str::<serde_json::Value>(line).unwrap();
        }
    }
}

#[test]
fn the_members_have_the_names_of_the_metadata_columns() {
    let line = text(&with_metadata(), &arena(&["{}"]));
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&line).unwrap();
    let mut names = schema::METADATA_COLUMNS.map(|(name, _)| name);
    names.sort_unstable();
    assert_eq!(object.keys().collect::<Vec<_>>(), names);
}

#[test]
fn a_record_with_a_member_of_such_a_name_is_refused_only_with_metadata() {
    let value = r#"{"a":1,"Kafka_Offset":2}"#;
    assert_eq!(
        refusal(&with_metadata(), value),
        on_column("keys-collide", "kafka_offset")
    );
    assert_eq!(text(&jsonl(), &arena(&[value])), format!("{value}\n"));
}

#[test]
fn a_timestamp_that_no_column_holds_is_refused_only_with_metadata() {
    for format in FORMATS {
        for millis in [i64::MIN, i64::MAX, 253_402_300_800_000] {
            let far = Record {
                timestamp: Some(millis),
                ..record(b"{}", 0)
            };
            let write = |metadata_columns| {
                let options = EncodingOptions {
                    metadata_columns,
                    ..options(format, Compression::None)
                };
                let encoding = Encoding::new(options).unwrap();
                Files::new(&encoding, START).write(&date(None), &far)
            };
            let misfit = write(true).unwrap_err();
            assert_eq!(
                (misfit.reason.code(), misfit.column.as_deref()),
                ("number-out-of-range", Some("kafka_timestamp"))
            );
            assert_eq!(write(false), Ok(()));
        }
    }
}
