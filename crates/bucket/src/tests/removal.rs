//! Keys that S3 does not remove at once.

use std::sync::Mutex;

use super::server::{Request, Server, answer};
use crate::creation::NotRemoved;

/// The keys in a request.
fn keys(request: &Request) -> Vec<String> {
    let body = String::from_utf8_lossy(&request.body);
    let keys = body.split("<Key>").skip(1);
    keys.map(|key| key.split('<').next().unwrap().to_owned())
        .collect()
}

/// Removes three keys from a server that answers each request with the next list of refusals, a
/// key and a code each. Returns what was not removed, and the keys of each request.
async fn remove(
    refusals: Vec<Vec<(&'static str, &'static str)>>,
) -> (Vec<NotRemoved>, Vec<Vec<String>>) {
    let refusals = Mutex::new(refusals.into_iter());
    let server = Server::start(move |_| {
        let refused = refusals.lock().unwrap().next().unwrap_or_default();
        let errors: String = refused
            .into_iter()
            .map(|(key, code)| {
                format!("<Error><Key>{key}</Key><Code>{code}</Code><Message>m</Message></Error>")
            })
            .collect();
        answer(
            "200 OK",
            &[],
            &format!("<DeleteResult>{errors}</DeleteResult>"),
        )
    });
    let keys_to_remove = ["a", "b", "c"].map(str::to_owned);
    let refused = server.bucket().remove(&keys_to_remove).await.unwrap();
    (refused, server.requests().iter().map(keys).collect())
}

#[tokio::test]
async fn keys_that_were_refused_in_passing_are_tried_again_and_no_others() {
    let refusals = vec![
        vec![("b", "InternalError"), ("c", "SlowDown")],
        vec![("c", "SlowDown")],
    ];
    let (refused, requests) = remove(refusals).await;
    assert_eq!(refused, []);
    assert_eq!(requests, [vec!["a", "b", "c"], vec!["b", "c"], vec!["c"]]);
}

#[tokio::test]
async fn keys_that_may_not_be_removed_are_named_at_once() {
    let (refused, requests) = remove(vec![vec![("b", "AccessDenied")]]).await;
    let expected = NotRemoved {
        key: "b".to_owned(),
        reason: "AccessDenied: m".to_owned(),
    };
    assert_eq!((refused, requests.len()), (vec![expected], 1));
}
