//! What a record's columns are is the same in every layout: which names fill a column, which values
//! it takes, and which records become dead letters.

use std::collections::BTreeMap;

use crate::support::{World, check, kafka::Send};

const VALUES: [&str; 10] = [
    r#"{"Index":"HSI","Date":"2021-06-03","Close":"123.45"}"#,
    r#"{"index":"HSI","date":"2021-06-03T15:30:00+05:30","closeusd":1.5}"#,
    r#"{"INDEX":"HSI","Adj_Close":1,"Close USD":2}"#,
    "{\"Index\":{\"a\":\n [1]},\"Adj Close\":3}",
    r#"{"Index":"HSI","Close":[1]}"#,
    r#"{"Index":"HSI","Open":{"a":1}}"#,
    r#"{"Index":"HSI","Volume":"many"}"#,
    r#"{"Index":"HSI","Date":"03/06/2021"}"#,
    r#"{"Index":"HSI","Close USD":1,"close_usd":1}"#,
    r#"{"Index":"HSI","High":1e999}"#,
];

/// The dead letters by offset: reason and column.
type Letters = BTreeMap<i64, (String, String)>;

fn letters(world: &World) -> Letters {
    let mut letters = Letters::new();
    let keys = world.s3.keys(&world.bucket).into_iter();
    for key in keys.filter(|key| key.contains("/dead-letters/")) {
        let text = String::from_utf8(world.object(&key)).unwrap();
        for line in text.lines() {
            let letter: serde_json::Value = serde_json::from_str(line).unwrap();
            let text = |name: &str| letter[name].as_str().unwrap_or_default().to_owned();
            let place = letter["offset"].as_i64().unwrap();
            letters.insert(place, (text("reason"), text("column")));
        }
    }
    letters
}

fn landed(flags: &[&str]) -> (Letters, String) {
    let world = World::new();
    world.send(VALUES.map(|value| Send {
        partition: 0,
        value: Some(value.as_bytes()),
    }));
    let prefix = ["--prefix", "stock-market/columns"];
    world.land(&[&prefix[..], flags].concat()).ok();
    check::verified(&world, prefix[1]);
    let again = ["--group", "another"];
    let again = world.land(&[&prefix[..], flags, &again].concat()).ok();
    assert!(again.stdout.contains("objects 0 "), "{}", again.stdout);
    let mut data = world.data_keys();
    data.sort();
    let bodies = data.iter().map(|key| world.object(key)).collect::<Vec<_>>();
    let text = String::from_utf8_lossy(&bodies.concat()).into_owned();
    (letters(&world), text)
}

#[test]
fn each_layout_makes_the_same_dead_letters_and_raw_json_keeps_its_bytes() {
    let plain = ["--compression", "none"];
    let jsonl = ["--format", "jsonl", "--check-columns"];
    let (json, json_text) = landed(&["--check-columns"]);
    let (jsonl, jsonl_text) = landed(&[&jsonl[..], &plain].concat());
    let (csv, csv_text) = landed(&[&["--format", "csv"][..], &plain].concat());
    let (parquet, _) = landed(&["--format", "parquet"]);

    let wrong = |column: &str| ("wrong-type".to_owned(), column.to_owned());
    let letter = |reason: &str, column: &str| (reason.to_owned(), column.to_owned());
    let expected = Letters::from([
        (4, wrong("close")),
        (5, wrong("open")),
        (6, wrong("volume")),
        (7, letter("unparseable-date", "date")),
        (8, letter("keys-collide", "close_usd")),
        (9, letter("number-out-of-range", "high")),
    ]);
    assert_eq!(json, expected);
    assert_eq!(jsonl, expected);
    assert_eq!(csv, expected);
    assert_eq!(parquet, expected);

    let kept = [
        VALUES[0],
        VALUES[1],
        VALUES[2],
        r#"{"Index":{"a":[1]},"Adj Close":3}"#,
    ];
    let kept = kept.map(|value| format!("{value}\n")).concat();
    assert_eq!((json_text, jsonl_text), (kept.clone(), kept));
    assert_eq!(
        csv_text,
        "HSI,2021-06-03,,,,123.45,,,\nHSI,2021-06-03,,,,,,,1.5\nHSI,,,,,,1,,2\n\"{\"\"a\"\":[1]}\",,,,,,3,,\n"
    );
}

#[test]
fn a_zone_with_one_object_per_record_keeps_its_columns() {
    let world = World::new();
    world.send_numbered(3);
    world.land(&["--check-columns"]).ok();
    let run = world.land(&[]);
    assert_eq!(run.code(), Some(1), "{}", run.stderr);
    assert!(run.error().contains("check-columns"), "{}", run.error());
}

#[test]
fn what_a_column_rounds_or_cuts_off_is_counted_warned_of_and_said() {
    let values = [
        r#"{"Index":"HSI","Date":"2021-06-03","Close":24.69,"Open":9007199254740993}"#,
        r#"{"Index":"HSI","Date":"2021-06-03T15:30:00Z","Close":0.12345678901234567890}"#,
        // A dead letter: what its columns would have rounded does not count.
        r#"{"Index":"HSI","Close":9007199254740993,"Volume":"many"}"#,
    ];
    let land = |format: &str| {
        let world = World::new();
        world.send(values.map(|value| Send {
            partition: 0,
            value: Some(value.as_bytes()),
        }));
        let prefix = ["--prefix", "stock-market/rounded"];
        world
            .land(&[&prefix[..], &["--format", format]].concat())
            .ok()
    };
    for format in ["parquet", "csv"] {
        let run = land(format);
        let said = "values rounded or cut off 3 (rounded-numbers 2, times-of-day 1)";
        assert!(run.stdout.contains(said), "{}", run.stdout);
        let warned = run
            .stderr
            .matches("columns round or cut off values")
            .count();
        assert_eq!(warned, 1, "{}", run.stderr);
    }
    let run = land("jsonl");
    assert!(!run.stdout.contains("rounded"), "{}", run.stdout);
}
