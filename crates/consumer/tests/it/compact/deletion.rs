//! `--delete-source`: what it removes, when, and what a rewind does afterwards.

use sandbox::{Fault, Rule};

use crate::{
    compact::{
        COPY, batches, below, compact, copies::landed, flags, keys, reader, refused, to_parquet,
    },
    support::{PREFIX, World, kafka::Send, process, store::Whole},
};

fn data(world: &World) -> Vec<String> {
    keys(world, &format!("{PREFIX}/"))
}

#[test]
fn exactly_the_inputs_are_deleted_and_only_when_it_is_asked_for() {
    let world = landed(900);
    let foreign = format!("{PREFIX}/dt=2021-01-15/readme.txt");
    world.s3.put(&world.bucket, &foreign, b"hello");
    let control = below(&world, &format!("_control/{PREFIX}/"));
    let said = to_parquet(&world, &["--partition", "dt=2021-01-15"]).ok();
    assert_eq!((said.remaining(), said.total("deleted")), (100, 0));
    assert_eq!(said.dates()[0]["unknown_objects"], 1);
    assert_eq!(data(&world).len(), 901);

    // Done by an earlier run: verified again, and deleted.
    let said = to_parquet(&world, &["--partition", "dt=2021-01-15", "--delete-source"]).ok();
    assert_eq!(
        (said.origins(), said.total("deleted")),
        (vec!["before"], 100)
    );
    assert_eq!(data(&world).len(), 801);
    assert_eq!(keys(&world, &format!("{PREFIX}/dt=2021-01-15/")), [foreign]);

    // In one go, and said to people.
    let schema = crate::compact::schema(&world);
    let all = [
        "compact",
        "--bucket",
        &world.bucket,
        "--from",
        PREFIX,
        "--to",
        COPY,
        "--all-finished",
        "--schema",
        &schema,
    ];
    let text = process::start(&world, &all).wait().ok().stdout;
    assert!(
        text.contains("--delete-source would delete 800 objects"),
        "{text}"
    );
    let text = process::start(
        &world,
        &[&all[..], &["--delete-source", "--accept-lossy"]].concat(),
    )
    .wait()
    .ok()
    .stdout;
    assert!(
        text.contains("deleted 800 objects") && text.contains("will not be compacted twice"),
        "{text}"
    );
    assert_eq!(data(&world).len(), 1);
    reader::same(&world, 900);
    assert_eq!(
        control,
        below(&world, &format!("_control/{PREFIX}/")),
        "the zone's own objects stay"
    );

    // There is nothing left to do, and little to ask.
    let before =
        ["GetObject", "PutObject", "DeleteObject"].map(|operation| world.s3.requests(operation));
    to_parquet(&world, &["--all-finished", "--delete-source"]).ok();
    let after =
        ["GetObject", "PutObject", "DeleteObject"].map(|operation| world.s3.requests(operation));
    assert!(
        after[0] - before[0] < 10 && after[1..] == before[1..],
        "{before:?} {after:?}"
    );
}

#[test]
fn nothing_is_deleted_when_the_copy_is_not_what_it_was() {
    let world = landed(90);
    to_parquet(&world, &["--all-finished"]).ok();
    let copies = keys(&world, &format!("{COPY}/"));
    let (changed, removed, swapped) = (&copies[0], &copies[1], &copies[2]);
    let object = world.s3.whole(&world.bucket, changed);
    let mut body = object.body.clone();
    let at = body.len() / 4;
    body[at] ^= 1;
    world
        .s3
        .put_whole(&world.bucket, changed, &Whole { body, ..object });
    world.s3.delete(&world.bucket, removed);
    let other = world.s3.whole(&world.bucket, &copies[3]);
    world.s3.put_whole(&world.bucket, swapped, &other);
    let said = to_parquet(&world, &["--all-finished", "--delete-source"]);
    assert_eq!(said.code, 65);
    let problems: Vec<&str> = said
        .dates()
        .iter()
        .filter_map(|date| date["problem"].as_str())
        .collect();
    assert_eq!(problems.len(), 3, "{:#}", said.report);
    for (problem, key) in problems.iter().zip(&copies) {
        assert!(problem.contains(key.as_str()), "{problem}");
    }
    // Of the three dates everything is there still.
    assert_eq!((data(&world).len(), said.total("deleted")), (30, 60));
}

