//! Sorts any number of records in bounded memory: what does not fit goes to temporary files, sorted
//! part by part, and the parts are merged.
//!
//! Does not know what is in a record. The files have no name and are gone with the process.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    fs::File,
    io::{self, BufReader, BufWriter, Read, Seek, Write},
};

/// The most parts that are merged at a time; each needs a file and a buffer.
const MOST_RUNS: usize = 64;
const BUFFER: usize = 64 * 1024;

/// What records are sorted by; of equal ranks the one that came first stays first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct SortKey {
    rank: i64,
    number: u64,
}

/// The place of a record in memory.
#[derive(Debug, Clone, Copy)]
struct SortEntry {
    key: SortKey,
    start: usize,
    end: usize,
}

/// Takes records in any order, and gives them in the order of their ranks.
pub(crate) struct Sorter {
    /// How many bytes of records and their places are kept in memory.
    budget: usize,
    bytes: Vec<u8>,
    entries: Vec<SortEntry>,
    runs: Vec<File>,
    next_number: u64,
    /// What gives the records in order, once all were taken.
    sorted: Option<Sorted>,
}

enum Sorted {
    /// The place of the next record among the entries.
    Memory {
        next: usize,
    },
    Files(RunMerge),
}

impl Sorter {
    pub(crate) fn new(budget: usize) -> Self {
        Self {
            budget,
            bytes: Vec::new(),
            entries: Vec::new(),
            runs: Vec::new(),
            next_number: 0,
            sorted: None,
        }
    }

    /// Takes one more record.
    pub(crate) fn push(&mut self, rank: i64, record: &[u8]) -> io::Result<()> {
        let places = (self.entries.len() + 1) * size_of::<SortEntry>();
        if !self.entries.is_empty() && self.bytes.len() + record.len() + places > self.budget {
            self.write_run()?;
        }
        let key = SortKey {
            rank,
            number: self.next_number,
        };
        self.next_number += 1;
        let start = self.bytes.len();
        self.bytes.extend_from_slice(record);
        let end = self.bytes.len();
        self.entries.push(SortEntry { key, start, end });
        Ok(())
    }

    /// To be called after the last record; `next` gives the first one then.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        self.entries.sort_unstable_by_key(|entry| entry.key);
        self.sorted = Some(if self.runs.is_empty() {
            Sorted::Memory { next: 0 }
        } else {
            self.write_run()?;
            self.bytes = Vec::new();
            self.entries = Vec::new();
            Sorted::Files(RunMerge::new(std::mem::take(&mut self.runs))?)
        });
        Ok(())
    }

    /// Moves to the next record; returns false after the last one.
    pub(crate) fn next(&mut self) -> io::Result<bool> {
        match &mut self.sorted {
            None => Ok(false),
            Some(Sorted::Memory { next }) => {
                let is_there = *next < self.entries.len();
                *next += usize::from(is_there);
                Ok(is_there)
            }
            Some(Sorted::Files(merge)) => merge.next(),
        }
    }

    /// The record at hand; empty before the first one.
    pub(crate) fn record(&self) -> &[u8] {
        match &self.sorted {
            None => &[],
            Some(Sorted::Memory { next }) => {
                let entry = next.checked_sub(1).and_then(|at| self.entries.get(at));
                entry.map_or(&[], |entry| &self.bytes[entry.start..entry.end])
            }
            Some(Sorted::Files(merge)) => merge.record(),
        }
    }

    /// Moves what is in memory to a file.
    fn write_run(&mut self) -> io::Result<()> {
        self.entries.sort_unstable_by_key(|entry| entry.key);
        let mut run = RunWriter::new()?;
        for entry in &self.entries {
            run.write(entry.key, &self.bytes[entry.start..entry.end])?;
        }
        self.runs.push(run.finish()?);
        self.bytes.clear();
        self.entries.clear();
        if self.runs.len() == MOST_RUNS {
            let mut merge = RunMerge::new(std::mem::take(&mut self.runs))?;
            let mut all = RunWriter::new()?;
            while merge.next()? {
                all.write(merge.key(), merge.record())?;
            }
            self.runs.push(all.finish()?);
        }
        Ok(())
    }
}

/// Writes records that are in order.
struct RunWriter(BufWriter<File>);

impl RunWriter {
    fn new() -> io::Result<Self> {
        let file = tempfile::tempfile()?;
        Ok(Self(BufWriter::with_capacity(BUFFER, file)))
    }

    fn write(&mut self, key: SortKey, record: &[u8]) -> io::Result<()> {
        // A record is far smaller than the limit of a row.
        let length = u32::try_from(record.len()).map_err(io::Error::other)?;
        self.0.write_all(&key.rank.to_le_bytes())?;
        self.0.write_all(&key.number.to_le_bytes())?;
        self.0.write_all(&length.to_le_bytes())?;
        self.0.write_all(record)
    }

