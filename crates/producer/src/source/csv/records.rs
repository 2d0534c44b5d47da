//! Cuts a stream of bytes into CSV records, with a bound on the size of one record.
//!
//! Most lines are found eight bytes at a time (see `plain_line`), the others by `record_cutter`.
//! The buffer around them makes the raw bytes of a record available, lets a record over the limit
//! cost no memory, and lets a quote that is never closed spoil the line it is on instead of the
//! rest of the file. Does not know headers or types. Invariant: the buffer never holds more than
//! the limit and one chunk.

use std::io::{self, Read};

use super::{
    plain_line::plain_line,
    record_cutter::{Cut, RecordCutter, is_line_end},
};

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
    /// One line or several that are not a record; the lines after them are read as usual.
    Spoiled {
        /// The number of the first line, from 1.
        line: u64,
        /// What is wrong.
        spoiled: Spoiled,
        /// The bytes, at most as many as the limit.
        raw: &'a [u8],
    },
    /// The end of the input.
    End,
}

/// What is between the start of the current record and what is not parsed yet.
#[derive(Debug, Clone, Copy)]
enum FoundRecord {
    Record,
    /// No record, of which this many bytes are kept.
    Spoiled {
        spoiled: Spoiled,
        length: usize,
    },
}

/// Why lines are not a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spoiled {
    /// The line is longer than the limit.
    TooLong,
    /// A quote is not closed within the limit.
    OpenWithinLimit,
    /// A quote is not closed before the input ends.
    OpenAtEnd,
    /// A text stands behind a closing quote.
    TextAfterQuote {
        /// Whether that quote closes a text of several lines, so that an earlier one was probably
        /// left open.
        spans_lines: bool,
    },
}

/// The signs by which text is cut.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dialect {
    pub(crate) delimiter: u8,
    /// The byte that takes a quote's meaning away inside a quoted field, if there is one.
    pub(crate) escape: Option<u8>,
}

/// Reads records one after the other.
pub(crate) struct CsvReader<R> {
    source: R,
    cutter: RecordCutter,
    /// Bytes of the input; `start..parsed` is the current record, `parsed..filled` is not parsed
    /// yet.
    buffer: Vec<u8>,
    start: usize,
    parsed: usize,
    filled: usize,
    at_end: bool,
    /// The fields' ends in a line without quotes.
    ends: Vec<usize>,
    /// How many fields the last record has, if it is such a line.
    plain_fields: Option<usize>,
    limit: usize,
    line: u64,
    /// Line ends in the current record.
    lines: u64,
    /// Whether the last record ended with a carriage return, so that a newline after it is no
    /// further line end.
    after_return: bool,
}

impl<R: Read> CsvReader<R> {
    /// `limit` is the largest record, in bytes.
    pub(crate) fn new(source: R, dialect: Dialect, limit: usize) -> Self {
        Self {
            source,
            cutter: RecordCutter::new(dialect.delimiter, dialect.escape),
            buffer: vec![0; CHUNK],
            start: 0,
            parsed: 0,
            filled: 0,
            at_end: false,
            ends: vec![0; 64],
            plain_fields: None,
            limit,
            line: 1,
            lines: 0,
            after_return: false,
        }
    }

