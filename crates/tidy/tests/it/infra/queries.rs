//! The statements for Athena: one a file, explained, on the tables that the other files make.
//!
//! Not here: what they answer (that needs an engine, see the crate `athena`), and the table itself
//! (see `table`). Athena runs one statement at a time, so that no file holds a second one.

use std::collections::BTreeSet;

use super::ddl::without_comments;
use crate::repository::{names, none, text};

const FOLDER: &str = "infra/athena";

/// The query of the original tutorial, which stands there word for word: with its semicolon, on one
/// line.
const ORIGINAL: &str = "39-average-price.sql";

/// With what a statement begins that makes something.
const MAKES: [&str; 4] = [
    "CREATE DATABASE IF NOT EXISTS ",
    "CREATE EXTERNAL TABLE ",
    "CREATE TABLE ",
    "CREATE OR REPLACE VIEW ",
];

/// With what one begins that reads or changes what is there.
const USES: [&str; 5] = ["SELECT", "WITH ", "MERGE INTO ", "OPTIMIZE ", "VACUUM "];

/// Words after which the name of a table or view stands.
const BEFORE_A_NAME: [&str; 5] = ["FROM", "JOIN", "INTO", "OPTIMIZE", "VACUUM"];

/// One file.
struct SqlFile {
    name: String,
    text: String,
    statement: String,
}

impl SqlFile {
    fn new(name: &str, text: &str) -> Self {
        Self {
            name: name.to_owned(),
            text: text.to_owned(),
            statement: without_comments(text),
        }
    }

    fn begins_with_one_of(&self, words: &[&str]) -> bool {
        words.iter().any(|words| self.statement.starts_with(words))
    }

    /// The full name of what the statement makes; `None` when it makes no table and no view.
    fn made(&self) -> Option<String> {
        let begin = MAKES[1..]
            .iter()
            .find_map(|words| self.statement.strip_prefix(words))?;
        let name = begin.split([' ', '\n']).next()?;
        Some(name.replace('`', ""))
    }

    /// The full names of the tables and views that the statement reads or changes.
    fn used(&self) -> BTreeSet<String> {
        let words: Vec<&str> = self.statement.split_whitespace().collect();
        let pairs = words.windows(2);
        let names = pairs.filter(|pair| BEFORE_A_NAME.contains(&pair[0]) && pair[1].contains('.'));
        names
            .map(|pair| pair[1].trim_end_matches([')', ';']).replace('"', ""))
            .collect()
    }
}

fn files() -> Vec<SqlFile> {
    let read = |name: &String| SqlFile::new(name, &text(&format!("{FOLDER}/{name}")));
    file_names().iter().map(read).collect()
}

fn file_names() -> Vec<String> {
    let mut names = names(FOLDER);
    names.retain(|name| name != "README.md");
    names
}

/// Everything that is wrong with the files as they are one by one.
fn problems_of(file: &SqlFile) -> Vec<String> {
    let SqlFile {
        name,
        text,
        statement,
    } = file;
    let query = file.begins_with_one_of(&USES);
    let rules = [
        (text.starts_with("-- "), "does not begin with a comment"),
        (
            !statement.trim_end_matches(';').contains(';'),
            "may hold a second statement",
        ),
        (
            !statement.ends_with(';') || name == ORIGINAL,
            "ends with a semicolon",
        ),
        // Athena's DDL has its own parser, which is kept away from comments.
        (!statement.contains("--"), "has a comment inside"),
        (
            query || file.begins_with_one_of(&MAKES),
            "begins with another word than the rest",
        ),
        (
            !query || text.contains("\n-- Cost: "),
            "does not say what it costs",
        ),
        (
            !query || !(statement.contains("SELECT *") || statement.contains('`')),
            "takes all columns, or quotes as DDL does",
        ),
        (
            !(statement.starts_with("SELECT") || statement.starts_with("WITH "))
                || text.contains("\n-- Reads the ")
                    && (statement.contains("\nORDER BY ") || name == ORIGINAL),
            "does not say what it reads, or has no order",
        ),
        (
            name.starts_with('4') == text.contains("\n-- Only AWS runs this"),
            "is of the group that only AWS runs, or says so, but not both",
        ),
    ];
    let broken = rules.into_iter().filter(|(kept, _)| !kept);
    broken.map(|(_, what)| format!("{name} {what}")).collect()
}

