//! A day as events: the day's bar, shorter bars, or trades, with the digits that its numbers have.

use std::{collections::VecDeque, sync::Arc};

use crate::{
    bar_size::BarSize,
    calendar::{Session, epoch_day},
    event::{Bar, Event, EventContent, EventDate, Quote, SymbolText, Trade},
    exact_decimal::ExactDecimal,
    intraday::{DayTotals, Intraday, PlainBar, PlainTrade, fill_longer},
};

/// Prices that are computed in another currency have at most this many digits behind the point.
const MOST_COMPUTED: u8 = 6;

/// How the whole numbers of a day are written.
#[derive(Clone, Debug)]
pub(crate) struct NumberForms {
    /// Digits behind the point of a price.
    pub(crate) scale: u8,
    /// The digits of the day's open, high, low and close, where they are known; other prices are
    /// written without zeros at their end.
    pub(crate) known: Option<[KnownPrice; 4]>,
    /// The adjusted price; the price itself where there is none.
    pub(crate) adjusted: Option<Conversion>,
    /// The price in US dollars.
    pub(crate) dollars: Option<Conversion>,
    /// One unit of volume.
    pub(crate) volume_unit: ExactDecimal,
}

/// What a price is in its bar. One value may be written in several ways: `10.5` as open, `10.50` as
/// close.
#[derive(Clone, Copy, Debug)]
enum PriceRole {
    Open,
    High,
    Low,
    Close,
}

/// A price and its digits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KnownPrice {
    pub(crate) units: i64,
    pub(crate) digits: ExactDecimal,
}

/// A number in proportion to the price: `digits` where the price is `units`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Conversion {
    pub(crate) units: i64,
    pub(crate) digits: ExactDecimal,
}

impl Conversion {
    fn of(&self, price: i64) -> ExactDecimal {
        if price == self.units {
            return self.digits;
        }
        let round = |number: i128, divisor: i128| (number + divisor / 2) / divisor;
        let product = i128::from(price) * i128::from(self.digits.units);
        let (mut number, mut scale) = (round(product, self.units.into()), self.digits.scale);
        if scale > MOST_COMPUTED {
            number = round(number, 10_i128.pow((scale - MOST_COMPUTED).into()));
            scale = MOST_COMPUTED;
        }
        let units = i64::try_from(number).unwrap_or(i64::MAX);
        ExactDecimal { units, scale }.trimmed()
    }
}

impl NumberForms {
    fn price(&self, units: i64, role: PriceRole) -> ExactDecimal {
        let known = self.known.as_ref().and_then(|known| {
            let mut any = std::iter::once(&known[role as usize]).chain(known);
            any.find(|known| known.units == units)
        });
        known.map_or_else(
            || {
                let scale = self.scale;
                ExactDecimal { units, scale }.trimmed()
            },
            |known| known.digits,
        )
    }

    fn volume(&self, units: i64) -> ExactDecimal {
        ExactDecimal {
            units: units.saturating_mul(self.volume_unit.units),
            scale: self.volume_unit.scale,
        }
    }

    fn bar(&self, bar: &PlainBar) -> Bar {
        let close = self.price(bar.close, PriceRole::Close);
        Bar {
            open: self.price(bar.open, PriceRole::Open),
            high: self.price(bar.high, PriceRole::High),
            low: self.price(bar.low, PriceRole::Low),
            close,
            adj_close: self
                .adjusted
                .map_or(close, |adjusted| adjusted.of(bar.close)),
            volume: self.volume(bar.volume),
            close_usd: self.dollars.map(|dollars| dollars.of(bar.close)),
        }
    }
}

/// Plays the days of one symbol, a bar at a time.
#[derive(Clone, Debug)]
pub(crate) struct DayPlayer {
    symbol: Arc<SymbolText>,
    size: BarSize,
    has_quotes: bool,
    intraday: Intraday,
    minutes: Vec<PlainBar>,
    longer: Vec<PlainBar>,
    trades: Vec<PlainTrade>,
    next: usize,
    tick: i64,
}

