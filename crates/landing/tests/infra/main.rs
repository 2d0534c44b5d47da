//! The files around the programs say what the programs do: `docker-compose.yml`, `.env.example` and
//! `infra/`.
//!
//! They are read as text; nothing is started, and AWS is not asked. What a rule is good for is
//! shown by copies with one mistake planted in them: the rule must find each. Invariant: names,
//! columns and paths that a file repeats come from the code here, too.
#![allow(clippy::unwrap_used)]

mod compose;
mod crawler;
mod ddl;
mod parquet_table;
mod policies;
mod queries;
mod table;

use std::{
    fs,
    path::{Path, PathBuf},
};

use landing::layout::Prefix;
use serde_json::Value;

/// The bucket of the README's commands and of the sandbox.
const BUCKET: &str = "kafka-stock-market-project";
/// The default topic of both programs.
const TOPIC: &str = "stock-market";

fn prefix() -> Prefix {
    format!("{TOPIC}/json").parse().unwrap()
}

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(name)
}

fn text(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn json(name: &str) -> Value {
    serde_json::from_str(&text(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The names of the files in a folder, sorted.
fn files(folder: &str) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(path(folder))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// A copy with one mistake in it, which must be one.
#[track_caller]
fn planted(text: &str, from: &str, to: &str) -> String {
    assert_eq!(text.matches(from).count(), 1, "{from:?} is not there once");
    text.replace(from, to)
}

/// The texts of a string or of a list of strings.
fn strings(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(list) => list.iter().map(|item| item.as_str().unwrap()).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn the_programs_have_the_defaults_that_the_files_repeat() {
    for program in ["producer", "consumer"] {
        let args = text(&format!("crates/{program}/src/args.rs"));
        assert!(args.contains(&format!("default_value = \"{TOPIC}\"")));
    }
    let sandbox = text("crates/sandbox/src/main.rs");
    assert!(sandbox.contains(&format!("\"{BUCKET}\"")));
    assert!(text("README.md").contains(&format!("--bucket {BUCKET}")));
}

#[test]
fn the_readme_of_infra_names_every_file() {
    let readme = text("infra/README.md");
    for folder in ["athena", "glue", "iam"] {
        for name in files(&format!("infra/{folder}")) {
            assert!(
                readme.contains(&format!("`{folder}/{name}`")),
                "{folder}/{name}"
            );
        }
    }
}
