//! What a row does not keep of a record: how many of its values cannot be read back as they were.
//!
//! The spelling does not count: blanks, escapes, the order and the names of fields, and different
//! digits of the same number, such as `1.50`.

use std::{
    fmt::{self, Write as _},
    ops::AddAssign,
};

use crate::{
    athena_type::AthenaType,
    date_time::{append_timestamp, parse_column_timestamp, parse_date},
    members::Json,
    number::Digits,
    unquoted::unquoted,
};

/// How many values of records are not in their rows, or not as they were, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// Fields that no column takes.
    pub dropped_fields: u64,
    /// Numbers with digits that a double does not hold.
    pub rounded_numbers: u64,
    /// Times with digits below a millisecond.
    pub below_millisecond: u64,
    /// Times in a date column, which keeps their day.
    pub times_of_day: u64,
    /// Times with a zone, which a timestamp column does not keep.
    pub zones: u64,
    /// Values of another type than their column: numbers in text columns, texts in number columns.
    pub other_types: u64,
    /// `null`, which a row cannot tell from a field that is not there.
    pub nulls: u64,
    /// Times in timestamp columns that are texts of another form than these columns have. In a
    /// record that is only a spelling, so this is none of [`Self::kinds`]; in the row of a table it
    /// is the content of a text column: see [`Self::of_rows`].
    pub respelled_times: u64,
}

impl Losses {
    /// The kinds with their names and numbers, those that did not occur too.
    #[must_use]
    pub fn kinds(&self) -> [(&'static str, u64); 7] {
        [
            ("dropped-fields", self.dropped_fields),
            ("rounded-numbers", self.rounded_numbers),
            ("below-millisecond", self.below_millisecond),
            ("times-of-day", self.times_of_day),
            ("zones", self.zones),
            ("other-types", self.other_types),
            ("nulls", self.nulls),
        ]
    }

    /// The losses of records that are rows of a table with all its columns: their nulls are kept,
    /// and a time that is written in another form stood in a column of another type.
    #[must_use]
    pub fn of_rows(self) -> Self {
        Self {
            other_types: self.other_types + self.respelled_times,
            nulls: 0,
            respelled_times: 0,
            ..self
        }
    }

    /// The values of all kinds.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.kinds().into_iter().map(|(_, count)| count).sum()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.total() == 0
    }

    /// Counts what a column of type `kind` does not keep of a value that it takes.
    pub(crate) fn count(&mut self, kind: AthenaType, value: Json<'_>) {
        let first = value.text.as_bytes().first();
        match (kind, first) {
            (_, Some(b'n')) => self.nulls += 1,
            (AthenaType::String, Some(b'"')) => {}
            (AthenaType::String, _)
            | (AthenaType::Double | AthenaType::BigInt | AthenaType::Decimal(_), Some(b'"'))
            | (AthenaType::Timestamp, Some(b'-' | b'0'..=b'9')) => self.other_types += 1,
            (AthenaType::Timestamp, _) => self.count_time(value.text),
            _ => {}
        }
        self.count_rounded(kind, value);
    }

    /// Counts what a column of type `kind` cuts off or rounds of a value that it takes. Quick for
    /// the values that are short enough to be kept.
    #[inline]
    pub(crate) fn count_rounded(&mut self, kind: AthenaType, value: Json<'_>) {
        let longest_kept = match kind {
            AthenaType::Double if value.exponent || is_quoted_with_exponent(value) => 0,
            // A double holds any 15 digits.
            AthenaType::Double => 15,
            AthenaType::Date => r#""2026-11-21""#.len(),
            AthenaType::Timestamp => r#""2026-11-21T07:30:00.123""#.len(),
            _ => return,
        };
        if value.text.len() > longest_kept {
            self.count_long(kind, value.text);
        }
    }

    #[cold]
    fn count_long(&mut self, kind: AthenaType, value: &str) {
        if value.starts_with('n') {
            return;
        }
        // A number may stand in quotes, a time must.
        let text = unquoted(value).unwrap_or_else(|_| value.into());
        match kind {
            AthenaType::Double => self.rounded_numbers += u64::from(!is_kept(&text)),
            AthenaType::Date => self.times_of_day += u64::from(parse_date(&text).is_none()),
            AthenaType::Timestamp => {
                self.below_millisecond += u64::from(is_below_millisecond(&text));
            }
            _ => {}
        }
    }

    /// Counts what a timestamp column does not keep of a text.
    fn count_time(&mut self, value: &str) {
        let text = unquoted(value).unwrap_or_default();
        self.zones += u64::from(is_zone_lost(&text));
        let mut canonical = Vec::new();
        if let Some(millis) = parse_column_timestamp(&text) {
            append_timestamp(millis, &mut canonical);
        }
        self.respelled_times += u64::from(canonical != text.as_bytes());
    }
}

/// Whether a time has a zone that makes it another instant than its clock, read as UTC.
pub(crate) fn is_zone_lost(text: &str) -> bool {
    let clock_end = text.char_indices().skip("2026-11-21T".len());
    let mut zone = clock_end.filter(|(_, sign)| matches!(sign, '+' | '-'));
    let without_zone = zone.next().map(|(at, _)| text[..at].trim_ascii_end());
    let without_zone = without_zone.and_then(parse_column_timestamp);
    without_zone.is_some_and(|clock| parse_column_timestamp(text) != Some(clock))
}

