//! Processes that die: the consumer, again and again, and the broker.

use std::time::Duration;

use sandbox::{Fault, Rule};

use crate::{
    real_servers::broker::OwnBroker,
    support::{World, check},
};

/// S3 slow enough that a kill hits the middle of the work, and a request of a dead process still
/// arrives.
fn slow_s3(world: &World, delay: Duration) {
    let slow = Rule::on("PutObject", Fault::Slow(delay));
    world.s3.faults().install(slow.with_key("/dt=").always());
}

#[test]
fn twenty_five_kills_each_after_a_new_object_leave_each_record_in_exactly_one_object() {
    let Some(world) = World::real() else { return };
    world.send_numbered(8_000);
    slow_s3(&world, Duration::from_millis(100));
    for kill in 1..=25 {
        let before = world.data_keys().len();
        let mut running = world.start(&["--concurrency", "8"]);
        running.until("a new object", || world.data_keys().len() > before);
        // Not always at the same step.
        std::thread::sleep(Duration::from_millis(17 * kill));
        running.kill();
    }
    let landed = world.data_keys().len();
    assert!(landed < 8_000, "the kills came too late to mean anything");
    world.s3.faults().clear();
    world.land(&[]).ok();
    check::exactly_once(&world, 8_000);
}

#[test]
fn a_broker_that_restarts_or_is_killed_under_the_consumer_costs_no_record() {
    let Some(shared) = World::real() else { return };
    let broker = OwnBroker::start();
    let world = World::at(broker.bootstrap_servers(), &shared.s3.upstream());
    world.send_numbered(6_000);
    slow_s3(&world, Duration::from_millis(20));
    let mut running = world.start(&["--concurrency", "8"]);
    let mut landed_more_than = |count: usize| {
        running.until("more objects", || world.data_keys().len() > count);
    };
    landed_more_than(200);
    broker.stop();
    broker.start_again();
    let before = world.data_keys().len();
    landed_more_than(before + 200);
    broker.kill();
    std::thread::sleep(Duration::from_secs(2));
    broker.start_again();
    assert!(world.data_keys().len() < 6_000, "the kill came too late");
    world.s3.faults().clear();
    landed_more_than(5_999);
    running.signal("TERM");
    let run = running.wait().ok();
    check::exactly_once(&world, 6_000);

    // Nothing was left uncommitted by the interruptions.
    let again = world.land(&[]).ok();
    assert!(
        again.stdout.contains("already there 0"),
        "{}\n{}",
        run.stderr,
        again.stdout
    );
}
