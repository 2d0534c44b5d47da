//! What the simulator promises: the same bytes everywhere, symbols that do not touch each other,
//! sizes that add up, hours, and settings that are refused.

use std::{collections::BTreeMap, fs, path::Path};

use market::{
    Event, EventContent, EventDate, INDEX_SYMBOLS, SettingsError, Simulator, exchange_of,
};

use crate::support::{bar, events, line, lines, settings};

/// FNV-1a over all records.
fn fingerprint(events: &[Event]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for event in events {
        for byte in line(event).bytes().chain([b'\n']) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    hash
}

#[test]
fn the_bytes_are_the_same_on_every_machine() {
    let daily = settings(&INDEX_SYMBOLS, "1d", "1990-01-01", "2021-12-31");
    let symbols = ["HSI", "AAPL", "N225"];
    let minutes = settings(&symbols, "1m", "2020-01-06", "2020-01-10");
    let mut trades = settings(&symbols, "tick", "2020-01-06", "2020-01-06");
    trades.quotes = true;
    let found = [daily, minutes, trades].map(|settings| {
        let events = events(&settings);
        (events.len(), fingerprint(&events), line(&events[0]))
    });
    // Records, fingerprint and first record: a change of the model changes them.
    let expected = [
        (
            103_978,
            16_333_443_059_255_687_310,
            r#"{"Index":"TWII","Date":"1990-01-02","Open":6426.52,"High":6433.31,"Low":6381.77,"Close":6401.17,"Adj Close":6401.17,"Volume":2022800.0,"CloseUSD":256.0468}"#,
        ),
        (
            5_100,
            2_767_084_333_563_377_424,
            r#"{"Index":"N225","Date":"2020-01-06 00:00:00.000","Open":33345.26,"High":33345.59,"Low":33333.14,"Close":33333.42,"Adj Close":33333.42,"Volume":418148.0,"CloseUSD":333.3342}"#,
        ),
        (
            20_516,
            12_979_590_456_282_241_883,
            r#"{"Index":"N225","Date":"2020-01-06 00:00:01.971","Bid":33345.26,"Ask":33345.27,"Bid Size":9948.0,"Ask Size":9947.0}"#,
        ),
    ];
    assert_eq!(
        found,
        expected.map(|(count, hash, first)| (count, hash, first.to_owned()))
    );
}

/// No code of the model calls a function whose last bit is the platform's.
#[test]
fn transcendental_functions_come_from_libm() {
    let calls = [
        ".exp(",
        ".ln(",
        ".powf(",
        ".powi(",
        ".sin(",
        ".cos(",
        ".tan(",
        ".log(",
        ".log2(",
        ".log10(",
        ".exp_m1(",
        ".ln_1p(",
        ".cbrt(",
        ".hypot(",
        ".mul_add(",
        ".exp2(",
    ];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let product = text.split("#[cfg(test)]").next().unwrap();
        files += 1;
        for call in calls {
            assert!(!product.contains(call), "{}: {call}", path.display());
        }
    }
    assert!(files >= 10, "the sources were not found");
}

#[test]
fn another_symbol_changes_no_other() {
    for (bar, to) in [
        ("1d", "2020-12-31"),
        ("5m", "2020-01-10"),
        ("tick", "2020-01-02"),
    ] {
        let of = |events: Vec<Event>| -> Vec<String> {
            let own = events.iter().filter(|event| event.symbol() == "HSI");
            own.map(line).collect()
        };
        let alone = of(events(&settings(&["HSI"], bar, "2020-01-01", to)));
        let beside = of(events(&settings(
            &["NYA", "AAPL", "HSI", "N225"],
            bar,
            "2020-01-01",
            to,
        )));
        assert!(!alone.is_empty() && alone == beside, "{bar}");
    }
}

#[test]
fn another_seed_changes_all_and_another_range_nothing() {
    let first = settings(&["HSI", "NYA"], "1h", "2020-01-01", "2020-03-31");
    let mut second = first.clone();
    second.seed += 1;
    let all = lines(&events(&first));
    let others = lines(&events(&second));
    let same = all.iter().zip(&others).filter(|(a, b)| a == b).count();
    assert!(same * 100 < all.len(), "{same} of {}", all.len());
    let later = lines(&events(&settings(
        &["HSI", "NYA"],
        "1h",
        "2020-02-03",
        "2020-03-31",
    )));
    assert!(later.len() > 100 && all.ends_with(&later));
}

