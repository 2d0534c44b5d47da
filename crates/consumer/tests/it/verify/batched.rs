//! Zones with batches: claims, their objects, and what is inside of them.

use std::time::Duration;

use sandbox::{Fault, Rule};
use serde_json::Value;

use crate::{
    support::{World, batches, kafka::Send, store::Whole},
    verify::{Verdict, restore, snapshot},
};

const PREFIX: &str = "stock-market/jsonl";

fn verify(world: &World, flags: &[&str]) -> Verdict {
    crate::verify::verify(world, &[&["--prefix", PREFIX], flags].concat())
}

/// Lands batches of 30 records as plain lines.
fn flags<'f>(others: &[&'f str]) -> Vec<&'f str> {
    let common = [
        "--format",
        "jsonl",
        "--prefix",
        PREFIX,
        "--max-records",
        "30",
    ];
    [&common[..], others].concat()
}

/// 100 records in each partition, so that each has extents of 30, 30, 30 and 10; then a dead
/// letter, a tombstone and one more record in partition 1.
fn landed() -> World {
    let world = World::new();
    world.send_numbered(300);
    let values: [Option<&[u8]>; 3] = [Some(b"hello world"), None, Some(b"{\"a\":\n 1}")];
    world.send(values.map(|value| Send {
        partition: 1,
        value,
    }));
    world.land(&flags(&["--compression", "none"])).ok();
    world
}

/// The object of the extent that begins there.
fn key(world: &World, partition: i32, start: i64) -> String {
    let name = format!("/{partition:05}-{start:020}.");
    let mut keys = world.data_keys();
    keys.retain(|key| key.contains(&name));
    assert_eq!(keys.len(), 1, "{name}");
    keys.remove(0)
}

fn claim_key(partition: i32, start: i64) -> String {
    format!(
        "_control/{PREFIX}/claims/{partition:05}/{:019}.json",
        i64::MAX - start
    )
}

fn letters_key(partition: i32, start: i64) -> String {
    format!("_control/{PREFIX}/dead-letters/{partition:05}-{start:020}.jsonl")
}

/// Changes the body under a key, and gives what was there.
fn change(world: &World, key: &str, body: impl FnOnce(String) -> String) -> Whole {
    let before = world.s3.whole(&world.bucket, key);
    let body = body(String::from_utf8(before.body.clone()).unwrap()).into_bytes();
    world.s3.put_whole(
        &world.bucket,
        key,
        &Whole {
            body,
            ..before.clone()
        },
    );
    before
}

fn put_back(world: &World, key: &str, object: &Whole) {
    world.s3.put_whole(&world.bucket, key, object);
}

#[test]
fn a_zone_with_dead_letters_and_tombstones_is_clean_at_a_glance_and_in_depth() {
    let world = landed();
    let quick = verify(&world, &[]).clean();
    assert_eq!(
        [
            "records",
            "dead_letters",
            "tombstones",
            "objects",
            "compared"
        ]
        .map(|name| quick.total(name)),
        [301, 1, 1, 13, 0]
    );
    let deep = verify(&world, &["--deep"]).clean();
    assert_eq!((deep.total("records"), deep.total("compared")), (301, 302));
    assert_eq!(deep.report["partitions"][1]["ranges"][0]["end"], 103);
    // The claims prove all of it without the topic.
    verify(&world, &["--without-kafka", "--strict"]).clean();
    verify(&world, &["--without-kafka", "--strict", "--deep"]).clean();
}

/// Each fault is planted into the same zone, found, and healed.
#[test]
fn each_fault_is_found_and_nothing_else() {
    let world = landed();
    let before = snapshot(&world);
    for fault in FAULTS {
        fault(&world);
        restore(&world, &before);
    }
    verify(&world, &["--deep"]).clean();
}

