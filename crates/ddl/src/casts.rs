//! The expressions that give a column of text its type, by the policy of the columns of CSV and
//! Parquet (crate `schema`): what does not fit is NULL, and no text makes a query fail.
//!
//! Each was run on Trino 476, on which engine 3 of Athena is built. The grammars stand in front of
//! the casts, because these take more than the policy does (`1d` and `0x1p3` are doubles of Java's,
//! `2021` is a time), and because Trino's TRY does not catch every error: not that of a zone beyond
//! 14 hours, and a decimal of `1e99999999` takes hours. There the pattern stands inside of the
//! cast, because a planner may compute all branches of a CASE.

use schema::{AthenaType, DecimalDigits};

use crate::names::quoted;

/// The number of JSON's grammar.
pub(crate) const NUMBER: &str = r"\A-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?\z";
/// The same with an exponent of at most two digits that is not below 0: the scale of the cast would
/// round a small number to 0.
pub(crate) const SHORT_NUMBER: &str = r"\A-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE]\+?[0-9]{1,2})?\z";
pub(crate) const DAY: &str = r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}\z";
/// A whole number without point and exponent.
pub(crate) const WHOLE: &str = r"\A-?(0|[1-9][0-9]*)\z";
/// Milliseconds since 1970, as far as timestamps go.
pub(crate) const MILLIS: &str = r"\A-?[0-9]{1,14}\z";
/// A day with a time: seconds and zone may be missing, and blanks stand before the zone.
pub(crate) const TIME: &str = r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)? *([Zz]|[+-](0[0-9]|1[0-3])(:?[0-5][0-9])?|[+-]14(:?00)?)?\z";

/// The branches of a `CASE` that reads `column`, a text, as `kind`; none where the text is the
/// value.
pub(crate) fn branches(column: &str, kind: AthenaType) -> Vec<String> {
    let text = quoted(column);
    let matches = |grammar: &str| format!("regexp_like({text}, '{grammar}')");
    let cast = |kind: &str| format!("TRY_CAST({text} AS {kind})");
    match kind {
        AthenaType::String | AthenaType::Json => Vec::new(),
        AthenaType::Double => {
            let double = cast("double");
            vec![format!(
                "WHEN {}\n      AND is_finite({double}) THEN {double}",
                matches(NUMBER)
            )]
        }
        AthenaType::BigInt => {
            let exact =
                format!("TRY_CAST(regexp_extract({text}, '{SHORT_NUMBER}') AS decimal(38,18))");
            vec![
                format!("WHEN {}\n      THEN {}", matches(WHOLE), cast("bigint")),
                format!("WHEN {exact} % 1 = 0\n      THEN TRY_CAST({exact} AS bigint)"),
            ]
        }
        AthenaType::Boolean => ["true", "false"]
            .map(|value| format!("WHEN {text} = '{value}' THEN {value}"))
            .into(),
        AthenaType::Date => vec![
            format!("WHEN {}\n      THEN {}", matches(DAY), cast("date")),
            format!(
                "WHEN {}\n      THEN {}",
                matches(TIME),
                instant(&text, "date")
            ),
        ],
        AthenaType::Timestamp => vec![
            format!("WHEN {}\n      THEN {}", matches(DAY), cast("timestamp(3)")),
            format!(
                "WHEN {}\n      THEN {}",
                matches(TIME),
                instant(&text, "timestamp(3)")
            ),
            format!(
                "WHEN {}\n      THEN CAST(from_unixtime(CAST({text} AS bigint) / 1000e0) AT TIME ZONE 'UTC' AS timestamp(3))",
                matches(MILLIS)
            ),
        ],
        // Not a branch: see `item`.
        AthenaType::Decimal(_) => Vec::new(),
    }
}

/// The grammar of a number that a column of these digits holds exactly, as far as those behind the
/// point go. A number with an exponent is not among them: its digits cannot be counted by a
/// pattern.
pub(crate) fn decimal(digits: DecimalDigits) -> String {
    let fraction = match digits.scale() {
        0 => r"(\.0+)?".to_owned(),
        scale => format!(r"(\.[0-9]{{1,{scale}}}0*)?"),
    };
    format!(r"\A-?(0|[1-9][0-9]*){fraction}\z")
}

/// The day or the instant in UTC of a text that matches [`TIME`].
fn instant(text: &str, kind: &str) -> String {
    let iso = format!("substr({text}, 1, 10) || 'T' || replace(substr({text}, 12), ' ', '')");
    format!("TRY(CAST(from_iso8601_timestamp({iso}) AT TIME ZONE 'UTC' AS {kind}))")
}

/// An item of a SELECT list: `column`, a text, as `kind` and under its own name.
pub(crate) fn item(column: &str, kind: AthenaType) -> String {
    let name = quoted(column);
    if let AthenaType::Decimal(digits) = kind {
        let (grammar, kind) = (decimal(digits), kind.name());
        return format!("TRY_CAST(regexp_extract({name}, '{grammar}') AS {kind}) AS {name}");
    }
    let branches = branches(column, kind);
    if branches.is_empty() {
        return name;
    }
    let branches: Vec<String> = branches
        .iter()
        .map(|branch| format!("    {branch}\n"))
        .collect();
    format!("CASE\n{}  END AS {name}", branches.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_is_itself_and_a_boolean_is_one_of_two_words() {
        assert_eq!(item("a", AthenaType::String), "\"a\"");
        assert_eq!(item("a", AthenaType::Json), "\"a\"");
        assert_eq!(
            item("a", AthenaType::Boolean),
            "CASE\n    WHEN \"a\" = 'true' THEN true\n    WHEN \"a\" = 'false' THEN false\n  END AS \"a\""
        );
    }

    #[test]
    fn a_decimal_takes_as_many_digits_behind_the_point_as_it_holds() {
        let decimal = |precision, scale| {
            let digits = DecimalDigits::new(precision, scale).unwrap();
            item("a", AthenaType::Decimal(digits))
        };
        assert!(decimal(18, 6).contains(r"(\.[0-9]{1,6}0*)?\z"));
        assert!(decimal(18, 6).ends_with("AS decimal(18,6)) AS \"a\""));
        assert!(decimal(9, 0).contains(r"(\.0+)?\z"));
    }
}
