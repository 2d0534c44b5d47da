//! The lines above the rows: what they say about the columns, and whether they are a header at all.
//!
//! Knows the forms that exports really have (a `sep=` line, lines of tickers) and refuses what
//! would give every record wrong names. Looks ahead only at what was read already, so that the
//! first rows of a pipe are not held up; where the first line may be one of several that make a
//! header, it waits for the others.

use std::{
    borrow::Cow,
    io::{self, Read},
};

use schema::{
    CsvColumn, FieldNames, RowError, Schema, TypedColumn, is_stock_name, parse_date, same_field,
};

use super::{
    column_hint::column_hint,
    records::{CsvReader, Dialect, NextRecord, Spoiled},
};
use crate::source::time_options::TimeOptions;

/// How many rows are looked at to tell a header from a line above it.
const ROWS_LOOKED_AT: usize = 10;

/// The field that holds the symbol where no column does.
const SYMBOL: &str = "Symbol";

/// How inputs are read.
#[derive(Debug, Clone)]
pub(crate) struct TableOptions {
    /// `None`: what a `sep=` line says, else a comma.
    pub(crate) delimiter: Option<u8>,
    pub(crate) escape: Option<u8>,
    /// Lines left out at the top of each input.
    pub(crate) skip_lines: u64,
    pub(crate) header: HeaderSource,
    pub(crate) columns: Vec<TypedColumn>,
    pub(crate) names: FieldNames,
    pub(crate) symbol_from_file_name: bool,
    pub(crate) key_column: Option<String>,
    pub(crate) renamed: Vec<RenamedColumn>,
    pub(crate) time: TimeOptions,
    /// The largest row, in bytes.
    pub(crate) limit: usize,
}

/// A column that gets another name than the header has for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenamedColumn {
    /// The name in the header, whatever the case.
    pub old: String,
    /// The name that it gets.
    pub new: String,
}

/// Where the names of the columns come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum HeaderSource {
    /// The first line, if it looks like a header.
    Checked,
    /// The first line, whatever it looks like.
    FirstLine,
    /// These; the first line is a row.
    Names(Vec<String>),
}

/// What a header says about the rows below it.
#[derive(Debug)]
pub(crate) struct CsvHeader {
    /// The header as it is in the input; of several lines in some forms.
    pub(crate) raw: Vec<u8>,
    pub(crate) schema: Schema,
    /// Whether the name of each column is blank in the input.
    blank: Vec<bool>,
    /// Whether the type of each column is the one we know it by.
    guessed: Vec<bool>,
    /// The symbol of every row, where no column holds it.
    pub(crate) symbol: Option<ConstantSymbol>,
    /// The column of the record key.
    pub(crate) key: Option<usize>,
    /// The columns of the event time: none, or one, or several whose texts are read as one.
    pub(crate) times: Vec<usize>,
}

/// A symbol that stands above the rows or in the name of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConstantSymbol {
    /// The name of its field.
    pub(crate) name: String,
    pub(crate) text: String,
    /// Whether it is the key of the records.
    pub(crate) is_key: bool,
}

impl CsvHeader {
    /// Why a row is not a record, with the type that would take its bad cell.
    pub(crate) fn described(&self, error: &RowError) -> String {
        match column_hint(&self.schema, &self.guessed, error) {
            Some(hint) => format!("{error}; {hint}"),
            None => error.to_string(),
        }
    }

    /// The columns that the header has no name for: their places, from 1, and the names we gave
    /// them.
    pub(crate) fn unnamed(&self) -> impl Iterator<Item = (usize, &str)> {
        let columns = self.schema.columns().iter().zip(&self.blank).zip(1..);
        columns
            .filter(|((_, blank), _)| **blank)
            .map(|((column, _), place)| (place, column.name.as_str()))
    }
}

/// Names for the columns, and a symbol if the header has one.
struct Heading {
    raw: Vec<u8>,
    line: u64,
    names: Vec<String>,
    symbol: Option<String>,
}

