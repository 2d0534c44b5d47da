//! A few hundred records in one buffer: how records travel from the Kafka thread to the engine.
//!
//! One allocation and one send for hundreds of records, instead of several for each. Not here:
//! Kafka's client. Invariant: records come out unchanged and in the order in which they went in.

use crate::{
    offset::Offset,
    place::Partition,
    record::{HeaderSpan, Headers, NULL_VALUE, Record},
};

/// Records of any partitions, in the order in which they were delivered.
#[derive(Debug, Default)]
pub struct RecordArena {
    bytes: Vec<u8>,
    entries: Vec<RecordEntry>,
    spans: Vec<HeaderSpan>,
}

/// Where a record's parts lie in the buffer: key, value and headers, one after another. Lengths of
/// 4 bytes keep it small: there is one for every waiting record.
#[derive(Clone, Debug)]
struct RecordEntry {
    partition: Partition,
    start: u32,
    key: u32,
    value: u32,
    headers: u32,
    first_header: u32,
    offset: Offset,
    timestamp: Option<i64>,
}

/// Records that follow one another in one topic partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordRun {
    /// Kafka partition.
    pub partition: Partition,
    /// Offset of the first record.
    pub first: Offset,
    /// Offset of the last one.
    pub last: Offset,
}

/// The length that stands for null.
const NULL: u32 = u32::MAX;

impl RecordArena {
    /// Copies a record's bytes in. `headers` are (name, value) pairs in order.
    ///
    /// # Panics
    /// When the arena grows beyond 4 GiB; Kafka's client never hands over so much at once.
    pub fn push<'h>(
        &mut self,
        record: &Record<'_>,
        headers: impl Iterator<Item = (&'h str, Option<&'h [u8]>)>,
    ) {
        let start = small(self.bytes.len());
        let key = self.append(record.key);
        let value = self.append(record.value);
        let first = self.spans.len();
        for (name, value) in headers {
            let name_start = small(self.bytes.len());
            self.append(Some(name.as_bytes()));
            let name_end = small(self.bytes.len());
            let value_end = match value {
                Some(_) => {
                    self.append(value);
                    small(self.bytes.len())
                }
                None => NULL_VALUE,
            };
            self.spans.push(HeaderSpan {
                start: name_start,
                name_end,
                value_end,
            });
        }
        self.enter(record, start, key, value, first);
    }

    /// Copies a record of another arena in, headers in one piece.
    ///
    /// # Panics
    /// Like [`RecordArena::push`].
    pub fn copy(&mut self, record: &Record<'_>) {
        let start = small(self.bytes.len());
        let key = self.append(record.key);
        let value = self.append(record.value);
        let first = self.spans.len();
        let spans = record.headers.spans;
        if let (Some(front), Some(back)) = (spans.first(), spans.last()) {
            let (from, to) = (front.start, small(self.bytes.len()));
            let bytes = &record.headers.bytes[from as usize..back.end() as usize];
            self.append(Some(bytes));
            let moved = |at: u32| match at {
                NULL_VALUE => NULL_VALUE,
                at => at - from + to,
            };
            self.spans.extend(spans.iter().map(|span| HeaderSpan {
                start: moved(span.start),
                name_end: moved(span.name_end),
                value_end: moved(span.value_end),
            }));
        }
        self.enter(record, start, key, value, first);
    }

    fn enter(
        &mut self,
        record: &Record<'_>,
        start: u32,
        key: u32,
        value: u32,
        first_header: usize,
    ) {
        self.entries.push(RecordEntry {
            partition: record.partition,
            start,
            key,
            value,
            headers: small(self.spans.len() - first_header),
            first_header: small(first_header),
            offset: record.offset,
            timestamp: record.timestamp,
        });
    }

    /// The records, in order.
    pub fn records(&self) -> impl Iterator<Item = Record<'_>> {
        self.entries.iter().map(|entry| {
            let (key, after) = self.part(entry.start as usize, entry.key);
            let (value, _) = self.part(after, entry.value);
            let first = entry.first_header as usize;
            Record {
                partition: entry.partition,
                offset: entry.offset,
                timestamp: entry.timestamp,
                key,
                value,
                headers: Headers {
                    bytes: &self.bytes,
                    spans: &self.spans[first..first + entry.headers as usize],
                },
            }
        })
    }

    /// The run that the records form, if they are all of one partition and their offsets rise.
    #[must_use]
    pub fn run(&self) -> Option<RecordRun> {
        let (first, last) = (self.entries.first()?, self.entries.last()?);
        let follows = |pair: &[RecordEntry]| {
            pair[0].partition == pair[1].partition && pair[0].offset < pair[1].offset
        };
        self.entries.windows(2).all(follows).then_some(RecordRun {
            partition: first.partition,
            first: first.offset,
            last: last.offset,
        })
    }

    /// Whether at most a fifth of its memory is unused.
    #[must_use]
    pub fn is_compact(&self) -> bool {
        let used = self.bytes.len()
            + self.entries.len() * size_of::<RecordEntry>()
            + self.spans.len() * size_of::<HeaderSpan>();
        used >= self.memory() / 5 * 4
    }

    /// Memory that it takes up, in bytes: what was reserved, not only what is in use.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.bytes.capacity()
            + self.entries.capacity() * size_of::<RecordEntry>()
            + self.spans.capacity() * size_of::<HeaderSpan>()
    }

    /// An empty arena with room for this many bytes.
    #[must_use]
    pub fn with_capacity(bytes: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(bytes),
            ..Self::default()
        }
    }

    /// An empty arena with room for `bytes` of records like these, but at most for `most` of them:
    /// an arena that grows wastes memory, and copies. Records without bytes do not make it larger.
    #[must_use]
    pub fn another(&self, bytes: usize, most: usize) -> Self {
        // An eighth more, because the next records are never quite as large.
        let records = self.len() * bytes / self.bytes.len().max(1) * 9 / 8 + 8;
        let records = records.min(most);
        let spans = records * self.spans.len() / self.len().max(1);
        Self {
            bytes: Vec::with_capacity(bytes),
            entries: Vec::with_capacity(records),
            spans: Vec::with_capacity(spans.min(2 * self.spans.len())),
        }
    }

    /// How many more bytes fit without growing.
    #[must_use]
    pub fn room(&self) -> usize {
        self.bytes.capacity() - self.bytes.len()
    }

    fn part(&self, start: usize, length: u32) -> (Option<&[u8]>, usize) {
        if length == NULL {
            return (None, start);
        }
        let end = start + length as usize;
        (Some(&self.bytes[start..end]), end)
    }

    /// Kafka partition of the last record.
    #[must_use]
    pub fn last_partition(&self) -> Option<Partition> {
        self.entries.last().map(|entry| entry.partition)
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

    fn append(&mut self, bytes: Option<&[u8]>) -> u32 {
        let Some(bytes) = bytes else { return NULL };
        self.bytes.extend_from_slice(bytes);
        small(bytes.len())
    }
}