impl DayPlayer {
    pub(crate) fn new(symbol: &str, size: BarSize, has_quotes: bool, intraday: Intraday) -> Self {
        Self {
            symbol: SymbolText::new(symbol),
            size,
            has_quotes,
            intraday,
            minutes: Vec::new(),
            longer: Vec::new(),
            trades: Vec::new(),
            next: 0,
            tick: 1,
        }
    }

    /// The symbol of all events.
    pub(crate) fn symbol(&self) -> &Arc<SymbolText> {
        &self.symbol
    }

    /// Begins a day.
    pub(crate) fn start(&mut self, session: &Session, totals: &DayTotals) {
        (self.next, self.tick) = (0, totals.tick);
        self.intraday
            .fill_minutes(session, totals, &mut self.minutes);
        if let BarSize::Minutes(length) = self.size {
            fill_longer(&self.minutes, session, length.get(), &mut self.longer);
        }
    }

    /// The first bar of a minute that has less volume than the trades that show its prices.
    pub(crate) fn untradable(&self) -> Option<&PlainBar> {
        let mut minutes = self.minutes.iter();
        minutes.find(|minute| minute.trades_needed() > minute.volume)
    }

    /// Appends the event of the next bar, or the trades of the next minute, to `out`. Returns
    /// whether there was one.
    pub(crate) fn play(&mut self, forms: &NumberForms, out: &mut VecDeque<Event>) -> bool {
        let bars = match self.size {
            BarSize::Minutes(_) => &self.longer,
            BarSize::Day | BarSize::Tick => &self.minutes,
        };
        let Some(&bar) = bars.get(self.next) else {
            return false;
        };
        self.next += 1;
        if self.size == BarSize::Tick {
            self.intraday.fill_trades(&bar, self.tick, &mut self.trades);
            for (at, trade) in self.trades.iter().enumerate() {
                let role = if at == 0 {
                    PriceRole::Open
                } else {
                    PriceRole::Close
                };
                self.append_trade(trade, role, forms, out);
            }
            return true;
        }
        let date = EventDate::Time(bar.start_ms);
        let content = EventContent::Bar(forms.bar(&bar));
        out.push_back(Event::new(&self.symbol, bar.end_ms, date, content));
        true
    }

    fn append_trade(
        &self,
        trade: &PlainTrade,
        role: PriceRole,
        forms: &NumberForms,
        out: &mut VecDeque<Event>,
    ) {
        let date = EventDate::Time(trade.time_ms);
        let mut append =
            |content| out.push_back(Event::new(&self.symbol, trade.time_ms, date, content));
        let spread = trade.spread * self.tick;
        // Who buys pays what is asked, who sells gets what is bid. A bid is above 0.
        let (bid, ask) = match trade.is_buy && trade.price > spread {
            true => (trade.price - spread, trade.price),
            false => (trade.price, trade.price + spread),
        };
        if self.has_quotes {
            let size = |uniform: f64| trade.volume.saturating_add((uniform * 9.0) as i64);
            append(EventContent::Quote(Quote {
                bid: forms.price(bid, role),
                ask: forms.price(ask, role),
                bid_size: forms.volume(size(trade.sizes[0])),
                ask_size: forms.volume(size(trade.sizes[1])),
            }));
        }
        append(EventContent::Trade(Trade {
            price: forms.price(trade.price, role),
            volume: forms.volume(trade.volume),
        }));
    }
}

/// A day's bar as an event, known at the close.
pub(crate) fn whole_day(symbol: &Arc<SymbolText>, session: &Session, bar: Bar) -> Event {
    let date = EventDate::Day(epoch_day(session.date));
    Event::new(symbol, session.close_ms(), date, EventContent::Bar(bar))
}

/// The bar of a day from its totals.
pub(crate) fn day_bar(forms: &NumberForms, day: &DayTotals) -> Bar {
    forms.bar(&PlainBar {
        part: 0,
        start_ms: 0,
        end_ms: 0,
        open: day.open,
        high: day.high,
        low: day.low,
        close: day.close,
        volume: day.volume,
    })
}