impl TableOptions {
    /// The signs by which an input without a `sep=` line is cut.
    pub(crate) fn dialect(&self) -> Dialect {
        Dialect {
            delimiter: self.delimiter.unwrap_or(b','),
            escape: self.escape,
        }
    }

    /// What is wrong with lines that are no record.
    pub(crate) fn described(&self, spoiled: Spoiled, raw: &[u8]) -> String {
        let reason = match spoiled {
            Spoiled::TooLong => return format!("longer than {} bytes", self.limit),
            Spoiled::OpenWithinLimit => {
                Cow::Owned(format!("a quote is not closed within {} bytes", self.limit))
            }
            Spoiled::OpenAtEnd => "a quote is not closed".into(),
            Spoiled::TextAfterQuote { spans_lines: false } => "text after a closing quote".into(),
            Spoiled::TextAfterQuote { spans_lines: true } => {
                "a quote is not closed: text follows the next one, on a later line".into()
            }
        };
        if self.escape.is_none() && raw.windows(2).any(|two| two == b"\\\"") {
            format!("{reason}; if a backslash takes the meaning of a quote away, add --escape '\\'")
        } else {
            reason.into_owned()
        }
    }
}

/// Reads everything above the rows. The inner error is what the input, whose name comes before it,
/// has that it should not have.
pub(crate) fn read_header<R: Read>(
    records: &mut CsvReader<R>,
    options: &TableOptions,
    short_name: &str,
) -> io::Result<Result<CsvHeader, String>> {
    for _ in 0..options.skip_lines {
        records.skip_line()?;
    }
    let dialect = skip_separator_line(records, options)?;
    if dialect.escape == Some(dialect.delimiter) {
        return Ok(Err(format!(
            "has the --escape character as its delimiter ({:?}); give the right one with --delimiter, or leave out --escape",
            char::from(dialect.delimiter)
        )));
    }
    let heading = match &options.header {
        HeaderSource::Names(names) => Ok(Heading {
            raw: names
                .join(&char::from(dialect.delimiter).to_string())
                .into_bytes(),
            line: 0,
            names: names.clone(),
            symbol: None,
        }),
        HeaderSource::Checked | HeaderSource::FirstLine => heading(records, options, dialect)?,
    };
    Ok(heading.and_then(|heading| header(heading, options, short_name)))
}

/// Takes the line by which Excel is told the delimiter, if there is one. An explicit delimiter
/// wins.
fn skip_separator_line<R: Read>(
    records: &mut CsvReader<R>,
    options: &TableOptions,
) -> io::Result<Dialect> {
    let mut dialect = options.dialect();
    let line = records.peek_line()?;
    let bare = line.strip_prefix(b"\"").unwrap_or(line);
    let bare = bare.strip_suffix(b"\"").unwrap_or(bare);
    if let Some((b"sep=", &[separator])) = bare
        .split_at_checked(4)
        .map(|(name, value)| (name.to_ascii_lowercase(), value))
        .as_ref()
        .map(|(name, value)| (name.as_slice(), *value))
    {
        dialect.delimiter = options.delimiter.unwrap_or(separator);
        records.skip_line()?;
        records.set_dialect(dialect);
    }
    Ok(dialect)
}

