//! S3 in trouble: nothing is lost, nothing is twice, and what must stop stops.

use std::time::Duration;

use sandbox::{Fault, Rule};

use crate::support::{World, batches, check, process};

#[test]
fn failing_late_and_lost_answers_leave_each_record_in_exactly_one_object() {
    let world = World::new();
    world.send_numbered(1_500);
    let faults = [
        Fault::SlowDown,
        Fault::ServiceUnavailable,
        Fault::InternalError,
        Fault::Conflict,
        Fault::AccessDenied,
        Fault::ExpiredToken,
        Fault::WebPage,
        Fault::LostReply,
        Fault::LateApply(Duration::from_millis(300)),
        Fault::Slow(Duration::from_millis(100)),
        Fault::Reset,
    ];
    let rules: Vec<_> = faults
        .into_iter()
        .zip(1..)
        .map(|(fault, seed)| {
            world.s3.faults().install(
                Rule::on("PutObject", fault)
                    .with_key("/dt=")
                    .always()
                    .with_probability(0.03, seed),
            )
        })
        .collect();
    let run = world.land(&[]).ok();
    for rule in rules {
        assert!(
            world.s3.faults().hits(rule) > 0,
            "{:?}",
            world.s3.faults().applied()
        );
    }
    assert!(!run.stdout.contains("/ retries 0 /"), "{}", run.stdout);
    check::exactly_once(&world, 1_500);
}

#[test]
fn a_web_page_in_place_of_s3_stores_nothing_and_hides_nothing() {
    let world = World::new();
    world.send_numbered(50);
    // A proxy answers for a while after a good start: first each kind of object, then the requests
    // with which a second run finds out where to begin.
    let page = |operation: &str, key: &str, times| {
        let rule = Rule::on(operation, Fault::WebPage).with_key(key);
        world.s3.faults().install(rule.times(times))
    };
    let puts = [
        page("PutObject", "/dt=", 60),
        page("PutObject", "_control/", 6),
        page("PutObject", "/anchors/", 2),
    ];
    let run = world.land(&[]).ok();
    for rule in puts {
        assert!(world.s3.faults().hits(rule) > 0);
    }
    assert!(!run.stdout.contains("/ retries 0 /"), "{}", run.stdout);
    check::exactly_once(&world, 50);

    world.send_numbered(50);
    let looks = [
        page("GetObject", "/anchors/", 3),
        page("PutObject", "/dt=", 20),
        page("HeadObject", "", 5),
    ];
    // A lost reply leads to a HEAD.
    let lost = Rule::on("PutObject", Fault::LostReply).with_key("/dt=");
    world.s3.faults().install(lost.times(10));
    world.land(&[]).ok();
    for rule in looks {
        assert!(world.s3.faults().hits(rule) > 0);
    }
    check::exactly_once(&world, 100);
}

#[test]
fn a_web_page_in_place_of_s3_does_not_hide_the_claims_of_batches() {
    let world = World::new();
    let prefix = "stock-market/jsonl";
    let flags = ["--format", "jsonl", "--prefix", prefix];
    world.send_numbered(30);
    let page = |operation: &str, key: &str, times| {
        let rule = Rule::on(operation, Fault::WebPage).with_key(key);
        world.s3.faults().install(rule.times(times))
    };
    let first = [
        page("PutObject", "/claims/", 4),
        page("PutObject", "/dt=", 4),
    ];
    world.land(&flags).ok();
    for rule in first {
        assert!(world.s3.faults().hits(rule) > 0);
    }
    world.send_numbered(30);
    let reads = page("GetObject", "/claims/", 2);
    world.land(&flags).ok();
    assert!(world.s3.faults().hits(reads) > 0);
    batches::exactly_once(&world, prefix, 60);
}

#[test]
fn an_endpoint_that_is_no_s3_is_named_at_the_start() {
    let world = World::new();
    world.send_numbered(3);
    world
        .s3
        .faults()
        .install(Rule::on("", Fault::WebPage).always());
    let run = world.land(&[]);
    assert_eq!(run.code(), Some(1), "{}", run.stderr);
    assert!(
        run.error().contains("this is no S3 endpoint"),
        "{}",
        run.stderr
    );
    assert!(!run.stderr.contains("bug"), "{}", run.stderr);
}

