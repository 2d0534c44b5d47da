//! A line that is too slow for everything that is in flight.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use landing::Outcome;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Mutex,
};

use super::{new_object, server};
use crate::times::Times;

const MIB: usize = 1 << 20;
/// Bytes that cross the line at once.
const PIECE: usize = 64 << 10;

/// An S3 behind a line of 1 MiB/s that all connections share. Returns its endpoint; `begun` counts
/// the requests that arrived at this end of the line.
///
/// The sockets are fast: the line is what happens between a request's arrival and its answer, so
/// that a try that its client gave up takes no more of it.
async fn slow_s3(begun: Arc<AtomicUsize>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let line = Arc::new(Mutex::new(()));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer_all(stream, line.clone(), begun.clone()));
        }
    });
    endpoint
}

/// Answers each PUT of a connection when its body has crossed the line, until the client leaves.
async fn answer_all(mut stream: TcpStream, line: Arc<Mutex<()>>, begun: Arc<AtomicUsize>) {
    let mut arrived = Vec::new();
    while let Ok(1..) = stream.read_buf(&mut arrived).await {
        let head = arrived.windows(4).position(|end| end == b"\r\n\r\n");
        if head.is_none_or(|head| arrived.len() < head + 4 + MIB) {
            continue;
        }
        arrived.clear();
        begun.fetch_add(1, Ordering::Relaxed);
        let mut more = [0];
        tokio::select! {
            () = cross(&line) => {}
            // The client sends nothing more before it has its answer, unless it leaves.
            _ = stream.read(&mut more) => return,
        }
        let answer = server::answer("200 OK", &["etag: \"e\""], "");
        stream.write_all(&answer).await.ok();
    }
}

/// Takes a body across the line in pieces, in turn with the other bodies.
async fn cross(line: &Mutex<()>) {
    for _ in 0..MIB / PIECE {
        let _turn = line.lock().await;
        tokio::time::sleep(Duration::from_secs(1) / (MIB / PIECE) as u32).await;
    }
}

#[tokio::test]
async fn what_is_in_flight_lands_on_a_line_that_is_too_slow_for_all_of_it_at_once() {
    const BODIES: usize = 24;
    let begun = Arc::new(AtomicUsize::new(0));
    let times = Times {
        attempt: Duration::from_millis(300),
        line: 4 * MIB as u64,
        ..Times::default()
    };
    let bucket = server::bucket_at(&slow_s3(begun.clone()).await).with_times(times);
    let body = Bytes::from(vec![b'x'; MIB]);
    let uploads = (0..BODIES).map(|number| {
        let object = new_object(&format!("k{number}"), body.clone());
        bucket.settle_object(object)
    });
    // The limit only ends a test that would not end.
    let all = tokio::time::timeout(Duration::from_secs(300), futures::future::join_all(uploads));
    let outcomes = all.await.expect("not everything landed");
    assert_eq!(outcomes, vec![Outcome::Stored; BODIES]);
    let begun = begun.load(Ordering::Relaxed);
    println!("{begun} tries for {BODIES} bodies");
    // 24 + 12 + 6 + 3 while the limit falls, and then few in vain.
    assert!(begun <= 5 * BODIES, "{begun} tries for {BODIES} bodies");
    assert!(bucket.trouble().slow_downs() > 0);
}
