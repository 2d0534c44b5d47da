//! What a row does not keep of a record: how many of its values cannot be read back as they were.
//!
//! The spelling does not count: blanks, escapes, the order and the names of fields, and different
//! digits of the same number, such as `1.50`.

use std::ops::AddAssign;

use crate::{
    athena_type::AthenaType,
    date_time::{parse_column_timestamp, parse_date},
    members::Json,
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

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
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
            (AthenaType::Double, _) if !is_kept(value.text) => self.rounded_numbers += 1,
            (AthenaType::Date, _) => {
                let text = unquoted(value.text).unwrap_or_default();
                self.times_of_day += u64::from(parse_date(&text).is_none());
            }
            (AthenaType::Timestamp, _) => self.count_time(value.text),
            _ => {}
        }
    }

    fn count_time(&mut self, value: &str) {
        let text = unquoted(value).unwrap_or_default();
        let fraction = text.split_once('.').map_or("", |(_, rest)| rest);
        let digits = fraction.bytes().take_while(u8::is_ascii_digit);
        self.below_millisecond += u64::from(digits.skip(3).any(|digit| digit != b'0'));
        // The clock alone, read as UTC, is another instant where there is a zone.
        let clock_end = text.char_indices().skip("2026-11-21T".len());
        let mut zone = clock_end.filter(|(_, sign)| matches!(sign, '+' | '-'));
        let without_zone = zone.next().map(|(at, _)| text[..at].trim_ascii_end());
        let without_zone = without_zone.and_then(parse_column_timestamp);
        self.zones += u64::from(
            without_zone.is_some_and(|clock| parse_column_timestamp(&text) != Some(clock)),
        );
    }
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
    }
}

/// Whether the nearest double, written in its shortest form, is the same number.
fn is_kept(number: &str) -> bool {
    let double: f64 = number.parse().unwrap_or_default();
    let digits = Digits::of(number);
    digits.is_some() && digits == Digits::of(&format!("{double:e}"))
}

/// A number by its digits, whatever its spelling.
#[derive(PartialEq, Eq)]
struct Digits {
    negative: bool,
    /// Without zeros at either end.
    digits: String,
    /// The power of ten of the last digit; 0 for zero.
    exponent: i64,
}

impl Digits {
    /// `None` when the exponent cannot be counted.
    fn of(number: &str) -> Option<Self> {
        let unsigned = number.strip_prefix('-').unwrap_or(number);
        let negative = unsigned.len() < number.len();
        let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{whole}{fraction}");
        let ended = all.trim_end_matches('0');
        let digits = ended.trim_start_matches('0').to_owned();
        if digits.is_empty() {
            return Some(Self {
                negative,
                digits,
                exponent: 0,
            });
        }
        let exponent: i64 = exponent.parse().ok()?;
        let zeros = i64::try_from(all.len() - ended.len()).ok()?;
        let decimals = i64::try_from(fraction.len()).ok()?;
        Some(Self {
            negative,
            digits,
            exponent: exponent.checked_add(zeros)?.checked_sub(decimals)?,
        })
    }
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
}
