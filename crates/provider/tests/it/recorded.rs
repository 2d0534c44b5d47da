//! Replies that are kept, and played back without a network.

use provider::{Feed, FeedSettings, ReplySource};

use crate::{
    server::{Server, body, status, with_header},
    support::{Clocked, alpha_vantage, binance, intraday, klines, minutes},
};

#[test]
fn a_run_is_played_back_without_network_key_or_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start();
    let settings = FeedSettings {
        batches: Some(3),
        source: ReplySource::Record(folder.path().to_owned()),
        ..binance(&server.url(), &["BTCUSDT", "ETHUSDT"])
    };
    let date = "date: Mon, 30 Nov 2026 12:04:00 GMT";
    for symbol in ["BTCUSDT", "ETHUSDT"] {
        server.answer(symbol, with_header(body(klines(0..5)), date));
        server.answer(symbol, with_header(status(429, ""), "retry-after: 3600"));
        server.answer(symbol, body(klines(1..7)));
        server.answer(symbol, body(klines(5..9)));
    }
    let live = Clocked::open(settings.clone()).run();
    assert!(!live.waits.is_empty() && live.error.is_none());
    drop(server);
    let played = FeedSettings {
        source: ReplySource::Replay(folder.path().to_owned()),
        base_url: None,
        ..settings
    };
    let mut feed = Clocked::open(played);
    // Whatever the time is now.
    feed.now_ms = 0;
    let again = feed.run();
    let sorted = |records: &[String]| {
        let mut records = records.to_vec();
        records.sort();
        records
    };
    assert_eq!(sorted(&again.records), sorted(&live.records));
    assert_eq!((again.waits.len(), again.error), (0, None));
    assert_eq!(feed.feed.counts().calls, 8);
}

#[test]
fn a_recording_needs_no_key_and_ends_with_its_replies() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start();
    server.answer("IBM", body(intraday("IBM", &["2026-11-30 06:59:00"])));
    let settings = FeedSettings {
        source: ReplySource::Record(folder.path().to_owned()),
        ..alpha_vantage(&server.url(), &["IBM"])
    };
    assert_eq!(Clocked::open(settings.clone()).run().records.len(), 1);
    let played = FeedSettings {
        secret: None,
        batches: None,
        source: ReplySource::Replay(folder.path().to_owned()),
        ..settings.clone()
    };
    let given = Clocked::open(played.clone()).run();
    assert_eq!((minutes(&given.records), given.error), (vec![-1], None));
    let other = FeedSettings {
        interval: provider::BarInterval::Day1,
        ..played.clone()
    };
    let error = Feed::open(other).unwrap_err().to_string();
    let words = "no reply of alpha-vantage for IBM with bars of 1d";
    assert!(error.contains(words), "{error}");
    // Nothing was recorded for MSFT.
    let other = FeedSettings {
        symbols: vec!["IBM".to_owned(), "MSFT".to_owned()],
        ..played
    };
    let error = Feed::open(other).unwrap_err().to_string();
    assert!(error.contains("for MSFT with bars of 1m"), "{error}");
}

#[test]
fn a_folder_that_cannot_be_written_ends_the_feed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let settings = FeedSettings {
        source: ReplySource::Record(file),
        ..binance("http://127.0.0.1:9", &["BTCUSDT"])
    };
    let error = Feed::open(settings).unwrap_err().to_string();
    assert!(error.starts_with("cannot make the folder"), "{error}");
    let server = Server::start();
    server.answer("BTCUSDT", body(klines(0..2)));
    let replies = folder.path().join("replies");
    let settings = FeedSettings {
        source: ReplySource::Record(replies.clone()),
        ..binance(&server.url(), &["BTCUSDT"])
    };
    let mut feed = Clocked::open(settings);
    std::fs::remove_dir(&replies).unwrap();
    let given = feed.run();
    assert!(given.records.is_empty());
    let error = given.error.unwrap().to_string();
    assert!(error.starts_with("cannot write the reply"), "{error}");
}
