//! Objects that are not what they should be, in the zone, in the copy and under `_control`: nothing
//! is called done then.

use sandbox::{Fault, Rule};

use crate::{
    compact::{
        COPY, Snapshot, batches, below, compact, copies::landed, flags, keys, reader, to_parquet,
    },
    support::{PREFIX, World, process, store::Whole},
};

const DATE: &str = "dt=2021-03-15";

/// The first object of the date in the zone.
fn first(world: &World) -> String {
    keys(world, &format!("{PREFIX}/{DATE}/")).remove(0)
}

fn change(world: &World, key: &str, change: impl FnOnce(String) -> String) {
    let object = world.s3.whole(&world.bucket, key);
    let body = change(String::from_utf8(object.body.clone()).unwrap()).into_bytes();
    world
        .s3
        .put_whole(&world.bucket, key, &Whole { body, ..object });
}

/// Puts everything back as it was, and removes what came.
fn restore(world: &World, before: &Snapshot) {
    for (key, object) in before {
        world.s3.put_whole(&world.bucket, key, object);
    }
    for key in keys(world, "") {
        if !before.contains_key(&key) {
            world.s3.delete(&world.bucket, &key);
        }
    }
}

/// The date is given up for this reason, and nothing is left of it.
#[track_caller]
fn given_up(world: &World, key: &str, expected: &str) {
    let partition = ["--partition", DATE, "--format", "jsonl", "--delete-source"];
    let zone = below(world, PREFIX);
    let said = compact(world, &partition);
    let problem = said.given_up();
    assert!(
        problem.contains(key) && problem.contains(expected),
        "{problem}"
    );
    assert_eq!(keys(world, &format!("{COPY}/")), [""; 0]);
    assert_eq!(keys(world, &format!("_control/{COPY}/plans/")), [""; 0]);
    assert_eq!(zone, below(world, PREFIX), "nothing was deleted");
}

#[test]
fn a_single_record_that_was_changed_is_named() {
    let world = landed(90);
    compact(
        &world,
        &["--partition", "dt=2020-01-01", "--format", "jsonl"],
    )
    .ok();
    let before = below(&world, "");
    let key = first(&world);
    let changes: [(&dyn Fn(String) -> String, &str); 4] = [
        (
            &|body| body.replace("\"N", "\"M"),
            "does not have the hash in its metadata",
        ),
        (
            &|body| body.trim_end().to_owned(),
            "does not end with a line break",
        ),
        (&|body| format!("{body}{body}"), "more than one line"),
        (&|_| "hello world\n".to_owned(), "not a JSON object"),
    ];
    for (changed, expected) in changes {
        change(&world, &key, changed);
        given_up(&world, &key, expected);
        restore(&world, &before);
    }
    // Somebody else's object, and one that belongs elsewhere.
    world.s3.put(&world.bucket, &key, &before[&key].body);
    given_up(&world, &key, "not written by this program");
    restore(&world, &before);
    let other = keys(&world, &format!("{PREFIX}/{DATE}/")).remove(1);
    world.s3.put_whole(&world.bucket, &key, &before[&other]);
    given_up(&world, &key, "its offset is");
    restore(&world, &before);
    let (_, name) = key.rsplit_once('/').unwrap();
    let moved = format!("{PREFIX}/dt=2021-04-15/{name}");
    world.s3.put_whole(&world.bucket, &moved, &before[&key]);
    let said = compact(
        &world,
        &["--partition", "dt=2021-04-15", "--format", "jsonl"],
    );
    assert!(
        said.given_up().contains("belongs under another date"),
        "{}",
        said.given_up()
    );
}

#[test]
fn a_batch_that_was_changed_is_named() {
    let world = batches::landed(&["--format", "jsonl", "--compression", "none"]);
    compact(
        &world,
        &["--partition", "dt=2020-01-01", "--format", "jsonl"],
    )
    .ok();
    let before = below(&world, "");
    let key = first(&world);
    let without_last = |body: String| {
        let lines: Vec<&str> = body.lines().collect();
        lines[..lines.len() - 1].join("\n") + "\n"
    };
    let twice = |body: String| format!("{body}{}\n", body.lines().next().unwrap());
    let changes: [(&dyn Fn(String) -> String, &str); 4] = [
        (&without_last, "and its claim says"),
        (&twice, "and its claim says"),
        (&|body| body[..body.len() - 3].to_owned(), "it has no end"),
        (
            &|body| body.replacen("{", "[", 1),
            "line 1: not a JSON object",
        ),
    ];
    for (changed, expected) in changes {
        change(&world, &key, changed);
        given_up(&world, &key, expected);
        restore(&world, &before);
    }
    world.s3.put(&world.bucket, &key, &before[&key].body);
    given_up(&world, &key, "not written by this program");
    restore(&world, &before);
    // A second object for the same records, and a claim that is gone.
    world
        .s3
        .put_whole(&world.bucket, &format!("{key}.gz"), &before[&key]);
    given_up(
        &world,
        &format!("{key}.gz"),
        "a second object for the same records",
    );
    restore(&world, &before);
    for claim in keys(&world, &format!("_control/{PREFIX}/claims/")) {
        world.s3.delete(&world.bucket, &claim);
    }
    given_up(&world, &key, "there is no claim");
}

