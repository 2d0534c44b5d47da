//! The IAM policies allow what each program does, on its own topic and prefix, and nothing more.
//!
//! Not here: how AWS evaluates them, and whether the programs need each of them, which
//! `crates/consumer/tests/it/iam.rs` finds out by running them. The consumer can neither delete nor
//! leave its landing zone.

use std::collections::BTreeMap;

use landing::{Offset, Partition, Place, partition_by::DatePartition};
use serde_json::Value;

use super::{BUCKET, TOPIC, planted, prefix, strings};
use crate::repository::{json, names, text};

const CLUSTER: &str = "CLUSTER_NAME/CLUSTER_UUID";
/// Where the README's command puts the compacted copy.
const COPY: &str = "stock-market/compacted";

/// What Athena's editor asks before it shows anything; AWS knows no resources of these.
const OF_THE_EDITOR: [&str; 3] = [
    "athena:ListDataCatalogs",
    "athena:ListEngineVersions",
    "athena:ListWorkGroups",
];

/// Resource -> its actions, of all statements; each must be a plain permission.
fn grants(policy: &Value) -> BTreeMap<String, Vec<String>> {
    let mut grants: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for statement in policy["Statement"].as_array().unwrap() {
        assert_eq!(statement["Effect"], "Allow");
        for resource in strings(&statement["Resource"]) {
            let actions = strings(&statement["Action"]).into_iter().map(str::to_owned);
            grants
                .entry(resource.to_owned())
                .or_default()
                .extend(actions);
        }
    }
    grants.values_mut().for_each(|actions| actions.sort());
    grants
}

fn kafka(kind: &str, name: &str) -> String {
    format!("arn:aws:kafka:REGION:ACCOUNT_ID:{kind}/{CLUSTER}{name}")
}

fn expected(list: Vec<(String, &[&str])>) -> BTreeMap<String, Vec<String>> {
    let owned = |actions: &[&str]| actions.iter().map(|action| (*action).to_owned()).collect();
    list.into_iter()
        .map(|(resource, actions)| (resource, owned(actions)))
        .collect()
}

fn expected_of_consumer() -> BTreeMap<String, Vec<String>> {
    let (bucket, prefix) = (format!("arn:aws:s3:::{BUCKET}"), prefix());
    let group = format!("/landing.{BUCKET}/{prefix}");
    let objects: &[&str] = &["s3:GetObject", "s3:PutObject"];
    expected(vec![
        (bucket.clone(), &["s3:ListBucket"]),
        (format!("{bucket}/{prefix}/*"), objects),
        (format!("{bucket}/_control/{prefix}/*"), objects),
        (kafka("cluster", ""), &["kafka-cluster:Connect"]),
        (
            kafka("topic", &format!("/{TOPIC}")),
            &["kafka-cluster:DescribeTopic", "kafka-cluster:ReadData"],
        ),
        (
            kafka("group", &group),
            &["kafka-cluster:AlterGroup", "kafka-cluster:DescribeGroup"],
        ),
    ])
}

/// It asks whether the topic is compacted, how far the group came, and commits nothing.
fn expected_of_verify() -> BTreeMap<String, Vec<String>> {
    let (bucket, prefix) = (format!("arn:aws:s3:::{BUCKET}"), prefix());
    let group = format!("/landing.{BUCKET}/{prefix}");
    let objects: &[&str] = &["s3:GetObject"];
    expected(vec![
        (bucket.clone(), &["s3:ListBucket"]),
        (format!("{bucket}/{prefix}/*"), objects),
        (format!("{bucket}/_control/{prefix}/*"), objects),
        (kafka("cluster", ""), &["kafka-cluster:Connect"]),
        (
            kafka("topic", &format!("/{TOPIC}")),
            &[
                "kafka-cluster:DescribeTopic",
                "kafka-cluster:DescribeTopicDynamicConfiguration",
                "kafka-cluster:ReadData",
            ],
        ),
        (kafka("group", &group), &["kafka-cluster:DescribeGroup"]),
    ])
}

fn expected_of_producer() -> BTreeMap<String, Vec<String>> {
    let topic: &[&str] = &[
        "kafka-cluster:CreateTopic",
        "kafka-cluster:DescribeTopic",
        "kafka-cluster:WriteData",
    ];
    expected(vec![
        (
            kafka("cluster", ""),
            &[
                "kafka-cluster:Connect",
                "kafka-cluster:WriteDataIdempotently",
            ],
        ),
        (kafka("topic", &format!("/{TOPIC}")), topic),
    ])
}

fn expected_of_compact() -> BTreeMap<String, Vec<String>> {
    let (bucket, prefix) = (format!("arn:aws:s3:::{BUCKET}"), prefix());
    let (read, write): (&[&str], &[&str]) = (&["s3:GetObject"], &["s3:GetObject", "s3:PutObject"]);
    expected(vec![
        (bucket.clone(), &["s3:ListBucket"]),
        (format!("{bucket}/{prefix}/*"), read),
        (format!("{bucket}/_control/{prefix}/*"), read),
        (format!("{bucket}/{COPY}/*"), write),
        (format!("{bucket}/_control/{COPY}/*"), write),
    ])
}

