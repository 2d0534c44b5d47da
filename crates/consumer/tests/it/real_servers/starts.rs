//! Where a new zone begins, and a topic that is not there.

use crate::support::{World, check, process};

#[test]
fn a_zone_that_starts_at_a_time_lands_what_came_from_then_on() {
    let Some(world) = World::real() else { return };
    let time = |text: &str| {
        let time = chrono::DateTime::parse_from_rfc3339(text).unwrap();
        Some(time.timestamp_millis())
    };
    // Retention would remove what is older than a week.
    let day = |back: i64| {
        let now = chrono::DateTime::from(std::time::SystemTime::now());
        let day: chrono::DateTime<chrono::Utc> = now - chrono::TimeDelta::days(back);
        day.format("%Y-%m-%d").to_string()
    };
    world.send_numbered_at(time(&format!("{}T23:59:59Z", day(3))), 30);
    world.send_numbered_at(time(&format!("{}T00:00:00Z", day(2))), 60);
    world.send_numbered_at(time(&format!("{}T10:00:00Z", day(1))), 9);
    world.land(&["--start", &day(2)]).ok();
    assert_eq!(world.data_keys().len(), 69);
    let dates: std::collections::BTreeSet<_> = check::dump(&world)
        .values()
        .map(|record| check::day(record.0))
        .collect();
    assert_eq!(dates.len(), 3);
    let folder = format!("dt={}", day(3));
    assert!(world.data_keys().iter().all(|key| !key.contains(&folder)));
}

#[test]
fn a_topic_that_is_not_there_is_named_with_the_way_on() {
    let Some(world) = World::real() else { return };
    let flags = [
        "--bucket",
        &world.bucket,
        "--topic",
        "not-there",
        "--until-end",
    ];
    let run = process::start(&world, &flags).wait();
    assert_eq!(run.code(), Some(1), "{}", run.stderr);
    assert!(
        run.error().contains("there is no topic 'not-there'"),
        "{}",
        run.stderr
    );
    assert!(
        run.error().contains("start the producer first"),
        "{}",
        run.stderr
    );
}
