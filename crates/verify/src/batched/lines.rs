//! What the lines of an object must be: JSON objects, rows of CSV, dead letters. They are checked,
//! counted, and remembered by their hashes.
//!
//! A line is checked and forgotten. Not here: where lines begin and end (see
//! [`format::read_lines`]), and where their bytes come from (see [`super::object_content`]). What
//! was counted reads back as what the consumer writes.

use std::io;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use format::{
    options::Compression,
    read_lines::{LONGEST, LineReader, TakeLine, TextProblem, json},
};
use landing::{Offset, OffsetRange, Partition, claim::ContentHash, record::ValueHash};

/// Dead letters hold values of any size, and in base64.
const LONGEST_LETTER: usize = 256 << 20;

/// The first half of a line's SHA-256: two lines have the same one only if they are the same.
pub(crate) type LineHash = [u8; 16];

/// What an object of dead letters holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Letters {
    /// Over their offsets and values, as in a claim.
    pub(crate) hash: ContentHash,
    /// From the first to the last.
    pub(crate) offsets: Option<OffsetRange>,
}

/// What lines hold.
#[derive(Debug)]
pub(crate) enum Meaning {
    /// Records; their hashes are kept where they are to be compared.
    Records(RowForm, Option<Vec<LineHash>>),
    /// Dead letters of this partition.
    DeadLetters(Partition, Box<Letters>),
}

/// How a record is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RowForm {
    Json,
    Csv {
        /// The first line holds the names of the columns.
        header: bool,
        /// As many as the first line has.
        columns: Option<usize>,
    },
    /// Not in lines at all.
    Parquet,
}

/// The lines of an object, checked as they come.
#[derive(Debug)]
pub(crate) struct CheckedLines {
    /// Records or dead letters so far.
    pub(crate) count: u64,
    /// The hash of the line with the names of the columns.
    pub(crate) header: Option<LineHash>,
    pub(crate) meaning: Meaning,
}

impl CheckedLines {
    pub(crate) fn new(meaning: Meaning) -> Self {
        Self {
            count: 0,
            header: None,
            meaning,
        }
    }

    /// Checks the lines of what the reader is fed; nothing is checked after the first problem.
    pub(crate) fn reader(
        &mut self,
        compression: Compression,
    ) -> io::Result<LineReader<impl TakeLine>> {
        let longest = match self.meaning {
            Meaning::Records(..) => LONGEST,
            Meaning::DeadLetters(..) => LONGEST_LETTER,
        };
        LineReader::new(compression, longest, |line| self.line(line))
    }

    /// What is wrong with lines that ended like this.
    pub(crate) fn problem(&self, end: Result<(), TextProblem>) -> Option<String> {
        let number = self.count + 1;
        Some(match end.err()? {
            TextProblem::Broken(problem) => problem,
            TextProblem::TooLong => format!("line {number} is longer than any record"),
            TextProblem::NoEnd => "its last line has no end".to_owned(),
            TextProblem::Refused(problem) => format!("line {number}: {problem}"),
        })
    }

    fn line(&mut self, line: &[u8]) -> Result<(), String> {
        if self.meaning.check(line)? {
            self.count += 1;
        } else {
            self.header = Some(hash(line));
        }
        Ok(())
    }
}

impl Meaning {
    pub(crate) fn hashes(&self) -> Option<&[LineHash]> {
        match self {
            Self::Records(_, hashes) => hashes.as_deref(),
            Self::DeadLetters(..) => None,
        }
    }

    /// Checks a line; returns whether it counts, or is the header.
    fn check(&mut self, line: &[u8]) -> Result<bool, String> {
        let (form, hashes) = match self {
            Self::DeadLetters(partition, letters) => {
                return letter(line, *partition, letters).map(|()| true);
            }
            Self::Records(form, hashes) => (form, hashes),
        };
        match form {
            RowForm::Json => json(line)?,
            RowForm::Csv { header, columns } => {
                csv(line, columns)?;
                if std::mem::take(header) {
                    return Ok(false);
                }
            }
            RowForm::Parquet => {}
        }
        if let Some(hashes) = hashes {
            hashes.push(hash(line));
        }
        Ok(true)
    }
}

