//! One JSON value becomes one cell of a typed column, or there is a fixed reason why not.
//!
//! Does not know records (see `record_reader`). Invariant: a cell holds exactly what the value
//! says, but for what is finer than a millisecond; the answer depends on the text of the value
//! alone.

use std::borrow::Cow;

use crate::{
    AthenaType,
    date_time::{TIMESTAMPS, parse_column_timestamp, parse_date},
    members::Json,
};

/// What a record has for one column.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell<'v> {
    /// Nothing: the field is missing, or `null`.
    Null,
    /// Of a string column.
    Text(Cow<'v, str>),
    /// Of a double column.
    Double(Number<'v>),
    /// Of a bigint column.
    BigInt(i64),
    /// Of a boolean column.
    Boolean(bool),
    /// Days since 1970-01-01, of a date column.
    Date(i32),
    /// Milliseconds since 1970-01-01 UTC, of a timestamp column.
    Timestamp(i64),
}

/// A number that a double can hold, as the record writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number<'v>(&'v str);

impl<'v> Number<'v> {
    /// The digits of the record; JSON's grammar, no blanks.
    #[must_use]
    pub fn text(self) -> &'v str {
        self.0
    }

    /// The nearest double; always finite.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        // Whoever makes a Number has seen that it parses.
        quick_f64(self.0.as_bytes()).unwrap_or_else(|| self.0.parse().unwrap_or_default())
    }
}

/// The powers of ten that a double holds exactly.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// Prices and volumes in half the time of the general way. Without an exponent and with few digits,
/// digits and power of ten are both exact as doubles, and the division rounds once: that is the
/// nearest double.
fn quick_f64(text: &[u8]) -> Option<f64> {
    let (negative, unsigned) = match text {
        [b'-', rest @ ..] => (true, rest),
        text => (false, text),
    };
    if unsigned.len() > 19 {
        return None;
    }
    let (mut digits, mut point) = (0u64, None);
    for (at, byte) in unsigned.iter().enumerate() {
        match byte {
            b'0'..=b'9' => digits = digits * 10 + u64::from(byte - b'0'),
            b'.' if point.is_none() => point = Some(at),
            _ => return None,
        }
    }
    let behind = point.map_or(0, |at| unsigned.len() - at - 1);
    let exact = digits <= 1 << f64::MANTISSA_DIGITS;
    let value = digits as f64 / POWERS[behind];
    exact.then_some(if negative { -value } else { value })
}

/// Why a value is no cell, or a record no row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// A value of another kind: text in a number column, `1.5` in a bigint column, a number in a
    /// date column.
    WrongType,
    /// A text that is no day, in a date column.
    UnparseableDate,
    /// A text that is no time, in a timestamp column.
    UnparseableTimestamp,
    /// A number beyond what the column's type holds, or a time outside of the years 1 to 9999.
    NumberOutOfRange,
    /// A text with half of a surrogate pair (`"\ud800"`): JSON can write it, no encoding of Unicode
    /// can.
    NotUnicode,
    /// Two fields of the record fill the same column.
    SameColumn,
    /// A field that no column takes, where the schema refuses those.
    UnknownField,
    /// The value is no JSON object.
    NotAnObject,
}

/// Longer numbers, and those with an exponent, may be beyond the range of a double.
const SURELY_IN_RANGE: usize = 300;

/// The cell of a column of type `kind` for a valid value.
pub(crate) fn cell(kind: AthenaType, value: Json<'_>) -> Result<Cell<'_>, Problem> {
    let Json { text, exponent } = value;
    match (kind, text.as_bytes().first()) {
        (_, Some(b'n')) => Ok(Cell::Null),
        (AthenaType::Double, Some(b'-' | b'0'..=b'9')) => double(text, exponent).map(Cell::Double),
        (AthenaType::String, Some(b'"')) => unquoted(text).map(Cell::Text),
        (AthenaType::String, _) => Ok(Cell::Text(Cow::Borrowed(text))),
        (AthenaType::Date, Some(b'"')) => parse_date(&unquoted(text)?)
            .map(Cell::Date)
            .ok_or(Problem::UnparseableDate),
        (AthenaType::Timestamp, Some(b'"')) => parse_column_timestamp(&unquoted(text)?)
            .map(Cell::Timestamp)
            .ok_or(Problem::UnparseableTimestamp),
        (AthenaType::BigInt, Some(b'-' | b'0'..=b'9')) => whole_number(text).map(Cell::BigInt),
        (AthenaType::Timestamp, Some(b'-' | b'0'..=b'9')) => match whole_number(text)? {
            millis if TIMESTAMPS.contains(&millis) => Ok(Cell::Timestamp(millis)),
            _ => Err(Problem::NumberOutOfRange),
        },
        (AthenaType::Boolean, Some(b't')) => Ok(Cell::Boolean(true)),
        (AthenaType::Boolean, Some(b'f')) => Ok(Cell::Boolean(false)),
        _ => Err(Problem::WrongType),
    }
}

/// What a JSON string says.
pub(crate) fn unquoted(value: &str) -> Result<Cow<'_, str>, Problem> {
    let inner = value
        .strip_prefix('"')
        .and_then(|value| value.strip_suffix('"'))
        .ok_or(Problem::WrongType)?;
    if inner.contains('\\') {
        // In a valid JSON string this fails only at half a surrogate pair.
        serde_json::from_str(value)
            .map(Cow::Owned)
            .map_err(|_| Problem::NotUnicode)
    } else {
        Ok(Cow::Borrowed(inner))
    }
}

