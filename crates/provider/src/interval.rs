//! The lengths of bars that both providers have.

/// How long one bar lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BarInterval {
    /// One minute.
    Minutes1,
    /// Five minutes.
    Minutes5,
    /// A quarter of an hour.
    Minutes15,
    /// Half an hour.
    Minutes30,
    /// One hour.
    Hour1,
    /// One day of trading.
    Day1,
}

impl BarInterval {
    /// What people write for an interval; the first name of each is the one we write.
    pub const NAMES: [(&'static str, Self); 7] = [
        ("1m", Self::Minutes1),
        ("5m", Self::Minutes5),
        ("15m", Self::Minutes15),
        ("30m", Self::Minutes30),
        ("1h", Self::Hour1),
        ("60m", Self::Hour1),
        ("1d", Self::Day1),
    ];

    /// The interval of a name in [`Self::NAMES`]; `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let found = Self::NAMES.iter().find(|(name, _)| *name == text);
        found.map(|(_, interval)| *interval)
    }

    /// Its name, for example `5m`. It is also Binance's.
    #[must_use]
    pub fn name(self) -> &'static str {
        let found = Self::NAMES.iter().find(|(_, interval)| *interval == self);
        found.map_or("", |(name, _)| *name)
    }

    /// Minutes of a bar within a day; `None` for a day, whose length is not always 24 hours.
    pub(crate) fn minutes(self) -> Option<i64> {
        match self {
            Self::Minutes1 => Some(1),
            Self::Minutes5 => Some(5),
            Self::Minutes15 => Some(15),
            Self::Minutes30 => Some(30),
            Self::Hour1 => Some(60),
            Self::Day1 => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_means_an_interval_whose_name_means_it_again() {
        for (name, interval) in BarInterval::NAMES {
            assert_eq!(BarInterval::parse(name), Some(interval));
            assert_eq!(BarInterval::parse(interval.name()), Some(interval));
        }
        assert_eq!(BarInterval::Hour1.name(), "1h");
        assert_eq!(BarInterval::parse("2m"), None);
    }
}
