//! The part of the CSV that the demo sends: rows from each symbol, as a separate CSV, and what must
//! become of them.
//!
//! It holds only the chosen rows in memory, never the file. Each row of the excerpt has its JSON in
//! `expected`, in the same order, and there are no others.

use std::{
    collections::{HashMap, HashSet},
    fs::File,
    io::{ErrorKind, Read},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use csv::{ByteRecord, Reader, ReaderBuilder, WriterBuilder};

use crate::table::{InputTable, value};

/// The rows that were chosen.
pub(crate) struct Excerpt {
    /// The CSV with them.
    pub(crate) file: PathBuf,
    /// Rows in the whole file.
    pub(crate) total: u64,
    /// The symbols whose rows were chosen evenly; 0 if they were not.
    pub(crate) symbols: usize,
    /// Each row as the JSON object it must become.
    pub(crate) expected: Vec<String>,
    /// Rows that were chosen but are not records.
    pub(crate) left_out: LeftOut,
    /// What can be asked, if the CSV has the columns for it.
    pub(crate) question: Option<Question>,
}

/// Chosen rows that are not records.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct LeftOut {
    pub(crate) count: u64,
    /// Where the first one is, and what is wrong with it.
    pub(crate) first: String,
}

/// The average close per symbol: the columns, and the figures that the CSV itself holds.
pub(crate) struct Question {
    pub(crate) symbol: String,
    pub(crate) close: String,
    /// Symbol and close of each chosen row that has both.
    pub(crate) closes: Vec<(String, f64)>,
}

/// How many rows there are, and of how many symbols.
struct Census {
    total: u64,
    symbols: usize,
}

impl Excerpt {
    /// Chooses at most `most` rows of `csv`, evenly from each symbol, and writes them to `file`.
    ///
    /// # Errors
    /// If the file cannot be read, is not a CSV or has no row that is a record.
    pub(crate) fn choose(csv: &Path, most: u64, file: &Path) -> anyhow::Result<Self> {
        refuse_what_is_no_text(csv)?;
        let mut reader = open(csv)?;
        let header = reader.byte_headers().with_context(|| unreadable(csv))?;
        let table = InputTable::new(header).with_context(|| csv.display().to_string())?;
        let census = count(&mut reader, table.symbol()).with_context(|| unreadable(csv))?;
        let sieve = Sieve::new(&census, most);
        let mut excerpt = Self {
            file: file.to_owned(),
            total: census.total,
            symbols: if sieve.by_symbol { census.symbols } else { 0 },
            expected: Vec::new(),
            left_out: LeftOut::default(),
            question: question(&table),
        };
        excerpt
            .fill(open(csv)?, &table, &sieve)
            .with_context(|| unreadable(csv))?;
        match (excerpt.expected.is_empty(), excerpt.left_out.first.as_str()) {
            (false, _) => Ok(excerpt),
            (true, "") => bail!("{} has no rows below its header", csv.display()),
            (true, first) => bail!("no row of {} is a record: {first}", csv.display()),
        }
    }

    fn fill(
        &mut self,
        mut reader: Reader<File>,
        table: &InputTable,
        sieve: &Sieve,
    ) -> anyhow::Result<()> {
        let mut writer = WriterBuilder::new().from_path(&self.file)?;
        writer.write_byte_record(reader.byte_headers()?)?;
        let mut seen: HashMap<Vec<u8>, u64> = HashMap::new();
        let mut row = ByteRecord::new();
        while reader.read_byte_record(&mut row)? {
            let place = seen.entry(sieve.group(&row, table)).or_default();
            *place += 1;
            if !(*place - 1).is_multiple_of(sieve.step) {
                continue;
            }
            match table.json(&row) {
                Ok(json) => {
                    self.expected.push(json);
                    self.note_close(&row, table);
                    writer.write_byte_record(&row)?;
                }
                Err(reason) => self.leave_out(&row, &reason),
            }
        }
        Ok(writer.flush()?)
    }

    fn note_close(&mut self, row: &ByteRecord, table: &InputTable) {
        let (Some(question), Some(symbol), Some(close)) =
            (&mut self.question, text(row, table.symbol()), table.close())
        else {
            return;
        };
        if let Some(value) = row.get(close).and_then(value) {
            question.closes.push((symbol, value));
        }
    }

    fn leave_out(&mut self, row: &ByteRecord, reason: &str) {
        self.left_out.count += 1;
        if self.left_out.first.is_empty() {
            // Not the line: if lines end with CRLF, the csv crate counts them off by one.
            let number = row.position().map_or(0, csv::Position::record);
            self.left_out.first = format!("row {number}: {reason}");
        }
    }
}

/// Which rows are taken: every `step`-th of each group, starting with its first.
struct Sieve {
    by_symbol: bool,
    step: u64,
}

impl Sieve {
    /// Each group may be rounded up by one row, which the step allows for. If there are more
    /// symbols than rows wanted, the file is one group.
    fn new(census: &Census, most: u64) -> Self {
        let symbols = census.symbols as u64;
        let by_symbol = symbols > 0 && symbols < most;
        let step = match by_symbol {
            _ if census.total <= most => 1,
            true => census.total.div_ceil(most - symbols),
            false => census.total.div_ceil(most),
        };
        Self { by_symbol, step }
    }

