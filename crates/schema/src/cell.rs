//! One JSON value becomes one cell of a typed column, or is refused for a fixed reason.
//!
//! Does not know records (see `row_reader`). A cell holds exactly what the value says, except for
//! times finer than a millisecond and for the time of day in a date column; the answer depends on
//! the text of the value alone.

use std::borrow::Cow;

use crate::{
    athena_type::AthenaType,
    classifier::Classifier,
    date_time::{MILLIS_PER_DAY, TIMESTAMPS, parse_column_timestamp, parse_date},
    members::Json,
    number::{Decimal, Number, is_number, whole_number},
    one_line::on_one_line,
    row_problem::RowProblem,
    unquoted::unquoted,
};

/// What a record has for one column.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell<'v> {
    /// Nothing: the field is missing, or `null`.
    Null,
    /// Of a string column, or the JSON of a json column.
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
    /// Of a decimal column.
    Decimal(Decimal),
}

/// The cell of a column of type `kind` for a valid value, by the rule of this classifier.
pub(crate) fn cell(
    classifier: Classifier,
    kind: AthenaType,
    value: Json<'_>,
) -> Result<Cell<'_>, RowProblem> {
    // These two are newer than either classifier.
    match (kind, value.text.as_bytes().first()) {
        (AthenaType::Decimal(_) | AthenaType::Json, Some(b'n')) => return Ok(Cell::Null),
        (AthenaType::Json, _) => return Ok(Cell::Text(on_one_line(value.text))),
        (AthenaType::Decimal(digits), first) => {
            let number = match first {
                Some(b'"') => number_in(value)?,
                Some(b'-' | b'0'..=b'9') => value,
                _ => return Err(RowProblem::WrongType),
            };
            return Decimal::parse(number.text, digits).map(Cell::Decimal);
        }
        _ => {}
    }
    match classifier {
        Classifier::One => cell_1(kind, value),
        Classifier::Two => cell_2(kind, value),
    }
}

