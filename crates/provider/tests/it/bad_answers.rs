//! What is no data: classified by what it says, tried again as long as that makes sense, and named.

use provider::{FeedError, FeedNotice, FeedSettings, Refusal, WaitFor};

use crate::{
    server::{Answer, Server, body, status, with_header},
    support::{
        Clocked, Given, MINUTE, NOON, alpha_vantage, binance, intraday, klines, minutes, short,
    },
};

const PER_SECOND: &str = "Thank you for using Alpha Vantage! Please consider spreading out your \
    free API requests more sparingly (1 request per second). You may subscribe to any of the premium \
    plans at https://www.alphavantage.co/premium/ to lift the free key rate limit (25 requests per \
    day), raise the per-second burst limit, and instantly unlock all premium endpoints";
const PER_DAY: &str = "We have detected your API key as SECRETKEY1234567 and our standard API rate \
    limit is 25 requests per day. Please subscribe to any of the premium plans at \
    https://www.alphavantage.co/premium/ to instantly remove all daily rate limits.";
const PREMIUM: &str = "Thank you for using Alpha Vantage! This is a premium endpoint. You may \
    subscribe to any of the premium plans at https://www.alphavantage.co/premium/ to instantly \
    unlock all premium endpoints";
const DEMO: &str = "The **demo** API key is for demo purposes only. Please claim your free API key \
    at (https://www.alphavantage.co/support/#api-key) to explore our full API offerings.";
const WRONG_KEY: &str = "the parameter apikey is invalid or missing. Please claim your free API key \
    on (https://www.alphavantage.co/support/#api-key). It should take less than 20 seconds.";
const UNKNOWN: &str = "Invalid API call. Please retry or visit the documentation \
    (https://www.alphavantage.co/documentation/) for TIME_SERIES_INTRADAY.";

const TIMES: [&str; 1] = ["2026-11-30 06:59:00"];

fn said(name: &str, text: &str) -> Answer {
    body(serde_json::json!({ name: text }).to_string())
}

/// First this answer, then data.
fn then_data(answer: Answer) -> Given {
    let server = Server::start();
    server.answer("IBM", answer);
    server.answer("IBM", body(intraday("IBM", &TIMES)));
    Clocked::open(alpha_vantage(&server.url(), &["IBM"])).run()
}

/// First this answer, then data of Binance.
fn then_klines(answer: Answer) -> Given {
    let server = Server::start();
    server.answer("BTCUSDT", answer);
    server.answer("BTCUSDT", body(klines(0..2)));
    let settings = FeedSettings {
        bounds: short(),
        ..binance(&server.url(), &["BTCUSDT"])
    };
    Clocked::open(settings).run()
}

