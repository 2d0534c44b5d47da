//! Bars of Binance: each once, complete, in order.

use provider::{FeedNotice, FeedSettings, FeedStep, RecordForm, WaitFor};
use serde_json::Value;

use crate::{
    server::{Server, body, status, with_header},
    support::{Clocked, MINUTE, NOON, binance, kline, klines, minutes},
};

#[test]
fn bars_come_oldest_first_and_without_a_key() {
    let server = Server::start();
    server.answer("BTCUSDT", body(klines(0..5)));
    let mut feed = Clocked::open(binance(&server.url(), &["BTCUSDT"]));
    let given = feed.run();
    assert_eq!(minutes(&given.records), [0, 1, 2, 3, 4]);
    assert_eq!(
        given.records[0],
        r#"{"Index":"BTCUSDT","Date":"2026-11-30 12:00:00.000","Open":1.0,"High":2.50,"Low":0.5,"Close":1.10,"Adj Close":null,"Volume":7.000,"CloseUSD":null}"#
    );
    let target = "/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=1000";
    assert_eq!(server.calls(), [target]);
    assert_eq!(feed.feed.counts().records, 5);
}

#[test]
fn a_second_batch_comes_an_interval_later_with_the_new_bars_only() {
    let server = Server::start();
    server.answer("BTCUSDT", body(klines(0..5)));
    server.answer("BTCUSDT", body(klines(4..7)));
    let settings = FeedSettings {
        batches: Some(2),
        poll_every_ms: 2 * MINUTE,
        ..binance(&server.url(), &["BTCUSDT"])
    };
    let mut feed = Clocked::open(settings);
    let given = feed.run();
    assert_eq!(minutes(&given.records), [0, 1, 2, 3, 4, 5, 6]);
    assert_eq!(given.waits, [WaitFor::Interval]);
    assert!(feed.now_ms >= NOON + 7 * MINUTE);
    // From the last bar on, so that a change of it is noticed.
    let start = format!("startTime={}", NOON + 4 * MINUTE);
    assert!(server.calls()[1].contains(&start));
}

#[test]
fn the_bar_that_is_still_forming_comes_only_on_request() {
    for (forming, expected) in [(false, vec![3, 4]), (true, vec![3, 4, 5])] {
        let server = Server::start();
        // Our clock is at the begin of minute 5.
        server.answer("BTCUSDT", body(klines(3..6)));
        let settings = FeedSettings {
            forming,
            ..binance(&server.url(), &["BTCUSDT"])
        };
        let given = Clocked::open(settings).run();
        assert_eq!(minutes(&given.records), expected);
    }
}

#[test]
fn the_providers_clock_says_what_is_complete() {
    // Ours is a year ahead, or a year behind.
    for jump in [365, -365] {
        let server = Server::start();
        let date = "date: Mon, 30 Nov 2026 12:04:30 GMT";
        server.answer("BTCUSDT", with_header(body(klines(0..5)), date));
        let mut feed = Clocked::open(binance(&server.url(), &["BTCUSDT"]));
        feed.now_ms += jump * 1_440 * MINUTE;
        assert_eq!(minutes(&feed.run().records), [0, 1, 2, 3]);
    }
}

#[test]
fn a_reply_that_changes_between_calls_sends_nothing_twice() {
    let server = Server::start();
    server.answer("BTCUSDT", body(klines([0, 1, 3])));
    let second = Value::from_iter([
        kline(1, "9.99"),
        kline(2, "1.10"),
        kline(3, "1.10"),
        kline(4, "1.10"),
    ]);
    server.answer("BTCUSDT", body(second.to_string()));
    server.answer("BTCUSDT", body(second.to_string()));
    let settings = FeedSettings {
        batches: Some(3),
        ..binance(&server.url(), &["BTCUSDT"])
    };
    let mut feed = Clocked::open(settings);
    let given = feed.run();
    assert_eq!(minutes(&given.records), [0, 1, 3, 4]);
    let (symbol, revised, late) = ("BTCUSDT".to_owned(), 1, 1);
    let changed = FeedNotice::Changed {
        symbol,
        revised,
        late,
    };
    assert_eq!(given.notices, [changed]);
    let counts = feed.feed.counts();
    assert_eq!((counts.revised, counts.late, counts.records), (1, 1, 4));
}

