//! The model of days: one market factor, and the returns and volumes of a symbol around it.
//!
//! A path begins on 1900-01-01 and takes the same numbers for each weekday, whether the exchange is
//! open or not. So the days of a symbol depend neither on the range that is asked for nor on other
//! symbols. The README says where each part of the model comes from.

use std::sync::Arc;

use chrono::{Datelike, NaiveDate};

use crate::{
    calendar::{Exchange, date_of, epoch_day},
    random::{Purpose, RandomStream},
    symbol::Parameters,
};

/// The first day of all paths.
pub(crate) const FIRST_YEAR: i32 = 1900;
/// The last year; later instants do not fit into 64 bits of nanoseconds, which some readers use.
pub(crate) const LAST_YEAR: i32 = 2261;

/// The part of a day's variance that falls between the close and the next open.
const OVERNIGHT: f64 = 0.25;
/// The part of the variance within the hours.
const SESSION: f64 = 1.0 - OVERNIGHT;

/// The memory of variance: GJR-GARCH(1,1), daily. Its persistence is 0.98.
const OLD_VARIANCE: f64 = 0.91;
const SQUARED_RETURN: f64 = 0.01;
/// On top of it after a loss.
const SQUARED_LOSS: f64 = 0.12;
const PERSISTENCE: f64 = OLD_VARIANCE + SQUARED_RETURN + SQUARED_LOSS / 2.0;
/// Variance is at most this many times the usual one, so that no day is beyond belief.
const MOST_VARIANCE: f64 = 30.0;

/// The standard deviation of the factor's daily return.
const FACTOR_DEVIATION: f64 = 0.008;

/// A symbol's jumps: how often, and the standard deviation of their size.
const JUMP_CHANCE: f64 = 0.008;
const JUMP_DEVIATION: f64 = 0.03;

/// The part of the distance from the price level that a day takes back.
const REVERSION: f64 = 0.001;

/// Price levels grow from 1960-01-01 to 2040-01-01 only, so that centuries do not end in nonsense;
/// in days since 1970-01-01.
const GROWTH_FROM: i32 = -3_653;
const GROWTH_TO: i32 = 25_567;
/// 1900-01-01, a Monday, in the same days.
const FIRST_DAY: i32 = -25_567;

/// The variance of tomorrow, given what happened until today.
#[derive(Clone, Copy, Debug)]
struct Variance {
    usual: f64,
    now: f64,
}

impl Variance {
    fn new(deviation: f64) -> Self {
        let usual = deviation * deviation;
        Self { usual, now: usual }
    }

    fn learn(&mut self, daily_return: f64) {
        let weight = match daily_return < 0.0 {
            true => SQUARED_RETURN + SQUARED_LOSS,
            false => SQUARED_RETURN,
        };
        let news = weight * daily_return * daily_return;
        let next = (1.0 - PERSISTENCE) * self.usual + OLD_VARIANCE * self.now + news;
        self.now = next.min(MOST_VARIANCE * self.usual);
    }
}

/// What the market factor does on a weekday.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FactorDay {
    overnight: f64,
    session: f64,
    /// The variance that was expected of the session.
    session_variance: f64,
}

/// The days of the market factor from 1900 to this day, one for each weekday. All symbols share
/// them.
pub(crate) fn factor_days(seed: u64, to: NaiveDate) -> Vec<FactorDay> {
    let days = (epoch_day(to) - FIRST_DAY).max(0) / 7 * 5 + 5;
    let mut factor = Factor::new(seed);
    (0..days).map(|_| factor.next_day()).collect()
}

/// The path of the market factor, one weekday after the other.
#[derive(Clone, Debug)]
struct Factor {
    random: RandomStream,
    variance: Variance,
}

impl Factor {
    fn new(seed: u64) -> Self {
        Self {
            random: RandomStream::new(seed, Purpose::FactorDays, ""),
            variance: Variance::new(FACTOR_DEVIATION),
        }
    }

    fn next_day(&mut self) -> FactorDay {
        let deviation = self.variance.now.sqrt() * self.random.student_scale();
        let overnight = deviation * OVERNIGHT.sqrt() * self.random.normal();
        let session = deviation * SESSION.sqrt() * self.random.normal();
        let session_variance = deviation * deviation * SESSION;
        self.variance.learn(overnight + session);
        FactorDay {
            overnight,
            session,
            session_variance,
        }
    }
}

/// The prices, in hundredths, and the volume of one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DayPrices {
    pub(crate) open: i64,
    pub(crate) high: i64,
    pub(crate) low: i64,
    pub(crate) close: i64,
    pub(crate) volume: i64,
}

