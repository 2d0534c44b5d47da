//! CSV inputs as a source of records: encoding, headers, and rows that are read again after a bad
//! one.
//!
//! Does not decide what happens to a bad row. Memory does not grow with the size of the input, of a
//! line or of a field.

mod column_hint;
pub(crate) mod header;
mod plain_line;
mod record_cutter;
mod records;
mod rows;

use std::{
    collections::BTreeSet,
    io,
    path::{Path, PathBuf},
    time::Instant,
};

use self::{
    header::TableOptions,
    rows::{CsvRows, CsvStep, CsvTable},
};
use super::{
    announcement::Announcement,
    input::{InputWatch, SourceError},
    input_list::InputList,
    record::{Advance, BadRow, InputNames, RecordOrigin, RowText, SourceRecord},
    tally::Tally,
};

/// All rows of all inputs.
pub(crate) struct CsvSource {
    inputs: InputList,
    options: TableOptions,
    watch: InputWatch,
    announcement: Announcement,
    /// The input that is being read.
    rows: Option<CsvRows>,
    tally: Tally,
}

impl CsvSource {
    pub(crate) fn new(
        paths: Vec<PathBuf>,
        options: TableOptions,
        watch: InputWatch,
        announcement: Announcement,
    ) -> Self {
        Self {
            inputs: InputList::new(paths),
            options,
            watch,
            announcement,
            rows: None,
            tally: Tally::default(),
        }
    }

    /// Moves to the next row, in the next input if need be.
    pub(crate) fn advance(&mut self) -> Result<Advance, SourceError> {
        loop {
            let Some(rows) = &mut self.rows else {
                if self.open_next()? {
                    continue;
                }
                return Ok(Advance::End);
            };
            match rows.step() {
                Ok(CsvStep::Record) => {
                    self.tally.good();
                    return Ok(Advance::Record);
                }
                Ok(CsvStep::Bad) => {
                    self.tally.bad(rows.bad());
                    return Ok(Advance::Bad);
                }
                // A stop request ends an input that waits for data.
                Ok(CsvStep::End) if self.watch.is_stopped() => {
                    return Ok(Advance::Idle(Instant::now()));
                }
                Ok(CsvStep::End) => self.finish_input()?,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Ok(Advance::Idle(Instant::now()));
                }
                Err(error) => return Err(SourceError::io(&rows.table.name, &error)),
            }
        }
    }

    /// The record at hand; after [`Advance::Record`] only.
    pub(crate) fn record(&self) -> SourceRecord<'_> {
        self.at_hand().record()
    }

    /// Where the record at hand comes from.
    pub(crate) fn origin(&self) -> RecordOrigin<'_> {
        self.at_hand().origin()
    }

    /// The row of the record at hand as it is in its input.
    pub(crate) fn row_text(&self) -> RowText<'_> {
        self.at_hand().row_text()
    }

    /// The names of the columns of the input at hand.
    pub(crate) fn headers(&self) -> impl Iterator<Item = &str> {
        self.at_hand().headers()
    }

    /// A cell of the row at hand; `None` for a blank one.
    pub(crate) fn cell(&self, at: usize) -> Option<&[u8]> {
        self.at_hand().cell(Some(at))
    }

    /// The last bad row.
    pub(crate) fn bad(&self) -> &BadRow {
        self.at_hand().bad()
    }

    /// Makes the record at hand the last bad row.
    pub(crate) fn reject(&mut self, reason: String) {
        if let Some(rows) = &mut self.rows {
            rows.reject(reason);
            self.tally.turned_bad(rows.bad());
        }
    }

    /// The input of the last row.
    pub(crate) fn input(&self) -> InputNames<'_> {
        let table = &self.at_hand().table;
        InputNames {
            name: &table.name,
            header: &table.header.raw,
        }
    }

    /// Begins again with the first input.
    pub(crate) fn begin_pass(&mut self) {
        self.rows = None;
        self.inputs.begin_pass();
    }

    fn at_hand(&self) -> &CsvRows {
        let rows = self.rows.as_ref();
        rows.expect("a row is asked for only after a step has found it")
    }

    /// Returns whether there was another input.
    fn open_next(&mut self) -> Result<bool, SourceError> {
        let Some(input) = self.inputs.next() else {
            return Ok(false);
        };
        let mut rows = CsvRows::open(&input.path, &self.options, &self.watch)?;
        rows.end_patience();
        if input.shares_name {
            rows.table.source.clone_from(&rows.table.name);
        }
        if self.inputs.is_first_pass() && !self.watch.is_stopped() {
            let key = key_of(&rows.table);
            self.announcement.input(&rows.table.name, &key);
        }
        self.tally = Tally::default();
        self.rows = Some(rows);
        Ok(true)
    }

    fn finish_input(&mut self) -> Result<(), SourceError> {
        let Some(rows) = self.rows.take() else {
            return Ok(());
        };
        let name = &rows.table.name;
        if !self.tally.finish(name)? && self.inputs.is_first_pass() {
            tracing::warn!("{name} has a header but no rows");
        }
        Ok(())
    }
}

