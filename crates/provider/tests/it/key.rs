//! The key is sent to the provider, and is nowhere else.

use std::fs;

use provider::{Feed, FeedError, FeedSettings, MarketProvider, ReplySource, Secret};

use crate::{
    server::{Answer, Server, body, with_header},
    support::{Clocked, KEY, alpha_vantage, intraday, short},
};

#[test]
fn the_key_is_in_no_record_notice_error_or_kept_reply() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start();
    // The provider repeats the key wherever it can.
    let repeated = |name: &str, text: &str| {
        let body_text = serde_json::json!({ name: format!("{text} {KEY}") }).to_string();
        with_header(body(body_text), &format!("retry-after: {KEY}"))
    };
    server.answer("IBM", repeated("Information", "your API key is"));
    server.answer("IBM", repeated("Note", "5 calls per minute,"));
    server.answer("IBM", Answer::BreaksOff);
    server.answer("IBM", Answer::Closes);
    let reply = intraday("IBM", &["2026-11-30 06:59:00"]).replace("high, low", KEY);
    server.answer("IBM", body(reply));
    server.answer("MSFT", repeated("Error Message", "Invalid API call"));
    let settings = FeedSettings {
        form: provider::RecordForm::RawReplies,
        // The first answer is no data, and gives up the first batch.
        batches: Some(2),
        source: ReplySource::Record(folder.path().join("replies")),
        state_file: Some(folder.path().join("state.json")),
        bounds: short(),
        ..alpha_vantage(&server.url(), &["IBM", "MSFT"])
    };
    assert!(!format!("{settings:?}").contains(KEY));
    let mut shown = String::new();
    for symbols in [&["IBM", "MSFT"][..], &["AAPL"]] {
        let wrong = repeated("Error Message", "the parameter apikey is invalid:");
        server.answer("AAPL", wrong);
        let settings = FeedSettings {
            symbols: symbols.iter().map(|&symbol| symbol.to_owned()).collect(),
            ..settings.clone()
        };
        let mut feed = Clocked::open(settings);
        let given = feed.run();
        shown.push_str(&format!("{given:?} {:?}", feed.feed));
        for notice in &given.notices {
            shown.push_str(&notice.to_string());
        }
        if let Some(error) = &given.error {
            shown.push_str(&error.to_string());
        }
    }
    assert!(shown.contains("does not take the API key") && shown.contains("[key]"));
    assert!(shown.contains("the reply broke off") && shown.contains("the call failed"));
    assert!(!shown.contains(KEY), "{shown}");
    let mut files = 0;
    for folder in [folder.path().to_owned(), folder.path().join("replies")] {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                files += 1;
                assert!(
                    !fs::read_to_string(&path).unwrap().contains(KEY),
                    "{path:?}"
                );
            }
        }
    }
    assert!(files > 4, "{files} files");
    // And it was sent with each call.
    assert!(
        server
            .calls()
            .iter()
            .all(|call| call.ends_with(&format!("apikey={KEY}")))
    );
}

#[test]
fn a_key_with_signs_of_addresses_is_sent_encoded() {
    let server = Server::start();
    server.answer("IBM", body(intraday("IBM", &["2026-11-30 06:59:00"])));
    let settings = FeedSettings {
        secret: Some(Secret::new("a&b=c#d%20/").unwrap()),
        ..alpha_vantage(&server.url(), &["IBM"])
    };
    assert_eq!(Clocked::open(settings).run().records.len(), 1);
    assert!(server.calls()[0].ends_with("&apikey=a%26b%3Dc%23d%2520%2F"));
}

#[test]
fn without_a_key_no_call_is_made() {
    let server = Server::start();
    let settings = FeedSettings {
        secret: None,
        ..alpha_vantage(&server.url(), &["IBM"])
    };
    let error = Feed::open(settings).unwrap_err();
    assert_eq!(error, FeedError::NoKey);
    assert!(error.to_string().contains("ALPHAVANTAGE_API_KEY"));
    // In the clear it is sent to this machine only.
    let settings = FeedSettings {
        base_url: Some("http://alphavantage.example".to_owned()),
        ..alpha_vantage("", &["IBM"])
    };
    let error = Feed::open(settings).unwrap_err().to_string();
    assert!(
        error.contains("in the clear") && !error.contains(KEY),
        "{error}"
    );
    assert!(server.calls().is_empty());
    assert!(!MarketProvider::Binance.needs_key());
}
