//! Decompression that is fed as pieces come, into lines.
//!
//! Invariant: what ends before its compression does, or goes on behind it, is broken.

use std::io::Write;

use flate2::write::MultiGzDecoder;
use zstd::stream::write::Decoder as ZstdDecoder;

use crate::batched::lines::{Lines, Meaning, RowForm};

/// A decompressor that is fed as pieces come.
pub(crate) struct Unpacking {
    decoder: Decoder,
    broken: Option<String>,
}

enum Decoder {
    None(Text),
    Gzip(Box<MultiGzDecoder<Text>>),
    Zstd(Box<ZstdDecoder<'static, Text>>),
}

/// What a decompressor writes into.
struct Text(Lines);

impl Write for Text {
    fn write(&mut self, piece: &[u8]) -> std::io::Result<usize> {
        self.0.take(piece);
        Ok(piece.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Unpacking {
    pub(crate) fn new(compression: &str, lines: Lines) -> std::io::Result<Self> {
        let text = Text(lines);
        let decoder = match compression {
            "gzip" => Decoder::Gzip(Box::new(MultiGzDecoder::new(text))),
            "zstd" => Decoder::Zstd(Box::new(ZstdDecoder::new(text)?)),
            _ => Decoder::None(text),
        };
        Ok(Self {
            decoder,
            broken: None,
        })
    }

    pub(crate) fn take(&mut self, piece: &[u8]) {
        if self.broken.is_none() {
            let taken = match &mut self.decoder {
                Decoder::None(text) => text.write_all(piece),
                Decoder::Gzip(decoder) => decoder.write_all(piece),
                Decoder::Zstd(decoder) => decoder.write_all(piece),
            };
            self.broken = taken.err().map(|error| error.to_string());
        }
    }

    /// The lines, and what is wrong with the compression.
    pub(crate) fn end(mut self) -> (Lines, Option<String>) {
        let ended = match &mut self.decoder {
            Decoder::None(_) => Ok(()),
            Decoder::Gzip(decoder) => decoder.try_finish(),
            Decoder::Zstd(decoder) => decoder.do_finish(),
        };
        let broken = self.broken.or(ended.err().map(|error| error.to_string()));
        let text = match &mut self.decoder {
            Decoder::None(text) => text,
            Decoder::Gzip(decoder) => decoder.get_mut(),
            Decoder::Zstd(decoder) => decoder.get_mut(),
        };
        let mut lines = std::mem::replace(
            &mut text.0,
            Lines::new(Meaning::Records(RowForm::Json, None)),
        );
        lines.end();
        let broken = broken.map(|problem| format!("it cannot be decompressed ({problem})"));
        (lines, broken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = b"{\"a\":1}\n{\"b\":2}\n";

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn read(compression: &str, body: &[u8]) -> (u64, Option<String>) {
        let lines = Lines::new(Meaning::Records(RowForm::Json, None));
        let mut text = Unpacking::new(compression, lines).unwrap();
        body.chunks(7).for_each(|piece| text.take(piece));
        let (lines, broken) = text.end();
        (lines.count, broken.or(lines.problem))
    }

    #[test]
    fn lines_come_out_of_each_compression() {
        let zstd = zstd::encode_all(TEXT, 1).unwrap();
        for (compression, body) in [("none", TEXT), ("gzip", &gzip(TEXT)), ("zstd", &zstd)] {
            assert_eq!(read(compression, body), (2, None), "{compression}");
        }
        // Two members are one text.
        assert_eq!(read("gzip", &[gzip(TEXT), gzip(TEXT)].concat()), (4, None));
    }

    #[test]
    fn broken_compression_is_noticed_wherever_it_breaks() {
        let zstd = zstd::encode_all(TEXT, 1).unwrap();
        for (compression, body) in [("gzip", gzip(TEXT)), ("zstd", zstd)] {
            for end in 1..body.len() {
                let (_, problem) = read(compression, &body[..end]);
                assert!(
                    problem.is_some(),
                    "{compression}: {end} bytes of {}",
                    body.len()
                );
            }
            let other = [&body[..], b"more"].concat();
            for body in [&other[..], TEXT, b""] {
                let (_, problem) = read(compression, body);
                assert!(problem.is_some(), "{compression}: {}", body.escape_ascii());
            }
        }
        // gzip has a checksum; zstd has one only where it is asked for.
        let mut changed = gzip(TEXT);
        let at = changed.len() - 6;
        changed[at] ^= 1;
        assert!(read("gzip", &changed).1.is_some());
    }
}
