//! One text cell becomes one JSON value, by hand: no detour through a float, no allocation.
//!
//! Does not know columns' names (see `row_encoder`). Invariant: what is appended is one valid JSON
//! value, or nothing and an error; a number that JSON allows is appended byte for byte.

use crate::{
    csv_column::ColumnType,
    human_number::{Mark, Written, append_human_number},
};

/// Why a cell is not a value of its column's type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CellError {
    /// Text in a number column.
    #[error("{text:?} is not a number")]
    NotANumber {
        /// The cell, at most its first 40 characters.
        text: String,
    },
    /// A number beyond about 1.8e308, which no reader of the table can hold.
    #[error("{text:?} is too large for a number")]
    TooLarge {
        /// The cell, at most its first 40 characters.
        text: String,
    },
    /// Bytes that are not UTF-8.
    #[error("not valid UTF-8")]
    NotUtf8,
}

/// Longer numbers may be beyond the range of a double even without an exponent.
const SURELY_IN_RANGE: usize = 300;

/// Values that mean "missing" in a number column, whatever their case. A blank cell means it, too.
const MISSING: [&[u8]; 6] = [b"null", b"nan", b"none", b"na", b"n/a", b"#n/a"];

/// Appends `cell` to `out` as a JSON value of a column of this type.
///
/// - String: escaped for JSON, otherwise unchanged; a blank cell is `null`.
/// - Number: blanks around it are dropped; `null`, `NaN`, `None`, `NA`, `N/A`, `#N/A` in any case,
///   and blank, are `null`. Numbers of JSON's grammar are copied as they are. `+5`, `007`, `.5` and
///   `5.` are written `5`, `7`, `0.5` and `5.0`: the same value, in the form JSON asks for.
///   Anything else is an error, `1,234` too: a comma may be thousands or decimals.
/// - Decimal point and decimal comma: as people write numbers, see [`ColumnType`]; what is missing
///   in a number column is `null` here, too.
///
/// # Errors
/// [`CellError`]; `out` is then as it was.
pub fn append_cell(kind: ColumnType, cell: &[u8], out: &mut Vec<u8>) -> Result<(), CellError> {
    match kind {
        ColumnType::String => append_string(cell, out),
        ColumnType::Number => append_number(cell, out),
        ColumnType::DecimalPoint => append_human(Mark::Point, cell, out),
        ColumnType::DecimalComma => append_human(Mark::Comma, cell, out),
    }
}

