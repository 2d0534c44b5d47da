//! What each source file holds or must not hold: a head, comments of a readable width, nothing left
//! open; and what keeps the pure crates pure.

use std::collections::BTreeSet;

use super::{
    paths::paths,
    tokens::{Scan, without_tests},
};
use crate::repository::{Source, files, none, sources, text};

const PURE: [&str; 4] = ["cost", "landing", "market", "schema"];
/// What the pure crates must not name.
const IMPURE: [&str; 17] = [
    "tokio",
    "rdkafka",
    "aws_",
    "std::fs",
    "std::net",
    "std::env",
    "std::thread",
    "std::process",
    "std::io",
    "::now(",
    "SystemTime",
    "Instant",
    "rand::",
    "fastrand",
    "println!",
    "async fn",
    "HashMap",
];
/// In two parts, so that this list does not find itself.
const OPEN: [&str; 7] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("X", "XX"),
    concat!("to", "do!("),
    concat!("unimple", "mented!("),
    concat!("dbg", "!("),
    concat!("#[ign", "ore"),
];
const WIDTH: usize = 100;

fn head_problem(source: &Source) -> Option<String> {
    let opens = source.text.starts_with("//! ");
    (!opens).then(|| format!("{}:1 does not say what the file is for", source.path))
}

#[test]
fn each_file_opens_with_what_it_is_for() {
    none(sources().iter().filter_map(head_problem).collect());
    let found = |text| head_problem(&Source::new("crates/x/src/lib.rs", text)).is_some();
    assert!(found("use std::fs;\n") && found("//!\n") && !found("//! Why.\n"));
}

fn open_problems(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (line, text) in text.lines().enumerate() {
        let words = OPEN.iter().filter(|word| text.contains(*word));
        found.extend(words.map(|word| format!("{path}:{} {word}", line + 1)));
    }
    found
}

#[test]
fn nothing_is_left_open_or_switched_off() {
    let problems = |source: &Source| open_problems(&source.path, &source.text);
    none(sources().iter().flat_map(problems).collect());
    for word in OPEN {
        assert_eq!(
            open_problems("x.rs", &format!("fn f() {{}}\n  // {word}\n")).len(),
            1
        );
    }
}

/// Tests of a library or program whose manifest says `test = false`: they would never run.
fn unrun_problems(source: &Source, manifest: &str) -> Vec<String> {
    let section = match source.path.split_once("/src/") {
        Some((_, "main.rs")) => "[[bin]]\n",
        Some(_) => "[lib]\n",
        None => return Vec::new(),
    };
    let settings = manifest.split_once(section).map_or("", |(_, after)| after);
    let mut settings = settings.lines().take_while(|line| !line.starts_with('['));
    if !settings.any(|line| line == "test = false") {
        return Vec::new();
    }
    let lines = source.text.lines().enumerate();
    lines
        .filter(|(_, text)| text.contains("#[test]") || text.contains("cfg(test)"))
        .map(|(line, _)| format!("{}:{} never runs", source.path, line + 1))
        .collect()
}

#[test]
fn no_test_stands_where_tests_are_switched_off() {
    let manifest = |source: &Source| text(&format!("crates/{}/Cargo.toml", source.crate_name()));
    let problems = |source: &Source| unrun_problems(source, &manifest(source));
    none(sources().iter().flat_map(problems).collect());
    let off = "[lib]\nbench = false\n\n[[bin]]\nname = \"x\"\ntest = false\n\n[features]\n";
    let test = concat!("fn main() {}\n#[te", "st]\nfn f() {}\n");
    let found = |path| unrun_problems(&Source::new(path, test), off);
    assert_eq!(
        found("crates/x/src/main.rs"),
        ["crates/x/src/main.rs:2 never runs"]
    );
    assert_eq!(found("crates/x/src/a.rs"), [""; 0]);
    assert_eq!(found("crates/x/tests/it/main.rs"), [""; 0]);
}