/// Reads the header line, or the three lines of a finance library's export.
fn heading<R: Read>(
    records: &mut CsvReader<R>,
    options: &TableOptions,
    dialect: Dialect,
) -> io::Result<Result<Heading, String>> {
    let record = match records.next()? {
        NextRecord::Record(record) => record,
        NextRecord::Spoiled {
            spoiled: Spoiled::TooLong,
            ..
        } => {
            return Ok(Err(format!(
                "has no header line within {} bytes",
                options.limit
            )));
        }
        NextRecord::Spoiled { line, spoiled, raw } => {
            let reason = options.described(spoiled, raw);
            return Ok(Err(format!(
                "line {line}: the header cannot be read: {reason}"
            )));
        }
        NextRecord::End => return Ok(Err("is empty: it has no header line".to_owned())),
    };
    let decoded: Result<Vec<String>, _> = record
        .fields()
        .map(|name| std::str::from_utf8(name).map(str::to_owned))
        .collect();
    let Ok(names) = decoded else {
        let reason = "has a header that is not valid UTF-8; save the file as UTF-8";
        return Ok(Err(reason.to_owned()));
    };
    let mut heading = Heading {
        raw: record.raw.to_vec(),
        line: record.line,
        names,
        symbol: None,
    };
    if may_begin_ticker_form(&heading.names) {
        records.wait_for_lines(2)?;
    }
    let (next_line, rest) = records.lines_at_hand();
    let rows = first_rows(rest, next_line, dialect, options.limit);
    if options.header == HeaderSource::Checked
        && let Some(problem) = no_header(&heading, &rows, dialect, options)
    {
        return Ok(Err(problem));
    }
    if let [tickers, index, ..] = rows.as_slice()
        && is_ticker_form(&heading.names, tickers, index)
    {
        match with_ticker(&mut heading, tickers, index) {
            Ok(()) => {
                records.next()?;
                records.next()?;
            }
            Err(problem) => return Ok(Err(problem)),
        }
    }
    Ok(Ok(heading))
}

/// A row below the header, for a look at its form.
struct FirstRow {
    line: u64,
    raw: Vec<u8>,
    fields: Vec<String>,
}

fn first_rows(text: &[u8], line: u64, dialect: Dialect, limit: usize) -> Vec<FirstRow> {
    let mut records = CsvReader::new(text, dialect, limit);
    let mut rows = Vec::new();
    while rows.len() < ROWS_LOOKED_AT {
        // Reading from memory cannot fail.
        let Ok(NextRecord::Record(record)) = records.next() else {
            break;
        };
        rows.push(FirstRow {
            line: line + record.line - 1,
            raw: record.raw.to_vec(),
            fields: record
                .fields()
                .map(|field| String::from_utf8_lossy(field).into_owned())
                .collect(),
        });
    }
    rows
}

/// Why the first line is no header, if it looks like something else.
fn no_header(
    heading: &Heading,
    rows: &[FirstRow],
    dialect: Dialect,
    options: &TableOptions,
) -> Option<String> {
    let names: Vec<&str> = heading.names.iter().map(String::as_str).collect();
    let other = match names.as_slice() {
        [only] => other_delimiter(only, dialect.delimiter).map(|found| (*only, found)),
        _ => None,
    };
    let cells: Vec<&str> = match other {
        Some((only, found)) => only.split(char::from(found.byte)).collect(),
        None => names,
    };
    if looks_like_data(&cells) {
        let fields = cells.len();
        let delimiter = other.map_or(String::new(), |(_, found)| {
            format!(", and add --delimiter {}", found.shown)
        });
        return Some(format!(
            "has no header line: line {} looks like data of {fields} fields; name the columns with \
             --header A,B,… (or --header first-line to take it as it is){delimiter}",
            heading.line
        ));
    }
    if let Some((only, found)) = other {
        let shown: String = only.chars().take(60).collect();
        let found = found.shown;
        return Some(format!(
            "has one column, {shown:?}: its fields seem to be separated by {found}; add --delimiter {found}"
        ));
    }
    let (fields, first) = usual_fields(rows)?;
    let skipped = first.line - 1;
    // The line that names the delimiter is left out with the others.
    let delimiter = match dialect.delimiter == options.dialect().delimiter {
        true => String::new(),
        false => format!(" --delimiter {}", shown_delimiter(dialect.delimiter)),
    };
    (fields > cells.len()).then(|| {
        format!(
            "has more fields in its rows ({fields}) than in its header on line {} ({}); if that is \
             no header, leave it out with --skip-lines {skipped}{delimiter}, or give all names with \
             --skip-lines {}{delimiter} --header A,B,…",
            heading.line,
            cells.len(),
            heading.line,
        )
    })
}

