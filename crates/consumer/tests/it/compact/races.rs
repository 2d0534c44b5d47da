//! Runs that are killed, runs at the same time, and objects that come late.

use std::time::Duration;

use sandbox::{Fault, Rule};

use crate::{
    compact::{COPY, below, compact, copies::landed, flags, keys, reader, to_parquet},
    support::{PREFIX, process},
};

const HELD: Fault = Fault::Slow(Duration::from_secs(300));

#[test]
fn a_run_that_is_killed_at_any_moment_is_finished_by_the_next() {
    let world = landed(900);
    let schema = crate::compact::schema(&world);
    let folder = format!("{COPY}/plans/2021-0");
    // The moments before: the first plan, a later plan, an object of the copy, the end of a plan.
    let moments = [
        format!("{folder}1-15/00001.json"),
        format!("{folder}2-15/00002.json"),
        format!("{COPY}/dt=2021-03-15/00001.parquet"),
        format!("{folder}4-15/00002.done.json"),
    ];
    let common = ["--all-finished", "--schema", &schema, "--max-bytes", "3KiB"];
    for moment in &moments {
        let held = world
            .s3
            .faults()
            .install(Rule::on("PutObject", HELD).with_key(moment));
        let mut running = process::start(&world, &flags(&world, &common));
        running.until("the request that is held", || {
            world.s3.faults().hits(held) > 0
        });
        running.kill();
        world.s3.faults().clear();
    }
    // Other settings: what was planned is finished as it was planned, what is new is not.
    let said = compact(
        &world,
        &[
            "--all-finished",
            "--schema",
            &schema,
            "--compression",
            "none",
        ],
    )
    .ok();
    let origin = |date: &str, number: u64| {
        let of_date = said
            .dates()
            .iter()
            .find(|of_date| of_date["date"] == date)
            .unwrap();
        let plans = of_date["plans"].as_array().unwrap();
        let plan = plans.iter().find(|plan| plan["number"] == number).unwrap();
        plan["origin"].as_str().unwrap().to_owned()
    };
    let origins = [
        "2021-01-15",
        "2021-02-15",
        "2021-03-15",
        "2021-04-15",
        "2021-09-15",
    ];
    let numbers = [1, 1, 1, 2, 1];
    let found: Vec<_> = origins
        .iter()
        .zip(numbers)
        .map(|(date, number)| origin(date, number))
        .collect();
    assert_eq!(
        found,
        ["before", "before", "before", "finished", "made"],
        "{:#}",
        said.report
    );
    reader::same(&world, 900);
    let again = compact(&world, &["--all-finished", "--schema", &schema]).ok();
    assert!(again.origins().iter().all(|origin| *origin == "before"));
}

#[test]
fn an_answer_that_is_lost_is_asked_for_again() {
    let world = landed(90);
    let faults = world.s3.faults();
    faults.install(
        Rule::on("PutObject", Fault::LostReply)
            .with_key(COPY)
            .with_probability(0.3, 1),
    );
    faults.install(
        Rule::on("PutObject", Fault::ServiceUnavailable)
            .with_key(COPY)
            .with_probability(0.3, 2),
    );
    faults.install(Rule::on("GetObject", Fault::Reset).with_probability(0.2, 3));
    faults.install(Rule::on("ListObjectsV2", Fault::SlowDown).with_probability(0.2, 4));
    let said = to_parquet(&world, &["--all-finished", "--concurrency", "4"]).ok();
    assert_eq!(said.total("records"), 90);
    faults.clear();
    reader::same(&world, 90);
}

