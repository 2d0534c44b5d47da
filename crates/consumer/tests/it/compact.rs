//! `consumer compact` by its executable: what a landing zone holds is in the copy, once and whole,
//! whatever happens on the way.
//!
//! Zones are landed by the real executable, in the sandbox or on real servers when their addresses
//! are in the environment. The copy is read by other code than the program's own, and compared with
//! what was sent. A test that says that something was not done has looked at all objects of the
//! bucket.

mod batches;
mod copies;
mod dates;
mod deletion;
mod races;
mod reader;
mod tampering;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::{
    PREFIX, World,
    process::{self, Finished},
    store::Whole,
};

/// Where the copy goes.
pub(crate) const COPY: &str = "stock-market/copy";

/// The columns of [`support::kafka::numbered`] records.
const SCHEMA: &str = "columns:\n  - {name: index, type: string, fields: [Index]}\n  - {name: date, type: date}\n  - {name: n, type: bigint}\n";

/// What a compaction said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) report: Value,
    pub(crate) stderr: String,
}

/// The flags that all compactions of a test have.
pub(crate) fn flags<'f>(world: &'f World, others: &[&'f str]) -> Vec<&'f str> {
    let common = [
        "compact",
        "--bucket",
        &world.bucket,
        "--from",
        PREFIX,
        "--to",
        COPY,
        "--output",
        "json",
    ];
    [&common[..], others].concat()
}

/// The file with the columns.
pub(crate) fn schema(world: &World) -> String {
    let file = world.directory.path().join("schema.yaml");
    std::fs::write(&file, SCHEMA).unwrap();
    file.to_str().unwrap().to_owned()
}

/// Compacts with these flags besides bucket and prefixes, and gives the report.
pub(crate) fn compact(world: &World, others: &[&str]) -> Said {
    let run = process::start(world, &flags(world, others)).wait();
    let report = serde_json::from_str(&run.stdout);
    Said {
        code: run.code().unwrap(),
        report: report.unwrap_or_else(|error| panic!("{error}: {}\n{}", run.stdout, run.stderr)),
        stderr: run.stderr,
    }
}

/// Compacts to Parquet with the columns of the records. A deletion accepts that rows do not keep
/// how the records are spelled.
pub(crate) fn to_parquet(world: &World, others: &[&str]) -> Said {
    let schema = schema(world);
    let accept: &[&str] = match others.contains(&"--delete-source") {
        true => &["--accept-lossy"],
        false => &[],
    };
    compact(world, &[&["--schema", &schema], others, accept].concat())
}

/// Expects the one line that says why nothing was compacted.
pub(crate) fn refused(world: &World, others: &[&str], code: i32) -> String {
    let run: Finished = process::start(world, &flags(world, others)).wait();
    assert_eq!(run.code(), Some(code), "{}\n{}", run.stdout, run.stderr);
    assert_eq!(run.stdout, "");
    run.error().to_owned()
}

impl Said {
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.code, 0, "{:#}\n{}", self.report, self.stderr);
        self
    }

    /// Asserts that a date was given up, and gives why.
    #[track_caller]
    pub(crate) fn given_up(&self) -> &str {
        assert_eq!(self.code, 65, "{:#}\n{}", self.report, self.stderr);
        let problems: Vec<&str> = self
            .dates()
            .iter()
            .filter_map(|date| date["problem"].as_str())
            .collect();
        assert_eq!(problems.len(), 1, "{:#}", self.report);
        problems[0]
    }

    pub(crate) fn dates(&self) -> &[Value] {
        self.report["dates"].as_array().unwrap()
    }

    /// All plans of all dates.
    pub(crate) fn plans(&self) -> Vec<&Value> {
        self.dates()
            .iter()
            .flat_map(|date| date["plans"].as_array().unwrap())
            .collect()
    }

    /// The sum of a number over all plans; a name may be `before/objects`.
    pub(crate) fn total(&self, name: &str) -> u64 {
        let number = |plan: &&Value| plan.pointer(&format!("/{name}")).unwrap().as_u64().unwrap();
        self.plans().iter().map(number).sum()
    }

    /// Objects of the zone that were there before any was deleted.
    pub(crate) fn remaining(&self) -> u64 {
        let dates = self.dates().iter();
        dates.map(|date| date["remaining"].as_u64().unwrap()).sum()
    }

    /// Who carried each plan out: `made`, `finished`, `before`.
    pub(crate) fn origins(&self) -> Vec<&str> {
        self.plans()
            .iter()
            .map(|plan| plan["origin"].as_str().unwrap())
            .collect()
    }
}

/// All objects of a bucket by their keys.
pub(crate) type Snapshot = BTreeMap<String, Whole>;

/// What lies under these beginnings of keys.
pub(crate) fn below(world: &World, prefix: &str) -> Snapshot {
    let mut keys = world.s3.keys(&world.bucket);
    keys.retain(|key| key.starts_with(prefix));
    keys.into_iter()
        .map(|key| (key.clone(), world.s3.whole(&world.bucket, &key)))
        .collect()
}

/// Keys below a prefix.
pub(crate) fn keys(world: &World, prefix: &str) -> Vec<String> {
    let mut keys = world.s3.keys(&world.bucket);
    keys.retain(|key| key.starts_with(prefix));
    keys
}
