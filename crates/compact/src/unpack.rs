//! From an object of the zone to its records as JSON, each on one line; on a blocking thread.
//!
//! An object counts only if it is what its metadata, or its claim, says: the caller gets each of
//! its records, or an error.

use bucket::{
    body::Body,
    proof::{self, Doubt},
    zone::ZoneFacts,
};
use bytes::Bytes;
use format::{
    parquet::read::{self, Value},
    read_lines::{each_line, json},
    rows::{Rows, columns},
};
use landing::Format;
use schema::{
    AthenaType, Classifier, TableColumn, TableSchema, UnknownFields, append_date, append_timestamp,
};

use crate::{
    content,
    fetch::{Fetched, FetchedClaim},
};

/// Where the objects come from, and what is accepted.
pub(crate) struct UnpackRules<'s> {
    pub(crate) zone: &'s ZoneFacts,
    pub(crate) date: &'s str,
    /// Whether to accept a record that does not have the hash in its metadata, because it may have
    /// spanned lines in Kafka.
    pub(crate) allow_unproven: bool,
}

/// Calls `take` with each record.
///
/// # Errors
/// What is wrong with the object, or what `take` says about a record.
pub(crate) fn unpack(
    rules: &UnpackRules<'_>,
    fetched: &mut Fetched,
    mut take: impl FnMut(&[u8]) -> Result<(), String>,
) -> Result<(), String> {
    let body = match &mut fetched.read.body {
        Body::Whole(body) => std::mem::take(body),
        Body::TooLarge(bytes) => {
            let listed = fetched.object.bytes;
            return Err(format!(
                "it has {bytes} bytes, and had {listed} when it was listed: it was changed"
            ));
        }
    };
    let Some(claimed) = &fetched.claimed else {
        single(rules, fetched, &body)?;
        // `single` has checked that it ends in a line break.
        return take(&body[..body.len() - 1]);
    };
    claimed.identity.compare(&fetched.read.metadata)?;
    let mut records = 0;
    let counted = |line: &[u8]| {
        records += 1;
        take(line)
    };
    match rules.zone.format {
        Format::Parquet => rows(body, claimed, counted)?,
        Format::Json | Format::Jsonl | Format::Csv => {
            lines(&body, &fetched.object.suffix, counted)?
        }
    }
    if records == claimed.records {
        return Ok(());
    }
    Err(format!(
        "it holds {records} records, and its claim says {}: 'consumer verify' tells whether there is a reason",
        claimed.records
    ))
}

fn single(rules: &UnpackRules<'_>, fetched: &Fetched, body: &[u8]) -> Result<(), String> {
    let (object, metadata) = (&fetched.object, &fetched.read.metadata);
    let zone = rules.zone;
    let proven = proof::identity(zone, object.place, metadata)
        .and_then(|identity| proof::data_object(zone, &identity, rules.date, metadata, body));
    match proven {
        Ok(()) => Ok(()),
        Err(Doubt::Unprovable(_)) if rules.allow_unproven => Ok(()),
        Err(Doubt::Unprovable(problem)) => {
            Err(format!("{problem}: --allow-unproven takes it as it is"))
        }
        Err(Doubt::Unparseable(problem) | Doubt::Differs(problem)) => Err(problem),
    }
}

fn lines(
    body: &[u8],
    suffix: &str,
    mut take: impl FnMut(&[u8]) -> Result<(), String>,
) -> Result<(), String> {
    each_line(body, suffix, |line| {
        json(line)?;
        // JSON takes it for white space between tokens, but some readers take it for a line end.
        match line.contains(&b'\r') {
            true => Err("it has a line break in it".to_owned()),
            false => take(line),
        }
    })
}

