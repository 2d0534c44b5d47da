//! The main job: what becomes of records, good and bad.

use crate::support::{World, check, kafka::Send, process};

#[test]
fn each_record_is_in_exactly_one_object_under_the_date_of_its_timestamp() {
    let world = World::new();
    world.send_numbered(3_000);
    let run = world.land(&["--output", "json"]).ok();
    check::exactly_once(&world, 3_000);

    let summary: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(
        (
            &summary["records"],
            &summary["objects"],
            &summary["already_there"]
        ),
        (&3_000.into(), &3_000.into(), &0.into())
    );
    assert_eq!(
        (&summary["dead_letters"], &summary["stopped"]),
        (&serde_json::json!({}), &serde_json::json!({}))
    );

    let again = world.land(&["--group", "another"]).ok();
    check::exactly_once(&world, 3_000);
    assert!(
        again.stdout.contains("objects 0") && again.stdout.contains("already there 3000"),
        "{}",
        again.stdout
    );
}

#[test]
fn what_cannot_be_landed_becomes_a_dead_letter_and_the_rest_goes_on() {
    let world = World::new();
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(200), "]".repeat(200));
    let large = format!("{{\"a\":\"{}\"}}", "x".repeat(900_000));
    let values: [(Option<&[u8]>, Option<&str>); 13] = [
        (Some(b"\xef\xbb\xbf{\"a\":1}"), Some("byte-order-mark")),
        (Some(b"{\"Close\":NaN}"), Some("nan-or-infinity")),
        (Some(br#""{\"Close\":1.5}""#), Some("json-in-a-string")),
        (Some(b"\0\0\0\0\x07{\"a\":1}"), Some("registry-framed")),
        (Some(b"\x02\x06NYA"), Some("binary")),
        (Some(b"hello world"), Some("not-a-json-object")),
        (Some(b"[1,2]"), Some("array")),
        (Some(b""), Some("not-a-json-object")),
        (Some(b"{\"a\":\"\xff\"}"), Some("not-a-json-object")),
        (Some(deep.as_bytes()), Some("too-deep")),
        (Some(b"{\"Date\":1,\"date\":2}"), Some("keys-collide")),
        (Some(b"{\n  \"pretty\": 1.50\n}"), None),
        (Some(large.as_bytes()), None),
    ];
    world.send(values.iter().map(|(value, _)| Send {
        partition: 1,
        value: *value,
    }));
    world.send([Send {
        partition: 2,
        value: None,
    }]);
    let run = world.land(&[]).ok();

    assert!(
        run.stdout.contains("dead letters 11") && run.stdout.contains("tombstones 1"),
        "{}",
        run.stdout
    );
    for (offset, (value, reason)) in values.iter().enumerate() {
        let key = format!("_control/stock-market/json/dead-letters/00001-{offset:020}.json");
        let letter = world.s3.object(&world.bucket, &key);
        let Some(reason) = reason else {
            assert!(letter.is_none(), "{offset}");
            continue;
        };
        let letter: serde_json::Value = serde_json::from_slice(&letter.unwrap()).unwrap();
        assert_eq!(
            (letter["reason"].as_str(), letter["topic"].as_str()),
            (Some(*reason), Some(world.topic.as_str()))
        );
        let kept = base64::Engine::decode(
            &base64::engine::general_purpose::STANDARD,
            letter["value"].as_str().unwrap(),
        )
        .unwrap();
        assert_eq!(Some(kept.as_slice()), *value);
    }
    let keys = world.data_keys();
    assert_eq!(keys.len(), 2, "{keys:?}");
    assert_eq!(world.object(&keys[0]), b"{\"pretty\":1.50}\n");
}

#[test]
fn a_field_with_the_name_of_the_partition_column_is_kept_and_warned_about_once() {
    for (format, warnings) in [("json", 1), ("jsonl", 1), ("csv", 0)] {
        let world = World::new();
        let value = br#"{"dt":"2021-06-03","id":1,"Close":1.5}"#;
        world.send([0, 1, 1].map(|partition| Send {
            partition,
            value: Some(value),
        }));
        let flags = ["--format", format, "--compression", "none"];
        let flags = &flags[..if format == "json" { 2 } else { 4 }];
        let prefix = ["--prefix", "stock-market/dt"];
        let run = world.land(&[flags, &prefix].concat()).ok();
        let said = run.stderr.matches("a field named dt").count();
        assert_eq!(said, warnings, "{format}: {}", run.stderr);
        if warnings > 0 {
            let line = [&value[..], b"\n"].concat();
            let keys = world.data_keys();
            assert!(keys.iter().all(|key| world.object(key).starts_with(&line)));
        }
    }
}

#[test]
fn tombstones_are_kept_where_they_are_wanted() {
    let world = World::new();
    world.send([
        Send {
            partition: 0,
            value: None,
        },
        Send {
            partition: 0,
            value: Some(b"{}"),
        },
    ]);
    let run = world.land(&["--tombstones", "dead-letter"]).ok();
    assert!(
        run.stdout.contains("dead letters 1 (tombstone 1)"),
        "{}",
        run.stdout
    );
    assert_eq!(world.data_keys().len(), 1);
}

#[test]
fn the_date_may_come_from_a_field_and_never_leaves_the_prefix() {
    let world = World::new();
    let long = "2".repeat(2048);
    let dates = [
        "1986-12-31",
        "9999-12-31",
        "2021-06-03T23:30:00-05:00",
        "../x",
        "a=b/c",
        "%",
        "0000-00-00",
        "😀",
        &long,
    ];
    let values: Vec<String> = dates
        .iter()
        .map(|date| serde_json::json!({ "Date": date }).to_string())
        .collect();
    world.send(values.iter().map(|value| Send {
        partition: 0,
        value: Some(value.as_bytes()),
    }));
    let run = world
        .land(&["--partition-by", "field:Date", "--granularity", "day"])
        .ok();

    let folders: Vec<String> = world
        .data_keys()
        .iter()
        .map(|key| key.split('/').nth(2).unwrap().to_owned())
        .collect();
    assert_eq!(folders, ["dt=1986-12-31", "dt=2021-06-04", "dt=9999-12-31"]);
    assert!(
        run.stdout.contains("dead letters 6 (no-partition-value 6)"),
        "{}",
        run.stdout
    );
    assert!(
        world
            .s3
            .keys(&world.bucket)
            .iter()
            .all(|key| key.starts_with("_control/stock-market/json/")
                || key.starts_with("stock-market/json/dt="))
    );
}

#[test]
fn a_dry_run_of_a_batched_zone_begins_where_the_group_is() {
    // Bug: a dry run does not ask the bucket, and took the claims that it had not looked at for
    // removed.
    let world = World::new();
    let flags = ["--format", "jsonl", "--prefix", "stock-market/jsonl"];
    world.send_numbered(30);
    world.land(&flags).ok();
    world.send_numbered(30);
    let dry = world.land(&[&flags[..], &["--dry-run"]].concat()).ok();
    assert!(dry.stdout.contains("records 30 "), "{}", dry.stdout);
    assert!(
        dry.stdout.contains("-00000000000000000010."),
        "{}",
        dry.stdout
    );
    assert!(
        !dry.stdout.contains("-00000000000000000000."),
        "{}",
        dry.stdout
    );
}

#[test]
fn a_dry_run_prints_keys_and_writes_and_commits_nothing() {
    let world = World::new();
    world.send_numbered(30);
    let dry = world.land(&["--dry-run"]).ok();
    let lines: Vec<&str> = dry
        .stdout
        .lines()
        .filter(|line| line.starts_with("stock-market/json/dt="))
        .collect();
    assert_eq!(lines.len(), 30);
    assert!(
        lines[0]
            .split_once('\t')
            .unwrap()
            .1
            .parse::<usize>()
            .unwrap()
            > 10
    );
    assert!(world.s3.keys(&world.bucket).is_empty());

    // A reader that has had enough is no failure, and a dry run leaves no offsets behind for the
    // next one.
    let mut head = process::command(&world);
    head.args([
        "--bucket",
        &world.bucket,
        "--dry-run",
        "-X",
        world.session_timeout(),
    ]);
    // It has taken all that there is: no line comes after it whose writing would fail.
    let (lines, status) = process::first_lines(&mut head, 30);
    assert_eq!((lines.len(), status.code()), (30, Some(0)), "{lines:?}");

    world.land(&[]).ok();
    check::exactly_once(&world, 30);
}

#[test]
fn a_zone_remembers_where_it_starts_when_the_flag_and_the_group_are_gone() {
    // Bug: without the flag, a new group landed the topic from its first record.
    let world = World::new();
    world.send_numbered(30);
    world.land(&["--start", "latest"]).ok();
    world.send_numbered(9);
    let group = format!("{}-new", world.topic);
    world.land(&["--group", &group]).ok();
    assert_eq!(world.data_keys().len(), 9);
}

#[test]
fn notes_of_another_start_that_never_made_a_zone_do_not_count() {
    // Bug: a run without --start began where a run with it, which had failed, would have begun.
    let world = World::new();
    world.send_numbered(30);
    let note = "_control/stock-market/json/starts/00001.json";
    let left = b"{\"partition\":1,\"offset\":7}\n";
    world.s3.put(&world.bucket, note, left);
    for start in ["earliest", "2001-01-01"] {
        let run = world.land(&["--start", start]);
        assert_eq!(run.code(), Some(1), "{}", run.stderr);
        assert!(
            run.error().contains("another --start") && run.error().contains(note),
            "{}",
            run.error()
        );
    }
    for key in world.s3.keys(&world.bucket) {
        if key.contains("/starts/") {
            world.s3.delete(&world.bucket, &key);
        }
    }
    world.land(&[]).ok();
    check::exactly_once(&world, 30);
}

#[test]
fn a_group_that_starts_at_the_latest_offset_lands_only_what_comes_after() {
    let world = World::new();
    world.send_numbered(30);
    world.land(&["--start", "latest"]).ok();
    assert!(world.data_keys().is_empty());
    world.send_numbered(9);
    // The choice was committed: now `earliest` changes nothing.
    world.land(&["--start", "earliest"]).ok();
    assert_eq!(world.data_keys().len(), 9);
}