/// The one refusal after which the call was made again with success.
fn refusal(given: &Given, wait: WaitFor, count: usize) -> Refusal {
    assert_eq!((given.records.len(), &given.error), (count, &None));
    assert_eq!(given.waits, [wait]);
    match &given.notices[..] {
        [notice @ FeedNotice::TryAgain { refusal, .. }] => {
            assert!(!notice.is_failure());
            refusal.clone()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn too_many_calls_a_second_or_a_minute_pass() {
    for (name, text, expected) in [
        ("Information", PER_SECOND, Refusal::TooManyPerSecond),
        ("Note", PER_SECOND, Refusal::TooManyPerSecond),
        (
            "Note",
            "Thank you for using Alpha Vantage! Our standard API call frequency is 5 calls per \
             minute and 500 calls per day.",
            Refusal::TooManyPerMinute,
        ),
    ] {
        let given = then_data(said(name, text));
        assert_eq!(refusal(&given, WaitFor::Hold, 1), expected);
    }
}

#[test]
fn used_up_calls_of_the_day_are_waited_for_and_count_no_batch() {
    let given = then_data(said("Information", PER_DAY));
    assert_eq!(refusal(&given, WaitFor::Day, 1), Refusal::TooManyPerDay);
}

#[test]
fn answers_that_will_not_change_end_the_symbol_or_the_feed() {
    for (name, text) in [
        ("Information", PREMIUM),
        ("Information", DEMO),
        ("Error Message", UNKNOWN),
    ] {
        let given = then_data(said(name, text));
        assert!(given.records.is_empty() && given.waits.is_empty(), "{text}");
        let error = given.error.unwrap();
        match &error {
            FeedError::NoSymbolLeft { refusal, .. } => match refusal {
                Refusal::Premium { .. } => assert_eq!(text, PREMIUM),
                Refusal::DemoKey => assert_eq!(text, DEMO),
                Refusal::BadRequest { .. } => assert_eq!(text, UNKNOWN),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
        assert_eq!(error.to_string().lines().count(), 1);
    }
}

#[test]
fn a_wrong_key_ends_the_feed_after_one_call_whatever_the_symbols() {
    for name in ["Error Message", "Information"] {
        let server = Server::start();
        server.answer("IBM", said(name, WRONG_KEY));
        let settings = alpha_vantage(&server.url(), &["IBM", "MSFT"]);
        let mut feed = Clocked::open(settings);
        let given = feed.run();
        let Some(FeedError::Refused { refusal, .. }) = given.error else {
            panic!("{given:?}");
        };
        assert!(matches!(refusal, Refusal::WrongKey { .. }));
        assert_eq!(server.calls().len(), 1);
    }
}

#[test]
fn a_place_that_is_not_served_ends_the_feed() {
    let text = r#"{"code":0,"msg":"Service unavailable from a restricted location according to 'b. Eligibility' in https://www.binance.com/en/terms."}"#;
    for answer in [status(451, text), body(text), status(451, "")] {
        let given = then_klines(answer);
        let Some(FeedError::Refused { refusal, .. }) = given.error else {
            panic!("{given:?}");
        };
        assert!(matches!(refusal, Refusal::Restricted { .. }));
    }
}

#[test]
fn what_may_pass_is_tried_again() {
    let page = "<!DOCTYPE html><html><body>Sign in</body></html>";
    for (answer, expected) in [
        (body(page), Refusal::WebPage { status: 200 }),
        (status(403, page), Refusal::WebPage { status: 403 }),
        (
            status(502, page),
            Refusal::Unavailable {
                status: 502,
                retry_after_ms: None,
            },
        ),
        (
            status(500, ""),
            Refusal::Unavailable {
                status: 500,
                retry_after_ms: None,
            },
        ),
        (
            status(
                503,
                r#"{"code":-1008,"msg":"Server is currently overloaded"}"#,
            ),
            Refusal::Unavailable {
                status: 503,
                retry_after_ms: None,
            },
        ),
        (body(""), Refusal::Empty { status: 200 }),
        (body(" \n"), Refusal::Empty { status: 200 }),
        (body("[[1796040000000,\"1.0\""), Refusal::Truncated),
    ] {
        let given = then_klines(answer);
        assert_eq!(refusal(&given, WaitFor::Retry, 2), expected);
    }
    // A redirect would take the key elsewhere: it is not followed.
    let elsewhere = with_header(status(302, ""), "location: http://127.0.0.1:9/other");
    let given = then_klines(elsewhere);
    assert_eq!(
        refusal(&given, WaitFor::Retry, 2),
        Refusal::Empty { status: 302 }
    );
}

#[test]
fn a_wait_that_the_provider_asks_for_holds_all_symbols() {
    let slow = r#"{"code":-1003,"msg":"Too much request weight used; current limit is 6000 request weight per 1 MINUTE."}"#;
    for (code, header, at_least) in [
        (429, "retry-after: 300", 300),
        (418, "Retry-After: 3600", 3_600),
        (429, "x: y", 60),
        (418, "x: y", 120),
        // Nobody waits for longer than the longest ban.
        (418, "retry-after: 99999999999999", 3 * 86_400),
    ] {
        let server = Server::start();
        server.answer("BTCUSDT", with_header(status(code, slow), header));
        server.answer("ETHUSDT", body(klines(0..2)));
        server.answer("BTCUSDT", body(klines(0..2)));
        let mut feed = Clocked::open(binance(&server.url(), &["BTCUSDT", "ETHUSDT"]));
        let begin = feed.now_ms;
        let given = feed.run();
        assert_eq!(given.records.len(), 4);
        assert_eq!(given.waits[0], WaitFor::Hold);
        let waited = (feed.now_ms - begin) / 1_000;
        assert!((at_least..at_least + 5).contains(&waited), "{waited} s");
        assert_eq!(server.calls().len(), 3);
    }
}

#[test]
fn a_server_in_trouble_may_say_for_how_long() {
    let server = Server::start();
    let busy = with_header(status(503, ""), "retry-after: 300");
    server.answer("BTCUSDT", busy);
    server.answer("ETHUSDT", body(klines(0..2)));
    server.answer("BTCUSDT", body(klines(0..2)));
    let mut feed = Clocked::open(binance(&server.url(), &["BTCUSDT", "ETHUSDT"]));
    let begin = feed.now_ms;
    let given = feed.run();
    // The other symbol does not wait.
    assert!(given.records[0].contains("ETHUSDT"));
    assert_eq!(
        (given.records.len(), given.waits),
        (4, vec![WaitFor::Retry])
    );
    let waited = (feed.now_ms - begin) / 1_000;
    assert!((300..305).contains(&waited), "{waited} s");
}

#[test]
fn an_answer_about_something_else_costs_one_call_of_the_quota() {
    let other = intraday("MSFT", &TIMES);
    let nowhere = intraday("IBM", &TIMES).replace("US/Eastern", "Mars/Base");
    for (reply, word) in [
        (other.as_str(), "about \"MSFT\" and not about \"IBM\""),
        (nowhere.as_str(), "Mars/Base"),
        (r#"{"Information":"We are closed."}"#, "We are closed."),
        (r#"{"Global Quote":{}}"#, "\"Global Quote\""),
        ("timestamp,open,high,low,close,volume", "it is no JSON"),
    ] {
        let server = Server::start();
        server.answer("IBM", body(reply));
        let mut feed = Clocked::open(alpha_vantage(&server.url(), &["IBM"]));
        let given = feed.run();
        match &given.notices[..] {
            [notice @ FeedNotice::BatchFailed { tries: 1, .. }] => {
                assert!(notice.to_string().contains(word), "{notice}");
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(given.error, None);
        assert_eq!(server.calls().len(), 1);
    }
}

#[test]
fn a_server_that_does_not_behave_is_given_up_in_time() {
    for (answer, words) in [
        (Answer::Closes, "the call failed"),
        (Answer::Silence, "no answer within 1.5 s"),
        (Answer::Stalls, "did not end within 1 s"),
        (Answer::BreaksOff, "broke off"),
        (Answer::Endless, "more than 100000 bytes"),
        (body("x".repeat(100_001)), "more than 100000 bytes"),
    ] {
        let given = then_klines(answer);
        match refusal(&given, WaitFor::Retry, 2) {
            Refusal::NoReply { reason } => assert!(reason.contains(words), "{reason}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_port_where_nobody_listens_is_named_without_the_address_of_the_call() {
    let url = Server::start().url();
    let settings = FeedSettings {
        bounds: short(),
        ..alpha_vantage(&url, &["IBM"])
    };
    let mut feed = Clocked::open(settings);
    feed.feed.next(feed.now_ms, &|| false).map(drop).unwrap();
    let given = feed.run();
    let last = given.notices.last().unwrap().to_string();
    assert!(last.contains("the call failed"), "{last}");
    assert!(
        !last.contains("apikey") && !last.contains("SECRET"),
        "{last}"
    );
}

#[test]
fn a_batch_is_given_up_after_five_tries_and_the_next_one_goes_on() {
    let server = Server::start();
    for _ in 0..5 {
        server.answer("BTCUSDT", status(500, ""));
    }
    server.answer("BTCUSDT", body(klines(0..2)));
    let settings = FeedSettings {
        batches: Some(2),
        poll_every_ms: 60 * MINUTE,
        ..binance(&server.url(), &["BTCUSDT"])
    };
    let mut feed = Clocked::open(settings);
    let given = feed.run();
    assert_eq!(minutes(&given.records), [0, 1]);
    let (retry, interval) = (WaitFor::Retry, WaitFor::Interval);
    assert_eq!(given.waits, [retry, retry, retry, retry, interval]);
    let last = given.notices.last().unwrap();
    assert!(
        matches!(last, FeedNotice::BatchFailed { tries: 5, .. }),
        "{last}"
    );
    assert!(last.is_failure());
    assert!(feed.now_ms >= NOON + 65 * MINUTE);
    let counts = feed.feed.counts();
    assert_eq!((counts.refusals, counts.failed_batches), (5, 1));
}

#[test]
fn a_slow_server_delays_the_others_only_by_its_own_bound() {
    let server = Server::start();
    server.answer("BTCUSDT", Answer::Silence);
    server.answer("ETHUSDT", body(klines(0..2)));
    server.answer("BTCUSDT", body(klines(0..2)));
    let settings = FeedSettings {
        bounds: short(),
        ..binance(&server.url(), &["BTCUSDT", "ETHUSDT"])
    };
    let given = Clocked::open(settings).run();
    assert!(given.records[0].contains("ETHUSDT"));
    assert_eq!(given.records.len(), 4);
}
