//! The files of `infra/athena`: what each is, and which are not run, with the reason.

use std::path::{Path, PathBuf};

/// A file that is left out, and why.
pub(crate) struct Reason {
    pub(crate) file: &'static str,
    pub(crate) because: &'static str,
}

/// What no engine here can run.
pub(crate) const AWS_ONLY: [Reason; 9] = [
    Reason {
        file: "40-iceberg-table.sql",
        because: "Athena's CREATE TABLE for Iceberg is no Trino and no Hive; it writes to S3",
    },
    Reason {
        file: "41-iceberg-merge.sql",
        because: "MERGE needs the Iceberg table of 40; Trino checks its grammar",
    },
    Reason {
        file: "42-iceberg-optimize.sql",
        because: "OPTIMIZE is Athena's word (Trino: ALTER TABLE … EXECUTE optimize)",
    },
    Reason {
        file: "43-iceberg-vacuum.sql",
        because: "VACUUM is Athena's word (Trino: EXECUTE expire_snapshots)",
    },
    Reason {
        file: "44-curated-bars-table.sql",
        because: "Athena's CREATE TABLE for Iceberg; the ETL job's test on Spark compares it",
    },
    Reason {
        file: "45-curated-rejected-table.sql",
        because: "Athena's CREATE TABLE for Iceberg; the ETL job's test on Spark compares it",
    },
    Reason {
        file: "46-curated-average-close.sql",
        because: "reads the Iceberg table of 44; the ETL job's test runs it on Spark",
    },
    Reason {
        file: "50-crawled-records-view.sql",
        because: "reads a table that Glue's crawler makes, of whatever types it saw",
    },
    Reason {
        file: "51-crawled-bars-view.sql",
        because: "reads the view of 50, over a table that Glue's crawler makes",
    },
];

/// What Trino runs here and the local engine refuses.
pub(crate) const ENGINE_LACKS: [Reason; 1] = [Reason {
    file: "36-any-spelling-view.sql",
    because: "a record holds 1e308, whose digits as text the local engine refuses to guess",
}];

/// What a file's statement does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SqlKind {
    /// Makes the database of this name.
    Database(String),
    /// Makes the table of this full name.
    Table(String),
    /// Makes the view of this full name.
    View(String),
    /// Answers.
    Query,
    /// See [`AWS_ONLY`].
    AwsOnly,
}

/// A file of the folder.
pub(crate) struct SqlFile {
    pub(crate) name: String,
    pub(crate) kind: SqlKind,
    /// Without the comment, and without a semicolon at the end, which Trino's API does not take.
    pub(crate) statement: String,
}

/// The folder with the files.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/athena")
}

/// All files of the folder, by name.
///
/// # Panics
/// When a statement begins with words that are not known here.
pub(crate) fn read() -> Vec<SqlFile> {
    let mut names: Vec<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "README.md")
        .collect();
    names.sort();
    names.into_iter().map(read_one).collect()
}

fn read_one(name: String) -> SqlFile {
    let text = std::fs::read_to_string(folder().join(&name)).unwrap();
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("--"));
    let text = lines.collect::<Vec<_>>().join("\n");
    let statement = text.trim().trim_end_matches(';').to_owned();
    let kind = if AWS_ONLY.iter().any(|reason| reason.file == name) {
        SqlKind::AwsOnly
    } else {
        kind(&statement).unwrap_or_else(|| panic!("{name}: neither a definition nor a query"))
    };
    SqlFile {
        name,
        kind,
        statement,
    }
}

fn kind(statement: &str) -> Option<SqlKind> {
    let after = |words: &str| {
        let rest = statement.strip_prefix(words)?;
        let name = rest
            .split(|sign: char| sign == '(' || sign.is_whitespace())
            .next()?;
        Some(name.replace('`', ""))
    };
    let table =
        after("CREATE EXTERNAL TABLE IF NOT EXISTS ").or_else(|| after("CREATE EXTERNAL TABLE "));
    let made = after("CREATE DATABASE IF NOT EXISTS ")
        .map(SqlKind::Database)
        .or_else(|| table.map(SqlKind::Table))
        .or_else(|| after("CREATE OR REPLACE VIEW ").map(SqlKind::View));
    let query = statement.starts_with("SELECT") || statement.starts_with("WITH");
    made.or(query.then_some(SqlKind::Query))
}

/// What the lists of this file name that is not there, or without a reason.
pub(crate) fn unaccounted(files: &[SqlFile]) -> Vec<String> {
    let listed = AWS_ONLY.iter().chain(&ENGINE_LACKS);
    let wrong = listed.filter(|reason| {
        let there = files.iter().any(|file| file.name == reason.file);
        !there || reason.because.len() < 20
    });
    let problem = |reason: &Reason| format!("{} is listed, but is not there", reason.file);
    wrong.map(problem).collect()
}
