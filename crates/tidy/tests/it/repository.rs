//! The files of the repository, as texts.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

/// The top folder of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A file by its path from the top.
pub(crate) fn text(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// A JSON file by its path from the top.
pub(crate) fn json(name: &str) -> Value {
    serde_json::from_str(&text(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The names of what lies in a folder, sorted.
pub(crate) fn names(folder: &str) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(root().join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// The folders in `crates/`.
pub(crate) fn crates() -> Vec<String> {
    let mut crates = names("crates");
    crates.retain(|name| {
        root()
            .join("crates")
            .join(name)
            .join("Cargo.toml")
            .is_file()
    });
    crates
}

/// The paths of all files from the top, sorted. In a checkout these are the files that git tracks
/// or would track; elsewhere (a source archive) everything that is there.
pub(crate) fn files() -> BTreeSet<String> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output();
    let files: BTreeSet<String> = match listed {
        Ok(output) if output.status.success() => String::from_utf8(output.stdout)
            .unwrap()
            .lines()
            // A file that was deleted but not committed yet is still listed.
            .filter(|path| root().join(path).exists())
            .map(str::to_owned)
            .collect(),
        _ => {
            let mut found = BTreeSet::new();
            collect("", &mut found);
            found
        }
    };
    assert!(files.len() > 100, "the files were not found");
    files
}

fn collect(folder: &str, found: &mut BTreeSet<String>) {
    for name in names(folder) {
        if matches!(name.as_str(), ".git" | "target") {
            continue;
        }
        let path = match folder {
            "" => name,
            _ => format!("{folder}/{name}"),
        };
        if root().join(&path).is_dir() {
            collect(&path, found);
        } else {
            found.insert(path);
        }
    }
}

/// One Rust file.
pub(crate) struct Source {
    /// From the top, as `crates/landing/src/lib.rs`.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    /// The crate's folder name.
    pub(crate) fn crate_name(&self) -> &str {
        self.path.split('/').nth(1).unwrap()
    }

    /// Whether the file holds nothing but tests: a `tests` folder or a `tests.rs`.
    pub(crate) fn is_test(&self) -> bool {
        self.path
            .split('/')
            .any(|part| matches!(part, "tests" | "tests.rs"))
    }
}

/// All Rust files of our crates.
pub(crate) fn sources() -> Vec<Source> {
    let rust = files()
        .into_iter()
        .filter(|path| path.starts_with("crates/") && path.ends_with(".rs"));
    rust.map(|path| Source {
        text: text(&path),
        path,
    })
    .collect()
}

/// Fails with one line for each breach.
#[track_caller]
pub(crate) fn none(broken: Vec<String>) {
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