#[test]
fn events_come_by_time_and_then_by_the_order_of_the_symbols() {
    let symbols = ["TWII", "HSI", "000001.SS", "399001.SZ", "NYA", "IXIC"];
    for size in ["1d", "1m", "tick"] {
        let events = events(&settings(&symbols, size, "2020-03-02", "2020-03-04"));
        let place = |event: &Event| symbols.iter().position(|name| *name == event.symbol());
        let keys: Vec<_> = events
            .iter()
            .map(|event| (event.time_ms(), place(event)))
            .collect();
        assert!(keys.is_sorted(), "{size}");
        // Shanghai's two indices have all times in common.
        let ties = keys.windows(2).filter(|two| two[0].0 == two[1].0).count();
        assert!(size == "tick" || ties >= 6, "{size} {ties}");
    }
}

/// One day of a symbol as open, high, low, close and volume in hundredths.
type Totals = [i64; 5];

fn add(totals: &mut BTreeMap<(String, i64), Totals>, event: &Event) {
    let hundredths = |number: market::ExactDecimal| number.units_at(2).unwrap();
    let day = event.time_ms().div_euclid(86_400_000);
    let found = match event.content() {
        EventContent::Bar(bar) => [bar.open, bar.high, bar.low, bar.close, bar.volume],
        EventContent::Trade(trade) => [
            trade.price,
            trade.price,
            trade.price,
            trade.price,
            trade.volume,
        ],
        EventContent::Quote(_) => return,
    }
    .map(hundredths);
    let entry = totals.entry((event.symbol().to_owned(), day));
    entry
        .and_modify(|sum| {
            sum[1] = sum[1].max(found[1]);
            sum[2] = sum[2].min(found[2]);
            sum[3] = found[3];
            sum[4] += found[4];
        })
        .or_insert(found);
}

#[test]
fn trades_add_up_to_minutes_these_to_longer_bars_and_these_to_days() {
    let symbols = ["HSI", "NYA", "N225", "AAPL", "NSEI"];
    let totals = |size: &str| {
        let mut totals = BTreeMap::new();
        for event in events(&settings(&symbols, size, "2019-12-20", "2020-01-08")) {
            add(&mut totals, &event);
        }
        totals
    };
    let days = totals("1d");
    assert!(days.len() > 50);
    for size in [
        "1h", "30m", "20m", "15m", "10m", "5m", "3m", "2m", "1m", "tick",
    ] {
        assert_eq!(totals(size), days, "{size}");
    }
}

#[test]
fn prices_are_consistent_on_ticks_and_in_the_hours() {
    for (size, length) in [("1m", 60_000), ("15m", 900_000)] {
        for event in events(&settings(
            &["HSI", "NYA", "GDAXI"],
            size,
            "2020-12-21",
            "2020-12-31",
        )) {
            let bar = bar(&event);
            let [open, high, low, close] =
                [bar.open, bar.high, bar.low, bar.close].map(|price| price.units_at(2).unwrap());
            assert!(
                0 < low && low <= open.min(close) && open.max(close) <= high,
                "{bar:?}"
            );
            assert!(bar.volume.units > 0 && bar.adj_close == bar.close);
            let EventDate::Time(start) = event.date() else {
                panic!("{event:?}");
            };
            assert!(start < event.time_ms() && event.time_ms() <= start + length);
            let date = chrono::DateTime::from_timestamp_millis(start)
                .unwrap()
                .date_naive();
            let session = exchange_of(event.symbol()).session(date).unwrap();
            let is_inside = |part: &market::SessionPart| {
                part.open_ms <= start && event.time_ms() <= part.close_ms
            };
            assert!(session.parts.iter().any(is_inside), "{event:?}");
        }
    }
    let mut quoted = settings(&["AAPL"], "tick", "2020-12-24", "2020-12-24");
    quoted.quotes = true;
    let mut quotes = events(&quoted);
    assert!(quotes.len() > 210 * 4 * 2);
    while let Some(trade) = quotes.pop() {
        let quote = quotes.pop().unwrap();
        let (EventContent::Trade(trade), EventContent::Quote(quote)) =
            (trade.content(), quote.content())
        else {
            panic!("{trade:?} {quote:?}");
        };
        let hundredths = |number: market::ExactDecimal| number.units_at(2).unwrap();
        assert!(hundredths(quote.bid) < hundredths(quote.ask));
        assert!(quote.bid == trade.price || quote.ask == trade.price);
        assert!(quote.bid_size.units >= trade.volume.units);
    }
}

