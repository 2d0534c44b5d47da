//! The two programs one after the other: what was in the CSV is in the objects, digit for digit.
//!
//! In the sandbox a part of the rows, on real servers all of them.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::support::{World, check, kafka::Kafka, process};

/// The other program, beside this one; `cargo test --workspace` has built it.
fn producer() -> PathBuf {
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
