//! How far a zone must reach when more than one consumer group landed into it.

use serde_json::Value;

use crate::{
    support::{PREFIX, World},
    verify::verify,
};

/// A group whose name no key could hold.
const LATER: &str = "later/../group";

/// The zone's own group landed 10 records of each partition, another one 10 more.
fn landed_by_two_groups() -> World {
    let world = World::in_sandbox("the groups have fixed names");
    world.send_numbered(30);
    world.land(&[]).ok();
    world.send_numbered(30);
    world.land(&["--group", LATER]).ok();
    world
}

/// Removes the last record's object of a partition.
fn remove_last(world: &World, partition: i32) {
    let mut keys = world.data_keys();
    let last = format!("/{partition:05}-{:020}.json", 19);
    keys.retain(|key| key.ends_with(&last));
    world.s3.delete(&world.bucket, &keys[0]);
}

fn group_keys(world: &World) -> Vec<String> {
    let mut keys = world.s3.keys(&world.bucket);
    keys.retain(|key| key.starts_with(&format!("_control/{PREFIX}/groups/")));
    keys
}

#[test]
fn a_missing_object_is_found_however_far_behind_the_zones_own_group_is() {
    // Bug: only the derived group was asked, and a zone was clean without what another one landed.
    let world = landed_by_two_groups();
    verify(&world, &["--strict"]).clean();
    let notes = group_keys(&world).into_iter().map(|key| {
        let note: Value = serde_json::from_slice(&world.object(&key)).unwrap();
        note["group"].as_str().unwrap().to_owned()
    });
    let mut names: Vec<String> = notes.collect();
    names.sort();
    assert_eq!(names, ["landing.landing-zone/stock-market/json", LATER]);

    remove_last(&world, 1);
    let verdict = verify(&world, &[]).found(&["missing-object"]);
    assert_eq!(verdict.place(), (1, 19, 20));

    // An earlier version left no list: its groups are the derived one and the one that is given.
    for key in group_keys(&world) {
        world.s3.delete(&world.bucket, &key);
    }
    verify(&world, &["--strict"]).clean();
    let verdict = verify(&world, &["--group", LATER]).found(&["missing-object"]);
    assert_eq!(verdict.place(), (1, 19, 20));
}

#[test]
fn a_group_that_may_not_be_described_is_said_and_fails_a_strict_verification() {
    let world = landed_by_two_groups();
    for (flags, code) in [(&[][..], 0), (&["--strict"], 65)] {
        world.kafka.refuse_next_group();
        let verdict = verify(&world, flags);
        assert_eq!(verdict.kinds(), ["unverifiable"], "{:#}", verdict.report);
        assert_eq!(verdict.code, code, "{}", verdict.stderr);
        let text = verdict.findings()[0]["text"].as_str().unwrap();
        let name = "group 'landing.landing-zone/stock-market/json'";
        assert!(text.contains(name), "{text}");
        assert!(verdict.stderr.contains("DESCRIBE"), "{}", verdict.stderr);
    }
}

#[test]
fn a_note_without_its_groups_name_is_a_finding() {
    let world = landed_by_two_groups();
    let key = group_keys(&world).remove(0);
    for body in [&b"hello"[..], b"{\"group\":\"another\"}\n"] {
        world.s3.put(&world.bucket, &key, body);
        assert_eq!(verify(&world, &[]).found(&["unparseable"]).key(), key);
    }
}