fn double(value: &str, exponent: bool) -> Result<Number<'_>, Problem> {
    let surely = value.len() < SURELY_IN_RANGE && !exponent;
    if surely || value.parse::<f64>().is_ok_and(f64::is_finite) {
        Ok(Number(value))
    } else {
        Err(Problem::NumberOutOfRange)
    }
}

/// The value of a number that is whole, however it is written (`12`, `12.0`, `1.2e1`), without a
/// detour through a float.
fn whole_number(value: &str) -> Result<i64, Problem> {
    if let Ok(number) = value.parse() {
        return Ok(number);
    }
    let (negative, unsigned) = match value.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, value),
    };
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_end_matches('0');
    if significant.is_empty() {
        return Ok(0);
    }
    // Zeros that follow the significant digits; below 0, digits behind the point.
    let zeros = exponent
        .parse::<i64>()
        .ok()
        .and_then(|exponent| exponent.checked_sub(i64::try_from(fraction.len()).ok()?))
        .and_then(|scale| scale.checked_add(i64::try_from(digits.len() - significant.len()).ok()?));
    match zeros {
        None if exponent.starts_with('-') => Err(Problem::WrongType),
        Some(..0) => Err(Problem::WrongType),
        zeros => zeros
            .and_then(|zeros| shifted(significant, zeros))
            .map(|number| if negative { -number } else { number })
            .and_then(|number| i64::try_from(number).ok())
            .ok_or(Problem::NumberOutOfRange),
    }
}

