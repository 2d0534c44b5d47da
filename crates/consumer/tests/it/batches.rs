//! Batches of JSON Lines: what lands when, and that crashes, rebalances and changed settings cost
//! nothing and double nothing.

use std::time::Duration;

use sandbox::{Fault, Rule};

use crate::support::{World, batches, check, kafka::Send, process::until};

const PREFIX: &str = "stock-market/jsonl";

/// The flags of a run into the batched zone.
fn flags<'f>(others: &[&'f str]) -> Vec<&'f str> {
    let common = ["--format", "jsonl", "--prefix", PREFIX];
    [&common[..], others].concat()
}

fn keys(world: &World) -> Vec<String> {
    let mut keys = world.s3.keys(&world.bucket);
    keys.retain(|key| key.starts_with(PREFIX));
    keys
}

fn claims(world: &World) -> usize {
    let claims = format!("_control/{PREFIX}/claims/");
    let keys = world.s3.keys(&world.bucket);
    keys.iter().filter(|key| key.starts_with(&claims)).count()
}

fn slow_s3(world: &World, delay: Duration) {
    let slow = Rule::on("PutObject", Fault::Slow(delay));
    world.s3.faults().install(slow.with_key(PREFIX).always());
}

#[test]
fn each_record_is_in_exactly_one_line_whatever_closes_the_batches() {
    let world = World::new();
    world.send_numbered(3_000);
    let run = world.land(&flags(&["--max-records", "70"])).ok();
    assert!(run.stdout.contains("records 3000 "), "{}", run.stdout);
    batches::exactly_once(&world, PREFIX, 3_000);
    // 1,000 records in each partition: 14 batches of 70, and one of the rest.
    assert_eq!(keys(&world).len(), 3 * 15);
    assert!(run.stderr.contains("reason=max-records"), "{}", run.stderr);
    assert!(run.stderr.contains("reason=end"), "{}", run.stderr);

    let again = world.land(&flags(&["--group", "another"])).ok();
    assert!(again.stdout.contains("objects 0 "), "{}", again.stdout);
    batches::exactly_once(&world, PREFIX, 3_000);
}

#[test]
fn each_compression_is_read_back_by_the_systems_own_program() {
    for (compression, suffix) in [
        ("none", ".jsonl"),
        ("gzip", ".jsonl.gz"),
        ("zstd", ".jsonl.zst"),
    ] {
        let world = World::new();
        world.send_numbered(300);
        world.land(&flags(&["--compression", compression])).ok();
        batches::exactly_once(&world, PREFIX, 300);
        assert!(keys(&world).iter().all(|key| key.ends_with(suffix)));
    }
}

#[test]
fn a_batch_is_closed_by_idleness_and_by_age_while_the_consumer_runs() {
    let world = World::new();
    let mut running = world.start(&flags(&["--max-idle", "1s", "--max-age", "1h"]));
    world.send_numbered(30);
    running.until("idle batches", || keys(&world).len() == 3);
    running.signal("TERM");
    let run = running.wait().ok();
    assert!(run.stderr.contains("reason=max-idle"), "{}", run.stderr);

    let mut running = world.start(&flags(&["--max-idle", "1h", "--max-age", "1s"]));
    let before = keys(&world).len();
    world.send_numbered(30);
    running.until("aged batches", || keys(&world).len() == before + 3);
    running.signal("TERM");
    let run = running.wait().ok();
    assert!(run.stderr.contains("reason=max-age"), "{}", run.stderr);
    batches::exactly_once(&world, PREFIX, 60);
}

#[test]
fn after_sigterm_what_was_read_is_landed_and_nothing_is_done_twice() {
    let world = World::new();
    world.send_numbered(300);
    let mut running = world.start(&flags(&[
        "--max-idle",
        "1h",
        "--progress-interval",
        "100ms",
    ]));
    // Nothing closes these batches but the signal.
    running.until("the claim of nothing", || {
        world.s3.requests("ListObjectsV2") > 3
    });
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(keys(&world), Vec::<String>::new());
    running.signal("TERM");
    let run = running.wait().ok();
    assert!(run.stderr.contains("reason=drain"), "{}", run.stderr);
    assert!(
        run.stdout
            .contains("lag consumed 0 durable 0 committed 0 in"),
        "{}",
        run.stdout
    );
    batches::exactly_once(&world, PREFIX, 300);
    let again = world.land(&flags(&[])).ok();
    assert!(again.stdout.contains("records 0 "), "{}", again.stdout);
}

