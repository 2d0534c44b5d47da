//! Cuts a stream of bytes into CSV records, with a bound on the size of one record.
//!
//! The state machine is the csv crate's own core, which does not see the lines that do not need it
//! (see `plain_line`). The buffer around it is ours, so that the raw bytes of a record are
//! available, a record over the limit costs no memory, and a quote that is never closed spoils one
//! line instead of the rest of the file. Does not know headers or types. Invariant: the buffer
//! never holds more than the limit and one chunk.

use std::io::{self, Read};

use csv_core::ReadRecordResult;

use super::plain_line::{PlainLine, plain_line};

const CHUNK: usize = 64 * 1024;

/// One record, borrowed from the reader.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CsvRecord<'a> {
    /// The line it begins on, from 1.
    pub(crate) line: u64,
    /// Its bytes as they are in the input, without the line end.
    pub(crate) raw: &'a [u8],
    fields: &'a [u8],
    ends: &'a [usize],
    /// Bytes between the end of a field and the start of the next.
    gap: usize,
}

impl<'a> CsvRecord<'a> {
    /// The fields, unquoted.
    pub(crate) fn fields(self) -> impl ExactSizeIterator<Item = &'a [u8]> {
        (0..self.ends.len()).map(move |at| self.field(at).unwrap_or_default())
    }

    /// One field, unquoted.
    pub(crate) fn field(self, at: usize) -> Option<&'a [u8]> {
        let start = match at.checked_sub(1) {
            None => 0,
            Some(before) => self.ends.get(before)? + self.gap,
        };
        self.fields.get(start..*self.ends.get(at)?)
    }
}

/// What comes next in the input.
#[derive(Debug)]
pub(crate) enum NextRecord<'a> {
    /// A record.
    Record(CsvRecord<'a>),
    /// A line that is not a record within the limit: too long, or with a quote that is not closed
    /// within it.
    TooLarge {
        /// The number of the line, from 1.
        line: u64,
        /// Its bytes, at most as many as the limit.
        raw: &'a [u8],
    },
    /// The end of the input.
    End,
}

/// Reads records one after the other.
pub(crate) struct CsvReader<R> {
    source: R,
    delimiter: u8,
    core: csv_core::Reader,
    /// Bytes of the input; `start..parsed` is the current record, `parsed..filled` is not parsed
    /// yet.
    buffer: Vec<u8>,
    start: usize,
    parsed: usize,
    filled: usize,
    at_end: bool,
    fields: Vec<u8>,
    ends: Vec<usize>,
    limit: usize,
    line: u64,
}

impl<R: Read> CsvReader<R> {
    /// `limit` is the largest record, in bytes.
    pub(crate) fn new(source: R, delimiter: u8, limit: usize) -> Self {
        Self {
            source,
            delimiter,
            core: csv_core::ReaderBuilder::new().delimiter(delimiter).build(),
            buffer: vec![0; CHUNK],
            start: 0,
            parsed: 0,
            filled: 0,
            at_end: false,
            fields: vec![0; CHUNK + 1],
            ends: vec![0; 64],
            limit,
            line: 1,
        }
    }