/// A weekday of a symbol.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weekday {
    pub(crate) date: NaiveDate,
    /// `None` if the exchange is closed.
    pub(crate) prices: Option<DayPrices>,
}

/// The numbers that a symbol draws on a weekday.
struct Draws {
    scale: f64,
    overnight: f64,
    session: f64,
    is_jump: bool,
    jump: f64,
    high: f64,
    low: f64,
    volume: f64,
}

/// The days of one symbol from 1900 on.
#[derive(Clone, Debug)]
pub(crate) struct DailyPath {
    parameters: Parameters,
    exchange: &'static Exchange,
    factor: Arc<[FactorDay]>,
    random: RandomStream,
    own: Variance,
    /// The logarithm of the price level on the parameters' first day.
    first_level: f64,
    /// The usual standard deviation of a day's return.
    usual_deviation: f64,
    /// The next weekday, in days since 1970-01-01, and counted from the first one.
    next_day: i32,
    weekdays: usize,
    /// What the factor did on days when the exchange was closed.
    missed: f64,
    /// The logarithm of the price over its level.
    distance: f64,
    /// The logarithm of the volume over what return and level make it.
    volume_mood: f64,
}

impl DailyPath {
    /// The path of a symbol with this market factor, whose days decide where the path ends.
    pub(crate) fn new(
        seed: u64,
        symbol: &str,
        parameters: Parameters,
        exchange: &'static Exchange,
        factor: Arc<[FactorDay]>,
    ) -> Self {
        let factor_part = parameters.beta * FACTOR_DEVIATION;
        let own = Variance::new(parameters.own_deviation);
        Self {
            factor,
            random: RandomStream::new(seed, Purpose::Days, symbol),
            own,
            first_level: libm::log(parameters.price),
            usual_deviation: (factor_part * factor_part + own.usual).sqrt(),
            next_day: FIRST_DAY,
            weekdays: 0,
            missed: 0.0,
            distance: 0.0,
            volume_mood: 0.0,
            parameters,
            exchange,
        }
    }

    /// The next weekday, and its prices if the exchange is open; `None` after the factor's last
    /// day.
    pub(crate) fn next_weekday(&mut self) -> Option<Weekday> {
        let day = self.next_day;
        let date = date_of(day);
        // After a Friday comes a Monday.
        let factor = *self.factor.get(self.weekdays)?;
        self.weekdays += 1;
        self.next_day += if self.weekdays.is_multiple_of(5) {
            3
        } else {
            1
        };
        let draws = self.draws();
        let prices = match self.exchange.is_open(date) {
            true => Some(self.trade(day, factor, &draws)),
            false => {
                self.missed += factor.overnight + factor.session;
                None
            }
        };
        Some(Weekday { date, prices })
    }

    /// Goes on until the next weekday is this day or a later one.
    pub(crate) fn skip_until(&mut self, date: NaiveDate) {
        while self.next_day < epoch_day(date) && self.next_weekday().is_some() {}
    }

    fn draws(&mut self) -> Draws {
        Draws {
            scale: self.random.student_scale(),
            overnight: self.random.normal(),
            session: self.random.normal(),
            is_jump: self.random.unit() < JUMP_CHANCE,
            jump: self.random.normal(),
            high: self.random.unit(),
            low: self.random.unit(),
            volume: self.random.normal(),
        }
    }

    fn trade(&mut self, day: i32, factor: FactorDay, draws: &Draws) -> DayPrices {
        let beta = self.parameters.beta;
        let deviation = self.own.now.sqrt() * draws.scale;
        let own_overnight = deviation * OVERNIGHT.sqrt() * draws.overnight;
        let own_session = deviation * SESSION.sqrt() * draws.session;
        self.own.learn(own_overnight + own_session);

        // The mean of e^jump is taken out again, so jumps add no growth of their own.
        let mean_jump = JUMP_CHANCE * (JUMP_DEVIATION * JUMP_DEVIATION / 2.0);
        let jump = if draws.is_jump {
            JUMP_DEVIATION * draws.jump
        } else {
            0.0
        };
        let overnight = beta * (self.missed + factor.overnight) + own_overnight + jump - mean_jump;
        let session = beta * factor.session + own_session - REVERSION * self.distance;
        self.missed = 0.0;

        let level = self.first_level + self.growth(day);
        self.distance += overnight;
        let open = libm::exp(level + self.distance);
        self.distance += session;
        let close = open * libm::exp(session);

        // The highest and the lowest point of a Brownian bridge from open to close.
        let variance = beta * beta * factor.session_variance + deviation * deviation * SESSION;
        let reach = |uniform: f64| {
            let size = session * session - 2.0 * variance * libm::log(uniform);
            size.sqrt()
        };
        let high = open * libm::exp((session + reach(draws.high)) / 2.0);
        let low = open * libm::exp((session - reach(draws.low)) / 2.0);

        let (open, close) = (hundredths(open), hundredths(close));
        DayPrices {
            open,
            high: hundredths(high).max(open).max(close),
            low: hundredths(low).min(open).min(close),
            close,
            volume: self.volume(day, overnight + session, draws.volume),
        }
    }

