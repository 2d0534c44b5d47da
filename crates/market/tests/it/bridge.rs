//! The bridge: what lies inside a day adds up to the day, digit for digit.

use market::{
    BarMinutes, BarSize, Bridge, BridgeError, DailyBar, Event, EventContent, ExactDecimal,
    exchange_of,
};
use proptest::prelude::*;

use crate::support::{bar, lines};

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/indexProcessed.csv");

fn number(text: &str) -> ExactDecimal {
    ExactDecimal::parse(text).unwrap()
}

fn day(symbol: &str, date: &str, prices: [&str; 4], volume: &str) -> DailyBar {
    let [open, high, low, close] = prices;
    DailyBar::from_cells(symbol, date, open, high, low, close, None, volume, None).unwrap()
}

/// Compares numbers of different scales.
fn key(number: ExactDecimal) -> i128 {
    i128::from(number.units) * 10_i128.pow((18 - number.scale).into())
}

/// The text of the price that comes out on top; the day's own form where several have one value.
#[track_caller]
fn check_prices(day: &DailyBar, prices: &[[ExactDecimal; 4]]) {
    let first = prices[0][0];
    let last = prices[prices.len() - 1][3];
    assert_eq!(last.to_string(), day.close.to_string(), "{day:?}");
    let highs = prices.iter().map(|bar| bar[1]);
    let lows = prices.iter().map(|bar| bar[2]);
    assert_eq!(first.to_string(), day.open.to_string(), "{day:?}");
    assert_eq!(highs.map(key).max().unwrap(), key(day.high), "{day:?}");
    assert_eq!(lows.map(key).min().unwrap(), key(day.low), "{day:?}");
    for [open, high, low, close] in prices.iter().map(|bar| bar.map(key)) {
        assert!(low <= open.min(close) && open.max(close) <= high, "{day:?}");
    }
    // Where the day's four prices have one form a value, each is written as in the day.
    let all = [day.open, day.high, day.low, day.close];
    for given in all {
        let has_one_form = all
            .iter()
            .all(|other| key(*other) != key(given) || *other == given);
        if has_one_form {
            let mut found = prices
                .iter()
                .flatten()
                .filter(|price| key(**price) == key(given));
            assert!(
                found.all(|price| price.to_string() == given.to_string()),
                "{day:?}"
            );
        }
    }
}

/// The sum of the volumes has the digits of the day's volume, and so has each of them.
#[track_caller]
fn check_volumes(day: &DailyBar, volumes: impl Iterator<Item = ExactDecimal>) {
    let mut sum = ExactDecimal {
        units: 0,
        scale: day.volume.scale,
    };
    for volume in volumes {
        assert!(
            volume.units > 0 && volume.scale == day.volume.scale,
            "{day:?}"
        );
        sum.units += volume.units;
    }
    assert_eq!(sum.to_string(), day.volume.to_string(), "{day:?}");
}

/// The events are within the hours, in order, and add up to the day.
#[track_caller]
fn check(day: &DailyBar, events: &[Event]) {
    assert!(!events.is_empty(), "{day:?}");
    assert!(events.is_sorted_by_key(Event::time_ms), "{day:?}");
    let session = exchange_of(&day.symbol).hours_on(day.date);
    for event in events {
        let is_in = |part: &market::SessionPart| {
            part.open_ms <= event.time_ms() && event.time_ms() <= part.close_ms
        };
        assert!(session.parts.iter().any(is_in), "{day:?} {event:?}");
        assert_eq!(event.symbol(), day.symbol);
    }
    let mut prices = Vec::new();
    let mut volumes = Vec::new();
    for event in events {
        match event.content() {
            EventContent::Bar(bar) => {
                prices.push([bar.open, bar.high, bar.low, bar.close]);
                volumes.push(bar.volume);
            }
            EventContent::Trade(trade) => {
                prices.push([trade.price; 4]);
                volumes.push(trade.volume);
            }
            EventContent::Quote(_) => {}
        }
    }
    check_prices(day, &prices);
    check_volumes(day, volumes.into_iter());
    if let EventContent::Bar(last) = events[events.len() - 1].content() {
        let adjusted = day.adj_close.unwrap_or(day.close);
        assert_eq!(last.adj_close.to_string(), adjusted.to_string(), "{day:?}");
        assert_eq!(last.close_usd, day.close_usd, "{day:?}");
    }
}

/// What became of the rows of a file.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    bridged: usize,
    without_volume: usize,
    one_price: usize,
    inconsistent: usize,
    other: usize,
}

