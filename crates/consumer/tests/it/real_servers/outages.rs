//! S3 that answers nothing but errors for a long time.

use std::time::Duration;

use sandbox::{Fault, Rule};

use crate::support::{PARTITIONS, World, check, kafka::Send};

/// Resident memory of a process in KiB.
fn resident(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn sixty_seconds_of_nothing_but_503_cost_no_memory_and_no_record() {
    let Some(world) = World::real() else { return };
    // Three times as much as the consumer may hold.
    let padding = "x".repeat(32 * 1024);
    let values: Vec<String> = (0..3_000)
        .map(|n| format!("{{\"n\":{n},\"padding\":\"{padding}\"}}"))
        .collect();
    let records = values.iter().zip(0..).map(|(value, n): (_, i32)| Send {
        partition: n % PARTITIONS,
        value: Some(value.as_bytes()),
    });
    world.send(records);
    let mut running = world.start(&["--memory", "32MiB", "--until-end"]);
    running.until("some objects", || world.data_keys().len() > 20);
    let rule = world
        .s3
        .faults()
        .install(Rule::on("", Fault::ServiceUnavailable).always());

    std::thread::sleep(Duration::from_secs(20));
    let full = resident(running.id());
    let landed = world.data_keys().len();
    let refused = world.s3.faults().hits(rule);
    let mut most = full;
    for _ in 0..40 {
        std::thread::sleep(Duration::from_secs(1));
        most = most.max(resident(running.id()));
    }
    assert_eq!(world.data_keys().len(), landed, "something got through");
    assert!(landed < 3_000, "the outage came too late");
    assert!(world.s3.faults().hits(rule) > refused, "it gave up");
    assert!(
        most < full + 4 * 1024,
        "memory grew from {full} to {most} KiB"
    );

    world.s3.faults().clear();
    running.wait().ok();
    check::exactly_once(&world, 3_000);
}
