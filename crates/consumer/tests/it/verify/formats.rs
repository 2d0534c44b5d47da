//! Batches of CSV, Parquet, and JSON Lines with Kafka's own words: what is inside of them.

use crate::{
    support::{World, kafka::Send, store::Whole},
    verify::Verdict,
};

const PREFIX: &str = "stock-market/batches";

const SCHEMA: &str =
    "columns:\n  - {name: index, type: string, fields: [Index]}\n  - {name: n, type: bigint}\n";

/// All forms of files, by the flags that ask for them.
const FORMS: [&[&str]; 7] = [
    &["--format", "csv", "--compression", "none"],
    &["--format", "csv", "--compression", "gzip", "--csv-header"],
    &[
        "--format",
        "csv",
        "--compression",
        "zstd",
        "--with-metadata",
    ],
    &["--format", "parquet", "--compression", "none"],
    &["--format", "parquet", "--compression", "snappy"],
    &[
        "--format",
        "parquet",
        "--compression",
        "zstd",
        "--with-metadata",
    ],
    &[
        "--format",
        "jsonl",
        "--compression",
        "none",
        "--with-metadata",
    ],
];

fn verify(world: &World, flags: &[&str]) -> Verdict {
    crate::verify::verify(world, &[&["--prefix", PREFIX], flags].concat())
}

/// 300 records with a number, one of another type, one that is none, and a tombstone.
fn landed(form: &[&str]) -> World {
    let world = World::new();
    world.send_numbered(300);
    let values: [Option<&[u8]>; 4] = [
        Some(b"{\"Index\":\"a, \\\"b\\\"\",\"n\":\"many\"}"),
        Some(b"hello world"),
        None,
        Some(b"{\"Index\":\"a, \\\"b\\\"\",\"n\":-1}"),
    ];
    world.send(values.map(|value| Send {
        partition: 1,
        value,
    }));
    let schema = world.directory.path().join("schema.yaml");
    std::fs::write(&schema, SCHEMA).unwrap();
    let flags = ["--prefix", PREFIX, "--max-records", "40"];
    let columns = ["--schema", schema.to_str().unwrap()];
    let columns = if form.contains(&"jsonl") {
        &[][..]
    } else {
        &columns
    };
    world.land(&[&flags[..], columns, form].concat()).ok();
    world
}

/// The object of the extent of partition 2 that begins at offset 40.
fn key(world: &World) -> String {
    let mut keys = world.data_keys();
    keys.retain(|key| key.contains("/00002-00000000000000000040."));
    assert_eq!(keys.len(), 1);
    keys.remove(0)
}

#[test]
fn each_form_is_compared_with_the_topic_record_by_record() {
    // The mock cluster takes its time with each group: there, one form of each format is enough.
    let in_sandbox = !World::has_real_servers();
    let forms = FORMS
        .iter()
        .enumerate()
        .filter(|(at, _)| !in_sandbox || matches!(at, 1 | 5 | 6));
    for (_, form) in forms {
        let world = landed(form);
        verify(&world, &[]).clean();
        let deep = verify(&world, &["--deep"]).clean();
        let dead_letters = if form.contains(&"jsonl") { 1 } else { 2 };
        assert_eq!(
            ["records", "dead_letters", "tombstones", "compared"].map(|name| deep.total(name)),
            [303 - dead_letters, dead_letters, 1, 303]
        );
        verify(&world, &["--deep", "--strict", "--without-kafka"]).clean();

        // The object of another extent of the same form: it parses, and holds as many records.
        let key = key(&world);
        let object = world.s3.whole(&world.bucket, &key);
        let other = world
            .s3
            .whole(&world.bucket, &key.replace("00000040.", "00000000."));
        let planted = Whole {
            body: other.body,
            ..object.clone()
        };
        world.s3.put_whole(&world.bucket, &key, &planted);
        let deep = verify(&world, &["--deep"]).found(&["differs"]);
        assert_eq!(
            (deep.key(), deep.place()),
            (key.as_str(), (2, 40, 80)),
            "{form:?}"
        );
        verify(&world, &["--deep", "--without-kafka"]).noted(&["unverifiable"]);

        // Half of an object, and not up to the end of a line.
        let half = object.body[..object.body.len() / 2 + 1].to_vec();
        world.s3.put_whole(
            &world.bucket,
            &key,
            &Whole {
                body: half,
                ..object
            },
        );
        for flags in [&[][..], &["--without-kafka"]] {
            assert_eq!(
                verify(&world, flags).found(&["unparseable"]).key(),
                key,
                "{form:?}"
            );
        }
    }
}

#[test]
fn lines_of_csv_that_are_missing_changed_or_too_many_are_found() {
    let world = landed(FORMS[0]);
    let key = key(&world);
    let object = world.s3.whole(&world.bucket, &key);
    let text = String::from_utf8(object.body.clone()).unwrap();
    let without_last: String = text
        .lines()
        .take(39)
        .map(|line| format!("{line}\n"))
        .collect();
    let changes = [
        (without_last, "record 40", "differs"),
        (text.replacen("N1", "M1", 1), "record 1 ", "differs"),
        (format!("{text}N1,1\n"), "holds 41 records", "differs"),
        (
            format!("{text}N1,1,2\n"),
            "line 41: 3 values instead of 2",
            "unparseable",
        ),
        (
            format!("{text}\"N1,1\n"),
            "line 41: no comma separated values",
            "unparseable",
        ),
    ];
    for (body, expected, kind) in changes {
        let changed = Whole {
            body: body.into_bytes(),
            ..object.clone()
        };
        world.s3.put_whole(&world.bucket, &key, &changed);
        let deep = verify(&world, &["--deep"]).found(&[kind]);
        assert!(
            deep.report.to_string().contains(expected),
            "{:#}",
            deep.report
        );
    }
}

#[test]
fn a_schema_that_is_gone_or_changed_is_found() {
    let world = landed(FORMS[0]);
    let folder = format!("_control/{PREFIX}/schemas/");
    let mut keys = world.s3.keys(&world.bucket);
    keys.retain(|key| key.starts_with(&folder));
    let key = keys.remove(0);
    let schema = world.s3.whole(&world.bucket, &key);
    world.s3.delete(&world.bucket, &key);
    for flags in [&[][..], &["--deep"]] {
        assert_eq!(verify(&world, flags).found(&["missing-object"]).key(), key);
    }
    let other = String::from_utf8(schema.body)
        .unwrap()
        .replace("bigint", "double");
    world.s3.put(&world.bucket, &key, other.as_bytes());
    for flags in [&[][..], &["--deep"], &["--deep", "--without-kafka"]] {
        assert_eq!(verify(&world, flags).found(&["unparseable"]).key(), key);
    }
}

#[test]
fn a_header_with_other_names_is_found() {
    // Bug: only the rows behind it were compared with the topic.
    let world = landed(&["--format", "csv", "--compression", "none", "--csv-header"]);
    verify(&world, &["--deep"]).clean();
    let key = key(&world);
    let object = world.s3.whole(&world.bucket, &key);
    let text = String::from_utf8(object.body.clone()).unwrap();
    for names in ["n,index", "index,m"] {
        let body = text.replacen("index,n", names, 1).into_bytes();
        assert_ne!(body, object.body);
        let planted = Whole {
            body,
            ..object.clone()
        };
        world.s3.put_whole(&world.bucket, &key, &planted);
        let deep = verify(&world, &["--deep"]).found(&["differs"]);
        assert_eq!(deep.key(), key);
        assert!(deep.report.to_string().contains("names of the columns"));
    }
}