/// The hash by which a line, or a row, is compared.
pub(crate) fn hash(line: &[u8]) -> LineHash {
    let mut half = [0; 16];
    half.copy_from_slice(&ValueHash::of(Some(line)).0[..16]);
    half
}

/// Checks a record as comma separated values; each line must have as many as the first.
fn csv(line: &[u8], columns: &mut Option<usize>) -> Result<(), String> {
    let found = values(line)
        .ok_or("no comma separated values: a quote is not closed, or stands inside of a value")?;
    if std::str::from_utf8(line).is_err() {
        return Err("not UTF-8".to_owned());
    }
    match *columns.get_or_insert(found) {
        expected if expected == found => Ok(()),
        expected => Err(format!("{found} values instead of {expected}")),
    }
}

/// The number of values in a line; `None` when its quotes are not in order.
fn values(line: &[u8]) -> Option<usize> {
    let (mut values, mut rest) = (1, line);
    loop {
        rest = match rest.strip_prefix(b"\"") {
            Some(quoted) => behind_quotes(quoted)?,
            None => {
                let end = rest.iter().position(|byte| matches!(byte, b',' | b'"'));
                &rest[end.unwrap_or(rest.len())..]
            }
        };
        match rest.split_first() {
            None => return Some(values),
            Some((b',', behind)) => (values, rest) = (values + 1, behind),
            Some(_) => return None,
        }
    }
}

/// What follows the quote that closes a value; two quotes are one of the value's own.
fn behind_quotes(mut value: &[u8]) -> Option<&[u8]> {
    loop {
        let end = value.iter().position(|byte| *byte == b'"')?;
        value = &value[end + 1..];
        match value.strip_prefix(b"\"") {
            Some(more) => value = more,
            None => return Some(value),
        }
    }
}

