//! Inside a day: minutes and trades that add up to its open, high, low, close and volume, exactly.
//!
//! All prices are whole numbers of one unit, and so are volumes; floats only decide where a price
//! lies between two whole numbers that bound it. The market factor's minutes are shared by all
//! symbols, so their minutes are correlated, too.

use crate::{
    calendar::{Session, utc_day},
    random::{Purpose, RandomStream},
};

/// Each minute and each day has a place in its stream, also in years before 1970.
const FIRST_MINUTE: i64 = 60_000_000;
const FIRST_DAY: i64 = 1_000_000;
/// Words of a stream for one minute of the factor, for one day, and for the trades of one minute.
const FACTOR_WORDS: i64 = 2;
const DAY_WORDS: i64 = 65_536;
const TRADE_WORDS: i64 = 256;

/// A bar of minutes has at least this much volume, where the day has: an open, a high, a low and a
/// close can be four trades.
pub(crate) const TRADES_OF_A_BAR: i64 = 4;
const MOST_TRADES: i64 = 16;

/// What a day is to add up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DayTotals {
    pub(crate) open: i64,
    pub(crate) high: i64,
    pub(crate) low: i64,
    pub(crate) close: i64,
    /// At least 1.
    pub(crate) volume: i64,
    /// Prices that are free to choose are multiples of this.
    pub(crate) tick: i64,
}

/// A bar of one minute or of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PlainBar {
    /// Which part of the session.
    pub(crate) part: usize,
    pub(crate) start_ms: i64,
    pub(crate) end_ms: i64,
    pub(crate) open: i64,
    pub(crate) high: i64,
    pub(crate) low: i64,
    pub(crate) close: i64,
    pub(crate) volume: i64,
}

impl PlainBar {
    /// How many trades show its four prices.
    pub(crate) fn trades_needed(&self) -> i64 {
        let is_inside = |price: i64| price == self.open || price == self.close;
        match self.low == self.high {
            true => 1,
            false => 2 + i64::from(!is_inside(self.high)) + i64::from(!is_inside(self.low)),
        }
    }
}

/// One trade and the quote that it met.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlainTrade {
    pub(crate) time_ms: i64,
    pub(crate) price: i64,
    pub(crate) volume: i64,
    /// Whether a buyer took what a seller asked.
    pub(crate) is_buy: bool,
    /// Ask less bid, in ticks.
    pub(crate) spread: i64,
    /// Two numbers from 0 to 1 for the sizes of bid and ask.
    pub(crate) sizes: [f64; 2],
}

/// Makes the minutes and trades of one symbol.
#[derive(Clone, Debug)]
pub(crate) struct Intraday {
    factor: RandomStream,
    own: RandomStream,
    trades: RandomStream,
    /// The correlation of a minute's return with the market factor's.
    correlation: f64,
    minutes: Vec<Minute>,
    points: Vec<Point>,
}

/// What a minute wants before the day's totals are known.
#[derive(Clone, Copy, Debug)]
struct Minute {
    part: usize,
    start_ms: i64,
    step: f64,
    variance: f64,
    weight: f64,
}

/// The end of a bar.
#[derive(Clone, Copy, Debug)]
struct Point {
    minute: usize,
    volume: i64,
    /// The sums of steps and variances so far.
    walk: f64,
    variance: f64,
    price: i64,
}

impl Intraday {
    pub(crate) fn new(seed: u64, symbol: &str, correlation: f64) -> Self {
        Self {
            factor: RandomStream::new(seed, Purpose::FactorMinutes, ""),
            own: RandomStream::new(seed, Purpose::Minutes, symbol),
            trades: RandomStream::new(seed, Purpose::Trades, symbol),
            correlation,
            minutes: Vec::new(),
            points: Vec::new(),
        }
    }

    /// Replaces `bars` by those minutes of the session in which something is traded, in order.
    /// Their first open, highest high, lowest low, last close and sum of volumes are the day's.
    pub(crate) fn fill_minutes(
        &mut self,
        session: &Session,
        day: &DayTotals,
        bars: &mut Vec<PlainBar>,
    ) {
        bars.clear();
        self.want_minutes(session);
        if self.minutes.is_empty() {
            return;
        }
        self.share_volume(day.volume);
        self.place_points(day);
        self.make_bars(day, bars);
    }

    fn want_minutes(&mut self, session: &Session) {
        self.minutes.clear();
        let Some(first) = session.parts.first() else {
            return;
        };
        self.own
            .go_to(word(utc_day(first.open_ms), FIRST_DAY, DAY_WORDS));
        let count: i64 = session.parts.iter().map(|part| part.minutes()).sum();
        let own_part = (1.0 - self.correlation * self.correlation).sqrt();
        let mut at = 0;
        for (part, times) in session.parts.iter().enumerate() {
            let minute = times.open_ms.div_euclid(60_000);
            self.factor.go_to(word(minute, FIRST_MINUTE, FACTOR_WORDS));
            for minute in 0..times.minutes() {
                let normal = self.correlation * self.factor.normal() + own_part * self.own.normal();
                // From -1 at the open to 1 at the close.
                let place = (2.0 * (at as f64 + 0.5) / count as f64) - 1.0;
                let deviation = 0.7 + 0.9 * place * place;
                let size = (0.3 + 0.875 * normal.abs()) * (0.6 + 0.8 * self.own.unit());
                self.minutes.push(Minute {
                    part,
                    start_ms: times.open_ms + minute * 60_000,
                    step: deviation * normal,
                    variance: deviation * deviation,
                    weight: (0.5 + 1.8 * place * place) * size,
                });
                at += 1;
            }
        }
    }

