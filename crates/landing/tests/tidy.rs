//! The house in order: what the style asks for and a machine can see.
//!
//! It reads the sources as text; formatting and lints are rustfmt's and clippy's business.
//! Invariant: each rule names the file that breaks it.
#![allow(clippy::unwrap_used)]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const CRATES: [&str; 6] = [
    "consumer", "demo", "landing", "producer", "sandbox", "schema",
];
const PURE: [&str; 2] = ["landing", "schema"];
const TOP_LEVEL: [&str; 13] = [
    ".cargo",
    ".ci",
    ".env.example",
    ".gitignore",
    "Cargo.lock",
    "Cargo.toml",
    "README.md",
    "crates",
    "data",
    "docker-compose.yml",
    "infra",
    // Not ours, but found in a checkout:
    ".git",
    "target",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// All Rust files below `folder`, as paths and texts.
fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push((path.clone(), fs::read_to_string(&path).unwrap()));
        }
    }
    found
}

fn all_sources() -> Vec<(PathBuf, String)> {
    let found = sources(&root().join("crates"));
    assert!(found.len() > 50, "the sources were not found");
    found
}

#[track_caller]
fn none(broken: Vec<String>) {
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn each_file_opens_with_what_it_is_for() {
    let opens = |text: &str| text.starts_with("//! ");
    none(
        all_sources()
            .iter()
            .filter(|(_, text)| !opens(text))
            .map(|(path, _)| path.display().to_string())
            .collect(),
    );
}

#[test]
fn no_file_is_longer_than_300_lines_without_its_tests() {
    let mut broken = Vec::new();
    for (path, text) in all_sources() {
        let lines = text
            .lines()
            .take_while(|line| !line.starts_with("#[cfg(test)]"))
            .count();
        let in_tests = path
            .components()
            .any(|part| part.as_os_str() == "tests" || part.as_os_str() == "tests.rs");
        if lines > 300 && !in_tests {
            broken.push(format!("{} has {lines} lines", path.display()));
        }
    }
    none(broken);
}

#[test]
fn the_pure_crates_know_no_io_no_clock_and_no_chance() {
    let forbidden = [
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
    let mut broken = Vec::new();
    for name in PURE {
        for (path, text) in sources(&root().join("crates").join(name).join("src")) {
            let code: String = text
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .collect::<Vec<_>>()
                .join("\n");
            let code = code.split("#[cfg(test)]").next().unwrap();
            broken.extend(
                forbidden
                    .iter()
                    .filter(|word| code.contains(*word))
                    .map(|word| format!("{}: {word}", path.display())),
            );
        }
    }
    none(broken);
}

#[test]
fn dependencies_between_our_crates_point_one_way() {
    let allowed = |name: &str| -> &[&str] {
        match name {
            "landing" | "producer" => &["schema"],
            "consumer" => &["landing", "schema"],
            "demo" => &["producer", "consumer", "sandbox", "schema"],
            _ => &[],
        }
    };
    let mut broken = Vec::new();
    for name in CRATES {
        let manifest =
            fs::read_to_string(root().join("crates").join(name).join("Cargo.toml")).unwrap();
        let normal = manifest.split("[dev-dependencies]").next().unwrap();
        for other in CRATES {
            let named = normal.lines().any(|line| {
                line.starts_with(&format!("{other}.workspace"))
                    || line.starts_with(&format!("{other} ="))
            });
            if named && !allowed(name).contains(&other) {
                broken.push(format!("{name} must not depend on {other}"));
            }
        }
    }
    none(broken);
}

#[test]
fn the_top_level_holds_only_what_the_design_names() {
    let listed = Command::new("git")
        .args(["ls-files", "--full-name", ":/"])
        .current_dir(root())
        .output();
    let top: BTreeSet<String> = match listed {
        // In a checkout only what git tracks counts; elsewhere (a source archive) everything that
        // is there.
        Ok(output) if output.status.success() => {
            let text = String::from_utf8(output.stdout).unwrap();
            text.lines()
                .map(|path| path.split('/').next().unwrap().to_owned())
                .collect()
        }
        _ => fs::read_dir(root())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect(),
    };
    none(
        top.into_iter()
            .filter(|name| !TOP_LEVEL.contains(&name.as_str()))
            .collect(),
    );
    let crates: BTreeSet<String> = fs::read_dir(root().join("crates"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(
        crates,
        CRATES.iter().map(|name| (*name).to_owned()).collect()
    );
}

#[test]
fn nothing_is_left_open_or_switched_off() {
    let mut broken = Vec::new();
    for (path, text) in all_sources() {
        for word in [
            // In two parts, so that this list does not find itself.
            concat!("TO", "DO"),
            concat!("FIX", "ME"),
            concat!("X", "XX"),
            concat!("to", "do!("),
            concat!("unimple", "mented!("),
            concat!("dbg", "!("),
            concat!("#[ign", "ore"),
        ] {
            if text.contains(word) {
                broken.push(format!("{}: {word}", path.display()));
            }
        }
    }
    none(broken);
}

#[test]
fn one_build_serves_all_commands() {
    // Features are unified over the selected packages; where the sets differ, `cargo run -p
    // consumer` after `cargo run -p demo` builds half of the tree again. See "One build for all
    // commands" in the workspace's Cargo.toml.
    let all = features(&["--workspace"]);
    let mut broken = Vec::new();
    for program in ["producer", "consumer", "sandbox", "demo"] {
        let missing: Vec<String> = features(&["-p", program])
            .difference(&all)
            .cloned()
            .collect();
        broken.extend(
            missing
                .into_iter()
                .map(|line| format!("{program} selects another set: {line}")),
        );
    }
    none(broken);
}

#[test]
fn the_programs_ask_the_same_of_what_builds_them() {
    // `cargo tree` shows one set for what is built for the host and for the target, so the sets of
    // the host are compared here.
    let block = |name: &str| {
        let manifest =
            fs::read_to_string(root().join("crates").join(name).join("Cargo.toml")).unwrap();
        let (_, block) = manifest.split_once("[build-dependencies]\n").unwrap();
        let lines: BTreeSet<String> = block
            .lines()
            .take_while(|line| !line.is_empty())
            .map(str::to_owned)
            .collect();
        lines
    };
    for name in ["consumer", "sandbox"] {
        assert_eq!(block(name), block("producer"), "{name} and producer");
    }
}

/// `name version features` of each dependency of a selection, as a build of its programs sees it.
fn features(selection: &[&str]) -> BTreeSet<String> {
    let tree = Command::new(env!("CARGO"))
        .args([
            "tree",
            "-e",
            "normal,build",
            "-f",
            "{p} {f}",
            "--prefix",
            "none",
            "--no-dedupe",
            "--locked",
        ])
        .args(selection)
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        tree.status.success(),
        "{}",
        String::from_utf8_lossy(&tree.stderr)
    );
    let ours = |line: &&str| {
        !CRATES
            .iter()
            .any(|name| line.starts_with(&format!("{name} v")))
    };
    let text = String::from_utf8(tree.stdout).unwrap();
    text.lines()
        .filter(ours)
        .map(|line| line.replace(" (*)", "").replace(" (proc-macro)", ""))
        .collect()
}
