//! Quotas: refused before the first call where they cannot hold, kept to, and kept over restarts.

use provider::{CallLimits, Feed, FeedError, FeedSettings, FeedStep, PlanError, WaitFor};

use crate::{
    server::{Server, body, with_header},
    support::{Clocked, MINUTE, NOON, alpha_vantage, binance, intraday, klines},
};

const DAY: i64 = 1_440 * MINUTE;
const TIMES: [&str; 1] = ["2026-11-30 06:59:00"];

fn per_day(calls: u32) -> CallLimits {
    CallLimits {
        per_day: Some(calls),
        ..CallLimits::default()
    }
}

#[test]
fn a_plan_that_cannot_fit_is_refused_before_the_first_call() {
    let server = Server::start();
    let open = |limits, batches| {
        Feed::open(FeedSettings {
            limits,
            batches,
            poll_every_ms: 30_000,
            ..alpha_vantage(&server.url(), &["IBM", "MSFT"])
        })
    };
    let error = open(per_day(25), None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "2 symbols × 2880 calls (one each 30 s) in one day = 5760 calls, but the quota is 25 a \
         day; ask at most every 7200 s, or make at most 12 calls for each symbol"
    );
    let nothing = open(per_day(0), Some(1)).unwrap_err();
    let period = "day";
    assert_eq!(nothing, FeedError::Plan(PlanError::NoCalls { period }));
    assert!(open(per_day(25), Some(2)).is_ok());
    assert!(server.calls().is_empty());
}

#[test]
fn the_calls_of_the_day_outlive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let state_file = Some(folder.path().join("state.json"));
    let server = Server::start();
    let run = |now_ms: i64| {
        server.answer("IBM", body(intraday("IBM", &TIMES)));
        let mut feed = Clocked::open(FeedSettings {
            limits: per_day(2),
            state_file: state_file.clone(),
            ..alpha_vantage(&server.url(), &["IBM"])
        });
        feed.now_ms = now_ms;
        let given = feed.run();
        assert_eq!(given.error, None);
        (given.waits, feed.now_ms)
    };
    assert_eq!(run(NOON), (vec![], NOON));
    assert_eq!(run(NOON + MINUTE), (vec![], NOON + MINUTE));
    // The third call waits until the first one is a day old.
    assert_eq!(run(NOON + 2 * MINUTE), (vec![WaitFor::Day], NOON + DAY));
    // The clock was set back by a week: the calls stay counted, and the wait is a day.
    let back = NOON - 7 * DAY;
    assert_eq!(run(back), (vec![WaitFor::Day], back + DAY));
    assert_eq!(server.calls().len(), 4);
}

#[test]
fn a_call_that_was_not_answered_is_counted_too() {
    let folder = tempfile::tempdir().unwrap();
    let state_file = folder.path().join("state.json");
    let server = Server::start();
    server.answer("IBM", crate::server::Answer::Silence);
    let mut feed = Clocked::open(FeedSettings {
        limits: per_day(2),
        state_file: Some(state_file.clone()),
        ..alpha_vantage(&server.url(), &["IBM"])
    });
    // It is in the file while it is on its way, as the process may be killed then.
    let counted = || std::fs::read_to_string(&state_file).unwrap_or_default();
    let step = feed
        .feed
        .next(NOON, &|| counted().contains(&NOON.to_string()));
    assert_eq!(step, Ok(FeedStep::Stopped));
    assert!(counted().contains(&format!("\"calls_ms\":[{NOON}]")));
}

#[test]
fn a_state_that_cannot_be_kept_makes_no_call() {
    let folder = tempfile::tempdir().unwrap();
    let state_file = folder.path().join("state.json");
    let server = Server::start();
    let mut feed = Clocked::open(FeedSettings {
        limits: per_day(2),
        state_file: Some(state_file.clone()),
        ..alpha_vantage(&server.url(), &["IBM"])
    });
    std::fs::create_dir(folder.path().join("state.json.new")).unwrap();
    let error = feed.next().unwrap_err().to_string();
    assert!(error.starts_with("cannot write the state file"), "{error}");
    assert!(server.calls().is_empty());
    // And it does not try for ever.
    assert_eq!(feed.next(), Ok(FeedStep::End));
}

#[test]
fn a_clock_that_jumps_neither_hangs_the_feed_nor_sends_it_off() {
    let server = Server::start();
    for _ in 0..4 {
        server.answer("BTCUSDT", body(klines(0..2)));
    }
    let mut feed = Clocked::open(FeedSettings {
        batches: Some(4),
        poll_every_ms: 10 * MINUTE,
        ..binance(&server.url(), &["BTCUSDT"])
    });
    let wait = |feed: &mut Clocked| loop {
        match feed.next().unwrap() {
            FeedStep::Wait { until_ms, .. } => return until_ms - feed.now_ms,
            FeedStep::End => panic!("the end"),
            _ => {}
        }
    };
    let ten = 10 * MINUTE;
    let about_ten = |wait: i64| assert!((ten - 5_000..=ten + 5_000).contains(&wait), "{wait}");
    about_ten(wait(&mut feed));
    // A year back: ten minutes at most, as before.
    feed.now_ms -= 365 * DAY;
    about_ten(wait(&mut feed));
    assert_eq!(server.calls().len(), 1);
    // A year ahead: one call, not the calls of a year.
    feed.now_ms += 730 * DAY;
    about_ten(wait(&mut feed));
    assert_eq!(server.calls().len(), 2);
}

#[test]
fn what_the_provider_counts_holds_calls_back() {
    let server = Server::start();
    let used = "x-mbx-used-weight-1m: 5999";
    server.answer("BTCUSDT", with_header(body(klines(0..2)), used));
    server.answer("ETHUSDT", body(klines(0..2)));
    let given = Clocked::open(FeedSettings {
        limits: CallLimits {
            per_minute: Some(3_000),
            ..CallLimits::default()
        },
        ..binance(&server.url(), &["BTCUSDT", "ETHUSDT"])
    })
    .run();
    assert_eq!(
        (given.records.len(), given.waits),
        (4, vec![WaitFor::Minute])
    );
}
