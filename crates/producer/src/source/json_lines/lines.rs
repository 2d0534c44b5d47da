//! Cuts text into lines, with a bound on the size of one.
//!
//! Does not know what is on a line. Blank lines are skipped and counted.

use std::io::{self, BufRead, BufReader, Read};

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NextLine {
    /// A line, at hand until the next one.
    Line,
    /// A line over the limit; its beginning is at hand.
    TooLong,
    End,
}

/// Reads lines one after the other.
pub(crate) struct LineReader<R> {
    source: BufReader<R>,
    /// The line at hand, or what was read of it before the input had to wait.
    line: Vec<u8>,
    number: u64,
    limit: usize,
    is_too_long: bool,
    /// Whether `line` waits for its end.
    is_open: bool,
}

impl<R: Read> LineReader<R> {
    /// `limit` is the longest line, in bytes.
    pub(crate) fn new(source: R, limit: usize) -> Self {
        Self {
            source: BufReader::with_capacity(64 * 1024, source),
            line: Vec::new(),
            number: 0,
            limit,
            is_too_long: false,
            is_open: false,
        }
    }

    /// Moves to the next line that is not blank. After an error that says that the input waits, the
    /// next call goes on where this one was.
    pub(crate) fn next(&mut self) -> io::Result<NextLine> {
        loop {
            if !self.is_open {
                self.line.clear();
                self.is_too_long = false;
                self.is_open = true;
                self.number += 1;
            }
            if !self.read_line()? && self.line.is_empty() {
                return Ok(NextLine::End);
            }
            self.is_open = false;
            if self.is_too_long {
                return Ok(NextLine::TooLong);
            }
            if !self.text().is_empty() {
                return Ok(NextLine::Line);
            }
        }
    }

    /// The line at hand without the blanks around it.
    pub(crate) fn text(&self) -> &[u8] {
        self.line.trim_ascii()
    }

    /// The number of the line at hand, from 1.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Reads up to a line end, which is left out, or the end of the input. Returns whether there
    /// was a line end.
    fn read_line(&mut self) -> io::Result<bool> {
        loop {
            let piece = match self.source.fill_buf() {
                Ok(piece) => piece,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if piece.is_empty() {
                return Ok(false);
            }
            let end = piece.iter().position(|byte| *byte == b'\n');
            let text = &piece[..end.unwrap_or(piece.len())];
            let room = self.limit - self.line.len();
            self.is_too_long |= text.len() > room;
            self.line.extend_from_slice(&text[..text.len().min(room)]);
            let consumed = end.map_or(piece.len(), |at| at + 1);
            self.source.consume(consumed);
            if end.is_some() {
                return Ok(true);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a few bytes at a time, and says in between that it waits.
    struct Waiting<'a>(&'a [u8], bool);

    impl Read for Waiting<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            let length = self.0.len().min(3).min(out.len());
            out[..length].copy_from_slice(&self.0[..length]);
            self.0 = &self.0[length..];
            Ok(length)
        }
    }

    #[test]
    fn lines_are_trimmed_and_counted_and_their_size_is_bounded() {
        let text = b"{\"a\":1}\r\n\n  \n {\"b\":2} \n0123456789abcdef\n{\"c\":3}";
        let mut reader = LineReader::new(Waiting(text, false), 12);
        let mut found = Vec::new();
        loop {
            match reader.next() {
                Ok(NextLine::End) => break,
                Ok(line) => {
                    let text = String::from_utf8(reader.text().to_vec()).unwrap();
                    found.push((reader.number(), line == NextLine::TooLong, text));
                }
                Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
            }
        }
        let expected = [
            (1, false, "{\"a\":1}"),
            (4, false, "{\"b\":2}"),
            (5, true, "0123456789ab"),
            (6, false, "{\"c\":3}"),
        ];
        let expected = expected.map(|(line, long, text)| (line, long, text.to_owned()));
        assert_eq!(found, expected);
    }
}