pub(crate) fn append_string(cell: &[u8], out: &mut Vec<u8>) -> Result<(), CellError> {
    if cell.trim_ascii().is_empty() {
        out.extend_from_slice(b"null");
        return Ok(());
    }
    if std::str::from_utf8(cell).is_err() {
        return Err(CellError::NotUtf8);
    }
    out.push(b'"');
    let mut rest = cell;
    while let Some(at) = rest
        .iter()
        .position(|&byte| byte < 0x20 || byte == b'"' || byte == b'\\')
    {
        out.extend_from_slice(&rest[..at]);
        append_escape(rest[at], out);
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
    Ok(())
}

fn append_escape(byte: u8, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    match byte {
        b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        _ => {
            out.extend_from_slice(b"\\u00");
            out.extend_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        }
    }
}

fn append_number(cell: &[u8], out: &mut Vec<u8>) -> Result<(), CellError> {
    let text = cell.trim_ascii();
    if is_plain(text) && text.len() < SURELY_IN_RANGE {
        out.extend_from_slice(text);
        return Ok(());
    }
    if is_missing(text) {
        out.extend_from_slice(b"null");
        return Ok(());
    }
    let start = out.len();
    let written = Decimal::parse(text).map(|number| number.append(out));
    let value = std::str::from_utf8(&out[start..])
        .ok()
        .and_then(|text| text.parse::<f64>().ok());
    let refused = match (written, value) {
        (Some(()), Some(value)) if value.is_finite() => return Ok(()),
        (Some(()), _) => CellError::TooLarge { text: shown(text) },
        (None, _) => CellError::NotANumber { text: shown(text) },
    };
    out.truncate(start);
    Err(refused)
}

fn append_human(mark: Mark, cell: &[u8], out: &mut Vec<u8>) -> Result<(), CellError> {
    let text = std::str::from_utf8(cell).map_err(|_| CellError::NotUtf8)?;
    let text = text.trim();
    if is_missing(text.as_bytes()) {
        out.extend_from_slice(b"null");
        return Ok(());
    }
    let start = out.len();
    match append_human_number(mark, text, out) {
        Some(Written::Missing) => out.extend_from_slice(b"null"),
        Some(Written::Number) if out.len() - start >= SURELY_IN_RANGE => {
            out.truncate(start);
            let text = shown(text.as_bytes());
            return Err(CellError::TooLarge { text });
        }
        Some(Written::Number) => {}
        None => {
            let text = shown(text.as_bytes());
            return Err(CellError::NotANumber { text });
        }
    }
    Ok(())
}

fn is_missing(text: &[u8]) -> bool {
    text.is_empty()
        || MISSING
            .iter()
            .any(|missing| missing.eq_ignore_ascii_case(text))
}

/// Whether the text is a JSON number without an exponent, as nearly every cell is.
fn is_plain(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let whole = leading_digits(digits);
    if whole == 0 || (whole > 1 && digits[0] == b'0') {
        return false;
    }
    match &digits[whole..] {
        [] => true,
        [b'.', fraction @ ..] => !fraction.is_empty() && leading_digits(fraction) == fraction.len(),
        _ => false,
    }
}

fn leading_digits(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// The parts of a decimal number; `fraction` is there if the point is.
struct Decimal<'a> {
    negative: bool,
    whole: &'a [u8],
    fraction: Option<&'a [u8]>,
    exponent: &'a [u8],
}

impl<'a> Decimal<'a> {
    fn parse(text: &'a [u8]) -> Option<Self> {
        let (negative, rest) = match text {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            rest => (false, rest),
        };
        let (whole, rest) = rest.split_at(leading_digits(rest));
        let (fraction, exponent) = match rest {
            [b'.', rest @ ..] => {
                let (fraction, exponent) = rest.split_at(leading_digits(rest));
                (Some(fraction), exponent)
            }
            rest => (None, rest),
        };
        let has_digits = !whole.is_empty() || fraction.is_some_and(|fraction| !fraction.is_empty());
        (has_digits && is_exponent(exponent)).then_some(Self {
            negative,
            whole,
            fraction,
            exponent,
        })
    }

    fn append(&self, out: &mut Vec<u8>) {
        if self.negative {
            out.push(b'-');
        }
        let zeros = self.whole.iter().take_while(|&&byte| byte == b'0').count();
        match &self.whole[zeros..] {
            [] => out.push(b'0'),
            whole => out.extend_from_slice(whole),
        }
        match self.fraction {
            None => {}
            Some([]) => out.extend_from_slice(b".0"),
            Some(fraction) => {
                out.push(b'.');
                out.extend_from_slice(fraction);
            }
        }
        out.extend_from_slice(self.exponent);
    }
}

/// Empty, or `e5`, `E-05`, `e+5`.
fn is_exponent(text: &[u8]) -> bool {
    let digits = match text {
        [] => return true,
        [b'e' | b'E', b'+' | b'-', digits @ ..] | [b'e' | b'E', digits @ ..] => digits,
        _ => return false,
    };
    !digits.is_empty() && leading_digits(digits) == digits.len()
}

fn shown(text: &[u8]) -> String {
    String::from_utf8_lossy(&text[..text.len().min(200)])
        .chars()
        .take(40)
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cell(kind: ColumnType, text: &str) -> Result<String, CellError> {
        let mut out = b"before".to_vec();
        let result = append_cell(kind, text.as_bytes(), &mut out);
        let value = String::from_utf8(out)
            .unwrap()
            .strip_prefix("before")
            .unwrap()
            .to_owned();
        assert!(
            result.is_ok() || value.is_empty(),
            "an error leaves nothing behind"
        );
        result.map(|()| value)
    }

    #[test]
    fn numbers_keep_their_digits() {
        for text in [
            "2568.300049",
            "335.90698726000005",
            "0.0",
            "-0",
            "94403740000.0",
            "1e5",
            "1.50E-03",
            "100",
        ] {
            assert_eq!(cell(ColumnType::Number, text).unwrap(), text);
        }
    }

    #[test]
    fn forms_that_json_lacks_are_written_as_the_same_value() {
        for (text, json) in [
            ("+5", "5"),
            ("007", "7"),
            (".5", "0.5"),
            ("-.5", "-0.5"),
            ("5.", "5.0"),
            (" 1.0 ", "1.0"),
            ("00", "0"),
            ("+.5e3", "0.5e3"),
        ] {
            assert_eq!(cell(ColumnType::Number, text).unwrap(), json);
        }
    }

    #[test]
    fn missing_numbers_are_null() {
        for text in [
            "", "  ", "null", "NULL", "NaN", "nan", "N/A", "#N/A", "NA", "None",
        ] {
            assert_eq!(cell(ColumnType::Number, text).unwrap(), "null", "{text:?}");
        }
    }

    #[test]
    fn text_in_a_number_column_is_refused() {
        for text in [
            "hello",
            "1,234",
            "1.2.3",
            "-",
            ".",
            "1e",
            "e5",
            "0x10",
            "inf",
            "-Infinity",
            "1 2",
            "$5",
            "١",
            "--1",
            "1e5.5",
        ] {
            assert!(
                matches!(
                    cell(ColumnType::Number, text),
                    Err(CellError::NotANumber { .. })
                ),
                "{text:?}"
            );
        }
        assert_eq!(
            append_cell(ColumnType::Number, b"\xff", &mut Vec::new())
                .unwrap_err()
                .to_string(),
            "\"\u{fffd}\" is not a number"
        );
    }

    #[test]
    fn a_number_that_no_double_holds_is_refused() {
        for text in ["1e400".to_owned(), "9".repeat(400)] {
            assert!(matches!(
                cell(ColumnType::Number, &text),
                Err(CellError::TooLarge { .. })
            ));
        }
        assert_eq!(cell(ColumnType::Number, &"0".repeat(400)).unwrap(), "0");
    }

    #[test]
    fn strings_are_escaped_and_blank_ones_are_null() {
        assert_eq!(
            cell(ColumnType::String, "a\"b\\c\n\u{1}é😀").unwrap(),
            "\"a\\\"b\\\\c\\n\\u0001é😀\""
        );
        assert_eq!(cell(ColumnType::String, " ").unwrap(), "null");
        assert_eq!(
            cell(ColumnType::String, "NA").unwrap(),
            "\"NA\"",
            "a ticker may be called NA"
        );
        assert_eq!(
            append_cell(ColumnType::String, b"a\xff", &mut Vec::new()),
            Err(CellError::NotUtf8)
        );
    }

    proptest! {
        #[test]
        fn any_text_survives_as_a_json_string(text in any::<String>()) {
            let read: Option<String> = serde_json::from_str(&cell(ColumnType::String, &text).unwrap()).unwrap();
            prop_assert_eq!(read, (!text.trim_ascii_start().is_empty()).then_some(text));
        }

        #[test]
        fn any_text_that_passes_as_a_number_is_json_of_the_same_value(text in "[ +-]?[0-9.eE+-]{0,12} ?|\\PC{0,6}|nan|null") {
            if let Ok(json) = cell(ColumnType::Number, &text) {
                let read: Option<f64> = serde_json::from_str(&json).unwrap();
                prop_assert_eq!(read, text.trim().parse::<f64>().ok().filter(|value| !value.is_nan()));
            }
        }

        #[test]
        fn every_json_number_is_copied_byte_for_byte(value in any::<f64>().prop_filter("finite", |value| value.is_finite())) {
            for text in [format!("{value}"), format!("{value:e}")] {
                prop_assert_eq!(cell(ColumnType::Number, &text).unwrap(), text);
            }
        }
    }
}