/// It also deletes objects of the zone, and none of `_control`.
fn expected_of_compact_delete() -> BTreeMap<String, Vec<String>> {
    let mut expected = expected_of_compact();
    let data = format!("arn:aws:s3:::{BUCKET}/{}/*", prefix());
    let of_data = expected.get_mut(&data).unwrap();
    of_data.insert(0, "s3:DeleteObject".to_owned());
    expected
}

#[test]
fn each_program_may_do_what_it_does_and_nothing_else() {
    assert_eq!(
        grants(&json("infra/iam/compact.json")),
        expected_of_compact()
    );
    assert_eq!(
        grants(&json("infra/iam/compact-delete.json")),
        expected_of_compact_delete()
    );
    assert_eq!(grants(&json("infra/iam/verify.json")), expected_of_verify());
    assert_eq!(
        grants(&json("infra/iam/consumer.json")),
        expected_of_consumer()
    );
    assert_eq!(
        grants(&json("infra/iam/producer.json")),
        expected_of_producer()
    );
}

#[test]
fn a_policy_that_allows_more_or_less_is_found_out() {
    for (from, to) in [
        ("[\"s3:GetObject\", \"s3:PutObject\"]", "\"s3:*\""),
        (
            "\"s3:PutObject\"]",
            "\"s3:PutObject\", \"s3:DeleteObject\"]",
        ),
        ("[\"s3:GetObject\", ", "["),
        ("project/stock-market/json/*\",", "project/*\","),
        ("UUID/stock-market\"", "UUID/*\""),
        ("\"kafka-cluster:Connect\"", "\"kafka-cluster:*\""),
    ] {
        let copy =
            serde_json::from_str(&planted(&text("infra/iam/consumer.json"), from, to)).unwrap();
        assert_ne!(grants(&copy), expected_of_consumer(), "{to}");
    }
}

#[test]
fn the_consumers_resources_hold_every_key_of_its_zone_and_none_of_another() {
    let date = DatePartition::from_folder("2026-11-21").unwrap();
    let allowed = |key: String| {
        let object = format!("arn:aws:s3:::{BUCKET}/{key}");
        let resources = expected_of_consumer();
        resources
            .keys()
            .filter_map(|resource| resource.strip_suffix('*'))
            .any(|start| object.starts_with(start))
    };
    let keys = |prefix: &landing::layout::Prefix| {
        [
            prefix.data_key(&date, Place::new(Partition(3), Offset(42))),
            prefix.dead_letter_key(Place::new(Partition(3), Offset(42))),
            prefix.zone_key(),
            prefix.probe_key(),
        ]
    };
    assert!(keys(&prefix()).into_iter().all(allowed));
    for other in ["stock-market/json2", "stock-market", "other/json"] {
        assert!(
            !keys(&other.parse().unwrap()).into_iter().any(allowed),
            "{other}"
        );
    }
}

#[test]
fn the_consumer_may_list_its_zone_only_and_learns_there_what_is_missing() {
    // Without the right to list, S3 answers 403 instead of 404 for a key that is not there; it
    // takes that key for the prefix.
    let prefix = prefix();
    let both = [format!("{prefix}/*"), format!("_control/{prefix}/*")];
    let of_copy = [format!("{COPY}/*"), format!("_control/{COPY}/*")];
    let with_copy = [both.clone(), of_copy].concat();
    for (name, expected) in [
        ("consumer", &both[..]),
        ("verify", &both),
        ("compact", &with_copy),
        ("compact-delete", &with_copy),
    ] {
        let policy = json(&format!("infra/iam/{name}.json"));
        let list = &policy["Statement"][0];
        assert_eq!(strings(&list["Action"]), ["s3:ListBucket"], "{name}");
        assert_eq!(
            strings(&list["Condition"]["StringLike"]["s3:prefix"]),
            expected,
            "{name}"
        );
    }
}

#[test]
fn no_policy_has_a_star_for_an_action_or_for_every_resource_or_deletes_unseen() {
    let files = names("infra/iam").into_iter();
    for name in files.filter(|name| name.ends_with(".json")) {
        let policy = json(&format!("infra/iam/{name}"));
        assert_eq!(policy["Version"], "2012-10-17", "{name}");
        // The one policy whose name says so.
        let may_delete = name == "compact-delete.json";
        for (resource, actions) in grants(&policy) {
            if name == "athena-reader.json" && resource == "*" {
                assert_eq!(actions, OF_THE_EDITOR);
                continue;
            }
            assert_ne!(resource, "*", "{name}");
            for action in actions {
                assert!(
                    !action.contains('*') && (may_delete || !action.contains("Delete")),
                    "{name}: {action}"
                );
            }
        }
    }
}
