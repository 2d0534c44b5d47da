//! Kafka no longer has what it had: the topic is another one, offsets are gone, retention was
//! faster.

use std::time::Duration;

use sandbox::{Fault, Rule};

use crate::support::{
    PARTITIONS, PREFIX, World, check,
    kafka::{Send, numbered},
    process::{Finished, page},
};

const DAY: i64 = 24 * 60 * 60 * 1000;

fn now() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(now.unwrap().as_millis()).unwrap()
}

/// The group that the consumer says it is in.
fn group(run: &Finished) -> String {
    let after = run.stderr.split_once("group ").unwrap().1;
    after
        .split([' ', ',', ';', '\n'])
        .next()
        .unwrap()
        .to_owned()
}

fn stopped_with(run: &Finished, partitions: i32, reason: &str) {
    assert_eq!(run.code(), Some(65), "{}\n{}", run.stdout, run.stderr);
    let count = run.stdout.matches(reason).count();
    assert_eq!(
        count,
        usize::try_from(partitions).unwrap(),
        "{}",
        run.stdout
    );
}

#[test]
fn a_topic_that_was_made_again_on_the_same_day_is_refused() {
    let Some(world) = World::real() else { return };
    world.send_numbered(30);
    world.land(&[]).ok();
    let before = world.data_keys();
    world.kafka.delete_topic(&world.topic);
    world.kafka.create_topic(&world.topic, PARTITIONS, &[]);
    world.send_numbered(60);
    stopped_with(
        &world.land(&[]),
        PARTITIONS,
        "the topic was re-created or truncated",
    );
    assert_eq!(world.data_keys(), before);
}

#[test]
fn a_topic_that_was_made_again_on_another_day_is_refused() {
    let Some(world) = World::real() else { return };
    world.send_numbered_at(Some(now() - DAY), 30);
    world.land(&[]).ok();
    let before = world.data_keys();
    world.kafka.delete_topic(&world.topic);
    world.kafka.create_topic(&world.topic, PARTITIONS, &[]);
    // No key of the new topic's objects is in the way: only the anchor can tell.
    world.send_numbered(60);
    stopped_with(
        &world.land(&[]),
        PARTITIONS,
        "the topic was re-created or truncated",
    );
    assert_eq!(world.data_keys(), before);
}

#[test]
fn a_group_whose_offsets_were_deleted_lands_nothing_twice() {
    let Some(world) = World::real() else { return };
    world.send_numbered(300);
    let first = world.land(&[]).ok();
    world.kafka.delete_group(&group(&first));
    world.send_numbered(300);
    let second = world.land(&[]).ok();
    assert!(second.stdout.contains("objects 300 "), "{}", second.stdout);
    assert!(
        second.stdout.contains("already there 300"),
        "{}",
        second.stdout
    );
    check::exactly_once(&world, 600);
}

#[test]
fn retention_past_the_committed_offset_stops_the_partition_or_is_written_down() {
    let Some(world) = World::real() else { return };
    world.send_numbered(30);
    world.land(&[]).ok();
    world.send_numbered(30);
    world.kafka.delete_records(&world.topic, 1, 15);
    let run = world.land(&[]);
    stopped_with(
        &run,
        1,
        "offsets [10, 15) were removed by the topic's retention",
    );
    assert_eq!(world.data_keys().len(), 50);

    let recorded = world.land(&["--on-gap", "record"]).ok();
    let keys = world.s3.keys(&world.bucket);
    let gaps = format!("_control/{PREFIX}/gaps/");
    let gaps: Vec<_> = keys.iter().filter(|key| key.starts_with(&gaps)).collect();
    assert_eq!(gaps.len(), 1, "{}", recorded.stderr);
    let gap = String::from_utf8(world.object(gaps[0])).unwrap();
    assert!(gap.contains("10") && gap.contains("15"), "{gap}");
    assert_eq!(world.data_keys().len(), 55);
}

#[test]
fn retention_that_overtakes_a_running_consumer_stops_that_partition_and_no_other() {
    let Some(world) = World::real() else { return };
    let padding = "x".repeat(100 * 1024);
    let large = format!("{{\"padding\":\"{padding}\"}}");
    let send = |partition: i32, count: usize| {
        world.send((0..count).map(|_| Send {
            partition,
            value: Some(large.as_bytes()),
        }));
    };
    for partition in 0..PARTITIONS {
        send(partition, 600);
    }
    // With S3 out of order the memory is soon full, and reading stands still.
    let outage = Rule::on("PutObject", Fault::ServiceUnavailable)
        .with_key("/dt=")
        .always();
    let rule = world.s3.faults().install(outage);
    // The listener ends with the statement: the port is free then.
    let free = std::net::TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr();
    let address = free.unwrap();
    let metrics = address.to_string();
    let flags = ["--memory", "32MiB", "--metrics-addr", &metrics];
    let mut running = world.start(&flags);
    running.until("failing uploads", || world.s3.faults().hits(rule) > 100);
    std::thread::sleep(Duration::from_secs(3));
    world.kafka.delete_records(&world.topic, 2, 600);
    send(2, 5);
    world.s3.faults().clear();

    let of = |partition: i32| {
        let part = format!("/{partition:05}-");
        world
            .data_keys()
            .iter()
            .filter(|key| key.contains(&part))
            .count()
    };
    running.until("the other partitions", || of(0) == 600 && of(1) == 600);
    // That the client cannot read on, and where, is found out by asking Kafka.
    running.until("the stopped partition", || {
        page(address, "/metrics").is_some_and(|page| page.contains("consumer_stopped_partitions 1"))
    });
    running.signal("TERM");
    let run = running.wait();
    stopped_with(&run, 1, "were removed by the topic's retention");
    assert!(run.stdout.contains("partition 2"), "{}", run.stdout);
    assert!(of(2) < 600, "the deletion came too late");

    world.land(&["--on-gap", "record"]).ok();
    let last = format!("/00002-{:020}.json", 604);
    assert!(world.data_keys().iter().any(|key| key.ends_with(&last)));
}

#[test]
fn records_that_are_landed_again_after_a_rewind_are_recognised() {
    let Some(world) = World::real() else { return };
    let values = numbered(90);
    let records = |from: usize| {
        values[from..from + 30].iter().map(|value| Send {
            partition: 0,
            value: Some(value.as_bytes()),
        })
    };
    world.send(records(0));
    let group = group(&world.land(&[]).ok());
    world.send(records(30));
    world.land(&[]).ok();
    assert_eq!(world.kafka.committed(&group, &world.topic, 1), [Some(60)]);
    world.kafka.commit(&group, &world.topic, 0, 7);
    world.send(records(60));
    let run = world.land(&[]).ok();
    assert!(run.stdout.contains("already there 53"), "{}", run.stdout);
    assert_eq!(world.kafka.committed(&group, &world.topic, 1), [Some(90)]);
    check::exactly_once(&world, 90);
}
