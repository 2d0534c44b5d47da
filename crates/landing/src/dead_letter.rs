//! The object kept for a record that cannot be landed: everything Kafka knew of it, and the reason
//! code.
//!
//! Not here: deciding that a record is a dead letter (see [`crate::value`]). Invariant: the body is
//! a function of the record, the topic and the code, and the bytes of the value can be restored
//! from it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Serialize;

use crate::{place::Partition, record::Record, value::Misfit};

/// One dead letter. Bytes are base64; `value_text` and `key_text` repeat them where they are UTF-8,
/// for people and for queries.
#[derive(Serialize)]
struct DeadLetter<'a> {
    reason: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<String>,
    topic: &'a str,
    partition: Partition,
    offset: i64,
    timestamp: Option<i64>,
    key_text: Option<&'a str>,
    key: Option<String>,
    value_text: Option<&'a str>,
    value: Option<String>,
    headers: Vec<Header<'a>>,
}

#[derive(Serialize)]
struct Header<'a> {
    name: &'a str,
    value_text: Option<&'a str>,
    value: Option<String>,
}

/// The most value bytes that are repeated as text.
const MAX_TEXT_BYTES: usize = 4096;

/// The dead letter's body: one line of JSON and a line break. A column is named where the misfit
/// names one.
#[must_use]
pub fn body(topic: &str, record: &Record<'_>, misfit: impl Into<Misfit>) -> Vec<u8> {
    let Misfit { reason, column } = misfit.into();
    let letter = DeadLetter {
        reason: reason.code(),
        column,
        topic,
        partition: record.partition,
        offset: record.offset.0,
        timestamp: record.timestamp,
        key_text: record.key.and_then(text),
        key: record.key.map(|bytes| STANDARD.encode(bytes)),
        value_text: record.value.and_then(text),
        value: record.value.map(|bytes| STANDARD.encode(bytes)),
        headers: record
            .headers
            .iter()
            .map(|(name, value)| Header {
                name,
                value_text: value.and_then(text),
                value: value.map(|bytes| STANDARD.encode(bytes)),
            })
            .collect(),
    };
    let mut body = serde_json::to_vec(&letter).expect("strings and numbers always serialize");
    body.push(b'\n');
    body
}

fn text(bytes: &[u8]) -> Option<&str> {
    if bytes.len() > MAX_TEXT_BYTES {
        None
    } else {
        std::str::from_utf8(bytes).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{arena::RecordArena, offset::Offset, record::Headers, value::Reason};

    #[test]
    fn a_dead_letter_keeps_the_bytes_the_key_the_headers_and_the_place() {
        let mut arena = RecordArena::default();
        let record = Record {
            partition: Partition(2),
            offset: Offset(9),
            timestamp: Some(1_000),
            key: Some(b"HSI"),
            value: Some(b"hello \xff world"),
            headers: Headers::default(),
        };
        arena.push(
            &record,
            [("source", Some(&b"console"[..])), ("none", None)].into_iter(),
        );
        let body = body(
            "stock-market",
            &arena.records().next().unwrap(),
            Reason::NotAJsonObject,
        );

        assert_eq!(body.iter().filter(|byte| **byte == b'\n').count(), 1);
        let letter: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(letter["reason"], "not-a-json-object");
        assert_eq!(
            (&letter["topic"], &letter["partition"], &letter["offset"]),
            (&"stock-market".into(), &2.into(), &9.into())
        );
        assert_eq!(
            (&letter["timestamp"], &letter["key_text"]),
            (&1_000.into(), &"HSI".into())
        );
        assert_eq!(letter["value_text"], serde_json::Value::Null);
        assert_eq!(
            STANDARD.decode(letter["value"].as_str().unwrap()).unwrap(),
            b"hello \xff world"
        );
        assert_eq!(letter["headers"][0]["value_text"], "console");
        assert_eq!(letter["headers"][1]["value"], serde_json::Value::Null);
    }

    #[test]
    fn a_misfit_of_a_column_names_it_and_others_name_none() {
        let record = Record {
            partition: Partition(0),
            offset: Offset(0),
            timestamp: None,
            key: None,
            value: Some(b"{\"Open\":\"x\"}"),
            headers: Headers::default(),
        };
        let letter = |misfit: Misfit| -> serde_json::Value {
            serde_json::from_slice(&body("t", &record, misfit)).unwrap()
        };
        let misfit = Misfit {
            reason: Reason::WrongType,
            column: Some("open".to_owned()),
        };
        let named = letter(misfit);
        assert_eq!(
            (&named["reason"], &named["column"]),
            (&"wrong-type".into(), &"open".into())
        );
        let nameless = letter(Reason::TooDeep.into());
        assert_eq!(nameless.get("column"), None);
    }

    #[test]
    fn a_tombstone_has_no_value_and_an_empty_value_has_one() {
        let record = Record {
            partition: Partition(0),
            offset: Offset(0),
            timestamp: None,
            key: None,
            value: None,
            headers: Headers::default(),
        };
        let value = |record: &Record<'_>| {
            serde_json::from_slice::<serde_json::Value>(&body("t", record, Reason::Tombstone))
                .unwrap()["value"]
                .clone()
        };
        assert_eq!(value(&record), serde_json::Value::Null);
        assert_eq!(
            value(&Record {
                value: Some(b""),
                ..record
            }),
            ""
        );
    }
}