#[test]
fn records_that_a_rewind_lands_again_are_not_compacted_twice() {
    let world = landed(90);
    to_parquet(&world, &["--all-finished", "--delete-source"]).ok();
    assert_eq!(data(&world), [""; 0]);
    // New ones, and the old ones again.
    world.send_numbered(45);
    world
        .land(&[
            "--partition-by",
            "field:Date",
            "--group",
            "from-the-beginning",
        ])
        .ok();
    assert_eq!(data(&world).len(), 135);
    let said = to_parquet(&world, &["--all-finished"]).ok();
    assert_eq!(said.total("records"), 135);
    assert_eq!(
        reader::copied(&world).values().map(Vec::len).sum::<usize>(),
        135
    );
    let made = said
        .plans()
        .into_iter()
        .filter(|plan| plan["origin"] == "made");
    assert_eq!(
        made.map(|plan| plan["records"].as_u64().unwrap())
            .sum::<u64>(),
        45
    );
    assert_eq!(said.remaining(), 135);
    let said = to_parquet(&world, &["--all-finished", "--delete-source"]).ok();
    assert_eq!(said.total("deleted"), 135);
}

#[test]
fn what_a_topic_that_was_made_again_lands_under_the_same_keys_is_not_deleted() {
    let world = landed(90);
    to_parquet(&world, &["--all-finished"]).ok();
    let folder = format!("{PREFIX}/dt=2021-03-15/");
    let objects = below(&world, &folder);
    // Other records of the same sizes, each proven by its own metadata.
    for (key, object) in &objects {
        let body = String::from_utf8(object.body.clone())
            .unwrap()
            .replace("\"N", "\"M")
            .into_bytes();
        let mut changed = Whole {
            body,
            ..object.clone()
        };
        let value = &changed.body[..changed.body.len() - 1];
        changed
            .metadata
            .insert("sha256".to_owned(), crate::compact::copies::hex(value));
        world.s3.put_whole(&world.bucket, key, &changed);
    }
    let said = to_parquet(&world, &["--all-finished", "--delete-source"]);
    let problem = said.given_up();
    assert!(
        problem.contains(&folder) && problem.contains("the copy does not hold what it holds"),
        "{problem}"
    );
    assert_eq!((data(&world).len(), said.total("deleted")), (10, 80));
    // Of other sizes: that is seen without reading any.
    for (key, object) in &objects {
        let body = [&object.body[..], b" "].concat();
        world.s3.put_whole(
            &world.bucket,
            key,
            &Whole {
                body,
                ..object.clone()
            },
        );
    }
    let said = to_parquet(&world, &["--all-finished"]);
    assert!(
        said.given_up()
            .contains("others than those that were compacted"),
        "{}",
        said.given_up()
    );
    // Some of them as they were: those go, and no others.
    for (key, object) in objects.iter().take(1) {
        world.s3.put_whole(&world.bucket, key, object);
    }
    for key in objects.keys().skip(1) {
        world.s3.delete(&world.bucket, key);
    }
    let said = to_parquet(&world, &["--all-finished", "--delete-source"]).ok();
    assert_eq!((data(&world).len(), said.total("deleted")), (0, 1));
    reader::same(&world, 90);
}

#[test]
fn the_newest_batch_stays_so_that_the_consumer_goes_on() {
    let world = batches::landed(&["--format", "jsonl"]);
    let before = data(&world).len();
    let said = compact(
        &world,
        &["--all-finished", "--format", "jsonl", "--delete-source"],
    )
    .ok();
    // Three partitions with nine dates in the newest batch.
    let (deleted, kept) = (said.total("deleted"), said.total("kept"));
    assert_eq!(
        (deleted + kept, said.remaining()),
        (before as u64, before as u64)
    );
    assert_eq!(data(&world).len() as u64, kept);
    assert!(kept > 0 && kept <= 27, "{kept}");
    reader::same(&world, 900);

    // A group that knows nothing goes on at the newest batch, and lands nothing again.
    let left = below(&world, &format!("{PREFIX}/"));
    let common = [
        "--prefix",
        PREFIX,
        "--partition-by",
        "field:Date",
        "--format",
        "jsonl",
    ];
    world
        .land(&[&common[..], &["--group", "from-the-beginning"]].concat())
        .ok();
    assert_eq!(left, below(&world, &format!("{PREFIX}/")));
    // When there are newer ones, it goes, too.
    world.send_numbered(90);
    world.land(&common).ok();
    let said = compact(
        &world,
        &["--all-finished", "--format", "jsonl", "--delete-source"],
    )
    .ok();
    assert_eq!((said.total("deleted"), said.total("records")), (kept, 990));
}

