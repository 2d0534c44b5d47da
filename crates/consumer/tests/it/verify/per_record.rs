//! Zones with one object per record.

use std::time::Duration;

use crate::{
    support::{PREFIX, World, check, kafka::Send, store::Whole},
    verify::{restore, snapshot, verify},
};

/// Keys of data objects of a partition, by offset.
fn keys(world: &World, partition: i32) -> Vec<String> {
    let mut keys = world.data_keys();
    keys.retain(|key| key.contains(&format!("/{partition:05}-")));
    keys.sort_by_key(|key| key.split('-').next_back().unwrap().to_owned());
    keys
}

fn letter_key(partition: i32, offset: i64) -> String {
    format!("_control/{PREFIX}/dead-letters/{partition:05}-{offset:020}.json")
}

/// 20 records in each partition, then a dead letter, a tombstone and one more record in partition
/// 1.
fn landed() -> World {
    let world = World::new();
    world.send_numbered(60);
    let values: [Option<&[u8]>; 3] = [Some(b"hello world"), None, Some(b"{\"a\":\n 1}")];
    world.send(values.map(|value| Send {
        partition: 1,
        value,
    }));
    world.land(&[]).ok();
    world
}

#[test]
fn a_zone_with_dead_letters_and_tombstones_is_clean_at_a_glance_and_in_depth() {
    let world = landed();
    let quick = verify(&world, &[]).clean();
    assert_eq!(quick.report["format"], "json");
    assert_eq!(
        [
            "records",
            "dead_letters",
            "tombstones",
            "objects",
            "compared"
        ]
        .map(|name| quick.total(name)),
        [61, 1, 1, 62, 0]
    );
    assert_eq!(quick.report["bytes_read"], 0);

    let deep = verify(&world, &["--deep"]).clean();
    assert_eq!(
        [
            "records",
            "dead_letters",
            "tombstones",
            "objects",
            "compared"
        ]
        .map(|name| deep.total(name)),
        [61, 1, 1, 62, 62]
    );
    assert_eq!(deep.report["partitions"][1]["offsets"]["end"], 23);

    // The tombstone's offset is a hole that only the topic explains, and the value that spanned
    // lines lost its hash.
    let alone = verify(&world, &["--without-kafka", "--deep"]);
    assert_eq!(alone.place(), (1, 21, 22));
    let alone = alone.noted(&["unverifiable", "unverifiable"]);
    assert!(
        alone.findings()[1]["key"]
            .as_str()
            .unwrap()
            .contains("00001-00000000000000000022")
    );
    verify(&world, &["--without-kafka", "--deep", "--strict"])
        .found(&["unverifiable", "unverifiable"]);
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
    a_missing_object_is_found_by_the_topic,
    a_missing_dead_letter_is_found_like_a_missing_object,
    a_second_object_of_a_record_is_a_duplicate,
    an_object_under_another_date_is_found_in_depth,
    objects_that_do_not_parse_are_found_by_their_size_or_in_depth,
    other_content_is_found_in_depth_with_the_topic_and_without,
    another_dead_letter_is_found_in_depth,
    a_record_that_is_landed_and_dead_lettered_is_found,
    objects_that_are_nobodys_are_found,
    an_object_where_the_topic_shows_no_record_is_not_taken_for_one_of_its,
    the_zones_own_objects_are_looked_at_too,
    another_zone_inside_of_the_prefix_is_left_alone,
];

#[test]
fn what_is_not_landed_yet_is_no_finding() {
    let world = World::new();
    world.send_numbered(30);
    world.land(&[]).ok();
    world.send_numbered(30);
    let verdict = verify(&world, &["--deep"]).clean();
    for partition in 0..3 {
        let not_yet = &verdict.report["partitions"][partition]["not_landed_yet"];
        assert_eq!(
            (&not_yet["start"], &not_yet["end"]),
            (&10.into(), &20.into())
        );
    }
}