    /// Gives each minute its part of the volume. A minute with less than four units passes them on,
    /// together with its return, to the next one; the last ones go to the last bar.
    fn share_volume(&mut self, volume: i64) {
        self.points.clear();
        let weight: f64 = self.minutes.iter().map(|minute| minute.weight).sum();
        let (mut sum, mut walk, mut variance, mut taken) = (0.0, 0.0, 0.0, 0);
        let last = self.minutes.len() - 1;
        for (at, minute) in self.minutes.iter().enumerate() {
            sum += minute.weight;
            walk += minute.step;
            variance += minute.variance;
            let reached = match at == last {
                true => volume,
                false => ((volume as f64 * (sum / weight)) as i64).clamp(taken, volume),
            };
            let own = reached - taken;
            if own >= TRADES_OF_A_BAR || (at == last && self.points.is_empty()) {
                self.points.push(Point {
                    minute: at,
                    volume: own,
                    walk,
                    variance,
                    price: 0,
                });
                taken = reached;
            }
        }
        if let Some(point) = self.points.last_mut() {
            point.volume += volume - taken;
            (point.walk, point.variance) = (walk, variance);
        }
    }

    /// Sets the price at the end of each bar: a walk from open to close that just fills the space
    /// between low and high.
    fn place_points(&mut self, day: &DayTotals) {
        let Some(end) = self.points.last().copied() else {
            return;
        };
        let bridge = |point: &Point| point.walk - point.variance / end.variance * end.walk;
        let (mut least, mut most) = (0.0_f64, 0.0_f64);
        for point in &self.points {
            least = least.min(bridge(point));
            most = most.max(bridge(point));
        }
        let (open, move_) = (day.open as f64, (day.close - day.open) as f64);
        let scale = if most > least {
            0.9 * (day.high - day.low) as f64 / (most - least)
        } else {
            0.0
        };
        let mut prices: Vec<f64> = self
            .points
            .iter()
            .map(|point| open + move_ * (point.variance / end.variance) + scale * bridge(point))
            .collect();
        prices.pop();
        lift(&mut prices, day.high as f64, f64::total_cmp);
        lift(&mut prices, day.low as f64, |a, b| b.total_cmp(a));

        let top = day.open.max(day.close) as f64;
        let bottom = day.open.min(day.close) as f64;
        let highest = prices.iter().copied().fold(top, f64::max);
        let lowest = prices.iter().copied().fold(bottom, f64::min);
        let up = stretch(day.high as f64 - top, highest - top);
        let down = stretch(bottom - day.low as f64, bottom - lowest);
        for (point, &free) in self.points.iter_mut().zip(&prices) {
            let placed = if free > top {
                top + (free - top) * up
            } else if free < bottom {
                bottom - (bottom - free) * down
            } else {
                free
            };
            point.price = day.on_tick(placed);
        }
        if let Some(point) = self.points.last_mut() {
            point.price = day.close;
        }
    }

    fn make_bars(&mut self, day: &DayTotals, bars: &mut Vec<PlainBar>) {
        let mut before = day.open;
        let mut moved = 0.0;
        for point in &self.points {
            moved += (point.price - before).abs() as f64;
            before = point.price;
        }
        let typical = 0.7 * moved / self.points.len() as f64;
        before = day.open;
        for (at, point) in self.points.iter().enumerate() {
            // The first trade of a minute is a tick away from the last of the minute before.
            let away = (self.own.unit() * 3.0) as i64 - 1;
            let open = match at {
                0 => day.open,
                _ => (before + away * day.tick).clamp(day.low, day.high),
            };
            let (top, bottom) = (open.max(point.price), open.min(point.price));
            let [above, below] = [(); 2].map(|()| {
                let uniform = self.own.unit();
                typical * uniform * uniform
            });
            let minute = self.minutes[point.minute];
            bars.push(PlainBar {
                part: minute.part,
                start_ms: minute.start_ms,
                end_ms: minute.start_ms + 60_000,
                open,
                high: day.on_tick(top as f64 + above).max(top),
                low: day.on_tick(bottom as f64 - below).min(bottom),
                close: point.price,
                volume: point.volume,
            });
            before = point.price;
        }
        // The day's high and low are met, if nowhere else then where the bars come closest.
        let highest = (0..bars.len()).max_by_key(|&at| (bars[at].high, std::cmp::Reverse(at)));
        let lowest = (0..bars.len()).min_by_key(|&at| (bars[at].low, at));
        if let (Some(highest), Some(lowest)) = (highest, lowest) {
            bars[highest].high = day.high;
            bars[lowest].low = day.low;
        }
    }

