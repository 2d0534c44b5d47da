//! Which dates are compacted, and which zones and copies.

use crate::{
    compact::{COPY, below, compact, copies::landed, keys, refused, to_parquet},
    support::{PREFIX, World, process},
};

#[test]
fn a_date_is_compacted_when_it_is_over_and_not_before() {
    let world = World::new();
    world.send_numbered(9);
    world.land(&[]).ok();
    // By Kafka's timestamps all of it is of today.
    let today = chrono::Utc::now().format("dt=%Y-%m-%d").to_string();
    let error = refused(&world, &["--partition", &today], 1);
    assert!(
        error.contains("is not finished") && error.contains("--unfinished"),
        "{error}"
    );
    let error = refused(&world, &["--partition", &today, "--lateness", "0s"], 1);
    assert!(error.contains("is not finished"), "{error}");
    let said = to_parquet(&world, &["--all-finished"]).ok();
    assert_eq!(said.dates().len(), 0);
    assert_eq!(
        said.report["unfinished"].as_array().unwrap().len(),
        1,
        "{:#}",
        said.report
    );
    assert_eq!(keys(&world, &format!("{COPY}/")), [""; 0]);
    for (sent, objects) in [(0, 1), (6, 2)] {
        world.send_numbered(sent);
        world.land(&[]).ok();
        to_parquet(&world, &["--partition", &today, "--unfinished"]).ok();
        assert_eq!(keys(&world, &format!("{COPY}/")).len(), objects);
    }
    let error = refused(&world, &["--all-finished", "--unfinished"], 2);
    assert!(error.contains("cannot be used with"), "{error}");

    let error = refused(&world, &["--partition", "dt=2021"], 1);
    assert!(error.contains("a date partition for each day"), "{error}");
    let error = refused(&world, &["--partition", "2021-13-01"], 2);
    assert!(error.contains("is no date partition"), "{error}");
    // A date of which there is nothing is nothing.
    let said = to_parquet(&world, &["--partition", "dt=2021-01-01"]).ok();
    assert_eq!(said.plans().len(), 0);
}

#[test]
fn zones_and_copies_are_not_taken_for_each_other() {
    let world = landed(9);
    to_parquet(&world, &["--all-finished"]).ok();
    let before = below(&world, "");
    let fails = |flags: &[&str], expected: &str| {
        let run = process::start(&world, flags).wait();
        assert_eq!(
            run.code(),
            Some(1),
            "{flags:?}: {}\n{}",
            run.stdout,
            run.stderr
        );
        assert!(run.error().contains(expected), "{flags:?}: {}", run.error());
    };
    let bucket = ["--bucket", &world.bucket];
    let with = |flags: &[&'static str]| -> Vec<&str> { [flags, &bucket[..]].concat() };
    // The main job and verify, on the copy.
    let is_copy = format!("compacted copy of s3://{}/{PREFIX}", world.bucket);
    fails(
        &[&["--prefix", COPY, "--until-end"][..], &bucket].concat(),
        &is_copy,
    );
    fails(
        &[&["verify", "--prefix", COPY][..], &bucket].concat(),
        &is_copy,
    );
    // From a copy, and to a zone.
    let to = ["--all-finished", "--to", "stock-market/other"];
    fails(
        &[&["compact", "--from", COPY][..], &to, &bucket].concat(),
        &is_copy,
    );
    let nothing = with(&[
        "compact",
        "--from",
        "stock-market/nothing",
        "--to",
        COPY,
        "--all-finished",
    ]);
    fails(&nothing, "there is stock-market/json");
    world
        .land(&[
            "--prefix",
            "stock-market/second",
            "--partition-by",
            "field:Date",
        ])
        .ok();
    let second = with(&[
        "compact",
        "--from",
        PREFIX,
        "--to",
        "stock-market/second",
        "--all-finished",
    ]);
    fails(&second, "this is a landing zone (topic ");
    // To the copy of another zone, or in another format.
    let other = with(&[
        "compact",
        "--from",
        "stock-market/second",
        "--to",
        COPY,
        "--all-finished",
    ]);
    fails(&other, "copy of another zone");
    let error = refused(&world, &["--all-finished", "--format", "jsonl"], 1);
    assert!(error.contains("it holds parquet, not jsonl"), "{error}");
    let error = refused(&world, &["--all-finished", "--to", "stock-market"], 2);
    assert!(
        error.contains("lie inside of each other") || error.contains("multiple times"),
        "{error}"
    );
    let after = below(&world, "");
    let changed: Vec<&String> = after
        .keys()
        .filter(|key| before.get(*key) != after.get(*key))
        .collect();
    assert!(
        changed
            .iter()
            .all(|key| key.contains("stock-market/second")),
        "{changed:?}"
    );
    // The copy does not get in the way of the zone's own commands.
    let run = process::start(
        &world,
        &[&["verify", "--prefix", PREFIX][..], &bucket].concat(),
    )
    .wait();
    assert_eq!(run.code(), Some(0), "{}\n{}", run.stdout, run.stderr);
    compact(&world, &["--all-finished"]).ok();
}