const FAULTS: [fn(&World); 12] = [
    a_missing_object_is_found_by_its_claim_with_the_topic_and_without,
    a_missing_claim_is_a_gap_wherever_it_was,
    claims_of_the_same_offsets_are_an_overlap,
    a_second_form_of_an_object_is_a_duplicate,
    what_does_not_parse_is_found,
    records_that_are_not_in_their_object_or_too_many_are_found,
    without_the_topic_other_bytes_are_proven_by_nothing,
    a_claim_that_does_not_fit_the_topic_is_found_in_depth,
    dead_letters_are_compared_by_their_records,
    dead_letters_of_landed_records_are_found,
    objects_that_are_nobodys_are_found,
    the_zones_own_objects_are_looked_at_too,
];

#[test]
fn each_compression_is_read_in_depth() {
    for compression in ["gzip", "zstd"] {
        let world = World::new();
        world.send_numbered(300);
        world.land(&flags(&["--compression", compression])).ok();
        let deep = verify(&world, &["--deep"]).clean();
        assert_eq!((deep.total("records"), deep.total("compared")), (300, 300));
        verify(&world, &["--deep", "--without-kafka", "--strict"]).clean();
        // A byte in the middle.
        let key = key(&world, 0, 30);
        let mut object = world.s3.whole(&world.bucket, &key);
        let at = object.body.len() / 2;
        object.body[at] ^= 0x55;
        put_back(&world, &key, &object);
        verify(&world, &[]).clean();
        let deep = verify(&world, &["--deep"]);
        assert_eq!(
            (deep.code, deep.key()),
            (65, key.as_str()),
            "{:#}",
            deep.report
        );
    }
}

#[test]
fn a_zone_is_clean_after_kills_and_while_the_consumer_runs() {
    let world = World::new();
    world.send_numbered(6_000);
    let slow = Rule::on("PutObject", Fault::Slow(Duration::from_millis(150)));
    world.s3.faults().install(slow.with_key(PREFIX).always());
    let flags = flags(&["--compression", "none", "--concurrency", "4"]);
    let only_unfinished = |flags: &[&str]| {
        let verdict = verify(&world, flags);
        let kinds = verdict.kinds();
        assert!(
            kinds.iter().all(|kind| *kind == "unfinished"),
            "{:#}",
            verdict.report
        );
        assert_eq!(verdict.code, 0);
    };
    for _ in 0..2 {
        let before = world.data_keys().len();
        let mut running = world.start(&flags);
        running.until("new objects", || world.data_keys().len() > before + 3);
        running.kill();
        only_unfinished(&[]);
    }
    let mut running = world.start(&flags);
    let before = world.data_keys().len();
    running.until("new objects", || world.data_keys().len() > before + 3);
    only_unfinished(&[]);
    only_unfinished(&["--deep"]);
    world.s3.faults().clear();
    running.signal("TERM");
    running.wait().ok();
    world.land(&flags).ok();
    batches::exactly_once(&world, PREFIX, 6_000);
    let verdict = verify(&world, &["--deep"]).clean();
    assert_eq!(
        (verdict.total("records"), verdict.total("compared")),
        (6_000, 6_000)
    );
}

/// Runs a consumer until it has this many claims, and no further object of data, and ends it.
fn claim_without_objects(world: &World, claims: usize) {
    let down = Rule::on("PutObject", Fault::ServiceUnavailable).with_key("/dt=");
    let rule = world.s3.faults().install(down.always());
    let mut running = world.start(&flags(&["--compression", "none"]));
    running.until("a claim of each partition, and uploads that fail", || {
        let keys = world.s3.keys(&world.bucket);
        let there = keys.iter().filter(|key| key.contains("/claims/"));
        there.count() == claims && world.s3.faults().hits(rule) > 3
    });
    running.kill();
    world.s3.faults().clear();
}

#[test]
fn a_claim_without_its_objects_is_unfinished_until_a_consumer_has_come_back() {
    let world = World::new();
    world.send_numbered(300);
    world.land(&flags(&["--compression", "none"])).ok();
    world.send_numbered(300);
    claim_without_objects(&world, 15);
    let verdict = verify(&world, &["--strict"]).noted(&["unfinished"; 3]);
    let found = (verdict.place(), verdict.total("records"));
    assert_eq!(found, ((0, 100, 130), 300));
    // Nobody will come back when the topic is gone.
    verify(&world, &["--without-kafka"]).found(&["missing-object"; 3]);

    world.land(&flags(&["--compression", "none"])).ok();
    verify(&world, &["--deep"]).clean();
}

