//! MySQL's patterns of `date_parse` and `date_format`, such as `%Y-%m-%d %H:%i:%s`.

use chrono::{Datelike, NaiveDate, NaiveDateTime, Timelike, Weekday};

use super::calendar::{DAY_MILLIS, days_of};
use super::front::{front_digits, front_year};
use super::trino_error::TrinoError;

type Outcome<T> = std::result::Result<T, TrinoError>;

/// One sign of a pattern.
enum Piece {
    /// A letter after a percent sign.
    Field(char),
    /// A sign that stands for itself.
    Sign(char),
}

fn pieces(pattern: &str) -> Outcome<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut signs = pattern.chars();
    while let Some(sign) = signs.next() {
        if sign != '%' {
            pieces.push(Piece::Sign(sign));
            continue;
        }
        match signs.next() {
            None => {}
            Some(field @ ('D' | 'U' | 'u' | 'V' | 'w' | 'X')) => {
                let message = format!("%{field} not supported in date format string");
                return Err(TrinoError::argument(message));
            }
            Some('T') => {
                for field in ['H', ':', 'i', ':', 's'] {
                    pieces.push(match field {
                        ':' => Piece::Sign(':'),
                        field => Piece::Field(field),
                    });
                }
            }
            Some('r') => {
                for field in ['h', ':', 'i', ':', 's', ' ', 'p'] {
                    pieces.push(match field {
                        ':' | ' ' => Piece::Sign(field),
                        field => Piece::Field(field),
                    });
                }
            }
            Some(
                field @ ('a' | 'b' | 'c' | 'd' | 'e' | 'f' | 'H' | 'h' | 'I' | 'i' | 'j' | 'k'
                | 'l' | 'M' | 'm' | 'p' | 'S' | 's' | 'v' | 'W' | 'x' | 'Y' | 'y'),
            ) => pieces.push(Piece::Field(field)),
            Some(sign) => pieces.push(Piece::Sign(sign)),
        }
    }
    if pieces.is_empty() {
        return Err(TrinoError::argument(
            "Both printing and parsing not supported",
        ));
    }
    Ok(pieces)
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];

fn month_name(time: NaiveDateTime) -> &'static str {
    usize::try_from(time.month0())
        .ok()
        .and_then(|month| MONTHS.get(month))
        .copied()
        .unwrap_or("")
}

fn day_name(time: NaiveDateTime) -> &'static str {
    let day = usize::try_from(time.weekday().num_days_from_monday());
    day.ok()
        .and_then(|day| DAYS.get(day))
        .copied()
        .unwrap_or("")
}

fn half_hour(time: NaiveDateTime) -> u32 {
    (time.hour() + 11) % 12 + 1
}

/// The time by the pattern.
pub(super) fn format(time: NaiveDateTime, pattern: &str) -> Outcome<String> {
    let mut text = String::new();
    for piece in pieces(pattern)? {
        let field = match piece {
            Piece::Sign(sign) => {
                text.push(sign);
                continue;
            }
            Piece::Field(field) => field,
        };
        text.push_str(&match field {
            'a' => day_name(time)[..3].to_owned(),
            'b' => month_name(time)[..3].to_owned(),
            'c' => time.month().to_string(),
            'd' => format!("{:02}", time.day()),
            'e' => time.day().to_string(),
            'f' => format!("{:03}000", time.nanosecond() / 1_000_000),
            'H' => format!("{:02}", time.hour()),
            'h' | 'I' => format!("{:02}", half_hour(time)),
            'i' => format!("{:02}", time.minute()),
            'j' => format!("{:03}", time.ordinal()),
            'k' => time.hour().to_string(),
            'l' => half_hour(time).to_string(),
            'M' => month_name(time).to_owned(),
            'm' => format!("{:02}", time.month()),
            'p' => if time.hour() < 12 { "AM" } else { "PM" }.to_owned(),
            'S' | 's' => format!("{:02}", time.second()),
            'v' => format!("{:02}", time.iso_week().week()),
            'W' => day_name(time).to_owned(),
            'x' => format!("{:04}", time.iso_week().year()),
            'y' => format!("{:02}", time.year().rem_euclid(100)),
            _ => format!("{:04}", time.year()),
        });
    }
    Ok(text)
}

/// What a text says about a time.
#[derive(Default)]
struct Fields {
    year: Option<i64>,
    month: Option<i64>,
    day: Option<i64>,
    day_of_year: Option<i64>,
    weekday: Option<i64>,
    hour: Option<i64>,
    half_hour: Option<i64>,
    afternoon: Option<bool>,
    minute: i64,
    second: i64,
    millis: i64,
}

/// The time of a text by the pattern, in milliseconds since 1970-01-01 00:00.
pub(super) fn parse(text: &str, pattern: &str) -> Outcome<i64> {
    let mut fields = Fields::default();
    let mut rest = text;
    for piece in pieces(pattern)? {
        let after = match piece {
            Piece::Sign(sign) => rest
                .chars()
                .next()
                .filter(|next| next.eq_ignore_ascii_case(&sign))
                .map(|next| &rest[next.len_utf8()..]),
            Piece::Field('v' | 'x') => {
                let message = "date_parse with the week of the year is not known here";
                return Err(TrinoError::new("NOT_SUPPORTED", message));
            }
            Piece::Field(field) => fields.read(field, rest),
        };
        rest = after.ok_or_else(|| malformed(text, rest))?;
    }
    if !rest.is_empty() {
        return Err(malformed(text, rest));
    }
    fields.millis()
}

fn malformed(text: &str, rest: &str) -> TrinoError {
    let at = if rest == text || rest.is_empty() {
        String::new()
    } else {
        format!(" is malformed at \"{rest}\"")
    };
    TrinoError::argument(format!("Invalid format: \"{text}\"{at}"))
}