#[test]
fn runs_at_the_same_time_do_no_harm() {
    let world = landed(900);
    let schema = crate::compact::schema(&world);
    // Different sizes: the runs make different plans of the same objects.
    let sizes = ["2KiB", "3KiB", "128MiB"];
    for delete in [&[][..], &["--delete-source", "--accept-lossy"]] {
        let start = |size: &&str| {
            let common = ["--all-finished", "--schema", &schema, "--max-bytes", size];
            process::start(&world, &flags(&world, &[&common[..], delete].concat()))
        };
        let running: Vec<_> = sizes.iter().map(start).collect();
        running.into_iter().for_each(|run| drop(run.wait().ok()));
        reader::same(&world, 900);
    }
    assert_eq!(keys(&world, &format!("{PREFIX}/")), [""; 0]);
}

#[test]
fn runs_that_delete_at_the_same_time_do_no_harm() {
    let world = landed(900);
    let schema = crate::compact::schema(&world);
    let start = |size: &&str| {
        let common = [
            "--all-finished",
            "--schema",
            &schema,
            "--delete-source",
            "--accept-lossy",
            "--max-bytes",
            size,
        ];
        process::start(&world, &flags(&world, &common))
    };
    let running: Vec<_> = ["2KiB", "3KiB", "128MiB"].iter().map(start).collect();
    running.into_iter().for_each(|run| drop(run.wait().ok()));
    reader::same(&world, 900);
    assert_eq!(keys(&world, &format!("{PREFIX}/")), [""; 0]);
}

#[test]
fn a_run_that_another_one_overtakes_takes_over_what_that_has_done() {
    let world = landed(900);
    let schema = crate::compact::schema(&world);
    let late = Fault::Slow(Duration::from_secs(15));
    // One is about to make its first plan, of less, and one to read its first object, when another
    // run compacts and deletes it all.
    let first_plan = format!("{COPY}/plans/2021-01-15/00001.json");
    let of_zone = format!("{PREFIX}/dt=2021-02-15/");
    let held = [
        (
            Rule::on("PutObject", late).with_key(&first_plan),
            "dt=2021-01-15",
        ),
        (
            Rule::on("GetObject", late).with_key(&of_zone),
            "dt=2021-02-15",
        ),
    ];
    let held = held.map(|(rule, date)| {
        let rule = world.s3.faults().install(rule);
        let some = [
            "--partition",
            date,
            "--schema",
            &schema,
            "--max-bytes",
            "1KiB",
        ];
        let mut run = process::start(&world, &flags(&world, &some));
        run.until("the request that is held", || {
            world.s3.faults().hits(rule) > 0
        });
        run
    });
    let all = to_parquet(&world, &["--all-finished", "--delete-source"]).ok();
    assert_eq!((all.total("records"), all.total("deleted")), (900, 900));
    for run in held {
        let run = run.wait().ok();
        let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        let plans = report["dates"][0]["plans"].as_array().unwrap();
        assert_eq!(plans.len(), 1, "{report:#}\n{}", run.stderr);
        assert_eq!(
            (&plans[0]["origin"], &plans[0]["records"]),
            (&"before".into(), &100.into())
        );
    }
    reader::same(&world, 900);
}

#[test]
fn what_comes_late_is_the_next_plan() {
    let world = landed(90);
    to_parquet(&world, &["--all-finished"]).ok();
    let first = below(&world, &format!("{COPY}/"));
    world.send_numbered(45);
    world.land(&["--partition-by", "field:Date"]).ok();
    let said = to_parquet(&world, &["--all-finished"]).ok();
    assert_eq!((said.total("records"), said.plans().len()), (135, 18));
    let all = reader::copied(&world);
    assert_eq!(all["2021-01-15"].len(), 15);
    // The records of the first objects, and then those that came late.
    let sorted = |records: &[serde_json::Value]| {
        let mut texts: Vec<String> = records.iter().map(ToString::to_string).collect();
        texts.sort();
        texts
    };
    for (date, sent) in reader::sent(&world) {
        assert_eq!(sorted(&all[&date]), sorted(&sent), "{date}");
    }
    let now = below(&world, &format!("{COPY}/"));
    assert!(
        first
            .iter()
            .all(|(key, object)| now.get(key) == Some(object))
    );
    assert_eq!(now.len(), 18);
}
