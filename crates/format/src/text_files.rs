//! Files of lines, compressed or not: one for each date partition.
//!
//! A compressor takes up to tens of megabytes, so at most two are alive: that of the first file (in
//! nearly every extent the only one), which compresses as lines come, and at the end those of the
//! other files, one after another. A file is one gzip member or one zstd frame, because some
//! readers stop after the first.

use std::{collections::BTreeMap, io::Write as _};

use anyhow::Result;
use flate2::write::GzEncoder;
use landing::partition_by::DatePartition;

use crate::{
    encoding::FinishedFile,
    options::{Compression, EncodingOptions},
};

/// How many bytes are compressed at a time: enough to be quick, and few enough to be still in the
/// processor's cache.
const CHUNK: usize = 256 << 10;

/// The open files of an extent.
pub(crate) struct TextFiles {
    compression: Compression,
    level: i32,
    /// What each file begins with.
    header: Vec<u8>,
    files: BTreeMap<DatePartition, TextFile>,
    /// See [`TextFiles::expect`].
    expected: usize,
}

struct TextFile {
    /// Lines that are not compressed yet.
    lines: Vec<u8>,
    compressor: Option<Compressor>,
    /// Whether it compresses before it ends.
    early: bool,
    /// About how many bytes the file will have; 0 if unknown.
    expected: usize,
    records: u64,
}

enum Compressor {
    Gzip(GzEncoder<Vec<u8>>),
    Zstd(zstd::Encoder<'static, Vec<u8>>),
}

impl TextFiles {
    pub(crate) fn new(options: &EncodingOptions, header: Vec<u8>) -> Self {
        Self {
            compression: options.compression,
            level: options.level(),
            header,
            files: BTreeMap::new(),
            expected: 0,
        }
    }

    /// Appends a record's line to the file of its date.
    pub(crate) fn append(&mut self, date: &DatePartition, line: &[u8]) -> Result<()> {
        let (compression, level) = (self.compression, self.level);
        if let Some(file) = self.files.get_mut(date) {
            return file.append(line, compression, level);
        }
        self.open(date);
        match self.files.get_mut(date) {
            Some(file) => file.append(line, compression, level),
            None => Ok(()),
        }
    }

    /// Reserves memory for the first file, in nearly every extent the only one: a buffer that grows
    /// by doubling would leave as much again unused.
    pub(crate) fn expect(&mut self, bytes: usize) {
        self.expected = match self.compression {
            Compression::None => bytes,
            _ => bytes / 4,
        };
    }

    /// Opens the file of this date if it is not open. The date is cloned once for each file, not
    /// for each record.
    pub(crate) fn open(&mut self, date: &DatePartition) {
        if !self.files.contains_key(date) {
            let expected = std::mem::take(&mut self.expected);
            let early = self.files.is_empty() && self.compression != Compression::None;
            let mut file = TextFile {
                lines: Vec::new(),
                compressor: None,
                early,
                expected,
                records: 0,
            };
            if self.compression == Compression::None {
                file.lines.reserve_exact(expected);
            }
            file.lines.extend_from_slice(&self.header);
            self.files.insert(date.clone(), file);
        }
    }

    /// Ends the files, in the order of their dates.
    pub(crate) fn finish(self) -> Result<Vec<FinishedFile>> {
        let (compression, level) = (self.compression, self.level);
        let finish = |(date, file): (DatePartition, TextFile)| {
            let records = file.records;
            let bytes = file.finish(compression, level)?;
            Ok(FinishedFile {
                date,
                bytes,
                records,
            })
        };
        self.files.into_iter().map(finish).collect()
    }
}

impl TextFile {
    fn append(&mut self, line: &[u8], compression: Compression, level: i32) -> Result<()> {
        self.lines.extend_from_slice(line);
        self.records += 1;
        if self.early && self.lines.len() >= CHUNK {
            self.compress(compression, level)?;
        }
        Ok(())
    }

    fn finish(mut self, compression: Compression, level: i32) -> Result<Vec<u8>> {
        if compression == Compression::None {
            return Ok(self.lines);
        }
        self.compress(compression, level)?;
        match self.compressor {
            Some(compressor) => compressor.finish(),
            None => Ok(self.lines),
        }
    }

    fn compress(&mut self, compression: Compression, level: i32) -> Result<()> {
        if self.compressor.is_none() {
            // zstd needs less memory when it knows the size of a small file.
            let size = (!self.early).then_some(self.lines.len() as u64);
            let output = Vec::with_capacity(self.expected);
            self.compressor = Compressor::new(compression, level, output, size)?;
        }
        if let Some(compressor) = &mut self.compressor {
            compressor.write(&self.lines)?;
            self.lines.clear();
        }
        Ok(())
    }
}

impl Compressor {
    /// `size` is the number of bytes to compress, if it is known. `None` when nothing compresses.
    fn new(
        compression: Compression,
        level: i32,
        output: Vec<u8>,
        size: Option<u64>,
    ) -> Result<Option<Self>> {
        Ok(match compression {
            Compression::Gzip => {
                let level = flate2::Compression::new(level.unsigned_abs());
                Some(Self::Gzip(GzEncoder::new(output, level)))
            }
            Compression::Zstd => {
                let mut encoder = zstd::Encoder::new(output, level)?;
                encoder.set_pledged_src_size(size)?;
                // Lets `zstd -t` find a broken file, as `gzip -t` does by gzip's own checksum.
                encoder.include_checksum(true)?;
                Some(Self::Zstd(encoder))
            }
            Compression::None | Compression::Snappy => None,
        })
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        match self {
            Self::Gzip(encoder) => encoder.write_all(bytes)?,
            Self::Zstd(encoder) => encoder.write_all(bytes)?,
        }
        Ok(())
    }

    fn finish(self) -> Result<Vec<u8>> {
        Ok(match self {
            Self::Gzip(encoder) => encoder.finish()?,
            Self::Zstd(encoder) => encoder.finish()?,
        })
    }
}