/// Checks a dead letter: it must be of this partition, and its offset above those before it.
fn letter(line: &[u8], partition: Partition, letters: &mut Letters) -> Result<(), String> {
    let letter: serde_json::Value =
        serde_json::from_slice(line).map_err(|error| format!("no dead letter ({error})"))?;
    let value = match &letter["value"] {
        serde_json::Value::Null => Some(None),
        value => value
            .as_str()
            .and_then(|text| STANDARD.decode(text).ok())
            .map(Some),
    };
    let value = value.ok_or("its value is not base64")?;
    let offset = letter["offset"]
        .as_i64()
        .map(Offset)
        .ok_or("it has no offset")?;
    if letter["partition"].as_i64() != Some(i64::from(partition.0)) {
        return Err("it is of another partition".to_owned());
    }
    letters.offsets = Some(match letters.offsets {
        None => OffsetRange::new(offset, offset.next()),
        Some(before) if before.end <= offset => OffsetRange::new(before.start, offset.next()),
        Some(_) => return Err("its offset is not above the one before".to_owned()),
    });
    letters.hash.add(offset, value.as_deref());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines of a text that comes in pieces of this size, and what is wrong with them.
    fn read(meaning: Meaning, text: &[u8], piece: usize) -> (CheckedLines, Option<String>) {
        let mut lines = CheckedLines::new(meaning);
        let mut reader = lines.reader(Compression::None).unwrap();
        text.chunks(piece).for_each(|piece| reader.feed(piece));
        let end = reader.finish();
        let problem = lines.problem(end);
        (lines, problem)
    }

    fn of_json(hashes: Option<Vec<LineHash>>) -> Meaning {
        Meaning::Records(RowForm::Json, hashes)
    }

    fn records(text: &[u8], piece: usize) -> (CheckedLines, Option<String>) {
        read(of_json(Some(Vec::new())), text, piece)
    }

    #[test]
    fn lines_are_the_same_in_whatever_pieces_they_come() {
        let text = b"{}\n{\"a\":1}\n{\"b\":\"x\"}\n";
        for piece in 1..=text.len() {
            let (lines, problem) = records(text, piece);
            assert_eq!((lines.count, problem), (3, None), "{piece}");
            let Meaning::Records(_, Some(hashes)) = lines.meaning else {
                panic!("no hashes")
            };
            assert_eq!(
                hashes,
                [hash(b"{}"), hash(b"{\"a\":1}"), hash(b"{\"b\":\"x\"}")]
            );
        }
        assert_eq!(records(b"", 1).0.count, 0);
    }

    #[test]
    fn the_first_line_that_is_none_is_named() {
        for (text, expected) in [
            (&b"{}\n{\"a\n"[..], "line 2: not a JSON object"),
            (b"{}\n\n", "line 2: not a JSON object"),
            (b"{}\n{}", "its last line has no end"),
            (b"\x1f\x8b\x08\n", "line 1: not a JSON object"),
        ] {
            for piece in [1, 3, 100] {
                let problem = records(text, piece).1.unwrap();
                assert!(problem.contains(expected), "{problem}");
            }
        }
    }

    #[test]
    fn the_header_of_csv_is_no_record() {
        let csv = |header, text: &[u8]| {
            let form = RowForm::Csv {
                header,
                columns: None,
            };
            let (lines, problem) = read(Meaning::Records(form, None), text, 3);
            (lines.count, problem.is_some())
        };
        assert_eq!(csv(true, b"a,b\n1,2\n3,4\n"), (2, false));
        assert_eq!(csv(false, b"a,b\n1,2\n3,4\n"), (3, false));
        assert_eq!(csv(true, b"a,b\n"), (0, false));
        assert_eq!(csv(true, b"a,b\n1\n"), (0, true));
    }

    #[test]
    fn dead_letters_give_back_the_hash_of_their_records() {
        let text = concat!(
            r#"{"reason":"x","topic":"t","partition":2,"offset":7,"value":"aGk=","headers":[]}"#,
            "\n",
            r#"{"reason":"tombstone","topic":"t","partition":2,"offset":9,"value":null,"headers":[]}"#,
            "\n"
        );
        let of = |partition| Meaning::DeadLetters(Partition(partition), Box::default());
        let (lines, problem) = read(of(2), text.as_bytes(), 10);
        let Meaning::DeadLetters(_, letters) = lines.meaning else {
            panic!("no letters")
        };
        let mut expected = ContentHash::default();
        expected.add(Offset(7), Some(b"hi"));
        expected.add(Offset(9), None);
        assert_eq!((lines.count, problem), (2, None));
        assert_eq!(letters.hash.to_hex(), expected.to_hex());
        assert_eq!(
            letters.offsets,
            Some(OffsetRange::new(Offset(7), Offset(10)))
        );

        assert!(read(of(1), text.as_bytes(), 10).1.is_some());
        let twice = [text, text].concat();
        assert!(read(of(2), twice.as_bytes(), 10).1.is_some());
    }

    #[test]
    fn values_are_counted_as_rfc_4180_has_them() {
        for (line, expected) in [
            ("a,b,c", Some(3)),
            ("", Some(1)),
            (",", Some(2)),
            (r#""a,b",c"#, Some(2)),
            (r#""","""""#, Some(2)),
            (r#""a ""b"", c",,"#, Some(3)),
            (r#""a"#, None),
            (r#"a"b,c"#, None),
            (r#""a"b,c"#, None),
        ] {
            assert_eq!(values(line.as_bytes()), expected, "{line}");
        }
    }

    #[test]
    fn each_line_has_as_many_values_as_the_first() {
        let mut columns = None;
        assert_eq!(csv(b"a,1", &mut columns), Ok(()));
        assert_eq!(csv(b",", &mut columns), Ok(()));
        assert_eq!(
            csv(b"a", &mut columns),
            Err("1 values instead of 2".to_owned())
        );
        assert_eq!(csv(b"a,\xff", &mut columns), Err("not UTF-8".to_owned()));
    }
}