#[test]
fn a_record_that_is_missing_behind_the_groups_offset_is_said() {
    // Bug: who had set the group's offsets back was told that all was well.
    let world = World::new();
    world.send_numbered(30);
    world.land(&[]).ok();
    world.send_numbered(30);
    world.land(&["--group", "other"]).ok();
    // As if an earlier version had landed: nothing says that the other group came further.
    for key in world.s3.keys(&world.bucket) {
        if key.contains("/groups/") {
            world.s3.delete(&world.bucket, &key);
        }
    }
    verify(&world, &["--strict"]).clean();
    world.s3.delete(&world.bucket, &keys(&world, 1)[15]);
    for flags in [&[][..], &["--deep"]] {
        let verdict = verify(&world, &[&["--strict"], flags].concat()).noted(&["unfinished"]);
        assert_eq!(verdict.place(), (1, 15, 16));
        verify(&world, &[&["--group", "other"], flags].concat()).found(&["missing-object"]);
    }
}

#[test]
fn a_zone_is_clean_after_kills_and_while_the_consumer_runs() {
    let world = World::new();
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
    world.send_numbered(3_000);
    let slow = sandbox::Rule::on("PutObject", sandbox::Fault::Slow(Duration::from_millis(30)));
    world.s3.faults().install(slow.with_key("/dt=").always());
    for _ in 0..2 {
        let before = world.data_keys().len();
        let mut running = world.start(&["--concurrency", "8"]);
        running.until("new objects", || world.data_keys().len() > before + 30);
        running.kill();
        only_unfinished(&[]);
    }
    let mut running = world.start(&["--concurrency", "8"]);
    let before = world.data_keys().len();
    running.until("new objects", || world.data_keys().len() > before + 30);
    only_unfinished(&[]);
    only_unfinished(&["--deep"]);
    world.s3.faults().clear();
    running.signal("TERM");
    running.wait().ok();
    world.land(&[]).ok();
    check::exactly_once(&world, 3_000);
    let verdict = verify(&world, &["--deep"]).clean();
    assert_eq!(
        (verdict.total("records"), verdict.total("compared")),
        (3_000, 3_000)
    );
}

fn a_missing_object_is_found_by_the_topic(world: &World) {
    let keys = keys(world, 2);
    for key in [&keys[0], &keys[5], &keys[6], &keys[19]] {
        world.s3.delete(&world.bucket, key);
    }
    for flags in [&[][..], &["--deep"]] {
        let verdict = verify(world, flags).found(&["missing-object"; 3]);
        assert_eq!(verdict.place(), (2, 0, 1));
        assert_eq!(verdict.findings()[1]["offsets"]["start"], 5);
        assert_eq!(verdict.findings()[1]["offsets"]["end"], 7);
        assert_eq!(verdict.findings()[2]["offsets"]["end"], 20);
    }
    // Without the topic nobody can tell these from the tombstone's offset, and the last one is not
    // even missed.
    verify(world, &["--without-kafka"]).noted(&["unverifiable"; 3]);
}

fn a_missing_dead_letter_is_found_like_a_missing_object(world: &World) {
    world.s3.delete(&world.bucket, &letter_key(1, 20));
    for flags in [&[][..], &["--deep"]] {
        assert_eq!(
            verify(world, flags).found(&["missing-object"]).place(),
            (1, 20, 21)
        );
    }
}

fn a_second_object_of_a_record_is_a_duplicate(world: &World) {
    let key = &keys(world, 0)[7];
    let object = world.s3.whole(&world.bucket, key);
    let again = format!("{PREFIX}/dt=1999-01-01/{}", key.rsplit('/').next().unwrap());
    world.s3.put_whole(&world.bucket, &again, &object);
    for flags in [&[][..], &["--deep"]] {
        let verdict = verify(world, flags).found(&["duplicate"]);
        assert_eq!(verdict.place(), (0, 7, 8));
    }
}

