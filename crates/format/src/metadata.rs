//! Where in Kafka a record was: the columns and members that follow its own.
//!
//! [`schema::METADATA_COLUMNS`] has their names and types. Key and headers can be restored from
//! their texts byte for byte.

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use landing::{
    Record,
    value::{Misfit, Reason},
};
use schema::{Cell, METADATA_COLUMNS, TIMESTAMPS, append_timestamp};
use serde::{Serialize, Serializer};

/// The mark in front of bytes that are not UTF-8.
const BASE64: &str = "base64:";

/// The metadata of a record; as JSON an object whose members have the columns' names.
#[derive(Serialize)]
pub(crate) struct Metadata<'r> {
    kafka_key: Option<Cow<'r, str>>,
    kafka_partition: i32,
    kafka_offset: i64,
    #[serde(serialize_with = "timestamp_text")]
    kafka_timestamp: Option<i64>,
    kafka_headers: String,
}

#[derive(Serialize)]
struct Header<'h> {
    name: &'h str,
    value: Option<Cow<'h, str>>,
}

impl<'r> Metadata<'r> {
    /// The metadata of this record.
    ///
    /// # Errors
    /// When its timestamp is outside the years 1 to 9999, which no timestamp column holds.
    pub(crate) fn of(record: &Record<'r>) -> Result<Self, Misfit> {
        let possible = |millis: &i64| TIMESTAMPS.contains(millis);
        if !record.timestamp.as_ref().is_none_or(possible) {
            return Err(Misfit {
                reason: Reason::NumberOutOfRange,
                column: Some("kafka_timestamp".to_owned()),
            });
        }
        Ok(Self {
            kafka_key: record.key.map(as_text),
            kafka_partition: record.partition.0,
            kafka_offset: record.offset.0,
            kafka_timestamp: record.timestamp,
            kafka_headers: headers(record),
        })
    }

    /// The cells in the order of [`METADATA_COLUMNS`].
    pub(crate) fn into_cells(self) -> [Cell<'r>; METADATA_COLUMNS.len()] {
        [
            self.kafka_key.map_or(Cell::Null, Cell::Text),
            Cell::BigInt(i64::from(self.kafka_partition)),
            Cell::BigInt(self.kafka_offset),
            self.kafka_timestamp.map_or(Cell::Null, Cell::Timestamp),
            Cell::Text(Cow::Owned(self.kafka_headers)),
        ]
    }
}

/// The same text as in CSV: both JSON readers of Athena take it for a timestamp.
fn timestamp_text<S: Serializer>(millis: &Option<i64>, to: S) -> Result<S::Ok, S::Error> {
    let text = millis.map(|millis| {
        let mut text = Vec::new();
        append_timestamp(millis, &mut text);
        text.escape_ascii().to_string()
    });
    text.serialize(to)
}

fn headers(record: &Record<'_>) -> String {
    let header = |(name, value): (_, Option<_>)| Header {
        name,
        value: value.map(as_text),
    };
    let headers: Vec<Header<'_>> = record.headers.iter().map(header).collect();
    serde_json::to_string(&headers).expect("strings always serialize")
}

/// The text if the bytes are UTF-8; otherwise `base64:` and the bytes in base64. A text that itself
/// begins with `base64:` is written in base64 too, so that readers can tell the two apart.
fn as_text(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.starts_with(BASE64) => Cow::Borrowed(text),
        _ => Cow::Owned(format!("{BASE64}{}", STANDARD.encode(bytes))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text_and_other_bytes_say_so() {
        assert_eq!(as_text("HSI é".as_bytes()), "HSI é");
        assert_eq!(as_text(b""), "");
        assert_eq!(as_text(b"\xff\x00"), "base64:/wA=");
        assert_eq!(as_text(b"base64:/wA="), "base64:YmFzZTY0Oi93QT0=");
    }
}
