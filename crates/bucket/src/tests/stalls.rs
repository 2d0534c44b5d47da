//! A connection that dies in the middle of an answer.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use super::server::{Server, answer};
use crate::times::Times;

#[tokio::test]
async fn a_body_that_stalls_is_a_failure_and_is_read_again() {
    let tries = AtomicUsize::new(0);
    let server = Server::start(move |_| {
        let mut whole = answer("200 OK", &["etag: \"e\""], "0123456789");
        if tries.fetch_add(1, Ordering::Relaxed) < 2 {
            // The connection stays open, and the rest never comes.
            whole.truncate(whole.len() - 5);
        }
        whole
    });
    let times = Times {
        piece: Duration::from_millis(50),
        ..Times::default()
    };
    let bucket = server.bucket().with_times(times);
    let failure = bucket.read("k").await.unwrap_err();
    assert!(failure.message.contains("stalled"), "{failure}");
    let read = bucket.read_patiently("k").await.unwrap();
    assert_eq!(read.as_deref(), Some(&b"0123456789"[..]));
    assert_eq!(server.requests().len(), 3);
}
