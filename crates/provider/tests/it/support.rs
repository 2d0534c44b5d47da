//! Settings, replies and a clock for the tests.

use std::time::Duration;

use provider::{
    CallLimits, Feed, FeedError, FeedNotice, FeedSettings, FeedStep, HttpBounds, MarketProvider,
    Secret, WaitFor,
};
use serde_json::{Value, json};

/// 2026-11-30 12:00:00 UTC, a Monday.
pub(crate) const NOON: i64 = 1_796_040_000_000;

pub(crate) const MINUTE: i64 = 60_000;

/// The key of the tests.
pub(crate) const KEY: &str = "SECRETKEY1234567";

pub(crate) fn binance(url: &str, symbols: &[&str]) -> FeedSettings {
    settings(MarketProvider::Binance, url, symbols)
}

pub(crate) fn alpha_vantage(url: &str, symbols: &[&str]) -> FeedSettings {
    FeedSettings {
        secret: Some(Secret::new(KEY).unwrap()),
        ..settings(MarketProvider::AlphaVantage, url, symbols)
    }
}

/// Bars of a minute, one batch, without limits.
fn settings(provider: MarketProvider, url: &str, symbols: &[&str]) -> FeedSettings {
    let symbols = symbols.iter().map(|&symbol| symbol.to_owned()).collect();
    FeedSettings {
        interval: provider::BarInterval::Minutes1,
        base_url: Some(url.to_owned()),
        limits: CallLimits::default(),
        batches: Some(1),
        ..FeedSettings::new(provider, symbols)
    }
}

/// Bounds that a test need not wait long for.
pub(crate) fn short() -> HttpBounds {
    HttpBounds {
        connect: Duration::from_secs(1),
        head: Duration::from_millis(500),
        body: Duration::from_secs(1),
        body_bytes: 100_000,
    }
}

/// Klines whose bars begin in these minutes after noon.
pub(crate) fn klines(minutes: impl IntoIterator<Item = i64>) -> String {
    let bars = minutes.into_iter().map(|minute| kline(minute, "1.10"));
    Value::from_iter(bars).to_string()
}

pub(crate) fn kline(minute: i64, close: &str) -> Value {
    let start = NOON + minute * MINUTE;
    let end = start + MINUTE - 1;
    json!([
        start, "1.0", "2.50", "0.5", close, "7.000", end, "1", 3, "1", "1", "0"
    ])
}

/// An intraday reply of Alpha Vantage with bars of these times in New York, newest first.
pub(crate) fn intraday(symbol: &str, times: &[&str]) -> String {
    let bar = |time: &&str| {
        format!(
            "        \"{time}\": {{\n            \"1. open\": \"1.0\",\n            \"2. high\": \
             \"2.50\",\n            \"3. low\": \"0.5\",\n            \"4. close\": \"1.10\",\n      \
                   \"5. volume\": \"7\"\n        }}"
        )
    };
    let bars: Vec<String> = times.iter().rev().map(bar).collect();
    format!(
        "{{\n    \"Meta Data\": {{\n        \"1. Information\": \"Intraday (1min) open, high, low, \
         close prices and volume\",\n        \"2. Symbol\": \"{symbol}\",\n        \"6. Time Zone\": \
         \"US/Eastern\"\n    }},\n    \"Time Series (1min)\": {{\n{}\n    }}\n}}",
        bars.join(",\n")
    )
}

/// A feed with a clock that runs only while the feed waits.
pub(crate) struct Clocked {
    pub(crate) feed: Feed,
    pub(crate) now_ms: i64,
}

/// What a feed gave until it ended.
#[derive(Debug, Default)]
pub(crate) struct Given {
    pub(crate) records: Vec<String>,
    pub(crate) notices: Vec<FeedNotice>,
    pub(crate) waits: Vec<WaitFor>,
    pub(crate) error: Option<FeedError>,
}

impl Clocked {
    /// The feed of these settings, five minutes after noon.
    pub(crate) fn open(settings: FeedSettings) -> Self {
        Self {
            feed: Feed::open(settings).unwrap(),
            now_ms: NOON + 5 * MINUTE,
        }
    }

    pub(crate) fn next(&mut self) -> Result<FeedStep, FeedError> {
        self.feed.next(self.now_ms, &|| false)
    }

    /// Takes everything up to the end; each record is acknowledged.
    pub(crate) fn run(&mut self) -> Given {
        let mut given = Given::default();
        for _ in 0..10_000 {
            match self.next() {
                Ok(FeedStep::Record(record)) => {
                    assert_eq!(record.position.time_ms, record.event_time_ms);
                    assert_eq!(record.position.symbol, record.key);
                    self.feed.acknowledge(&record.position);
                    given.records.push(String::from_utf8(record.value).unwrap());
                }
                Ok(FeedStep::Notice(notice)) => given.notices.push(notice),
                Ok(FeedStep::Wait { until_ms, reason }) => {
                    assert!(until_ms > self.now_ms, "a wait without time: {reason}");
                    given.waits.push(reason);
                    self.now_ms = until_ms;
                }
                Ok(FeedStep::End) => {
                    self.feed.save().unwrap();
                    return given;
                }
                Ok(FeedStep::Stopped) => panic!("nobody asked to stop"),
                Err(error) => given.error = Some(error),
            }
        }
        panic!("the feed does not end: {given:?}");
    }
}

/// The `Date` of each record.
pub(crate) fn dates(records: &[String]) -> Vec<String> {
    let date = |record: &String| {
        let record: Value = serde_json::from_str(record).unwrap();
        record["Date"].as_str().unwrap().to_owned()
    };
    records.iter().map(date).collect()
}

/// The minutes after noon of each record.
pub(crate) fn minutes(records: &[String]) -> Vec<i64> {
    let minute = |date: String| {
        let clock = date.strip_prefix("2026-11-30 ").unwrap();
        let (hour, minute) = (&clock[..2], &clock[3..5]);
        (hour.parse::<i64>().unwrap() - 12) * 60 + minute.parse::<i64>().unwrap()
    };
    dates(records).into_iter().map(minute).collect()
}