fn an_object_under_another_date_is_found_in_depth(world: &World) {
    let key = &keys(world, 0)[7];
    let object = world.s3.whole(&world.bucket, key);
    let moved = format!("{PREFIX}/dt=1999-01-01/{}", key.rsplit('/').next().unwrap());
    world.s3.put_whole(&world.bucket, &moved, &object);
    world.s3.delete(&world.bucket, key);
    verify(world, &[]).clean();
    let verdict = verify(world, &["--deep"]).found(&["differs"]);
    assert_eq!((verdict.place(), verdict.key()), ((0, 7, 8), key.as_str()));
    let alone = verify(world, &["--deep", "--without-kafka"]);
    assert_eq!((alone.kinds()[0], alone.key()), ("differs", moved.as_str()));
}

fn objects_that_do_not_parse_are_found_by_their_size_or_in_depth(world: &World) {
    let keys = keys(world, 0);
    for (key, body) in [(&keys[3], &b""[..]), (&keys[4], b"{\"Index\":")] {
        let object = world.s3.whole(&world.bucket, key);
        let body = body.to_vec();
        world
            .s3
            .put_whole(&world.bucket, key, &Whole { body, ..object });
    }
    assert_eq!(verify(world, &[]).found(&["unparseable"]).key(), keys[3]);
    verify(world, &["--deep"]).found(&["unparseable", "unparseable"]);
}

fn other_content_is_found_in_depth_with_the_topic_and_without(world: &World) {
    let key = &keys(world, 0)[3];
    let mut object = world.s3.whole(&world.bucket, key);
    object.body = String::from_utf8(object.body)
        .unwrap()
        .replace("\"N", "\"M")
        .into_bytes();
    world.s3.put_whole(&world.bucket, key, &object);
    verify(world, &[]).clean();
    assert_eq!(verify(world, &["--deep"]).found(&["differs"]).key(), key);
    // A hash that does not fit proves something only where the value cannot have been put on one
    // line.
    object.body = String::from_utf8(object.body)
        .unwrap()
        .replace(':', ": ")
        .into_bytes();
    world.s3.put_whole(&world.bucket, key, &object);
    let alone = verify(world, &["--deep", "--without-kafka"]);
    assert_eq!((alone.kinds()[0], alone.key()), ("differs", key.as_str()));

    // The right body with somebody else's metadata.
    let record = world.s3.whole(&world.bucket, &keys(world, 0)[4]);
    world
        .s3
        .put(&world.bucket, &keys(world, 0)[4], &record.body);
    let verdict = verify(world, &["--deep"]).found(&["differs", "differs"]);
    assert!(
        verdict
            .report
            .to_string()
            .contains("not written by this program")
    );
}

fn another_dead_letter_is_found_in_depth(world: &World) {
    let key = letter_key(1, 20);
    let object = world.s3.whole(&world.bucket, &key);
    let text = String::from_utf8(object.body.clone()).unwrap();
    for (body, kind) in [
        (
            text.replace("aGVsbG8gd29ybGQ=", "aGVsbG8gd29ybGE="),
            "differs",
        ),
        (text.replace("\"offset\":20", "\"offset\":21"), "differs"),
        (text[..20].to_owned(), "unparseable"),
    ] {
        let changed = Whole {
            body: body.into_bytes(),
            ..object.clone()
        };
        world.s3.put_whole(&world.bucket, &key, &changed);
        verify(world, &[]).clean();
        assert_eq!(verify(world, &["--deep"]).found(&[kind]).key(), key);
        let alone = verify(world, &["--deep", "--without-kafka"]);
        assert!(alone.kinds().contains(&kind), "{:#}", alone.report);
    }
}