/// The number of fields of most rows, and the first row that has it; `None` if there is no such
/// number.
fn usual_fields(rows: &[FirstRow]) -> Option<(usize, &FirstRow)> {
    rows.iter().find_map(|row| {
        let fields = row.fields.len();
        let alike = rows
            .iter()
            .filter(|other| other.fields.len() == fields)
            .count();
        (alike >= 2 && alike * 2 > rows.len()).then_some((fields, row))
    })
}

/// Whether half of the cells are numbers or dates, and the others do not show that it is a header
/// all the same: a known name in the first cell does, and two anywhere. One alone may be a value,
/// as `bid` is in `1698364800000,AAPL,bid,100.5,200`.
fn looks_like_data(cells: &[&str]) -> bool {
    let data = cells.iter().filter(|cell| is_number_or_date(cell)).count();
    let known = cells.iter().filter(|cell| is_stock_name(cell)).count();
    let begins_known = cells.first().is_some_and(|cell| is_stock_name(cell));
    data > 0 && data * 2 >= cells.len() && known < 2 && !begins_known
}

fn is_number_or_date(cell: &str) -> bool {
    let cell = cell.trim();
    let mut parts = cell.split(['-', '/', '.', ' ', ':', 'T', 'Z', '+']);
    let is_short_number =
        |part: &str| part.len() <= 9 && part.bytes().all(|byte| byte.is_ascii_digit());
    let starts_with_digit = cell.starts_with(|first: char| first.is_ascii_digit());
    (cell.parse::<f64>().is_ok() && cell.contains(|sign: char| sign.is_ascii_digit()))
        || parse_date(cell).is_some()
        || (starts_with_digit && parts.all(is_short_number))
}

/// Whether a text stands above the index of a data frame with two levels of column names.
fn is_level_label(text: &str) -> bool {
    matches!(
        text.trim().to_ascii_lowercase().as_str(),
        "" | "price" | "ticker" | "attributes" | "symbols"
    )
}

/// Whether the first line may be one of those that [`is_ticker_form`] looks for.
fn may_begin_ticker_form(names: &[String]) -> bool {
    names.len() >= 2 && is_level_label(&names[0])
}

/// Whether the three lines are the header of a data frame with two levels of column names: names
/// and tickers, in either order, then the name of the index alone.
fn is_ticker_form(names: &[String], second: &FirstRow, third: &FirstRow) -> bool {
    let [first_of_index, others @ ..] = third.fields.as_slice() else {
        return false;
    };
    may_begin_ticker_form(names)
        && second.fields.len() == names.len()
        && third.fields.len() == names.len()
        && is_level_label(&second.fields[0])
        && !first_of_index.trim().is_empty()
        && others.iter().all(|cell| cell.trim().is_empty())
}

/// Makes one header out of the three lines if they are about one ticker.
fn with_ticker(heading: &mut Heading, second: &FirstRow, index: &FirstRow) -> Result<(), String> {
    let is_known = |cells: &[String]| cells.iter().skip(1).any(|cell| is_stock_name(cell));
    let (names, tickers) = if is_known(&heading.names) || !is_known(&second.fields) {
        (&heading.names, &second.fields)
    } else {
        (&second.fields, &heading.names)
    };
    let ticker = tickers[1].trim();
    if let Some(other) = tickers.iter().skip(2).find(|other| other.trim() != ticker) {
        return Err(format!(
            "has the three header lines of a data frame with several tickers side by side \
             ({ticker}, {other}, …); save one file a ticker, or one row a ticker and date \
             (pandas: stack the tickers before to_csv)"
        ));
    }
    if ticker.is_empty() {
        return Err(
            "has three header lines, but no ticker in them; leave out what is no header \
                    with --skip-lines N, or give the names with --header A,B,…"
                .to_owned(),
        );
    }
    let mut columns = vec![index.fields[0].clone()];
    columns.extend_from_slice(&names[1..]);
    let raw = [heading.raw.as_slice(), &second.raw, &index.raw].join(b"\n".as_slice());
    heading.symbol = Some(ticker.to_owned());
    (heading.names, heading.raw) = (columns, raw);
    Ok(())
}