/// Bridges all rows of a file to bars of five minutes, and some of them to minutes and trades.
fn bridge_file(path: &str) -> Counts {
    let mut rows = csv::Reader::from_path(path).unwrap();
    let mut bars = Bridge::new(7, "5m".parse().unwrap());
    let mut minutes = Bridge::new(7, BarSize::Minutes(BarMinutes::ONE));
    let mut trades = Bridge::new(7, BarSize::Tick).with_quotes();
    let mut counts = Counts::default();
    for (at, row) in rows.records().enumerate() {
        let row = row.unwrap();
        let day = DailyBar::from_cells(
            &row[0],
            &row[1],
            &row[2],
            &row[3],
            &row[4],
            &row[5],
            Some(&row[6]),
            &row[7],
            Some(&row[8]),
        );
        let bridged = day.and_then(|day| {
            check(&day, &bars.day(&day)?);
            if at % 20 == 0 {
                check(&day, &minutes.day(&day)?);
            }
            if at % 200 == 0 {
                check(&day, &trades.day(&day)?);
            }
            Ok(())
        });
        let count = match bridged {
            Ok(()) => &mut counts.bridged,
            Err(BridgeError::NoVolume { .. }) => &mut counts.without_volume,
            Err(BridgeError::OnePrice { .. }) => &mut counts.one_price,
            Err(BridgeError::Inconsistent { .. }) => &mut counts.inconsistent,
            Err(error) => {
                println!("{error}");
                &mut counts.other
            }
        };
        *count += 1;
    }
    counts
}

#[test]
fn every_row_of_the_shipped_file_with_an_inside_is_bridged() {
    assert_eq!(bridge_file(DATA), SHIPPED);
}

const SHIPPED: Counts = Counts {
    bridged: 60_619,
    without_volume: 42_093,
    one_price: 1_512,
    inconsistent: 0,
    other: 0,
};

/// By hand, on a file that is not in this repository: `MARKET_BRIDGE_CSV=… cargo test -p market
/// --test it another_file -- --nocapture`.
#[test]
fn another_file_is_bridged_where_one_is_given() {
    if let Ok(path) = std::env::var("MARKET_BRIDGE_CSV") {
        let counts = bridge_file(&path);
        println!("{counts:?}");
        assert!(counts.bridged > 0);
    }
}

/// A price in units of a scale, as text.
fn text(units: i64, scale: u8) -> String {
    ExactDecimal { units, scale }.to_string()
}