    fn group(&self, row: &ByteRecord, table: &InputTable) -> Vec<u8> {
        let symbol = table.symbol().filter(|_| self.by_symbol);
        symbol
            .and_then(|at| row.get(at))
            .unwrap_or_default()
            .to_vec()
    }
}

fn question(table: &InputTable) -> Option<Question> {
    Some(Question {
        symbol: table.name(table.symbol()?).to_owned(),
        close: table.name(table.close()?).to_owned(),
        closes: Vec::new(),
    })
}

/// A cell that is not blank.
fn text(row: &ByteRecord, column: Option<usize>) -> Option<String> {
    let text = std::str::from_utf8(row.get(column?)?).ok()?;
    (!text.trim_ascii().is_empty()).then(|| text.to_owned())
}

fn count(reader: &mut Reader<File>, symbol: Option<usize>) -> anyhow::Result<Census> {
    let mut symbols: HashSet<Vec<u8>> = HashSet::new();
    let mut total = 0;
    let mut row = ByteRecord::new();
    while reader.read_byte_record(&mut row)? {
        total += 1;
        if let Some(symbol) = symbol.and_then(|at| row.get(at))
            && !symbols.contains(symbol)
        {
            symbols.insert(symbol.to_vec());
        }
    }
    Ok(Census {
        total,
        symbols: symbols.len(),
    })
}

fn open(csv: &Path) -> anyhow::Result<Reader<File>> {
    // A row of another length is an error of the row, not of the file.
    let reader = ReaderBuilder::new().flexible(true).from_path(csv);
    reader.with_context(|| unreadable(csv))
}

fn refuse_what_is_no_text(csv: &Path) -> anyhow::Result<()> {
    let shown = csv.display();
    let metadata = match std::fs::metadata(csv) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            bail!("cannot read {shown}: no such file; name another with --csv")
        }
        found => found.with_context(|| unreadable(csv))?,
    };
    if !metadata.is_file() {
        bail!("cannot read {shown}: not a file; name another with --csv");
    }
    let mut head = Vec::new();
    let file = File::open(csv).with_context(|| unreadable(csv))?;
    file.take(4)
        .read_to_end(&mut head)
        .with_context(|| unreadable(csv))?;
    match head.as_slice() {
        [0x1f, 0x8b, ..] | [b'P', b'K', 3, 4] => {
            bail!("{shown} is compressed; unpack it for the demo")
        }
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => bail!("{shown} is UTF-16 text; save it as UTF-8"),
        _ => Ok(()),
    }
}

fn unreadable(csv: &Path) -> String {
    format!("cannot read {}", csv.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(text: &str, most: u64) -> anyhow::Result<Excerpt> {
        let folder = tempfile::tempdir().unwrap();
        let csv = folder.path().join("a.csv");
        std::fs::write(&csv, text).unwrap();
        Excerpt::choose(&csv, most, &folder.path().join("b.csv"))
    }

    #[test]
    fn every_symbol_has_rows_and_there_are_never_more_than_wanted() {
        let mut text = "Symbol,Close\n".to_owned();
        for (symbol, rows) in [("A", 500), ("B", 30), ("C", 1)] {
            text.extend((0..rows).map(|row| format!("{symbol},{row}\n")));
        }
        for most in [4, 7, 100, 531, 1000] {
            let excerpt = choose(&text, most).unwrap();
            let taken = excerpt.expected.len() as u64;
            assert!(
                taken <= most && (taken * 3 >= most || taken == 531),
                "{taken} of {most}"
            );
            for symbol in ["A", "B", "C"] {
                let closes = &excerpt.question.as_ref().unwrap().closes;
                assert!(
                    closes.iter().any(|(of, _)| of == symbol),
                    "{symbol} of {most}"
                );
            }
        }
        assert_eq!(choose(&text, 2).unwrap().expected.len(), 2);
    }

    #[test]
    fn rows_that_are_no_records_are_left_out_with_their_line() {
        let excerpt = choose("Symbol,Close\r\nA,1\r\nB\r\nC,x\r\n\"D,\nE\",2.50\r\n", 10).unwrap();
        let expected = [
            r#"{"Symbol":"A","Close":1}"#,
            r#"{"Symbol":"D,\nE","Close":2.50}"#,
        ];
        assert_eq!(excerpt.expected, expected);
        let first = "row 2: 1 fields where the header has 2".to_owned();
        assert_eq!(excerpt.left_out, LeftOut { count: 2, first });
    }

    #[test]
    fn what_is_no_csv_is_refused_with_the_way_on() {
        let refusal = |text: &str| format!("{:#}", choose(text, 10).err().unwrap());
        assert!(refusal("").contains("no column names"));
        assert!(refusal("a,b\n").contains("no rows below its header"));
        assert!(refusal("a,Close\n1,x\n").contains("row 1: column \"Close\""));
        assert!(refusal("a;b\n1;2\n").contains("separated by commas"));
        assert!(refusal("PK\u{3}\u{4}").contains("compressed"));
        let folder = tempfile::tempdir().unwrap();
        let error = Excerpt::choose(folder.path(), 1, Path::new("x"))
            .err()
            .unwrap();
        assert!(error.to_string().ends_with("--csv"), "{error}");
    }
}
