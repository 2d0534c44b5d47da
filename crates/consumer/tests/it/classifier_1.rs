//! Zones of the first classifier, as the program left them before there was a second one: today's
//! program goes on with them, finishes their claims, reads them again and verifies them, by the
//! rule that they were made with.
//!
//! `tests/fixtures/classifier-1/README.md` says what the fixtures hold and how they were made.

use std::{collections::BTreeMap, path::PathBuf};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{BaseConsumer, CommitMode, Consumer},
};
use serde::Deserialize;

use crate::support::{World, check, kafka::Send, process::Finished, store::Whole};

/// A value of the fixture's topic.
#[derive(Deserialize)]
struct Sent {
    partition: i32,
    timestamp: i64,
    value: Option<Bytes>,
}

/// An object of the fixture's bucket.
#[derive(Deserialize)]
struct Stored {
    key: String,
    metadata: BTreeMap<String, String>,
    body: Bytes,
}

/// A committed offset of the fixture's group.
#[derive(Deserialize)]
struct Committed {
    partition: i32,
    next: i64,
    metadata: String,
}

/// Bytes as people can read them where they are UTF-8.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Bytes {
    Text(String),
    Base64(String),
}

impl Bytes {
    fn get(&self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.clone().into_bytes(),
            Self::Base64(text) => STANDARD.decode(text).unwrap(),
        }
    }
}

fn lines<T: serde::de::DeserializeOwned>(file: &str) -> Vec<T> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/classifier-1");
    let text = std::fs::read_to_string(folder.join(file)).unwrap();
    let lines = text.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().unwrap()
}

fn objects(file: &str) -> BTreeMap<String, Whole> {
    let whole = |stored: Stored| {
        let body = stored.body.get();
        let metadata = stored.metadata;
        (stored.key, Whole { body, metadata })
    };
    lines(file).into_iter().map(whole).collect()
}

fn prefix(format: &str) -> String {
    format!("stock-market/{format}")
}

fn flags<'f>(format: &'f str, others: &[&'f str]) -> Vec<&'f str> {
    let common = ["--format", format, "--partition-by", "field:Date"];
    let batches = ["--max-records", "5", "--compression", "none"];
    let batches = &batches[..if format == "json" { 0 } else { 4 }];
    [&common[..], batches, others].concat()
}

/// A world in which the old program was killed.
fn restored(format: &str) -> World {
    let world = World::in_sandbox("the fixture's group is named after its bucket");
    let topic: Vec<Sent> = lines("topic.jsonl");
    let values: Vec<Option<Vec<u8>>> = topic
        .iter()
        .map(|sent| sent.value.as_ref().map(Bytes::get))
        .collect();
    let records = topic.iter().zip(&values).map(|(sent, value)| {
        let (partition, value) = (sent.partition, value.as_deref());
        (Some(sent.timestamp), Send { partition, value })
    });
    world.send_each(records);
    for (key, whole) in objects(&format!("{format}/objects.jsonl")) {
        world.s3.put_whole(&world.bucket, &key, &whole);
    }
    let group = format!("landing.landing-zone/{}", prefix(format));
    commit(&world, &group, &lines(&format!("{format}/group.jsonl")));
    world
}

/// Commits for a group that has had no member yet: the mock cluster refuses others.
fn commit(world: &World, group: &str, all: &[Committed]) {
    let mut client = world.kafka.client();
    let consumer: BaseConsumer = client.set("group.id", group).create().unwrap();
    let mut list = TopicPartitionList::new();
    for committed in all {
        let mut element = list.add_partition(&world.topic, committed.partition);
        element.set_offset(Offset::Offset(committed.next)).unwrap();
        element.set_metadata(&committed.metadata);
    }
    consumer.commit(&list, CommitMode::Sync).unwrap();
}

/// Lands with the fixture's settings; the sandbox's Kafka is another cluster than the fixture's.
fn land(world: &World, format: &str, others: &[&str]) -> Finished {
    let others = [&["--new-cluster"], others].concat();
    world.land(&flags(format, &others)).ok()
}

/// All objects but the notes that earlier versions did not write: that another cluster was
/// accepted, and which groups landed here.
fn found(world: &World) -> BTreeMap<String, Whole> {
    let mut keys = world.s3.keys(&world.bucket);
    let is_newer = |key: &str| {
        ["/clusters/", "/groups/", "/probe"]
            .iter()
            .any(|part| key.contains(part))
    };
    keys.retain(|key| !is_newer(key));
    let whole = |key: String| {
        let whole = world.s3.whole(&world.bucket, &key);
        (key, whole)
    };
    keys.into_iter().map(whole).collect()
}

/// What a reader sees of the object: the rows of Parquet, whose other bytes belong to the version
/// of its writer, and the bytes of everything else.
fn content(key: &str, whole: &Whole) -> String {
    let mut content = format!("{:?}\n", whole.metadata);
    if key.ends_with(".parquet") {
        let body = whole.body.clone().into();
        let add = |row: &dyn std::fmt::Debug| content.push_str(&format!("{row:?}\n"));
        format::parquet::read::each_row(body, add).unwrap();
    } else {
        content.push_str(&whole.body.escape_ascii().to_string());
    }
    content
}

/// Goes on with the fixture, reads it again from its beginning, and verifies it.
fn goes_on(format: &str) {
    let world = restored(format);
    let mut expected = objects(&format!("{format}/objects.jsonl"));
    expected.extend(objects(&format!("{format}/finished.jsonl")));

    land(&world, format, &[]);
    let after = found(&world);
    let keys = |objects: &BTreeMap<String, Whole>| objects.keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&after), keys(&expected));
    for (key, whole) in &expected {
        // A claim names the bytes of its objects, so that of Parquet may name other ones.
        if format == "parquet" && key.contains("/claims/") {
            continue;
        }
        assert_eq!(content(key, &after[key]), content(key, whole), "{key}");
    }
    check::verified(&world, &prefix(format));

    let begin = |partition| Committed {
        partition,
        next: 0,
        metadata: String::new(),
    };
    commit(&world, "rewound", &[begin(0), begin(1)]);
    land(&world, format, &["--group", "rewound"]);
    assert_eq!(found(&world), after, "reading it again changes nothing");
    check::verified(&world, &prefix(format));
}

#[test]
fn one_object_per_record_goes_on_by_the_first_rule() {
    goes_on("json");
}

#[test]
fn json_lines_go_on_by_the_first_rule() {
    goes_on("jsonl");
}

#[test]
fn csv_goes_on_by_the_first_rule() {
    goes_on("csv");
}

#[test]
fn parquet_goes_on_by_the_first_rule() {
    goes_on("parquet");
}