/// Days with prices of any scale and in any order of size.
fn days() -> impl Strategy<Value = DailyBar> {
    let prices = (
        1_i64..10_000_000_000,
        prop::collection::vec(0_i64..5_000_000, 4),
        0_u8..8,
    );
    let volume = prop_oneof![1_i64..20, 1_i64..5_000, 1_i64..10_000_000_000_000];
    let symbol = prop::sample::select(vec!["HSI", "NYA", "000001.SS", "X", "GDAXI", "N225"]);
    (prices, volume, 0_u8..4, symbol, 0_i32..40_000).prop_filter_map(
        "the day has one price",
        |((low, above, scale), volume, volume_scale, symbol, date)| {
            let mut sorted = above.clone();
            sorted.sort_unstable();
            let (low, high) = (low + sorted[0], low + sorted[3]);
            let [open, close] = [above[0], above[1]].map(|part| low + (part - sorted[0]));
            let date = chrono::DateTime::from_timestamp(i64::from(date) * 86_400, 0)?.date_naive();
            let adjusted = text((close - close / 50).max(1), scale);
            let [open, high, low, close] = [open, high, low, close].map(|units| text(units, scale));
            let day = DailyBar::from_cells(
                symbol,
                &date.to_string(),
                &open,
                &high,
                &low,
                &close,
                Some(&adjusted),
                &text(volume, volume_scale),
                Some(&close),
            );
            (low != high).then_some(day.unwrap())
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn days_of_any_prices_and_volumes_are_bridged(
        day in days(),
        seed in any::<u64>(),
        minutes in prop::sample::select(vec![1_u8, 5, 30, 60]),
    ) {
        let size = BarSize::Minutes(BarMinutes::new(minutes).unwrap());
        check(&day, &Bridge::new(seed, size).day(&day).unwrap());
        let mut trades = Bridge::new(seed, BarSize::Tick);
        match trades.day(&day) {
            Ok(events) => check(&day, &events),
            Err(BridgeError::TooLittleVolume { trades, .. }) => prop_assert!(trades <= 4),
            Err(error) => prop_assert!(false, "{}", error),
        }
    }
}

#[test]
fn the_digits_of_the_day_are_kept() {
    let day = day(
        "HSI",
        "2021-05-31",
        ["10.50", "11", "10.250", "10.5"],
        "7.0",
    );
    let events = Bridge::new(1, "1m".parse().unwrap()).day(&day).unwrap();
    check(&day, &events);
    assert_eq!(bar(&events[0]).open.to_string(), "10.50");
    let records = lines(&events).join("\n");
    assert!(
        records.contains(r#""High":11,"#) && records.contains(r#""Low":10.250,"#),
        "{records}"
    );
    assert!(records.ends_with(r#""CloseUSD":null}"#), "{records}");
}

#[test]
fn the_seed_and_the_day_decide_and_nothing_else_does() {
    let prices = ["100.5", "104.25", "99.75", "101.0"];
    let monday = day("HSI", "2021-05-31", prices, "5000.0");
    let tuesday = day("HSI", "2021-06-01", prices, "5000.0");
    let other = day("NYA", "2021-05-28", prices, "5000.0");
    let size = "5m".parse().unwrap();
    let alone = lines(&Bridge::new(1, size).day(&tuesday).unwrap());
    let mut bridge = Bridge::new(1, size);
    let before = lines(&bridge.day(&monday).unwrap());
    assert!(bridge.day(&other).is_ok());
    assert_eq!(lines(&bridge.day(&tuesday).unwrap()), alone);
    assert_ne!(
        before.iter().map(|line| &line[40..]).collect::<Vec<_>>(),
        alone.iter().map(|line| &line[40..]).collect::<Vec<_>>()
    );
    assert_ne!(lines(&Bridge::new(2, size).day(&tuesday).unwrap()), alone);
    let whole = Bridge::new(1, BarSize::Day).day(&tuesday).unwrap();
    assert_eq!(whole.len(), 1);
    check(&tuesday, &whole);
}

#[test]
fn a_day_on_which_the_calendar_is_closed_gets_the_usual_hours() {
    let christmas = day(
        "NYA",
        "2020-12-25",
        ["1.5", "2.5", "1.0", "2.0"],
        "100000.0",
    );
    let events = Bridge::new(1, "1h".parse().unwrap())
        .day(&christmas)
        .unwrap();
    check(&christmas, &events);
    assert_eq!(events.len(), 7);
}

#[test]
fn days_without_an_inside_are_named() {
    let error = |prices, volume| {
        let day = day("HSI", "2021-05-31", prices, volume);
        Bridge::new(1, "1m".parse().unwrap())
            .day(&day)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        error(["1.5", "2.5", "1.0", "2.0"], "0.0"),
        "HSI 2021-05-31: the volume is 0, so there is nothing to share out among minutes"
    );
    assert_eq!(
        error(["1.5", "1.5", "1.5", "1.5"], "9"),
        "HSI 2021-05-31: high and low are both 1.5, so the day has no inside"
    );
    for prices in [
        ["1.5", "1.4", "1.0", "1.2"],
        ["1.5", "2.0", "1.6", "1.8"],
        ["1.5", "2.0", "1.0", "2.5"],
        ["1.5", "2.0", "0.0", "1.8"],
    ] {
        let found = error(prices, "9");
        assert!(found.contains("low must be above 0"), "{found}");
    }
    assert_eq!(
        error(["100000000000", "100000000000", "1", "1.00000001"], "9"),
        "HSI 2021-05-31: the prices have more than 18 digits between them"
    );
    let little = day("HSI", "2021-05-31", ["1.5", "2.5", "1.0", "2.0"], "3.0");
    let found = Bridge::new(1, BarSize::Tick).day(&little).unwrap_err();
    assert!(
        found
            .to_string()
            .contains("a volume of 3.0 is too little for the 4 trades"),
        "{found}"
    );
    assert!(Bridge::new(1, "1m".parse().unwrap()).day(&little).is_ok());
}

#[test]
fn cells_that_are_no_numbers_are_named() {
    let error = |date, open, volume| {
        DailyBar::from_cells("X", date, open, "2", "1", "2", None, volume, None)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        error("2021-02-30", "1", "1"),
        "X 2021-02-30: Date \"2021-02-30\" is no day such as 2021-05-28"
    );
    assert_eq!(
        error("2021-05-28", "null", "1"),
        "X 2021-05-28: Open \"null\" is no number of at most 18 digits, such as 2479.300049"
    );
    assert!(error("2021-05-28", "1", "-1").contains("Volume \"-1\""));
    assert!(error("2021-05-28", "1", "1e6").contains("Volume \"1e6\""));
    assert_eq!(number("2.50").to_string(), "2.50");
}
