//! The values of flags that are more than a text or a number. `plan.rs` checks the combinations.

use std::num::NonZeroU64;

use provider::{BarInterval, MarketProvider};
use schema::{TimeZone, TypedColumn};

use crate::{
    pace::{ClosedHours, Night},
    source::csv::header::RenamedColumn,
};

/// The byte between two fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delimiter(pub u8);

/// The byte that takes a quote's meaning away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Escape(pub u8);

/// Where the names of columns come from, if not from a first line that looks like them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Header {
    /// From the first line, whatever it looks like.
    FirstLine,
    /// These; each line is a row.
    Names(Vec<String>),
}

/// The list of `--columns`.
#[derive(Debug, Clone, Default)]
pub struct ColumnTypes(pub Vec<TypedColumn>);

/// How often everything is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// Until stopped.
    Forever,
    /// So many times.
    Times(NonZeroU64),
}

impl Repeat {
    /// Whether another pass follows after so many.
    pub(crate) fn goes_on_after(self, passes: u64) -> bool {
        match self {
            Self::Forever => true,
            Self::Times(times) => passes < times.get(),
        }
    }

    /// Whether everything is sent once.
    pub(crate) fn is_once(self) -> bool {
        self == Self::Times(NonZeroU64::MIN)
    }
}

pub(super) fn parse_delimiter(text: &str) -> Result<Delimiter, String> {
    match text {
        "tab" | "\\t" => Ok(Delimiter(b'\t')),
        _ => match text.as_bytes() {
            [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\r' | b'\n') => {
                Ok(Delimiter(*byte))
            }
            _ => Err("must be one ASCII character, such as ; or |, or the word tab".to_owned()),
        },
    }
}

pub(super) fn parse_escape(text: &str) -> Result<Escape, String> {
    match text.as_bytes() {
        [byte] if byte.is_ascii_punctuation() && *byte != b'"' => Ok(Escape(*byte)),
        _ => Err("must be one sign, such as \\".to_owned()),
    }
}

pub(super) fn parse_header(text: &str) -> Result<Header, String> {
    if text == "first-line" {
        return Ok(Header::FirstLine);
    }
    let names: Vec<String> = text.split(',').map(|name| name.trim().to_owned()).collect();
    if names.iter().all(String::is_empty) {
        return Err("must be names, such as Symbol,Date,Close, or first-line".to_owned());
    }
    Ok(Header::Names(names))
}

pub(super) fn parse_columns(text: &str) -> Result<ColumnTypes, schema::SchemaError> {
    schema::parse_columns(text).map(ColumnTypes)
}

pub(super) fn parse_rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate.is_finite() && rate > 0.0 => Ok(rate),
        _ => Err(
            "must be a number above 0; leave --rate out to send as fast as Kafka takes the records"
                .to_owned(),
        ),
    }
}

/// Words as in the other switches, or a number of passes. `1` was a word for yes before there were
/// numbers, so it is refused.
pub(super) fn parse_repeat(text: &str) -> Result<Repeat, String> {
    let lower = text.to_ascii_lowercase();
    match lower.as_str() {
        "true" | "yes" | "y" | "on" | "t" => return Ok(Repeat::Forever),
        "false" | "no" | "n" | "off" | "f" | "0" => return Ok(Repeat::Times(NonZeroU64::MIN)),
        _ => {}
    }
    match text.parse::<NonZeroU64>() {
        Ok(NonZeroU64::MIN) => Err(
            "would be one pass, which needs no --loop; give true for passes without end".to_owned(),
        ),
        Ok(times) => Ok(Repeat::Times(times)),
        Err(_) => Err("must be a number of passes from 2, true or false".to_owned()),
    }
}

pub(super) fn parse_renamed(text: &str) -> Result<RenamedColumn, String> {
    match text.split_once('=') {
        Some((old, new)) if !old.trim().is_empty() && !new.trim().is_empty() => Ok(RenamedColumn {
            old: old.trim().to_owned(),
            new: new.trim().to_owned(),
        }),
        _ => Err("must be OLD=NEW, such as Name=Symbol".to_owned()),
    }
}

pub(super) fn parse_zone(text: &str) -> Result<TimeZone, String> {
    text.parse()
}

/// Time of the market by real time: `86400x`, or `1d/s`.
pub(super) fn parse_speed(text: &str) -> Result<f64, String> {
    let text = text.trim();
    let speed = if let Some(factor) = text.strip_suffix(['x', 'X']) {
        factor.trim().parse().ok()
    } else {
        text.split_once('/').and_then(|(market, real)| {
            let real = if real.starts_with(|first: char| first.is_ascii_digit()) {
                seconds(real)?
            } else {
                seconds(&format!("1{real}"))?
            };
            Some(seconds(market)? / real)
        })
    };
    match speed {
        Some(speed) if speed.is_finite() && speed > 0.0 => Ok(speed),
        _ => Err(
            "must be a factor such as 86400x, or time by time such as 1d/s (units s, m, h, d, w)"
                .to_owned(),
        ),
    }
}

