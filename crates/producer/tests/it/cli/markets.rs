//! Markets that are no files: simulated, made of days, live; and the configuration files that the
//! repository ships.

use std::{
    io::BufReader,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use sandbox::Broker;
use serde_json::Value;
use tempfile::TempDir;

use super::{
    provider_server::{ProviderServer, intraday, klines, symbol},
    support::{HEADER, dry_run, error, folder, producer, text, wait_for},
};

const KEY: &str = "SECRETKEY1234567";

/// A run that ended: exit code, stdout, stderr.
#[derive(Debug)]
struct Ended {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Ended {
    fn records(&self) -> Vec<Value> {
        let lines = self.stdout.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

fn run(command: &mut Command) -> Ended {
    let output = command.output().unwrap();
    Ended {
        code: output.status.code().unwrap(),
        stdout: text(&output.stdout),
        stderr: text(&output.stderr),
    }
}

fn dry(folder: &TempDir, flags: &[&str]) -> Ended {
    run(producer(folder).args(flags).arg("--dry-run"))
}

#[test]
fn a_seed_gives_the_same_market_and_another_symbol_changes_no_other() {
    let folder = folder();
    let flags = [
        "--simulate",
        "--seed",
        "7",
        "--bar",
        "1m",
        "--from",
        "2020-01-02",
    ];
    let day = [&flags[..], &["--to", "2020-01-02", "--symbols"]].concat();
    let alone = dry(&folder, &[&day[..], &["NYA"]].concat());
    assert_eq!(
        (alone.code, alone.records().len()),
        (0, 390),
        "{}",
        alone.stderr
    );
    let again = dry(&folder, &[&day[..], &["NYA"]].concat());
    assert_eq!(alone.stdout, again.stdout);
    let both = dry(&folder, &[&day[..], &["HSI,NYA"]].concat());
    let others: Vec<&str> = both
        .stdout
        .lines()
        .filter(|line| line.contains("\"NYA\""))
        .collect();
    assert_eq!(others, alone.stdout.lines().collect::<Vec<_>>());
    let another = dry(&folder, &[&day[..], &["NYA", "--seed", "8"]].concat());
    assert_ne!(alone.stdout, another.stdout);
}

#[test]
fn a_market_has_the_columns_of_the_csv_and_can_be_repeated_and_limited() {
    let folder = folder();
    let flags = ["--simulate", "--symbols", "HSI", "--from", "2020-12-30"];
    let year = dry(&folder, &[&flags[..], &["--loop", "2"]].concat());
    // Two days are left of the year, twice.
    let records = year.records();
    assert_eq!(records.len(), 4, "{}", year.stderr);
    assert_eq!(records[..2], records[2..]);
    let names: Vec<&str> = HEADER.trim_end().split(',').collect();
    let first: Vec<&str> = records[0]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    for name in names {
        assert!(first.contains(&name), "{name}: {first:?}");
    }
    let snake = dry(
        &folder,
        &[&flags[..], &["--fields", "snake", "--limit", "1"]].concat(),
    );
    assert!(
        snake.records()[0]["adj_close"].is_number(),
        "{}",
        snake.stdout
    );
}

#[test]
fn a_market_that_cannot_be_is_refused_before_any_connection() {
    let folder = folder();
    for (flags, part) in [
        (
            &["--simulate", "--from", "2021-01-01", "--to", "2020-01-01"][..],
            "--from",
        ),
        (&["--simulate", "--from", "1066-10-14"], "1900"),
        (&["--simulate", "--symbols", "A,A"], "twice"),
        (&["--simulate", "--bar", "7m"], "7m"),
        (&["--simulate", "--csv", "a.csv"], "cannot be used with"),
        (&["--bar", "1m", "--csv", "a.csv"], "--simulate"),
        (&["--live", "nyse", "--symbols", "A"], "binance"),
        (&["--live", "binance"], "no symbol is given"),
        (
            &["--live", "alpha-vantage", "--symbols", "IBM"],
            "ALPHAVANTAGE_API_KEY",
        ),
        (
            &["--live", "binance", "--symbols", "A:every=soon"],
            "must be a number above 0",
        ),
        (
            &[
                "--live",
                "binance",
                "--symbols",
                "A",
                "--calls-per-minute",
                "0",
            ],
            "quota is 0",
        ),
        (&[], "--simulate"),
    ] {
        let ended = run(producer(&folder).args(flags));
        assert_eq!(ended.code, 2, "{flags:?}: {}", ended.stderr);
        assert!(ended.stderr.contains(part), "{flags:?}: {}", ended.stderr);
    }
}

#[test]
fn the_minutes_of_a_day_add_up_to_it() {
    let days = format!(
        "{HEADER}HSI,2020-12-01,100.5,103.25,99.0,101.75,101.75,913608400.0,13.2\n\
         HSI,2020-12-02,101.75,102.5,101.0,102.0,102.0,1000000.0,13.3\n"
    );
    let (code, stdout, stderr) = dry_run(&days, &["--bridge", "5m", "--seed", "3"]);
    assert_eq!(code, 0, "{stderr}");
    let bars: Vec<Value> = stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    // Five and a half hours of trading in Hong Kong, two days.
    assert_eq!(bars.len(), 2 * 66);
    let number = |bar: &Value, name: &str| bar[name].as_f64().unwrap();
    let of_day = &bars[..66];
    assert_eq!(number(&of_day[0], "Open"), 100.5);
    assert_eq!(number(&of_day[65], "Close"), 101.75);
    let highs = of_day.iter().map(|bar| number(bar, "High"));
    assert_eq!(highs.fold(0.0, f64::max), 103.25);
    let lows = of_day.iter().map(|bar| number(bar, "Low"));
    assert_eq!(lows.fold(f64::MAX, f64::min), 99.0);
    let volume: f64 = of_day.iter().map(|bar| number(bar, "Volume")).sum();
    assert_eq!(volume, 913_608_400.0);
    assert_eq!(of_day[0]["Date"], "2020-12-01 01:30:00.000");
}

#[test]
fn a_day_without_an_inside_is_a_bad_row() {
    let days = format!(
        "{HEADER}HSI,2020-12-01,1.5,2.5,1.0,2.25,2.25,0.0,0.3\n\
         HSI,2020-12-02,1.5,2.5,1.0,2.25,2.25,1000.0,0.3\n"
    );
    let (code, stdout, stderr) = dry_run(&days, &["--bridge", "1h"]);
    assert_eq!((code, stdout.as_str()), (65, ""));
    assert!(error(&stderr).contains("the volume is 0"), "{stderr}");
    let (code, stdout, stderr) = dry_run(&days, &["--bridge", "1h", "--on-bad-row", "skip"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(
        stdout.lines().count() > 4 && stderr.contains("skipped 1"),
        "{stderr}"
    );
    let (code, _, stderr) = dry_run("Symbol,Date,Close\nA,2020-12-01,1\n", &["--bridge", "1h"]);
    assert_eq!(code, 65);
    assert!(error(&stderr).contains("has no column open"), "{stderr}");
}

fn live(folder: &TempDir, server: &ProviderServer, flags: &[&str]) -> Command {
    let mut command = producer(folder);
    command
        .args([
            "--live",
            "binance",
            "--interval",
            "1m",
            "--base-url",
            &server.url(),
        ])
        .args(flags);
    command
}

/// The command that sends a feed's bars to this broker.
fn sent(folder: &TempDir, server: &ProviderServer, broker: &Broker, flags: &[&str]) -> Command {
    let mut command = live(folder, server, flags);
    command.env("KAFKA_BOOTSTRAP_SERVERS", broker.bootstrap_servers());
    command
}

/// How many records Kafka has acknowledged.
fn acknowledged(ended: &Ended) -> &str {
    let (_, rest) = ended.stdout.split_once("acknowledged ").unwrap();
    rest.split(' ').next().unwrap()
}

#[test]
fn each_bar_of_a_live_feed_is_sent_once_even_over_a_restart() {
    let server = ProviderServer::start(|_| klines());
    let broker = Broker::start().unwrap();
    broker.create_topic("stock-market", 3).unwrap();
    let folder = folder();
    let flags = ["--symbols", "BTCUSDT", "--batches", "2", "--every", "100ms"];
    let kept = [&flags[..], &["--state-file", "feed.json"]].concat();
    let first = run(&mut sent(&folder, &server, &broker, &kept));
    assert_eq!(
        (first.code, acknowledged(&first)),
        (0, "2"),
        "{}",
        first.stderr
    );
    assert_eq!(server.asked().len(), 2);
    let second = run(&mut sent(&folder, &server, &broker, &kept));
    assert_eq!(
        (second.code, acknowledged(&second)),
        (0, "0"),
        "{}",
        second.stderr
    );
    // Without the file the bars come again.
    let fresh = run(&mut sent(&folder, &server, &broker, &flags));
    assert_eq!(
        (fresh.code, acknowledged(&fresh)),
        (0, "2"),
        "{}",
        fresh.stderr
    );
    let shown = run(live(&folder, &server, &flags).arg("--dry-run"));
    assert_eq!(shown.records()[0]["Date"], "2026-11-02 12:00:00.000");
    assert!(shown.stdout.contains(r#""High":2.50,"#), "{}", shown.stdout);
}

#[test]
fn a_signal_ends_the_wait_for_the_next_call_and_what_was_sent_is_kept() {
    let server = ProviderServer::start(|_| klines());
    let broker = Broker::start().unwrap();
    broker.create_topic("stock-market", 3).unwrap();
    let folder = folder();
    let flags = [
        "--symbols",
        "BTCUSDT",
        "--every",
        "1h",
        "--state-file",
        "feed.json",
    ];
    let mut running = sent(&folder, &server, &broker, &flags)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(running.stderr.take().unwrap());
    wait_for(&mut stderr, "waiting for ");
    let id = running.id().to_string();
    let signalled = Command::new("kill").args(["-TERM", &id]).status();
    assert!(signalled.unwrap().success());
    std::io::copy(&mut stderr, &mut std::io::sink()).unwrap();
    assert_eq!(running.wait().unwrap().code(), Some(0));
    let again = [&flags[..], &["--batches", "1"]].concat();
    let again = run(&mut sent(&folder, &server, &broker, &again));
    assert_eq!(
        (again.code, acknowledged(&again)),
        (0, "0"),
        "{}",
        again.stderr
    );
}

#[test]
fn a_symbol_that_fails_does_not_stop_the_others_and_shows_in_the_exit_code() {
    let server = ProviderServer::start(|path| match symbol(path).as_str() {
        "NONE" => r#"{"code":-1121,"msg":"Invalid symbol."}"#.to_owned(),
        _ => klines(),
    });
    let folder = folder();
    let flags = ["--symbols", "NONE,BTCUSDT", "--batches", "1", "--dry-run"];
    let ended = run(&mut live(&folder, &server, &flags));
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    assert_eq!(ended.records().len(), 2);
    assert!(
        error(&ended.stderr).contains("1 symbols were given up"),
        "{}",
        ended.stderr
    );
    assert!(ended.stderr.contains("NONE: "), "{}", ended.stderr);
}

#[test]
fn replies_are_recorded_without_the_key_and_played_back_without_a_network() {
    let server = ProviderServer::start(|path| intraday(&symbol(path)));
    let folder = folder();
    let flags = [
        "--live",
        "alpha-vantage",
        "--symbols",
        "IBM",
        "--interval",
        "5m",
        "--dry-run",
    ];
    let asked = run(producer(&folder)
        .args(flags)
        .args([
            "--batches",
            "1",
            "--base-url",
            &server.url(),
            "--record",
            "kept",
        ])
        .env("ALPHAVANTAGE_API_KEY", KEY));
    assert_eq!(asked.code, 0, "{}", asked.stderr);
    assert!(server.asked()[0].contains(KEY));
    assert_eq!(asked.records()[0]["Date"], "2026-11-02 14:30:00.000");
    let kept = Command::new("grep")
        .args(["-r", KEY, "."])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert_eq!(text(&kept.stdout), "");
    assert!(!asked.stderr.contains(KEY), "{}", asked.stderr);
    let played = dry(&folder, &[&flags[..6], &["--replay-http", "kept"]].concat());
    assert_eq!(
        (played.code, &played.stdout),
        (0, &asked.stdout),
        "{}",
        played.stderr
    );
    let raw = dry(
        &folder,
        &[&flags[..6], &["--replay-http", "kept", "--raw-replies"]].concat(),
    );
    assert_eq!(raw.stdout.trim_end(), intraday("IBM"));
}

fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../data/config")
        .join(name)
        .canonicalize()
        .unwrap()
}

#[test]
fn the_shipped_configuration_files_run_as_they_stand() {
    let top = shipped("../..");
    let files = std::fs::read_dir(shipped("")).unwrap();
    let mut names: Vec<String> = files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".yaml") && !name.contains("consumer"))
        .collect();
    names.sort();
    assert_eq!(names.len(), 4);
    let server = ProviderServer::start(|path| match path.contains("klines") {
        true => klines(),
        false => intraday(&symbol(path)),
    });
    for name in names {
        let file = shipped(&name);
        let text = std::fs::read_to_string(&file).unwrap();
        let mut command = producer(&folder());
        command
            .current_dir(&top)
            .arg("--config")
            .arg(&file)
            .args(["--dry-run", "--limit", "2"]);
        if text.contains("live: ") {
            command
                .args(["--base-url", &server.url()])
                .env("ALPHAVANTAGE_API_KEY", KEY);
        }
        let ended = run(&mut command);
        assert_eq!(ended.code, 0, "{name}: {}", ended.stderr);
        assert_eq!(ended.records().len(), 2, "{name}: {}", ended.stderr);
        // The command in the file is the one that runs it.
        assert!(
            text.contains(&format!("producer -- --config data/config/{name}")),
            "{name}"
        );
    }
}