#[test]
fn nobody_can_tell_a_first_claim_without_objects_from_that_of_a_forgotten_group() {
    let world = World::new();
    world.send_numbered(300);
    claim_without_objects(&world, 3);
    let verdict = verify(&world, &[]).noted(&["unverifiable"; 3]);
    assert_eq!((verdict.place(), verdict.total("records")), ((0, 0, 30), 0));
    world.land(&flags(&["--compression", "none"])).ok();
    verify(&world, &["--deep", "--strict"]).clean();
}

fn a_missing_object_is_found_by_its_claim_with_the_topic_and_without(world: &World) {
    let data = key(world, 2, 30);
    let letters = letters_key(1, 90);
    for (key, at) in [(&data, (2, 30, 60)), (&letters, (1, 90, 103))] {
        let object = world.s3.whole(&world.bucket, key);
        world.s3.delete(&world.bucket, key);
        for flags in [&[][..], &["--deep"], &["--without-kafka"]] {
            let verdict = verify(world, flags).found(&["missing-object"]);
            assert_eq!((verdict.key(), verdict.place()), (key.as_str(), at));
        }
        put_back(world, key, &object);
    }
    // The newest extent is committed: nobody is about to write it.
    world.s3.delete(&world.bucket, &key(world, 0, 90));
    verify(world, &[]).found(&["missing-object"]);
}

fn a_missing_claim_is_a_gap_wherever_it_was(world: &World) {
    for (start, end) in [(0, 30), (30, 60), (90, 100)] {
        let key = claim_key(0, start);
        let object = world.s3.whole(&world.bucket, &key);
        world.s3.delete(&world.bucket, &key);
        for flags in [&[][..], &["--deep"]] {
            let verdict = verify(world, flags).found(&["gap"]);
            assert_eq!(verdict.place(), (0, start, end));
            assert!(verdict.report.to_string().contains("; 1 objects lie there"));
        }
        put_back(world, &key, &object);
    }
    // Without the group's offsets the object shows that a claim is missing at the end.
    world.s3.delete(&world.bucket, &claim_key(0, 90));
    verify(world, &["--without-kafka"]).found(&["unknown-object"]);
}

fn claims_of_the_same_offsets_are_an_overlap(world: &World) {
    let key = claim_key(2, 30);
    change(world, &key, |body| {
        let mut claim: Value = serde_json::from_str(&body).unwrap();
        claim["end"] = 65.into();
        claim.to_string()
    });
    let verdict = verify(world, &[]).found(&["overlap"]);
    assert_eq!(
        (verdict.place(), verdict.key()),
        ((2, 60, 65), key.as_str())
    );
}

fn a_second_form_of_an_object_is_a_duplicate(world: &World) {
    let key = key(world, 2, 30);
    let object = world.s3.whole(&world.bucket, &key);
    let again = format!("{key}.gz");
    put_back(world, &again, &object);
    for flags in [&[][..], &["--deep"], &["--without-kafka"]] {
        assert_eq!(verify(world, flags).found(&["duplicate"]).key(), again);
    }
}

fn what_does_not_parse_is_found(world: &World) {
    let data = key(world, 2, 30);
    let letters = letters_key(1, 90);
    for key in [&data, &letters] {
        let object = change(world, key, |body| body[..body.len() / 2].to_owned());
        for flags in [&[][..], &["--deep"], &["--without-kafka"]] {
            assert_eq!(verify(world, flags).found(&["unparseable"]).key(), key);
        }
        put_back(world, key, &object);
    }
    let claim = claim_key(0, 30);
    let object = change(world, &claim, |_| "hello".to_owned());
    assert_eq!(
        verify(world, &["--deep"]).found(&["unparseable"]).key(),
        claim
    );
    put_back(world, &claim, &object);
    change(world, &claim, |body| {
        body.replace("\"version\":1", "\"version\":9")
    });
    let verdict = verify(world, &[]).found(&["unparseable"]);
    assert!(verdict.report.to_string().contains("use a newer one"));
}