fn shifted(digits: &str, zeros: i64) -> Option<i128> {
    let factor = 10i128.checked_pow(u32::try_from(zeros).ok()?)?;
    digits.parse::<i128>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: [AthenaType; 6] = [
        AthenaType::String,
        AthenaType::Double,
        AthenaType::BigInt,
        AthenaType::Boolean,
        AthenaType::Date,
        AthenaType::Timestamp,
    ];

    fn cell(kind: AthenaType, text: &str) -> Result<Cell<'_>, Problem> {
        let number = text.starts_with(|first: char| first == '-' || first.is_ascii_digit());
        let exponent = number && text.contains(['e', 'E']);
        super::cell(kind, Json { text, exponent })
    }

    fn text(text: &str) -> Cell<'_> {
        Cell::Text(Cow::Borrowed(text))
    }

    #[test]
    fn null_is_nothing_in_every_column() {
        for kind in ALL {
            assert_eq!(cell(kind, "null"), Ok(Cell::Null));
        }
    }

    #[test]
    fn a_string_column_takes_everything_and_keeps_what_is_no_text_as_its_json() {
        for (value, kept) in [
            (r#""a b""#, "a b"),
            (r#""""#, ""),
            (r#""\u00e9\n\ud83d\ude00""#, "é\n😀"),
            ("1.50", "1.50"),
            ("true", "true"),
            (r#"{"a": [1, "x"]}"#, r#"{"a": [1, "x"]}"#),
            ("[]", "[]"),
        ] {
            assert_eq!(cell(AthenaType::String, value), Ok(text(kept)), "{value}");
        }
        assert_eq!(
            cell(AthenaType::String, r#""\ud800""#),
            Err(Problem::NotUnicode)
        );
    }

    #[test]
    fn a_double_keeps_its_digits_and_is_finite() {
        for value in [
            "0",
            "-0.0",
            "2479.300049",
            "1e-400",
            "1.7976931348623157e308",
            &"9".repeat(308),
        ] {
            let Ok(Cell::Double(number)) = cell(AthenaType::Double, value) else {
                panic!("{value}")
            };
            assert_eq!(number.text(), value);
            assert_eq!(number.to_f64(), value.parse::<f64>().unwrap());
        }
        for value in ["1e309", "-1e999", &"9".repeat(310)] {
            assert_eq!(
                cell(AthenaType::Double, value),
                Err(Problem::NumberOutOfRange)
            );
        }
        for value in ["\"1.5\"", "true", "[]", "{}"] {
            assert_eq!(cell(AthenaType::Double, value), Err(Problem::WrongType));
        }
    }

    #[test]
    fn a_bigint_is_whole_however_it_is_written() {
        for (value, number) in [
            ("12", 12),
            ("-0", 0),
            ("1234.0", 1_234),
            ("1.2e1", 12),
            ("-1.20E+1", -12),
            ("120e-1", 12),
            ("0e99999999999999999999", 0),
            ("0.0e-5", 0),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808.00", i64::MIN),
            ("-9.223372036854775808e18", i64::MIN),
        ] {
            assert_eq!(
                cell(AthenaType::BigInt, value),
                Ok(Cell::BigInt(number)),
                "{value}"
            );
        }
    }

    #[test]
    fn a_number_that_is_not_whole_or_too_large_is_no_bigint() {
        for value in [
            "9223372036854775808",
            "1e19",
            "1e99999999999999999999",
            "-1e400",
            &"9".repeat(50),
        ] {
            assert_eq!(
                cell(AthenaType::BigInt, value),
                Err(Problem::NumberOutOfRange),
                "{value}"
            );
        }
        for value in [
            "1.5",
            "1e-1",
            "1e-99999999999999999999",
            "\"1\"",
            "true",
            "{}",
        ] {
            assert_eq!(
                cell(AthenaType::BigInt, value),
                Err(Problem::WrongType),
                "{value}"
            );
        }
    }

    #[test]
    fn booleans_dates_and_timestamps_are_taken_in_their_own_forms_only() {
        assert_eq!(cell(AthenaType::Boolean, "true"), Ok(Cell::Boolean(true)));
        assert_eq!(cell(AthenaType::Boolean, "false"), Ok(Cell::Boolean(false)));
        assert_eq!(
            cell(AthenaType::Boolean, "\"true\""),
            Err(Problem::WrongType)
        );
        assert_eq!(cell(AthenaType::Boolean, "1"), Err(Problem::WrongType));
        assert_eq!(
            cell(AthenaType::Date, r#""1970-01-\u0030\u0032""#),
            Ok(Cell::Date(1))
        );
        assert_eq!(
            cell(AthenaType::Date, "\"02.01.1970\""),
            Err(Problem::UnparseableDate)
        );
        assert_eq!(cell(AthenaType::Date, "1"), Err(Problem::WrongType));
        assert_eq!(
            cell(AthenaType::Timestamp, "\"1970-01-01T00:00:01Z\""),
            Ok(Cell::Timestamp(1_000))
        );
        assert_eq!(
            cell(AthenaType::Timestamp, "1.795244645E12"),
            Ok(Cell::Timestamp(1_795_244_645_000))
        );
        assert_eq!(
            cell(AthenaType::Timestamp, "\"soon\""),
            Err(Problem::UnparseableTimestamp)
        );
        assert_eq!(
            cell(AthenaType::Timestamp, "253402300800000"),
            Err(Problem::NumberOutOfRange)
        );
        assert_eq!(cell(AthenaType::Timestamp, "[]"), Err(Problem::WrongType));
    }

    proptest! {
        #[test]
        fn a_double_is_the_nearest_one_to_the_last_bit(text in "-?(0|[1-9][0-9]{0,9})\\.[0-9]{1,12}|-?(0|[1-9][0-9]{0,19})|-?[1-9]\\.[0-9]{15,17}") {
            prop_assert_eq!(Number(&text).to_f64().to_bits(), text.parse::<f64>().unwrap().to_bits());
        }

        #[test]
        fn a_whole_number_is_what_arithmetic_says(number in any::<i64>(), zeros in 0usize..5) {
            let read = |text: String| cell(AthenaType::BigInt, &text).map(|cell| cell == Cell::BigInt(number));
            prop_assert_eq!(read(format!("{number}")), Ok(true));
            prop_assert_eq!(read(format!("{number}.{}", "0".repeat(zeros + 1))), Ok(true));
            prop_assert_eq!(read(format!("{number}{}e-{zeros}", "0".repeat(zeros))), Ok(true));
        }

        #[test]
        fn no_text_breaks_it(value in "-?[0-9]{0,25}(\\.[0-9]{0,5})?([eE][-+]?[0-9]{0,25})?|\\PC{0,12}|\"\\PC{0,12}\"") {
            for kind in ALL {
                if let Ok(Cell::Double(number)) = cell(kind, &value) {
                    prop_assert!(number.to_f64().is_finite());
                }
            }
        }
    }
}
