//! A topic whose records mostly become dead letters: the warning, and the bound on them.

use crate::support::{PARTITIONS, PREFIX, World, kafka::Send, process::Finished};

/// Sends this many records in turn to the partitions; those that `is_good` takes are JSON objects.
fn send(world: &World, count: usize, is_good: impl Fn(usize) -> bool) {
    let values: Vec<String> = (0..count)
        .map(|number| match is_good(number) {
            true => format!("{{\"number\":{number}}}"),
            false => format!("[{number}]"),
        })
        .collect();
    world.send(
        values
            .iter()
            .zip((0..PARTITIONS).cycle())
            .map(|(value, partition)| Send {
                partition,
                value: Some(value.as_bytes()),
            }),
    );
}

/// The numbers of a summary in JSON.
fn summary(run: &Finished) -> serde_json::Value {
    serde_json::from_str(&run.stdout).unwrap()
}

fn number(summary: &serde_json::Value, field: &str) -> u64 {
    summary[field].as_u64().unwrap()
}

fn dead_letters(summary: &serde_json::Value) -> u64 {
    summary["dead_letters"]["array"].as_u64().unwrap_or(0)
}

/// How far the group has committed, over all partitions.
fn committed(world: &World) -> u64 {
    let group = format!("landing.{}/{PREFIX}", world.bucket);
    let offsets = world.kafka.committed(&group, &world.topic, PARTITIONS);
    let offsets = offsets.into_iter().map(Option::unwrap_or_default);
    u64::try_from(offsets.sum::<i64>()).unwrap()
}

#[test]
fn more_dead_letters_than_allowed_end_the_run_after_what_was_taken_is_committed() {
    let world = World::new();
    send(&world, 6_000, |number| number % 2 == 0);
    let flags = ["--max-dead-letters", "100", "--output", "json"];
    let run = world.land(&flags);
    assert_eq!(run.code(), Some(65), "{}\n{}", run.stdout, run.stderr);
    let first = summary(&run);
    assert!(dead_letters(&first) > 100, "{first}");
    let reason = first["too_many_dead_letters"].as_str().unwrap();
    assert!(
        reason.contains("more than --max-dead-letters 100, most of them for array"),
        "{reason}"
    );
    // The log has the numbers from before the drain.
    let told = "more than --max-dead-letters 100";
    assert!(run.stderr.contains(told), "{}", run.stderr);
    assert_eq!(first["unfinished"], false);
    let taken = number(&first, "records") + dead_letters(&first);
    assert_eq!(committed(&world), taken);

    // Without the bound the next run lands exactly the rest.
    let rest = summary(&world.land(&["--output", "json"]).ok());
    assert_eq!(
        taken + number(&rest, "records") + dead_letters(&rest),
        6_000
    );
    assert_eq!(world.data_keys().len(), 3_000);
}

#[test]
fn a_bound_is_judged_by_whole_batches_and_holds_at_the_end_of_the_run() {
    let world = World::new();
    send(&world, 600, |number| number % 10 != 0);
    // The dead letters of a batch are stored before its data: they must not look like most of it.
    let flags = ["--format", "jsonl", "--max-dead-letters"];
    world.land(&[&flags[..], &["10%"]].concat()).ok();
    send(&world, 600, |number| number % 10 != 0);
    let run = world.land(&[&flags[..], &["9.9%"]].concat());
    assert_eq!(run.code(), Some(65), "{}\n{}", run.stdout, run.stderr);
    assert!(
        run.stdout
            .contains("records became dead letters, more than --max-dead-letters 9.9%"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_topic_of_mostly_dead_letters_is_warned_of_once() {
    let world = World::new();
    send(&world, 300, |number| number % 3 == 0);
    let run = world.land(&[]).ok();
    let warning = "records became dead letters, most of them for array";
    assert_eq!(run.stderr.matches(warning).count(), 1, "{}", run.stderr);

    let calm = World::new();
    // Far below half, also among those that happen to land first.
    send(&calm, 300, |number| number % 5 != 0);
    let run = calm.land(&[]).ok();
    assert!(
        !run.stderr.contains("became dead letters"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_bound_that_is_none_is_refused() {
    let world = World::in_sandbox("usage is the same everywhere");
    let run = world.land(&["--max-dead-letters", "some"]);
    assert_eq!(run.code(), Some(2));
    assert!(
        run.stderr
            .contains("(1000) nor a share of the records (5%)")
    );
}
