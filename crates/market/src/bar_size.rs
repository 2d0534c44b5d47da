//! How long the bars are: a day, some minutes, or no bars but single trades.

use std::{fmt, str::FromStr};

/// The span of time of one record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BarSize {
    /// One bar a day.
    #[default]
    Day,
    /// Bars of this many minutes, counted from the open of the exchange (and from the end of its
    /// lunch); the last one of a part of a day may be shorter.
    Minutes(BarMinutes),
    /// Every trade.
    Tick,
}

/// The length of an intraday bar: 1, 2, 3, 5, 10, 15, 20, 30 or 60 minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BarMinutes(u8);

/// A text that is no size of bars.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no bar size; use 1d, 1h, 30m, 20m, 15m, 10m, 5m, 3m, 2m, 1m or tick")]
pub struct UnknownBarSize {
    text: String,
}

impl BarMinutes {
    /// One minute.
    pub const ONE: Self = Self(1);

    /// A length in minutes; `None` for one that no bars have.
    #[must_use]
    pub fn new(minutes: u8) -> Option<Self> {
        matches!(minutes, 1 | 2 | 3 | 5 | 10 | 15 | 20 | 30 | 60).then_some(Self(minutes))
    }

    /// The number of minutes.
    #[must_use]
    pub fn get(self) -> u8 {
        self.0
    }
}

/// Reads `1d`, `5m`, `1h` or `tick`.
impl FromStr for BarSize {
    type Err = UnknownBarSize;

    fn from_str(text: &str) -> Result<Self, UnknownBarSize> {
        let minutes = match text {
            "1d" => return Ok(Self::Day),
            "tick" => return Ok(Self::Tick),
            "1h" => Some(60),
            _ => text
                .strip_suffix('m')
                .filter(|digits| digits.starts_with(|sign: char| sign.is_ascii_digit()))
                .and_then(|digits| digits.parse().ok()),
        };
        let known = minutes.and_then(BarMinutes::new).map(Self::Minutes);
        known.ok_or_else(|| UnknownBarSize {
            text: text.to_owned(),
        })
    }
}

/// As it is read: `5m`.
impl fmt::Display for BarSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day => f.write_str("1d"),
            Self::Tick => f.write_str("tick"),
            Self::Minutes(BarMinutes(60)) => f.write_str("1h"),
            Self::Minutes(BarMinutes(minutes)) => write!(f, "{minutes}m"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_they_are_written() {
        for text in [
            "1d", "1m", "2m", "3m", "5m", "10m", "15m", "20m", "30m", "1h", "tick",
        ] {
            assert_eq!(text.parse::<BarSize>().unwrap().to_string(), text);
        }
        assert_eq!("60m".parse::<BarSize>(), "1h".parse());
        for text in [
            "", "m", "7m", "+5m", "2h", "1 d", "0m", "61m", "300m", "Tick",
        ] {
            assert!(text.parse::<BarSize>().is_err(), "{text}");
        }
    }
}
