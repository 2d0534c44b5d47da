//! Claims that cannot be true: by their own numbers, by the object that has the hash they name, or
//! by the topic.

use serde_json::{Value, json};

use crate::{
    support::{World, kafka::Send},
    verify::{Verdict, restore, snapshot},
};

const PREFIX: &str = "stock-market/jsonl";

fn verify(world: &World, flags: &[&str]) -> Verdict {
    crate::verify::verify(world, &[&["--prefix", PREFIX], flags].concat())
}

fn claim_key(start: i64) -> String {
    format!(
        "_control/{PREFIX}/claims/00001/{:019}.json",
        i64::MAX - start
    )
}

/// Extents of 20 records; the second one of partition 1 has a dead letter and a tombstone, too.
fn landed() -> World {
    let world = World::new();
    world.send_numbered(90);
    let values: [Option<&[u8]>; 2] = [Some(b"hello world"), None];
    world.send(values.map(|value| Send {
        partition: 1,
        value,
    }));
    let flags = ["--format", "jsonl", "--prefix", PREFIX];
    let extents = ["--max-records", "20", "--compression", "none"];
    world.land(&[&flags[..], &extents].concat()).ok();
    world
}

/// The second claim of partition 1, of offsets [20, 32), with some of its values replaced.
fn change(world: &World, changes: &[(&str, Value)]) {
    let key = claim_key(20);
    let object = world.s3.whole(&world.bucket, &key);
    let mut claim: Value = serde_json::from_slice(&object.body).unwrap();
    for (pointer, value) in changes {
        *claim.pointer_mut(pointer).unwrap() = value.clone();
    }
    world
        .s3
        .put(&world.bucket, &key, claim.to_string().as_bytes());
}

#[test]
fn numbers_that_no_extent_can_have_are_found_without_any_object_being_read() {
    // Bug: they were added up, which ended in a panic, or in nonsense.
    let world = landed();
    verify(&world, &[]).clean();
    let before = snapshot(&world);
    for (pointer, value) in [
        ("/dates/0/records", json!(u64::MAX)),
        ("/tombstones", json!(u64::MAX)),
        ("/dead_letters/records", json!(3)),
        ("/first", Value::Null),
        ("/last", Value::Null),
        ("/last/offset", json!(i64::MAX)),
        ("/first/offset", json!(19)),
    ] {
        change(&world, &[(pointer, value)]);
        for flags in [&[][..], &["--deep", "--without-kafka"]] {
            let verdict = verify(&world, flags).found(&["unparseable"]);
            assert_eq!(verdict.key(), claim_key(20), "{pointer}");
            let text = verdict.report.to_string();
            assert!(text.contains("it contradicts itself"), "{text}");
        }
        restore(&world, &before);
    }
    // A claim that would begin behind the last number.
    let object = &before[&claim_key(20)];
    world
        .s3
        .put_whole(&world.bucket, &claim_key(i64::MAX), object);
    verify(&world, &[]).found(&["unknown-object"]);
}

#[test]
fn what_a_claim_says_of_the_object_that_it_names_by_its_hash_must_be_true() {
    // Bug: the hash was enough.
    let world = landed();
    let before = snapshot(&world);
    let nothing = "00".repeat(32);
    for changes in [
        &[("/dates/0/records", json!(9))][..],
        &[
            ("/dates/0/records", json!(11)),
            ("/dead_letters/records", json!(0)),
        ],
        &[("/dates/0/body/bytes", json!(5))],
        &[("/dead_letters/hash", json!(nothing))],
    ] {
        change(&world, changes);
        let verdict = verify(&world, &["--deep", "--without-kafka"]);
        assert_eq!(verdict.code, 65, "{changes:?}: {:#}", verdict.report);
        let kinds = verdict.kinds();
        assert!(kinds.contains(&"differs") || kinds.contains(&"landed-and-dead-lettered"));
        restore(&world, &before);
    }
}

#[test]
fn tombstones_ends_and_bytes_are_compared_with_the_topic_too() {
    // Bug: they were counted and forgotten.
    let world = landed();
    verify(&world, &["--deep"]).clean();
    let before = snapshot(&world);
    let nothing = "00".repeat(32);
    for (pointer, value, text) in [
        ("/tombstones", json!(0), "1 tombstones"),
        ("/bytes", json!(1), "first or last record"),
        ("/first/sha256", json!(nothing), "first or last record"),
        ("/first/offset", json!(21), "first or last record"),
        ("/first/timestamp", json!(5), "first or last record"),
    ] {
        change(&world, &[(pointer, value)]);
        let verdict = verify(&world, &["--deep"]).found(&["differs"]);
        assert_eq!(verdict.key(), claim_key(20), "{pointer}");
        let report = verdict.report.to_string();
        assert!(report.contains(text), "{report}");
        restore(&world, &before);
    }
    // With one tombstone less than there are offsets, it may be one more.
    change(
        &world,
        &[("/tombstones", json!(0)), ("/first/offset", json!(20))],
    );
    verify(&world, &["--deep"]).found(&["differs"]);
}
