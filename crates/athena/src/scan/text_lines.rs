//! The lines of a text object, decompressed as its bytes come.
//!
//! As in Trino's `TextLineReader`: a line ends with `\n`, `\r` or `\r\n`, the last needs no end,
//! and a byte order mark at the start is passed over. The compression follows from the end of the
//! key.

use std::io::{self, BufReader, Read};

use flate2::read::MultiGzDecoder;

/// The longest row that Athena reads ("Service Quotas" in its user guide), in bytes.
const LONGEST: usize = 32 << 20;

/// Bytes that are read at a time.
const PIECE: usize = 64 << 10;

/// Why lines ended early.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum LineStop {
    /// The text cannot be read: a sentence with the reason.
    Broken(String),
    /// What the taker said of a line.
    Line {
        /// The line's number, from 1.
        number: u64,
        /// What it said.
        problem: String,
    },
    /// Nobody wants more rows.
    Unwanted,
}

/// What a taker of lines answers when it wants no more.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum TakerStop {
    /// The line is refused: the reason.
    Refused(String),
    /// Nobody wants more rows.
    Unwanted,
}

/// The text of an object whose key ends like this.
///
/// # Errors
/// When its compression is not read here.
pub(super) fn decompressed<'r>(
    key: &str,
    body: impl Read + 'r,
) -> Result<Box<dyn Read + 'r>, String> {
    let end = key
        .rsplit('/')
        .next()
        .and_then(|name| name.rsplit_once('.'));
    Ok(match end.map(|(_, end)| end) {
        Some("gz") => Box::new(MultiGzDecoder::new(body)),
        Some("zst") => {
            let decoder = zstd::stream::read::Decoder::new(body);
            Box::new(decoder.map_err(|error| format!("it cannot be decompressed ({error})"))?)
        }
        Some(other @ ("bz2" | "lz4" | "snappy" | "deflate" | "lzo")) => {
            return Err(format!(
                "text that is compressed as .{other} is not read here; land it as .gz or .zst"
            ));
        }
        _ => Box::new(BufReader::new(body)),
    })
}

/// Hands each line, without its end, to `take`; returns the bytes of the text.
///
/// # Errors
/// Why it ended early.
pub(super) fn each_line(
    text: &mut dyn Read,
    mut take: impl FnMut(&[u8]) -> Result<(), TakerStop>,
) -> Result<u64, LineStop> {
    let mut piece = vec![0; PIECE];
    let mut partial = Vec::new();
    let mut bytes = 0u64;
    let mut number = 0;
    let mut after_return = false;
    let mut give = |line: &[u8]| {
        number += 1;
        take(line).map_err(|stop| match stop {
            TakerStop::Refused(problem) => LineStop::Line { number, problem },
            TakerStop::Unwanted => LineStop::Unwanted,
        })
    };
    loop {
        let read = fill(text, &mut piece)
            .map_err(|error| LineStop::Broken(format!("it cannot be read to its end ({error})")))?;
        let mut rest = &piece[..read];
        if bytes == 0 {
            rest = rest.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(rest);
        }
        bytes += read as u64;
        if read == 0 {
            break;
        }
        if after_return {
            rest = rest.strip_prefix(b"\n").unwrap_or(rest);
            after_return = false;
        }
        while let Some(end) = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            if partial.is_empty() {
                give(&rest[..end])?;
            } else {
                partial.extend_from_slice(&rest[..end]);
                give(&partial)?;
                partial.clear();
            }
            after_return = rest[end] == b'\r';
            rest = &rest[end + 1..];
            if after_return && !rest.is_empty() {
                rest = rest.strip_prefix(b"\n").unwrap_or(rest);
                after_return = false;
            }
        }
        partial.extend_from_slice(rest);
        if partial.len() > LONGEST {
            return Err(LineStop::Broken(format!(
                "a line has more than {} MiB, which Athena does not read",
                LONGEST >> 20
            )));
        }
    }
    if !partial.is_empty() {
        give(&partial)?;
    }
    Ok(bytes)
}

/// Reads until the buffer is full or the text ends.
fn fill(text: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match text.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn lines(key: &str, body: &[u8]) -> Result<Vec<String>, LineStop> {
        let mut lines = Vec::new();
        let mut text = decompressed(key, body).map_err(LineStop::Broken)?;
        each_line(&mut text, |line| {
            lines.push(String::from_utf8_lossy(line).into_owned());
            Ok(())
        })?;
        Ok(lines)
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn lines_end_as_in_trino() {
        for (text, expected) in [
            (&b"a\nb\n"[..], &["a", "b"][..]),
            (b"a\r\nb\rc", &["a", "b", "c"]),
            (b"a\n\n\r\r\nb", &["a", "", "", "", "b"]),
            (b"\xEF\xBB\xBFa\n", &["a"]),
            (b"", &[]),
            (b"\n", &[""]),
        ] {
            assert_eq!(
                lines("x.json", text).unwrap(),
                expected,
                "{}",
                text.escape_ascii()
            );
        }
        // A return at the end of a piece, its line feed in the next.
        let long = [vec![b'x'; PIECE - 1], b"\r\ny\n".to_vec()].concat();
        let read = lines("x.json", &long).unwrap();
        assert_eq!((read.len(), read[1].as_str()), (2, "y"));
    }

    #[test]
    fn compression_follows_from_the_key() {
        let two = [gzip(b"a\n"), gzip(b"b\n")].concat();
        assert_eq!(lines("k/x.jsonl.gz", &two).unwrap(), ["a", "b"]);
        let zstd = zstd::encode_all(&b"a\nb\n"[..], 1).unwrap();
        assert_eq!(lines("x.zst", &zstd).unwrap(), ["a", "b"]);
        assert!(
            matches!(lines("x.bz2", b"a"), Err(LineStop::Broken(text)) if text.contains(".bz2"))
        );
    }

    #[test]
    fn a_text_that_is_cut_off_is_not_a_shorter_text() {
        let text = b"{\"a\":1}\n{\"b\":2}\n";
        let zstd = zstd::encode_all(&text[..], 1).unwrap();
        for (key, body) in [("x.gz", gzip(text)), ("x.zst", zstd)] {
            for end in 1..body.len() {
                let cut = lines(key, &body[..end]);
                assert!(
                    matches!(cut, Err(LineStop::Broken(_))),
                    "{key}: {end}: {cut:?}"
                );
            }
        }
    }

    #[test]
    fn a_refused_line_has_its_number() {
        let mut text = &b"a\nb\n"[..];
        let stop = each_line(&mut text, |line| match line {
            b"b" => Err(TakerStop::Refused("no".to_owned())),
            _ => Ok(()),
        });
        let expected = LineStop::Line {
            number: 2,
            problem: "no".to_owned(),
        };
        assert_eq!(stop, Err(expected));
    }

    #[test]
    fn a_line_without_end_does_not_fill_the_memory() {
        let mut endless = io::repeat(b'x');
        let stop = each_line(&mut endless, |_| Ok(()));
        assert!(matches!(stop, Err(LineStop::Broken(text)) if text.contains("32 MiB")));
    }
}
