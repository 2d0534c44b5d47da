//! The kept answers against the CSV, by code that knows no SQL: plain loops over the rows.
//!
//! Two indexes of the landing are as the CSV has them (one row was sent twice, which must not
//! count).

use std::collections::BTreeMap;

use chrono::{Datelike as _, Days, NaiveDate};
use serde_json::{Value, json};

use super::{
    answer_table::same,
    expected,
    records::{CsvBar, csv_bars},
};

const SYMBOLS: [&str; 2] = ["IXIC", "NYA"];

/// The kept rows of one symbol.
fn kept(title: &str, symbol: &str) -> Vec<Vec<Value>> {
    let answer = expected::read(title).unwrap();
    let of_symbol = |row: &Vec<Value>| row.iter().any(|value| value == symbol);
    answer.rows.into_iter().filter(of_symbol).collect()
}

#[track_caller]
fn assert_kept(title: &str, computed: impl Fn(&str, &[CsvBar]) -> Vec<Vec<Value>>) {
    for symbol in SYMBOLS {
        let rows = computed(symbol, &csv_bars(symbol));
        let kept = kept(title, symbol);
        assert!(!kept.is_empty(), "{title}: no rows of {symbol}");
        assert_eq!(rows.len(), kept.len(), "{title}: rows of {symbol}");
        for (row, kept) in rows.iter().zip(&kept) {
            assert_eq!(row.len(), kept.len(), "{title}");
            let same = row.iter().zip(kept).all(|(left, right)| same(left, right));
            assert!(same, "{title}: computed {row:?}, kept {kept:?}");
        }
    }
}

fn closes(bars: &[CsvBar]) -> Vec<f64> {
    bars.iter().map(|bar| bar.close).collect()
}

fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len() as f64
}

fn lowest(numbers: impl Iterator<Item = f64>) -> f64 {
    numbers.fold(f64::INFINITY, f64::min)
}

fn highest(numbers: impl Iterator<Item = f64>) -> f64 {
    numbers.fold(f64::NEG_INFINITY, f64::max)
}

/// The bars of the last days, the newest trade date included.
fn last_days(bars: &[CsvBar], days: u64) -> &[CsvBar] {
    let newest = bars.last().unwrap().date;
    let after = newest.checked_sub_days(Days::new(days)).unwrap();
    let first = bars.iter().position(|bar| bar.date > after).unwrap();
    &bars[first..]
}

#[test]
fn averages_of_seven_days() {
    assert_kept("05-average-close-by-trade-date.sql", |symbol, bars| {
        let week = last_days(bars, 7);
        let newest = week.last().unwrap().date.to_string();
        vec![vec![
            json!(symbol),
            json!(week.len()),
            json!(newest),
            json!(mean(&closes(week))),
        ]]
    });
}

#[test]
fn moving_averages() {
    assert_kept("11-moving-averages.sql", |symbol, bars| {
        let closes = closes(bars);
        let before = bars.len() - last_days(bars, 30).len();
        let average = |end: usize, length: usize| match end >= length {
            true => json!(mean(&closes[end - length..end])),
            false => Value::Null,
        };
        let row = |at: usize| {
            let date = bars[at].date.to_string();
            let averages = [5, 20, 50].map(|length| average(at + 1, length));
            [
                vec![json!(symbol), json!(date), json!(closes[at])],
                averages.to_vec(),
            ]
            .concat()
        };
        (before..bars.len()).map(row).collect()
    });
}

#[test]
fn returns() {
    assert_kept("12-returns.sql", |symbol, bars| {
        let before = bars.len() - last_days(bars, 30).len();
        let row = |at: usize| {
            let close = bars[at].close;
            let daily = 100.0 * (close - bars[at - 1].close) / bars[at - 1].close;
            let in_all = 100.0 * (close - bars[before].close) / bars[before].close;
            vec![
                json!(symbol),
                json!(bars[at].date.to_string()),
                json!(close),
                json!(daily),
                json!(in_all),
            ]
        };
        (before..bars.len()).map(row).collect()
    });
}

#[test]
fn volatility() {
    assert_kept("13-volatility.sql", |symbol, bars| {
        let closes = closes(bars);
        let logs: Vec<f64> = closes
            .windows(2)
            .map(|pair| (pair[1] / pair[0]).ln())
            .collect();
        let average = mean(&logs);
        let squares: f64 = logs.iter().map(|log| (log - average).powi(2)).sum();
        let daily = (squares / (logs.len() - 1) as f64).sqrt();
        vec![vec![
            json!(symbol),
            json!(logs.len()),
            json!(daily),
            json!(daily * 252_f64.sqrt()),
            json!(lowest(logs.iter().copied())),
            json!(highest(logs.iter().copied())),
        ]]
    });
}

#[test]
fn drawdown() {
    assert_kept("14-drawdown.sql", |symbol, bars| {
        let mut peak = f64::NEG_INFINITY;
        let mut deepest = 0.0;
        let mut deepest_on = bars[0].date;
        let mut now = 0.0;
        for bar in bars {
            peak = peak.max(bar.close);
            now = 100.0 * (bar.close - peak) / peak;
            if now < deepest {
                deepest = now;
                deepest_on = bar.date;
            }
        }
        vec![vec![
            json!(symbol),
            json!(deepest),
            json!(deepest_on.to_string()),
            json!(now),
            json!(bars.last().unwrap().date.to_string()),
        ]]
    });
}

