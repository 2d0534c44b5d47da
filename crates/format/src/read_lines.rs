//! The lines of an object that is in memory, unpacked one after the other.
//!
//! Not here: what the lines are for. Invariant: a text that ends before its compression does, goes
//! on behind it, or ends within a line is an error, and never a shorter text.

use std::io::{BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;
use landing::value::{self, Reason};
use zstd::stream::read::Decoder as ZstdDecoder;

/// The longest line: the largest value, and as much again for what an encoding adds to it.
pub const LONGEST: usize = 2 * value::MAX_VALUE_BYTES + (1 << 20);

/// Gives each line, without its line feed, to `take`; the object's key ends with `.{suffix}`.
///
/// # Errors
/// What is wrong with the text, or what `take` says of a line, each with the line's number.
pub fn each_line(
    body: &[u8],
    suffix: &str,
    mut take: impl FnMut(&[u8]) -> Result<(), String>,
) -> Result<(), String> {
    let broken = |error: std::io::Error| format!("it cannot be decompressed ({error})");
    let compressed = suffix.ends_with(".gz") || suffix.ends_with(".zst");
    if compressed && body.is_empty() {
        return Err("it cannot be decompressed (it is empty)".to_owned());
    }
    let mut text: Box<dyn BufRead + '_> = match suffix.rsplit('.').next() {
        Some("gz") => Box::new(BufReader::new(MultiGzDecoder::new(body))),
        Some("zst") => Box::new(BufReader::new(
            ZstdDecoder::with_buffer(body).map_err(broken)?,
        )),
        _ => Box::new(body),
    };
    let mut line = Vec::new();
    for number in 1u64.. {
        line.clear();
        let limited = &mut text.as_mut().take(LONGEST as u64 + 1);
        if limited.read_until(b'\n', &mut line).map_err(broken)? == 0 {
            break;
        }
        let at = |problem: String| format!("line {number}: {problem}");
        match line.strip_suffix(b"\n") {
            Some(whole) => take(whole).map_err(at)?,
            None if line.len() > LONGEST => {
                return Err(at("it is longer than any record".to_owned()));
            }
            None => return Err(at("it has no end".to_owned())),
        }
    }
    Ok(())
}

/// Checks that a line is a record as JSON.
///
/// # Errors
/// Why Athena would not read it.
pub fn json(line: &[u8]) -> Result<(), String> {
    match value::check_object(line, None) {
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
}