fn header(
    mut heading: Heading,
    options: &TableOptions,
    short_name: &str,
) -> Result<CsvHeader, String> {
    rename(&mut heading.names, &options.renamed)?;
    let names = heading.names.iter().map(String::as_str);
    let schema =
        Schema::from_header(names, &options.columns, options.names).map_err(
            |error| match heading.line {
                0 => format!("does not go with --header: {error}"),
                line => format!("line {line}: {error}"),
            },
        )?;
    let symbol = match (heading.symbol, options.symbol_from_file_name) {
        (None, true) => Some(symbol_of_file(short_name)?),
        (symbol, _) => symbol,
    };
    let name = options.names.apply(SYMBOL);
    if symbol.is_some() {
        // Other names that we take for a symbol's by themselves may be something else.
        let is_symbol = |column: &&CsvColumn| {
            let certain = ["symbol", "ticker", "stock symbol", "ticker symbol"];
            let mut certain = certain.iter();
            certain.any(|certain| same_field(certain, &column.header))
                || column.name.eq_ignore_ascii_case(&name)
        };
        if let Some(CsvColumn { header, .. }) = schema.columns().iter().find(is_symbol) {
            return Err(format!(
                "has the symbol in the column {header:?}; leave out --symbol-from-file-name"
            ));
        }
    }
    let mut symbol = symbol.map(|text| ConstantSymbol {
        name,
        text,
        is_key: options.key_column.is_none(),
    });
    let key = match (&options.key_column, &mut symbol) {
        (None, Some(_)) => None,
        (None, None) => schema.symbol(),
        (Some(name), Some(symbol)) if name.trim().eq_ignore_ascii_case(SYMBOL) => {
            symbol.is_key = true;
            None
        }
        (Some(name), _) => Some(
            schema
                .position(name)
                .ok_or_else(|| format!("has no --key-column: {}", schema.unknown(name)))?,
        ),
    };
    let times = time_columns(&schema, &options.time)?;
    let blank = heading.names.iter().map(|name| name.trim().is_empty());
    let is_typed = |name: &str| {
        let mut typed = options.columns.iter();
        typed.any(|column| column.name.to_lowercase() == name.to_lowercase())
    };
    let columns = schema.columns().iter();
    let guessed = columns.map(|column| !is_typed(&column.header) && !is_typed(&column.name));
    Ok(CsvHeader {
        blank: blank.collect(),
        guessed: guessed.collect(),
        raw: heading.raw,
        schema,
        symbol,
        key,
        times,
    })
}

/// Gives columns their new names.
fn rename(names: &mut [String], renamed: &[RenamedColumn]) -> Result<(), String> {
    let header = names.join(", ");
    for RenamedColumn { old, new } in renamed {
        let is_old = |name: &&mut String| name.trim().to_lowercase() == old.to_lowercase();
        let Some(name) = names.iter_mut().find(is_old) else {
            return Err(format!(
                "has no column to rename: column {old:?} is not in the header, which has {header}"
            ));
        };
        new.clone_into(name);
    }
    Ok(())
}

/// The columns whose texts say when a row happened.
fn time_columns(schema: &Schema, options: &TimeOptions) -> Result<Vec<usize>, String> {
    let place = |name: &String| {
        let place = schema.position(name);
        place.ok_or_else(|| format!("has no --time-column: {}", schema.unknown(name)))
    };
    let mut columns: Vec<usize> = options
        .columns
        .iter()
        .map(place)
        .collect::<Result<_, _>>()?;
    if columns.is_empty() {
        columns.extend(schema.date());
    }
    match options.needed_by {
        Some(flag) if columns.is_empty() => {
            let names = schema.columns().iter().map(|column| column.header.as_str());
            let header: Vec<_> = names.collect();
            Err(format!(
                "has no column that we know as a time, and {flag} needs one; name it with \
                 --time-column: the header has {}",
                header.join(", ")
            ))
        }
        _ => Ok(columns),
    }
}

