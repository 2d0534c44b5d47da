//! JSON Lines as a source of records: each line is an object, which is sent as it is.
//!
//! Does not decide what happens to a bad line. A row is a line that is not blank.

mod fields;
mod lines;

use std::{
    io::{self, Read},
    path::{Path, PathBuf},
    time::Instant,
};

use schema::{date_column, symbol_column};

use self::{
    fields::{FieldTexts, LineError, ObjectFields, names, read_fields},
    lines::{LineReader, NextLine},
};
use super::{
    announcement::Announcement,
    input::{self, InputWatch, OpenInput, SourceError, TextForm},
    input_list::InputList,
    record::{Advance, BadRow, InputNames, RecordOrigin, RowText, SourceRecord},
    tally::Tally,
    time_options::TimeOptions,
};

/// How JSON Lines are read.
#[derive(Debug, Clone)]
pub(crate) struct JsonLinesOptions {
    /// The field of the record key; `None`: the first object's symbol, if it has one of the usual
    /// names.
    pub(crate) key: Option<String>,
    pub(crate) time: TimeOptions,
    /// The longest line, in bytes.
    pub(crate) limit: usize,
}

/// All lines of all inputs.
pub(crate) struct JsonLinesSource {
    inputs: InputList,
    options: JsonLinesOptions,
    watch: InputWatch,
    announcement: Announcement,
    /// The input that is being read.
    current: Option<JsonLinesInput>,
    tally: Tally,
    bad: BadRow,
}

struct JsonLinesInput {
    name: String,
    source: String,
    lines: LineReader<Box<dyn Read>>,
    /// `None` before the first object.
    fields: Option<ObjectFields>,
    texts: FieldTexts,
    /// When the object at hand happened, if somebody needs to know.
    time: Option<i64>,
    number: u64,
}

/// Why a line is no record.
enum LineProblem {
    Bad(String),
    /// Nor will any other of the input be.
    Unfit(String),
}

impl From<LineError> for LineProblem {
    fn from(error: LineError) -> Self {
        Self::Bad(error.to_string())
    }
}

impl JsonLinesSource {
    pub(crate) fn new(
        paths: Vec<PathBuf>,
        options: JsonLinesOptions,
        watch: InputWatch,
        announcement: Announcement,
    ) -> Self {
        Self {
            inputs: InputList::new(paths),
            options,
            watch,
            announcement,
            current: None,
            tally: Tally::default(),
            bad: BadRow::default(),
        }
    }

    /// Moves to the next line, in the next input if need be.
    pub(crate) fn advance(&mut self) -> Result<Advance, SourceError> {
        loop {
            let Some(input) = &mut self.current else {
                if self.open_next()? {
                    continue;
                }
                return Ok(Advance::End);
            };
            let reason = match input.lines.next() {
                Ok(NextLine::Line) => match input.read_object(&self.options) {
                    Ok(()) => {
                        self.tally.good();
                        return Ok(Advance::Record);
                    }
                    Err(LineProblem::Bad(reason)) => reason,
                    Err(LineProblem::Unfit(reason)) => {
                        let name = input.name.clone();
                        return Err(SourceError::Unfit { name, reason });
                    }
                },
                Ok(NextLine::TooLong) => {
                    input.number += 1;
                    format!("longer than {} bytes", self.options.limit)
                }
                // A stop request ends an input that waits for data.
                Ok(NextLine::End) if self.watch.is_stopped() => {
                    return Ok(Advance::Idle(Instant::now()));
                }
                Ok(NextLine::End) => {
                    self.finish_input()?;
                    continue;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Ok(Advance::Idle(Instant::now()));
                }
                Err(error) => return Err(SourceError::io(&input.name, &error)),
            };
            self.bad = input.rejected(reason);
            self.tally.bad(&self.bad);
            return Ok(Advance::Bad);
        }
    }