impl AddAssign for Losses {
    fn add_assign(&mut self, other: Self) {
        self.dropped_fields += other.dropped_fields;
        self.rounded_numbers += other.rounded_numbers;
        self.below_millisecond += other.below_millisecond;
        self.times_of_day += other.times_of_day;
        self.zones += other.zones;
        self.other_types += other.other_types;
        self.nulls += other.nulls;
        self.respelled_times += other.respelled_times;
    }
}

fn is_quoted_with_exponent(value: Json<'_>) -> bool {
    value.text.starts_with('"') && value.text.contains(['e', 'E'])
}

/// Whether the nearest double, written in its shortest form, is the same number.
fn is_kept(number: &str) -> bool {
    let double: f64 = number.parse().unwrap_or_default();
    is_spelled(double, number)
        || Digits::of(number).is_some_and(|digits| digits.are_of_double(double))
}

/// Whether `text` is the shortest form of the number.
fn is_spelled(number: f64, text: &str) -> bool {
    struct Rest<'t>(&'t str);
    impl fmt::Write for Rest<'_> {
        fn write_str(&mut self, part: &str) -> fmt::Result {
            self.0 = self.0.strip_prefix(part).ok_or(fmt::Error)?;
            Ok(())
        }
    }
    let mut rest = Rest(text);
    write!(rest, "{number}").is_ok() && rest.0.is_empty()
}

/// Whether a time has digits behind its milliseconds that say something.
pub(crate) fn is_below_millisecond(text: &str) -> bool {
    let fraction = text.split_once('.').map_or("", |(_, fraction)| fraction);
    let digits = fraction.bytes().take_while(u8::is_ascii_digit);
    digits.skip(3).any(|digit| digit != b'0')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kind: AthenaType, text: &str) -> Vec<&'static str> {
        let mut losses = Losses::default();
        let exponent = text.contains(['e', 'E']);
        losses.count(kind, Json { text, exponent });
        let kinds = losses.kinds().into_iter().filter(|(_, count)| *count == 1);
        kinds.map(|(name, _)| name).collect()
    }

    #[test]
    fn what_is_rounded_is_seen_in_quotes_and_with_exponents_too() {
        for (text, is_rounded) in [
            (r#""9007199254740993""#, true),
            (r#""1e-400""#, true),
            (r#""1e22""#, false),
            (r#""123.45""#, false),
            ("0.30000000000000004", false),
            ("0.30000000000000005", true),
            ("100000000000000000000000", false),
            ("null", false),
        ] {
            let exponent = !text.starts_with('"') && text.contains('e');
            let mut losses = Losses::default();
            losses.count_rounded(AthenaType::Double, Json { text, exponent });
            assert_eq!(losses.rounded_numbers, u64::from(is_rounded), "{text}");
            assert_eq!(losses.total(), losses.rounded_numbers, "{text}");
        }
    }

    #[test]
    fn each_kind_of_loss_is_seen_and_other_spellings_are_none() {
        use AthenaType::{BigInt, Boolean, Date, Double, String, Timestamp};
        for (kind, kept) in [
            (String, &[r#""a""#, r#""\u00e9""#, r#""1""#][..]),
            (
                Double,
                &[
                    "2479.300049",
                    "1.50",
                    "-0.0",
                    "1e22",
                    "100000000000000000000",
                    "12e-1",
                ],
            ),
            (BigInt, &["9223372036854775807", "1.0", "1e3"]),
            (Boolean, &["true"]),
            (Date, &[r#""2026-11-21""#]),
            (
                Timestamp,
                &[
                    r#""2026-11-21""#,
                    r#""2026-11-21T07:30:00.123000Z""#,
                    r#""2026-11-21 07:30:00+00:00""#,
                ],
            ),
        ] {
            for text in kept {
                assert_eq!(of(kind, text), [""; 0], "{text}");
            }
        }
        for (kind, text, lost) in [
            (Double, "0.12345678901234567890", "rounded-numbers"),
            (Double, "9007199254740993", "rounded-numbers"),
            (Double, "1e-400", "rounded-numbers"),
            (Double, "123456789012.123456789", "rounded-numbers"),
            (Double, r#""1.5""#, "other-types"),
            (BigInt, r#""15""#, "other-types"),
            (String, "1.50", "other-types"),
            (String, r#"{"a":1}"#, "other-types"),
            (String, "null", "nulls"),
            (Date, r#""2026-11-21T07:30:00Z""#, "times-of-day"),
            (Timestamp, "1795244645000", "other-types"),
            (
                Timestamp,
                r#""2026-11-21T07:30:00.1234Z""#,
                "below-millisecond",
            ),
            (Timestamp, r#""2026-11-21T07:30:00 +02""#, "zones"),
            (Timestamp, r#""2026-11-21T07:30-0430""#, "zones"),
        ] {
            assert_eq!(of(kind, text), [lost], "{text}");
        }
    }

    #[test]
    fn the_spelling_of_a_time_counts_in_the_row_of_a_table_only() {
        for (text, is_other_type) in [
            (r#""2026-11-21T07:30Z""#, true),
            (r#""2026-11-21 07:30:00""#, true),
            (r#""2026-11-21""#, true),
            (r#""2026-11-21 07:30:00.500""#, false),
            ("null", false),
        ] {
            let mut losses = Losses::default();
            let exponent = false;
            losses.count(AthenaType::Timestamp, Json { text, exponent });
            assert_eq!(losses.other_types, 0, "{text}");
            let of_rows = losses.of_rows();
            assert_eq!(of_rows.other_types, u64::from(is_other_type), "{text}");
            assert_eq!(of_rows.total(), of_rows.other_types, "{text}");
        }
    }
}
