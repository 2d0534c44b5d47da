//! `consumer verify` by its executable: a clean zone is called clean, and each fault that is
//! planted is found, and nothing else.
//!
//! Zones are landed by the real executable, in the sandbox or on real servers when their addresses
//! are in the environment. A test expects the findings as a whole, so one that should not be there
//! fails it, too.

mod batched;
mod contradictions;
mod formats;
mod groups;
mod per_record;
mod real_servers;
mod rights;
mod start;
use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::{World, process, store::Whole};

/// What a verification said.
#[derive(Debug)]
pub(crate) struct Verdict {
    code: i32,
    report: Value,
    stderr: String,
}

/// Verifies with these flags besides the bucket.
pub(crate) fn verify(world: &World, flags: &[&str]) -> Verdict {
    let common = ["verify", "--bucket", &world.bucket, "--output", "json"];
    let run = process::start(world, &[&common[..], flags].concat()).wait();
    let report: Value = serde_json::from_str(&run.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}\n{}", run.stdout, run.stderr));
    let code = run.code().unwrap();
    assert_eq!(
        report["clean"].as_bool().unwrap(),
        code == 0,
        "{}",
        run.stdout
    );
    Verdict {
        code,
        report,
        stderr: run.stderr,
    }
}

impl Verdict {
    pub(crate) fn findings(&self) -> &[Value] {
        self.report["findings"].as_array().unwrap()
    }

    /// The codes of all findings, in order.
    pub(crate) fn kinds(&self) -> Vec<&str> {
        let findings = self.findings().iter();
        findings
            .map(|finding| finding["kind"].as_str().unwrap())
            .collect()
    }

    /// Asserts exit 0 and no finding at all.
    #[track_caller]
    pub(crate) fn clean(self) -> Self {
        assert_eq!(self.kinds(), [""; 0], "{:#}", self.report);
        assert_eq!(self.code, 0, "{}", self.stderr);
        self
    }

    /// Asserts these codes and no others, and exit 65.
    #[track_caller]
    pub(crate) fn found(self, kinds: &[&str]) -> Self {
        assert_eq!(self.kinds(), kinds, "{:#}", self.report);
        assert_eq!(self.code, 65, "{}", self.stderr);
        self
    }

    /// Asserts these codes, none of which is a failure.
    #[track_caller]
    pub(crate) fn noted(self, kinds: &[&str]) -> Self {
        assert_eq!(self.kinds(), kinds, "{:#}", self.report);
        assert_eq!(self.code, 0, "{}", self.stderr);
        self
    }

    /// The first finding's partition and offsets.
    #[track_caller]
    pub(crate) fn place(&self) -> (i64, i64, i64) {
        let first = &self.findings()[0];
        let number = |value: &Value| value.as_i64().unwrap();
        let offsets = &first["offsets"];
        (
            number(&first["partition"]),
            number(&offsets["start"]),
            number(&offsets["end"]),
        )
    }

    /// The first finding's key.
    pub(crate) fn key(&self) -> &str {
        self.findings()[0]["key"].as_str().unwrap()
    }

    /// The sum of a number over all partitions.
    pub(crate) fn total(&self, name: &str) -> u64 {
        let partitions = self.report["partitions"].as_array().unwrap().iter();
        partitions
            .map(|partition| partition[name].as_u64().unwrap())
            .sum()
    }
}

/// All objects of a bucket by their keys.
pub(crate) type Snapshot = BTreeMap<String, Whole>;

pub(crate) fn snapshot(world: &World) -> Snapshot {
    let keys = world.s3.keys(&world.bucket).into_iter();
    keys.map(|key| (key.clone(), world.s3.whole(&world.bucket, &key)))
        .collect()
}

/// Puts everything back as it was.
pub(crate) fn restore(world: &World, before: &Snapshot) {
    for key in world.s3.keys(&world.bucket) {
        if !before.contains_key(&key) {
            world.s3.delete(&world.bucket, &key);
        }
    }
    let now = snapshot(world);
    for (key, object) in before
        .iter()
        .filter(|(key, object)| now.get(*key) != Some(object))
    {
        world.s3.put_whole(&world.bucket, key, object);
    }
}