    fn finish(self) -> io::Result<File> {
        let mut file = self.0.into_inner().map_err(|error| error.into_error())?;
        file.rewind()?;
        Ok(file)
    }
}

/// Reads the records of one run.
struct RunReader {
    file: BufReader<File>,
    key: SortKey,
    record: Vec<u8>,
}

impl RunReader {
    fn new(file: File) -> Self {
        Self {
            file: BufReader::with_capacity(BUFFER, file),
            key: SortKey { rank: 0, number: 0 },
            record: Vec::new(),
        }
    }

    /// Returns false after the last record.
    fn next(&mut self) -> io::Result<bool> {
        let mut rank = [0; 8];
        match self.file.read_exact(&mut rank) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
            result => result?,
        }
        let mut number = [0; 8];
        self.file.read_exact(&mut number)?;
        let mut length = [0; 4];
        self.file.read_exact(&mut length)?;
        self.key = SortKey {
            rank: i64::from_le_bytes(rank),
            number: u64::from_le_bytes(number),
        };
        self.record.resize(u32::from_le_bytes(length) as usize, 0);
        self.file.read_exact(&mut self.record)?;
        Ok(true)
    }
}

/// Gives the records of many runs in order.
struct RunMerge {
    runs: Vec<RunReader>,
    /// The keys of the runs' next records, the least first.
    heads: BinaryHeap<Reverse<RunHead>>,
    /// The run of the record at hand.
    current: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct RunHead {
    key: SortKey,
    run: usize,
}

impl RunMerge {
    fn new(files: Vec<File>) -> io::Result<Self> {
        let mut merge = Self {
            runs: files.into_iter().map(RunReader::new).collect(),
            heads: BinaryHeap::new(),
            current: None,
        };
        for run in 0..merge.runs.len() {
            merge.read_head(run)?;
        }
        Ok(merge)
    }

    fn next(&mut self) -> io::Result<bool> {
        if let Some(run) = self.current.take() {
            self.read_head(run)?;
        }
        self.current = self.heads.pop().map(|Reverse(head)| head.run);
        Ok(self.current.is_some())
    }

    fn key(&self) -> SortKey {
        self.current
            .map_or(SortKey { rank: 0, number: 0 }, |run| self.runs[run].key)
    }

    fn record(&self) -> &[u8] {
        self.current.map_or(&[], |run| &self.runs[run].record)
    }

    fn read_head(&mut self, run: usize) -> io::Result<()> {
        if self.runs[run].next()? {
            let key = self.runs[run].key;
            self.heads.push(Reverse(RunHead { key, run }));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn sorted(budget: usize, records: &[(i64, Vec<u8>)]) -> Vec<Vec<u8>> {
        let mut sorter = Sorter::new(budget);
        for (rank, record) in records {
            sorter.push(*rank, record).unwrap();
            let kept = sorter.bytes.len() + sorter.entries.len() * size_of::<SortEntry>();
            assert!(
                kept <= budget.max(record.len() + size_of::<SortEntry>()),
                "{kept}"
            );
            assert!(sorter.runs.len() < MOST_RUNS);
        }
        sorter.finish().unwrap();
        let mut all = Vec::new();
        while sorter.next().unwrap() {
            all.push(sorter.record().to_vec());
        }
        assert!(!sorter.next().unwrap());
        all
    }

    #[test]
    fn more_than_the_memory_holds_is_sorted_over_many_files() {
        let records: Vec<(i64, Vec<u8>)> = (0..50_000_i64)
            .map(|n| ((n * 7_919) % 10_007, n.to_le_bytes().to_vec()))
            .collect();
        // 102 records fit, so that more runs are needed than are merged at a time.
        let all = sorted(4_096, &records);
        let mut expected = records;
        expected.sort_by_key(|(rank, _)| *rank);
        let expected: Vec<_> = expected.into_iter().map(|(_, record)| record).collect();
        assert!(all == expected);
    }

    proptest! {
        #[test]
        fn it_is_a_stable_sort_whatever_fits(
            records in vec((-3..3_i64, vec(any::<u8>(), 0..9)), 0..60),
            budget in prop_oneof![Just(1_usize), 40_usize..400, Just(1_000_000)],
        ) {
            let mut expected = records.clone();
            expected.sort_by_key(|(rank, _)| *rank);
            let expected: Vec<_> = expected.into_iter().map(|(_, record)| record).collect();
            prop_assert_eq!(sorted(budget, &records), expected);
        }
    }
}