#[test]
fn what_cannot_be_landed_is_in_the_dead_letters_of_its_batch() {
    let world = World::new();
    let values: [Option<&[u8]>; 5] = [
        Some(b"{}"),
        Some(b"hello world"),
        None,
        Some(b"[1]"),
        Some(b"{\"a\":1}"),
    ];
    world.send(values.map(|value| Send {
        partition: 1,
        value,
    }));
    let run = world.land(&flags(&[])).ok();
    assert!(
        run.stdout.contains("records 2 ")
            && run
                .stdout
                .contains("dead letters 2 (array 1, not-a-json-object 1)")
            && run.stdout.contains("tombstones 1"),
        "{}",
        run.stdout
    );
    let key = format!("_control/{PREFIX}/dead-letters/00001-{:020}.jsonl", 0);
    let letters = String::from_utf8(world.object(&key)).unwrap();
    let offsets: Vec<i64> = letters
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["offset"]
                .as_i64()
                .unwrap()
        })
        .collect();
    assert_eq!(offsets, [1, 3]);
}

#[test]
fn after_each_kill_the_restart_finishes_what_was_claimed() {
    let world = World::new();
    world.send_numbered(6_000);
    slow_s3(&world, Duration::from_millis(150));
    for _ in 0..5 {
        let before = keys(&world).len();
        let mut running = world.start(&flags(&["--max-records", "40", "--concurrency", "4"]));
        running.until("a new object", || keys(&world).len() > before);
        running.kill();
    }
    assert!(
        keys(&world).len() < 150,
        "the kills came too late to mean anything"
    );
    world.s3.faults().clear();
    world.land(&flags(&["--max-records", "40"])).ok();
    batches::exactly_once(&world, PREFIX, 6_000);
}

#[test]
fn a_claim_is_finished_by_its_own_values_after_the_settings_have_changed() {
    let world = World::new();
    world.send_numbered(600);
    // The claims get through, their data does not.
    let down = Rule::on("PutObject", Fault::ServiceUnavailable).with_key("/dt=");
    let rule = world.s3.faults().install(down.always());
    let sizes = ["--max-records", "50", "--compression", "none"];
    let mut running = world.start(&flags(&sizes));
    // One partition's tries may come before another one's claim.
    running.until("a claim of each partition, and uploads that fail", || {
        claims(&world) == 3 && world.s3.faults().hits(rule) > 3
    });
    running.kill();
    world.s3.faults().clear();

    let run = world
        .land(&flags(&["--max-records", "70", "--compression", "gzip"]))
        .ok();
    batches::exactly_once(&world, PREFIX, 600);
    assert!(run.stderr.contains("reason=claimed"), "{}", run.stderr);
    let plain = keys(&world)
        .iter()
        .filter(|key| key.ends_with(".jsonl"))
        .count();
    // Of each partition the first 50 as claimed, then 150 by 70.
    assert_eq!((plain, keys(&world).len()), (3, 3 * 4));
}

#[test]
fn two_consumers_share_the_partitions_and_an_old_owner_that_wakes_up_does_no_harm() {
    let world = World::new();
    world.send_numbered(3_000);
    slow_s3(&world, Duration::from_millis(100));
    let flags = flags(&["--max-records", "30", "--concurrency", "4"]);
    let mut zombie = world.start(&flags);
    zombie.until("some objects", || keys(&world).len() > 6);
    let second = world.start(&flags);
    until("more objects", || keys(&world).len() > 20);
    zombie.signal("STOP");
    world.s3.faults().clear();
    world.land(&flags).ok();
    zombie.signal("CONT");
    std::thread::sleep(Duration::from_secs(2));
    for consumer in [zombie, second] {
        consumer.signal("TERM");
        consumer.wait();
    }
    world.land(&flags).ok();
    batches::exactly_once(&world, PREFIX, 3_000);
}

#[test]
fn an_object_of_somebody_else_in_the_way_stops_its_partition_and_no_other() {
    let world = World::new();
    world.send_numbered(300);
    let day = check::day(check::dump(&world)[&(1, 0)].0);
    let key = format!("{PREFIX}/dt={day}/00001-{:020}.jsonl.gz", 0);
    world.s3.put(&world.bucket, &key, b"somebody else's");
    let run = world.land(&flags(&[]));
    assert_eq!(run.code(), Some(65), "{}", run.stderr);
    assert!(run.stdout.contains(&key), "{}", run.stdout);
    assert_eq!(keys(&world).len(), 3);

    world.s3.delete(&world.bucket, &key);
    world.land(&flags(&[])).ok();
    batches::exactly_once(&world, PREFIX, 300);
}
