//! The bridge: from a day's bar to the bars or trades inside the day, which add up to it exactly.
//!
//! ```
//! use market::{BarSize, Bridge, DailyBar};
//!
//! let day = DailyBar::from_cells("IXIC", "2021-05-28", "13792.0", "13820.85", "13747.6",
//!     "13748.7", Some("13748.7"), "4412250000.0", Some("13748.7")).unwrap();
//! let mut bridge = Bridge::new(7, "5m".parse().unwrap());
//! let events = bridge.day(&day).unwrap();
//! assert_eq!(events.len(), 78);
//! let mut json = Vec::new();
//! events[0].append_json(&mut json);
//! let start = br#"{"Index":"IXIC","Date":"2021-05-28 13:30:00.000","Open":13792.0,"#;
//! assert!(json.starts_with(start));
//! ```

use std::collections::{BTreeMap, VecDeque};

use chrono::NaiveDate;

use crate::{
    bar_size::BarSize,
    calendar::{Exchange, Session},
    daily::factor_correlation,
    event::Event,
    exact_decimal::{ExactDecimal, power_of_ten},
    intraday::{DayTotals, Intraday},
    play::{Conversion, DayPlayer, KnownPrice, NumberForms, day_bar, whole_day},
    symbol::{exchange_of, parameters},
};

/// The bar of one day of one symbol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DailyBar {
    /// The symbol; it decides the exchange, see [`exchange_of`].
    pub symbol: String,
    /// The trading day, in the exchange's zone.
    pub date: NaiveDate,
    /// The first price.
    pub open: ExactDecimal,
    /// The highest price.
    pub high: ExactDecimal,
    /// The lowest price.
    pub low: ExactDecimal,
    /// The last price.
    pub close: ExactDecimal,
    /// The adjusted last price, if the source has one: the last bar of the day gets it, the others
    /// in proportion.
    pub adj_close: Option<ExactDecimal>,
    /// What was traded on the day.
    pub volume: ExactDecimal,
    /// The last price in US dollars, if the source has it: as for `adj_close`.
    pub close_usd: Option<ExactDecimal>,
}

/// Why a day has no bars inside it. The day can still be sent as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BridgeError {
    /// A text that is no price, volume or day.
    #[error("{symbol} {date}: {column} {text:?} is no {expected}")]
    Cell {
        /// The symbol.
        symbol: String,
        /// The text of the day.
        date: String,
        /// The name of the column.
        column: &'static str,
        /// What stands there, at most its first 40 characters.
        text: String,
        /// What should.
        expected: &'static str,
    },
    /// Nothing was traded, so there is nothing to share out.
    #[error("{symbol} {date}: the volume is 0, so there is nothing to share out among minutes")]
    NoVolume {
        /// The symbol.
        symbol: String,
        /// The day.
        date: NaiveDate,
    },
    /// One price only: the source does not know what happened inside the day.
    #[error("{symbol} {date}: high and low are both {price}, so the day has no inside")]
    OnePrice {
        /// The symbol.
        symbol: String,
        /// The day.
        date: NaiveDate,
        /// The price.
        price: ExactDecimal,
    },
    /// Prices that no day can have.
    #[error(
        "{symbol} {date}: open {open}, high {high}, low {low}, close {close}: low must be above 0 and \
         at most open and close, high at least"
    )]
    Inconsistent {
        /// The symbol.
        symbol: String,
        /// The day.
        date: NaiveDate,
        /// The first price.
        open: ExactDecimal,
        /// The highest price.
        high: ExactDecimal,
        /// The lowest price.
        low: ExactDecimal,
        /// The last price.
        close: ExactDecimal,
    },
    /// Prices of such different scales that they do not fit into 18 digits together.
    #[error("{symbol} {date}: the prices have more than 18 digits between them")]
    TooManyDigits {
        /// The symbol.
        symbol: String,
        /// The day.
        date: NaiveDate,
    },
    /// Less volume than trades that show the day's prices.
    #[error(
        "{symbol} {date}: a volume of {volume} is too little for the {trades} trades that show \
             open, high, low and close; use bars instead of ticks"
    )]
    TooLittleVolume {
        /// The symbol.
        symbol: String,
        /// The day.
        date: NaiveDate,
        /// The volume.
        volume: ExactDecimal,
        /// How many trades it takes.
        trades: i64,
    },
}

impl DailyBar {
    /// Reads the cells of a row: the digits of all numbers are kept.
    ///
    /// # Errors
    /// [`BridgeError::Cell`] for a day that is not `2021-05-28`, and for a number with more than 18
    /// digits, a sign, an exponent or anything else but digits and one point.
    pub fn from_cells(
        symbol: &str,
        date: &str,
        open: &str,
        high: &str,
        low: &str,
        close: &str,
        adj_close: Option<&str>,
        volume: &str,
        close_usd: Option<&str>,
    ) -> Result<Self, BridgeError> {
        let wrong = |column, text: &str, expected| BridgeError::Cell {
            symbol: symbol.to_owned(),
            date: date.to_owned(),
            column,
            text: text.chars().take(40).collect(),
            expected,
        };
        let number = |column, text: &str| {
            let expected = "number of at most 18 digits, such as 2479.300049";
            ExactDecimal::parse(text).ok_or_else(|| wrong(column, text, expected))
        };
        let day = date.parse();
        Ok(Self {
            symbol: symbol.to_owned(),
            date: day.map_err(|_| wrong("Date", date, "day such as 2021-05-28"))?,
            open: number("Open", open)?,
            high: number("High", high)?,
            low: number("Low", low)?,
            close: number("Close", close)?,
            adj_close: adj_close
                .map(|text| number("Adj Close", text))
                .transpose()?,
            volume: number("Volume", volume)?,
            close_usd: close_usd.map(|text| number("CloseUSD", text)).transpose()?,
        })
    }