/// Lines with a comment beyond the width; an address cannot be broken.
fn width_problems(source: &Source) -> Vec<String> {
    let lines: Vec<&str> = source.text.lines().collect();
    let too_wide = |line: &&usize| {
        let text = lines[**line - 1];
        text.chars().count() > WIDTH && !text.contains("://")
    };
    let comments = Scan::new(&source.text).comment_lines;
    comments
        .iter()
        .filter(too_wide)
        .map(|line| {
            format!(
                "{}:{line} is a comment of over {WIDTH} columns",
                source.path
            )
        })
        .collect()
}

/// The same for the comments of manifests and scripts.
fn hash_width_problems(path: &str, text: &str) -> Vec<String> {
    let too_wide = |text: &str| {
        text.trim_start().starts_with('#') && text.chars().count() > WIDTH && !text.contains("://")
    };
    let lines = text.lines().enumerate();
    lines
        .filter(|(_, text)| too_wide(text))
        .map(|(line, _)| format!("{path}:{} is a comment of over {WIDTH} columns", line + 1))
        .collect()
}

#[test]
fn comments_wrap_at_100_columns() {
    let mut broken: Vec<String> = sources().iter().flat_map(width_problems).collect();
    for path in files() {
        if path.ends_with(".toml") || path.ends_with(".sh") || path == ".ci/run" {
            broken.extend(hash_width_problems(&path, &text(&path)));
        }
    }
    none(broken);
    let found = |text: &str| width_problems(&Source::new("crates/x/src/lib.rs", text)).len();
    let wide = "x".repeat(WIDTH);
    assert_eq!(found(&format!("fn f() {{}} // {wide}")), 1);
    assert_eq!(found(&format!("//! {wide}\n/* {wide} */")), 2);
    assert_eq!(
        found(&format!("// https://{wide}\nlet x = \"// {wide}\";")),
        0
    );
    assert_eq!(
        hash_width_problems("x.sh", &format!("  # {wide}\necho {wide}")).len(),
        1
    );
}

fn pure_problems(source: &Source) -> Vec<String> {
    let tokens = without_tests(&Scan::new(&source.text).tokens);
    let mut lines: Vec<(usize, String)> = Vec::new();
    for token in tokens.iter().filter(|token| !token.is_literal()) {
        match lines.last_mut() {
            Some((line, text)) if *line == token.line => {
                let ends_word = text.ends_with(char::is_alphanumeric);
                if ends_word && token.text.starts_with(char::is_alphanumeric) {
                    text.push(' ');
                }
                text.push_str(token.text);
            }
            _ => lines.push((token.line, token.text.to_owned())),
        }
    }
    // In a tree, `use std::{cmp, fs}` does not say `std::fs`.
    lines.extend(
        paths(&tokens)
            .into_iter()
            .map(|(path, line)| (line, path.join("::"))),
    );
    let mut found = BTreeSet::new();
    for (line, text) in lines {
        let words = IMPURE.iter().filter(|word| text.contains(*word));
        found.extend(words.map(|word| format!("{}:{line} {word}", source.path)));
    }
    found.into_iter().collect()
}

#[test]
fn the_pure_crates_know_no_io_no_clock_and_no_chance() {
    let sources = sources();
    let pure = sources.iter().filter(|source| {
        let of = |name: &&str| source.path.starts_with(&format!("crates/{name}/src/"));
        PURE.iter().any(of) && !source.is_test()
    });
    none(pure.flat_map(pure_problems).collect());
    for word in IMPURE {
        let text = format!("fn f() {{\n    {word}\n}}\n");
        let source = Source::new("crates/landing/src/lib.rs", &text);
        assert_eq!(pure_problems(&source).len(), 1, "{word}");
    }
    let tree = Source::new("crates/landing/src/lib.rs", "use std::{cmp, fs};\n");
    assert_eq!(
        pure_problems(&tree),
        ["crates/landing/src/lib.rs:1 std::fs"]
    );
    let in_test = "// Instant\n#[cfg(test)]\nmod tests { use std::fs; }\n";
    let source = Source::new("crates/landing/src/lib.rs", in_test);
    assert!(pure_problems(&source).is_empty());
}
