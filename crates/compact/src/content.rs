//! What objects hold, whatever their format: the number of records, and a hash over them in their
//! order.
//!
//! For JSON Lines it is the SHA-256 of the lines with their line feeds, the one that `zcat |
//! sha256sum` prints. For Parquet it is the SHA-256 of typed values: for each row and column a
//! letter for the type and the value as big endian bytes, a text with its length in front. Records
//! of the zone and records read back from the copy get here by different code.
//!
//! Invariant: contents that differ in a record, or in the order of records, have different hashes.

use std::sync::Arc;

use bytes::Bytes;
use format::{
    parquet::read::{self, Value},
    read_lines::each_line,
    rows::{Rows, columns},
};
use landing::{
    Offset, Partition, Record,
    record::{Headers, ValueHash},
    value::Misfit,
};
use schema::{Cell, Classifier, Losses, TableSchema};
use sha2::{Digest, Sha256};

/// How records are compared.
#[derive(Clone, Debug)]
pub(crate) enum Comparison {
    /// Byte for byte.
    Lines,
    /// By the values of these columns, read by the rule of the zone's classifier.
    Rows(Arc<TableSchema>, Classifier),
}

/// The number of records, and their hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ContentDigest {
    pub(crate) records: u64,
    pub(crate) content: ValueHash,
}

/// What an object of the copy holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CopyContent {
    /// Of all records.
    pub(crate) digest: ContentDigest,
    /// The hashes of the parts that were asked for, in their order.
    pub(crate) parts: Vec<ValueHash>,
}

/// Hashes records, one after another.
pub(crate) struct ContentHasher {
    /// For rows, a reader of its own: what the encoder's reader remembers must not matter here.
    rows: Option<Rows>,
    bytes: Vec<u8>,
    hash: Sha256,
    records: u64,
    parts: Parts,
    /// What the rows do not keep of the records.
    losses: Losses,
}

/// Splits records into parts of known sizes, each with a hash of its own.
#[derive(Default)]
struct Parts {
    sizes: Vec<u64>,
    hashes: Vec<ValueHash>,
    hash: Sha256,
    records: u64,
}

impl ContentHasher {
    pub(crate) fn new(comparison: &Comparison) -> Self {
        let rows = match comparison {
            Comparison::Lines => None,
            Comparison::Rows(schema, classifier) => Some(Rows::new(schema, *classifier, false)),
        };
        Self {
            rows,
            bytes: Vec::new(),
            hash: Sha256::new(),
            records: 0,
            parts: Parts::default(),
            losses: Losses::default(),
        }
    }

    /// Adds the next record, which is JSON.
    ///
    /// # Errors
    /// Why it is no row of the table.
    pub(crate) fn add(&mut self, line: &[u8]) -> Result<(), Misfit> {
        let bytes = &mut self.bytes;
        bytes.clear();
        match &mut self.rows {
            None => {
                bytes.extend_from_slice(line);
                bytes.push(b'\n');
            }
            Some(rows) => {
                rows.with(&record(line), |row| {
                    row.iter().for_each(|cell| append(&value(cell), bytes));
                })?;
                self.losses += rows.losses(line);
            }
        }
        self.count();
        Ok(())
    }

    /// Adds the next row of a Parquet file.
    fn add_row(&mut self, row: &[Value<'_>]) {
        self.bytes.clear();
        row.iter().for_each(|value| append(value, &mut self.bytes));
        self.count();
    }

    fn count(&mut self) {
        self.hash.update(&self.bytes);
        self.records += 1;
        self.parts.add(&self.bytes);
    }

    /// What the rows do not keep of the records so far; nothing for lines.
    pub(crate) fn losses(&self) -> Losses {
        self.losses
    }

    pub(crate) fn finish(self) -> ContentDigest {
        ContentDigest {
            records: self.records,
            content: ValueHash(self.hash.finalize().into()),
        }
    }
}

impl Parts {
    fn add(&mut self, bytes: &[u8]) {
        if self.sizes.is_empty() {
            return;
        }
        while self.sizes.get(self.hashes.len()) == Some(&self.records) {
            self.end_part();
        }
        self.hash.update(bytes);
        self.records += 1;
    }

    fn end_part(&mut self) {
        let hash = std::mem::take(&mut self.hash);
        self.hashes.push(ValueHash(hash.finalize().into()));
        self.records = 0;
    }

