//! A consumer group belongs to one landing zone: what another zone has committed is never taken for
//! this one's.
//!
//! The mock cluster takes no commit of a client that is no member, so what needs one runs on real
//! servers only.

use crate::support::{PARTITIONS, World, process::Finished};

/// The flags of a zone with this prefix and group.
fn zone<'f>(format: &'f str, prefix: &'f str, group: &'f str) -> [&'f str; 6] {
    ["--format", format, "--prefix", prefix, "--group", group]
}

#[track_caller]
fn stopped_with(run: &Finished, part: &str) {
    assert_eq!(run.code(), Some(65), "{}\n{}", run.stdout, run.stderr);
    assert!(run.stdout.contains(part), "{}", run.stdout);
}

/// Takes the zone out of the notes of a group's commits, as earlier versions wrote them.
pub(crate) fn as_an_earlier_version_committed(world: &World, group: &str) {
    let committed = world.kafka.committed(group, &world.topic, PARTITIONS);
    for (partition, next) in (0..).zip(committed) {
        let metadata = world.kafka.metadata(group, &world.topic, partition);
        let (before, _) = metadata.split_once(";z=").unwrap();
        world
            .kafka
            .commit_with(group, &world.topic, partition, next.unwrap(), before);
    }
}

#[test]
fn a_zone_that_is_run_with_another_zones_group_stops_and_skips_nothing() {
    // Bug: it went on at the offset that the other zone had committed, and ended with 0 and half of
    // the records.
    for format in ["json", "jsonl"] {
        let world = World::new();
        let group = |name: &str| format!("{}-{name}", world.topic);
        let (of_a, of_b) = (group("a"), group("b"));
        world.send_numbered(150);
        world.land(&zone(format, "zone/b", &of_b)).ok();
        world.land(&zone(format, "zone/a", &of_a)).ok();
        world.send_numbered(150);
        world.land(&zone(format, "zone/a", &of_a)).ok();

        let run = world.land(&zone(format, "zone/b", &of_a));
        stopped_with(&run, "belongs to another landing zone");
        let run = world.land(&zone(format, "zone/b", &of_b)).ok();
        assert!(run.stdout.contains("records 150 "), "{}", run.stdout);
    }
}

#[test]
fn commits_of_an_earlier_version_go_on_where_they_are_recognised() {
    for partition_by in ["timestamp", "field:Date"] {
        let Some(world) = World::real() else { return };
        let group = format!("{}-named", world.topic);
        let flags = |prefix| {
            let flags = zone("json", prefix, &group);
            [&flags[..], &["--partition-by", partition_by]].concat()
        };
        world.send_numbered(90);
        world.land(&flags(crate::support::PREFIX)).ok();
        as_an_earlier_version_committed(&world, &group);
        world.send_numbered(90);
        let run = world.land(&flags(crate::support::PREFIX)).ok();
        assert!(run.stdout.contains("records 90 "), "{}", run.stdout);

        as_an_earlier_version_committed(&world, &group);
        let own = ["--prefix", "zone/b", "--partition-by", partition_by];
        world.land(&own).ok();
        world.send_numbered(90);
        world.land(&flags(crate::support::PREFIX)).ok();
        as_an_earlier_version_committed(&world, &group);
        stopped_with(
            &world.land(&flags("zone/b")),
            "does not say which landing zone",
        );
    }
}

#[test]
fn the_zones_own_group_may_hold_commits_of_an_earlier_version_and_resets() {
    for format in ["json", "jsonl"] {
        let Some(world) = World::real() else { return };
        let flags = ["--format", format, "--prefix", crate::support::PREFIX];
        let group = format!("landing.{}/{}", world.bucket, crate::support::PREFIX);
        world.send_numbered(90);
        world.land(&flags).ok();
        as_an_earlier_version_committed(&world, &group);
        world.send_numbered(90);
        let run = world.land(&flags).ok();
        assert!(run.stdout.contains("records 90 "), "{}", run.stdout);
        // A reset backwards is a place to begin: what was landed is recognised.
        world.kafka.commit(&group, &world.topic, 0, 7);
        let again = world.land(&flags).ok();
        assert!(again.stdout.contains("objects 0 "), "{}", again.stdout);
        let landed = world.kafka.committed(&group, &world.topic, PARTITIONS);
        assert_eq!(landed, [Some(60), Some(60), Some(60)]);
    }
}