fn a_record_that_is_landed_and_dead_lettered_is_found(world: &World) {
    let letter = world.s3.whole(&world.bucket, &letter_key(1, 20));
    world
        .s3
        .put_whole(&world.bucket, &letter_key(1, 5), &letter);
    for flags in [&[][..], &["--deep"], &["--without-kafka"]] {
        let verdict = verify(world, flags);
        assert_eq!(
            verdict.kinds()[0],
            "landed-and-dead-lettered",
            "{:#}",
            verdict.report
        );
        assert_eq!((verdict.place(), verdict.code), ((1, 5, 6), 65));
    }
}

fn objects_that_are_nobodys_are_found(world: &World) {
    let object = world.s3.whole(&world.bucket, &keys(world, 0)[0]);
    let unknown = [
        format!("{PREFIX}/readme.txt"),
        format!("{PREFIX}/dt=2026-11-21/part-0000.json"),
        format!("_control/{PREFIX}/notes/x"),
        format!("_control/{PREFIX}/claims/00000/0000000000000000000.json"),
    ];
    for key in &unknown {
        world.s3.put(&world.bucket, key, b"hello");
    }
    // Of a partition, and behind an end, that the topic does not have.
    for name in [
        "00009-00000000000000000000.json",
        "00000-00000000000000000077.json",
    ] {
        world.s3.put_whole(
            &world.bucket,
            &format!("{PREFIX}/dt=2026-11-21/{name}"),
            &object,
        );
    }
    let verdict = verify(world, &[]).found(&["unknown-object"; 6]);
    let keys: Vec<&str> = verdict
        .findings()
        .iter()
        .filter_map(|finding| finding["key"].as_str())
        .collect();
    assert_eq!(keys.len(), 4);
    assert!(
        unknown.iter().all(|key| keys.contains(&key.as_str())),
        "{keys:?}"
    );
}

fn an_object_where_the_topic_shows_no_record_is_not_taken_for_one_of_its(world: &World) {
    // The tombstone's offset.
    let object = world.s3.whole(&world.bucket, &keys(world, 1)[0]);
    let day = check::day(check::dump(world)[&(1, 21)].0);
    let key = format!("{PREFIX}/dt={day}/00001-{:020}.json", 21);
    world.s3.put_whole(&world.bucket, &key, &object);
    assert_eq!(
        verify(world, &["--deep"]).found(&["differs"]).place(),
        (1, 21, 22)
    );
}

fn the_zones_own_objects_are_looked_at_too(world: &World) {
    let anchor = format!("_control/{PREFIX}/anchors/00000.json");
    let object = world.s3.whole(&world.bucket, &anchor);
    world.s3.delete(&world.bucket, &anchor);
    assert_eq!(verify(world, &[]).found(&["missing-object"]).key(), anchor);
    world.s3.put(&world.bucket, &anchor, b"hello");
    verify(world, &[]).found(&["missing-object", "unparseable"]);
    // A record that the topic never had there.
    let mut other: serde_json::Value = serde_json::from_slice(&object.body).unwrap();
    other["timestamp"] = 1.into();
    world
        .s3
        .put(&world.bucket, &anchor, other.to_string().as_bytes());
    assert_eq!(verify(world, &[]).found(&["differs"]).place(), (0, 0, 1));
}

fn another_zone_inside_of_the_prefix_is_left_alone(world: &World) {
    let inner = format!("{PREFIX}/inner");
    world.land(&["--prefix", &inner]).ok();
    for prefix in [PREFIX, &inner] {
        verify(world, &["--deep", "--prefix", prefix]).clean();
    }
}