#[test]
fn correlation() {
    let [first, second] = ["NYA", "IXIC"].map(csv_bars);
    let second: BTreeMap<NaiveDate, f64> = second.iter().map(|bar| (bar.date, bar.close)).collect();
    let both = first
        .iter()
        .filter_map(|bar| Some((bar.close, *second.get(&bar.date)?)));
    let both: Vec<(f64, f64)> = both.collect();
    let change = |before: f64, after: f64| (after - before) / before;
    let left: Vec<f64> = both
        .windows(2)
        .map(|pair| change(pair[0].0, pair[1].0))
        .collect();
    let right: Vec<f64> = both
        .windows(2)
        .map(|pair| change(pair[0].1, pair[1].1))
        .collect();
    let (left_mean, right_mean) = (mean(&left), mean(&right));
    let together = left.iter().zip(&right);
    let together: f64 = together
        .map(|(l, r)| (l - left_mean) * (r - right_mean))
        .sum();
    let spread = |numbers: &[f64], mean: f64| -> f64 {
        numbers.iter().map(|number| (number - mean).powi(2)).sum()
    };
    let expected = together / (spread(&left, left_mean) * spread(&right, right_mean)).sqrt();
    // The rows that are landed are all of one year.
    let rows = expected::read("16-correlation.sql").unwrap().rows;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0][..2], [json!(2021), json!(left.len())]);
    assert!((rows[0][2].as_f64().unwrap() - expected).abs() < 1e-9);
}

/// Bars of longer spans, by the first day of each.
fn rolled_up(
    symbol: &str,
    bars: &[CsvBar],
    first_day: impl Fn(NaiveDate) -> NaiveDate,
) -> Vec<Vec<Value>> {
    let mut spans: BTreeMap<NaiveDate, Vec<&CsvBar>> = BTreeMap::new();
    for bar in bars {
        spans.entry(first_day(bar.date)).or_default().push(bar);
    }
    let row = |(day, bars): (NaiveDate, Vec<&CsvBar>)| {
        vec![
            json!(symbol),
            json!(day.to_string()),
            json!(bars.len()),
            json!(bars[0].open),
            json!(highest(bars.iter().map(|bar| bar.high))),
            json!(lowest(bars.iter().map(|bar| bar.low))),
            json!(bars.last().unwrap().close),
            json!(bars.iter().map(|bar| bar.volume).sum::<f64>()),
        ]
    };
    spans.into_iter().map(row).collect()
}

#[test]
fn weeks_and_months() {
    assert_kept("21-days-to-weeks.sql", |symbol, bars| {
        rolled_up(symbol, bars, |date| {
            let since_monday = date.weekday().num_days_from_monday();
            date.checked_sub_days(Days::new(since_monday.into()))
                .unwrap()
        })
    });
    assert_kept("22-days-to-months.sql", |symbol, bars| {
        rolled_up(symbol, bars, |date| date.with_day(1).unwrap())
    });
}

#[test]
fn volume_by_month() {
    assert_kept("10-volume-by-month.sql", |symbol, bars| {
        let mut months: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for bar in bars {
            let month = bar.date.format("%Y-%m").to_string();
            months.entry(month).or_default().push(bar.volume);
        }
        let row = |(month, volumes): (String, Vec<f64>)| {
            let traded = volumes.iter().filter(|volume| **volume > 0.0).count();
            vec![
                json!(symbol),
                json!(month),
                json!(traded),
                json!(volumes.iter().sum::<f64>()),
            ]
        };
        months.into_iter().map(row).collect()
    });
}

#[test]
fn returns_by_weekday() {
    assert_kept("27-returns-by-weekday.sql", |symbol, bars| {
        let mut days: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
        for pair in bars.windows(2) {
            let change = 100.0 * (pair[1].close - pair[0].close) / pair[0].close;
            days.entry(pair[1].date.weekday().number_from_monday())
                .or_default()
                .push(change);
        }
        let row = |(day, changes): (u32, Vec<f64>)| {
            let higher = changes.iter().filter(|change| **change > 0.0).count();
            let share = 100.0 * higher as f64 / changes.len() as f64;
            vec![
                json!(symbol),
                json!(day),
                json!(changes.len()),
                json!(mean(&changes)),
                json!(share),
            ]
        };
        days.into_iter().map(row).collect()
    });
}

#[test]
fn range_of_a_year() {
    assert_kept("28-year-range.sql", |symbol, bars| {
        let low = lowest(bars.iter().map(|bar| bar.close));
        let high = highest(bars.iter().map(|bar| bar.close));
        let last = bars.last().unwrap();
        vec![vec![
            json!(symbol),
            json!(last.date.to_string()),
            json!(last.close),
            json!(low),
            json!(high),
            json!(100.0 * (last.close - low) / (high - low)),
        ]]
    });
}
