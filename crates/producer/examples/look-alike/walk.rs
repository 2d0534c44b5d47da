//! The rows of one market: a random walk around a steady growth, and the day's prices around it.
//!
//! Invariant: low is never above open and close, high never below them; the numbers of flat,
//! adjusted and volume-less rows are exact.

use chrono::NaiveDate;

use crate::{dice::Dice, markets::Market};

/// The part of yesterday's distance from the steady growth that is left today; it keeps prices
/// plausible over decades.
const MEMORY: f64 = 0.996;
/// The distance that one day adds, as a part of the price.
const DAILY: f64 = 0.010;

/// One day. Prices are in hundredths.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TradingDay {
    date: NaiveDate,
    open: u64,
    high: u64,
    low: u64,
    close: u64,
    adjusted: u64,
    volume: u64,
}

impl TradingDay {
    /// The cells in the order of the header.
    pub(crate) fn cells(&self, market: &Market) -> [String; 9] {
        let price = |hundredths: u64| format!("{:?}", decimal(hundredths));
        [
            market.symbol.to_owned(),
            self.date.to_string(),
            price(self.open),
            price(self.high),
            price(self.low),
            price(self.close),
            price(self.adjusted),
            format!("{}.0", self.volume),
            format!("{:?}", decimal(self.close) * market.in_usd),
        ]
    }
}

/// The rows of a market, one for each day.
pub(crate) fn rows(market: &Market, days: &[NaiveDate], dice: &mut Dice) -> Vec<TradingDay> {
    let flat = dice.choose(market.flat, market.flat_until);
    let silent = silent_days(market, dice);
    let (mut trend, mut distance) = (market.start, 0.0);
    let mut before = hundredths(trend);
    let mut row = |at: usize, date: NaiveDate| {
        distance = (distance * MEMORY + DAILY * shock(dice)).clamp(-0.5, 0.8);
        let close = hundredths(trend * (1.0 + distance));
        let is_flat = flat.binary_search(&at).is_ok();
        let [open, high, low] = if is_flat {
            [close; 3]
        } else {
            around(before, close, dice)
        };
        let is_adjusted = at < market.adjusted;
        let adjusted = if is_adjusted {
            close - 1 - close / 50_000
        } else {
            close
        };
        let is_loud = at >= market.quiet && silent.binary_search(&at).is_err();
        let volume = if is_loud { volume(market, at, dice) } else { 0 };
        trend *= 1.0 + market.growth / 1e6;
        before = close;
        TradingDay {
            date,
            open,
            high,
            low,
            close,
            adjusted,
            volume,
        }
    };
    days.iter()
        .enumerate()
        .map(|(at, date)| row(at, *date))
        .collect()
}

/// The days without volume after the first day with volume; the last day of all is never one.
fn silent_days(market: &Market, dice: &mut Dice) -> Vec<usize> {
    let from = market.quiet + 1;
    let chosen = dice.choose(market.later_zero, market.rows.saturating_sub(from + 1));
    chosen.into_iter().map(|at| at + from).collect()
}

/// The news of a day; now and then there is a lot of it.
fn shock(dice: &mut Dice) -> f64 {
    let size = if dice.unit() < 0.01 { 4.0 } else { 1.0 };
    dice.normal() * size
}

/// Open, high and low of a day between yesterday's close and today's; never flat.
fn around(before: u64, close: u64, dice: &mut Dice) -> [u64; 3] {
    let scaled = |price: u64, part: f64| hundredths(decimal(price) * (1.0 + part));
    let open = scaled(before, 0.3 * DAILY * dice.normal());
    let high = scaled(open.max(close), 0.5 * DAILY * dice.normal().abs());
    let low = scaled(open.min(close), -0.5 * DAILY * dice.normal().abs());
    [
        open,
        high.max(open.max(close)) + 1,
        low.min(open.min(close)),
    ]
}

fn volume(market: &Market, at: usize, dice: &mut Dice) -> u64 {
    let growth = market.volume_last - market.volume_first;
    let usual = market.volume_first + growth * (at as f64 / market.rows as f64);
    (usual * (0.4 + 1.2 * dice.unit()) / 100.0) as u64 * 100 + 100
}

fn hundredths(price: f64) -> u64 {
    (price * 100.0 + 0.5) as u64
}

/// A price as the original writes it: prices were once 32-bit floats, printed with six decimals
/// (2568.3 as 2568.300049).
fn decimal(hundredths: u64) -> f64 {
    let short = (hundredths as f64 / 100.0) as f32;
    (f64::from(short) * 1e6 + 0.5) as u64 as f64 / 1e6
}
