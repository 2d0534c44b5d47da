//! `consumer plan` by its executable: its counts are those of a real run, and what it measures is
//! what the topic holds.

use serde_json::Value;

use crate::support::{World, process};

fn plan(world: &World, flags: &[&str]) -> process::Finished {
    process::start(world, &[&["plan"], flags].concat()).wait()
}

/// The layout that the flags ask for, in a plan as JSON.
fn chosen(text: &str) -> Value {
    let plan: Value = serde_json::from_str(text).unwrap();
    let layouts = plan["layouts"].as_array().unwrap();
    let chosen = layouts.iter().find(|layout| layout["chosen"] == true);
    let mut chosen = chosen.unwrap().clone();
    chosen["start"] = plan["start"].clone();
    chosen["stream"] = plan["stream"].clone();
    chosen["basis"] = plan["basis"].clone();
    chosen
}

const RECORDS: usize = 3_150;
/// Creates that race on a store with an endpoint URL, once for a zone.
const RACE: u64 = 16;

#[test]
fn the_puts_of_a_run_are_those_of_the_plan() {
    let world = World::in_sandbox("another store may let the creates race twice");
    // Some time that is no midnight.
    world.send_numbered_at(Some(1_790_000_000_000), RECORDS);
    for layout in [
        &["--format", "json"][..],
        // 15 batches of each of three partitions.
        &["--format", "jsonl", "--max-records", "70"],
        &[
            "--format",
            "csv",
            "--max-records",
            "70",
            "--schema",
            "columns.yaml",
        ],
    ] {
        let columns = "columns:\n  - {name: index, type: string}\n";
        std::fs::write(world.directory.path().join("columns.yaml"), columns).unwrap();
        // So fast that time closes no batch and no midnight cuts one.
        let rate = ["--rate", "1000000", "--partitions", "3", "--output", "json"];
        let planned = chosen(&plan(&world, &[&rate[..], layout].concat()).ok().stdout);
        let a_record = planned["puts_per_month"].as_f64().unwrap() / (1e6 * 86_400.0 * 30.0);
        let steady = (a_record * RECORDS as f64).round() as u64;
        let start = planned["start"]["puts"].as_u64().unwrap();

        let before = world.s3.requests("PutObject");
        world.land(layout).ok();
        let puts = world.s3.requests("PutObject") - before;
        assert_eq!(puts, steady + start + RACE, "{layout:?}: {planned}");
    }
}

#[test]
fn what_is_measured_is_what_the_topic_holds_and_what_landing_it_makes() {
    let world = World::new();
    world.send_numbered(RECORDS);
    let flags = ["--format", "jsonl", "--compression", "gzip"];
    let measured = ["--from-topic", "--output", "json"];
    let planned = chosen(&plan(&world, &[&measured[..], &flags].concat()).ok().stdout);
    let stream = &planned["stream"];
    assert_eq!(stream["partitions"].as_u64(), Some(3));
    let values = crate::support::kafka::numbered(RECORDS);
    let bytes: usize = values.iter().map(String::len).sum();
    let mean = bytes as f64 / RECORDS as f64;
    let found = stream["record_bytes"].as_f64().unwrap();
    assert!((found - mean).abs() < 0.01, "{found} is not {mean}");
    // All came since the topic was made, which is no hour ago, nor in less than a second.
    let rate = stream["per_second"].as_f64().unwrap();
    let all = RECORDS as f64;
    assert!((all / 3_600.0..=all).contains(&rate), "{rate}");
    let basis = planned["basis"].as_str().unwrap();
    assert!(basis.contains("measured: 3150 offsets"), "{basis}");

    let prefix = ["--prefix", "stock-market/jsonl"];
    world.land(&[&flags[..], &prefix].concat()).ok();
    let objects = world
        .data_keys()
        .into_iter()
        .map(|key| world.object(&key).len());
    let ratio = objects.sum::<usize>() as f64 / bytes as f64;
    let month = planned["bytes_per_month"].as_f64().unwrap();
    let planned = month / (rate * 86_400.0 * 30.0 * found);
    // Three files compress a little less well than the one of the sample.
    assert!(
        (0.8..=1.1).contains(&(planned / ratio)),
        "{planned}, {ratio}"
    );
}

#[test]
fn people_get_the_layouts_side_by_side_and_what_to_do() {
    let world = World::in_sandbox("it connects to nothing");
    let run = plan(&world, &["--rate", "100", "--record-bytes", "205"]).ok();
    for part in [
        "json *",
        "jsonl zstd",
        "$1,296",
        "8.64 M",
        "json (near): a query of one day waits 1,571 s",
        "What to do:",
        "us-east-1 of 2026-11-21",
    ] {
        assert!(run.stdout.contains(part), "{part}: {}", run.stdout);
    }
    let own = "    value: 10.0";
    let prices =
        include_str!("../../../cost/prices/us-east-1.yaml").replacen("    value: 5.00", own, 1);
    std::fs::write(world.directory.path().join("prices.yaml"), prices).unwrap();
    let run = plan(&world, &["--rate", "100", "--prices", "prices.yaml"]).ok();
    assert!(run.stdout.contains("$2,592"), "{}", run.stdout);
}

#[test]
fn flags_that_cannot_work_are_refused_before_any_connection() {
    let world = World::in_sandbox("it connects to nothing");
    std::fs::write(world.directory.path().join("bad.yaml"), "version: 1\n").unwrap();
    for (flags, part) in [
        (&[][..], "give --rate"),
        (&["--rate", "0"], "above 0"),
        (&["--rate", "nan"], "a number from 0"),
        (&["--rate", "1", "--from-topic"], "leave --rate"),
        (&["--from-topic", "--partitions", "3"], "leave --rate"),
        (&["--rate", "1", "--record-bytes", "0"], "--record-bytes"),
        (&["--rate", "1", "--prices", "none.yaml"], "none.yaml"),
        (
            &["--rate", "1", "--prices", "bad.yaml"],
            "bad.yaml: not a price file",
        ),
        (&["--rate", "1", "--output-ratio", "0.2"], "add --format"),
        (
            &["--rate", "1", "--format", "csv", "--compression", "snappy"],
            "goes with",
        ),
    ] {
        let run = plan(&world, flags);
        assert_eq!(run.code(), Some(2), "{flags:?}: {}", run.stderr);
        assert!(run.stderr.contains(part), "{flags:?}: {}", run.stderr);
    }
    let run = plan(&world, &["--from-topic"]);
    assert_eq!(run.code(), Some(1), "{}", run.stderr);
    assert!(
        run.error().contains("no record with a timestamp"),
        "{}",
        run.error()
    );
}
