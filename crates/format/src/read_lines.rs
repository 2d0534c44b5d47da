//! The lines of a text object, unpacked as its bytes come.
//!
//! Not here: what the lines are for. A text that ends before its compression does, that goes on
//! after it, or that ends within a line is an error, and never a shorter text.

use std::io::{self, BufRead, Read, Write};

use flate2::write::MultiGzDecoder;
use landing::value::{self, Reason};
use zstd::stream::write::Decoder as ZstdDecoder;

use crate::options::Compression;

/// The longest line: the largest value, and as much again for what an encoding adds to it.
pub const LONGEST: usize = 2 * value::MAX_VALUE_BYTES + (1 << 20);

/// Bytes of a body in memory that are unpacked at a time.
const PIECE: usize = 64 << 10;

/// What lines are handed to, each without its line feed; an error says why the line is refused.
pub trait TakeLine: FnMut(&[u8]) -> Result<(), String> {}

impl<T: FnMut(&[u8]) -> Result<(), String>> TakeLine for T {}

/// A reader of lines that is fed the bytes of an object piece by piece.
pub struct LineReader<T: TakeLine> {
    decoder: Decoder<Lines<T>>,
    broken: Option<String>,
}

enum Decoder<W: Write> {
    Plain(W),
    Gzip(Box<MultiGzDecoder<W>>),
    Zstd(Box<ZstdDecoder<'static, W>>),
}

/// What is wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextProblem {
    /// It cannot be decompressed to its end: a sentence with the reason.
    Broken(String),
    /// A line is longer than any may be.
    TooLong,
    /// The last line has no line feed.
    NoEnd,
    /// What the caller said of a line.
    Refused(String),
}

impl<T: TakeLine> LineReader<T> {
    /// Hands each line, without its line feed, to `take`, until `take` refuses one. A line of more
    /// than `longest` bytes is refused here.
    ///
    /// # Errors
    /// When there is no memory for the decompressor.
    pub fn new(compression: Compression, longest: usize, take: T) -> io::Result<Self> {
        let lines = Lines {
            take,
            longest,
            partial: Vec::new(),
            problem: None,
            has_ended: false,
        };
        let decoder = match compression {
            Compression::Gzip => Decoder::Gzip(Box::new(MultiGzDecoder::new(lines))),
            Compression::Zstd => Decoder::Zstd(Box::new(ZstdDecoder::new(lines)?)),
            Compression::None | Compression::Snappy => Decoder::Plain(lines),
        };
        Ok(Self {
            decoder,
            broken: None,
        })
    }

    /// Takes the next piece of the object.
    pub fn feed(&mut self, piece: &[u8]) {
        if self.broken.is_none() {
            let fed = match &mut self.decoder {
                Decoder::Plain(lines) => lines.write_all(piece),
                Decoder::Gzip(decoder) => decoder.write_all(piece),
                Decoder::Zstd(decoder) => decoder.write_all(piece),
            };
            self.broken = fed.err().map(|error| error.to_string());
        }
    }

    /// Says that there are no more pieces.
    ///
    /// # Errors
    /// What is wrong with the compression, else the first thing that is wrong with the lines; no
    /// line after it was handed over.
    pub fn finish(mut self) -> Result<(), TextProblem> {
        let finished = match &mut self.decoder {
            Decoder::Plain(_) => Ok(()),
            Decoder::Gzip(decoder) => decoder.try_finish(),
            Decoder::Zstd(decoder) => decoder.do_finish(),
        };
        let lines = match &mut self.decoder {
            Decoder::Plain(lines) => lines,
            Decoder::Gzip(decoder) => decoder.get_mut(),
            Decoder::Zstd(decoder) => decoder.get_mut(),
        };
        // A decompressor that is dropped may write the rest of its text.
        lines.has_ended = true;
        if let Some(reason) = self
            .broken
            .or(finished.err().map(|error| error.to_string()))
        {
            let text = format!("it cannot be decompressed ({reason})");
            return Err(TextProblem::Broken(text));
        }
        match lines.problem.take() {
            Some(problem) => Err(problem),
            None if !lines.partial.is_empty() => Err(TextProblem::NoEnd),
            None => Ok(()),
        }
    }
}

