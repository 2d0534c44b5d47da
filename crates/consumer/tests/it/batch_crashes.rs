//! kill -9 at each step of a batch's life: whatever was done when it came, the next process
//! finishes it, once.
//!
//! A step is held by a fault of S3 (or of the sandbox's broker), so that the kill hits it and not
//! its neighbour.

use std::time::Duration;

use sandbox::{Fault, Rule};

use crate::support::{
    World, batches,
    kafka::{Kafka, Send, numbered},
    process::Running,
};

const PREFIX: &str = "stock-market/jsonl";
const RECORDS: usize = 900;

/// Small batches of several dates, one request at a time.
fn flags<'f>(others: &[&'f str]) -> Vec<&'f str> {
    let common = [
        "--format",
        "jsonl",
        "--prefix",
        PREFIX,
        "--max-records",
        "60",
    ];
    [&common[..], others].concat()
}

fn keys(world: &World, folder: &str) -> Vec<String> {
    let mut keys = world.s3.keys(&world.bucket);
    keys.retain(|key| key.starts_with(folder));
    keys
}

fn data(world: &World) -> usize {
    keys(world, PREFIX).len()
}

fn claims(world: &World) -> usize {
    keys(world, &format!("_control/{PREFIX}/claims/")).len()
}

/// The mock cluster takes its time with each rebalance: there, one variant of a step is enough.
fn in_sandbox(world: &World) -> bool {
    matches!(world.kafka, Kafka::Sandbox(_))
}

/// Records of three days, so that a batch has three objects.
fn world() -> World {
    let world = World::new();
    let day = 24 * 60 * 60 * 1000;
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let now = i64::try_from(now.as_millis()).unwrap();
    let values = numbered(RECORDS);
    let records = values.iter().zip(0_i64..).map(|(value, n)| {
        let record = Send {
            partition: i32::try_from(n % 3).unwrap(),
            value: Some(value.as_bytes()),
        };
        (Some(now - n / 10 % 3 * day), record)
    });
    world.send_each(records);
    world
}

/// Holds a step by this fault on these keys, kills the consumer when `reached`, and lets the next
/// one finish.
fn killed_when(
    world: &World,
    fault: Fault,
    key: &str,
    concurrency: &str,
    reached: impl Fn(&World, u64) -> bool,
) -> Running {
    let rule = Rule::on("PutObject", fault).with_key(key).always();
    let rule = world.s3.faults().install(rule);
    let mut running = world.start(&flags(&["--concurrency", concurrency]));
    running.until("the step", || reached(world, world.s3.faults().hits(rule)));
    running
}

fn finish(world: &World) {
    world.s3.faults().clear();
    world.land(&flags(&[])).ok();
    batches::exactly_once(world, PREFIX, RECORDS);
    let again = world.land(&flags(&["--group", "another"])).ok();
    assert!(again.stdout.contains("objects 0 "), "{}", again.stdout);
}

#[test]
fn before_the_first_claim() {
    let world = world();
    killed_when(&world, Fault::Reset, "/claims/", "1", |_, hits| hits > 0).kill();
    assert_eq!((claims(&world), data(&world)), (0, 0));
    finish(&world);
}

#[test]
fn while_a_claim_is_on_its_way_and_arrives_after_the_end_of_its_process() {
    let world = world();
    let late = Fault::Slow(Duration::from_secs(2));
    killed_when(&world, late, "/claims/", "1", |_, hits| hits > 0).kill();
    assert_eq!(claims(&world), 0);
    finish(&world);
}

#[test]
fn after_the_claim_and_before_any_data() {
    let world = world();
    let down = Fault::ServiceUnavailable;
    killed_when(&world, down, "/dt=", "1", |_, hits| hits > 2).kill();
    assert!(claims(&world) > 0);
    assert_eq!(data(&world), 0);
    finish(&world);
}

#[test]
fn after_each_of_the_data_objects() {
    for objects in [2, 1, 3, 4] {
        let world = world();
        let slow = Fault::Slow(Duration::from_millis(150));
        killed_when(&world, slow, "/dt=", "1", |world, _| data(world) >= objects).kill();
        finish(&world);
        if in_sandbox(&world) {
            return;
        }
    }
}

#[test]
fn after_the_data_and_before_the_commit() {
    let world = world();
    // All objects are stored and all answers are lost: the process does not know that it may
    // commit.
    let lost = Fault::LostReply;
    killed_when(&world, lost, "/dt=", "16", |world, _| data(world) >= 9).kill();
    finish(&world);
}

#[test]
fn in_the_middle_of_a_drain() {
    for delay in [200, 50, 400] {
        let world = world();
        let slow = Fault::Slow(Duration::from_millis(100));
        let running = killed_when(&world, slow, "/dt=", "1", |world, _| data(world) >= 2);
        running.signal("TERM");
        std::thread::sleep(Duration::from_millis(delay));
        running.kill();
        finish(&world);
        if in_sandbox(&world) {
            return;
        }
    }
}

#[test]
fn in_the_middle_of_a_revocation() {
    for delay in [600, 200, 1_200] {
        let world = world();
        let slow = Fault::Slow(Duration::from_millis(300));
        let first = killed_when(&world, slow, "/dt=", "1", |world, _| data(world) >= 2);
        let second = world.start(&flags(&["--concurrency", "2"]));
        std::thread::sleep(Duration::from_millis(delay));
        first.kill();
        std::thread::sleep(Duration::from_millis(delay));
        second.kill();
        finish(&world);
        if in_sandbox(&world) {
            return;
        }
    }
}

#[test]
fn again_and_again_in_mid_work() {
    let world = world();
    let kills = if in_sandbox(&world) { 4 } else { 25 };
    let slow = Rule::on("PutObject", Fault::Slow(Duration::from_millis(120)));
    world.s3.faults().install(slow.with_key(PREFIX).always());
    let sizes = [
        "--format",
        "jsonl",
        "--prefix",
        PREFIX,
        "--max-records",
        "7",
    ];
    for kill in 1..=kills {
        let before = data(&world);
        let mut running = world.start(&[&sizes[..], &["--concurrency", "2"]].concat());
        running.until("a new object", || data(&world) > before);
        std::thread::sleep(Duration::from_millis(11 * kill));
        running.kill();
    }
    let written = claims(&world);
    assert!(
        written < RECORDS / 7,
        "the kills came too late to mean anything"
    );
    finish(&world);
}