    /// The next record. Blank lines are skipped. After an error that says that the input waits, the
    /// next call goes on where this one was.
    pub(crate) fn next(&mut self) -> io::Result<NextRecord<'_>> {
        self.finish_record();
        if !self.skip_line_ends()? {
            return Ok(NextRecord::End);
        }
        self.cutter.reset();
        let rest = &self.buffer[self.start..self.filled];
        let plain = plain_line(rest, self.cutter.delimiter(), &mut self.ends);
        if let Some(line) = plain.filter(|line| line.consumed <= self.limit) {
            self.parsed = self.start + line.consumed;
            self.lines = 1;
            self.plain_fields = Some(line.fields);
            return Ok(NextRecord::Record(self.last()));
        }
        self.plain_fields = None;
        match self.any_record() {
            Ok(FoundRecord::Record) => {
                // The next line has as many fields, and is probably a plain one.
                let fields = self.cutter.ends().len();
                if fields > self.ends.len() {
                    self.ends.resize(fields, 0);
                }
                Ok(NextRecord::Record(self.last()))
            }
            Ok(FoundRecord::Spoiled { spoiled, length }) => Ok(NextRecord::Spoiled {
                line: self.line,
                spoiled,
                raw: &self.buffer[self.start..self.start + length],
            }),
            Err(error) => {
                // What was read of the record stays, and is cut once more.
                self.parsed = self.start;
                Err(error)
            }
        }
    }

    /// The record that [`next`](Self::next) gave last.
    #[inline]
    pub(crate) fn last(&self) -> CsvRecord<'_> {
        let raw = trim_line_end(&self.buffer[self.start..self.parsed]);
        match self.plain_fields {
            Some(fields) => CsvRecord {
                line: self.line,
                raw,
                fields: raw,
                ends: &self.ends[..fields],
                gap: 1,
            },
            None => CsvRecord {
                line: self.line,
                raw,
                fields: self.cutter.fields(),
                ends: self.cutter.ends(),
                gap: 0,
            },
        }
    }

    /// Changes the signs for the records to come.
    pub(crate) fn set_dialect(&mut self, dialect: Dialect) {
        self.cutter = RecordCutter::new(dialect.delimiter, dialect.escape);
    }

    /// The line that comes next, without its line end; of a line over the limit its beginning.
    pub(crate) fn peek_line(&mut self) -> io::Result<&[u8]> {
        self.begin_line()?;
        loop {
            let end = match self.line_end(self.start) {
                Some(at) => at,
                None if self.at_end || self.filled - self.start > self.limit => self.filled,
                None => {
                    self.fill()?;
                    continue;
                }
            };
            return Ok(&self.buffer[self.start..end]);
        }
    }

    /// Leaves out one line, whatever it holds.
    pub(crate) fn skip_line(&mut self) -> io::Result<()> {
        self.begin_line()?;
        self.give_up(0, Spoiled::TooLong)?;
        Ok(())
    }

    /// Moves to the first byte of the next line, which may be blank: past the second half of a line
    /// end, which a read may have cut in two.
    fn begin_line(&mut self) -> io::Result<()> {
        self.finish_record();
        if self.after_return {
            while self.parsed == self.filled && !self.at_end {
                self.fill()?;
            }
            if self.buffer[self.parsed..self.filled].starts_with(b"\n") {
                self.parsed += 1;
                self.start = self.parsed;
            }
            self.after_return = false;
        }
        Ok(())
    }

    /// The whole lines that have been read already and come after the last record, and the number
    /// of the first of them.
    pub(crate) fn lines_at_hand(&self) -> (u64, &[u8]) {
        let rest = &self.buffer[self.parsed..self.filled];
        let last = rest.iter().rposition(|&byte| is_line_end(byte));
        let end = match self.at_end {
            true => rest.len(),
            false => last.map_or(0, |at| at + 1),
        };
        (self.line + self.lines, &rest[..end])
    }

    /// Reads until [`Self::lines_at_hand`] has as many lines that are not blank, or the input ends,
    /// or they do not fit the limit.
    pub(crate) fn wait_for_lines(&mut self, wanted: usize) -> io::Result<()> {
        loop {
            let (_, lines) = self.lines_at_hand();
            let lines = lines.split(|&byte| is_line_end(byte));
            let found = lines.filter(|line| !line.is_empty()).count();
            if found >= wanted || self.at_end || self.filled - self.start > self.limit {
                return Ok(());
            }
            self.fill()?;
        }
    }

    fn any_record(&mut self) -> io::Result<FoundRecord> {
        loop {
            let before = self.parsed - self.start;
            let piece = &self.buffer[self.parsed..self.filled];
            match self.cutter.cut(piece, before) {
                Cut::Record(length) => {
                    self.parsed += length;
                    if before + length > self.limit {
                        return self.over_limit();
                    }
                    self.pass_line_end();
                    self.lines = count_lines(&self.buffer[self.start..self.parsed]);
                    return Ok(FoundRecord::Record);
                }
                Cut::TextAfterQuote(length) => {
                    self.parsed += length;
                    return self.text_after_quote();
                }
                Cut::More => self.parsed = self.filled,
            }
            if self.filled - self.start > self.limit {
                return self.over_limit();
            }
            if !self.at_end {
                self.fill()?;
            } else if self.cutter.finish() {
                self.lines = count_lines(&self.buffer[self.start..self.parsed]);
                return Ok(FoundRecord::Record);
            } else {
                let quote = self.cutter.open_quote().unwrap_or_default();
                return self.give_up(quote, Spoiled::OpenAtEnd);
            }
        }
    }

    /// Takes back the lines of the last record after the one on which its first field of several
    /// lines begins; returns what is left of it, or `None` if each of its fields is on one line.
    /// For a record that cannot be right, as when a quote was left open.
    pub(crate) fn split_last(&mut self) -> Option<&[u8]> {
        let quote = self.cutter.spanning()?;
        let end = self.line_end(self.start + quote)?;
        self.end_at(end);
        Some(&self.buffer[self.start..end])
    }

    /// Moves past the line end that the record ends with.
    fn pass_line_end(&mut self) {
        self.parsed += match &self.buffer[self.parsed..self.filled] {
            [b'\r', b'\n', ..] => 2,
            [b'\r' | b'\n', ..] => 1,
            _ => 0,
        };
    }

    /// Moves past the current record.
    fn finish_record(&mut self) {
        self.line += self.lines;
        self.lines = 0;
        if let Some(last) = self.buffer[self.start..self.parsed].last() {
            self.after_return = *last == b'\r';
        }
        self.start = self.parsed;
    }

    /// Moves to the first byte of the next record; returns false at the end of the input.
    fn skip_line_ends(&mut self) -> io::Result<bool> {
        loop {
            while self.parsed < self.filled {
                let byte = self.buffer[self.parsed];
                if !is_line_end(byte) {
                    self.start = self.parsed;
                    return Ok(true);
                }
                if byte == b'\r' || !self.after_return {
                    self.line += 1;
                }
                self.after_return = byte == b'\r';
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

    /// The place of the first line end at or after `from`, as far as the buffer is filled.
    fn line_end(&self, from: usize) -> Option<usize> {
        let found = self.buffer[from..self.filled]
            .iter()
            .position(|&byte| is_line_end(byte));
        found.map(|at| from + at)
    }

    /// The quote before the current byte has turned out not to close its field. If the field spans
    /// lines, its first quote was left open, and the one before the current byte opens another.
    fn text_after_quote(&mut self) -> io::Result<FoundRecord> {
        let quote = self.cutter.last_quote();
        let field = &self.buffer[self.start + quote..self.parsed];
        let spans_lines = field.iter().any(|&byte| is_line_end(byte));
        self.give_up(quote, Spoiled::TextAfterQuote { spans_lines })
    }

    /// The current record is over the limit: its only line is, or a quote is open, or was for
    /// longer than we can believe.
    fn over_limit(&mut self) -> io::Result<FoundRecord> {
        match self.cutter.open_quote().or(self.cutter.spanning()) {
            Some(quote) if self.line_end(self.start + quote).is_some() => {
                self.give_up(quote, Spoiled::OpenWithinLimit)
            }
            _ => self.give_up(0, Spoiled::TooLong),
        }
    }

    /// Gives up the current record up to the end of the line on which its byte `from` is, but not
    /// the lines after it.
    fn give_up(&mut self, from: usize, spoiled: Spoiled) -> io::Result<FoundRecord> {
        let end = loop {
            match self.line_end(self.start + from) {
                Some(at) => break at,
                None if self.at_end => break self.filled,
                None if self.filled - self.start <= self.limit => self.fill()?,
                None => {
                    self.buffer
                        .copy_within(self.start..self.start + self.limit, 0);
                    self.start = 0;
                    break self.drop_line(self.limit)?;
                }
            }
        };
        self.end_at(end);
        let length = (end - self.start).min(self.limit);
        Ok(FoundRecord::Spoiled { spoiled, length })
    }

    /// Reads and drops everything up to the next line end; keeps the first `kept` bytes. Returns
    /// where the line end is.
    fn drop_line(&mut self, kept: usize) -> io::Result<usize> {
        self.filled = kept;
        if self.buffer.len() < kept + CHUNK {
            self.buffer.resize(kept + CHUNK, 0);
        }
        while !self.at_end {
            self.filled = kept;
            self.fill()?;
            if let Some(at) = self.line_end(kept) {
                return Ok(at);
            }
        }
        Ok(self.filled)
    }

    /// Ends the current record before the line end at `end`.
    fn end_at(&mut self, end: usize) {
        self.parsed = end;
        self.pass_line_end();
        self.lines = count_lines(&self.buffer[self.start..self.parsed]);
    }
}

fn trim_line_end(raw: &[u8]) -> &[u8] {
    let without_newline = raw.strip_suffix(b"\n").unwrap_or(raw);
    without_newline
        .strip_suffix(b"\r")
        .unwrap_or(without_newline)
}

fn count_lines(raw: &[u8]) -> u64 {
    let mut lines = 0;
    let mut before = 0;
    for &byte in raw {
        lines += u64::from(byte == b'\r' || (byte == b'\n' && before != b'\r'));
        before = byte;
    }
    lines
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const COMMAS: Dialect = Dialect {
        delimiter: b',',
        escape: None,
    };

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
        let mut reader = CsvReader::new(Drip(input, step), COMMAS, limit);
        let mut all = Vec::new();
        for _ in 0..=input.len() {
            match reader.next().unwrap() {
                NextRecord::Record(record) => {
                    all.push((record.line, record.fields().map(<[u8]>::to_vec).collect()))
                }
                NextRecord::Spoiled { line, spoiled, raw } => all.push((
                    line,
                    vec![format!("{spoiled:?}").into_bytes(), raw.to_vec()],
                )),
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
        assert_eq!(all[1].1, [b"TooLong".to_vec(), vec![b'x'; 1000]]);
        assert_eq!(all[2].1, [b"c", b"d"]);
    }

    #[test]
    fn memory_stays_bounded_over_a_huge_line() {
        for open in [b"".as_slice(), b"\"", b"\"\n", b"\"\"x"] {
            let input = open.chain(io::repeat(b'x').take(50_000_000));
            let mut reader = CsvReader::new(input, COMMAS, 1_000_000);
            while !matches!(reader.next().unwrap(), NextRecord::End) {}
            assert!(
                reader.buffer.len() <= 1_000_000 + 2 * CHUNK
                    && reader.cutter.fields().len() <= 4_000_000
            );
        }
    }

    fn lossy(records: &[(u64, Vec<Vec<u8>>)]) -> Vec<String> {
        let shown = |(line, fields): &(u64, Vec<Vec<u8>>)| {
            let fields: Vec<_> = fields
                .iter()
                .map(|field| String::from_utf8_lossy(field).escape_debug().to_string())
                .collect();
            format!("{line}: {}", fields.join("|"))
        };
        records.iter().map(shown).collect()
    }

    #[test]
    fn a_quote_left_open_spoils_the_line_it_is_on() {
        for (input, expected) in [
            (
                "a,b\n1,\"2\n3,4\n5,6\n",
                ["OpenAtEnd|1,\\\"2", "3|4", "5|6"].as_slice(),
            ),
            ("a,b\r1,\"2\r3,4\r5,6", &["OpenAtEnd|1,\\\"2", "3|4", "5|6"]),
            ("a,b\r\n1,\"2\r\n\r\n", &["OpenAtEnd|1,\\\"2"]),
            ("a,b\n1,\"", &["OpenAtEnd|1,\\\""]),
            (
                "a,b\n1,\"2\n3,4\n5,\"6\n7,8\n",
                &[
                    "TextAfterQuote { spans_lines: true }|1,\\\"2",
                    "3|4",
                    "OpenAtEnd|5,\\\"6",
                    "7|8",
                ],
            ),
            // The first quoted field is right, and its lines are not read as rows.
            (
                "a,b\n\"1\n7,7\n\",\"2\n3,4\n",
                &["OpenAtEnd|\\\"1\\n7,7\\n\\\",\\\"2", "3|4"],
            ),
        ] {
            for step in [1, 3, 1000] {
                let all = records(input.as_bytes(), step, 1000);
                let without_line: Vec<_> = lossy(&all[1..])
                    .iter()
                    .map(|record| record.split_once(": ").unwrap().1.to_owned())
                    .collect();
                assert_eq!(without_line, expected, "{input:?} by {step}");
            }
        }
    }

    #[test]
    fn a_text_behind_a_closing_quote_spoils_its_line() {
        let input = b"a,\"b\" c,1\nd,\"x\"y\"z\",2\ne,\"f\" ,3\ng,\"h\ni\",\"j\"k\nl,m";
        let expected = [
            r#"1: TextAfterQuote { spans_lines: false }|a,\"b\" c,1"#,
            r#"2: TextAfterQuote { spans_lines: false }|d,\"x\"y\"z\",2"#,
            "3: e|f |3",
            r#"4: TextAfterQuote { spans_lines: false }|g,\"h\ni\",\"j\"k"#,
            "6: l|m",
        ];
        for step in [1, 5, 1000] {
            assert_eq!(lossy(&records(input, step, 1000)), expected);
        }
    }

    #[test]
    fn a_quote_that_is_open_over_the_limit_spoils_one_line() {
        let input = [b"a,\"b\n".as_slice(), b"c,d\n".repeat(500).as_slice()].concat();
        let all = records(&input, 100, 1000);
        assert_eq!(lossy(&all[..1]), [r#"1: OpenWithinLimit|a,\"b"#]);
        assert_eq!(all.len(), 501);
        assert_eq!(all[500], (501, vec![b"c".to_vec(), b"d".to_vec()]));
    }

    #[test]
    fn an_escape_takes_the_meaning_of_a_quote_away_and_of_itself() {
        let backslash = Dialect {
            escape: Some(b'\\'),
            ..COMMAS
        };
        let input = br#"a,"say \"b\" and ""c""\n\\",d\"#;
        for step in [1, 1000] {
            let mut reader = CsvReader::new(Drip(input, step), backslash, 1000);
            let NextRecord::Record(record) = reader.next().unwrap() else {
                panic!("no record")
            };
            let fields: Vec<_> = record.fields().map(String::from_utf8_lossy).collect();
            assert_eq!(fields, ["a", r#"say "b" and "c"\n\"#, r"d\"]);
        }
        let mut reader = CsvReader::new(br#"a,"b\"#.as_slice(), backslash, 1000);
        assert!(matches!(
            reader.next().unwrap(),
            NextRecord::Spoiled {
                spoiled: Spoiled::OpenAtEnd,
                ..
            }
        ));
    }

    #[test]
    fn lines_can_be_looked_at_and_left_out() {
        for step in [1, 1000] {
            let input = Drip(b"\"x\r\n\ra,b\nc,d\ne", step);
            let mut reader = CsvReader::new(input, COMMAS, 1000);
            assert_eq!(reader.peek_line().unwrap(), b"\"x");
            reader.skip_line().unwrap();
            reader.skip_line().unwrap();
            assert_eq!(reader.peek_line().unwrap(), b"a,b");
            let NextRecord::Record(record) = reader.next().unwrap() else {
                panic!("no record")
            };
            assert_eq!((record.line, record.raw), (3, b"a,b".as_slice()));
            let (line, rest) = reader.lines_at_hand();
            assert_eq!(line, 4);
            assert!(step == 1 || rest == b"c,d\n");
        }
    }

    #[test]
    fn lines_are_waited_for_until_there_are_enough_or_the_input_ends() {
        let next = |reader: &mut CsvReader<Drip<'_>>| {
            assert!(matches!(reader.next().unwrap(), NextRecord::Record(_)));
        };
        for (input, wanted, at_hand) in [
            ("a,b\n\nc,d\ne,f\ng", 2, "\nc,d\ne,f\n"),
            ("a,b\r\nc,d\r\ne,f", 2, "c,d\r\ne,f"),
            ("a,b\n", 2, ""),
        ] {
            let mut reader = CsvReader::new(Drip(input.as_bytes(), 1), COMMAS, 1000);
            next(&mut reader);
            reader.wait_for_lines(wanted).unwrap();
            let (_, rest) = reader.lines_at_hand();
            // What a read of one byte may have left of the first line end does not matter.
            let rest = String::from_utf8_lossy(rest);
            assert_eq!(
                rest.trim_start_matches('\n'),
                at_hand.trim_start_matches('\n')
            );
        }
        // A long line is not waited for, whatever the chunks are.
        let long = format!("a,b\n{}", "x".repeat(5000));
        let mut reader = CsvReader::new(Drip(long.as_bytes(), 7), COMMAS, 100);
        next(&mut reader);
        reader.wait_for_lines(1).unwrap();
        assert!(reader.filled < 200);
    }

    #[test]
    fn lines_of_many_columns_are_plain_lines_too() {
        // Bug: there was room for 64 fields only, and files with more were read slowly.
        let line = vec!["1"; 100].join(",");
        let input = format!("{line}\n{line}\n{line}\n");
        let mut reader = CsvReader::new(input.as_bytes(), COMMAS, 1000);
        let is_plain: Vec<bool> = (0..2)
            .map(|_| match reader.next().unwrap() {
                NextRecord::Record(record) => record.fields().len() == 100 && record.gap == 1,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(is_plain, [false, true]);
    }

    #[test]
    fn lines_are_counted_whatever_they_end_with() {
        for (input, expected) in [
            ("a,b\rc,d\re,f", [1, 2, 3]),
            ("a,b\rc,d\r\re,f\n", [1, 2, 4]),
            ("a,b\r\nc,d\r\n\r\ne,f\n", [1, 2, 4]),
            ("a,b\n\rc,d\n\n\ne,f\n", [1, 3, 6]),
            ("a,b\r\"c\r\",d\re,f", [1, 2, 4]),
        ] {
            for step in [1, 2, 3, 1000] {
                let all = records(input.as_bytes(), step, 1000);
                let lines: Vec<_> = all.iter().map(|(line, _)| *line).collect();
                assert_eq!(lines, expected, "{input:?} by {step}");
            }
        }
    }

    #[test]
    fn a_record_of_several_lines_can_be_split_again() {
        let mut reader = CsvReader::new(b"a,\"b\nc,d\ne\",f\ng,h".as_slice(), COMMAS, 1000);
        let NextRecord::Record(record) = reader.next().unwrap() else {
            panic!("no record")
        };
        assert_eq!(record.raw, b"a,\"b\nc,d\ne\",f");
        assert_eq!(reader.split_last(), Some(b"a,\"b".as_slice()));
        for (line, first) in [(2, b"c"), (3, b"e"), (4, b"g")] {
            let NextRecord::Record(record) = reader.next().unwrap() else {
                panic!("no record")
            };
            assert_eq!(
                (
                    record.line,
                    record.field(0).map(|field| &field[..1]),
                    record.field(2)
                ),
                (line, Some(first.as_slice()), None)
            );
            assert_eq!(reader.split_last(), None);
        }
        assert!(matches!(reader.next().unwrap(), NextRecord::End));
    }

    /// Gives what [`Drip`] gives, and between any two pieces says that it waits.
    struct Waiting<'a>(Drip<'a>, bool);

    impl Read for Waiting<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            self.0.read(out)
        }
    }

    proptest! {
        #[test]
        fn an_input_that_waits_gives_the_same_records(text in "[a,\"\r\n ]{0,60}", step in 1_usize..9) {
            let mut reader = CsvReader::new(Waiting(Drip(text.as_bytes(), step), false), COMMAS, 1000);
            let mut all = Vec::new();
            loop {
                match reader.next() {
                    Ok(NextRecord::Record(record)) => {
                        all.push((record.line, record.fields().map(<[u8]>::to_vec).collect()))
                    }
                    Ok(NextRecord::Spoiled { line, spoiled, raw }) => all.push((
                        line,
                        vec![format!("{spoiled:?}").into_bytes(), raw.to_vec()],
                    )),
                    Ok(NextRecord::End) => break,
                    Err(error) => prop_assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
                }
            }
            prop_assert_eq!(lossy(&all), lossy(&records(text.as_bytes(), step, 1000)));
        }

        /// Where no quote is left open and no text stands behind one, which the csv crate takes.
        #[test]
        fn records_are_those_of_the_csv_crate(text in "[a,\"\r\n ]{0,60}", step in prop_oneof![1_usize..9, Just(1000)]) {
            let ours = records(text.as_bytes(), step, 1000);
            let is_spoiled = |(_, fields): &(u64, Vec<Vec<u8>>)| {
                fields[0].starts_with(b"OpenAtEnd") || fields[0].starts_with(b"TextAfterQuote")
            };
            let whole = ours.iter().position(is_spoiled).unwrap_or(ours.len());
            let oracle = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
            let theirs: Vec<Vec<Vec<u8>>> = oracle.into_byte_records().map(|record| record.unwrap().iter().map(<[u8]>::to_vec).collect()).collect();
            let ours: Vec<_> = ours.into_iter().take(whole).map(|(_, fields)| fields).collect();
            prop_assert_eq!(&ours, &theirs[..whole]);
        }
    }
}
