//! Topics whose offsets have holes: markers, aborted and open transactions, compaction.

use std::time::Duration;

use rdkafka::producer::Producer;

use crate::support::{
    World, batches, check,
    process::until,
    transactions::{LIMIT, begin_and_send, producer},
};

#[test]
fn aborted_records_and_markers_at_the_end_are_passed_and_never_landed() {
    let Some(world) = World::real() else { return };
    let producer = producer(&world);
    begin_and_send(&world, &producer, 10);
    producer.commit_transaction(LIMIT).unwrap();
    begin_and_send(&world, &producer, 10);
    producer.abort_transaction(LIMIT).unwrap();
    begin_and_send(&world, &producer, 5);
    producer.commit_transaction(LIMIT).unwrap();
    begin_and_send(&world, &producer, 20);
    producer.abort_transaction(LIMIT).unwrap();

    world.land(&["--group", "passes-markers"]).ok();
    check::exactly_once(&world, 15);
    // 45 records and 4 markers.
    assert_eq!(
        world.kafka.committed("passes-markers", &world.topic, 1),
        [Some(49)]
    );
    let again = world.land(&["--group", "passes-markers"]).ok();
    assert!(again.stdout.contains("records 0 "), "{}", again.stdout);
}

/// The flags of a run that lands batches of this size.
fn batches_of(records: &str) -> [&str; 6] {
    [
        "--format",
        "jsonl",
        "--prefix",
        "batches",
        "--max-records",
        records,
    ]
}

#[test]
fn batches_pass_aborted_records_and_markers() {
    let Some(world) = World::real() else { return };
    let producer = producer(&world);
    for _ in 0..3 {
        begin_and_send(&world, &producer, 10);
        producer.commit_transaction(LIMIT).unwrap();
        begin_and_send(&world, &producer, 10);
        producer.abort_transaction(LIMIT).unwrap();
    }
    let group = ["--group", "batches-pass-markers"];
    world.land(&[&batches_of("7")[..], &group].concat()).ok();
    batches::exactly_once(&world, "batches", 30);
    // 60 records and 6 markers.
    let committed = world.kafka.committed(group[1], &world.topic, 1);
    assert_eq!(committed, [Some(66)]);
    let again = world.land(&[&batches_of("9")[..], &group].concat()).ok();
    assert!(again.stdout.contains("records 0 "), "{}", again.stdout);
}

#[test]
fn a_batch_is_closed_in_time_while_a_transaction_behind_it_is_open() {
    let Some(world) = World::real() else { return };
    let producer = producer(&world);
    begin_and_send(&world, &producer, 10);
    producer.commit_transaction(LIMIT).unwrap();
    begin_and_send(&world, &producer, 10);
    let idle = ["--max-idle", "500ms"];
    let mut running = world.start(&[&batches_of("1000")[..], &idle].concat());
    running.until("the first batch", || {
        world
            .s3
            .keys(&world.bucket)
            .iter()
            .any(|key| key.starts_with("batches/"))
    });
    producer.commit_transaction(LIMIT).unwrap();
    let batch = |key: &&String| key.starts_with("batches/");
    running.until("the second batch", || {
        world.s3.keys(&world.bucket).iter().filter(batch).count() == 2
    });
    running.signal("TERM");
    running.wait().ok();
    batches::exactly_once(&world, "batches", 20);
}

#[test]
fn an_open_transaction_is_landed_when_it_is_committed_and_not_before() {
    let Some(world) = World::real() else { return };
    let producer = producer(&world);
    begin_and_send(&world, &producer, 10);
    producer.commit_transaction(LIMIT).unwrap();
    begin_and_send(&world, &producer, 10);
    world.land(&[]).ok();
    assert_eq!(world.data_keys().len(), 10);
    producer.commit_transaction(LIMIT).unwrap();
    world.land(&[]).ok();
    check::exactly_once(&world, 20);
}

#[test]
fn the_end_is_reached_below_a_transaction_that_stays_open() {
    // Bug: behind aborted records the client's position stays where the last visible record was,
    // and `--until-end` waited for as long as the transaction behind them was open.
    let Some(world) = World::real() else { return };
    let (first, second) = (producer(&world), producer(&world));
    begin_and_send(&world, &first, 2);
    first.commit_transaction(LIMIT).unwrap();
    begin_and_send(&world, &first, 3);
    begin_and_send(&world, &second, 2);
    first.abort_transaction(LIMIT).unwrap();
    for _ in 0..2 {
        world.land(&["--group", "below-an-open-transaction"]).ok();
        // 2 records and a marker, then 3 aborted ones: the last stable offset.
        let committed = world
            .kafka
            .committed("below-an-open-transaction", &world.topic, 1);
        assert_eq!(committed, [Some(6)]);
    }
    assert_eq!(world.data_keys().len(), 2);
    second.commit_transaction(LIMIT).unwrap();
    world.land(&["--group", "below-an-open-transaction"]).ok();
    check::exactly_once(&world, 4);
}

#[test]
fn a_compacted_topic_lands_what_it_still_holds_and_comes_to_its_end() {
    let Some(world) = World::real_and_compacted() else {
        return;
    };
    // All have the same key: of each round only the last stays, and an offset in the middle is a
    // hole.
    for _ in 0..4 {
        world.send_numbered(300);
        std::thread::sleep(Duration::from_millis(300));
    }
    until("compaction", || check::dump(&world).len() < 600);
    let visible = check::dump(&world).len();
    world.land(&["--group", "compacted"]).ok();
    let committed = world.kafka.committed("compacted", &world.topic, 3);
    assert_eq!(committed, [Some(400), Some(400), Some(400)]);
    let landed = world.data_keys().len();
    // Compaction goes on meanwhile: what was landed was visible at the start.
    assert!(landed <= visible && landed >= check::dump(&world).len());
    assert_eq!(check::verdict(&world).missing, []);
}