#[test]
fn an_object_with_other_content_stops_its_partition_and_no_other() {
    let world = World::new();
    world.send_numbered(300);
    let (timestamp, _) = check::dump(&world)[&(1, 40)].clone();
    let day = check::day(timestamp);
    let key = format!("stock-market/json/dt={day}/00001-{:020}.json", 40);
    world.s3.put(&world.bucket, &key, b"somebody else's");

    // One request at a time: what comes after the conflict in its partition is not even tried.
    let run = world.land(&["--concurrency", "1"]);
    assert_eq!(run.code(), Some(65), "{}", run.stderr);
    assert!(
        run.stderr.contains("partition stopped") && run.stderr.contains(&key),
        "{}",
        run.stderr
    );
    assert!(
        run.stdout.contains("stopped: partition 1"),
        "{}",
        run.stdout
    );
    assert_eq!(world.object(&key), b"somebody else's");
    let keys = world.data_keys();
    for (partition, expected) in [(0, 100), (2, 100), (1, 41)] {
        let of_partition = |key: &&String| key.contains(&format!("/{partition:05}-"));
        assert_eq!(
            keys.iter().filter(of_partition).count(),
            expected,
            "partition {partition}"
        );
    }

    world.s3.delete(&world.bucket, &key);
    world.land(&[]).ok();
    check::exactly_once(&world, 300);
}

#[test]
fn a_store_without_conditional_writes_is_refused_at_the_start() {
    let world = World::in_sandbox("it needs a store without conditional writes");
    world.send_numbered(3);
    world.sandbox_s3().ignore_conditions(true);
    let run = world.land(&[]);
    assert_eq!(run.code(), Some(1));
    assert!(
        run.error().contains("does not honour conditional writes"),
        "{}",
        run.stderr
    );
    assert!(world.data_keys().is_empty());
}

#[test]
fn a_store_on_which_two_racing_creates_succeed_is_refused_at_the_start() {
    let world = World::in_sandbox("it needs a store that loses races");
    world.send_numbered(3);
    world.sandbox_s3().check_before_writing(true);
    let run = world.land(&[]);
    assert_eq!(run.code(), Some(1));
    assert!(run.error().contains("16 of 16 creates"), "{}", run.stderr);
    assert!(world.data_keys().is_empty());

    // A zone that is there has passed the race.
    world.sandbox_s3().check_before_writing(false);
    world.land(&[]).ok();
    let races = || {
        let creates = world.s3.faults().install(
            Rule::on("PutObject", Fault::Slow(Duration::ZERO))
                .with_key("/race/")
                .always(),
        );
        world.land(&[]).ok();
        world.s3.faults().hits(creates)
    };
    assert_eq!(races(), 0);
    check::exactly_once(&world, 3);
}

#[test]
fn a_stop_while_s3_is_down_ends_at_the_grace_period_and_loses_nothing() {
    let world = World::new();
    world.send_numbered(600);
    let rule = world.s3.faults().install(
        Rule::on("PutObject", Fault::ServiceUnavailable)
            .with_key("/dt=")
            .always(),
    );
    let running = world.start(&["--grace-period", "1s"]);
    process::until("a failed upload", || world.s3.faults().hits(rule) > 50);
    running.signal("TERM");
    let run = running.wait();
    assert_eq!(run.code(), Some(1), "{}", run.stderr);
    assert!(run.stdout.contains("unfinished"), "{}", run.stdout);

    world.s3.faults().clear();
    world.land(&[]).ok();
    check::exactly_once(&world, 600);
}

#[test]
fn the_health_page_is_red_while_a_partition_is_stopped_and_the_others_go_on() {
    let world = World::new();
    world.send_numbered(30);
    let day = check::day(check::dump(&world)[&(1, 0)].0);
    let key = format!("stock-market/json/dt={day}/00001-{:020}.json", 0);
    world.s3.put(&world.bucket, &key, b"somebody else's");
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let running = world.start(&["--metrics-addr", &free.to_string()]);

    let health = || process::page(free, "/healthz").unwrap_or_default();
    process::until("a red page", || health().starts_with("HTTP/1.1 503"));
    assert!(health().contains("partition 1 is stopped"), "{}", health());
    world.send_numbered(30);
    let others = |key: &&String| !key.contains("/00001-");
    process::until("the others", || {
        world.data_keys().iter().filter(others).count() == 40
    });
    running.signal("TERM");
    assert_eq!(running.wait().code(), Some(65));
}

#[test]
fn an_anchor_that_somebody_changed_stops_its_partition() {
    let world = World::new();
    world.send_numbered(30);
    let key = "_control/stock-market/json/anchors/00001.json";
    world.s3.put(&world.bucket, key, b"hello");
    let run = world.land(&[]);
    assert_eq!(run.code(), Some(65), "{}", run.stderr);
    assert!(
        run.stdout.contains("is no anchor of this program"),
        "{}",
        run.stdout
    );
    assert_eq!(world.data_keys().len(), 20);
}

#[test]
fn a_store_that_is_busy_at_the_start_is_waited_for() {
    let world = World::new();
    world.send_numbered(3);
    for fault in [Fault::Conflict, Fault::ServiceUnavailable] {
        world
            .s3
            .faults()
            .install(Rule::on("PutObject", fault).with_key("_control/").times(2));
    }
    world.land(&[]).ok();
    check::exactly_once(&world, 3);
}