    /// The totals in whole numbers, and how they are written.
    fn taken_apart(&self) -> Result<(DayTotals, NumberForms), BridgeError> {
        let (symbol, date) = (|| self.symbol.clone(), self.date);
        let prices = [self.open, self.high, self.low, self.close];
        let scale = prices.iter().map(|price| price.scale).max().unwrap_or(0);
        let units = prices.map(|price| price.units_at(scale));
        let [Some(open), Some(high), Some(low), Some(close)] = units else {
            let symbol = symbol();
            return Err(BridgeError::TooManyDigits { symbol, date });
        };
        if !(0 < low && low <= open.min(close) && open.max(close) <= high) {
            return Err(BridgeError::Inconsistent {
                symbol: symbol(),
                date,
                open: self.open,
                high: self.high,
                low: self.low,
                close: self.close,
            });
        }
        if self.volume.units <= 0 {
            let symbol = symbol();
            return Err(BridgeError::NoVolume { symbol, date });
        }
        if low == high {
            return Err(BridgeError::OnePrice {
                symbol: symbol(),
                date,
                price: self.close,
            });
        }
        let volume_unit = volume_unit(self.volume);
        let known = |units, digits| KnownPrice { units, digits };
        let conversion = |digits| Conversion {
            units: close,
            digits,
        };
        let forms = NumberForms {
            scale,
            known: Some([
                known(open, self.open),
                known(high, self.high),
                known(low, self.low),
                known(close, self.close),
            ]),
            adjusted: self.adj_close.map(conversion),
            dollars: self.close_usd.map(conversion),
            volume_unit,
        };
        let totals = DayTotals {
            open,
            high,
            low,
            close,
            volume: self.volume.units / volume_unit.units,
            tick: tick(scale, high - low),
        };
        Ok((totals, forms))
    }
}

/// Whole shares where the volume is a whole number, even if it is written with a point.
fn volume_unit(volume: ExactDecimal) -> ExactDecimal {
    let (mut unit, mut zeros) = (1, 0);
    while zeros < volume.scale && volume.units % (unit * 10) == 0 {
        unit *= 10;
        zeros += 1;
    }
    ExactDecimal {
        units: unit,
        scale: volume.scale,
    }
}

/// A hundredth, or less on a day on which prices move by less than some hundredths.
fn tick(scale: u8, range: i64) -> i64 {
    let mut tick = power_of_ten(scale.saturating_sub(2)).unwrap_or(1);
    while tick > 1 && tick * 20 > range {
        tick /= 10;
    }
    tick
}

/// Makes bars or trades of days. The same seed and the same day give the same events, whatever days
/// and symbols came before.
#[derive(Clone, Debug)]
pub struct Bridge {
    seed: u64,
    size: BarSize,
    has_quotes: bool,
    symbols: BTreeMap<String, SymbolBridge>,
}

#[derive(Clone, Debug)]
struct SymbolBridge {
    exchange: &'static Exchange,
    player: DayPlayer,
}

impl Bridge {
    /// A bridge to bars of this size, or to trades. [`BarSize::Day`] gives each day back as it is.
    #[must_use]
    pub fn new(seed: u64, size: BarSize) -> Self {
        Self {
            seed,
            size,
            has_quotes: false,
            symbols: BTreeMap::new(),
        }
    }

    /// Puts before each trade the quote that it meets; changes nothing about bars.
    #[must_use]
    pub fn with_quotes(mut self) -> Self {
        self.has_quotes = true;
        self
    }

    /// The events inside a day, in the order of their times.
    ///
    /// They lie within the hours that the exchange has on that date by its calendar; a day on which
    /// it would be closed gets its usual hours, because the bar says that there was trading. First
    /// open, highest high, lowest low, last close and the sum of the volumes are the day's, digit
    /// for digit. A minute in which nothing is traded has no bar.
    ///
    /// # Errors
    /// [`BridgeError`] for a day that has no inside: without volume, with one price only, or with
    /// prices that contradict each other.
    pub fn day(&mut self, day: &DailyBar) -> Result<Vec<Event>, BridgeError> {
        let (totals, forms) = day.taken_apart()?;
        let (seed, size, has_quotes) = (self.seed, self.size, self.has_quotes);
        let bridge = self.symbols.entry(day.symbol.clone()).or_insert_with(|| {
            let correlation = factor_correlation(&parameters(&day.symbol));
            let intraday = Intraday::new(seed, &day.symbol, correlation);
            SymbolBridge {
                exchange: exchange_of(&day.symbol),
                player: DayPlayer::new(&day.symbol, size, has_quotes, intraday),
            }
        });
        let session: Session = bridge.exchange.hours_on(day.date);
        let player = &mut bridge.player;
        if size == BarSize::Day {
            let bar = day_bar(&forms, &totals);
            return Ok(vec![whole_day(player.symbol(), &session, bar)]);
        }
        player.start(&session, &totals);
        if let (BarSize::Tick, Some(minute)) = (size, player.untradable()) {
            return Err(BridgeError::TooLittleVolume {
                symbol: day.symbol.clone(),
                date: day.date,
                volume: day.volume,
                trades: minute.trades_needed(),
            });
        }
        let mut events = VecDeque::new();
        while player.play(&forms, &mut events) {}
        Ok(events.into())
    }
}