    fn finish(mut self) -> Vec<ValueHash> {
        while self.hashes.len() < self.sizes.len() {
            self.end_part();
        }
        self.hashes
    }
}

/// Reads what an object of the copy holds, by other code than wrote it. `parts` are the numbers of
/// records of the parts whose hashes are wanted.
///
/// # Errors
/// Why it is not an object of such a copy.
pub(crate) fn of_copy(
    body: Vec<u8>,
    comparison: &Comparison,
    suffix: &str,
    parts: Vec<u64>,
) -> Result<CopyContent, String> {
    let mut content = ContentHasher::new(comparison);
    content.parts.sizes = parts;
    match comparison {
        Comparison::Lines => each_line(&body, suffix, |line| {
            content
                .add(line)
                .map_err(|misfit| misfit.reason.to_string())
        })?,
        Comparison::Rows(schema, _) => {
            let columns = columns(schema, false);
            read::read(Bytes::from(body), &columns, |row| {
                content.add_row(row);
                Ok(())
            })?;
        }
    }
    let parts = std::mem::take(&mut content.parts);
    Ok(CopyContent {
        digest: content.finish(),
        parts: parts.finish(),
    })
}

/// A record of which only the value is known.
pub(crate) fn record(value: &[u8]) -> Record<'_> {
    Record {
        partition: Partition(0),
        offset: Offset(0),
        timestamp: None,
        key: None,
        value: Some(value),
        headers: Headers::default(),
    }
}

/// Whether cells and values are the same, to the last bit: `0.0` and `-0.0` differ.
pub(crate) fn same(cells: &[Cell<'_>], row: &[Value<'_>]) -> bool {
    let is_same = |(cell, found): (&Cell<'_>, &Value<'_>)| match (value(cell), *found) {
        (Value::Double(one), Value::Double(other)) => one.to_bits() == other.to_bits(),
        (one, other) => one == other,
    };
    cells.len() == row.len() && cells.iter().zip(row).all(is_same)
}

fn value<'v>(cell: &'v Cell<'_>) -> Value<'v> {
    match cell {
        Cell::Null => Value::Null,
        Cell::Text(text) => Value::Text(text.as_bytes()),
        Cell::Double(number) => Value::Double(number.to_f64()),
        Cell::BigInt(number) => Value::BigInt(*number),
        Cell::Boolean(boolean) => Value::Boolean(*boolean),
        Cell::Date(days) => Value::Date(*days),
        Cell::Timestamp(millis) => Value::Timestamp(*millis),
        Cell::Decimal(number) => Value::Decimal(*number),
    }
}