    /// The next record. Blank lines are skipped.
    pub(crate) fn next(&mut self) -> io::Result<NextRecord<'_>> {
        self.finish_record();
        if !self.skip_line_ends()? {
            return Ok(NextRecord::End);
        }
        // The core drops a UTF-8 byte order mark from what it reads first: that must be the first
        // line, not one further down.
        if self.line > 1 {
            let rest = &self.buffer[self.start..self.filled];
            let plain = plain_line(rest, self.delimiter, &mut self.ends);
            if let Some(line) = plain.filter(|line| line.consumed <= self.limit) {
                return Ok(NextRecord::Record(self.plain(&line)));
            }
        }
        self.any_record()
    }

    fn plain(&mut self, line: &PlainLine) -> CsvRecord<'_> {
        self.parsed = self.start + line.consumed;
        let raw = trim_line_end(&self.buffer[self.start..self.parsed]);
        CsvRecord {
            line: self.line,
            raw,
            fields: raw,
            ends: &self.ends[..line.fields],
            gap: 1,
        }
    }

    fn any_record(&mut self) -> io::Result<NextRecord<'_>> {
        let (mut written, mut count) = (0, 0);
        loop {
            if self.parsed == self.filled && !self.at_end {
                if self.filled - self.start > self.limit {
                    return self.too_large();
                }
                self.fill()?;
                continue;
            }
            let input = &self.buffer[self.parsed..self.filled];
            let (result, read, wrote, ended) =
                self.core
                    .read_record(input, &mut self.fields[written..], &mut self.ends[count..]);
            self.parsed += read;
            written += wrote;
            count += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => self.fields.resize(self.fields.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::Record if self.parsed - self.start > self.limit => {
                    return self.too_large();
                }
                ReadRecordResult::Record => {
                    return Ok(NextRecord::Record(self.record(written, count)));
                }
                ReadRecordResult::End => return Ok(NextRecord::End),
            }
        }
    }

    /// Goes back to the second line of the last record, if it has one; returns whether it did. For
    /// a record of several lines that cannot be right, as when a quote was left open.
    pub(crate) fn split_last(&mut self) -> bool {
        let raw = trim_line_end(&self.buffer[self.start..self.parsed]);
        match raw.iter().position(|&byte| byte == b'\n') {
            None => false,
            Some(at) => {
                self.parsed = self.start + at + 1;
                self.core.reset();
                true
            }
        }
    }

    fn record(&self, written: usize, count: usize) -> CsvRecord<'_> {
        let raw = trim_line_end(&self.buffer[self.start..self.parsed]);
        CsvRecord {
            line: self.line,
            raw,
            fields: &self.fields[..written],
            ends: &self.ends[..count],
            gap: 0,
        }
    }

    /// Moves past the current record.
    fn finish_record(&mut self) {
        self.line += count_lines(&self.buffer[self.start..self.parsed]);
        self.start = self.parsed;
    }

    /// Moves to the first byte of the next record; returns false at the end of the input.
    fn skip_line_ends(&mut self) -> io::Result<bool> {
        loop {
            while self.parsed < self.filled {
                match self.buffer[self.parsed] {
                    b'\r' => {}
                    b'\n' => self.line += 1,
                    _ => {
                        self.start = self.parsed;
                        return Ok(true);
                    }
                }
                self.parsed += 1;
            }
            self.start = self.parsed;
            if self.at_end {
                return Ok(false);
            }
            self.fill()?;
        }
    }

    /// Reads once. If there is no room, moves the current record to the front or grows the buffer.
    fn fill(&mut self) -> io::Result<()> {
        if self.filled == self.buffer.len() && self.start > 0 {
            self.buffer.copy_within(self.start..self.filled, 0);
            self.parsed -= self.start;
            self.filled -= self.start;
            self.start = 0;
        }
        if self.filled == self.buffer.len() {
            let larger = (self.buffer.len() * 2)
                .min(self.limit + CHUNK)
                .max(self.filled + 1);
            self.buffer.resize(larger, 0);
        }
        debug_assert!(self.buffer.len() <= self.limit + CHUNK);
        let read = loop {
            match self.source.read(&mut self.buffer[self.filled..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => break result?,
            }
        };
        self.filled += read;
        self.at_end = read == 0;
        Ok(())
    }

    /// Gives up the first line of the current record, but not the lines after it.
    fn too_large(&mut self) -> io::Result<NextRecord<'_>> {
        self.core.reset();
        let line = self.line;
        let end = match self.buffer[self.start..self.filled]
            .iter()
            .position(|&byte| byte == b'\n')
        {
            Some(at) => {
                self.parsed = self.start + at + 1;
                self.start + at
            }
            None => {
                let kept = self.limit.min(self.filled - self.start);
                self.buffer.copy_within(self.start..self.start + kept, 0);
                self.start = 0;
                self.drop_line(kept)?;
                kept
            }
        };
        let whole = trim_line_end(&self.buffer[self.start..end]);
        let raw = &whole[..whole.len().min(self.limit)];
        Ok(NextRecord::TooLarge { line, raw })
    }

    /// Reads and drops everything up to the next line end; keeps the first `kept` bytes.
    fn drop_line(&mut self, kept: usize) -> io::Result<()> {
        (self.parsed, self.filled) = (kept, kept);
        if self.buffer.len() < kept + CHUNK {
            self.buffer.resize(kept + CHUNK, 0);
        }
        while !self.at_end {
            self.filled = kept;
            self.fill()?;
            if let Some(at) = self.buffer[kept..self.filled]
                .iter()
                .position(|&byte| byte == b'\n')
            {
                self.parsed = kept + at + 1;
                return Ok(());
            }
            self.parsed = self.filled;
        }
        Ok(())
    }
}

fn trim_line_end(raw: &[u8]) -> &[u8] {
    let without_newline = raw.strip_suffix(b"\n").unwrap_or(raw);
    without_newline
        .strip_suffix(b"\r")
        .unwrap_or(without_newline)
}

