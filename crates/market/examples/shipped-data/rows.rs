//! The rows of one market: simulated days, as many and with such oddities as the original has.
//!
//! Low is never above open and close, high never below them; the numbers of flat, adjusted and
//! volume-less rows are exact.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};
use market::{Bar, EventContent, ExactDecimal, SettingsError, Simulator, SimulatorSettings};

use crate::{choice::Choice, shapes::IndexShape};

const SEED: u64 = 2021;

/// One row. Prices are in hundredths.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IndexDay {
    date: NaiveDate,
    open: i64,
    high: i64,
    low: i64,
    close: i64,
    adjusted: i64,
    volume: i64,
}

impl IndexDay {
    /// The cells in the order of the header.
    pub(crate) fn cells(&self, shape: &IndexShape) -> [String; 9] {
        let price = |hundredths: i64| format!("{:?}", decimal(hundredths));
        [
            shape.symbol.to_owned(),
            self.date.to_string(),
            price(self.open),
            price(self.high),
            price(self.low),
            price(self.close),
            price(self.adjusted),
            format!("{}.0", self.volume),
            format!("{:?}", decimal(self.close) * shape.in_usd),
        ]
    }

    /// The day of a simulated bar; never flat.
    fn of_bar(date: NaiveDate, bar: &Bar) -> Self {
        // The simulator writes hundredths and whole volumes.
        let units = |number: ExactDecimal, scale| number.units_at(scale).unwrap_or_default();
        let low = units(bar.low, 2);
        Self {
            date,
            open: units(bar.open, 2),
            high: units(bar.high, 2).max(low + 1),
            low,
            close: units(bar.close, 2),
            adjusted: units(bar.close, 2),
            volume: units(bar.volume, 0),
        }
    }

    /// A day between two others, or before the first one.
    fn between(date: NaiveDate, before: Option<&Self>, after: Option<&Self>) -> Option<Self> {
        let open = before.map(|day| day.close);
        let close = after.map(|day| day.open);
        let (open, close) = (open.or(close)?, close.or(open)?);
        Some(Self {
            date,
            open,
            high: open.max(close) + 1,
            low: open.min(close),
            close,
            adjusted: close,
            volume: before.or(after)?.volume,
        })
    }
}

/// The rows of a market, in the order of their days.
///
/// # Errors
/// [`SettingsError`] if the simulator knows no such market.
pub(crate) fn rows(
    shape: &IndexShape,
    choice: &mut Choice,
) -> Result<Vec<IndexDay>, SettingsError> {
    let simulated = simulated(shape)?;
    let mut rows: Vec<IndexDay> = days(shape, &simulated, choice)
        .into_iter()
        .filter_map(|date| match simulated.get(&date) {
            Some(day) => Some(*day),
            None => {
                let before = simulated.range(..date).next_back();
                let after = simulated.range(date..).next();
                IndexDay::between(date, before.map(|day| day.1), after.map(|day| day.1))
            }
        })
        .collect();
    for at in choice.choose(shape.flat, shape.flat_until) {
        let row = &mut rows[at];
        (row.open, row.high, row.low) = (row.close, row.close, row.close);
    }
    for row in &mut rows[..shape.adjusted] {
        row.adjusted = row.close - 1 - row.close / 50_000;
    }
    let silent = silent_days(shape, choice);
    for (at, row) in rows.iter_mut().enumerate() {
        if at < shape.quiet || silent.binary_search(&at).is_ok() {
            row.volume = 0;
        }
    }
    Ok(rows)
}

fn simulated(shape: &IndexShape) -> Result<BTreeMap<NaiveDate, IndexDay>, SettingsError> {
    let simulator = Simulator::new(&SimulatorSettings {
        seed: SEED,
        symbols: vec![shape.symbol.to_owned()],
        from: day(shape.first),
        to: day(shape.last),
        ..SimulatorSettings::default()
    })?;
    let days = simulator.filter_map(|event| match (event.date(), event.content()) {
        (market::EventDate::Day(days), EventContent::Bar(bar)) => {
            let date = chrono::DateTime::from_timestamp(i64::from(days) * 86_400, 0)?.date_naive();
            Some((date, IndexDay::of_bar(date, bar)))
        }
        _ => None,
    });
    Ok(days.collect())
}

/// All days of a market, ascending: the first one, the first one with volume and the last one are
/// those of the original, and there are as many before and after as it has.
fn days(
    shape: &IndexShape,
    simulated: &BTreeMap<NaiveDate, IndexDay>,
    choice: &mut Choice,
) -> Vec<NaiveDate> {
    let (first, end) = (day(shape.first), day(shape.last) + chrono::Days::new(1));
    let Some(loud) = shape.first_volume.map(day) else {
        return part(first, end, shape.rows, simulated, choice);
    };
    let mut days = part(first, loud, shape.quiet, simulated, choice);
    let rest = shape.rows - shape.quiet;
    days.extend(part(loud, end, rest, simulated, choice));
    days
}

/// `count` weekdays from `first` to the day before `end`: those of the simulator, and some of the
/// others if there are too few of them. The first and the last weekday are always among them.
fn part(
    first: NaiveDate,
    end: NaiveDate,
    count: usize,
    simulated: &BTreeMap<NaiveDate, IndexDay>,
    choice: &mut Choice,
) -> Vec<NaiveDate> {
    let weekdays = first.iter_days().take_while(|day| *day < end);
    let weekdays = weekdays.filter(|day| day.weekday().num_days_from_monday() < 5);
    let mut all: Vec<NaiveDate> = weekdays.collect();
    let Some(last) = all.pop() else {
        return all;
    };
    let (mut days, spare): (Vec<_>, Vec<_>) = all
        .into_iter()
        .partition(|day| *day == first || simulated.contains_key(day));
    let wanted = count - 1;
    if days.len() < wanted {
        let extra = choice.choose(wanted - days.len(), spare.len());
        days.extend(extra.into_iter().map(|at| spare[at]));
        days.sort();
    } else {
        let left_out = choice.choose(days.len() - wanted, days.len() - 1);
        let mut at = 0;
        days.retain(|day| {
            at += 1;
            *day == first || left_out.binary_search(&(at - 2)).is_err()
        });
    }
    days.push(last);
    days
}

/// The days without volume after the first day with volume; the last day of all is never one.
fn silent_days(shape: &IndexShape, choice: &mut Choice) -> Vec<usize> {
    let from = shape.quiet + 1;
    let chosen = choice.choose(shape.later_zero, shape.rows.saturating_sub(from + 1));
    chosen.into_iter().map(|at| at + from).collect()
}

fn day(text: &str) -> NaiveDate {
    // The dates of the table are constants, and a test parses every one of them.
    text.parse().unwrap_or_default()
}

/// A price as the original writes it: prices were once 32-bit floats, printed with six decimals
/// (2568.3 as 2568.300049).
fn decimal(hundredths: i64) -> f64 {
    let short = (hundredths as f64 / 100.0) as f32;
    (f64::from(short) * 1e6 + 0.5) as u64 as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shapes::SHAPES;

    #[test]
    fn every_market_has_its_days() {
        for (stream, shape) in (0..).zip(&SHAPES) {
            let rows = rows(shape, &mut Choice::new(stream)).unwrap();
            assert_eq!(rows.len(), shape.rows, "{}", shape.symbol);
            assert_eq!(
                (rows[0].date, rows[rows.len() - 1].date),
                (shape.first.parse().unwrap(), shape.last.parse().unwrap())
            );
            if let Some(loud) = shape.first_volume {
                assert_eq!(rows[shape.quiet].date, loud.parse().unwrap());
            }
        }
    }
}