/// Opens every file once and reads its header, so that a mistake in the last file is found before
/// the first one is sent; points out files whose columns differ. Leaves stdin and pipes alone.
pub(crate) fn check(
    paths: &[PathBuf],
    options: &TableOptions,
    watch: &InputWatch,
) -> Result<(), SourceError> {
    let mut first: Option<CsvTable> = None;
    for path in paths {
        let Some(table) = check_file(path, options, watch)? else {
            continue;
        };
        table.header.unnamed().for_each(|(place, name)| {
            let file = &table.name;
            tracing::info!("{file}: column {place} has no name in the header; it is called {name}");
        });
        match &first {
            None => first = Some(table),
            Some(first) => warn_of_other_columns(first, &table),
        }
    }
    Ok(())
}

fn check_file(
    path: &Path,
    options: &TableOptions,
    watch: &InputWatch,
) -> Result<Option<CsvTable>, SourceError> {
    if super::input::check(path)?.is_none() {
        return Ok(None);
    }
    // What is read here is read again.
    let own_watch = watch.uncounted();
    Ok(Some(CsvRows::open(path, options, &own_watch)?.table))
}

/// Points out that two files give records of different fields: often one of them is not what it
/// seems to be.
fn warn_of_other_columns(first: &CsvTable, other: &CsvTable) {
    let names = |table: &CsvTable| -> BTreeSet<String> {
        let columns = table.header.schema.columns().iter();
        columns.map(|column| column.name.to_lowercase()).collect()
    };
    let missing_in = |table: &CsvTable, wanted: &CsvTable| {
        let there = names(table);
        let columns = wanted.header.schema.columns().iter();
        let missing = columns.filter(|column| !there.contains(&column.name.to_lowercase()));
        let headers: Vec<_> = missing.map(|column| column.header.as_str()).collect();
        headers.join(", ")
    };
    let parts: Vec<_> = [
        ("with", missing_in(first, other)),
        ("without", missing_in(other, first)),
    ]
    .into_iter()
    .filter(|(_, columns)| !columns.is_empty())
    .map(|(how, columns)| format!("{how} {columns}"))
    .collect();
    if !parts.is_empty() {
        tracing::warn!(
            "{} has other columns than {}: {}",
            other.name,
            first.name,
            parts.join(", ")
        );
    }
}

/// What the key of the table's records is, in words.
fn key_of(table: &CsvTable) -> String {
    match (table.header.key, &table.header.symbol) {
        (Some(at), _) => format!("key {}", table.header.schema.columns()[at].header),
        (None, Some(symbol)) if symbol.is_key => format!("key {}", symbol.text),
        (None, _) => "no key".to_owned(),
    }
}