    /// Replaces `trades` by those of a bar of one minute, in order: they show its four prices, and
    /// their volumes, none of them 0, add up to the bar's. The bar has at least as much volume as
    /// [`PlainBar::trades_needed`].
    pub(crate) fn fill_trades(&mut self, bar: &PlainBar, tick: i64, trades: &mut Vec<PlainTrade>) {
        trades.clear();
        let minute = bar.start_ms.div_euclid(60_000);
        self.trades.go_to(word(minute, FIRST_MINUTE, TRADE_WORDS));
        let random = &mut self.trades;
        let wanted = TRADES_OF_A_BAR + (random.unit() * (MOST_TRADES - 3) as f64) as i64;
        let count = wanted.min(bar.volume).max(1);
        let between = |from: i64, to: i64, uniform: f64| {
            (from + (uniform * (to - from + 1) as f64) as i64).min(to)
        };
        // Where the high and the low stand among the trades between the first and the last.
        let is_inside = |price: i64| price == bar.open || price == bar.close;
        let high_at = between(1, count - 2, random.unit());
        let low_at = match between(1, count - 3, random.unit()) {
            _ if is_inside(bar.high) => high_at,
            at if at < high_at => at,
            at => at + 1,
        };
        for at in 0..count {
            let place = random.unit();
            let free = bar.low as f64 + place * (bar.high - bar.low) as f64;
            let rounded = (free / tick as f64).round() as i64 * tick;
            let price = if at == 0 {
                bar.open
            } else if at == count - 1 {
                bar.close
            } else if at == high_at && !is_inside(bar.high) {
                bar.high
            } else if at == low_at && !is_inside(bar.low) {
                bar.low
            } else {
                rounded.clamp(bar.low, bar.high)
            };
            let length = 60_000.0 / count as f64;
            trades.push(PlainTrade {
                time_ms: bar.start_ms + (length * (at as f64 + random.unit())) as i64,
                price,
                volume: 0,
                is_buy: random.unit() < 0.5,
                spread: 1 + (random.unit() * random.unit() * 4.0) as i64,
                sizes: [random.unit(), random.unit()],
            });
        }
        share(bar.volume, trades, random);
    }
}

impl DayTotals {
    /// The nearest allowed price: on a tick, and not beyond the day's high and low.
    fn on_tick(&self, price: f64) -> i64 {
        let rounded = (price / self.tick as f64).round() as i64 * self.tick;
        rounded.clamp(self.low, self.high)
    }
}

/// One for each trade, and the rest at random.
fn share(volume: i64, trades: &mut [PlainTrade], random: &mut RandomStream) {
    let count = trades.len() as i64;
    let rest = volume - count;
    let mut taken = 0;
    // Each trade takes a random part of what an even share of the rest would be, or more.
    for (at, trade) in trades.iter_mut().enumerate() {
        let left = rest - taken;
        let even = left as f64 / (count - at as i64) as f64;
        let own = match at as i64 == count - 1 {
            true => left,
            false => ((2.0 * random.unit() * even) as i64).clamp(0, left),
        };
        trade.volume = 1 + own;
        taken += own;
    }
}

/// Where the price that comes closest to a bound does not reach it, the whole walk is bent that
/// way, most at that price and not at all at its ends. A stretch of the few prices next to the
/// bound would give them returns that come back at once.
fn lift(prices: &mut [f64], bound: f64, order: fn(&f64, &f64) -> std::cmp::Ordering) {
    let count = prices.len() as f64;
    let best = prices.iter().enumerate().max_by(|a, b| order(a.1, b.1));
    let Some((peak, &best)) = best else {
        return;
    };
    if order(&best, &bound).is_ge() {
        return;
    }
    let peak = peak as f64 + 1.0;
    for (at, price) in (1..).zip(prices) {
        let at = f64::from(at);
        let slope = (at / peak).min((count + 1.0 - at) / (count + 1.0 - peak));
        *price += (bound - best) * slope;
    }
}

/// The factor that brings a distance to the wanted one; 1 if there is no distance.
fn stretch(wanted: f64, found: f64) -> f64 {
    if found > 0.0 { wanted / found } else { 1.0 }
}

fn word(place: i64, first: i64, words: i64) -> u64 {
    place.saturating_add(first).max(0).unsigned_abs() * words.unsigned_abs()
}

/// Replaces `bars` by the bars of this many minutes that the bars of one minute make up.
pub(crate) fn fill_longer(
    minutes: &[PlainBar],
    session: &Session,
    length: u8,
    bars: &mut Vec<PlainBar>,
) {
    bars.clear();
    let length = i64::from(length) * 60_000;
    for minute in minutes {
        let times = session.parts[minute.part];
        let start_ms = minute.start_ms - (minute.start_ms - times.open_ms) % length;
        match bars.last_mut() {
            Some(bar) if bar.start_ms == start_ms => {
                bar.high = bar.high.max(minute.high);
                bar.low = bar.low.min(minute.low);
                bar.close = minute.close;
                bar.volume += minute.volume;
            }
            _ => bars.push(PlainBar {
                start_ms,
                end_ms: (start_ms + length).min(times.close_ms),
                ..*minute
            }),
        }
    }
}