    /// The logarithm of the level over that of the first day.
    fn growth(&self, day: i32) -> f64 {
        let years = years_between(self.parameters.first_day, day);
        self.parameters.yearly_growth * years
    }

    /// The volume of a day: more on days of large returns, and much like the day before's.
    fn volume(&mut self, day: i32, daily_return: f64, news: f64) -> i64 {
        self.volume_mood = 0.8 * self.volume_mood + 0.15 * news;
        let years = years_between(self.parameters.first_day, day);
        let growth = self.parameters.yearly_volume_growth * years;
        let size = 0.6 + 0.5 * (daily_return.abs() / self.usual_deviation).min(8.0);
        let usual = self.parameters.volume * size * libm::exp(growth + self.volume_mood);
        let lots = usual / self.parameters.lot as f64;
        (lots.round() as i64).max(1) * self.parameters.lot
    }
}

/// The correlation of a symbol's returns with the market factor's.
pub(crate) fn factor_correlation(parameters: &Parameters) -> f64 {
    let factor = parameters.beta * FACTOR_DEVIATION;
    factor / (factor * factor + parameters.own_deviation * parameters.own_deviation).sqrt()
}

/// The years of growth from one day to another.
fn years_between(from: i32, to: i32) -> f64 {
    f64::from(to.clamp(GROWTH_FROM, GROWTH_TO) - from) / 365.25
}

/// The nearest price in hundredths, one at least.
fn hundredths(price: f64) -> i64 {
    ((price * 100.0).round() as i64).max(1)
}

/// Whether the model has days in this year.
pub(crate) fn has_year(date: NaiveDate) -> bool {
    (FIRST_YEAR..=LAST_YEAR).contains(&date.year())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::symbol::{exchange_of, parameters};

    fn path(symbol: &str, factor: &Arc<[FactorDay]>) -> DailyPath {
        let factor = Arc::clone(factor);
        DailyPath::new(7, symbol, parameters(symbol), exchange_of(symbol), factor)
    }

    #[test]
    fn the_days_are_those_of_the_calendar() {
        let day = |year| epoch_day(NaiveDate::from_ymd_opt(year, 1, 1).unwrap());
        assert_eq!(
            [1900, 1960, 2040].map(day),
            [FIRST_DAY, GROWTH_FROM, GROWTH_TO]
        );
        assert_eq!(date_of(FIRST_DAY).weekday(), chrono::Weekday::Mon);
        for date in [
            "1900-01-01",
            "1900-01-05",
            "1900-01-06",
            "2020-02-29",
            "2261-12-31",
        ] {
            let date = date.parse().unwrap();
            let mut path = path("HSI", &factor_days(7, date).into());
            path.skip_until(date);
            let next = path.next_weekday();
            let is_weekday = date.weekday().num_days_from_monday() < 5;
            assert!(!is_weekday || next.unwrap().date == date, "{date}");
        }
    }

    #[test]
    fn every_weekday_of_all_years_has_consistent_prices() {
        let last = NaiveDate::from_ymd_opt(LAST_YEAR, 12, 31).unwrap();
        let factor = factor_days(7, last).into();
        for symbol in ["HSI", "399001.SZ", "J203.JO", "X"] {
            let mut path = path(symbol, &factor);
            let mut days = 0;
            while let Some(Weekday { date, prices }) = path.next_weekday() {
                assert!(date.weekday().num_days_from_monday() < 5, "{date}");
                let Some(day) = prices else { continue };
                days += 1;
                let (top, bottom) = (day.open.max(day.close), day.open.min(day.close));
                assert!(
                    0 < day.low && day.low <= bottom && top <= day.high,
                    "{symbol} {day:?}"
                );
                assert!(
                    (20..100_000_000_000).contains(&day.high),
                    "{symbol} {date} {day:?}"
                );
                assert!(
                    (1..1_000_000_000_000).contains(&day.volume),
                    "{symbol} {date} {day:?}"
                );
            }
            assert!(days > 90_000, "{days}");
        }
    }
}
