//! Files of lines, compressed or not: one for each date partition.
//!
//! A compressor costs up to tens of megabytes, so at most two are alive: that of the first file, in nearly every extent the only one,
//! which compresses as lines come, and at the end that of one other file after the other.
//! Invariant: a file is one gzip member or one zstd frame; some readers stop behind the first.

use std::{collections::BTreeMap, io::Write as _};

use anyhow::Result;
use flate2::write::GzEncoder;
use landing::partition_by::DatePartition;

use super::{
    File,
    encoding::{Compression, EncodingOptions},
};

/// So many bytes are compressed at a time: enough to be quick, and few enough to be in the processor's cache still.
const CHUNK: usize = 256 << 10;

/// The open files of an extent.
pub(super) struct TextFiles {
    compression: Compression,
    level: i32,
    /// What each file begins with.
    header: Vec<u8>,
    files: BTreeMap<DatePartition, TextFile>,
}

struct TextFile {
    /// Lines that are not compressed yet.
    lines: Vec<u8>,
    compressor: Option<Compressor>,
    /// Whether it compresses before its end.
    early: bool,
    records: u64,
}

enum Compressor {
    Gzip(GzEncoder<Vec<u8>>),
    Zstd(zstd::Encoder<'static, Vec<u8>>),
}

impl TextFiles {
    pub(super) fn new(options: &EncodingOptions, header: Vec<u8>) -> Self {
        Self {
            compression: options.compression,
            level: options.level(),
            header,
            files: BTreeMap::new(),
        }
    }

    /// Appends a record's line to the file of its date.
    pub(super) fn append(&mut self, date: &DatePartition, line: &[u8]) -> Result<()> {
        self.open(date);
        let Some(file) = self.files.get_mut(date) else {
            return Ok(());
        };
        file.lines.extend_from_slice(line);
        file.records += 1;
        if file.early && file.lines.len() >= CHUNK {
            file.compress(self.compression, self.level)?;
        }
        Ok(())
    }

    /// Makes sure that there is a file of this date. The date is cloned for each file, not for each record.
    pub(super) fn open(&mut self, date: &DatePartition) {
        if !self.files.contains_key(date) {
            let early = self.files.is_empty() && self.compression != Compression::None;
            self.files
                .insert(date.clone(), TextFile::new(self.header.clone(), early));
        }
    }

    /// Ends the files, in the order of their dates.
    pub(super) fn finish(self) -> Result<Vec<File>> {
        let (compression, level) = (self.compression, self.level);
        let finish = |(date, file): (DatePartition, TextFile)| {
            let records = file.records;
            let bytes = file.finish(compression, level)?;
            Ok(File {
                date,
                bytes,
                records,
            })
        };
        self.files.into_iter().map(finish).collect()
    }
}

impl TextFile {
    fn new(lines: Vec<u8>, early: bool) -> Self {
        Self {
            lines,
            compressor: None,
            early,
            records: 0,
        }
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
            // Known sizes make small files cheap.
            let size = (!self.early).then_some(self.lines.len() as u64);
            self.compressor = Compressor::new(compression, level, size)?;
        }
        if let Some(compressor) = &mut self.compressor {
            compressor.write(&self.lines)?;
            self.lines.clear();
        }
        Ok(())
    }
}

impl Compressor {
    fn new(compression: Compression, level: i32, size: Option<u64>) -> Result<Option<Self>> {
        Ok(match compression {
            Compression::Gzip => {
                let level = flate2::Compression::new(level.unsigned_abs());
                Some(Self::Gzip(GzEncoder::new(Vec::new(), level)))
            }
            Compression::Zstd => {
                let mut encoder = zstd::Encoder::new(Vec::new(), level)?;
                encoder.set_pledged_src_size(size)?;
                // So that `zstd -t` finds a broken file, as gzip's checksum lets `gzip -t`.
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
