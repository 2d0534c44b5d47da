//! Answers that no S3 gave: a proxy's page, a portal's redirect, a web server's files.

use std::sync::atomic::{AtomicUsize, Ordering};

use landing::Outcome;

use super::{
    new_object,
    server::{Request, Server, answer},
};
use crate::answer::{PutAnswer, StoreFailure};

const PAGE: &str = "<!doctype html><html><body>Please log in</body></html>";
const HTML: &str = "content-type: text/html; charset=utf-8";
const TAG: &str = "etag: \"0123456789abcdef0123456789abcdef\"";
/// A list that ends at once.
const LIST: &str = "<ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>";

/// Everything that claims a success without being an S3's.
fn deceptions() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("a page", answer("200 OK", &[HTML], PAGE)),
        (
            "a file of a web server",
            answer("200 OK", &[HTML, TAG], PAGE),
        ),
        (
            "a page without a type",
            answer("200 OK", &[], "welcome to the portal"),
        ),
        (
            "JSON",
            answer(
                "200 OK",
                &["content-type: application/json"],
                "{\"ok\":true}",
            ),
        ),
        ("nothing", answer("200 OK", &[], "")),
        ("no content", b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()),
        ("an empty tag", answer("200 OK", &["etag: \"\""], "")),
        (
            "a redirect",
            answer("302 Found", &["location: http://login.example/"], ""),
        ),
        (
            "a page that is missing",
            answer("404 Not Found", &[HTML], PAGE),
        ),
        (
            "a page that was changed",
            answer("412 Precondition Failed", &[HTML], PAGE),
        ),
        (
            "a page that is refused",
            answer("403 Forbidden", &[HTML], PAGE),
        ),
    ]
}

/// Asserts that a failure says where it comes from, and that the start of a program explains it.
#[track_caller]
fn assert_foreign(what: &str, failure: &StoreFailure) {
    assert!(failure.foreign, "{what}: {failure:?}");
    let explained = crate::explain::failure("list", "b", failure).to_string();
    assert!(
        explained.contains("this is no S3 endpoint") && !explained.contains("bug"),
        "{what}: {explained}"
    );
}

#[tokio::test]
async fn no_operation_believes_an_answer_that_no_s3_gave() {
    for (what, bytes) in deceptions() {
        let server = Server::start(move |request| {
            // The answer to a HEAD ends with its headers.
            let mut bytes = bytes.clone();
            if request.line.starts_with("HEAD") {
                let end = bytes.windows(4).position(|end| end == b"\r\n\r\n").unwrap();
                bytes.truncate(end + 4);
            }
            bytes
        });
        let bucket = server.bucket();
        match bucket.create("k", "body", &[]).await {
            PutAnswer::Failed(failure) => assert_foreign(what, &failure),
            answer => panic!("{what}: {answer:?}"),
        }
        assert_foreign(what, &bucket.metadata("k").await.unwrap_err());
        assert_foreign(what, &bucket.read("k").await.unwrap_err());
        assert_foreign(what, &bucket.open("k").await.err().unwrap());
        assert_foreign(what, &bucket.first_key("k").await.unwrap_err());
    }
}

#[tokio::test]
async fn what_look_alikes_answer_is_believed() {
    let server = Server::start(|request: &Request| match request.line.as_str() {
        line if line.starts_with("PUT /b/new") => answer("200 OK", &[TAG], ""),
        line if line.starts_with("PUT /b/there") => answer("412 Precondition Failed", &[], ""),
        line if line.starts_with("GET /b/page.html") => {
            answer("200 OK", &[HTML, TAG, "x-amz-request-id: 1"], PAGE)
        }
        line if line.starts_with("HEAD") => answer("404 Not Found", &[], ""),
        line if line.starts_with("GET /b/?") => answer("200 OK", &[], LIST),
        _ => answer(
            "404 Not Found",
            &["content-type: application/xml"],
            "<Error><Code>NoSuchKey</Code><Message>m</Message></Error>",
        ),
    });
    let bucket = server.bucket();
    assert_eq!(bucket.create("new", "body", &[]).await, PutAnswer::Stored);
    assert_eq!(bucket.create("there", "body", &[]).await, PutAnswer::Exists);
    assert_eq!(
        bucket.read("page.html").await,
        Ok(Some(PAGE.as_bytes().to_vec()))
    );
    assert_eq!(bucket.read("missing").await, Ok(None));
    assert_eq!(bucket.metadata("missing").await, Ok(None));
    assert_eq!(bucket.first_key("x").await, Ok(None));
}