/// Classifier 2: a number may be text, as readers of raw JSON take it; a date column takes a time,
/// of which it holds the day in UTC; JSON in a string column is on one line.
fn cell_2(kind: AthenaType, value: Json<'_>) -> Result<Cell<'_>, RowProblem> {
    match (kind, value.text.as_bytes().first()) {
        (AthenaType::Double | AthenaType::BigInt, Some(b'"')) => cell_1(kind, number_in(value)?),
        (AthenaType::Date, Some(b'"')) => {
            let text = unquoted(value.text)?;
            let day = parse_column_timestamp(&text).map(|at| at.div_euclid(MILLIS_PER_DAY));
            day.and_then(|day| i32::try_from(day).ok())
                .map(Cell::Date)
                .ok_or(RowProblem::UnparseableDate)
        }
        (AthenaType::String, Some(b'{' | b'[')) => Ok(Cell::Text(on_one_line(value.text))),
        _ => cell_1(kind, value),
    }
}

/// The number in a JSON string that holds nothing else.
fn number_in(value: Json<'_>) -> Result<Json<'_>, RowProblem> {
    let inner = value.text.strip_prefix('"');
    let inner = inner.and_then(|inner| inner.strip_suffix('"'));
    let text = inner.filter(|inner| is_number(inner));
    let text = text.ok_or(RowProblem::WrongType)?;
    let exponent = text.contains(['e', 'E']);
    Ok(Json { text, exponent })
}

/// Classifier 1, which never changes.
fn cell_1(kind: AthenaType, value: Json<'_>) -> Result<Cell<'_>, RowProblem> {
    let Json { text, exponent } = value;
    match (kind, text.as_bytes().first()) {
        (_, Some(b'n')) => Ok(Cell::Null),
        (AthenaType::Double, Some(b'-' | b'0'..=b'9')) => {
            Number::parse(text, exponent).map(Cell::Double)
        }
        (AthenaType::String, Some(b'"')) => unquoted(text).map(Cell::Text),
        (AthenaType::String, _) => Ok(Cell::Text(Cow::Borrowed(text))),
        (AthenaType::Date, Some(b'"')) => parse_date(&unquoted(text)?)
            .map(Cell::Date)
            .ok_or(RowProblem::UnparseableDate),
        (AthenaType::Timestamp, Some(b'"')) => parse_column_timestamp(&unquoted(text)?)
            .map(Cell::Timestamp)
            .ok_or(RowProblem::UnparseableTimestamp),
        (AthenaType::BigInt, Some(b'-' | b'0'..=b'9')) => whole_number(text).map(Cell::BigInt),
        (AthenaType::Timestamp, Some(b'-' | b'0'..=b'9')) => match whole_number(text)? {
            millis if TIMESTAMPS.contains(&millis) => Ok(Cell::Timestamp(millis)),
            _ => Err(RowProblem::NumberOutOfRange),
        },
        (AthenaType::Boolean, Some(b't')) => Ok(Cell::Boolean(true)),
        (AthenaType::Boolean, Some(b'f')) => Ok(Cell::Boolean(false)),
        _ => Err(RowProblem::WrongType),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: [AthenaType; 7] = [
        AthenaType::Json,
        AthenaType::String,
        AthenaType::Double,
        AthenaType::BigInt,
        AthenaType::Boolean,
        AthenaType::Date,
        AthenaType::Timestamp,
    ];

    fn cell(kind: AthenaType, text: &str) -> Result<Cell<'_>, RowProblem> {
        let number = text.starts_with(|first: char| first == '-' || first.is_ascii_digit());
        let exponent = number && text.contains(['e', 'E']);
        super::cell(Classifier::NEWEST, kind, Json { text, exponent })
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
            Err(RowProblem::NotUnicode)
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
                Err(RowProblem::NumberOutOfRange)
            );
        }
        for value in ["\"x\"", "true", "[]", "{}"] {
            assert_eq!(cell(AthenaType::Double, value), Err(RowProblem::WrongType));
        }
    }

    #[test]
    fn the_second_classifier_takes_numbers_as_text_and_days_of_times() {
        use AthenaType::{BigInt, Boolean, Date, Double, String, Timestamp};
        let both = |kind, text| {
            let value = Json {
                text,
                exponent: false,
            };
            [Classifier::One, Classifier::Two].map(|classifier| {
                let cell = super::cell(classifier, kind, value);
                cell.map(|cell| match cell {
                    Cell::Double(number) => number.text().to_owned(),
                    Cell::Text(text) => text.into_owned(),
                    other => format!("{other:?}"),
                })
            })
        };
        let wrong = || Err(RowProblem::WrongType);
        let no_date = || Err(RowProblem::UnparseableDate);
        for (kind, text, one, two) in [
            (Double, r#""123.45""#, wrong(), Ok("123.45")),
            (Double, r#""-1e5""#, wrong(), Ok("-1e5")),
            (
                Double,
                r#""1e999""#,
                wrong(),
                Err(RowProblem::NumberOutOfRange),
            ),
            (BigInt, r#""12""#, wrong(), Ok("BigInt(12)")),
            (BigInt, r#""1.5""#, wrong(), wrong()),
            (Double, r#""""#, wrong(), wrong()),
            (Double, r#"" 1""#, wrong(), wrong()),
            (Double, r#""1,234.5""#, wrong(), wrong()),
            (Double, r#""NaN""#, wrong(), wrong()),
            (Double, r#""\u0031""#, wrong(), wrong()),
            (Double, "[1]", wrong(), wrong()),
            (Boolean, r#""true""#, wrong(), wrong()),
            (Date, r#""1970-01-02T15:30:00Z""#, no_date(), Ok("Date(1)")),
            (Date, r#""1970-01-02 00:30+01""#, no_date(), Ok("Date(0)")),
            (Date, r#""1970-01-02""#, Ok("Date(1)"), Ok("Date(1)")),
            (Date, r#""02/01/1970""#, no_date(), no_date()),
            (
                Timestamp,
                r#""1""#,
                Err(RowProblem::UnparseableTimestamp),
                Err(RowProblem::UnparseableTimestamp),
            ),
            (
                String,
                "{\"a\":\n [1, \"\\\\\", \"b c\"]}",
                Ok("{\"a\":\n [1, \"\\\\\", \"b c\"]}"),
                Ok(r#"{"a":[1,"\\","b c"]}"#),
            ),
            (String, r#"{"a": 1}"#, Ok(r#"{"a": 1}"#), Ok(r#"{"a": 1}"#)),
        ] {
            let expected = [one, two].map(|cell| cell.map(str::to_owned));
            assert_eq!(both(kind, text), expected, "{text}");
        }
    }

    #[test]
    fn a_json_column_takes_everything_and_a_decimal_column_exact_numbers() {
        for value in [r#""a b""#, "1.50", "true", r#"{"a": [1, "x"]}"#, "[]"] {
            assert_eq!(cell(AthenaType::Json, value), Ok(text(value)));
        }
        assert_eq!(
            cell(AthenaType::Json, "{\"a\":\n[1]}"),
            Ok(text(r#"{"a":[1]}"#))
        );
        let decimal = "decimal(5,2)".parse().unwrap();
        for (value, shown) in [("1.5", "1.50"), (r#""-3""#, "-3.00"), ("null", "-")] {
            let shown_cell = match cell(decimal, value).unwrap() {
                Cell::Decimal(number) => number.to_string(),
                other => format!("{:?}", other).replace("Null", "-"),
            };
            assert_eq!(shown_cell, shown);
        }
        assert_eq!(cell(decimal, "1.234"), Err(RowProblem::NumberOutOfRange));
        assert_eq!(cell(decimal, "true"), Err(RowProblem::WrongType));
        assert_eq!(cell(decimal, "\"x\""), Err(RowProblem::WrongType));
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
                Err(RowProblem::NumberOutOfRange),
                "{value}"
            );
        }
        for value in [
            "1.5",
            "1e-1",
            "1e-99999999999999999999",
            "\"x\"",
            "true",
            "{}",
        ] {
            assert_eq!(
                cell(AthenaType::BigInt, value),
                Err(RowProblem::WrongType),
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
            Err(RowProblem::WrongType)
        );
        assert_eq!(cell(AthenaType::Boolean, "1"), Err(RowProblem::WrongType));
        assert_eq!(
            cell(AthenaType::Date, r#""1970-01-\u0030\u0032""#),
            Ok(Cell::Date(1))
        );
        assert_eq!(
            cell(AthenaType::Date, "\"02.01.1970\""),
            Err(RowProblem::UnparseableDate)
        );
        assert_eq!(cell(AthenaType::Date, "1"), Err(RowProblem::WrongType));
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
            Err(RowProblem::UnparseableTimestamp)
        );
        assert_eq!(
            cell(AthenaType::Timestamp, "253402300800000"),
            Err(RowProblem::NumberOutOfRange)
        );
        assert_eq!(
            cell(AthenaType::Timestamp, "[]"),
            Err(RowProblem::WrongType)
        );
    }

    proptest! {
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
