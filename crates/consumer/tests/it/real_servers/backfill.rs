//! A backfill by a field of the data: the whole CSV, whose rows are of thousands of days, in
//! batches.
//!
//! Whatever the number of date partitions, each row is in exactly one line, and the memory stays in
//! its bounds.

use std::{collections::BTreeMap, path::Path};

use crate::support::{
    World, batches,
    kafka::Send,
    process::{Running, until},
};

/// What a process may take up at the default of `--memory`, in MiB.
const MOST_MEMORY: u64 = 128;

/// Sends the rows of the repository's CSV as records, each symbol to a partition of its own; gives
/// their number.
fn send_rows(world: &World) -> usize {
    let csv = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/indexProcessed.csv");
    let text = std::fs::read_to_string(csv).unwrap();
    let mut symbols = BTreeMap::<&str, i32>::new();
    let rows: Vec<(i32, String)> = text
        .lines()
        .skip(1)
        .map(|line| {
            let mut cells = line.split(',');
            let (symbol, date) = (cells.next().unwrap(), cells.next().unwrap());
            let known = i32::try_from(symbols.len()).unwrap();
            let partition = *symbols.entry(symbol).or_insert(known) % 3;
            let value = format!(r#"{{"Index":"{symbol}","Date":"{date}","row":"{line}"}}"#);
            (partition, value)
        })
        .collect();
    world.send(rows.iter().map(|(partition, value)| Send {
        partition: *partition,
        value: Some(value.as_bytes()),
    }));
    rows.len()
}

/// The cell behind `"Date":"`.
fn day(value: &[u8]) -> String {
    let value: serde_json::Value = serde_json::from_slice(value).unwrap();
    value["Date"].as_str().unwrap().to_owned()
}

/// Waits for the end and gives the peak of the resident memory on the way, in MiB.
fn watched(mut running: Running) -> u64 {
    let mut peak = 0;
    until("the end", || {
        peak = peak.max(running.peak_memory().unwrap_or(0));
        running.has_ended()
    });
    running.wait().ok();
    peak / 1024
}

fn backfill(world: &World, granularity: &str, kills: usize, rows: usize) {
    let prefix = format!("stock-market/jsonl-{granularity}");
    let flags = [
        "--format",
        "jsonl",
        "--partition-by",
        "field:Date",
        "--granularity",
        granularity,
        "--prefix",
        &prefix,
        "--max-records",
        "20000",
    ];
    let objects = || {
        let keys = world.s3.keys(&world.bucket);
        keys.iter().filter(|key| key.starts_with(&prefix)).count()
    };
    for _ in 0..kills {
        let before = objects();
        let mut running = world.start(&flags);
        running.until("new objects", || objects() > before);
        running.kill();
    }
    let peak = watched(world.start(&[&flags[..], &["--until-end"]].concat()));
    assert!(
        peak > 0 && peak < MOST_MEMORY,
        "{granularity}: {peak} MiB at its peak"
    );
    let length = if granularity == "year" { 4 } else { 10 };
    batches::exactly_once_by(world, &prefix, rows, |_, value| {
        day(value)[..length].to_owned()
    });
}

#[test]
fn a_backfill_over_all_dates_of_the_csv_is_exact_and_stays_in_the_memory_budget() {
    let Some(world) = World::real() else { return };
    let rows = send_rows(&world);
    backfill(&world, "year", 2, rows);
    backfill(&world, "day", 3, rows);
}