/// What a decompressor writes into.
struct Lines<T> {
    take: T,
    longest: usize,
    /// What came of a line whose end is yet to come.
    partial: Vec<u8>,
    problem: Option<TextProblem>,
    has_ended: bool,
}

impl<T: TakeLine> Write for Lines<T> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let mut rest = piece;
        while !rest.is_empty() && self.problem.is_none() && !self.has_ended {
            let most = self.longest + 1 - self.partial.len();
            let mut limited = rest.take(most as u64);
            let read = limited.read_until(b'\n', &mut self.partial)?;
            rest = &rest[read..];
            match self.partial.strip_suffix(b"\n") {
                Some(line) => {
                    self.problem = (self.take)(line).err().map(TextProblem::Refused);
                    self.partial.clear();
                }
                None if self.partial.len() > self.longest => {
                    self.problem = Some(TextProblem::TooLong);
                    self.partial = Vec::new();
                }
                None => {}
            }
        }
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Hands each line of a body, without its line feed, to `take`; the object's key ends with
/// `.{suffix}`.
///
/// # Errors
/// What is wrong with the text, or what `take` says of a line, each with the line's number.
pub fn each_line(body: &[u8], suffix: &str, mut take: impl TakeLine) -> Result<(), String> {
    let compression = match suffix.rsplit('.').next() {
        Some("gz") => Compression::Gzip,
        Some("zst") => Compression::Zstd,
        _ => Compression::None,
    };
    if compression != Compression::None && body.is_empty() {
        return Err("it cannot be decompressed (it is empty)".to_owned());
    }
    let mut taken = 0u64;
    let mut reader = LineReader::new(compression, LONGEST, |line| {
        take(line)?;
        taken += 1;
        Ok(())
    })
    .map_err(|error| format!("it cannot be decompressed ({error})"))?;
    body.chunks(PIECE).for_each(|piece| reader.feed(piece));
    let problem = match reader.finish() {
        Ok(()) => return Ok(()),
        Err(TextProblem::Broken(problem)) => return Err(problem),
        Err(TextProblem::TooLong) => "it is longer than any record".to_owned(),
        Err(TextProblem::NoEnd) => "it has no end".to_owned(),
        Err(TextProblem::Refused(problem)) => problem,
    };
    Err(format!("line {}: {problem}", taken + 1))
}

