//! No crate is the whole house.

use std::collections::BTreeMap;

use super::tokens::lines_without_tests;
use crate::repository::{Source, none, sources};

/// The largest crate holds at most this part of all lines.
const PART: usize = 5;

/// Lines of each crate's `src`, tests aside.
fn sizes(sources: &[Source]) -> BTreeMap<&str, usize> {
    let mut sizes = BTreeMap::new();
    for source in sources {
        if source.path.split('/').nth(2) == Some("src") && !source.is_test() {
            *sizes.entry(source.crate_name()).or_default() += lines_without_tests(&source.text);
        }
    }
    sizes
}

fn problems(sizes: &BTreeMap<&str, usize>) -> Vec<String> {
    let all: usize = sizes.values().sum();
    sizes
        .iter()
        .filter(|(_, lines)| **lines * PART > all)
        .map(|(name, lines)| {
            let percent = lines * 100 / all;
            format!("crates/{name}/src has {lines} lines, {percent} % of {all}")
        })
        .collect()
}

#[test]
fn no_crate_holds_more_than_a_fifth_of_the_lines() {
    none(problems(&sizes(&sources())));
}

#[test]
fn a_crate_that_is_too_large_is_found() {
    let tail = "fn f() {}\n#[cfg(test)]\nmod tests {\n}\n";
    let mut sources: Vec<Source> = ["a", "b", "c", "d", "e"]
        .iter()
        .map(|name| Source::new(&format!("crates/{name}/src/lib.rs"), tail))
        .collect();
    sources.push(Source::new("crates/a/tests/it/main.rs", tail));
    sources.push(Source::new("crates/a/src/x/tests.rs", tail));
    assert!(problems(&sizes(&sources)).is_empty());
    sources.push(Source::new("crates/a/src/x.rs", tail));
    assert_eq!(
        problems(&sizes(&sources)),
        ["crates/a/src has 2 lines, 33 % of 6"]
    );
}