#[test]
fn what_is_written_down_does_not_excuse_what_the_topic_still_has() {
    // Bug: a note of a gap was believed, whatever was in it, and a note of the start against the
    // first landed record.
    let world = landed();
    let before = snapshot(&world);
    let lost = keys(&world, 2);
    let gap = format!("_control/{PREFIX}/gaps/00002-{:020}-{:020}.json", 3, 9);
    world.s3.delete(&world.bucket, &lost[5]);
    world.s3.put(
        &world.bucket,
        &gap,
        b"{\"partition\":2,\"start\":3,\"end\":9}\n",
    );
    for flags in [&[][..], &["--deep"]] {
        let verdict = verify(&world, flags).found(&["missing-object", "recorded-gap"]);
        assert_eq!(verdict.place(), (2, 5, 6));
    }
    restore(&world, &before);
    for junk in [&b""[..], b"{\"partition\":2,\"start\":3,\"end\":8}\n"] {
        world.s3.put(&world.bucket, &gap, junk);
        assert_eq!(verify(&world, &[]).found(&["unparseable"]).key(), gap);
    }
    restore(&world, &before);
    for key in &lost[..4] {
        world.s3.delete(&world.bucket, key);
    }
    let start = format!("_control/{PREFIX}/starts/00002.json");
    world
        .s3
        .put(&world.bucket, &start, b"{\"partition\":2,\"offset\":4}\n");
    for flags in [&[][..], &["--deep"]] {
        let verdict = verify(&world, flags).found(&["missing-object"]);
        assert_eq!(verdict.place(), (2, 0, 4));
    }
}

#[test]
fn an_offset_that_cannot_be_is_a_finding_and_no_panic() {
    // Bug: the offset behind the last number was asked for.
    let world = landed();
    let before = snapshot(&world);
    let object = &before[&keys(&world, 2)[5]];
    let folder = keys(&world, 2)[5].rsplit_once('/').unwrap().0.to_owned();
    for key in [
        format!("{folder}/00002-{:020}.json", i64::MAX),
        letter_key(2, i64::MAX),
    ] {
        world.s3.put_whole(&world.bucket, &key, object);
        assert_eq!(verify(&world, &[]).found(&["unknown-object"]).key(), key);
        restore(&world, &before);
    }
    let anchor = format!("_control/{PREFIX}/anchors/00002.json");
    for offset in [i64::MAX, i64::MIN, -1] {
        let mut changed: serde_json::Value = serde_json::from_slice(&before[&anchor].body).unwrap();
        changed["offset"] = offset.into();
        world
            .s3
            .put(&world.bucket, &anchor, changed.to_string().as_bytes());
        let verdict = verify(&world, &[]).found(&["missing-object", "unparseable"]);
        assert_eq!(verdict.key(), anchor);
    }
    restore(&world, &before);
    // An anchor of a partition that is not the topic's.
    let other = anchor.replace("00002", "00099");
    world.s3.put_whole(&world.bucket, &other, &before[&anchor]);
    assert_eq!(verify(&world, &[]).found(&["unknown-object"]).key(), other);
}

#[test]
fn dates_from_a_field_are_verified_like_those_from_timestamps() {
    let world = World::new();
    world.send_numbered(90);
    world
        .land(&["--partition-by", "field:Date", "--granularity", "year"])
        .ok();
    verify(&world, &["--deep"]).clean();
    verify(&world, &["--deep", "--without-kafka"]).clean();
    let key = &keys(&world, 0)[1];
    world.s3.delete(&world.bucket, key);
    assert_eq!(
        verify(&world, &[]).found(&["missing-object"]).place(),
        (0, 1, 2)
    );
}

#[test]
fn what_lies_before_the_start_of_a_zone_is_not_missed() {
    let world = World::new();
    let batches = [
        "--format", "jsonl", "--prefix", "batches", "--start", "latest",
    ];
    let layouts = [(PREFIX, &batches[4..]), ("batches", &batches)];
    // The two groups wait for themselves, at the same time.
    let land = || {
        let runs = layouts.map(|(_, flags)| world.start(&[flags, &["--until-end"]].concat()));
        runs.map(|run| run.wait().ok())
    };
    world.send_numbered(30);
    land();
    world.send_numbered(30);
    land();
    for (prefix, _) in layouts {
        for depth in [&[][..], &["--deep"]] {
            let verdict = verify(&world, &[&["--prefix", prefix], depth].concat()).clean();
            assert_eq!(verdict.total("records"), 30);
        }
    }
}
