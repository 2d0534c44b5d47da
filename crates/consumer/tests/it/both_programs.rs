//! The two programs one after the other: what was in the CSV is in the objects, digit for digit.
//!
//! In the sandbox a part of the rows, on real servers all of them.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use self::provider_server::{ProviderServer, intraday, symbol};
use crate::support::{World, check, kafka::Kafka, process};

/// The stand-in of the producer's tests.
#[path = "../../../producer/tests/it/cli/provider_server.rs"]
#[allow(dead_code, reason = "not all of it is needed here")]
mod provider_server;

/// The other program, beside this one; `cargo test` at the top has built it.
pub(crate) fn producer() -> PathBuf {
    let consumer = Path::new(env!("CARGO_BIN_EXE_consumer"));
    let producer = consumer.with_file_name("producer");
    if !producer.exists() {
        let build = Command::new(env!("CARGO"))
            .args(["build", "--locked", "-p", "producer"])
            .stdin(Stdio::null())
            .status();
        assert!(build.unwrap().success(), "the producer could not be built");
    }
    producer
}

/// The JSON that each row must become, by a reader that knows nothing of the producer: no cell of
/// this file has quotes.
fn expected(csv: &str, rows: usize) -> BTreeMap<String, usize> {
    let mut lines = csv.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    let mut documents = BTreeMap::new();
    for line in lines.take(rows) {
        let cells = names.iter().zip(line.split(','));
        let members = cells.map(|(name, cell)| match (*name, cell) {
            ("Index" | "Date", text) => format!("\"{name}\":\"{text}\""),
            (_, "") => format!("\"{name}\":null"),
            (_, number) => format!("\"{name}\":{number}"),
        });
        let document = format!("{{{}}}\n", members.collect::<Vec<_>>().join(","));
        *documents.entry(document).or_default() += 1;
    }
    documents
}

/// Sends the first rows of the file with the producer.
fn replay(world: &World, csv: &Path, rows: usize) {
    let mut replay = Command::new(producer());
    replay
        .env_clear()
        .current_dir(world.directory.path())
        .env("KAFKA_BOOTSTRAP_SERVERS", world.kafka.bootstrap_servers())
        .args(["--topic", &world.topic])
        .args(["--limit", &rows.to_string(), "--csv"])
        .arg(csv);
    let replayed = process::spawn(&mut replay).wait().ok();
    let acknowledged = format!("acknowledged {rows} ");
    assert!(
        replayed.stdout.contains(&acknowledged),
        "{}",
        replayed.stdout
    );
}

#[test]
fn every_row_of_the_csv_is_in_exactly_one_object_digit_for_digit() {
    let world = World::new();
    let csv = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/indexProcessed.csv");
    let text = std::fs::read_to_string(&csv).unwrap();
    let rows = match world.kafka {
        Kafka::Sandbox(_) => 8_000,
        Kafka::Real(_) => text.lines().count() - 1,
    };
    replay(&world, &csv, rows);
    let landed = world.land(&[]).ok();
    assert!(
        landed.stdout.contains(&format!("objects {rows} ")),
        "{}",
        landed.stdout
    );
    check::in_one_object_each(&world, rows);
    let mut found = BTreeMap::<String, usize>::new();
    for (_, body) in world.s3.objects(&world.bucket, &world.data_keys()) {
        *found.entry(String::from_utf8(body).unwrap()).or_default() += 1;
    }
    assert!(
        found == expected(&text, rows),
        "the objects do not hold what the CSV holds"
    );
}

/// A file of `data/config`.
fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../data/config")
        .join(name)
}

/// Runs the producer of the shipped pipeline on a provider of this machine, once for each symbol.
fn feed(world: &World, provider: &ProviderServer, flags: &[&str]) {
    let mut feed = Command::new(producer());
    feed.env_clear()
        .current_dir(world.directory.path())
        .env("KAFKA_BOOTSTRAP_SERVERS", world.kafka.bootstrap_servers())
        .env("ALPHAVANTAGE_API_KEY", "SECRETKEY1234567")
        .arg("--config")
        .arg(shipped("intraday-producer.yaml"))
        .args(["--base-url", &provider.url(), "--symbols", "IBM,MSFT"])
        .args(["--batches", "1"])
        .args(flags);
    let fed = process::spawn(&mut feed).wait().ok();
    assert!(fed.stdout.contains("acknowledged 2 "), "{}", fed.stderr);
}

#[test]
fn the_shipped_pipeline_lands_a_providers_bars_in_parquet() {
    let world = World::in_sandbox("the configuration files name their topic");
    world.kafka.create_topic("stock-data-stream", 3, &[]);
    let provider = ProviderServer::start(|path| intraday(&symbol(path)));
    feed(&world, &provider, &[]);
    let config = shipped("intraday-consumer.yaml");
    let config = config.to_str().unwrap();
    let landed = world.land(&["--config", config]).ok();
    assert!(landed.stdout.contains("records 2 "), "{}", landed.stdout);
    assert!(
        landed.stdout.contains("dead letters 0"),
        "{}",
        landed.stdout
    );
    let keys = world.data_keys();
    let is_right = |key: &String| key.starts_with("intraday_data/dt=") && key.ends_with(".parquet");
    assert!(!keys.is_empty() && keys.iter().all(is_right), "{keys:?}");
}

#[test]
fn whole_replies_of_a_provider_land_in_parquet_through_a_json_column() {
    let world = World::in_sandbox("the configuration files name their topic");
    world.kafka.create_topic("stock-data-stream", 3, &[]);
    let provider = ProviderServer::start(|path| intraday(&symbol(path)));
    feed(&world, &provider, &["--raw-replies"]);
    let schema = world.directory.path().join("replies.yaml");
    let columns = "version: 2\nunknown-fields: dead-letter\ncolumns:\n  \
                   - {name: meta_data, type: json, fields: [Meta Data]}\n  \
                   - {name: series, type: json, fields: [\"Time Series (5min)\"]}\n";
    std::fs::write(&schema, columns).unwrap();
    let flags = ["--topic", "stock-data-stream", "--format"];
    let land = |format: &str, more: &[&str]| {
        let schema = ["--schema", schema.to_str().unwrap()];
        let run = world
            .land(&[&flags[..], &[format], &schema, more].concat())
            .ok();
        assert!(run.stdout.contains("records 2 "), "{}", run.stdout);
        assert!(run.stdout.contains("dead letters 0"), "{}", run.stdout);
    };
    land("parquet", &["--prefix", "replies"]);
    // The same in CSV, whose text can be read here.
    land("csv", &["--prefix", "replies-csv", "--compression", "none"]);
    let csv = world
        .data_keys()
        .into_iter()
        .filter(|key| key.ends_with(".csv"));
    let text: String = csv
        .map(|key| String::from_utf8(world.object(&key)).unwrap())
        .collect();
    assert!(text.contains(r#"""4. close"":""1.10"""#), "{text}");
}