#[tokio::test]
async fn an_answer_to_head_that_says_too_little_is_asked_for_again() {
    // Bug: moto's 404 to HEAD calls itself HTML, so that an unfinished batch was never taken up.
    let refused = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";
    let missing = "<Error><Code>NoSuchKey</Code><Message>m</Message></Error>";
    let server = Server::start(move |request: &Request| match request.line.as_str() {
        line if line.starts_with("HEAD /b/missing") => answer("404 Not Found", &[HTML], ""),
        line if line.starts_with("HEAD") => answer("403 Forbidden", &[], ""),
        line if line.starts_with("GET /b/missing") => answer("404 Not Found", &[], missing),
        _ => answer("403 Forbidden", &[], refused),
    });
    let bucket = server.bucket();
    assert_eq!(bucket.metadata("missing").await, Ok(None));
    let failure = bucket.metadata("zone/a").await.unwrap_err();
    let denial = failure.denial.as_ref().unwrap();
    assert_eq!(denial.action, "s3:GetObject");
    assert_eq!(denial.resource, "arn:aws:s3:::b/zone/a");
    assert!(
        failure.to_string().starts_with("AccessDenied (403): "),
        "{failure}"
    );
}

#[tokio::test]
async fn a_checksum_of_something_else_is_not_believed() {
    let server = Server::start(|_| answer("200 OK", &[TAG, "x-amz-checksum-crc32: y/Q5Jg=="], ""));
    let bucket = server.bucket();
    let stored = bucket.create("k", "123456789", &[]).await;
    assert_eq!(stored, PutAnswer::Stored);
    let damaged = bucket.create("k", "123456788", &[]).await;
    assert!(matches!(damaged, PutAnswer::Failed(_)), "{damaged:?}");
}

#[tokio::test]
async fn a_body_that_was_damaged_on_its_way_stops_the_upload() {
    // Bug: the second try found the damaged object, whose metadata is right, and took it for ours.
    let object = || new_object("k", "123456789");
    for (there, is_ours) in [("123456788", false), ("123456789", true)] {
        let tries = AtomicUsize::new(0);
        let wrong = [TAG, "x-amz-checksum-crc32: AAAAAA=="];
        let metadata: Vec<String> = object()
            .identity
            .to_metadata()
            .into_iter()
            .map(|(name, value)| format!("x-amz-meta-{name}: {value}"))
            .collect();
        let server = Server::start(move |request| {
            let mut headers: Vec<&str> = metadata.iter().map(String::as_str).collect();
            headers.push(TAG);
            match request.line.split(' ').next() {
                Some("PUT") if tries.fetch_add(1, Ordering::Relaxed) == 0 => {
                    answer("200 OK", &wrong, "")
                }
                Some("PUT") => answer("412 Precondition Failed", &[], ""),
                Some("HEAD") => answer("200 OK", &headers, ""),
                _ => answer("200 OK", &headers, there),
            }
        });
        let bucket = server.bucket();
        match bucket.settle_object(object()).await {
            Outcome::AlreadyThere if is_ours => {}
            Outcome::Conflict { difference, .. } if !is_ours => {
                assert!(difference.contains("damaged"), "{difference}");
            }
            other => panic!("{there}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_removal_that_a_portal_answers_is_none() {
    let server = Server::start(|_| answer("200 OK", &["content-type: text/plain"], "log in"));
    let bucket = server.bucket();
    let removed = tokio::time::timeout(
        std::time::Duration::from_secs(60),
        bucket.remove_unchanged("k", "\"e\""),
    );
    assert!(removed.await.unwrap().is_err());
}

#[tokio::test]
async fn an_upload_goes_on_until_an_s3_has_taken_it() {
    let tries = AtomicUsize::new(0);
    let server = Server::start(move |_| match tries.fetch_add(1, Ordering::Relaxed) {
        0 => answer("200 OK", &[HTML, TAG], PAGE),
        1 => answer("200 OK", &[], ""),
        _ => answer("200 OK", &[TAG], ""),
    });
    let bucket = server.bucket();
    let settled = bucket.settle_object(new_object("k", "body"));
    assert_eq!(settled.await, Outcome::Stored);
    assert_eq!(server.requests().len(), 3);
    assert_eq!(bucket.trouble().retries(), 2);
}