/// The name of the file without the endings that say what kind of file it is: `aapl.us` for
/// `aapl.us.txt.gz`.
fn symbol_of_file(name: &str) -> Result<String, String> {
    let mut symbol = name;
    for endings in [["gz", "zst"].as_slice(), &["csv", "txt", "tsv", "dat"]] {
        if let Some((before, ending)) = symbol.rsplit_once('.')
            && endings
                .iter()
                .any(|known| known.eq_ignore_ascii_case(ending))
        {
            symbol = before;
        }
    }
    match symbol.trim() {
        "" => Err("has no symbol in its name for --symbol-from-file-name".to_owned()),
        symbol => Ok(symbol.to_owned()),
    }
}

/// A delimiter as a byte and as `--delimiter` takes it.
#[derive(Debug, Clone, Copy)]
struct UsualDelimiter {
    byte: u8,
    shown: &'static str,
}

const USUAL_DELIMITERS: [UsualDelimiter; 4] = [
    UsualDelimiter {
        byte: b',',
        shown: "','",
    },
    UsualDelimiter {
        byte: b';',
        shown: "';'",
    },
    UsualDelimiter {
        byte: b'\t',
        shown: "tab",
    },
    UsualDelimiter {
        byte: b'|',
        shown: "'|'",
    },
];

/// A delimiter as `--delimiter` takes it.
fn shown_delimiter(delimiter: u8) -> String {
    let mut usual = USUAL_DELIMITERS.iter();
    usual.find(|usual| usual.byte == delimiter).map_or_else(
        || format!("'{}'", char::from(delimiter)),
        |usual| usual.shown.to_owned(),
    )
}

