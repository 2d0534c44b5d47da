//! A few hundred records in one buffer: how records travel from the Kafka thread to the engine.
//!
//! One allocation and one send for hundreds of records, instead of several for each. It knows nothing of Kafka's client.
//! Invariant: what was pushed comes out unchanged and in the same order.

use std::ops::Range;

use crate::{
    offset::Offset,
    record::{HeaderSpan, Headers, Record},
};

/// Records of any partitions, in the order in which they were delivered.
#[derive(Debug, Default)]
pub struct RecordArena {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    spans: Vec<HeaderSpan>,
}

#[derive(Debug)]
struct Entry {
    partition: i32,
    offset: Offset,
    timestamp: Option<i64>,
    key: Option<Range<usize>>,
    value: Option<Range<usize>>,
    headers: Range<usize>,
}

impl RecordArena {
    /// Copies a record's bytes in. `headers` are (name, value) pairs in order.
    pub fn push<'h>(
        &mut self,
        record: &Record<'_>,
        headers: impl Iterator<Item = (&'h str, Option<&'h [u8]>)>,
    ) {
        let key = record.key.map(|bytes| self.append(bytes));
        let value = record.value.map(|bytes| self.append(bytes));
        let first = self.spans.len();
        for (name, value) in headers {
            let name = self.append(name.as_bytes());
            let value_end = value.map(|bytes| self.append(bytes).end);
            self.spans.push(HeaderSpan {
                start: name.start,
                name_end: name.end,
                value_end,
            });
        }
        self.entries.push(Entry {
            partition: record.partition,
            offset: record.offset,
            timestamp: record.timestamp,
            key,
            value,
            headers: first..self.spans.len(),
        });
    }

    /// The records, in order.
    pub fn records(&self) -> impl Iterator<Item = Record<'_>> {
        self.entries.iter().map(|entry| Record {
            partition: entry.partition,
            offset: entry.offset,
            timestamp: entry.timestamp,
            key: entry.key.clone().map(|range| &self.bytes[range]),
            value: entry.value.clone().map(|range| &self.bytes[range]),
            headers: Headers {
                bytes: &self.bytes,
                spans: &self.spans[entry.headers.clone()],
            },
        })
    }

    /// Number of records.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Bytes of keys, values and headers held.
    #[must_use]
    pub fn byte_len(&self) -> usize {
        self.bytes.len()
    }

    fn append(&mut self, bytes: &[u8]) -> Range<usize> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        start..self.bytes.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_out_as_they_went_in() {
        let mut arena = RecordArena::default();
        let record = Record {
            partition: 3,
            offset: Offset(7),
            timestamp: Some(5),
            key: None,
            value: Some(b"{}"),
            headers: Headers::default(),
        };
        arena.push(
            &record,
            [("source", Some(&b"a.csv"[..])), ("empty", None)].into_iter(),
        );
        arena.push(
            &Record {
                offset: Offset(9),
                key: Some(b""),
                value: None,
                ..record
            },
            std::iter::empty(),
        );

        let seen: Vec<_> = arena.records().collect();
        assert_eq!(
            (seen[0].partition, seen[0].offset, seen[0].value),
            (3, Offset(7), Some(&b"{}"[..]))
        );
        assert_eq!(
            seen[0].headers.iter().collect::<Vec<_>>(),
            [("source", Some(&b"a.csv"[..])), ("empty", None)]
        );
        assert_eq!(
            (seen[1].key, seen[1].value, seen[1].headers.iter().count()),
            (Some(&b""[..]), None, 0)
        );
        assert_eq!((arena.len(), arena.byte_len()), (2, 18));
    }
}
