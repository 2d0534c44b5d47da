//! Keeps any number of records in bounded memory and gives back any of them: what does not fit goes
//! to temporary files.
//!
//! Does not know what is in a record, nor which one is wanted.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
};

/// Bytes of the end of a record in the file of ends.
const END: u64 = 8;

/// The records, by their number from 0.
pub(crate) struct RecordStore {
    /// How many bytes of records and their ends are kept in memory.
    budget: usize,
    bytes: Vec<u8>,
    /// Where each record in memory ends, counted from the first record of all.
    ends: Vec<u64>,
    files: Option<StoreFiles>,
    count: u64,
    length: u64,
    /// The record that was asked for last, if it was in a file.
    record: Vec<u8>,
}

struct StoreFiles {
    records: File,
    ends: File,
}

impl RecordStore {
    pub(crate) fn new(budget: usize) -> Self {
        Self {
            budget,
            bytes: Vec::new(),
            ends: Vec::new(),
            files: None,
            count: 0,
            length: 0,
            record: Vec::new(),
        }
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Takes one more record.
    pub(crate) fn push(&mut self, record: &[u8]) -> io::Result<()> {
        let ends = (self.ends.len() + 1) * size_of::<u64>();
        if !self.ends.is_empty() && self.bytes.len() + record.len() + ends > self.budget {
            self.write_out()?;
        }
        self.bytes.extend_from_slice(record);
        self.count += 1;
        self.length += record.len() as u64;
        self.ends.push(self.length);
        Ok(())
    }

    /// To be called after the last record.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        if self.files.is_some() {
            self.write_out()?;
            self.bytes = Vec::new();
            self.ends = Vec::new();
        }
        Ok(())
    }

    /// One of the records.
    pub(crate) fn get(&mut self, number: u64) -> io::Result<&[u8]> {
        let Some(files) = &mut self.files else {
            let at = usize::try_from(number).map_err(io::Error::other)?;
            let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
            // What is in memory has a length of the machine's size.
            return Ok(&self.bytes[start as usize..self.ends[at] as usize]);
        };
        let first = number.saturating_sub(1);
        files.ends.seek(SeekFrom::Start(first * END))?;
        let mut end = || -> io::Result<u64> {
            let mut bytes = [0; END as usize];
            files.ends.read_exact(&mut bytes)?;
            Ok(u64::from_le_bytes(bytes))
        };
        let (start, end) = if number == 0 {
            (0, end()?)
        } else {
            (end()?, end()?)
        };
        let length = usize::try_from(end - start).map_err(io::Error::other)?;
        self.record.resize(length, 0);
        files.records.seek(SeekFrom::Start(start))?;
        files.records.read_exact(&mut self.record)?;
        Ok(&self.record)
    }

    fn write_out(&mut self) -> io::Result<()> {
        if self.files.is_none() {
            self.files = Some(StoreFiles {
                records: tempfile::tempfile()?,
                ends: tempfile::tempfile()?,
            });
        }
        if let Some(files) = &mut self.files {
            files.records.write_all(&self.bytes)?;
            let ends: Vec<u8> = self.ends.iter().flat_map(|end| end.to_le_bytes()).collect();
            files.ends.write_all(&ends)?;
        }
        self.bytes.clear();
        self.ends.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_record_can_be_had_from_memory_and_from_files() {
        let record = |number: u64| number.to_string().into_bytes();
        for budget in [1, 1_000, 1_000_000] {
            let mut store = RecordStore::new(budget);
            for number in 0..2_000 {
                store.push(&record(number)).unwrap();
                assert!(store.bytes.len() + store.ends.len() * 8 <= budget.max(12));
            }
            store.finish().unwrap();
            assert_eq!(store.count(), 2_000);
            for number in [0, 1_999, 1, 0, 777, 778] {
                assert_eq!(store.get(number).unwrap(), record(number), "{budget}");
            }
        }
    }
}