/// A usual delimiter in a header that looks like one column.
fn other_delimiter(only: &str, delimiter: u8) -> Option<UsualDelimiter> {
    USUAL_DELIMITERS
        .into_iter()
        .find(|usual| usual.byte != delimiter && only.as_bytes().contains(&usual.byte))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The options without any flag.
    pub(crate) fn options() -> TableOptions {
        TableOptions {
            delimiter: None,
            escape: None,
            skip_lines: 0,
            header: HeaderSource::Checked,
            columns: Vec::new(),
            names: FieldNames::Original,
            symbol_from_file_name: false,
            key_column: None,
            renamed: Vec::new(),
            time: TimeOptions::usual(),
            limit: 1000,
        }
    }

    fn open(text: &[u8], options: &TableOptions) -> Result<CsvHeader, String> {
        let mut records = CsvReader::new(text, options.dialect(), options.limit);
        read_header(&mut records, options, "aapl.us.txt").unwrap()
    }

    #[test]
    fn headers_that_cannot_be_right_are_refused_with_the_fix() {
        let message = |text: &[u8], options: &TableOptions| open(text, options).err().unwrap();
        assert_eq!(message(b"", &options()), "is empty: it has no header line");
        assert_eq!(
            message(b"\n\r\n", &options()),
            "is empty: it has no header line"
        );
        let other = "has one column, \"Index;Date\": its fields seem to be separated by ';'; add --delimiter ';'";
        assert_eq!(message(b"Index;Date\na;b\n", &options()), other);
        assert!(
            message(
                b"a,b\n",
                &TableOptions {
                    delimiter: Some(b'\t'),
                    ..options()
                }
            )
            .contains("add --delimiter ','")
        );
        assert!(message(b"a,\xff\n", &options()).contains("not valid UTF-8"));
        assert!(message(b"a,a\n", &options()).contains("line 1: column \"a\" appears twice"));
        assert!(message(&[b'x'; 5000], &options()).contains("no header line within 1000 bytes"));
        let missing = message(
            b"a,b\n",
            &TableOptions {
                key_column: Some("Symbol".into()),
                ..options()
            },
        );
        assert_eq!(
            missing,
            "has no --key-column: column \"Symbol\" is not in the header, which has a, b"
        );
    }

    #[test]
    fn a_header_with_a_quote_left_open_is_refused() {
        for (text, reason) in [
            (b"a,\"b\n1,2\n".as_slice(), "a quote is not closed"),
            (
                b"a,\"b\n1,\"2\"\n",
                "a quote is not closed: text follows the next one, on a later line",
            ),
            (b"a,\"b\"c\n1,2\n", "text after a closing quote"),
        ] {
            assert_eq!(
                open(text, &options()).err().unwrap(),
                format!("line 1: the header cannot be read: {reason}")
            );
        }
    }

    #[test]
    fn a_header_of_three_lines_is_one_however_it_arrives() {
        // Bug: what one read had delivered decided whether the lines were looked at.
        let lines = [
            ",Close,Open\n",
            ",MSFT,MSFT\n",
            "Date,,",
            "\n2023-02-17,1,2\n",
        ];
        let first = std::io::Cursor::new(lines[0]);
        let input = first.chain(lines[1].as_bytes()).chain(lines[2].as_bytes());
        let input = input.chain(lines[3].as_bytes());
        let options = options();
        let mut records = CsvReader::new(input, options.dialect(), options.limit);
        let header = read_header(&mut records, &options, "x").unwrap().unwrap();
        assert_eq!(header.symbol.unwrap().text, "MSFT");
        assert_eq!(header.schema.columns()[0].header, "Date");
        let NextRecord::Record(row) = records.next().unwrap() else {
            panic!("no row")
        };
        assert_eq!(row.line, 4);
    }

    #[test]
    fn a_delimiter_that_is_the_escape_character_is_refused() {
        let options = TableOptions {
            escape: Some(b';'),
            ..options()
        };
        let message = open(b"sep=;\na;b\n", &options).err().unwrap();
        assert!(message.contains("has the --escape character"), "{message}");
        assert!(open(b"a,b\n", &options).is_ok());
    }

    #[test]
    fn an_explicit_symbol_wins_over_a_column_that_may_be_one() {
        let options = TableOptions {
            symbol_from_file_name: true,
            ..options()
        };
        for header in ["index,Close\n", "Date,Name,Close\n", "code,x\n"] {
            let header = open(header.as_bytes(), &options).unwrap();
            let symbol = header.symbol.unwrap();
            assert_eq!((&*symbol.text, symbol.is_key), ("aapl.us", true));
            assert_eq!(header.key, None);
        }
        for (names, header) in [
            (FieldNames::Original, "Ticker,Close\n"),
            (FieldNames::Original, "index,SYMBOL\n"),
            (FieldNames::Snake, "Stock Symbol,Close\n"),
        ] {
            let options = TableOptions {
                names,
                ..options.clone()
            };
            let message = open(header.as_bytes(), &options).err().unwrap();
            assert!(
                message.contains("leave out --symbol-from-file-name"),
                "{message}"
            );
        }
    }

    #[test]
    fn symbols_are_taken_from_names_of_files() {
        for (name, symbol) in [
            ("aapl.us.txt", "aapl.us"),
            ("BRK.B.csv", "BRK.B"),
            ("^GSPC.CSV.gz", "^GSPC"),
            ("^GSPC.csv.zst", "^GSPC"),
            ("msft", "msft"),
            ("a.us", "a.us"),
        ] {
            assert_eq!(symbol_of_file(name).as_deref(), Ok(symbol));
        }
        assert!(symbol_of_file(".csv").is_err());
    }

    #[test]
    fn data_is_told_from_names() {
        for data in [
            ["1698364800000", "1.5", "x", "-2"].as_slice(),
            &["BBG1", "2020-06-08T07:04:00Z", "82.9", ""],
            &["03/06/2021", "12:30:05", "AAPL", "D"],
            // Bug: one word that may name a column made a row a header, and the row was lost.
            &["1698364800000", "AAPL", "bid", "100.5", "200"],
        ] {
            assert!(looks_like_data(data), "{data:?}");
        }
        for names in [
            ["Date", "2019", "2020", "2021"].as_slice(),
            &["Country", "Ticker", "Name", "2019", "2020", "2021"],
            &["x"],
            &["52W H", "52W L"],
            &["nan", "inf"],
            &["", ""],
            &["Country", "2019", "x"],
        ] {
            assert!(!looks_like_data(names), "{names:?}");
        }
    }
}
