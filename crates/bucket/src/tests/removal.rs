//! What the answers to a removal mean.

use super::server::{Server, answer};
use crate::creation::Removed;

/// Removes an object from a server that gives these answers, one after another.
async fn remove(answers: &'static [(&'static str, &'static str)]) -> Result<Removed, String> {
    let at = std::sync::atomic::AtomicUsize::new(0);
    let server = Server::start(move |_| {
        let now = at.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let (status, code) = answers[now.min(answers.len() - 1)];
        let body = match code {
            "" => String::new(),
            code => format!("<Error><Code>{code}</Code><Message>m</Message></Error>"),
        };
        answer(status, &["ETag: \"another\""], &body)
    });
    let removed = server.bucket().remove_unchanged("a", "\"tag\"").await;
    removed.map_err(|error| format!("{error:#}"))
}

#[tokio::test]
async fn an_object_is_gone_or_it_is_another_one_now() {
    let gone = remove(&[("204 No Content", "")]).await;
    assert_eq!(gone, Ok(Removed::Gone));
    let gone = remove(&[("404 Not Found", "NoSuchKey")]).await;
    assert_eq!(gone, Ok(Removed::Gone));
    let changed = remove(&[
        ("412 Precondition Failed", "PreconditionFailed"),
        ("200 OK", ""),
    ])
    .await;
    assert_eq!(changed, Ok(Removed::Changed));
    // Bug: a store that answers 412 for an object that another run had removed made a run fail.
    let gone = remove(&[
        ("412 Precondition Failed", "PreconditionFailed"),
        ("404 Not Found", ""),
    ])
    .await;
    assert_eq!(gone, Ok(Removed::Gone));
}

#[tokio::test]
async fn what_was_refused_in_passing_is_tried_again_and_a_refusal_names_the_key() {
    let again = remove(&[("503 Slow Down", "SlowDown"), ("204 No Content", "")]).await;
    assert_eq!(again, Ok(Removed::Gone));
    let refused = remove(&[("403 Forbidden", "AccessDenied")]).await;
    let error = refused.unwrap_err();
    assert!(
        error.contains("/a cannot be removed") && error.contains("AccessDenied"),
        "{error}"
    );
}

#[tokio::test]
async fn an_object_without_an_entity_tag_is_left_alone() {
    // Bug: without a tag the removal had no condition.
    let server = Server::start(|_| answer("204 No Content", &[], ""));
    for etag in ["", "\"\""] {
        let removed = server.bucket().remove_unchanged("a", etag).await;
        assert_eq!(removed.unwrap(), Removed::Changed);
    }
}
