//! The Glue crawler walks the zones that its role may read and nothing else, and makes one table of
//! each.
//!
//! Not here: what Glue does with the definition. No key below `_control/` is ever crawled.

use landing::{Extent, Offset, OffsetRange, Partition, Place, partition_by::DatePartition};
use serde_json::Value;

use super::{BUCKET, planted, prefix, strings};
use crate::repository::{json, text};

const FILE: &str = "infra/glue/crawler.json";

/// The rights of its role.
const ROLE: &str = "infra/iam/crawler.json";

/// Whether the role may read everything below the path of a target.
fn is_allowed(target: &Value) -> bool {
    let role = json(ROLE);
    let statements = role["Statement"].as_array().unwrap();
    let below = target["Path"].as_str().unwrap().strip_prefix("s3://");
    statements
        .iter()
        .filter(|statement| statement["Action"] == "s3:GetObject")
        .filter_map(|statement| {
            statement["Resource"]
                .as_str()?
                .strip_prefix("arn:aws:s3:::")
        })
        .filter_map(|resource| resource.strip_suffix('*'))
        .any(|folder| below.is_some_and(|below| below.starts_with(folder)))
}

/// Whether the crawler reads an object, by Glue's rules: below the path, and matched by no
/// exclusion, if there are any: globs from there.
fn reads(target: &Value, key: &str) -> bool {
    let object = format!("s3://{BUCKET}/{key}");
    let Some(below) = object.strip_prefix(target["Path"].as_str().unwrap()) else {
        return false;
    };
    let exclusions = target.get("Exclusions");
    !exclusions
        .map(strings)
        .unwrap_or_default()
        .iter()
        .any(|glob| match glob.strip_suffix("**") {
            Some(folder) => below.starts_with(folder),
            None => below == *glob,
        })
}

fn problems(crawler: &Value) -> Vec<&'static str> {
    let rules = [scope_rules(crawler), table_rules(crawler)].concat();
    rules
        .iter()
        .filter(|(holds, _)| !holds)
        .map(|(_, problem)| *problem)
        .collect()
}

/// What is read: the data, a few objects of each folder, and only when somebody asks.
fn scope_rules(crawler: &Value) -> Vec<(bool, &'static str)> {
    let prefix = prefix();
    let date = DatePartition::from_folder("2026-11-21").unwrap();
    let data = prefix.data_key(&date, Place::new(Partition(3), Offset(42)));
    let gap = OffsetRange {
        start: Offset(1),
        end: Offset(9),
    };
    let control = [
        prefix.zone_key(),
        prefix.probe_key(),
        prefix.anchor_key(Partition(3)),
        prefix.cluster_key("c"),
        prefix.gap_key(Extent::new(Partition(3), gap)),
        prefix.dead_letter_key(Place::new(Partition(3), Offset(42))),
    ];
    let targets = crawler["Targets"]["S3Targets"].as_array().unwrap();
    let sample = targets[0]["SampleSize"].as_u64();
    vec![
        (targets.len() == 1, "it has several targets"),
        (
            targets.iter().all(is_allowed),
            "its role may not read all that it walks",
        ),
        (reads(&targets[0], &data), "it does not read the data"),
        (
            !control.iter().any(|key| reads(&targets[0], key)),
            "it reads _control",
        ),
        (matches!(sample, Some(1..=249)), "it reads every object"),
        (
            crawler.get("Schedule").is_none(),
            "it runs, and costs, by itself",
        ),
    ]
}

/// What is made of it: one table of its own, to which new days are added.
fn table_rules(crawler: &Value) -> Vec<(bool, &'static str)> {
    let inside: Value = serde_json::from_str(crawler["Configuration"].as_str().unwrap()).unwrap();
    let (grouping, changes) = (&inside["Grouping"], &crawler["SchemaChangePolicy"]);
    // The bucket is level 1.
    let level = 1 + prefix().as_str().split('/').count();
    let together = grouping["TableGroupingPolicy"] == "CombineCompatibleSchemas";
    let new_only = crawler["RecrawlPolicy"]["RecrawlBehavior"] == "CRAWL_NEW_FOLDERS_ONLY";
    // Glue takes new folders only together with LOG and LOG.
    let logs = changes["UpdateBehavior"] == "LOG" && changes["DeleteBehavior"] == "LOG";
    let own = crawler["TablePrefix"] == "crawled_";
    vec![
        (
            grouping["TableLevelConfiguration"] == level,
            "its table is not the prefix",
        ),
        (together, "it may make a table a day"),
        (new_only, "it crawls everything each time"),
        (logs, "Glue refuses its schema changes"),
        (own, "it may take a table that is not its own"),
    ]
}

#[test]
fn the_crawler_sees_the_data_and_nothing_of_control() {
    assert_eq!(problems(&json(FILE)), [""; 0]);
}

const MISTAKES: [(&str, &str, &str); 7] = [
    (
        "\"SampleSize\": 20",
        "\"Exclusions\": [\"**\"], \"SampleSize\": 20",
        "it does not read the data",
    ),
    (
        "stock-market/json/\"",
        "stock-market/json/other/\"",
        "it does not read the data",
    ),
    (
        "Configuration\\\":3",
        "Configuration\\\":2",
        "its table is not the prefix",
    ),
    (
        "CombineCompatibleSchemas",
        "Default",
        "it may make a table a day",
    ),
    (
        "\"SampleSize\": 20",
        "\"SampleSize\": 250",
        "it reads every object",
    ),
    (
        "\"UpdateBehavior\": \"LOG\"",
        "\"UpdateBehavior\": \"UPDATE_IN_DATABASE\"",
        "Glue refuses its schema changes",
    ),
    (
        "\"TablePrefix\": \"crawled_\"",
        "\"TablePrefix\": \"\"",
        "it may take a table that is not its own",
    ),
];

#[test]
fn a_crawler_with_one_mistake_in_it_is_found_out() {
    for (from, to, problem) in MISTAKES {
        let copy = serde_json::from_str(&planted(&text(FILE), from, to)).unwrap();
        assert_eq!(problems(&copy), [problem], "{to}");
    }
}

#[test]
fn a_crawler_of_the_whole_bucket_is_found_out() {
    // Bug: it walked the whole bucket with a role that may read one zone.
    let copy = planted(&text(FILE), "-project/stock-market/json/\"", "-project/\"");
    let problems = problems(&serde_json::from_str(&copy).unwrap());
    assert_eq!(
        problems,
        [
            "its role may not read all that it walks",
            "it reads _control"
        ]
    );
}
