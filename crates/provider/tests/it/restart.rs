//! A restart sends again what was not acknowledged, and nothing else.

use provider::{Feed, FeedError, FeedSettings, FeedStep, RecordForm};

use crate::{
    server::{Server, body},
    support::{Clocked, binance, klines, minutes},
};

#[test]
fn acknowledged_bars_are_not_sent_again() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start();
    let settings = FeedSettings {
        state_file: Some(folder.path().join("state.json")),
        ..binance(&server.url(), &["BTCUSDT"])
    };
    server.answer("BTCUSDT", body(klines(0..3)));
    let first = Clocked::open(settings.clone()).run();
    assert_eq!(minutes(&first.records), [0, 1, 2]);
    server.answer("BTCUSDT", body(klines(2..5)));
    let second = Clocked::open(settings.clone()).run();
    assert_eq!(minutes(&second.records), [3, 4]);
    // Another interval is another series.
    server.answer("BTCUSDT", body(klines(0..3)));
    let other = FeedSettings {
        interval: provider::BarInterval::Minutes5,
        ..settings
    };
    assert_eq!(minutes(&Clocked::open(other).run().records), [0, 1, 2]);
}

#[test]
fn a_crash_sends_again_what_was_not_acknowledged_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start();
    let settings = FeedSettings {
        state_file: Some(folder.path().join("state.json")),
        ..binance(&server.url(), &["BTCUSDT"])
    };
    server.answer("BTCUSDT", body(klines(0..5)));
    let mut feed = Clocked::open(settings.clone());
    for at in 0..4 {
        let Ok(FeedStep::Record(record)) = feed.next() else {
            panic!("no record");
        };
        // Two of four were delivered.
        if at < 2 {
            feed.feed.acknowledge(&record.position);
            feed.feed.save().unwrap();
        }
    }
    drop(feed);
    server.answer("BTCUSDT", body(klines(0..5)));
    let given = Clocked::open(settings).run();
    assert_eq!(minutes(&given.records), [2, 3, 4]);
}

#[test]
fn a_whole_reply_counts_no_bar_as_sent() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start();
    let settings = FeedSettings {
        state_file: Some(folder.path().join("state.json")),
        ..binance(&server.url(), &["BTCUSDT"])
    };
    let raw = FeedSettings {
        form: RecordForm::RawReplies,
        ..settings.clone()
    };
    server.answer("BTCUSDT", body(klines(0..3)));
    assert_eq!(Clocked::open(raw).run().records.len(), 1);
    server.answer("BTCUSDT", body(klines(0..3)));
    let given = Clocked::open(settings).run();
    assert_eq!(minutes(&given.records), [0, 1, 2]);
}

#[test]
fn a_feed_may_run_in_a_thread_of_its_own() {
    let server = Server::start();
    server.answer("BTCUSDT", body(klines(0..3)));
    let mut feed = Clocked::open(binance(&server.url(), &["BTCUSDT"]));
    let thread = std::thread::spawn(move || feed.run().records.len());
    assert_eq!(thread.join().unwrap(), 3);
}

#[test]
fn two_feeds_do_not_share_a_state_file() {
    let folder = tempfile::tempdir().unwrap();
    let settings = FeedSettings {
        state_file: Some(folder.path().join("state.json")),
        ..binance("http://127.0.0.1:9", &["BTCUSDT"])
    };
    let first = Feed::open(settings.clone()).unwrap();
    let second = Feed::open(settings.clone()).unwrap_err();
    assert!(matches!(second, FeedError::StateInUse { .. }), "{second}");
    drop(first);
    assert!(Feed::open(settings).is_ok());
}
