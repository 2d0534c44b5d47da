//! The files around the programs say what the programs do: `docker-compose.yml`, `.env.example` and
//! `infra/`.
//!
//! They are read as text; nothing is started, and AWS is not asked. What a rule is good for is
//! shown by copies with one mistake planted in them: the rule must find each. Names, columns and
//! paths that a file repeats come from the code here, too.

mod compose;
mod crawler;
mod ddl;
mod local_servers;
mod policies;
mod queries;

use landing::layout::Prefix;
use serde_json::Value;

use crate::{
    house::flags::all_flags,
    repository::{names, root, text},
};

/// The bucket of the README's commands and of the sandbox.
const BUCKET: &str = "kafka-stock-market-project";
/// The default topic of both programs.
const TOPIC: &str = "stock-market";

fn prefix() -> Prefix {
    format!("{TOPIC}/json").parse().unwrap()
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
    let defaults = |flag: &str| {
        let mut flags = all_flags();
        flags.retain(|found| found.name == flag && found.default.is_some());
        assert!(!flags.is_empty(), "--{flag}");
        flags.into_iter().filter_map(|flag| flag.default)
    };
    assert!(defaults("topic").all(|topic| topic == format!("\"{TOPIC}\"")));
    assert!(defaults("partitions").all(|partitions| partitions == "6"));
    let sandbox = text("crates/sandbox/src/main.rs");
    assert!(sandbox.contains(&format!("\"{BUCKET}\"")));
    assert!(text("README.md").contains(&format!("--bucket {BUCKET}")));
}

#[test]
fn the_page_of_each_folder_names_every_file() {
    for folder in names("infra") {
        let folder = format!("infra/{folder}");
        let Ok(page) = std::fs::read_to_string(root().join(&folder).join("README.md")) else {
            continue;
        };
        for name in names(&folder) {
            let named = name == "README.md" || page.contains(&format!("`{name}"));
            assert!(named, "{folder}/README.md: {name}");
        }
    }
}
