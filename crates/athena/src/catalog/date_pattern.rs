//! Java's patterns for dates, as partition projection writes them: `yyyy-MM-dd`, `yyyy/MM/dd/HH`.

use std::fmt::Write as _;

use chrono::{Datelike as _, NaiveDate, NaiveDateTime, Timelike as _};

/// A part of a time that a pattern has, from the largest to the smallest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TimeField {
    /// `yyyy`.
    Year,
    /// `MM`.
    Month,
    /// `dd`.
    Day,
    /// `HH`, 00 to 23.
    Hour,
    /// `mm`.
    Minute,
    /// `ss`.
    Second,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Field(TimeField),
    Text(String),
}

/// A pattern that has at least a year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatePattern {
    text: String,
    parts: Vec<Part>,
}

impl DatePattern {
    /// Reads a pattern of Java's `DateTimeFormatter`: fields as in [`TimeField`], other letters in
    /// quotes, signs as they are.
    ///
    /// # Errors
    /// Which part of it is not read here, or what it lacks.
    pub fn read(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let taken = if first == '\'' {
                let (quoted, taken) = quoted(rest)
                    .ok_or_else(|| format!("the quote in the format '{text}' does not end"))?;
                push_text(&mut parts, &quoted);
                taken
            } else if first.is_ascii_alphabetic() {
                let run = rest.len() - rest.trim_start_matches(first).len();
                let field = match &rest[..run] {
                    "yyyy" | "uuuu" => TimeField::Year,
                    "MM" => TimeField::Month,
                    "dd" => TimeField::Day,
                    "HH" => TimeField::Hour,
                    "mm" => TimeField::Minute,
                    "ss" => TimeField::Second,
                    other => {
                        return Err(format!(
                            "'{other}' in the format '{text}' is not read here; it may hold yyyy, MM, dd, HH, mm and ss, and other letters in quotes"
                        ));
                    }
                };
                if parts.contains(&Part::Field(field)) {
                    return Err(format!("the format '{text}' has {} twice", &rest[..run]));
                }
                parts.push(Part::Field(field));
                run
            } else {
                push_text(&mut parts, &rest[..first.len_utf8()]);
                first.len_utf8()
            };
            rest = &rest[taken..];
        }
        let pattern = Self {
            text: text.to_owned(),
            parts,
        };
        let mut fields: Vec<TimeField> = pattern.fields().collect();
        fields.sort_unstable();
        match fields
            .iter()
            .zip(ALL)
            .find(|(found, wanted)| **found != *wanted)
        {
            _ if fields.is_empty() => Err(format!("the format '{text}' has no yyyy")),
            Some((_, missing)) => Err(format!("the format '{text}' has no {}", letters(missing))),
            None => Ok(pattern),
        }
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// How many bytes each text of this pattern has.
    #[must_use]
    pub fn width(&self) -> usize {
        let width = |part: &Part| match part {
            Part::Field(TimeField::Year) => 4,
            Part::Field(_) => 2,
            Part::Text(text) => text.len(),
        };
        self.parts.iter().map(width).sum()
    }

    /// The smallest field.
    #[must_use]
    pub fn smallest(&self) -> TimeField {
        self.fields().max().unwrap_or(TimeField::Year)
    }

    /// Whether the texts of this pattern sort as their times do.
    #[must_use]
    pub fn sorts_by_time(&self) -> bool {
        self.fields().is_sorted()
    }

    /// The text of a time.
    #[must_use]
    pub fn write(&self, time: NaiveDateTime) -> String {
        let mut text = String::with_capacity(self.width());
        for part in &self.parts {
            // Writing to a String cannot fail.
            match part {
                Part::Text(literal) => text.push_str(literal),
                Part::Field(TimeField::Year) => {
                    write!(text, "{:04}", time.year()).unwrap_or_default();
                }
                Part::Field(field) => {
                    write!(text, "{:02}", two_digits(time, *field)).unwrap_or_default();
                }
            }
        }
        text
    }

    /// The time of a text; fields that the pattern lacks are at their start. `None` when the text
    /// is not of this pattern.
    #[must_use]
    pub fn time(&self, text: &str) -> Option<NaiveDateTime> {
        let mut fields = [0u32, 1, 1, 0, 0, 0];
        let mut rest = text;
        for part in &self.parts {
            rest = match part {
                Part::Text(literal) => rest.strip_prefix(literal.as_str())?,
                Part::Field(field) => {
                    let width = if *field == TimeField::Year { 4 } else { 2 };
                    let digits = rest.get(..width)?;
                    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                        return None;
                    }
                    fields[*field as usize] = digits.parse().ok()?;
                    &rest[width..]
                }
            };
        }
        if !rest.is_empty() {
            return None;
        }
        let [year, month, day, hour, minute, second] = fields;
        let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
        date.and_hms_opt(hour, minute, second)
    }

    fn fields(&self) -> impl Iterator<Item = TimeField> {
        self.parts.iter().filter_map(|part| match part {
            Part::Field(field) => Some(*field),
            Part::Text(_) => None,
        })
    }
}