/// A plan that was made, and then its run was killed.
fn planned(world: &World) {
    let schema = crate::compact::schema(world);
    let held = Fault::Slow(std::time::Duration::from_secs(300));
    let rule = Rule::on("PutObject", held).with_key(&format!("{COPY}/dt="));
    let rule = world.s3.faults().install(rule);
    let mut running = process::start(
        world,
        &flags(world, &["--partition", DATE, "--schema", &schema]),
    );
    running.until("the object is held", || world.s3.faults().hits(rule) > 0);
    running.kill();
    world.s3.faults().clear();
}

#[test]
fn an_input_that_is_missing_from_a_plan_is_named_until_it_is_back() {
    let world = landed(90);
    planned(&world);
    let key = first(&world);
    let object = world.s3.whole(&world.bucket, &key);
    world.s3.delete(&world.bucket, &key);
    let said = to_parquet(&world, &["--partition", DATE]);
    assert!(
        said.given_up().contains(&key) && said.given_up().contains("restore it"),
        "{}",
        said.given_up()
    );
    // All of them: then nothing of the date is listed, and the plan is missed all the same.
    let rest = below(&world, &format!("{PREFIX}/{DATE}/"));
    rest.keys()
        .for_each(|key| world.s3.delete(&world.bucket, key));
    assert!(
        to_parquet(&world, &["--all-finished"])
            .given_up()
            .contains("restore it")
    );
    assert_eq!(keys(&world, &format!("{COPY}/{DATE}")), [""; 0]);
    restore_some(&world, &rest);
    world.s3.put_whole(&world.bucket, &key, &object);
    let said = to_parquet(&world, &["--all-finished"]).ok();
    assert_eq!(
        said.origins()
            .iter()
            .filter(|origin| **origin == "finished")
            .count(),
        1
    );
    reader::same(&world, 90);
}

fn restore_some(world: &World, objects: &Snapshot) {
    for (key, object) in objects {
        world.s3.put_whole(&world.bucket, key, object);
    }
}

#[test]
fn an_object_in_the_place_of_the_copys_is_read_and_not_believed() {
    let world = landed(90);
    let schema = crate::compact::schema(&world);
    to_parquet(&world, &["--partition", "dt=2021-04-15"]).ok();
    let other = world.object(&format!("{COPY}/dt=2021-04-15/00001.parquet"));
    let key = format!("{COPY}/{DATE}/00001.parquet");
    let huge = vec![b'x'; 4 << 20];
    let bodies: [(&[u8], &str); 4] = [
        (&other, "10 records, but others"),
        (b"hello world", "it is no Parquet file"),
        (&other[..other.len() / 2], "it is no Parquet file"),
        (&huge, "more than were written"),
    ];
    planned(&world);
    for (body, expected) in bodies {
        world.s3.put(&world.bucket, &key, body);
        let said = compact(
            &world,
            &[
                "--partition",
                DATE,
                "--schema",
                &schema,
                "--delete-source",
                "--accept-lossy",
            ],
        );
        let problem = said.given_up();
        assert!(
            problem.contains(&key) && problem.contains(expected),
            "{problem}"
        );
        assert_eq!(
            keys(&world, &format!("_control/{COPY}/plans/2021-03-15/")).len(),
            1,
            "it is not done"
        );
        assert_eq!(keys(&world, &format!("{PREFIX}/{DATE}/")).len(), 10);
    }
    world.s3.delete(&world.bucket, &key);
    let said = to_parquet(&world, &["--partition", DATE]).ok();
    assert_eq!(said.origins(), ["finished"]);
}

#[test]
fn plans_that_were_changed_or_removed_are_not_worked_with() {
    let world = landed(90);
    to_parquet(&world, &["--partition", DATE, "--max-bytes", "200"]).ok();
    let folder = format!("_control/{COPY}/plans/2021-03-15/");
    let before = below(&world, "");
    let plan = |number: u32| format!("{folder}{number:05}.json");
    let problem = || {
        to_parquet(&world, &["--partition", DATE])
            .given_up()
            .to_owned()
    };
    world.s3.delete(&world.bucket, &plan(1));
    assert!(problem().contains("restore it"));
    restore(&world, &before);
    world.s3.delete(&world.bucket, &plan(1));
    world
        .s3
        .delete(&world.bucket, &format!("{folder}00001.done.json"));
    assert!(problem().contains("though later ones are: restore it"));
    restore(&world, &before);
    world
        .s3
        .put_whole(&world.bucket, &plan(1), &before[&plan(2)]);
    assert!(problem().contains("it is about plan 2 of dt=2021-03-15"));
    restore(&world, &before);
    change(&world, &plan(1), |body| {
        body.replace("\"version\":1", "\"version\":9")
    });
    assert!(problem().contains("use a newer one"));
    restore(&world, &before);
    to_parquet(&world, &["--partition", DATE]).ok();
}

#[test]
fn a_store_without_conditional_writes_is_refused() {
    let world = World::in_sandbox("it plays a store without conditional writes");
    world.send_numbered(9);
    world.land(&["--partition-by", "field:Date"]).ok();
    let key = format!("_control/{COPY}/probe");
    world.s3.put(&world.bucket, &key, b"somebody else's");
    let error = crate::compact::refused(&world, &["--all-finished"], 1);
    assert!(
        error.contains("does not honour conditional writes"),
        "{error}"
    );
    assert_eq!(keys(&world, &format!("{COPY}/")), [""; 0]);
}
