//! The independent checker for batches of JSON Lines: a raw dump of the topic against the full list
//! of the bucket.
//!
//! It knows the documented key layout, and nothing of the consumer's code, nor of claims. A
//! partition is fine only when its objects, in the order of their starts, hold for each date the
//! very records of the dump, in order, each once.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    process::{Command, Stdio},
};

use super::{World, check};

/// Records by partition and date, in order.
type Lines = BTreeMap<(i32, String), Vec<Vec<u8>>>;

/// Asserts that each visible record with a value is in exactly one object below `prefix`, in its
/// place, and that `consumer verify` agrees.
pub(crate) fn exactly_once(world: &World, prefix: &str, records: usize) {
    exactly_once_by(world, prefix, records, |timestamp, _| check::day(timestamp));
}

/// The same where the date is another function of Kafka's timestamp and the value.
pub(crate) fn exactly_once_by(
    world: &World,
    prefix: &str,
    records: usize,
    date: impl Fn(i64, &[u8]) -> String,
) {
    let mut expected = Lines::new();
    let mut count = 0;
    for ((partition, _), (timestamp, value)) in check::dump(world) {
        if let Some(value) = value {
            let place = (partition, date(timestamp, &value));
            expected.entry(place).or_default().push(value);
            count += 1;
        }
    }
    assert_eq!(count, records, "the topic does not hold what it should");
    let found = found(world, prefix);
    for place in expected.keys().chain(found.keys()) {
        let (expected, found) = (expected.get(place), found.get(place));
        let length = |lines: Option<&Vec<Vec<u8>>>| lines.map_or(0, Vec::len);
        assert!(
            expected == found,
            "{place:?}: {} records expected, {} found, or others",
            length(expected),
            length(found)
        );
    }
    check::verified(world, prefix);
}

/// The lines of all objects below `prefix`.
fn found(world: &World, prefix: &str) -> Lines {
    let folder = format!("{prefix}/dt=");
    let mut keys = world.s3.keys(&world.bucket);
    keys.retain(|key| key.starts_with(&folder));
    let mut objects = BTreeMap::new();
    for (key, body) in world.s3.objects(&world.bucket, &keys) {
        let (date, name) = key[folder.len()..].split_once('/').unwrap();
        let (partition, rest) = name.split_once('-').unwrap();
        let (start, suffix) = rest.split_once('.').unwrap();
        let place = (partition.parse::<i32>().unwrap(), date.to_owned());
        let start: i64 = start.parse().unwrap();
        let twice = objects.insert((place, start), text(suffix, body));
        assert!(twice.is_none(), "{key} is there in two forms");
    }
    let mut lines = Lines::new();
    for ((place, _), text) in objects {
        let of_place = lines.entry(place).or_default();
        let mut rest = text.as_slice();
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            of_place.push(rest[..end].to_vec());
            rest = &rest[end + 1..];
        }
        assert!(rest.is_empty(), "an object does not end with a line break");
    }
    // An object may be empty: compaction took its records before it was written.
    lines.retain(|_, lines| !lines.is_empty());
    lines
}

fn text(suffix: &str, body: Vec<u8>) -> Vec<u8> {
    match suffix {
        "jsonl" => body,
        "jsonl.gz" => piped("gzip", body),
        "jsonl.zst" => piped("zstd", body),
        _ => panic!("no file of ours ends with {suffix}"),
    }
}

/// Decompressed by the system's own program.
pub(crate) fn piped(program: &str, body: Vec<u8>) -> Vec<u8> {
    let mut child = Command::new(program)
        .args(["-d", "-c"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(&body).unwrap());
    let mut text = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut text).unwrap();
    writer.join().unwrap();
    assert!(child.wait().unwrap().success(), "{program}");
    text
}