    /// The record at hand; after [`Advance::Record`] only.
    pub(crate) fn record(&self) -> SourceRecord<'_> {
        let input = self.at_hand();
        SourceRecord {
            key: some_text(&input.texts.key),
            value: input.lines.text(),
            time: input.time,
        }
    }

    /// Where the record at hand comes from.
    pub(crate) fn origin(&self) -> RecordOrigin<'_> {
        let input = self.at_hand();
        RecordOrigin {
            source: &input.source,
            row: input.number,
            event_time: some_text(&input.texts.time),
        }
    }

    /// The row of the record at hand as it is in its input.
    pub(crate) fn row_text(&self) -> RowText<'_> {
        self.at_hand().row_text()
    }

    /// The last bad row.
    pub(crate) fn bad(&self) -> &BadRow {
        &self.bad
    }

    /// Makes the record at hand the last bad row.
    pub(crate) fn reject(&mut self, reason: String) {
        self.bad = self.at_hand().rejected(reason);
        self.tally.turned_bad(&self.bad);
    }

    /// The input of the last row.
    pub(crate) fn input(&self) -> InputNames<'_> {
        InputNames {
            name: &self.at_hand().name,
            header: &[],
        }
    }

    /// Begins again with the first input.
    pub(crate) fn begin_pass(&mut self) {
        self.current = None;
        self.inputs.begin_pass();
    }

    fn at_hand(&self) -> &JsonLinesInput {
        let input = self.current.as_ref();
        input.expect("a row is asked for only after a step has found it")
    }

    /// Returns whether there was another input.
    fn open_next(&mut self) -> Result<bool, SourceError> {
        let Some(listed) = self.inputs.next() else {
            return Ok(false);
        };
        let mut input = JsonLinesInput::open(&listed.path, &self.options, &self.watch)?;
        if listed.shares_name {
            input.source.clone_from(&input.name);
        }
        if self.inputs.is_first_pass() && !self.watch.is_stopped() {
            let key = self.options.key.as_ref();
            let key = key.map_or("key by the first object".into(), |key| format!("key {key}"));
            self.announcement.input(&input.name, &key);
        }
        self.tally = Tally::default();
        self.current = Some(input);
        Ok(true)
    }

    fn finish_input(&mut self) -> Result<(), SourceError> {
        let Some(input) = self.current.take() else {
            return Ok(());
        };
        let name = &input.name;
        if !self.tally.finish(name)? && self.inputs.is_first_pass() {
            tracing::warn!("{name} has no line");
        }
        Ok(())
    }
}

impl JsonLinesInput {
    fn open(
        path: &Path,
        options: &JsonLinesOptions,
        watch: &InputWatch,
    ) -> Result<Self, SourceError> {
        let OpenInput {
            name,
            short_name,
            reader,
            patience,
        } = input::open(path, TextForm::JsonLines, watch)?;
        patience.end();
        Ok(Self {
            name,
            source: short_name,
            lines: LineReader::new(reader, options.limit),
            fields: None,
            texts: FieldTexts::default(),
            time: None,
            number: 0,
        })
    }

    /// Takes key and time of the line at hand, or says why it is no record.
    fn read_object(&mut self, options: &JsonLinesOptions) -> Result<(), LineProblem> {
        self.number += 1;
        let line = self.lines.text();
        let fields = match &mut self.fields {
            Some(fields) => fields,
            none => none.insert(usual_fields(line, options)?),
        };
        read_fields(line, fields, &mut self.texts)?;
        if options.time.needed_by.is_some() {
            let time = options.time.read(&self.texts.time);
            self.time = time.map_err(|reason| {
                let field = fields.time.as_deref().unwrap_or_default();
                LineProblem::Bad(format!("field {field:?}: {reason}"))
            })?;
        }
        Ok(())
    }

    fn row_text(&self) -> RowText<'_> {
        RowText {
            line: self.lines.number(),
            raw: self.lines.text(),
        }
    }

    fn rejected(&self, reason: String) -> BadRow {
        let RowText { line, raw } = self.row_text();
        BadRow {
            line,
            reason,
            raw: raw.to_vec(),
        }
    }
}

