//! Dry runs of the sources that are no files: a simulated market, a live feed from kept replies,
//! minutes inside the days of a CSV. None of them needs a broker or a network.

use std::process::Output;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::cli::support::{HEADER, folder, producer, text, write};

/// 2026-11-30 12:00:00 UTC.
const NOON: i64 = 1_796_040_000_000;
const MINUTE: i64 = 60_000;

fn dry_run(folder: &TempDir, flags: &[&str]) -> Output {
    let output = producer(folder).arg("--dry-run").args(flags).output();
    output.unwrap()
}

/// What a dry run prints that must be all of its records, `count` of them.
fn printed(folder: &TempDir, flags: &[&str], count: usize) -> Vec<Value> {
    let output = dry_run(folder, flags);
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{flags:?}: {stderr}");
    let summary = format!("read {count} / sent {count} / acknowledged {count} / failed 0");
    assert!(stderr.contains(&summary), "{flags:?}: {stderr}");
    let records = stdout.lines().map(serde_json::from_str);
    let records = records.collect::<Result<Vec<Value>, _>>().unwrap();
    assert_eq!(records.len(), count, "{stdout}");
    records
}

fn names(record: &Value) -> Vec<&str> {
    let fields = record.as_object().unwrap().keys();
    let mut names: Vec<&str> = fields.map(String::as_str).collect();
    names.sort_unstable();
    names
}

fn columns() -> Vec<&'static str> {
    let mut names: Vec<&str> = HEADER.trim_end().split(',').collect();
    names.sort_unstable();
    names
}

#[test]
fn a_simulated_market_is_printed_the_same_each_time() {
    let folder = folder();
    let flags = |seed| {
        let market = ["--simulate", "--seed", seed, "--symbols", "HSI,NYA"];
        [&market[..], &["--from", "2020-01-02", "--limit", "6"]].concat()
    };
    let records = printed(&folder, &flags("7"), 6);
    assert_eq!(names(&records[0]), columns());
    let symbols = |symbol| records.iter().any(|record| record["Index"] == symbol);
    assert!(symbols("HSI") && symbols("NYA"));
    assert_eq!(records[0]["Date"], "2020-01-02");
    assert_eq!(printed(&folder, &flags("7"), 6), records);
    assert_ne!(printed(&folder, &flags("8"), 6), records);
    let output = dry_run(&folder, &flags("7"));
    let stderr = text(&output.stderr);
    assert!(stderr.contains("printing the simulated market"), "{stderr}");
}

/// A folder with one reply of Binance: bars of the minutes from noon on.
fn replies(folder: &TempDir, minutes: i64) {
    let kline = |minute: i64| {
        let start = NOON + minute * MINUTE;
        let end = start + MINUTE - 1;
        json!([
            start, "1.0", "2.50", "0.5", "1.10", "7.000", end, "1", 3, "1", "1", "0"
        ])
    };
    let klines: Vec<Value> = (0..minutes).map(kline).collect();
    let reply = json!({
        "provider": "binance",
        "symbol": "BTCUSDT",
        "interval": "1m",
        "request": "/api/v3/klines",
        "asked_at_ms": NOON,
        "status": 200,
        "date": "Mon, 30 Nov 2026 12:04:00 GMT",
        "body": Value::from(klines).to_string(),
    });
    std::fs::create_dir(folder.path().join("replies")).unwrap();
    write(folder, "replies/00000001.json", reply.to_string());
}

#[test]
fn kept_replies_of_a_live_feed_are_printed_and_no_bar_counts_as_sent() {
    let folder = folder();
    // The fifth bar is not complete at 12:04.
    replies(&folder, 5);
    let live = ["--live", "binance", "--symbols", "BTCUSDT"];
    let flags = [
        &live[..],
        &["--interval", "1m", "--replay-http", "replies"],
        &["--state-file", "state.json"],
    ]
    .concat();
    let records = printed(&folder, &flags, 4);
    assert_eq!(names(&records[0]), columns());
    let dates: Vec<&Value> = records.iter().map(|record| &record["Date"]).collect();
    assert_eq!(dates[0], "2026-11-30 12:00:00.000");
    assert_eq!(dates[3], "2026-11-30 12:03:00.000");
    // A dry run sends nothing, so a restart must not leave these bars out.
    assert_eq!(printed(&folder, &flags, 4), records);
}

#[test]
fn the_minutes_of_a_day_are_printed_and_add_up_to_it() {
    let folder = folder();
    let day = "HSI,2001-02-05,150.50,152.50,150.00,151.25,151.25,100000,19.66\n";
    write(&folder, "in.csv", format!("{HEADER}{day}"));
    let flags = ["--csv", "in.csv", "--bridge", "30m", "--seed", "7"];
    let output = dry_run(&folder, &flags);
    let count = text(&output.stdout).lines().count();
    assert!(count > 4, "{}", text(&output.stderr));
    let records = printed(&folder, &flags, count);
    let number = |record: &Value, name: &str| record[name].as_f64().unwrap();
    let all = |name| records.iter().map(move |record| number(record, name));
    let (first, last) = (&records[0], &records[count - 1]);
    assert_eq!(number(first, "Open"), 150.5);
    assert_eq!(number(last, "Close"), 151.25);
    assert_eq!(all("High").fold(f64::MIN, f64::max), 152.5);
    assert_eq!(all("Low").fold(f64::MAX, f64::min), 150.0);
    assert_eq!(all("Volume").sum::<f64>(), 100_000.0);
}
