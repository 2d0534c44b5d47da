//! `consumer schema infer` by its executable: what it proposes is a file that lands the topic it
//! was made from.

use crate::support::{World, check, kafka::Send, process};

fn infer(world: &World, flags: &[&str]) -> process::Finished {
    let common = ["schema", "infer", "--topic", &world.topic];
    process::start(world, &[&common[..], flags].concat()).wait()
}

fn sensor(n: i32) -> String {
    let (day, ok) = (n % 28 + 1, n % 2 == 0);
    format!(r#"{{"Sensor":"s{n}","Read At":"2026-11-{day:02}T07:00:00Z","Value":{n}.5,"ok":{ok}}}"#)
}

#[test]
fn the_proposal_lands_the_topic_as_a_table_without_a_dead_letter() {
    let world = World::new();
    let values: Vec<String> = (0..300).map(sensor).collect();
    world.send(values.iter().zip(0..).map(|(value, n)| Send {
        partition: n % 3,
        value: Some(value.as_bytes()),
    }));
    let proposal = infer(&world, &["--sample", "60"]).ok().stdout;
    for part in [
        "from 60 records",
        "name: sensor",
        "type: timestamp",
        "type: double",
        "type: boolean",
    ] {
        assert!(proposal.contains(part), "{part}: {proposal}");
    }
    std::fs::write(world.directory.path().join("schema.yaml"), proposal).unwrap();
    let plain_csv = ["--format", "csv", "--compression", "none"];
    let run = world.land(&[&plain_csv[..], &["--schema", "schema.yaml"]].concat());
    let landed = run.ok().stdout;
    assert!(
        landed.contains("records 300 ") && landed.contains("dead letters 0"),
        "{landed}"
    );
    let keys = world.data_keys();
    let first = keys.iter().find(|key| key.contains("/00000-")).unwrap();
    let body = String::from_utf8(world.object(first)).unwrap();
    assert!(
        body.starts_with("s0,2026-11-01 07:00:00.000,0.5,true\n"),
        "{body}"
    );
}

#[test]
fn the_proposal_holds_each_digit_and_says_what_it_passed_over() {
    let world = World::new();
    let values = [
        r#"{"dt":"a","order_id":9007199254740993,"big":18446744073709551615,"tags":["x"],"amount":0.1234567890123456789}"#,
        r#"{"dt":"b","order_id":-9223372036854775808,"big":1,"tags":[{"y": 1}],"amount":12345678901234567890.12}"#,
        "hello",
    ];
    world.send(values.map(|value| Send {
        partition: 0,
        value: Some(value.as_bytes()),
    }));
    let proposal = infer(&world, &[]).ok().stdout;
    for part in [
        "from 2 records",
        "# Passed over, because they are no JSON objects: 1.",
        "# Column amount: some numbers have more digits",
        "version: 2\n",
        "name: record_dt",
        "type: decimal(38,0)",
        "type: json",
    ] {
        assert!(proposal.contains(part), "{part}: {proposal}");
    }
    std::fs::write(world.directory.path().join("schema.yaml"), proposal).unwrap();
    let schema = ["--schema", "schema.yaml"];
    let csv = ["--format", "csv", "--prefix", "stock-market/csv"];
    let plain = ["--compression", "none"];
    world.land(&[&csv[..], &plain, &schema].concat()).ok();
    let keys = world.data_keys();
    let body = String::from_utf8(world.object(&keys[0])).unwrap();
    assert_eq!(
        body,
        "a,9007199254740993,18446744073709551615,\"[\"\"x\"\"]\",0.1234567890123456789\n\
         b,-9223372036854775808,1,\"[{\"\"y\"\": 1}]\",12345678901234567890.12\n"
    );
    check::verified(&world, "stock-market/csv");
    let parquet = ["--format", "parquet", "--prefix", "stock-market/parquet"];
    let run = world.land(&[&parquet[..], &schema].concat()).ok();
    assert!(run.stdout.contains("records 2 "), "{}", run.stdout);
    check::verified(&world, "stock-market/parquet");
}

#[test]
fn a_topic_without_objects_or_without_a_name_is_told() {
    let world = World::new();
    let run = infer(&world, &[]);
    assert_eq!(run.code(), Some(1));
    assert!(run.error().contains("holds no records"), "{}", run.error());
    world.send([Send {
        partition: 0,
        value: Some(b"hello"),
    }]);
    let run = infer(&world, &[]);
    assert_eq!((run.code(), run.stdout.as_str()), (Some(1), ""));
    assert!(run.error().contains(&world.topic), "{}", run.error());
    let run = infer(&world, &["--topic", "no such topic"]);
    assert_eq!(run.code(), Some(2), "{}", run.stderr);
    let help = process::start(&world, &["schema", "--help"]).wait().ok();
    assert!(
        help.stdout.contains("consumer schema infer"),
        "{}",
        help.stdout
    );
    let run = process::start(&world, &["schema", "guess"]).wait();
    assert_eq!(run.code(), Some(2));
    assert!(
        run.error().contains("'guess'") && run.stderr.contains("consumer schema infer"),
        "{}",
        run.stderr
    );
}