const ALL: [TimeField; 6] = [
    TimeField::Year,
    TimeField::Month,
    TimeField::Day,
    TimeField::Hour,
    TimeField::Minute,
    TimeField::Second,
];

fn letters(field: TimeField) -> &'static str {
    match field {
        TimeField::Year => "yyyy",
        TimeField::Month => "MM",
        TimeField::Day => "dd",
        TimeField::Hour => "HH",
        TimeField::Minute => "mm",
        TimeField::Second => "ss",
    }
}

fn two_digits(time: NaiveDateTime, field: TimeField) -> u32 {
    match field {
        TimeField::Year => time.year().unsigned_abs(),
        TimeField::Month => time.month(),
        TimeField::Day => time.day(),
        TimeField::Hour => time.hour(),
        TimeField::Minute => time.minute(),
        TimeField::Second => time.second(),
    }
}

fn push_text(parts: &mut Vec<Part>, text: &str) {
    match parts.last_mut() {
        Some(Part::Text(before)) => before.push_str(text),
        _ => parts.push(Part::Text(text.to_owned())),
    }
}

/// The text in the quotes that `rest` begins with, and the length of all that; two quotes are one
/// quote.
fn quoted(rest: &str) -> Option<(String, usize)> {
    let mut text = String::new();
    let mut at = 1;
    loop {
        let end = at + rest[at..].find('\'')?;
        text.push_str(&rest[at..end]);
        if !rest[end + 1..].starts_with('\'') {
            let empty = text.is_empty() && end == 1;
            return Some((if empty { "'".to_owned() } else { text }, end + 1));
        }
        // `''` alone is a quote, and so it is within a quoted text.
        if end == 1 {
            return Some(("'".to_owned(), 2));
        }
        text.push('\'');
        at = end + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> NaiveDateTime {
        NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap()
    }

    #[test]
    fn texts_come_from_times_and_back() {
        for (pattern, text, starts) in [
            ("yyyy-MM-dd", "2026-11-20", "2026-11-20 00:00"),
            ("yyyy/MM/dd/HH", "2026/11/20/07", "2026-11-20 07:00"),
            ("yyyy-MM-dd-HH", "2026-11-20-07", "2026-11-20 07:00"),
            ("yyyyMM", "202611", "2026-11-01 00:00"),
            ("yyyy", "2026", "2026-01-01 00:00"),
            ("dd.MM.yyyy", "20.11.2026", "2026-11-20 00:00"),
            ("'y='yyyy'/m='MM", "y=2026/m=11", "2026-11-01 00:00"),
        ] {
            let pattern = DatePattern::read(pattern).unwrap();
            assert_eq!(pattern.write(time("2026-11-20 07:31")), text);
            assert_eq!(pattern.time(text), Some(time(starts)), "{text}");
            assert_eq!(pattern.width(), text.len());
            assert_eq!(pattern.time(&format!("{text}0")), None);
            assert_eq!(pattern.time(&text[1..]), None);
        }
        let days = DatePattern::read("yyyy-MM-dd").unwrap();
        for text in [
            "2026-11-31",
            "2026-13-01",
            "2026-1-01",
            "+026-11-20",
            "2026_11_20",
            "",
        ] {
            assert_eq!(days.time(text), None, "{text}");
        }
    }

    #[test]
    fn the_order_of_texts_is_known() {
        for (pattern, sorts) in [
            ("yyyy-MM-dd", true),
            ("dd-MM-yyyy", false),
            ("yyyyMM", true),
        ] {
            assert_eq!(DatePattern::read(pattern).unwrap().sorts_by_time(), sorts);
        }
    }

    #[test]
    fn what_is_not_read_is_refused_by_name() {
        for (pattern, named) in [
            ("yyyy-M-dd", "'M'"),
            ("yy-MM", "'yy'"),
            ("EEE", "'EEE'"),
            ("MM-dd", "no yyyy"),
            ("yyyy-dd", "no MM"),
            ("yyyy-MM-yyyy", "yyyy twice"),
            ("yyyy'x", "does not end"),
            ("", "no yyyy"),
        ] {
            let refusal = DatePattern::read(pattern).unwrap_err();
            assert!(refusal.contains(named), "{pattern}: {refusal}");
        }
    }
}
