//! Which crates there are, which of them use which, and that all commands share one build.

use std::{collections::BTreeSet, process::Command};

use crate::repository::{crates, files, none, root, text};

/// Each crate and what it may use of the others, besides what these may use. In order: none uses a
/// later one.
const MAY_USE: [(&str, &[&str]); 25] = [
    ("unify", &[]),
    ("schema", &[]),
    ("secrets", &[]),
    ("credentials", &["secrets"]),
    ("msk", &["credentials"]),
    ("oauth", &[]),
    ("provider", &["schema"]),
    ("market", &["schema"]),
    ("landing", &["schema"]),
    ("cost", &["landing"]),
    ("format", &["landing"]),
    ("bucket", &["credentials", "landing"]),
    ("kafka", &["landing", "msk", "oauth"]),
    ("cli", &["kafka"]),
    ("sandbox", &["unify"]),
    ("bench", &["sandbox"]),
    ("producer", &["cli", "market", "provider", "unify"]),
    ("verify", &["bucket", "cli", "format"]),
    ("compact", &["bucket", "cli", "format"]),
    ("ddl", &["bucket", "cli", "format"]),
    ("consumer", &["compact", "cost", "ddl", "unify", "verify"]),
    ("demo", &["consumer", "producer", "sandbox"]),
    ("trino", &[]),
    ("athena", &["cost", "ddl", "trino", "unify"]),
    // Tests only: what it uses for them is a development dependency.
    ("tidy", &[]),
];
const TOP_LEVEL: [&str; 11] = [
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
];
/// The crates that are built without being asked for.
const DEFAULT_MEMBERS: [&str; 5] = ["--workspace", "--exclude", "athena", "--exclude", "trino"];
/// What people run.
const PROGRAMS: [&str; 4] = ["consumer", "demo", "producer", "sandbox"];

/// A dependency of a manifest that is built with the crate, development dependencies aside.
#[derive(Debug, PartialEq, Eq)]
struct Dependency {
    name: String,
    line: usize,
}

fn dependencies(manifest: &str) -> Vec<Dependency> {
    let mut found = Vec::new();
    let mut in_section = false;
    for (line, text) in manifest.lines().enumerate() {
        let line = line + 1;
        if let Some(section) = text.strip_prefix('[') {
            let section = section.trim_end_matches(']');
            let (kind, name) = ["dependencies", "build-dependencies"]
                .iter()
                .find_map(|kind| {
                    // Also `[target.'cfg(unix)'.dependencies]` and `[dependencies.name]`.
                    let whole = section == *kind || section.ends_with(&format!(".{kind}"));
                    let name = section.strip_prefix(&format!("{kind}."));
                    (whole || name.is_some()).then_some((true, name))
                })
                .unwrap_or((false, None));
            in_section = kind && name.is_none();
            found.extend(name.map(|name| Dependency {
                name: name.to_owned(),
                line,
            }));
        } else if in_section && !text.starts_with(['#', ' ']) {
            let name = text.split(['.', '=', ' ']).next().unwrap_or_default();
            if !name.is_empty() {
                found.push(Dependency {
                    name: name.to_owned(),
                    line,
                });
            }
        }
    }
    found
}

fn manifest_path(name: &str) -> String {
    format!("crates/{name}/Cargo.toml")
}

/// What a crate may use, directly or by way of others.
fn may_use(name: &str) -> BTreeSet<&'static str> {
    let entry = MAY_USE.iter().find(|(found, _)| *found == name);
    let uses = entry.map_or(&[][..], |(_, uses)| uses);
    let mut all: BTreeSet<&str> = uses.iter().copied().collect();
    for other in uses {
        all.extend(may_use(other));
    }
    all
}

/// One line for each of our crates that this crate uses and may not.
fn direction_problems(name: &str, manifest: &str) -> Vec<String> {
    if !MAY_USE.iter().any(|(found, _)| *found == name) {
        let path = manifest_path(name);
        return vec![format!("{path}: the crate is not in the table")];
    }
    let allowed = may_use(name);
    dependencies(manifest)
        .into_iter()
        .filter(|dependency| {
            let other = dependency.name.as_str();
            MAY_USE.iter().any(|(ours, _)| *ours == other) && !allowed.contains(other)
        })
        .map(|dependency| {
            let path = manifest_path(name);
            format!(
                "{path}:{}: {name} must not use {}",
                dependency.line, dependency.name
            )
        })
        .collect()
}

#[test]
fn dependencies_between_our_crates_point_one_way() {
    let problems = |name: &String| direction_problems(name, &text(&manifest_path(name)));
    none(crates().iter().flat_map(problems).collect());
}

#[test]
fn dependencies_in_the_other_direction_are_found() {
    let manifest = "[dependencies]\nserde.workspace = true\nschema.workspace = true\n\n\
                    [build-dependencies]\nkafka = { path = \"../kafka\" }\n\n\
                    [target.'cfg(unix)'.dependencies]\nbucket.workspace = true\n\n\
                    [dev-dependencies]\nsandbox.workspace = true\n";
    assert_eq!(
        direction_problems("landing", manifest),
        [
            "crates/landing/Cargo.toml:6: landing must not use kafka",
            "crates/landing/Cargo.toml:9: landing must not use bucket",
        ]
    );
    assert_eq!(direction_problems("exchange", "").len(), 1);
    let table = "[dependencies.kafka]\npath = \"../kafka\"\n";
    assert_eq!(direction_problems("landing", table).len(), 1);
}

