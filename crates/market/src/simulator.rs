//! The simulated market: all symbols' events in one stream, in the order of their times.
//!
//! Each symbol has its own path and its own player. Another symbol, or another range of days,
//! changes nothing about the events of a symbol in a day; and the trades of a day add up to its
//! minutes, these to its longer bars, and these to its daily bar.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, BinaryHeap, VecDeque},
    sync::Arc,
};

use chrono::NaiveDate;

use crate::{
    bar_size::BarSize,
    calendar::{Exchange, Session},
    daily::{
        DailyPath, FIRST_YEAR, FactorDay, LAST_YEAR, Weekday, factor_correlation, factor_days,
        has_year,
    },
    event::Event,
    exact_decimal::ExactDecimal,
    intraday::{DayTotals, Intraday},
    play::{Conversion, DayPlayer, NumberForms, day_bar, whole_day},
    symbol::{INDEX_SYMBOLS, exchange_of, parameters},
};

/// Which market to simulate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimulatorSettings {
    /// The same seed gives the same events, on every machine.
    pub seed: u64,
    /// The symbols; events of the same time come in this order.
    pub symbols: Vec<String>,
    /// The size of the bars, or trades.
    pub bar: BarSize,
    /// Whether the quote that each trade meets comes before it; needs [`BarSize::Tick`].
    pub quotes: bool,
    /// The first day, in the zone of each exchange; from 1900 on.
    pub from: NaiveDate,
    /// The last day; until 2261.
    pub to: NaiveDate,
}

/// The 13 indices of the tutorial's file, a bar a day, in the year 2020.
impl Default for SimulatorSettings {
    fn default() -> Self {
        let day = |month, day| NaiveDate::from_ymd_opt(2020, month, day).unwrap_or_default();
        Self {
            seed: 0,
            symbols: INDEX_SYMBOLS.map(str::to_owned).to_vec(),
            bar: BarSize::Day,
            quotes: false,
            from: day(1, 1),
            to: day(12, 31),
        }
    }
}

/// Why there is no such market.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// No symbol at all.
    #[error("--symbols names no symbol")]
    NoSymbols,
    /// A symbol without a name.
    #[error("--symbols holds a blank symbol")]
    BlankSymbol,
    /// A symbol that is given twice.
    #[error("--symbols names {symbol:?} twice")]
    SymbolTwice {
        /// The symbol.
        symbol: String,
    },
    /// The range ends before it begins.
    #[error("--from {from} is after --to {to}")]
    FromAfterTo {
        /// The first day.
        from: NaiveDate,
        /// The last day.
        to: NaiveDate,
    },
    /// A day outside of the years of the model.
    #[error("{flag} {date}: the simulator knows the years {FIRST_YEAR} to {LAST_YEAR}")]
    OutOfYears {
        /// `--from` or `--to`.
        flag: &'static str,
        /// The day.
        date: NaiveDate,
    },
    /// Quotes without trades.
    #[error("--quotes needs --bar tick, not --bar {bar}: a quote belongs to a trade")]
    QuotesWithoutTrades {
        /// The size of the bars.
        bar: BarSize,
    },
}

/// An iterator over the events of a simulated market, in the order of their times; those of the
/// same time in the order of the symbols.
///
/// Uses memory for one day of minutes and one minute of trades of each symbol.
#[derive(Clone, Debug)]
pub struct Simulator {
    streams: Vec<SymbolStream>,
    /// The time of each symbol's next event, with the symbol's place.
    next: BinaryHeap<Reverse<(i64, usize)>>,
}

/// The events of one symbol.
#[derive(Clone, Debug)]
struct SymbolStream {
    path: DailyPath,
    exchange: &'static Exchange,
    player: DayPlayer,
    forms: NumberForms,
    size: BarSize,
    to: NaiveDate,
    events: VecDeque<Event>,
}

