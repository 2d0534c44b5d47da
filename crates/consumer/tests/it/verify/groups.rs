//! How far a zone must reach when more than one consumer group landed into it.

use landing::{group_note::group_note, layout::Prefix};
use serde_json::Value;

use crate::{
    groups::as_an_earlier_version_committed,
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

/// Removes the object of a record, or of the extent that begins with it.
fn remove(world: &World, partition: i32, offset: i64) {
    let mut keys = world.data_keys();
    let name = format!("/{partition:05}-{offset:020}.json");
    keys.retain(|key| key.contains(&name));
    world.s3.delete(&world.bucket, &keys[0]);
}

/// Puts a group that Kafka knows nothing of in the place of the later one, in the list of the zone.
fn forget_later_group(world: &World, prefix: &str) {
    let zone: Prefix = prefix.parse().unwrap();
    world.s3.delete(&world.bucket, &zone.group_key(LATER));
    let key = zone.group_key("gone");
    world.s3.put(&world.bucket, &key, &group_note("gone"));
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

    remove(&world, 1, 19);
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
fn a_group_that_kafka_has_forgotten_leaves_a_doubt_where_an_object_is_missing() {
    // Bug: the end was what a group farther behind said, and all above it was only unfinished.
    let world = landed_by_two_groups();
    forget_later_group(&world, PREFIX);
    verify(&world, &["--strict"]).clean();
    verify(&world, &["--strict", "--deep"]).clean();
    remove(&world, 1, 15);
    for flags in [&["--strict"][..], &["--strict", "--deep"]] {
        let verdict = verify(&world, flags).found(&["unverifiable"]);
        assert_eq!(verdict.place(), (1, 15, 16));
        let text = verdict.findings()[0]["text"].as_str().unwrap();
        assert!(text.contains("group 'gone' has entered"), "{text}");
    }
    verify(&world, &[]).noted(&["unverifiable"]);
}

#[test]
fn the_newest_claim_of_a_forgotten_group_is_in_doubt_without_its_objects() {
    let world = World::in_sandbox("the groups have fixed names");
    let prefix = "stock-market/jsonl";
    let flags = ["--format", "jsonl", "--prefix", prefix];
    world.send_numbered(30);
    world.land(&flags).ok();
    world.send_numbered(30);
    world.land(&[&flags[..], &["--group", LATER]].concat()).ok();
    forget_later_group(&world, prefix);
    let strict = ["--prefix", prefix, "--strict"];
    verify(&world, &strict).clean();
    remove(&world, 1, 10);
    let verdict = verify(&world, &strict).found(&["unverifiable"]);
    assert_eq!(verdict.place(), (1, 10, 20));
}

#[test]
fn commits_count_as_what_the_consumer_takes_them_for() {
    let Some(world) = World::real() else { return };
    let (own, named) = (
        format!("landing.{}/{PREFIX}", world.bucket),
        format!("{}-named", world.topic),
    );
    let land = |group: &str| {
        let flags = ["--prefix", PREFIX, "--group", group];
        world.send_numbered(90);
        world.land(&flags).ok();
    };
    let verify = |flags: &[&str]| verify(&world, &[&["--prefix", PREFIX], flags].concat());
    land(&own);
    // Bug: an offset that was set by hand was taken for what was landed.
    world.send_numbered(90);
    world.kafka.commit(&own, &world.topic, 0, 60);
    verify(&["--strict"]).clean();
    world.kafka.commit(&own, &world.topic, 0, 30);
    land(&named);
    as_an_earlier_version_committed(&world, &named);
    remove(&world, 1, 45);
    let verdict = verify(&[]).found(&["missing-object"]);
    assert_eq!(
        verdict.place(),
        (1, 45, 46),
        "the last landed record is here"
    );
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