impl Fields {
    /// Reads one field from the front of the text; the rest of it.
    fn read<'a>(&mut self, field: char, text: &'a str) -> Option<&'a str> {
        let number = |most| front_digits(text, most);
        Some(match field {
            'a' | 'W' => {
                let name = front_name(text, &DAYS)?;
                self.weekday = Some(name.place);
                name.rest
            }
            'b' | 'M' => {
                let name = front_name(text, &MONTHS)?;
                self.month = Some(name.place + 1);
                name.rest
            }
            'p' => {
                let half = text.get(..2)?;
                self.afternoon = Some(match half.to_ascii_uppercase().as_str() {
                    "AM" => false,
                    "PM" => true,
                    _ => return None,
                });
                text.get(2..)?
            }
            'f' => {
                let digits = text.bytes().take(9).take_while(u8::is_ascii_digit).count();
                let fraction = text.get(..digits).filter(|digits| !digits.is_empty())?;
                let kept: String = fraction.chars().chain("00".chars()).take(3).collect();
                self.millis = kept.parse().ok()?;
                text.get(digits..)?
            }
            'Y' => {
                let year = front_year(text, 4)?;
                self.year = Some(year.value);
                year.rest
            }
            'y' => {
                let year = number(2).filter(|year| year.digits == 2)?;
                // Two digits are the year nearest to 2020.
                self.year = Some(if year.value < 70 { 2000 } else { 1900 } + year.value);
                year.rest
            }
            'j' => {
                let day = number(3)?;
                self.day_of_year = Some(day.value);
                day.rest
            }
            _ => {
                let value = number(2)?;
                let place = match field {
                    'c' | 'm' => &mut self.month,
                    'd' | 'e' => &mut self.day,
                    'H' | 'k' => &mut self.hour,
                    'h' | 'I' | 'l' => &mut self.half_hour,
                    'i' => {
                        self.minute = value.value;
                        return Some(value.rest);
                    }
                    _ => {
                        self.second = value.value;
                        return Some(value.rest);
                    }
                };
                *place = Some(value.value);
                value.rest
            }
        })
    }

    fn millis(&self) -> Outcome<i64> {
        let date = self.date()?;
        let within = |value: i64, low: i64, high: i64, name: &str| {
            if (low..=high).contains(&value) {
                return Ok(());
            }
            Err(TrinoError::argument(format!(
                "Invalid value for {name} (valid values {low} - {high}): {value}"
            )))
        };
        let mut hour = self.hour.unwrap_or(0);
        within(hour, 0, 23, "HourOfDay")?;
        if let Some(half) = self.half_hour {
            within(half, 1, 12, "ClockHourOfAmPm")?;
            hour = hour / 12 * 12 + half % 12;
        }
        if let Some(afternoon) = self.afternoon {
            hour = hour % 12 + if afternoon { 12 } else { 0 };
        }
        within(self.minute, 0, 59, "MinuteOfHour")?;
        within(self.second, 0, 59, "SecondOfMinute")?;
        let clock = (hour * 60 + self.minute) * 60_000 + self.second * 1000 + self.millis;
        Ok(i64::from(days_of(date)) * DAY_MILLIS + clock)
    }

    /// Without any date 1970-01-01; a part of a date without a year is of the year 2000.
    fn date(&self) -> Outcome<NaiveDate> {
        let dated = self.month.is_some() || self.day.is_some() || self.day_of_year.is_some();
        let year = self.year.unwrap_or(if dated { 2000 } else { 1970 });
        let invalid = |name: &str, value: i64| {
            TrinoError::argument(format!("Invalid value for {name}: {value}"))
        };
        let year = i32::try_from(year).map_err(|_| invalid("Year", year))?;
        let mut date = if let Some(day) = self.day_of_year.filter(|_| self.month.is_none()) {
            u32::try_from(day)
                .ok()
                .and_then(|day| NaiveDate::from_yo_opt(year, day))
                .ok_or_else(|| invalid("DayOfYear", day))?
        } else {
            let (month, day) = (self.month.unwrap_or(1), self.day.unwrap_or(1));
            if !(1..=12).contains(&month) {
                let message =
                    format!("Invalid value for MonthOfYear (valid values 1 - 12): {month}");
                return Err(TrinoError::argument(message));
            }
            u32::try_from(month)
                .ok()
                .zip(u32::try_from(day).ok())
                .and_then(|(month, day)| NaiveDate::from_ymd_opt(year, month, day))
                .ok_or_else(|| invalid("DayOfMonth", day))?
        };
        if let Some(weekday) = self.weekday {
            let weekday = u8::try_from(weekday)
                .ok()
                .and_then(|day| Weekday::try_from(day).ok());
            let week = date.iso_week();
            date = weekday
                .and_then(|day| NaiveDate::from_isoywd_opt(week.year(), week.week(), day))
                .ok_or_else(|| invalid("DayOfWeek", 0))?;
        }
        Ok(date)
    }
}

struct FrontName<'a> {
    place: i64,
    rest: &'a str,
}

/// A name, whole or by its first three letters, at the front of a text; the longest that fits.
fn front_name<'a>(text: &'a str, names: &[&str]) -> Option<FrontName<'a>> {
    let fits = |name: &str| {
        text.get(..name.len())
            .is_some_and(|front| front.eq_ignore_ascii_case(name))
    };
    let mut found: Option<(i64, usize)> = None;
    for (place, name) in (0..).zip(names) {
        for name in [*name, &name[..3]] {
            if fits(name) && found.is_none_or(|(_, length)| name.len() > length) {
                found = Some((place, name.len()));
            }
        }
    }
    let (place, length) = found?;
    Some(FrontName {
        place,
        rest: text.get(length..)?,
    })
}
