//! The tables and views in `infra/athena` are what the command prints that stands in each.

use std::{collections::BTreeMap, path::PathBuf};

use crate::support::ddl_line;

const COMMAND: &str = "-- Printed by: consumer ddl ";

/// The files by their names.
fn files() -> BTreeMap<String, String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../infra/athena");
    let files = std::fs::read_dir(folder).unwrap().map(|file| {
        let file = file.unwrap();
        let name = file.file_name().into_string().unwrap();
        (name, std::fs::read_to_string(file.path()).unwrap())
    });
    files.filter(|(name, _)| name != "README.md").collect()
}

/// The flags in the file's head.
fn flags(text: &str) -> Option<&str> {
    text.lines().find_map(|line| line.strip_prefix(COMMAND))
}

#[test]
fn each_table_and_view_is_what_its_command_prints() {
    let mut printed = 0;
    for (name, text) in files() {
        if let Some(flags) = flags(&text) {
            let again = ddl_line(flags).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(text, format!("{again}\n"), "{name}");
            printed += 1;
        }
    }
    assert_eq!(printed, 17, "a file has lost its command, or is new");
}

#[test]
fn no_table_or_view_is_written_by_hand() {
    for (name, text) in files() {
        let statement = text.lines().find(|line| !line.starts_with("--")).unwrap();
        // Filled by a statement of Athena's, not by a program of ours.
        let is_only_athenas = name == "40-iceberg-table.sql";
        let is_definition = statement.starts_with("CREATE") && !is_only_athenas;
        assert_eq!(flags(&text).is_some(), is_definition, "{name}");
    }
}

#[test]
fn the_files_need_no_other_bucket_than_the_readme() {
    for (name, text) in files() {
        if let Some(flags) = flags(&text) {
            let bucket = flags.starts_with("--bucket kafka-stock-market-project ");
            assert!(bucket, "{name}: {flags}");
        }
    }
}