/// Checks that a line is a record as JSON.
///
/// # Errors
/// Why Athena would not read it.
pub fn json(line: &[u8]) -> Result<(), String> {
    match value::check_json(line) {
        // What Kafka knows of a record may come on top of a value that is as large as it may be.
        Ok(_) | Err(Reason::TooLarge) => Ok(()),
        Err(reason) => Err(format!("not a JSON object that Athena reads ({reason})")),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const TEXT: &[u8] = b"{\"a\":1}\n{\"b\":2}\n";

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn read(body: &[u8], suffix: &str) -> Result<Vec<u8>, String> {
        let mut text = Vec::new();
        each_line(body, suffix, |line| {
            text.extend_from_slice(line);
            text.push(b'\n');
            Ok(())
        })?;
        Ok(text)
    }

    #[test]
    fn lines_come_out_of_each_compression() {
        let zstd = zstd::encode_all(TEXT, 1).unwrap();
        for (suffix, body) in [
            ("json", TEXT),
            ("jsonl.gz", &gzip(TEXT)),
            ("jsonl.zst", &zstd),
        ] {
            assert_eq!(read(body, suffix).unwrap(), TEXT, "{suffix}");
        }
        assert_eq!(
            read(&[gzip(TEXT), gzip(TEXT)].concat(), "jsonl.gz").unwrap(),
            [TEXT, TEXT].concat()
        );
        for (suffix, body) in [
            ("jsonl", Vec::new()),
            ("jsonl.gz", gzip(b"")),
            ("jsonl.zst", zstd::encode_all(&b""[..], 1).unwrap()),
        ] {
            assert_eq!(read(&body, suffix).unwrap(), b"", "{suffix}");
        }
    }

    #[test]
    fn a_text_that_is_not_whole_is_never_taken_for_a_shorter_one() {
        let zstd = zstd::encode_all(TEXT, 1).unwrap();
        for (suffix, body) in [("jsonl.gz", gzip(TEXT)), ("jsonl.zst", zstd)] {
            for end in 0..body.len() {
                assert!(
                    read(&body[..end], suffix).is_err(),
                    "{suffix}: {end} bytes of {}",
                    body.len()
                );
            }
            let more = [&body[..], b"more"].concat();
            assert!(
                read(&more, suffix).is_err() && read(TEXT, suffix).is_err(),
                "{suffix}"
            );
        }
        let error = read(&TEXT[..TEXT.len() - 1], "jsonl").unwrap_err();
        assert_eq!(error, "line 2: it has no end");
        let endless = vec![b'x'; LONGEST + 2];
        assert!(
            read(&endless, "jsonl")
                .unwrap_err()
                .contains("longer than any record")
        );
    }

    /// The lines of a text that comes in pieces, and what is wrong with it.
    fn read_in_pieces(
        compression: Compression,
        body: &[u8],
        piece: usize,
    ) -> (u64, Result<(), TextProblem>) {
        let mut count = 0;
        let take = |line: &[u8]| {
            json(line)?;
            count += 1;
            Ok(())
        };
        let mut reader = LineReader::new(compression, LONGEST, take).unwrap();
        body.chunks(piece).for_each(|piece| reader.feed(piece));
        let end = reader.finish();
        (count, end)
    }

    #[test]
    fn lines_come_out_of_each_compression_in_whatever_pieces_it_comes() {
        let zstd = zstd::encode_all(TEXT, 1).unwrap();
        for (compression, body) in [
            (Compression::None, TEXT),
            (Compression::Gzip, &gzip(TEXT)),
            (Compression::Zstd, &zstd),
        ] {
            for piece in 1..=body.len() {
                let read = read_in_pieces(compression, body, piece);
                assert_eq!(read, (2, Ok(())), "{compression}: {piece}");
            }
        }
        // Two members are one text.
        let members = [gzip(TEXT), gzip(TEXT)].concat();
        let read = read_in_pieces(Compression::Gzip, &members, 7);
        assert_eq!(read, (4, Ok(())));
    }

    #[test]
    fn broken_compression_is_noticed_wherever_it_breaks() {
        let is_sound = |compression, body: &[u8]| {
            let (_, end) = read_in_pieces(compression, body, 7);
            end.is_ok()
        };
        let zstd = zstd::encode_all(TEXT, 1).unwrap();
        for (compression, body) in [(Compression::Gzip, gzip(TEXT)), (Compression::Zstd, zstd)] {
            for end in 1..body.len() {
                assert!(
                    !is_sound(compression, &body[..end]),
                    "{compression}: {end} bytes of {}",
                    body.len()
                );
            }
            let other = [&body[..], b"more"].concat();
            for body in [&other[..], TEXT, b""] {
                assert!(
                    !is_sound(compression, body),
                    "{compression}: {}",
                    body.escape_ascii()
                );
            }
        }
        // gzip has a checksum; zstd has one only where it is asked for.
        let mut changed = gzip(TEXT);
        let at = changed.len() - 6;
        changed[at] ^= 1;
        assert!(!is_sound(Compression::Gzip, &changed));
    }

    #[test]
    fn a_line_that_never_ends_does_not_fill_the_memory() {
        let mut reader = LineReader::new(Compression::None, LONGEST, json).unwrap();
        for _ in 0..40 {
            reader.feed(&[b'x'; 1 << 20]);
        }
        let Decoder::Plain(lines) = &reader.decoder else {
            panic!("a decompressor")
        };
        assert!(lines.partial.len() <= LONGEST);
        assert_eq!(reader.finish(), Err(TextProblem::TooLong));
    }
}