#[test]
fn each_crate_of_the_table_uses_only_what_stands_before_it() {
    for (at, (name, uses)) in MAY_USE.iter().enumerate() {
        for other in *uses {
            let before = MAY_USE[..at].iter().any(|(earlier, _)| earlier == other);
            assert!(
                before,
                "{name} uses {other}, which does not stand before it"
            );
        }
    }
}

#[test]
fn the_crates_are_those_of_the_table() {
    let table: BTreeSet<String> = MAY_USE.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(table.len(), MAY_USE.len(), "a crate is named twice");
    let found: BTreeSet<String> = crates().into_iter().collect();
    none(
        found
            .symmetric_difference(&table)
            .map(|name| format!("crates/{name} is in the table or in the repository, not in both"))
            .collect(),
    );
}

fn top_level_problems<'f>(files: impl Iterator<Item = &'f str>) -> BTreeSet<String> {
    files
        .map(|path| path.split('/').next().unwrap_or_default())
        .filter(|name| !TOP_LEVEL.contains(name))
        .map(|name| format!("{name} has no place at the top"))
        .collect()
}

#[test]
fn the_top_level_holds_only_what_the_design_names() {
    let files = files();
    none(
        top_level_problems(files.iter().map(String::as_str))
            .into_iter()
            .collect(),
    );
    let wrong = ["crates/x/src/lib.rs", "docs/page.md", "notes.txt"];
    assert_eq!(top_level_problems(wrong.into_iter()).len(), 2);
}

#[test]
fn one_build_serves_all_commands() {
    // Features are unified over the selected packages; where the sets differ, `cargo run -p
    // consumer` after `cargo run -p demo` builds half of the tree again. What is missing belongs
    // into `crates/unify/Cargo.toml`.
    // Development dependencies count for `cargo run` after `cargo test`.
    let mut broken = BTreeSet::new();
    for edges in ["normal,build", "normal,build,dev"] {
        let all = features(edges, &DEFAULT_MEMBERS);
        for program in PROGRAMS {
            let selected = features("normal,build", &["-p", program]);
            let missing = selected.difference(&all);
            broken.extend(missing.map(|line| format!("{program} selects another set: {line}")));
        }
    }
    none(broken.into_iter().collect());
}

/// What `athena` builds a second time: with more features it would cost the other programs' build
/// more than it saves here.
const BUILT_TWICE: [&str; 2] = ["memchr", "regex-automata"];

#[test]
fn athena_builds_again_only_what_is_named() {
    let all = features("normal,build,dev", &DEFAULT_MEMBERS);
    let crate_of =
        |line: &str| -> Vec<String> { line.split(' ').take(2).map(str::to_owned).collect() };
    let shared: BTreeSet<Vec<String>> = all.iter().map(|line| crate_of(line)).collect();
    let selected = features("normal,build", &["-p", "athena"]);
    none(
        selected
            .difference(&all)
            .filter(|line| shared.contains(&crate_of(line)))
            .filter(|line| !BUILT_TWICE.contains(&crate_of(line)[0].as_str()))
            .map(|line| format!("athena selects other features: {line}"))
            .collect(),
    );
}

#[test]
fn only_athena_and_its_functions_are_outside_of_the_default_members() {
    let manifest = text("Cargo.toml");
    let missing = crates().into_iter().filter(|name| {
        let is_default = manifest.contains(&format!("    \"crates/{name}\",\n"));
        is_default == ["athena", "trino"].contains(&name.as_str())
    });
    none(missing.collect());
}

#[test]
fn each_program_depends_on_the_list_of_shared_features() {
    // `cargo tree` shows one set for what is built for the host and for the target, so that the
    // test above cannot see what is missing for the host.
    let without = PROGRAMS.iter().filter(|program| !has_list(program));
    none(
        without
            .map(|program| format!("{} lacks unify", manifest_path(program)))
            .collect(),
    );
    assert!(!has_list("schema"));
}

/// Whether a crate depends on `unify`, or uses one of ours that does.
fn has_list(name: &str) -> bool {
    let used = dependencies(&text(&manifest_path(name)));
    let crates = crates();
    used.iter().any(|dependency| {
        dependency.name == "unify"
            || crates.contains(&dependency.name) && has_list(&dependency.name)
    })
}

/// `name version features` of each dependency of a selection, as a build of its programs sees it.
fn features(edges: &str, selection: &[&str]) -> BTreeSet<String> {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "-e", edges, "-f", "{p} {f}"])
        .args(["--prefix", "none", "--locked"])
        .args(selection)
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        tree.status.success(),
        "{}",
        String::from_utf8_lossy(&tree.stderr)
    );
    let crates = crates();
    let ours = |line: &&str| {
        let of = |name: &String| line.starts_with(&format!("{name} v"));
        !crates.iter().any(of)
    };
    let text = String::from_utf8(tree.stdout).unwrap();
    text.lines()
        .filter(ours)
        .map(|line| line.replace(" (*)", "").replace(" (proc-macro)", ""))
        .collect()
}