impl Simulator {
    /// Prepares the market: walks to the day before the first one, some milliseconds a symbol.
    ///
    /// # Errors
    /// [`SettingsError`] names the flag that does not fit.
    pub fn new(settings: &SimulatorSettings) -> Result<Self, SettingsError> {
        check(settings)?;
        let factor: Arc<[FactorDay]> = factor_days(settings.seed, settings.to).into();
        let mut streams: Vec<SymbolStream> = settings
            .symbols
            .iter()
            .map(|symbol| SymbolStream::new(symbol, settings, &factor))
            .collect();
        let mut next = BinaryHeap::with_capacity(streams.len());
        for (at, stream) in streams.iter_mut().enumerate() {
            next.extend(stream.next_time().map(|time| Reverse((time, at))));
        }
        Ok(Self { streams, next })
    }
}

fn check(settings: &SimulatorSettings) -> Result<(), SettingsError> {
    let &SimulatorSettings { from, to, bar, .. } = settings;
    if settings.symbols.is_empty() {
        return Err(SettingsError::NoSymbols);
    }
    let mut seen = BTreeSet::new();
    for symbol in &settings.symbols {
        if symbol.trim().is_empty() {
            return Err(SettingsError::BlankSymbol);
        }
        if !seen.insert(symbol) {
            let symbol = symbol.clone();
            return Err(SettingsError::SymbolTwice { symbol });
        }
    }
    for (flag, date) in [("--from", from), ("--to", to)] {
        if !has_year(date) {
            return Err(SettingsError::OutOfYears { flag, date });
        }
    }
    if from > to {
        return Err(SettingsError::FromAfterTo { from, to });
    }
    if settings.quotes && bar != BarSize::Tick {
        return Err(SettingsError::QuotesWithoutTrades { bar });
    }
    Ok(())
}

impl Iterator for Simulator {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        let mut first = self.next.peek_mut()?;
        let Reverse((_, at)) = *first;
        let stream = &mut self.streams[at];
        let event = stream.events.pop_front();
        match stream.next_time() {
            Some(time) => *first = Reverse((time, at)),
            None => {
                std::collections::binary_heap::PeekMut::pop(first);
            }
        }
        event
    }
}

impl SymbolStream {
    fn new(symbol: &str, settings: &SimulatorSettings, factor: &Arc<[FactorDay]>) -> Self {
        let (parameters, exchange) = (parameters(symbol), exchange_of(symbol));
        let correlation = factor_correlation(&parameters);
        let intraday = Intraday::new(settings.seed, symbol, correlation);
        let dollars = Conversion {
            units: 1,
            digits: ExactDecimal {
                units: parameters.cents,
                scale: 4,
            },
        };
        let factor = Arc::clone(factor);
        let mut path = DailyPath::new(settings.seed, symbol, parameters, exchange, factor);
        path.skip_until(settings.from);
        Self {
            path,
            exchange,
            player: DayPlayer::new(symbol, settings.bar, settings.quotes, intraday),
            forms: NumberForms {
                scale: 2,
                known: None,
                adjusted: None,
                dollars: Some(dollars),
                volume_unit: ExactDecimal {
                    units: 10,
                    scale: 1,
                },
            },
            size: settings.bar,
            to: settings.to,
            events: VecDeque::new(),
        }
    }

    /// The time of the next event, which is then the first of `events`.
    fn next_time(&mut self) -> Option<i64> {
        while self.events.is_empty() {
            if self.size != BarSize::Day && self.player.play(&self.forms, &mut self.events) {
                continue;
            }
            let (session, totals) = self.next_day()?;
            if self.size == BarSize::Day {
                let bar = day_bar(&self.forms, &totals);
                let event = whole_day(self.player.symbol(), &session, bar);
                self.events.push_back(event);
            } else {
                self.player.start(&session, &totals);
            }
        }
        self.events.front().map(Event::time_ms)
    }

    /// The next day of trading, up to the last one.
    fn next_day(&mut self) -> Option<(Session, DayTotals)> {
        loop {
            let Weekday { date, prices } = self.path.next_weekday()?;
            if date > self.to {
                return None;
            }
            let Some(day) = prices else {
                continue;
            };
            let session = self.exchange.hours_on(date);
            let totals = DayTotals {
                open: day.open,
                high: day.high,
                low: day.low,
                close: day.close,
                volume: day.volume,
                tick: 1,
            };
            return Some((session, totals));
        }
    }
}