#[test]
fn a_record_has_the_digits_of_a_csv_row() {
    for size in ["1d", "1m"] {
        for event in events(&settings(
            &["HSI", "N225"],
            size,
            "2020-01-06",
            "2020-01-09",
        )) {
            let record = line(&event);
            let value: serde_json::Value = serde_json::from_str(&record).unwrap();
            let names: Vec<&String> = value.as_object().unwrap().keys().collect();
            let mut expected = schema::STOCK_HEADER.to_vec();
            expected.sort_unstable();
            assert_eq!(names, expected);
            for name in [
                "Open",
                "High",
                "Low",
                "Close",
                "Adj Close",
                "Volume",
                "CloseUSD",
            ] {
                assert!(value[name].is_f64(), "{name}: {record}");
            }
            let date = serde_json::to_string(&value["Date"]).unwrap();
            let read = schema::parse_partition_time_2(&date, schema::DateForm::Iso).unwrap();
            let expected = match event.date() {
                EventDate::Day(day) => i64::from(day) * 86_400_000,
                EventDate::Time(millis) => millis,
            };
            assert_eq!(read.and_utc().timestamp_millis(), expected);
            let old = schema::parse_partition_time_1(value["Date"].as_str().unwrap()).unwrap();
            assert_eq!(old, read);
        }
    }
}

#[test]
fn settings_that_make_no_market_are_refused() {
    let good = settings(&["HSI"], "1d", "2020-01-01", "2020-12-31");
    let error = |change: fn(&mut market::SimulatorSettings)| {
        let mut bad = good.clone();
        change(&mut bad);
        Simulator::new(&bad).unwrap_err().to_string()
    };
    assert_eq!(
        error(|bad| bad.symbols.clear()),
        "--symbols names no symbol"
    );
    assert_eq!(
        error(|bad| bad.symbols.push(" ".into())),
        "--symbols holds a blank symbol"
    );
    assert_eq!(
        error(|bad| bad.symbols.push("HSI".into())),
        "--symbols names \"HSI\" twice"
    );
    assert_eq!(
        error(|bad| bad.from = "2021-01-01".parse().unwrap()),
        "--from 2021-01-01 is after --to 2020-12-31"
    );
    assert_eq!(
        error(|bad| bad.from = "1899-12-31".parse().unwrap()),
        "--from 1899-12-31: the simulator knows the years 1900 to 2261"
    );
    assert_eq!(
        error(|bad| bad.to = "2262-01-01".parse().unwrap()),
        "--to 2262-01-01: the simulator knows the years 1900 to 2261"
    );
    assert_eq!(
        error(|bad| bad.quotes = true),
        "--quotes needs --bar tick, not --bar 1d: a quote belongs to a trade"
    );
    let weekend = settings(&["HSI"], "tick", "2020-01-04", "2020-01-05");
    assert_eq!(events(&weekend).len(), 0);
    assert!(matches!(
        Simulator::new(&settings(&[], "1d", "2020-01-01", "2020-01-01")),
        Err(SettingsError::NoSymbols)
    ));
}

#[test]
fn the_first_and_the_last_years_work() {
    for (from, to) in [("1900-01-01", "1900-01-10"), ("2261-12-20", "2261-12-31")] {
        for size in ["1d", "1h", "tick"] {
            let events = events(&settings(&["HSI", "N100", "X"], size, from, to));
            assert!(events.len() > 15, "{from} {size} {}", events.len());
        }
    }
}
