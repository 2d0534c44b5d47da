//! Digits and years at the front of a text, and the day that three numbers name.

use super::calendar::days_of;

/// A signed number of digits at the front of a text.
pub(super) struct FrontDigits<'a> {
    pub value: i64,
    pub digits: usize,
    pub rest: &'a str,
}

/// The digits at the front, at most `most` of them.
pub(super) fn front_digits(text: &str, most: usize) -> Option<FrontDigits<'_>> {
    let digits = text
        .bytes()
        .take(most)
        .take_while(u8::is_ascii_digit)
        .count();
    let value = text.get(..digits)?.parse().ok()?;
    Some(FrontDigits {
        value,
        digits,
        rest: text.get(digits..)?,
    })
}

/// A year with an optional sign at the front, of at most `most` digits.
pub(super) fn front_year(text: &str, most: usize) -> Option<FrontDigits<'_>> {
    let (sign, unsigned) = match text.as_bytes().first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (1, text),
    };
    let year = front_digits(unsigned, most)?;
    Some(FrontDigits {
        value: sign * year.value,
        ..year
    })
}

/// The day since 1970-01-01 of a date, if the calendar has it.
pub(super) fn day_of(year: i64, month: i64, day: i64) -> Option<i32> {
    chrono::NaiveDate::from_ymd_opt(
        i32::try_from(year).ok()?,
        u32::try_from(month).ok()?,
        u32::try_from(day).ok()?,
    )
    .map(days_of)
}
