//! Crashes, signals and rebalances of real processes.

use std::time::Duration;

use sandbox::{Fault, Rule};

use crate::support::{World, check, process::until};

/// Makes S3 slow enough that a kill hits the middle of the work.
fn slow_s3(world: &World) {
    world.s3.faults().install(
        Rule::on("PutObject", Fault::Slow(Duration::from_millis(30)))
            .with_key("/dt=")
            .always(),
    );
}

#[test]
fn after_each_kill_the_restart_goes_on_and_each_record_is_in_exactly_one_object() {
    let world = World::new();
    world.send_numbered(4_000);
    slow_s3(&world);
    for _ in 0..4 {
        let before = world.data_keys().len();
        let running = world.start(&["--concurrency", "16"]);
        until("a new object", || world.data_keys().len() > before + 100);
        running.kill();
    }
    assert!(
        world.data_keys().len() < 4_000,
        "the kills came too late to mean anything"
    );
    world.s3.faults().clear();
    world.land(&[]).ok();
    check::exactly_once(&world, 4_000);
}

#[test]
fn after_sigterm_everything_in_flight_is_committed_and_nothing_is_done_twice() {
    let world = World::new();
    world.send_numbered(3_000);
    slow_s3(&world);
    let running = world.start(&["--concurrency", "16"]);
    until("some objects", || world.data_keys().len() > 300);
    // The lag needs the logs' ends, which are looked up once a second.
    std::thread::sleep(Duration::from_secs(2));
    running.signal("TERM");
    let first = running.wait().ok();
    let landed = world.data_keys().len();
    assert!(landed < 3_000, "the signal came too late to mean anything");
    assert!(
        first.stdout.contains(&format!("records {landed} ")),
        "{} is not {landed}",
        first.stdout
    );
    // Bug: the summary's lag was that of before the drain.
    let left = 3_000 - landed;
    assert!(
        first
            .stdout
            .contains(&format!(" durable {left} committed {left} in")),
        "{} does not leave {left}",
        first.stdout
    );

    world.s3.faults().clear();
    let second = world.land(&[]).ok();
    assert!(
        second.stdout.contains("already there 0"),
        "{}",
        second.stdout
    );
    check::exactly_once(&world, 3_000);
}

#[test]
fn a_second_signal_ends_the_process_at_once() {
    let world = World::new();
    world.send_numbered(600);
    let rule = world.s3.faults().install(
        Rule::on("PutObject", Fault::ServiceUnavailable)
            .with_key("/dt=")
            .always(),
    );
    let running = world.start(&["--grace-period", "2m"]);
    until("a failed upload", || world.s3.faults().hits(rule) > 10);
    running.signal("INT");
    // Within a second it would be the same wish.
    std::thread::sleep(Duration::from_millis(1_200));
    running.signal("INT");
    assert_eq!(running.wait().code(), Some(130));
}

#[test]
fn two_consumers_share_the_partitions_through_a_rebalance() {
    let world = World::new();
    world.send_numbered(6_000);
    slow_s3(&world);
    let first = world.start(&["--concurrency", "8"]);
    until("some objects", || world.data_keys().len() > 100);
    let second = world.start(&["--concurrency", "8", "--until-end"]);
    until("most objects", || world.data_keys().len() > 5_000);
    world.s3.faults().clear();
    let second = second.wait().ok();
    first.signal("TERM");
    let first = first.wait().ok();
    assert!(
        second.stderr.contains("assigned") && first.stderr.contains("revoked"),
        "no rebalance took place:\n{}\n{}",
        first.stderr,
        second.stderr
    );
    world.land(&[]).ok();
    check::exactly_once(&world, 6_000);
}

#[test]
fn a_paused_old_owner_that_wakes_up_does_no_harm() {
    let world = World::new();
    world.send_numbered(3_000);
    slow_s3(&world);
    let zombie = world.start(&["--concurrency", "8"]);
    until("some objects", || world.data_keys().len() > 200);
    zombie.signal("STOP");
    world.s3.faults().clear();
    world.land(&[]).ok();
    zombie.signal("CONT");
    std::thread::sleep(Duration::from_secs(2));
    zombie.signal("TERM");
    zombie.wait();
    check::exactly_once(&world, 3_000);
}
