//! The trading days of a market: the weekdays of its range without holidays, exactly as many as
//! the original has.
//!
//! Holidays are New Year, Christmas and days chosen at random: nobody should take them for a real
//! calendar. Invariant: the first and last day of the range and the first day with volume are
//! trading days; a weekend never is.

use chrono::{Datelike, NaiveDate, Weekday};

use crate::{dice::Dice, markets::Market};

/// All trading days in ascending order.
pub(crate) fn trading_days(market: &Market, dice: &mut Dice) -> Vec<NaiveDate> {
    let (first, last) = (day(market.first), day(market.last));
    let Some(loud) = market.first_volume.map(day) else {
        return part(first, last.succ_opt(), market.rows, dice);
    };
    let mut days = part(first, Some(loud), market.quiet, dice);
    days.extend(part(
        loud,
        last.succ_opt(),
        market.rows - market.quiet,
        dice,
    ));
    days
}

/// `count` weekdays from `first` (included) to `end` (not included, or the end of the calendar);
/// the first and the last weekday are always among them.
fn part(first: NaiveDate, end: Option<NaiveDate>, count: usize, dice: &mut Dice) -> Vec<NaiveDate> {
    let is_weekday = |day: &NaiveDate| !matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
    let mut days: Vec<NaiveDate> = first
        .iter_days()
        .take_while(|day| end.is_none_or(|end| *day < end))
        .filter(is_weekday)
        .collect();
    let mut surplus = days.len() - count;
    let (from, until) = (days[0], days[days.len() - 1]);
    days.retain(|day| {
        let is_free = surplus > 0 && is_holiday(*day) && *day != from && *day != until;
        surplus -= usize::from(is_free);
        !is_free
    });
    let free = dice.choose(surplus, days.len() - 2);
    let mut at = 0;
    days.retain(|_| {
        at += 1;
        at < 2 || free.binary_search(&(at - 2)).is_err()
    });
    days
}

fn is_holiday(day: NaiveDate) -> bool {
    matches!((day.month(), day.day()), (1, 1) | (12, 25))
}

fn day(text: &str) -> NaiveDate {
    // The dates of the table are constants, and the test below parses every one of them.
    text.parse().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::markets::MARKETS;

    #[test]
    fn every_market_has_its_days() {
        for (stream, market) in (0..).zip(&MARKETS) {
            let days = trading_days(market, &mut Dice::new(stream));
            assert_eq!(days.len(), market.rows, "{}", market.symbol);
            assert_eq!(
                (days[0], days[days.len() - 1]),
                (market.first.parse().unwrap(), market.last.parse().unwrap())
            );
            if let Some(loud) = market.first_volume {
                assert_eq!(days[market.quiet], loud.parse().unwrap());
            }
        }
    }
}
