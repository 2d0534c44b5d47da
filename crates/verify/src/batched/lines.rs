//! The lines of an object, as they come out of its compression: checked, counted, and remembered by
//! their hashes.
//!
//! A line is looked at and forgotten. Not here: where the bytes come from (see [`super::content`]),
//! and what a line must be (see [`super::line`]). Invariant: what was counted was a record, or a
//! dead letter that can be read back.

use format::read_lines::{LONGEST, json};

use crate::batched::line::{self, Letters, LineHash};

/// Dead letters hold values of any size, and in base64.
const LONGEST_LETTER: usize = 256 << 20;

/// What lines hold.
#[derive(Debug)]
pub(crate) enum Meaning {
    /// Records; their hashes are kept where they are to be compared.
    Records(RowForm, Option<Vec<LineHash>>),
    /// Dead letters of this partition.
    DeadLetters(i32, Box<Letters>),
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

/// Takes pieces of text, gives lines.
#[derive(Debug)]
pub(crate) struct Lines {
    partial: Vec<u8>,
    pub(crate) count: u64,
    /// The hash of the line with the names of the columns.
    pub(crate) header: Option<LineHash>,
    pub(crate) meaning: Meaning,
    /// The first thing that is wrong; nothing is looked at after it.
    pub(crate) problem: Option<String>,
}

impl Meaning {
    pub(crate) fn hashes(&self) -> Option<&[LineHash]> {
        match self {
            Self::Records(_, hashes) => hashes.as_deref(),
            Self::DeadLetters(..) => None,
        }
    }
}

impl Lines {
    pub(crate) fn new(meaning: Meaning) -> Self {
        Self {
            partial: Vec::new(),
            count: 0,
            header: None,
            meaning,
            problem: None,
        }
    }

    /// Takes the next piece.
    pub(crate) fn take(&mut self, mut piece: &[u8]) {
        while let (Some(end), None) = (piece.iter().position(|byte| *byte == b'\n'), &self.problem)
        {
            let (line, rest) = (&piece[..end], &piece[end + 1..]);
            if self.partial.is_empty() {
                self.line(line);
            } else {
                let mut whole = std::mem::take(&mut self.partial);
                whole.extend_from_slice(line);
                self.line(&whole);
                whole.clear();
                self.partial = whole;
            }
            piece = rest;
        }
        let longest = match self.meaning {
            Meaning::Records(..) => LONGEST,
            Meaning::DeadLetters(..) => LONGEST_LETTER,
        };
        if self.problem.is_none() && self.partial.len() + piece.len() > longest {
            self.problem = Some(format!("line {} is longer than any record", self.count + 1));
        }
        if self.problem.is_none() {
            self.partial.extend_from_slice(piece);
        }
    }

    /// There are no more pieces.
    pub(crate) fn end(&mut self) {
        if self.problem.is_none() && !self.partial.is_empty() {
            self.problem = Some("its last line has no end".to_owned());
        }
    }

    fn line(&mut self, line: &[u8]) {
        match self.meaning.check(line) {
            Ok(true) => self.count += 1,
            Ok(false) => self.header = Some(line::hash(line)),
            Err(problem) => {
                self.problem = Some(format!("line {}: {problem}", self.count + 1));
            }
        }
    }
}

impl Meaning {
    /// Looks at a line; gives whether it counts, or is the header.
    fn check(&mut self, line: &[u8]) -> Result<bool, String> {
        let (form, hashes) = match self {
            Self::DeadLetters(partition, letters) => {
                return line::letter(line, *partition, letters).map(|()| true);
            }
            Self::Records(form, hashes) => (form, hashes),
        };
        match form {
            RowForm::Json => json(line)?,
            RowForm::Csv { header, columns } => {
                line::csv(line, columns)?;
                if std::mem::take(header) {
                    return Ok(false);
                }
            }
            RowForm::Parquet => {}
        }
        if let Some(hashes) = hashes {
            hashes.push(line::hash(line));
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use landing::{Offset, OffsetRange, claim::ContentHash};

    use super::*;
    use crate::batched::line::hash;

    /// The lines of a text that comes in pieces of this size.
    fn read(meaning: Meaning, text: &[u8], piece: usize) -> Lines {
        let mut lines = Lines::new(meaning);
        text.chunks(piece).for_each(|piece| lines.take(piece));
        lines.end();
        lines
    }

    fn of_json(hashes: Option<Vec<LineHash>>) -> Meaning {
        Meaning::Records(RowForm::Json, hashes)
    }

    fn records(text: &[u8], piece: usize) -> Lines {
        read(of_json(Some(Vec::new())), text, piece)
    }

    #[test]
    fn lines_are_the_same_in_whatever_pieces_they_come() {
        let text = b"{}\n{\"a\":1}\n{\"b\":\"x\"}\n";
        for piece in 1..=text.len() {
            let lines = records(text, piece);
            assert_eq!((lines.count, &lines.problem), (3, &None), "{piece}");
            let Meaning::Records(_, Some(hashes)) = lines.meaning else {
                panic!("no hashes")
            };
            assert_eq!(
                hashes,
                [hash(b"{}"), hash(b"{\"a\":1}"), hash(b"{\"b\":\"x\"}")]
            );
        }
        assert_eq!(records(b"", 1).count, 0);
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
                let problem = records(text, piece).problem.unwrap();
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
            let lines = read(Meaning::Records(form, None), text, 3);
            (lines.count, lines.problem.is_some())
        };
        assert_eq!(csv(true, b"a,b\n1,2\n3,4\n"), (2, false));
        assert_eq!(csv(false, b"a,b\n1,2\n3,4\n"), (3, false));
        assert_eq!(csv(true, b"a,b\n"), (0, false));
        assert_eq!(csv(true, b"a,b\n1\n"), (0, true));
    }

    #[test]
    fn a_line_that_never_ends_does_not_fill_the_memory() {
        let mut lines = Lines::new(of_json(None));
        for _ in 0..40 {
            lines.take(&[b'x'; 1 << 20]);
        }
        assert!(lines.problem.is_some() && lines.partial.len() <= LONGEST);
    }

    #[test]
    fn dead_letters_give_back_the_hash_of_their_records() {
        let text = concat!(
            r#"{"reason":"x","topic":"t","partition":2,"offset":7,"value":"aGk=","headers":[]}"#,
            "\n",
            r#"{"reason":"tombstone","topic":"t","partition":2,"offset":9,"value":null,"headers":[]}"#,
            "\n"
        );
        let of = |partition| Meaning::DeadLetters(partition, Box::default());
        let lines = read(of(2), text.as_bytes(), 10);
        let Meaning::DeadLetters(_, letters) = lines.meaning else {
            panic!("no letters")
        };
        let mut expected = ContentHash::default();
        expected.add(Offset(7), Some(b"hi"));
        expected.add(Offset(9), None);
        assert_eq!((lines.count, lines.problem), (2, None));
        assert_eq!(letters.hash.to_hex(), expected.to_hex());
        assert_eq!(
            letters.offsets,
            Some(OffsetRange::new(Offset(7), Offset(10)))
        );

        assert!(read(of(1), text.as_bytes(), 10).problem.is_some());
        let twice = [text, text].concat();
        assert!(read(of(2), twice.as_bytes(), 10).problem.is_some());
    }
}
