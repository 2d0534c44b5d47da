//! Bars and whole replies of Alpha Vantage.

use provider::{BarInterval, FeedNotice, FeedSettings, FeedStep, RecordForm, WaitFor};
use schema::{
    AthenaType, Cell, Classifier, FieldNames, RowReader, TableColumn, TableSchema, UnknownFields,
};

use crate::{
    server::{Server, body},
    support::{Clocked, KEY, alpha_vantage, dates, intraday},
};

const TIMES: [&str; 3] = [
    "2026-11-27 12:58:00",
    "2026-11-27 12:59:00",
    "2026-11-30 06:59:00",
];

#[test]
fn bars_come_oldest_first_in_utc() {
    let server = Server::start();
    server.answer("IBM", body(intraday("IBM", &TIMES)));
    let settings = FeedSettings {
        form: RecordForm::Bars(FieldNames::Snake),
        ..alpha_vantage(&server.url(), &["IBM"])
    };
    let given = Clocked::open(settings).run();
    assert_eq!(
        given.records,
        ["2026-11-27 17:58", "2026-11-27 17:59", "2026-11-30 11:59"].map(|minute| format!(
            r#"{{"index":"IBM","date":"{minute}:00.000","open":1.0,"high":2.50,"low":0.5,"close":1.10,"adj_close":null,"volume":7,"close_usd":null}}"#
        ))
    );
    assert_eq!(
        server.calls(),
        [format!(
            "/query?function=TIME_SERIES_INTRADAY&interval=1min&adjusted=false&symbol=IBM\
             &outputsize=compact&datatype=json&apikey={KEY}"
        )]
    );
}

#[test]
fn the_dates_of_records_are_read_by_timestamp_and_date_columns() {
    let server = Server::start();
    server.answer("IBM", body(intraday("IBM", &TIMES[..1])));
    let mut feed = Clocked::open(alpha_vantage(&server.url(), &["IBM"]));
    let Ok(FeedStep::Record(record)) = feed.next() else {
        panic!("no record");
    };
    let value = std::str::from_utf8(&record.value).unwrap();
    let columns = |kind| TableColumn {
        name: "date".to_owned(),
        kind,
        fields: Vec::new(),
    };
    let read = |kind| {
        let table = TableSchema::new(vec![columns(kind)], UnknownFields::Ignore).unwrap();
        let mut row = Vec::new();
        let mut reader = RowReader::new(&table, Classifier::NEWEST);
        reader.read(value, &mut row).unwrap();
        row.remove(0)
    };
    assert_eq!(
        read(AthenaType::Timestamp),
        Cell::Timestamp(record.event_time_ms)
    );
    assert_eq!(read(AthenaType::Date), Cell::Date(20_784));
}

#[test]
fn a_daily_bar_comes_when_its_day_is_over_in_new_york() {
    let days = ["2026-11-27", "2026-11-29", "2026-11-30"];
    let reply = intraday("IBM", &days).replace("(1min)\": {", "(Daily)\": {");
    let daily = |hour: i64| {
        let server = Server::start();
        server.answer("TIME_SERIES_DAILY&symbol=IBM", body(reply.clone()));
        let settings = FeedSettings {
            interval: BarInterval::Day1,
            ..alpha_vantage(&server.url(), &["IBM"])
        };
        let mut feed = Clocked::open(settings);
        feed.now_ms = crate::support::NOON + hour * 3_600_000;
        dates(&feed.run().records)
    };
    assert_eq!(daily(0), days[..2]);
    // Midnight in New York is 05:00 UTC in winter.
    assert_eq!(daily(16), days[..2]);
    assert_eq!(daily(17), days);
}

#[test]
fn a_whole_reply_is_one_line_with_its_digits_and_order() {
    let server = Server::start();
    let reply = intraday("IBM", &TIMES);
    server.answer("IBM", body(reply.clone()));
    let settings = FeedSettings {
        form: RecordForm::RawReplies,
        ..alpha_vantage(&server.url(), &["IBM"])
    };
    let records = Clocked::open(settings).run().records;
    assert_eq!(records.len(), 1);
    assert!(!records[0].contains('\n'));
    let start = r#"{"Meta Data":{"1. Information":"Intraday (1min) open, high, low, close prices and volume","2. Symbol":"IBM","6. Time Zone":"US/Eastern"},"Time Series (1min)":{"2026-11-30 06:59:00":{"1. open":"1.0","2. high":"2.50","#;
    assert!(records[0].starts_with(start), "{}", records[0]);
    let bare = |text: &str| text.replace(['\n', ' '], "");
    assert_eq!(bare(&records[0]), bare(&reply));
}

#[test]
fn two_symbols_have_two_batches_each_thirty_seconds_apart() {
    let server = Server::start();
    for symbol in ["IBM", "MSFT"] {
        for end in 1..3 {
            server.answer(symbol, body(intraday(symbol, &TIMES[..=end])));
        }
    }
    let settings = FeedSettings {
        form: RecordForm::RawReplies,
        batches: Some(2),
        poll_every_ms: 30_000,
        limits: provider::CallLimits::free(provider::MarketProvider::AlphaVantage),
        ..alpha_vantage(&server.url(), &["IBM", "MSFT"])
    };
    let mut feed = Clocked::open(settings);
    let begin = feed.now_ms;
    let given = feed.run();
    assert_eq!(given.records.len(), 4);
    assert_eq!(given.error, None);
    // The second symbol waits for the limit of a second, then both for the interval.
    let (second, interval) = (WaitFor::Second, WaitFor::Interval);
    assert_eq!(given.waits, [second, interval, interval]);
    let seconds = (feed.now_ms - begin) / 1_000;
    assert!((31..40).contains(&seconds), "{seconds} s");
    let order = ["IBM", "MSFT", "IBM", "MSFT"];
    for (call, symbol) in server.calls().iter().zip(order) {
        assert!(call.contains(&format!("symbol={symbol}&")), "{call}");
    }
}

#[test]
fn bars_that_cannot_be_read_are_counted_and_the_others_sent() {
    let server = Server::start();
    let reply = intraday("IBM", &TIMES).replacen("\"2.50\"", "\"n/a\"", 1);
    let reply = reply.replace("2026-11-27 12:58:00", "2026-03-08 02:30:00");
    server.answer("IBM", body(reply));
    let mut feed = Clocked::open(alpha_vantage(&server.url(), &["IBM"]));
    let given = feed.run();
    assert_eq!(dates(&given.records), ["2026-11-27 17:59:00.000"]);
    match &given.notices[..] {
        [
            FeedNotice::BadBars {
                count: 2, first, ..
            },
        ] => {
            assert!(first.contains("high of 2026-11-30 11:59"), "{first}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(feed.feed.counts().bad_bars, 2);
}

#[test]
fn bars_between_two_replies_may_be_missing() {
    let server = Server::start();
    server.answer("IBM", body(intraday("IBM", &TIMES[..1])));
    server.answer("IBM", body(intraday("IBM", &TIMES[2..])));
    let settings = FeedSettings {
        batches: Some(2),
        ..alpha_vantage(&server.url(), &["IBM"])
    };
    let given = Clocked::open(settings).run();
    assert_eq!(given.records.len(), 2);
    assert!(matches!(&given.notices[..], [FeedNotice::Gap { .. }]));
}
