//! What a user may do: the rights of `infra/iam/consumer.json` without writing are enough.
//!
//! A proxy in front of S3 refuses what that policy does not allow. It lets nothing through but
//! reading the one zone.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
};

use crate::support::{PREFIX, World, process};

/// What S3 answers to a user without the right.
const REFUSED: &str = "HTTP/1.1 403 Forbidden\r\ncontent-type: application/xml\r\nconnection: close\r\ncontent-length: 52\r\n\r\n\
                       <Error><Code>AccessDenied</Code><Message/></Error>\n\n";

/// Starts the proxy; it ends with the test's process.
fn proxy(upstream: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let upstream = upstream.clone();
            std::thread::spawn(move || serve(connection.unwrap(), &upstream));
        }
    });
    format!("http://{address}")
}

/// One request a connection.
fn serve(mut connection: TcpStream, upstream: &str) {
    let mut lines = BufReader::new(connection.try_clone().unwrap()).lines();
    let head: Vec<String> = lines
        .by_ref()
        .map_while(Result::ok)
        .take_while(|line| !line.is_empty())
        .collect();
    let Some(request) = head.first() else { return };
    if !is_allowed(request) {
        connection.write_all(REFUSED.as_bytes()).unwrap();
        return;
    }
    let mut answers = TcpStream::connect(upstream.strip_prefix("http://").unwrap()).unwrap();
    let kept = head
        .iter()
        .filter(|line| !line.to_lowercase().starts_with("connection:"));
    let kept: Vec<&str> = kept.map(String::as_str).collect();
    let sent = format!("{}\r\nconnection: close\r\n\r\n", kept.join("\r\n"));
    answers.write_all(sent.as_bytes()).unwrap();
    let mut answer = Vec::new();
    answers.read_to_end(&mut answer).unwrap();
    // The other side may have left.
    connection.write_all(&answer).ok();
}

/// Reading objects of the zone, and lists whose prefix lies in it.
fn is_allowed(request: &str) -> bool {
    let mut words = request.split(' ');
    let (method, target) = (words.next().unwrap(), words.next().unwrap());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut key = path.splitn(3, '/').nth(2).unwrap_or_default().to_owned();
    if key.is_empty() {
        let prefix = query
            .split('&')
            .find_map(|pair| pair.strip_prefix("prefix="));
        key = prefix.unwrap_or_default().replace("%2F", "/");
    }
    let folders = [format!("{PREFIX}/"), format!("_control/{PREFIX}/")];
    matches!(method, "GET" | "HEAD") && folders.iter().any(|folder| key.starts_with(folder))
}

#[test]
fn reading_the_one_zone_is_all_that_is_needed() {
    // Bug: the whole bucket was listed at the start, which the consumer's policy does not allow.
    let world = World::new();
    world.send_numbered(30);
    world.land(&[]).ok();
    let endpoint = proxy(world.s3.upstream());
    let common = [
        "verify",
        "--bucket",
        &world.bucket,
        "--endpoint-url",
        &endpoint,
        "--deep",
    ];
    let run = |flags: &[&str]| process::start(&world, &[&common[..], flags].concat()).wait();
    run(&["--strict"]).ok();
    run(&["--prefix", PREFIX]).ok();
    let elsewhere = run(&["--prefix", "elsewhere/json"]);
    assert_eq!(elsewhere.code(), Some(1));
    assert!(
        elsewhere.error().contains("s3:ListBucket"),
        "{}",
        elsewhere.error()
    );
}