#[test]
fn past_bars_beyond_the_history_are_left_out() {
    let server = Server::start();
    server.answer("BTCUSDT", body(klines(-500..5)));
    let settings = FeedSettings {
        history: 2,
        ..binance(&server.url(), &["BTCUSDT"])
    };
    let given = Clocked::open(settings).run();
    assert_eq!(minutes(&given.records), [3, 4]);
}

#[test]
fn a_long_gap_is_closed_without_waiting_for_the_interval() {
    let server = Server::start();
    server.answer("BTCUSDT", body(klines([-2_000])));
    server.answer("BTCUSDT", body(klines(-2_000..-1_000)));
    server.answer("BTCUSDT", body(klines(-1_001..-1)));
    server.answer("BTCUSDT", body(klines(-2..5)));
    let settings = FeedSettings {
        batches: Some(4),
        poll_every_ms: 60 * MINUTE,
        ..binance(&server.url(), &["BTCUSDT"])
    };
    let given = Clocked::open(settings).run();
    assert_eq!(given.records.len(), 2_005);
    assert_eq!(given.waits, [WaitFor::Interval]);
    assert_eq!(given.notices, []);
}

#[test]
fn each_call_has_a_connection_of_its_own() {
    // One that is kept may be closed between two calls, which would cost a call of the quota.
    let server = Server::start();
    for end in 1..4 {
        server.answer("BTCUSDT", body(klines(0..end)));
    }
    let settings = FeedSettings {
        batches: Some(3),
        ..binance(&server.url(), &["BTCUSDT"])
    };
    let given = Clocked::open(settings).run();
    assert_eq!(minutes(&given.records), [0, 1, 2]);
    assert_eq!((server.calls().len(), server.connections()), (3, 3));
}

#[test]
fn an_empty_array_is_no_failure() {
    let server = Server::start();
    server.answer("BTCUSDT", body("[]"));
    let given = Clocked::open(binance(&server.url(), &["BTCUSDT"])).run();
    assert!(given.records.is_empty() && given.notices.is_empty() && given.error.is_none());
}

#[test]
fn one_failing_symbol_does_not_stop_the_others() {
    let server = Server::start();
    let unknown = r#"{"code":-1121,"msg":"Invalid symbol."}"#;
    server.answer("NOPE", status(400, unknown));
    server.answer("BTCUSDT", body(klines(0..2)));
    server.answer("BTCUSDT", body(klines(0..3)));
    let settings = FeedSettings {
        batches: Some(2),
        ..binance(&server.url(), &["NOPE", "BTCUSDT"])
    };
    let mut feed = Clocked::open(settings);
    let given = feed.run();
    assert_eq!(minutes(&given.records), [0, 1, 2]);
    assert!(
        matches!(&given.notices[..], [FeedNotice::SymbolFailed { symbol, .. }] if symbol == "NOPE")
    );
    assert!(given.notices[0].is_failure());
    assert_eq!(server.calls().len(), 3);
    assert_eq!(feed.feed.counts().failed_symbols, 1);
}

#[test]
fn a_whole_reply_is_an_object_with_the_digits_of_the_array() {
    let server = Server::start();
    let reply = "[\n [1796040000000, \"1.10\", \"1.10\", \"1.10\", \"1.10\", \"7.000\", 1796040059999, \"1\"]\n]";
    server.answer("BTCUSDT", body(reply));
    server.answer("BTCUSDT", body(reply));
    let settings = FeedSettings {
        form: RecordForm::RawReplies,
        batches: Some(2),
        ..binance(&server.url(), &["BTCUSDT"])
    };
    let mut feed = Clocked::open(settings);
    let Ok(FeedStep::Record(record)) = feed.next() else {
        panic!("no record");
    };
    assert_eq!(
        (record.key.as_str(), record.event_time_ms),
        ("BTCUSDT", NOON)
    );
    assert_eq!(
        String::from_utf8(record.value).unwrap(),
        r#"{"symbol":"BTCUSDT","interval":"1m","klines":[[1796040000000,"1.10","1.10","1.10","1.10","7.000",1796040059999,"1"]]}"#
    );
    // As in the original, each call gives a record, whether anything is new or not.
    assert_eq!(feed.run().records.len(), 1);
}