#[test]
fn keys_that_s3_does_not_delete_are_named_and_tried_again_by_the_next_run() {
    let world = landed(90);
    let schema = crate::compact::schema(&world);
    let faults = world.s3.faults();
    let rule = faults.install(Rule::on("DeleteObject", Fault::AccessDenied).always());
    let error = refused(
        &world,
        &[
            "--all-finished",
            "--schema",
            &schema,
            "--delete-source",
            "--accept-lossy",
        ],
        1,
    );
    assert!(error.contains("cannot be removed: "), "{error}");
    assert!(error.contains("AccessDenied"), "{error}");
    assert_eq!(data(&world).len(), 90);
    faults.remove(rule);
    // A reply that is lost is no harm.
    faults.install(Rule::on("DeleteObject", Fault::LostReply).times(2));
    let run = process::start(
        &world,
        &flags(
            &world,
            &[
                "--all-finished",
                "--schema",
                &schema,
                "--delete-source",
                "--accept-lossy",
            ],
        ),
    );
    run.wait().ok();
    assert_eq!(data(&world), [""; 0]);
    reader::same(&world, 90);
}

/// A record for each kind of loss, and one without any.
const LOSSY: [&[u8]; 3] = [
    b"{\"Date\":\"2021-01-15\",\"price\":0.12345678901234567890,\"name\":17}",
    b"{\"Date\":\"2021-01-15\",\"at\":\"2021-01-15T07:30:00.123456Z\",\"more\":1}",
    b"{\"Date\":\"2021-01-15\",\"price\":1.5,\"name\":\"a\"}",
];

#[test]
fn what_a_copy_does_not_keep_is_deleted_only_where_that_is_accepted() {
    let world = World::new();
    world.send(LOSSY.map(|value| Send {
        partition: 0,
        value: Some(value),
    }));
    world.land(&["--partition-by", "field:Date"]).ok();
    let columns = "columns:\n  - {name: date, type: date}\n  - {name: price, type: double}\n  - {name: name, type: string}\n  - {name: at, \
                   type: timestamp}\n";
    let file = world.directory.path().join("lossy.yaml");
    std::fs::write(&file, columns).unwrap();
    let flags = [
        "--all-finished",
        "--drop-unknown-fields",
        "--schema",
        file.to_str().unwrap(),
    ];
    let deleting = [&flags[..], &["--delete-source"]].concat();
    let error = refused(&world, &deleting, 2);
    assert!(
        error.contains("--accept-lossy") && error.contains("--format jsonl"),
        "{error}"
    );
    assert_eq!(keys(&world, &format!("_control/{COPY}/")), [""; 0]);

    let kinds = serde_json::json!({"below-millisecond": 1, "dropped-fields": 1, "other-types": 1, "rounded-numbers": 1});
    let said = compact(&world, &flags).ok();
    assert_eq!(said.plans()[0]["not_kept"], kinds);
    assert_eq!(data(&world).len(), 3);
    // The plan was carried out before: what is deleted is read, and counted.
    let accepted = [&deleting[..], &["--accept-lossy"]].concat();
    let said = compact(&world, &accepted).ok();
    assert_eq!(said.plans()[0]["not_kept"], kinds);
    assert_eq!((data(&world).len(), said.total("deleted")), (0, 3));
}

#[test]
fn rows_of_a_parquet_zone_are_deleted_when_the_copy_has_all_of_their_columns() {
    let world = World::new();
    let schema = crate::compact::schema(&world);
    world.send_numbered(90);
    let land = [
        "--prefix",
        PREFIX,
        "--partition-by",
        "field:Date",
        "--format",
        "parquet",
        "--schema",
        &schema,
    ];
    world.land(&land).ok();
    world.send_numbered(90);
    world.land(&land).ok();
    let narrow = world.directory.path().join("narrow.yaml");
    std::fs::write(&narrow, "columns:\n  - {name: date, type: date}\n").unwrap();
    let flags = ["--all-finished", "--delete-source"];
    let dropping = [
        "--drop-unknown-fields",
        "--schema",
        narrow.to_str().unwrap(),
        "--to",
        "stock-market/narrow",
    ];
    let mut argv = flags_to(&world, &flags);
    argv.extend(dropping);
    let run = process::start(&world, &argv).wait();
    assert_eq!(run.code(), Some(65), "{}", run.stdout);
    assert!(
        run.stdout.contains("dropped-fields") && run.stdout.contains("nothing was deleted"),
        "{}",
        run.stdout
    );
    let before = data(&world).len();
    let said = compact(&world, &flags).ok();
    let deleted = said.total("deleted");
    assert!(deleted > 0);
    assert_eq!(data(&world).len() as u64, before as u64 - deleted);
}