fn count_lines(raw: &[u8]) -> u64 {
    // In parts as long as a byte can count: the compiler then compares 16 bytes at once instead of
    // 4.
    let in_part = |part: &[u8]| part.iter().map(|&byte| u8::from(byte == b'\n')).sum::<u8>();
    raw.chunks(usize::from(u8::MAX))
        .map(|part| u64::from(in_part(part)))
        .sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Returns a few bytes at a time, to cut records at every place.
    struct Drip<'a>(&'a [u8], usize);

    impl Read for Drip<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let length = self.1.min(out.len()).min(self.0.len());
            out[..length].copy_from_slice(&self.0[..length]);
            self.0 = &self.0[length..];
            Ok(length)
        }
    }

    fn records(input: &[u8], step: usize, limit: usize) -> Vec<(u64, Vec<Vec<u8>>)> {
        let mut reader = CsvReader::new(Drip(input, step), b',', limit);
        let mut all = Vec::new();
        for _ in 0..=input.len() {
            match reader.next().unwrap() {
                NextRecord::Record(record) => {
                    all.push((record.line, record.fields().map(<[u8]>::to_vec).collect()))
                }
                NextRecord::TooLarge { line, raw } => {
                    all.push((line, vec![b"too large".to_vec(), raw.to_vec()]))
                }
                NextRecord::End => return all,
            }
        }
        panic!("more records than bytes");
    }

    #[test]
    fn lines_are_counted_in_a_record_of_many() {
        let quoted = "\n".repeat(1000);
        let all = records(format!("a,\"{quoted}\"\nb,1").as_bytes(), 100, 2000);
        let lines: Vec<_> = all.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [1, 1002]);
    }

    #[test]
    fn lines_are_counted_over_blank_lines_quoted_line_ends_and_crlf() {
        let all = records(b"a,b\r\n\r\n\"x\r\ny\",2\r\nlast,", 3, 1000);
        let lines: Vec<_> = all.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [1, 3, 5]);
        assert_eq!(all[1].1, [b"x\r\ny".to_vec(), b"2".to_vec()]);
        assert_eq!(all[2].1, [b"last".to_vec(), Vec::new()]);
    }

    #[test]
    fn a_line_over_the_limit_is_given_up_and_the_next_is_read() {
        let input = [b"a,b\n".as_slice(), &[b'x'; 300_000], b"\nc,d\n"].concat();
        let all = records(&input, 70_000, 1000);
        assert_eq!(
            all.iter().map(|(line, _)| *line).collect::<Vec<_>>(),
            [1, 2, 3]
        );
        assert_eq!(all[1].1[1], vec![b'x'; 1000]);
        assert_eq!(all[2].1, [b"c", b"d"]);
    }

    #[test]
    fn memory_stays_bounded_over_a_huge_line() {
        let mut reader = CsvReader::new(io::repeat(b'x').take(50_000_000), b',', 1_000_000);
        assert!(matches!(
            reader.next().unwrap(),
            NextRecord::TooLarge { line: 1, .. }
        ));
        assert!(matches!(reader.next().unwrap(), NextRecord::End));
        assert!(
            reader.buffer.len() <= 1_000_000 + 2 * CHUNK && reader.fields.len() <= 4_000_000,
            "{} {}",
            reader.buffer.len(),
            reader.fields.len()
        );
    }

    #[test]
    fn a_quote_left_open_spoils_one_line() {
        let input = [b"a,\"b\n".as_slice(), b"c,d\n".repeat(500).as_slice()].concat();
        let all = records(&input, 100, 1000);
        assert_eq!(all[0], (1, vec![b"too large".to_vec(), b"a,\"b".to_vec()]));
        assert_eq!(all.len(), 501);
        assert_eq!(all[500], (501, vec![b"c".to_vec(), b"d".to_vec()]));
    }

    #[test]
    fn a_record_of_several_lines_can_be_split_again() {
        let mut reader = CsvReader::new(b"a,\"b\nc,d\ne,f".as_slice(), b',', 1000);
        let NextRecord::Record(record) = reader.next().unwrap() else {
            panic!("no record")
        };
        assert_eq!(record.raw, b"a,\"b\nc,d\ne,f");
        assert!(reader.split_last());
        for (line, first) in [(2, b"c"), (3, b"e")] {
            let NextRecord::Record(record) = reader.next().unwrap() else {
                panic!("no record")
            };
            assert_eq!(
                (record.line, record.field(0), record.field(2)),
                (line, Some(first.as_slice()), None)
            );
            assert!(!reader.split_last());
        }
        assert!(matches!(reader.next().unwrap(), NextRecord::End));
    }

    proptest! {
        #[test]
        fn records_are_those_of_the_csv_crate(text in "[a,\"\r\n ]{0,60}", step in prop_oneof![1_usize..9, Just(1000)]) {
            let ours: Vec<_> = records(text.as_bytes(), step, 1000).into_iter().map(|(_, fields)| fields).collect();
            let oracle = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
            let theirs: Vec<Vec<Vec<u8>>> = oracle.into_byte_records().map(|record| record.unwrap().iter().map(<[u8]>::to_vec).collect()).collect();
            prop_assert_eq!(ours, theirs);
        }
    }
}