fn records_that_are_not_in_their_object_or_too_many_are_found(world: &World) {
    let key = key(world, 2, 30);
    let without_last = |body: String| {
        body.lines()
            .take(29)
            .fold(String::new(), |text, line| text + line + "\n")
    };
    let one_twice = |body: String| format!("{body}{}\n", body.lines().next().unwrap());
    let one_changed = |body: String| body.replacen("\"N", "\"M", 1);
    let two_swapped = |body: String| {
        let mut lines: Vec<&str> = body.lines().collect();
        lines.swap(3, 4);
        lines.join("\n") + "\n"
    };
    type Change<'c> = &'c dyn Fn(String) -> String;
    let changes: [(Change<'_>, bool, &str); 4] = [
        (&without_last, true, "offset 59"),
        (&one_twice, true, "holds 31 records"),
        (&one_changed, false, "offset 30"),
        (&two_swapped, false, "is not in its place"),
    ];
    for (changed, has_another_size, text) in changes {
        let object = change(world, &key, changed);
        let deep = verify(world, &["--deep"]).found(&["differs"]);
        assert_eq!((deep.key(), deep.place()), (key.as_str(), (2, 30, 60)));
        assert!(deep.report.to_string().contains(text), "{:#}", deep.report);
        let quick = verify(world, &[]);
        match has_another_size {
            true => quick.found(&["differs"]),
            false => quick.clean(),
        };
        put_back(world, &key, &object);
    }
}

fn without_the_topic_other_bytes_are_proven_by_nothing(world: &World) {
    let key = key(world, 2, 30);
    // Fewer records may be what compaction left.
    let object = change(world, &key, |body| {
        body.split_once('\n').unwrap().1.to_owned()
    });
    verify(world, &["--without-kafka"]).noted(&["unverifiable"]);
    verify(world, &["--without-kafka", "--strict"]).found(&["unverifiable"]);
    // With it they are refuted.
    verify(world, &[]).found(&["differs"]);
    put_back(world, &key, &object);
    // As many in other bytes are other records: plain lines have one form.
    for changed in [
        |body: String| body.replace("\"N", "\"NN"),
        |body: String| body.replace("\"N", "\"M"),
    ] {
        let object = change(world, &key, changed);
        verify(world, &["--without-kafka", "--deep"]).found(&["differs"]);
        put_back(world, &key, &object);
    }

    // Somebody else's object, with the right bytes.
    world.s3.put(&world.bucket, &key, &object.body);
    verify(world, &[]).clean();
    let verdict = verify(world, &["--deep"]).found(&["differs"]);
    assert!(
        verdict
            .report
            .to_string()
            .contains("not written by this program")
    );
}

fn a_claim_that_does_not_fit_the_topic_is_found_in_depth(world: &World) {
    let key = claim_key(2, 30);
    change(world, &key, |body| {
        let mut claim: Value = serde_json::from_str(&body).unwrap();
        claim["dates"][0]["hash"] = "00".repeat(32).into();
        claim.to_string()
    });
    verify(world, &[]).clean();
    let verdict = verify(world, &["--deep"]).found(&["differs"]);
    assert_eq!(
        (verdict.key(), verdict.place()),
        (key.as_str(), (2, 30, 60))
    );
}

fn dead_letters_are_compared_by_their_records(world: &World) {
    let key = letters_key(1, 90);
    // Another form of the same record is as good.
    let object = change(world, &key, |body| {
        body.replace("\"reason\":", "\"reason\" :")
    });
    for flags in [&[][..], &["--deep"], &["--without-kafka", "--strict"]] {
        verify(world, flags).clean();
    }
    put_back(world, &key, &object);
    let changes: [fn(String) -> String; 3] = [
        |body| body.replace("aGVsbG8gd29ybGQ=", "aGVsbG8gd29ybGE="),
        |body| body.replace("\"offset\":100", "\"offset\":1000"),
        |body| body.replace("\"offset\":100", "\"offset\":101"),
    ];
    for changed in changes {
        let object = change(world, &key, changed);
        assert_eq!(verify(world, &["--deep"]).found(&["differs"]).key(), key);
        verify(world, &["--deep", "--without-kafka"]).found(&["differs"]);
        put_back(world, &key, &object);
    }
}

fn dead_letters_of_landed_records_are_found(world: &World) {
    let object = world.s3.whole(&world.bucket, &letters_key(1, 90));
    let body = String::from_utf8(object.body.clone()).unwrap();
    let body = body.replace("\"offset\":100", "\"offset\":31").into_bytes();
    let planted = letters_key(1, 30);
    put_back(world, &planted, &Whole { body, ..object });
    for flags in [&[][..], &["--without-kafka"]] {
        let verdict = verify(world, flags).found(&["landed-and-dead-lettered"]);
        assert_eq!(
            (verdict.key(), verdict.place()),
            (planted.as_str(), (1, 31, 32))
        );
    }
}

fn objects_that_are_nobodys_are_found(world: &World) {
    let key = key(world, 2, 30);
    let object = world.s3.whole(&world.bucket, &key);
    let (folder, name) = key.rsplit_once('/').unwrap();
    let planted = [
        // Another date, another start, another partition, no key of ours.
        format!("{PREFIX}/dt=1999-01-01/{name}"),
        format!("{folder}/00002-00000000000000000035.jsonl"),
        format!("{folder}/00002-00000000000000000200.jsonl"),
        format!("{folder}/part-0.jsonl"),
        format!("_control/{PREFIX}/claims/x"),
    ];
    for key in &planted {
        put_back(world, key, &object);
    }
    put_back(
        world,
        &format!("{folder}/00009-00000000000000000000.jsonl"),
        &object,
    );
    let verdict = verify(world, &[]);
    let keys: Vec<&str> = verdict
        .findings()
        .iter()
        .filter_map(|finding| finding["key"].as_str())
        .collect();
    for key in &planted {
        assert!(keys.contains(&key.as_str()), "{key}: {keys:?}");
    }
    verdict.found(&["unknown-object"; 6]);
}

fn the_zones_own_objects_are_looked_at_too(world: &World) {
    let anchor = format!("_control/{PREFIX}/anchors/00000.json");
    let object = world.s3.whole(&world.bucket, &anchor);
    world.s3.delete(&world.bucket, &anchor);
    assert_eq!(verify(world, &[]).found(&["missing-object"]).key(), anchor);
    let mut other: Value = serde_json::from_slice(&object.body).unwrap();
    other["sha256"] = "00".repeat(32).into();
    world
        .s3
        .put(&world.bucket, &anchor, other.to_string().as_bytes());
    assert_eq!(verify(world, &[]).found(&["differs"]).place(), (0, 0, 1));
}

#[test]
fn many_dates_in_each_extent_are_verified_like_one() {
    let world = World::new();
    world.send_numbered(600);
    let by_field = ["--compression", "none", "--partition-by", "field:Date"];
    world.land(&flags(&by_field)).ok();
    let deep = verify(&world, &["--deep"]).clean();
    assert_eq!((deep.total("records"), deep.total("compared")), (600, 600));
    // Three dates in each extent: each partition has every third number.
    assert!(deep.total("objects") >= 3 * 21);
    let keys = world.data_keys();
    world.s3.delete(&world.bucket, &keys[7]);
    assert_eq!(
        verify(&world, &[]).found(&["missing-object"]).key(),
        keys[7]
    );
}

#[test]
fn an_extent_that_is_slow_does_not_wait_for_room_that_later_ones_hold() {
    // Bug: memory was given to extents in the order in which their claims arrived, and given back
    // in the order of offsets.
    let world = World::new();
    world.send_numbered(300);
    let by_date = ["--compression", "zstd", "--partition-by", "field:Date"];
    world.land(&flags(&by_date)).ok();
    let slow = Rule::on("GetObject", Fault::Slow(Duration::from_millis(700)));
    let first = claim_key(0, 0);
    world.s3.faults().install(slow.with_key(&first).always());
    let verdict = verify(&world, &["--deep", "--strict"]).clean();
    assert_eq!(verdict.total("compared"), 300);
}