fn append(value: &Value<'_>, bytes: &mut Vec<u8>) {
    let mut put = |letter: u8, value: &[u8]| {
        bytes.push(letter);
        bytes.extend_from_slice(value);
    };
    match value {
        Value::Null => put(b'n', b""),
        Value::Text(text) => {
            put(b't', &(text.len() as u64).to_be_bytes());
            bytes.extend_from_slice(text);
        }
        Value::Double(number) => put(b'd', &number.to_bits().to_be_bytes()),
        Value::BigInt(number) => put(b'i', &number.to_be_bytes()),
        Value::Boolean(boolean) => put(b'b', &[u8::from(*boolean)]),
        Value::Date(days) => put(b'y', &days.to_be_bytes()),
        Value::Decimal(number) => {
            put(b'm', &[number.scale]);
            bytes.extend_from_slice(&number.unscaled.to_be_bytes());
        }
        Value::Timestamp(millis) => put(b's', &millis.to_be_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use landing::{Format, Place};

    use super::*;

    fn facts(comparison: &Comparison, lines: &[&str]) -> ContentDigest {
        let mut content = ContentHasher::new(comparison);
        lines
            .iter()
            .for_each(|line| content.add(line.as_bytes()).unwrap());
        content.finish()
    }

    #[test]
    fn the_hash_of_lines_is_that_of_their_text() {
        let facts = facts(&Comparison::Lines, &["{\"a\":1}", "{}"]);
        let text = ValueHash::of(Some(b"{\"a\":1}\n{}\n"));
        assert_eq!(
            facts,
            ContentDigest {
                records: 2,
                content: text
            }
        );
        let read = of_copy(
            b"{\"a\":1}\n{}\n".to_vec(),
            &Comparison::Lines,
            "jsonl",
            vec![0, 1, 1, 0],
        );
        let parts = [&b""[..], b"{\"a\":1}\n", b"{}\n", b""].map(|part| ValueHash::of(Some(part)));
        let expected = CopyContent {
            digest: facts,
            parts: parts.to_vec(),
        };
        assert_eq!(read, Ok(expected));
    }

    fn schema() -> TableSchema {
        use schema::{AthenaType, TableColumn, UnknownFields};
        let kinds = [
            ("text", AthenaType::String),
            ("price", AthenaType::Double),
            ("n", AthenaType::BigInt),
            ("flag", AthenaType::Boolean),
            ("day", AthenaType::Date),
            ("at", AthenaType::Timestamp),
        ];
        let column = |(name, kind): (&str, _)| TableColumn {
            name: name.to_owned(),
            kind,
            fields: Vec::new(),
        };
        TableSchema::new(kinds.map(column).into(), UnknownFields::DeadLetter).unwrap()
    }

    /// Some value, or null, or nothing, in each column.
    fn random_record(random: &mut fastrand::Rng) -> String {
        let number = random.u32(..);
        let values = [
            ("text", format!("\"é {number} \\n\"")),
            ("price", format!("-{}.{}e-3", number % 1_000, number % 977)),
            ("n", (i64::MIN + i64::from(number)).to_string()),
            ("flag", (number > u32::MAX / 2).to_string()),
            ("day", format!("\"20{:02}-02-11\"", number % 90 + 10)),
            (
                "at",
                format!(
                    "\"2026-11-21T07:{:02}:00.{:03}Z\"",
                    number % 60,
                    number % 1_000
                ),
            ),
        ];
        let mut members = Vec::new();
        for (name, value) in values {
            match random.u8(0..4) {
                0 => {}
                1 => members.push(format!("\"{name}\":null")),
                _ => members.push(format!("\"{name}\":{value}")),
            }
        }
        format!("{{{}}}", members.join(","))
    }

    /// The object of the copy that these records become.
    fn encoded(schema: &Arc<TableSchema>, records: &[String]) -> Vec<u8> {
        let start = Place::new(Partition(0), Offset(0));
        let rules = landing::compaction::OutputRules {
            format: Format::Parquet,
            compression: "zstd".into(),
            level: None,
            schema: None,
        };
        let origin = format::options::RecordSource {
            topic: "t".into(),
            zone: "z".into(),
        };
        let (schema, newest) = (Some(schema.clone()), Classifier::NEWEST);
        let encoding = crate::request::encoding(&rules, schema, newest, origin).unwrap();
        let mut files = format::files::Files::new(&encoding, start);
        let date = landing::partition_by::DatePartition::from_folder("2026-11-20").unwrap();
        for text in records {
            files.write(&date, &record(text.as_bytes())).unwrap();
        }
        files.finish_copy().unwrap().remove(0).bytes
    }

    #[test]
    fn what_was_read_from_the_zone_and_from_the_copy_is_the_same_only_when_it_is() {
        let schema = Arc::new(schema());
        let comparison = Comparison::Rows(schema.clone(), Classifier::NEWEST);
        let mut random = fastrand::Rng::with_seed(7);
        // More than are unpacked at a time, and more than a row group.
        let records: Vec<String> = (0..140_000).map(|_| random_record(&mut random)).collect();
        let texts: Vec<&str> = records.iter().map(String::as_str).collect();
        let body = encoded(&schema, &records);
        let read = of_copy(
            body.clone(),
            &comparison,
            "parquet",
            vec![70_000, 0, 70_000],
        )
        .unwrap();
        assert_eq!(read.digest, facts(&comparison, &texts));
        let of_part = |texts: &[&str]| facts(&comparison, texts).content;
        let parts = [&texts[..70_000], &[], &texts[70_000..]].map(of_part);
        assert_eq!(read.parts, parts);
        let mut other = records[..10_000].to_vec();
        let expected = facts(&comparison, &texts[..10_000]);
        other.swap(4_000, 4_001);
        let swapped = of_copy(encoded(&schema, &other), &comparison, "parquet", Vec::new())
            .unwrap()
            .digest;
        assert_eq!(swapped.records, expected.records);
        assert_ne!(swapped.content, expected.content);
        // Other columns, and broken files.
        let stock = Comparison::Rows(Arc::new(TableSchema::stock()), Classifier::NEWEST);
        let problem = of_copy(body.clone(), &stock, "parquet", Vec::new()).unwrap_err();
        assert!(
            problem.contains("its columns are not those of its schema"),
            "{problem}"
        );
        for end in [0, 4, body.len() / 2, body.len() - 1] {
            assert!(
                of_copy(body[..end].to_vec(), &comparison, "parquet", Vec::new()).is_err(),
                "{end}"
            );
        }
    }

    #[test]
    fn rows_are_the_same_only_when_each_value_is() {
        let comparison = Comparison::Rows(Arc::new(TableSchema::stock()), Classifier::NEWEST);
        let all = [
            facts(&comparison, &[]),
            facts(&comparison, &[r#"{"Index":null}"#]),
            facts(&comparison, &[r#"{"Index":""}"#]),
            facts(&comparison, &[r#"{"Index":"n"}"#]),
            facts(&comparison, &[r#"{"Open":0.0}"#]),
            facts(&comparison, &[r#"{"Open":-0.0}"#]),
            facts(&comparison, &[r#"{"High":0.0}"#]),
            facts(&comparison, &[r#"{"Index":"a"}"#, r#"{"Index":"b"}"#]),
            facts(&comparison, &[r#"{"Index":"b"}"#, r#"{"Index":"a"}"#]),
            facts(&comparison, &[r#"{"Date":"2026-11-20"}"#]),
        ];
        let different: std::collections::HashSet<_> =
            all.iter().map(|facts| facts.content).collect();
        assert_eq!(different.len(), all.len());
        // The same record written in another way.
        let same = facts(
            &comparison,
            &[r#"{ "index" : "a" , "x" : 1 }"#, r#"{"Index":"b"}"#],
        );
        assert_eq!(same, all[7]);
        assert!(
            ContentHasher::new(&comparison)
                .add(br#"{"Open":"high"}"#)
                .is_err()
        );
    }
}
