//! Copies of zones with batches.

use crate::{
    compact::{COPY, Said, below, keys, reader},
    support::{PREFIX, World, kafka::Send, process},
};

/// Lands 900 numbered records in batches of 50 that hold nine dates each.
pub(crate) fn landed(form: &[&str]) -> World {
    let world = World::new();
    world.send_numbered(900);
    let common = [
        "--prefix",
        PREFIX,
        "--partition-by",
        "field:Date",
        "--max-records",
        "50",
    ];
    let schema = crate::compact::schema(&world);
    let columns = ["--schema", &schema];
    let columns = if form.contains(&"jsonl") {
        &[][..]
    } else {
        &columns
    };
    world.land(&[&common[..], columns, form].concat()).ok();
    world
}

fn compact_to(world: &World, to: &str, others: &[&str]) -> Said {
    let common = [
        "compact",
        "--bucket",
        &world.bucket,
        "--from",
        PREFIX,
        "--to",
        to,
        "--output",
        "json",
        "--all-finished",
    ];
    let run = process::start(world, &[&common[..], others].concat())
        .wait()
        .ok();
    Said {
        code: 0,
        report: serde_json::from_str(&run.stdout).unwrap(),
        stderr: run.stderr,
    }
}

/// Makes a copy in its place, compares it, and removes it with its plans.
fn checked(world: &World, others: &[&str]) -> Said {
    let said = compact_to(world, COPY, others);
    reader::same(world, 900);
    assert_eq!(
        (said.total("records"), said.total("after/objects")),
        (900, 9),
        "{:#}",
        said.report
    );
    assert_eq!(
        said.total("before/objects"),
        keys(world, &format!("{PREFIX}/")).len() as u64
    );
    for key in keys(world, &format!("{COPY}/"))
        .into_iter()
        .chain(keys(world, &format!("_control/{COPY}/")))
    {
        world.s3.delete(&world.bucket, &key);
    }
    said
}

#[test]
fn json_lines_become_json_lines_and_parquet() {
    let world = landed(&["--format", "jsonl"]);
    let zone = below(&world, "");
    let zstd = checked(&world, &["--format", "jsonl", "--compression", "zstd"]);
    let plain = checked(&world, &["--format", "jsonl", "--compression", "none"]);
    let contents = |said: &Said| -> Vec<String> {
        said.plans()
            .iter()
            .map(|plan| plan["content"].to_string())
            .collect()
    };
    assert_eq!(
        contents(&zstd),
        contents(&plain),
        "the content does not depend on the compression"
    );
    let schema = crate::compact::schema(&world);
    for compression in ["none", "snappy", "zstd"] {
        checked(&world, &["--schema", &schema, "--compression", compression]);
    }
    assert_eq!(zone, below(&world, ""));
}

#[test]
fn parquet_becomes_parquet_by_its_own_columns_and_json_lines() {
    let world = landed(&["--format", "parquet"]);
    checked(&world, &[]);
    // The same file, whose columns have the names of fields.
    let schema = crate::compact::schema(&world);
    checked(&world, &["--schema", &schema]);
    let said = compact_to(
        &world,
        "stock-market/lines",
        &["--format", "jsonl", "--compression", "none"],
    );
    assert_eq!(said.total("records"), 900);
    let lines = world.object("stock-market/lines/dt=2021-01-15/00001.jsonl");
    let lines = String::from_utf8(lines).unwrap();
    assert_eq!(
        lines.lines().next(),
        Some(r#"{"index":"N0","date":"2021-01-15","n":0}"#)
    );
    assert_eq!(lines.lines().count(), 100);
}

#[test]
fn what_kafka_knows_of_a_record_stays_with_it() {
    let world = landed(&["--format", "jsonl", "--with-metadata"]);
    let schema = crate::compact::schema(&world);
    // The file is the law: it has no such columns.
    let flags = crate::compact::flags(
        &world,
        &["--partition", "dt=2021-01-15", "--schema", &schema],
    );
    let run = process::start(&world, &flags).wait();
    assert_eq!(run.code(), Some(65));
    assert!(
        run.stdout.contains("no column takes the field 'kafka_key'"),
        "{}",
        run.stdout
    );

    let world = landed(&["--format", "parquet", "--with-metadata"]);
    compact_to(&world, COPY, &[]);
    reader::same(&world, 900);
    let columns = reader::columns(&world.object(&format!("{COPY}/dt=2021-01-15/00001.parquet")));
    let expected = [
        "index",
        "date",
        "n",
        "kafka_key",
        "kafka_partition",
        "kafka_offset",
        "kafka_timestamp",
        "kafka_headers",
    ];
    assert_eq!(columns, expected);
}

#[test]
fn dead_letters_and_tombstones_have_no_place_in_a_copy() {
    let world = World::new();
    world.send_numbered(90);
    let others: [Option<&[u8]>; 2] = [Some(b"hello world"), None];
    world.send(others.map(|value| Send {
        partition: 1,
        value,
    }));
    let flags = [
        "--prefix",
        PREFIX,
        "--partition-by",
        "field:Date",
        "--format",
        "jsonl",
        "--max-records",
        "7",
    ];
    world.land(&flags).ok();
    let said = compact_to(&world, COPY, &["--format", "jsonl"]);
    assert_eq!(said.total("records"), 90);
}
