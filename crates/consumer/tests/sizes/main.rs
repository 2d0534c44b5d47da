//! `--max-bytes`: objects have the size that is asked for, in each format and compression.
//!
//! A program of its own: how much is read before the first object shows its size depends on how
//! busy the machine is, so nothing else runs beside it.
#![allow(clippy::unwrap_used, reason = "a test may fail at any step")]

#[allow(dead_code, reason = "one test uses a part")]
#[path = "../it/support/mod.rs"]
mod support;

use std::collections::BTreeMap;

use crate::support::{PARTITIONS, World, kafka::Send};

const RECORDS: usize = 120_000;

/// The program's own list of what goes together.
const FILES: [(&str, &str); 9] = [
    ("jsonl", "none"),
    ("jsonl", "gzip"),
    ("jsonl", "zstd"),
    ("csv", "none"),
    ("csv", "gzip"),
    ("csv", "zstd"),
    ("parquet", "none"),
    ("parquet", "snappy"),
    ("parquet", "zstd"),
];

/// Stock-like records; the seed is fixed.
fn values() -> Vec<String> {
    let mut random = fastrand::Rng::with_seed(1);
    let mut price = 2_479.3;
    let mut value = |number: usize| {
        price = f64::max(price * (0.99 + 0.02 * random.f64()), 1.0);
        let (low, high, dollars) = (price * 0.99, price * 1.01, price * 0.13);
        let (year, month, day) = (1965 + number / 2_200, 1 + number / 28 % 12, 1 + number % 28);
        format!(
            "{{\"Index\":\"HSI\",\"Date\":\"{year}-{month:02}-{day:02}\",\"Open\":{price:.6},\"High\":{high:.6},\"Low\":{low:.6},\
             \"Close\":{price:.6},\"Adj Close\":{price:.6},\"Volume\":0.0,\"CloseUSD\":{dollars:.8}}}"
        )
    };
    (0..RECORDS).map(&mut value).collect()
}

fn to(number: usize, value: &str) -> Send<'_> {
    Send {
        partition: number as i32 % PARTITIONS,
        value: Some(value.as_bytes()),
    }
}

/// Sizes of the objects below the prefix, by partition, in the order of their starts.
fn sizes(world: &World, prefix: &str) -> BTreeMap<String, Vec<usize>> {
    let mut keys = world.s3.keys(&world.bucket);
    keys.retain(|key| key.starts_with(&format!("{prefix}/dt=")));
    let mut sizes: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
    for (key, body) in world.s3.objects(&world.bucket, &keys) {
        let name = key.rsplit('/').next().unwrap();
        let (partition, start) = name.split_once('-').unwrap();
        let of_partition = sizes.entry(partition.to_owned()).or_default();
        of_partition.insert(start.to_owned(), body.len());
    }
    let in_order = |sizes: BTreeMap<String, usize>| sizes.into_values().collect();
    let each = sizes.into_iter();
    each.map(|(partition, sizes)| (partition, in_order(sizes)))
        .collect()
}

#[test]
fn from_the_second_on_objects_have_the_size_that_is_asked_for_within_30_percent() {
    let world = World::in_sandbox("no server has a say in the size of an object");
    let values = values();
    // One day, whenever the test runs; no more at a time than a producer's queue takes.
    let noon = 1_795_262_400_000;
    for part in values.chunks(30_000) {
        world.send_at(
            Some(noon),
            part.iter()
                .enumerate()
                .map(|(number, value)| to(number, value)),
        );
    }
    for (format, compression) in FILES {
        let wanted = 256 * 1024;
        let prefix = format!("{format}/{compression}");
        let run = world.land(&[
            "--format",
            format,
            "--compression",
            compression,
            "--prefix",
            &prefix,
            "--max-bytes",
            "256KiB",
        ]);
        assert!(run.ok().stdout.contains(&format!("records {RECORDS} ")));
        let mut between = Vec::new();
        for (partition, mut sizes) in sizes(&world, &prefix) {
            // Nothing is known before the first one, and the last one has what is left.
            sizes.pop();
            assert!(
                sizes.len() > 1,
                "{prefix}: partition {partition} has {sizes:?}"
            );
            between.extend(sizes.into_iter().skip(1));
        }
        for size in &between {
            let ratio = *size as f64 / wanted as f64;
            assert!((0.7..=1.3).contains(&ratio), "{prefix}: {between:?}");
        }
    }
}