/// The fields that the options name, and for the others those of the first object that have a
/// usual name.
fn usual_fields(first: &[u8], options: &JsonLinesOptions) -> Result<ObjectFields, LineProblem> {
    let names = names(first)?;
    let by_place = |at: Option<usize>| at.map(|at| names[at].clone());
    let symbol = by_place(symbol_column(names.iter().map(String::as_str)));
    let date = by_place(date_column(names.iter().map(String::as_str)));
    let time = options.time.columns.first().cloned().or(date);
    match options.time.needed_by {
        Some(flag) if time.is_none() => Err(LineProblem::Unfit(format!(
            "has no field that we know as a time, and {flag} needs one; name it with \
             --time-column: the first object has {}",
            names.join(", ")
        ))),
        _ => Ok(ObjectFields {
            key: options.key.clone().or(symbol),
            time,
        }),
    }
}

fn some_text(text: &[u8]) -> Option<&[u8]> {
    (!text.trim_ascii().is_empty()).then_some(text)
}

/// Opens every file once and reads its first object, so that a mistake in the last file is found
/// before the first one is sent. Leaves stdin and pipes alone.
pub(crate) fn check(
    paths: &[PathBuf],
    options: &JsonLinesOptions,
    watch: &InputWatch,
) -> Result<(), SourceError> {
    for path in paths {
        if input::check(path)?.is_none() {
            continue;
        }
        let mut input = JsonLinesInput::open(path, options, &watch.uncounted())?;
        let line = input.lines.next();
        let name = input.name.clone();
        let line = line.map_err(|error| SourceError::io(&name, &error))?;
        if line == NextLine::Line
            && let Err(LineProblem::Unfit(reason)) = input.read_object(options)
        {
            return Err(SourceError::Unfit { name, reason });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str, options: JsonLinesOptions) -> JsonLinesSource {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.jsonl");
        std::fs::write(&path, text).unwrap();
        let announcement = Announcement {
            verb: "reading",
            target: String::new(),
        };
        let watch = InputWatch::default();
        let mut source = JsonLinesSource::new(vec![path], options, watch, announcement);
        source.open_next().unwrap();
        source
    }

    fn options() -> JsonLinesOptions {
        JsonLinesOptions {
            key: None,
            time: TimeOptions::usual(),
            limit: 100,
        }
    }

    #[test]
    fn objects_are_sent_as_they_are_with_key_and_time() {
        let mut source = source(
            " {\"Symbol\":\"A\", \"Date\":\"1970-01-02\"}\r\n\n[1]\n{\"Date\":null}\n",
            JsonLinesOptions {
                time: TimeOptions {
                    needed_by: Some("--speed"),
                    ..TimeOptions::usual()
                },
                ..options()
            },
        );
        assert_eq!(source.advance().unwrap(), Advance::Record);
        let (record, origin) = (source.record(), source.origin());
        assert_eq!(record.value, b"{\"Symbol\":\"A\", \"Date\":\"1970-01-02\"}");
        assert_eq!(
            (record.key, record.time, origin.row, origin.event_time),
            (
                Some(b"A".as_slice()),
                Some(86_400_000),
                1,
                Some(b"1970-01-02".as_slice())
            )
        );
        assert_eq!(source.advance().unwrap(), Advance::Bad);
        let bad = source.bad();
        assert_eq!((bad.line, bad.reason.as_str()), (3, "not a JSON object"));
        assert_eq!(source.advance().unwrap(), Advance::Record);
        let record = source.record();
        assert_eq!(
            (record.key, record.time, source.origin().row),
            (None, None, 3)
        );
        assert_eq!(source.advance().unwrap(), Advance::End);
        source.begin_pass();
        assert!(source.advance().is_err(), "the file is gone");
    }

    #[test]
    fn a_time_that_is_needed_must_have_a_field() {
        let mut source = source(
            "{\"a\":1,\"b\":2}\n",
            JsonLinesOptions {
                time: TimeOptions {
                    needed_by: Some("--speed"),
                    ..TimeOptions::usual()
                },
                ..options()
            },
        );
        let error = source.advance().unwrap_err().to_string();
        let expected = "has no field that we know as a time, and --speed needs one; name it with \
                        --time-column: the first object has a, b";
        assert!(error.ends_with(expected), "{error}");
    }
}
