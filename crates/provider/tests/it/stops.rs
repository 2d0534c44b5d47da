//! A stop in each wait: it comes through at once, and nothing is lost by it.

use std::{
    io::Read,
    net::TcpListener,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use provider::{FeedSettings, FeedStep};

use crate::{
    server::{Answer, Server, body},
    support::{Clocked, binance, klines, minutes},
};

/// Stops the feed once `ready` returns; the feed must say so.
fn stop_when(feed: &mut Clocked, ready: impl FnOnce() + Send) {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            ready();
            stop.store(true, Ordering::Release);
        });
        let step = feed
            .feed
            .next(feed.now_ms, &|| stop.load(Ordering::Acquire));
        assert_eq!(step, Ok(FeedStep::Stopped));
    });
}

#[test]
fn a_stop_ends_the_wait_for_a_head_and_for_a_body() {
    for answer in [Answer::Silence, Answer::Stalls] {
        let server = Server::start();
        server.answer("BTCUSDT", answer);
        let mut feed = Clocked::open(binance(&server.url(), &["BTCUSDT"]));
        // The bounds are half a minute each: only the stop ends this test soon.
        let server = Mutex::new(server);
        stop_when(&mut feed, || server.lock().unwrap().wait_for_call());
        // Nothing is lost: the same call is made again.
        let server = server.into_inner().unwrap();
        server.answer("BTCUSDT", body(klines(0..2)));
        assert_eq!(minutes(&feed.run().records), [0, 1]);
    }
}

#[test]
fn a_stop_ends_the_wait_for_a_connection() {
    // A listener that never accepts: the connection stands, and no TLS ever comes about.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let connections = Mutex::new(Vec::new());
    let mut feed = Clocked::open(binance(&url, &["BTCUSDT"]));
    stop_when(&mut feed, || {
        let mut first = [0];
        let (mut stream, _) = listener.accept().unwrap();
        stream.read_exact(&mut first).unwrap();
        // The begin of a handshake.
        assert_eq!(first, [0x16]);
        // Held until the end of the test.
        connections.lock().unwrap().push(stream);
    });
}

#[test]
fn a_stop_leaves_records_that_are_at_hand() {
    let server = Server::start();
    server.answer("BTCUSDT", body(klines(0..3)));
    let mut feed = Clocked::open(FeedSettings {
        batches: Some(2),
        ..binance(&server.url(), &["BTCUSDT"])
    });
    assert!(matches!(feed.next(), Ok(FeedStep::Record(_))));
    assert_eq!(feed.feed.next(feed.now_ms, &|| true), Ok(FeedStep::Stopped));
    server.answer("BTCUSDT", body(klines(0..3)));
    assert_eq!(minutes(&feed.run().records), [1, 2]);
}

#[test]
fn every_other_wait_is_the_callers() {
    let server = Server::start();
    server.answer("BTCUSDT", body(klines(0..1)));
    let mut feed = Clocked::open(FeedSettings {
        batches: Some(2),
        ..binance(&server.url(), &["BTCUSDT"])
    });
    assert!(matches!(feed.next(), Ok(FeedStep::Record(_))));
    // It comes back at once, again and again, with the same time.
    let wait = feed.next();
    assert!(matches!(wait, Ok(FeedStep::Wait { .. })));
    assert_eq!(feed.next(), wait);
    assert_eq!(feed.feed.next(feed.now_ms, &|| true), Ok(FeedStep::Stopped));
    assert_eq!(server.calls().len(), 1);
}