fn small(length: usize) -> u32 {
    u32::try_from(length)
        .ok()
        .filter(|length| *length != NULL)
        .expect("an arena holds less than 4 GiB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_out_as_they_went_in() {
        let mut arena = RecordArena::default();
        let record = Record {
            partition: Partition(3),
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
            (Partition(3), Offset(7), Some(&b"{}"[..]))
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

    #[test]
    fn a_run_is_what_follows_one_another_in_one_partition() {
        let run = |places: &[(i32, i64)]| {
            let mut arena = RecordArena::default();
            for (partition, offset) in places {
                let record = Record {
                    partition: Partition(*partition),
                    offset: Offset(*offset),
                    timestamp: None,
                    key: None,
                    value: None,
                    headers: Headers::default(),
                };
                arena.push(&record, std::iter::empty());
            }
            arena.run()
        };
        let expected = RecordRun {
            partition: Partition(3),
            first: Offset(5),
            last: Offset(9),
        };
        assert_eq!(run(&[(3, 5), (3, 6), (3, 9)]), Some(expected));
        assert_eq!(run(&[]), None);
        assert_eq!(run(&[(3, 5), (4, 6)]), None, "two partitions");
        assert_eq!(run(&[(3, 5), (3, 5)]), None, "a record twice");
        assert_eq!(run(&[(3, 5), (3, 9), (3, 8)]), None, "one from before");
    }

    #[test]
    fn a_copied_record_is_the_same_wherever_it_comes_to_lie() {
        let mut arena = RecordArena::default();
        let record = Record {
            partition: Partition(3),
            offset: Offset(7),
            timestamp: None,
            key: Some(b"k"),
            value: None,
            headers: Headers::default(),
        };
        let headers = [("source", Some(&b"a.csv"[..])), ("empty", None)];
        arena.push(&record, headers.into_iter());
        arena.push(&record, std::iter::empty());
        let seen: Vec<_> = arena.records().collect();

        let mut copy = RecordArena::default();
        copy.copy(&seen[1]);
        arena.records().for_each(|record| copy.copy(&record));
        for (copied, record) in copy.records().skip(1).zip(arena.records()) {
            assert_eq!((copied.key, copied.value), (record.key, record.value));
            let headers: Vec<_> = copied.headers.iter().collect();
            assert_eq!(headers, record.headers.iter().collect::<Vec<_>>());
        }
    }
}