/// The seconds of a number with a unit.
fn seconds(text: &str) -> Option<f64> {
    let text = text.trim();
    let (unit_at, unit) = text.char_indices().next_back()?;
    let unit = match unit {
        's' => 1.0,
        'm' => 60.0,
        'h' => 3_600.0,
        'd' => 86_400.0,
        'w' => 604_800.0,
        _ => return None,
    };
    let number: f64 = text[..unit_at].trim().parse().ok()?;
    Some(number * unit)
}

pub(super) fn parse_closed_hours(text: &str) -> Result<ClosedHours, String> {
    let mut closed = ClosedHours::default();
    for part in text.split(',').map(str::trim) {
        if part.eq_ignore_ascii_case("weekends") {
            closed.weekends = true;
        } else if closed.night.is_none()
            && let Some(night) = night(part)
        {
            closed.night = Some(night);
        } else {
            return Err(
                "must be weekends, one part of the day such as 17:00-09:30, or both with a comma"
                    .to_owned(),
            );
        }
    }
    Ok(closed)
}

fn night(text: &str) -> Option<Night> {
    let minute = |text: &str| -> Option<u16> {
        let (hour, minute) = text.trim().split_once(':')?;
        let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
        (hour < 24 && minute < 60).then_some(hour * 60 + minute)
    };
    let (from, to) = text.split_once('-')?;
    let (from, to) = (minute(from)?, minute(to)?);
    (from != to).then_some(Night { from, to })
}

pub(super) fn parse_provider(text: &str) -> Result<MarketProvider, String> {
    MarketProvider::parse(text).ok_or_else(|| {
        let names = MarketProvider::ALL.map(MarketProvider::name);
        format!("must be one of {}", names.join(", "))
    })
}

pub(super) fn parse_interval(text: &str) -> Result<BarInterval, String> {
    BarInterval::parse(text).ok_or_else(|| {
        let names = BarInterval::NAMES.map(|(name, _)| name);
        format!("must be one of {}", names.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speeds_are_factors_or_time_by_time() {
        for (text, speed) in [
            ("86400x", 86_400.0),
            ("0.5X", 0.5),
            ("1d/s", 86_400.0),
            ("1.5h/m", 90.0),
            ("1w/10s", 60_480.0),
        ] {
            assert_eq!(parse_speed(text), Ok(speed), "{text}");
        }
        for text in [
            "", "x", "5", "-1x", "0x", "1d", "1d/", "1y/s", "d/s", "1d/0s", "nanx",
        ] {
            assert!(parse_speed(text).is_err(), "{text}");
        }
    }

    #[test]
    fn closed_hours_are_weekends_and_a_part_of_the_day() {
        let night = Night {
            from: 17 * 60,
            to: 9 * 60 + 30,
        };
        let both = ClosedHours {
            weekends: true,
            night: Some(night),
        };
        assert_eq!(parse_closed_hours("weekends, 17:00-09:30"), Ok(both));
        let weekends = ClosedHours {
            weekends: true,
            night: None,
        };
        assert_eq!(parse_closed_hours("Weekends"), Ok(weekends));
        for text in [
            "",
            "nights",
            "17-9",
            "17:00-24:00",
            "9:00-9:00",
            "1:00-2:00,3:00-4:00",
        ] {
            assert!(parse_closed_hours(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_loop_is_for_ever_or_counted() {
        let times = |n| Ok(Repeat::Times(NonZeroU64::new(n).unwrap()));
        for (text, repeat) in [
            ("true", Ok(Repeat::Forever)),
            ("Yes", Ok(Repeat::Forever)),
            ("false", times(1)),
            ("0", times(1)),
            ("3", times(3)),
        ] {
            assert_eq!(parse_repeat(text), repeat, "{text}");
        }
        for text in ["1", "-1", "often", ""] {
            assert!(parse_repeat(text).is_err(), "{text}");
        }
        let three = Repeat::Times(NonZeroU64::new(3).unwrap());
        assert!(three.goes_on_after(2) && !three.goes_on_after(3));
        assert!(Repeat::Forever.goes_on_after(u64::MAX) && !Repeat::Forever.is_once());
    }

    #[test]
    fn columns_are_renamed_in_pairs() {
        let renamed = parse_renamed(" Name = Symbol").unwrap();
        assert_eq!(
            (renamed.old.as_str(), renamed.new.as_str()),
            ("Name", "Symbol")
        );
        for text in ["Name", "=Symbol", "Name= "] {
            assert!(parse_renamed(text).is_err(), "{text}");
        }
    }

    #[test]
    fn rates_are_above_zero() {
        assert_eq!(parse_rate("0.5"), Ok(0.5));
        for text in ["0", "-1", "nan", "inf", "fast"] {
            assert!(parse_rate(text).is_err(), "{text}");
        }
    }
}
