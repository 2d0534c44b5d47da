//! The independent reader: what was sent, against all objects below the copy's prefix.
//!
//! It knows the documented keys, gzip and zstd as programs of the system, and the `parquet` crate's
//! own rows. Equal means the same records of each date, in the order of topic partition and offset,
//! each once.

use std::collections::BTreeMap;

use bytes::Bytes;
use parquet::{
    file::{reader::FileReader, serialized_reader::SerializedFileReader},
    record::{Field, Row},
};
use serde_json::Value;

use crate::{
    compact::COPY,
    support::{World, batches, check},
};

/// Records by date.
pub(crate) type ByDate = BTreeMap<String, Vec<Value>>;

/// What the topic holds, by the records' own `Date`, in the order of partition and offset.
pub(crate) fn sent(world: &World) -> ByDate {
    let mut sent = ByDate::new();
    for (_, (_, value)) in check::dump(world) {
        let record: Value = serde_json::from_slice(&value.unwrap()).unwrap();
        let date = record["Date"].as_str().unwrap().to_owned();
        sent.entry(date).or_default().push(record);
    }
    sent
}

/// What the copy holds. Objects of one date are in the order of their numbers.
pub(crate) fn copied(world: &World) -> ByDate {
    let folder = format!("{COPY}/dt=");
    let mut copied = ByDate::new();
    for (key, object) in crate::compact::below(world, &folder) {
        let (date, name) = key[folder.len()..].split_once('/').unwrap();
        let (number, suffix) = name.split_once('.').unwrap();
        assert_eq!(number.len(), 5, "{key}");
        let records = match suffix {
            "parquet" => rows(object.body),
            _ => lines(suffix, object.body),
        };
        copied.entry(date.to_owned()).or_default().extend(records);
    }
    copied
}

/// Asserts that the copy holds what was sent, with as many records.
#[track_caller]
pub(crate) fn same(world: &World, records: usize) {
    let (sent, copied) = (sent(world), copied(world));
    assert_eq!(sent.values().map(Vec::len).sum::<usize>(), records);
    assert_eq!(
        sent.keys().collect::<Vec<_>>(),
        copied.keys().collect::<Vec<_>>()
    );
    for (date, sent) in &sent {
        let copied = &copied[date];
        let differs = sent
            .iter()
            .zip(copied)
            .position(|(sent, copied)| sent != copied);
        assert_eq!((sent.len(), differs), (copied.len(), None), "dt={date}");
    }
}

/// Rows as the records that they were made of.
fn rows(body: Vec<u8>) -> Vec<Value> {
    let reader = SerializedFileReader::new(Bytes::from(body)).unwrap();
    let rows = reader.get_row_iter(None).unwrap();
    let record = |row: Row| {
        let cell = |name: &str| {
            let mut columns = row.get_column_iter();
            columns
                .find(|(column, _)| *column == name)
                .map_or(Value::Null, |(_, field)| json(field))
        };
        serde_json::json!({ "Index": cell("index"), "Date": cell("date"), "n": cell("n") })
    };
    rows.map(|row| record(row.unwrap())).collect()
}

fn json(field: &Field) -> Value {
    match field {
        Field::Null => Value::Null,
        Field::Str(text) => text.as_str().into(),
        Field::Long(number) => (*number).into(),
        Field::Date(days) => {
            let day = chrono::DateTime::from_timestamp(i64::from(*days) * 86_400, 0).unwrap();
            day.format("%Y-%m-%d").to_string().into()
        }
        other => panic!("no column of these tests holds {other:?}"),
    }
}

fn lines(suffix: &str, body: Vec<u8>) -> Vec<Value> {
    let text = match suffix {
        "jsonl" => body,
        "jsonl.gz" => batches::piped("gzip", body),
        "jsonl.zst" => batches::piped("zstd", body),
        _ => panic!("no object of a copy ends with {suffix}"),
    };
    let text = String::from_utf8(text).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'));
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Names of the columns of a Parquet file.
pub(crate) fn columns(body: &[u8]) -> Vec<String> {
    let reader = SerializedFileReader::new(Bytes::copy_from_slice(body)).unwrap();
    let schema = reader.metadata().file_metadata().schema_descr_ptr();
    schema
        .columns()
        .iter()
        .map(|column| column.name().to_owned())
        .collect()
}
