//! `--delete-source`: what it removes, when, and what a rewind does afterwards.

use sandbox::{Fault, Rule};

use crate::{
    compact::{
        COPY, batches, below, compact, copies::landed, flags, keys, reader, refused, to_parquet,
    },
    support::{PREFIX, World, process, store::Whole},
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
    let text = process::start(&world, &[&all[..], &["--delete-source"]].concat())
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
        ["GetObject", "PutObject", "DeleteObjects"].map(|operation| world.s3.requests(operation));
    to_parquet(&world, &["--all-finished", "--delete-source"]).ok();
    let after =
        ["GetObject", "PutObject", "DeleteObjects"].map(|operation| world.s3.requests(operation));
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
    let rule = faults.install(Rule::on("DeleteObjects", Fault::AccessDenied).always());
    let error = refused(
        &world,
        &["--all-finished", "--schema", &schema, "--delete-source"],
        1,
    );
    assert!(error.contains("cannot be removed: AccessDenied"), "{error}");
    assert_eq!(data(&world).len(), 90);
    faults.remove(rule);
    // A reply that is lost is no harm.
    faults.install(Rule::on("DeleteObjects", Fault::LostReply).times(2));
    let run = process::start(
        &world,
        &flags(
            &world,
            &["--all-finished", "--schema", &schema, "--delete-source"],
        ),
    );
    run.wait().ok();
    assert_eq!(data(&world), [""; 0]);
    reader::same(&world, 90);
}
