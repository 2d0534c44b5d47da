//! What a row of the CSV must look like as an object: the checker's own way from cells to JSON.
//!
//! It takes the types of the columns from `schema`, but deliberately nothing that writes JSON
//! there: an error in the producer's code must not be repeated here. Speed does not matter. A
//! number keeps the digits it has in the text.

use anyhow::{Context, bail};
use csv::ByteRecord;
use schema::{ColumnType, CsvColumn, FieldNames, Schema, snake};

/// Numbers that are missing, in lower case.
const MISSING: [&str; 7] = ["", "null", "nan", "none", "na", "n/a", "#n/a"];
/// Names of the column with the closing price of a day, in snake case, the best first.
const CLOSE: [&str; 5] = ["close", "close_price", "price", "last", "adj_close"];

/// The columns of a CSV.
pub(crate) struct InputTable {
    columns: Vec<CsvColumn>,
    symbol: Option<usize>,
    close: Option<usize>,
}

impl InputTable {
    /// Reads a header.
    ///
    /// # Errors
    /// If it has no names, or two of them clash, or its fields are not separated by commas.
    pub(crate) fn new(header: &ByteRecord) -> anyhow::Result<Self> {
        let names: Result<Vec<&str>, _> = header.iter().map(std::str::from_utf8).collect();
        let names = names.context("the header is not valid UTF-8; save the file as UTF-8")?;
        if let [only] = names.as_slice()
            && only.contains([';', '\t', '|'])
        {
            bail!(
                "the fields are not separated by commas, which the demo needs; the producer has --delimiter"
            );
        }
        let schema = Schema::from_header(names, &[], FieldNames::Original)?;
        let close = |name: &str| {
            let of_name = |column: &CsvColumn| {
                column.kind == ColumnType::Number && snake(&column.header) == name
            };
            schema.columns().iter().position(of_name)
        };
        Ok(Self {
            columns: schema.columns().to_vec(),
            symbol: schema.symbol(),
            close: CLOSE.iter().find_map(|name| close(name)),
        })
    }

    /// The place of the symbol, if a column has a name for it.
    pub(crate) fn symbol(&self) -> Option<usize> {
        self.symbol
    }

    /// The place of the closing price, if a column has a name for it and holds numbers.
    pub(crate) fn close(&self) -> Option<usize> {
        self.close
    }

    /// The key of a column in the JSON objects.
    pub(crate) fn name(&self, column: usize) -> &str {
        &self.columns[column].name
    }

    /// The row as a JSON object, keys in the header's order.
    ///
    /// # Errors
    /// The reason why the row is not a record.
    pub(crate) fn json(&self, row: &ByteRecord) -> Result<String, String> {
        if row.len() != self.columns.len() {
            let (found, expected) = (row.len(), self.columns.len());
            return Err(format!("{found} fields where the header has {expected}"));
        }
        let mut fields = Vec::with_capacity(row.len());
        for (column, cell) in self.columns.iter().zip(row) {
            let of_column = |reason: String| format!("column {:?}: {reason}", column.name);
            let cell =
                std::str::from_utf8(cell).map_err(|_| of_column("not valid UTF-8".into()))?;
            let value = match column.kind {
                ColumnType::String if cell.trim_ascii().is_empty() => "null".to_owned(),
                ColumnType::String => quoted(cell),
                // The demo types no column: all others are plain numbers.
                _ => number(cell).map_err(of_column)?,
            };
            fields.push(format!("{}:{value}", quoted(&column.name)));
        }
        Ok(format!("{{{}}}", fields.join(",")))
    }
}

/// The number in a cell, if there is one.
pub(crate) fn value(cell: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(cell).ok()?.trim_ascii();
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

fn quoted(text: &str) -> String {
    let mut json = String::from('"');
    for letter in text.chars() {
        match letter {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            '\0'..' ' => json.push_str(&format!("\\u{:04x}", u32::from(letter))),
            _ => json.push(letter),
        }
    }
    json.push('"');
    json
}

/// A number as JSON: the digits as they stand, but `+5`, `007`, `.5` and `5.` as `5`, `7`, `0.5`
/// and `5.0`.
fn number(cell: &str) -> Result<String, String> {
    let text = cell.trim_ascii();
    if MISSING.contains(&text.to_ascii_lowercase().as_str()) {
        return Ok("null".to_owned());
    }
    if value(text.as_bytes()).is_none() {
        let shown: String = text.chars().take(40).collect();
        return Err(format!("{shown:?} is not a number"));
    }
    let sign = if text.starts_with('-') { "-" } else { "" };
    let digits = text.trim_start_matches(['+', '-']);
    let (digits, exponent) = digits.split_at(digits.find(['e', 'E']).unwrap_or(digits.len()));
    let (whole, fraction) = match digits.split_once('.') {
        None => (digits, String::new()),
        Some((whole, "")) => (whole, ".0".to_owned()),
        Some((whole, fraction)) => (whole, format!(".{fraction}")),
    };
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        whole => whole,
    };
    Ok(format!("{sign}{whole}{fraction}{exponent}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(header: &[&str]) -> anyhow::Result<InputTable> {
        InputTable::new(&ByteRecord::from(header.to_vec()))
    }

    fn json(header: &[&str], row: &[&str]) -> Result<String, String> {
        table(header).unwrap().json(&ByteRecord::from(row.to_vec()))
    }

    #[test]
    fn a_row_is_an_object_with_its_digits_in_the_order_of_the_header() {
        let row = json(
            &["Date", "Close", "Note"],
            &["2001-02-03", "1.4430001300000002", "a \"b\"\u{8}"],
        );
        let expected = r#"{"Date":"2001-02-03","Close":1.4430001300000002,"Note":"a \"b\"\u0008"}"#;
        assert_eq!(row.unwrap(), expected);
        assert_eq!(
            json(&["Name", "Open"], &[" ", "NaN"]).unwrap(),
            r#"{"Name":null,"Open":null}"#
        );
    }

    #[test]
    fn the_producer_writes_the_same_for_every_form_of_a_number() {
        for text in [
            "5", "+5", "007", ".5", "-.5", "5.", "1e5", "1.50E-03", "-0", "00", "+.5e3", " 1.0 ",
            "n/a", "1,234", "x", "1e400", "inf", "-nan", "--1", "",
        ] {
            let mut theirs = Vec::new();
            let accepted = schema::append_cell(ColumnType::Number, text.as_bytes(), &mut theirs);
            let ours = number(text);
            assert_eq!(ours.is_ok(), accepted.is_ok(), "{text:?}");
            assert_eq!(ours.unwrap_or_default().as_bytes(), theirs, "{text:?}");
        }
    }

    #[test]
    fn symbol_and_close_are_found_under_their_usual_names() {
        let found = |header: &[&str]| {
            let table = table(header).unwrap();
            (table.symbol(), table.close())
        };
        assert_eq!(
            found(&["Index", "Date", "Adj Close", "Close"]),
            (Some(0), Some(3))
        );
        assert_eq!(found(&["date", "close", "Name"]), (Some(2), Some(1)));
        assert_eq!(found(&["Ticker", "Close/Last"]), (Some(0), None));
    }

    #[test]
    fn a_row_or_header_that_cannot_be_read_says_why() {
        assert_eq!(
            json(&["a", "b"], &["1"]).unwrap_err(),
            "1 fields where the header has 2"
        );
        assert_eq!(
            json(&["Open"], &["x"]).unwrap_err(),
            r#"column "Open": "x" is not a number"#
        );
        assert!(
            table(&["a;b"])
                .err()
                .unwrap()
                .to_string()
                .contains("--delimiter")
        );
    }
}