/// The flags of a compaction without its `--to`.
fn flags_to<'f>(world: &'f World, others: &[&'f str]) -> Vec<&'f str> {
    let mut all = flags(world, others);
    let at = all.iter().position(|flag| *flag == "--to").unwrap();
    all.drain(at..at + 2);
    all
}

#[test]
fn an_object_that_changes_between_its_verification_and_its_deletion_stays() {
    for earlier_run in [false, true] {
        let world = landed(90);
        let flags = ["--partition", "dt=2021-01-15", "--format", "jsonl"];
        if earlier_run {
            compact(&world, &flags).ok();
        }
        let keys = data(&world);
        let changed = keys.iter().find(|key| key.contains("dt=2021-01-15"));
        let changed = changed.unwrap().clone();
        let mut other = world.s3.whole(&world.bucket, &changed);
        // A write of the same size, after everything was compared.
        other.body[10] ^= 1;
        let faults = world.s3.faults();
        let rule = Rule::on("DeleteObject", Fault::SlowDown).always();
        let rule = faults.install(rule);
        let before = world.s3.requests("DeleteObject");
        let run = process::start(
            &world,
            &crate::compact::flags(&world, &[&flags[..], &["--delete-source"]].concat()),
        );
        for _ in 0..600 {
            if world.s3.requests("DeleteObject") > before {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        world.s3.put_whole(&world.bucket, &changed, &other);
        faults.remove(rule);
        let run = run.wait();
        assert_eq!(run.code(), Some(65), "{}\n{}", run.stdout, run.stderr);
        let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        let problem = report["dates"][0]["problem"].as_str().unwrap();
        assert!(
            problem.contains(&changed) && problem.contains("it was changed after"),
            "{problem}"
        );
        assert_eq!(report["dates"][0]["plans"][0]["deleted"], 9);
        assert_eq!(world.s3.whole(&world.bucket, &changed).body, other.body);
        assert_eq!(data(&world).len(), 81);
    }
}

#[test]
fn nothing_of_a_plan_is_deleted_before_all_of_it_was_compared() {
    // Bug: the objects that were compared first were gone when a later one turned out to differ.
    let world = World::new();
    let values: Vec<String> = (0..1_100)
        .map(|n| format!("{{\"Date\":\"2021-01-15\",\"n\":\"N{n}\"}}"))
        .collect();
    world.send(values.iter().map(|value| Send {
        partition: 0,
        value: Some(value.as_bytes()),
    }));
    world.land(&["--partition-by", "field:Date"]).ok();
    let flags = ["--all-finished", "--format", "jsonl"];
    let said = compact(&world, &flags).ok();
    assert_eq!(said.plans().len(), 1);
    let keys = data(&world);
    let last = keys.last().unwrap();
    let mut other = world.s3.whole(&world.bucket, last);
    other.body = String::from_utf8(other.body)
        .unwrap()
        .replace("\"N", "\"M")
        .into_bytes();
    let hash = crate::compact::copies::hex(&other.body[..other.body.len() - 1]);
    other.metadata.insert("sha256".to_owned(), hash);
    world.s3.put_whole(&world.bucket, last, &other);
    let said = compact(&world, &[&flags[..], &["--delete-source"]].concat());
    let problem = said.given_up();
    assert!(
        problem.contains("the copy does not hold what it holds"),
        "{problem}"
    );
    assert_eq!((data(&world).len(), said.total("deleted")), (1_100, 0));
}

#[test]
fn times_of_a_text_column_are_not_deleted_when_the_copy_has_only_their_instants() {
    // Bug: that another spelling was lost counted for nothing, as in a zone of JSON.
    let world = World::new();
    let columns = |name: &str, kind: &str| {
        let file = world.directory.path().join(name);
        let text =
            format!("columns:\n  - {{name: date, type: date}}\n  - {{name: at, type: {kind}}}\n");
        std::fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let (texts, times) = (
        columns("texts.yaml", "string"),
        columns("times.yaml", "timestamp"),
    );
    for _ in 0..2 {
        world.send([Send {
            partition: 0,
            value: Some(b"{\"Date\":\"2021-01-15\",\"at\":\"2021-01-15T07:30Z\"}"),
        }]);
        let land = ["--prefix", PREFIX, "--partition-by", "field:Date"];
        let form = ["--format", "parquet", "--schema", &texts];
        world.land(&[land, form].concat()).ok();
    }
    let flags = ["--all-finished", "--schema", &times, "--delete-source"];
    for _ in 0..2 {
        // Carried out by this run, then by an earlier one.
        let said = compact(&world, &flags);
        let problem = said.given_up();
        assert!(
            problem.contains("nothing was deleted") && problem.contains("other-types"),
            "{problem}"
        );
        assert_eq!((data(&world).len(), said.total("deleted")), (2, 0));
    }
    let said = compact(&world, &[&flags[..], &["--accept-lossy"]].concat()).ok();
    assert_eq!(said.total("deleted"), 1);
}
