//! The statements for Athena: one a file, explained, on the tables that the other files make.
//!
//! Not here: what they answer (that needs an engine), and the table itself (see `table`). Athena
//! runs one statement at a time, so that no file holds a second one.

use super::ddl::without_comments;
use crate::repository::{names, text};

const FOLDER: &str = "infra/athena";

#[test]
fn the_files_are_numbered_in_the_order_of_their_use() {
    for (at, name) in names(FOLDER).iter().enumerate() {
        let number = format!("{:02}-", at + 1);
        assert!(
            name.starts_with(&number) && name.ends_with(".sql"),
            "{name}"
        );
    }
}

#[test]
fn each_file_says_what_it_is_for_and_holds_one_statement() {
    for name in names(FOLDER) {
        let text = text(&format!("{FOLDER}/{name}"));
        assert!(
            text.starts_with("-- "),
            "{name} does not begin with a comment"
        );
        assert!(!text.contains(';'), "{name} may hold a second statement");
        let statement = without_comments(&text);
        // Athena's DDL has its own parser, which is kept away from comments.
        assert!(!statement.contains("--"), "{name} has a comment inside");
        let begins = [
            "CREATE DATABASE IF NOT EXISTS",
            "CREATE EXTERNAL TABLE IF NOT EXISTS",
            "CREATE OR REPLACE VIEW",
            "SELECT",
            "WITH",
        ];
        assert!(
            begins.iter().any(|words| statement.starts_with(words)),
            "{name}"
        );
    }
}

#[test]
fn every_query_reads_the_raw_table_once_and_names_its_columns() {
    let statement = |name: &String| without_comments(&text(&format!("{FOLDER}/{name}")));
    let queries: Vec<String> = names(FOLDER)
        .into_iter()
        .filter(|name| !statement(name).starts_with("CREATE"))
        .collect();
    assert_eq!(queries.len(), 6);
    for name in queries {
        let statement = statement(&name);
        // Each object is a request to S3: a second scan would cost the same again.
        let scans = statement.matches("FROM stock_market.raw_json").count();
        assert_eq!(scans, 1, "{name}");
        assert_eq!(statement.matches("stock_market.").count(), 1, "{name}");
        assert!(
            !statement.contains("SELECT *") && !statement.contains('`'),
            "{name}"
        );
    }
}