/// Turns rows into JSON objects whose members have the names of the columns, in their order.
///
/// The text of each row is read back by the same columns and must have the same values.
fn rows(
    body: Vec<u8>,
    claimed: &FetchedClaim,
    mut take: impl FnMut(&[u8]) -> Result<(), String>,
) -> Result<(), String> {
    let Some(schema) = &claimed.schema else {
        return Err("its claim names no schema".to_owned());
    };
    let columns = columns(schema, claimed.with_metadata);
    let mut rows = Rows::new(&by_name(&columns)?, Classifier::NEWEST, false);
    let (mut line, mut number) = (Vec::new(), 0u64);
    read::read(Bytes::from(body), &columns, |row| {
        number += 1;
        let at = |problem: String| format!("row {number}: {problem}");
        write_row(&columns, row, &mut line).map_err(at)?;
        let same = rows.with(&content::record(&line), |cells| content::same(cells, row));
        match same {
            Ok(true) => take(&line).map_err(at),
            Ok(false) => Err(at(
                "it cannot be written as JSON without a change".to_owned()
            )),
            Err(misfit) => Err(at(format!(
                "it cannot be written as JSON ({})",
                misfit.reason
            ))),
        }
    })
}

/// A schema whose fields have the names of the columns.
fn by_name(columns: &[(&str, AthenaType)]) -> Result<TableSchema, String> {
    let column = |(name, kind): &(&str, AthenaType)| TableColumn {
        name: (*name).to_owned(),
        kind: *kind,
        fields: Vec::new(),
    };
    let columns = columns.iter().map(column).collect();
    TableSchema::new(columns, UnknownFields::DeadLetter).map_err(|error| error.to_string())
}

fn write_row(
    columns: &[(&str, AthenaType)],
    row: &[Value<'_>],
    line: &mut Vec<u8>,
) -> Result<(), String> {
    line.clear();
    for ((name, kind), value) in columns.iter().zip(row) {
        line.push(if line.is_empty() { b'{' } else { b',' });
        // Names of columns need no escapes.
        line.push(b'"');
        line.extend_from_slice(name.as_bytes());
        line.extend_from_slice(b"\":");
        let written = match (kind, value) {
            // The text is JSON already.
            (AthenaType::Json, Value::Text(json)) => {
                line.extend_from_slice(json);
                Ok(())
            }
            _ => write_value(value, line),
        };
        written.map_err(|problem| format!("column '{name}': {problem}"))?;
    }
    line.push(b'}');
    Ok(())
}

fn write_value(value: &Value<'_>, line: &mut Vec<u8>) -> Result<(), String> {
    match value {
        Value::Null => line.extend_from_slice(b"null"),
        Value::Text(text) => {
            let text = std::str::from_utf8(text).map_err(|error| error.to_string())?;
            serde_json::to_writer(line, text).map_err(|error| error.to_string())?;
        }
        Value::Double(number) if number.is_finite() => {
            serde_json::to_writer(line, number).map_err(|error| error.to_string())?;
        }
        Value::Double(number) => return Err(format!("{number} is no number in JSON")),
        Value::BigInt(number) => line.extend_from_slice(number.to_string().as_bytes()),
        Value::Boolean(true) => line.extend_from_slice(b"true"),
        Value::Boolean(false) => line.extend_from_slice(b"false"),
        Value::Date(days) => quoted(line, |line| append_date(*days, line)),
        Value::Decimal(number) => line.extend_from_slice(number.to_string().as_bytes()),
        Value::Timestamp(millis) => quoted(line, |line| append_timestamp(*millis, line)),
    }
    Ok(())
}

fn quoted(line: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    line.push(b'"');
    write(line);
    line.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_an_object_with_all_columns() {
        let columns =
            ["s", "d", "i", "b", "day", "at", "none"].map(|name| (name, AthenaType::String));
        let row = [
            Value::Text("a \"b\"\n".as_bytes()),
            Value::Double(0.1),
            Value::BigInt(-7),
            Value::Boolean(true),
            Value::Date(20_777),
            Value::Timestamp(1_795_244_645_001),
            Value::Null,
        ];
        let mut line = b"what was there before".to_vec();
        write_row(&columns, &row, &mut line).unwrap();
        assert_eq!(
            String::from_utf8(line.clone()).unwrap(),
            r#"{"s":"a \"b\"\n","d":0.1,"i":-7,"b":true,"day":"2026-11-20","at":"2026-11-21 07:04:05.001","none":null}"#
        );
        let error = write_row(&columns[..1], &[Value::Double(f64::NAN)], &mut line).unwrap_err();
        assert_eq!(error, "column 's': NaN is no number in JSON");
        assert!(write_row(&columns[..1], &[Value::Text(b"\xff")], &mut line).is_err());
    }
}