/// The numbers of the files' names: each the one before plus one, or the first of a group of ten.
fn number_problems(names: &[String]) -> Vec<String> {
    let mut problems = Vec::new();
    let mut before = 0;
    for name in names {
        let number = name.get(..3).and_then(|begin| begin.strip_suffix('-'));
        match number.and_then(|digits| digits.parse::<u32>().ok()) {
            Some(number) if number > before && (number == before + 1 || number % 10 == 0) => {
                before = number;
            }
            _ => problems.push(format!("{name} does not follow {before:02}")),
        }
        if !name.ends_with(".sql") {
            problems.push(format!("{name} is no .sql"));
        }
    }
    problems
}

/// What a statement names that no file makes, nor the command that its comment gives.
fn unknown_names(files: &[SqlFile]) -> Vec<String> {
    let made: BTreeSet<String> = files.iter().filter_map(SqlFile::made).collect();
    let mut problems = Vec::new();
    for file in files.iter().filter(|file| file.begins_with_one_of(&USES)) {
        let used = file.used();
        if used.is_empty() {
            problems.push(format!("{} reads nothing", file.name));
        }
        for name in used.difference(&made) {
            let (_, table) = name.split_once('.').unwrap_or_default();
            if !file.text.contains(&format!("--table {table} ")) {
                problems.push(format!("{} reads {name}, which nothing makes", file.name));
            }
        }
    }
    problems
}

#[test]
fn the_files_are_numbered_in_the_order_of_their_use() {
    none(number_problems(&file_names()));
}

#[test]
fn each_file_says_what_it_is_for_and_holds_one_statement() {
    none(files().iter().flat_map(problems_of).collect());
}

#[test]
fn every_statement_reads_tables_and_views_that_other_files_make() {
    let files = files();
    none(unknown_names(&files));
    let queries = files
        .iter()
        .filter(|file| file.begins_with_one_of(&["SELECT", "WITH "]));
    assert!(queries.count() >= 15);
}

#[test]
fn every_query_reads_one_relation_once() {
    for file in files() {
        if file.begins_with_one_of(&["SELECT", "WITH "]) {
            // Each object is a request to S3: a second scan would cost the same again.
            let scans = file.statement.matches("stock_market.").count();
            let original = file.statement.matches("stock_data_db\"").count();
            assert_eq!(scans + original, 1, "{}", file.name);
        }
    }
}

#[test]
fn a_file_that_breaks_a_rule_is_found_out() {
    let good = "-- Who?\n--\n-- Reads the view bars.\n-- Cost: nothing.\nSELECT a\nFROM stock_market.bars\nORDER BY a\n";
    let problems = |name: &str, text: &str| problems_of(&SqlFile::new(name, text));
    assert_eq!(problems("05-a.sql", good), [""; 0]);
    for (from, to, expected) in [
        ("-- Who?\n--\n", "--\n", "does not begin with a comment"),
        (
            "ORDER BY a\n",
            "ORDER BY a; SELECT b\n",
            "may hold a second statement",
        ),
        ("ORDER BY a\n", "ORDER BY a;\n", "ends with a semicolon"),
        (
            "SELECT a\n",
            "SELECT a -- the first\n",
            "has a comment inside",
        ),
        (
            "SELECT a\n",
            "DELETE\n",
            "begins with another word than the rest",
        ),
        ("-- Cost: nothing.\n", "", "does not say what it costs"),
        (
            "SELECT a\n",
            "SELECT *\n",
            "takes all columns, or quotes as DDL does",
        ),
        (
            "ORDER BY a\n",
            "",
            "does not say what it reads, or has no order",
        ),
        (
            "-- Cost",
            "-- Only AWS runs this.\n-- Cost",
            "is of the group that only AWS runs, or says so, but not both",
        ),
    ] {
        let text = good.replacen(from, to, 1);
        let found = problems("05-a.sql", &text);
        assert_eq!(found, [format!("05-a.sql {expected}")]);
    }
    let read = [SqlFile::new("05-a.sql", good)];
    assert_eq!(unknown_names(&read).len(), 1);
    let view = SqlFile::new(
        "04-v.sql",
        "-- v\nCREATE OR REPLACE VIEW stock_market.bars AS\nSELECT 1",
    );
    let [query] = read;
    assert_eq!(unknown_names(&[view, query]), [""; 0]);
    let numbered = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        number_problems(&names).len()
    };
    assert_eq!(
        numbered(&["01-a.sql", "02-b.sql", "30-c.sql", "31-d.sql"]),
        0
    );
    assert_eq!(numbered(&["01-a.sql", "03-b.sql"]), 1);
    assert_eq!(numbered(&["01-a.sql", "01-b.sql"]), 1);
    assert_eq!(numbered(&["01-a.sql", "10-b.txt"]), 1);
    assert_eq!(numbered(&["1-a.sql"]), 1);
}
