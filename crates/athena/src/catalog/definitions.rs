//! Databases, views, and what only AWS runs, as the files of a catalog define them.

/// A database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseDefinition {
    /// Its name.
    pub name: String,
    /// The file that defines it.
    pub file: String,
    /// The line of its statement, from 1.
    pub line: u64,
}

/// A view; its query is not read here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewDefinition {
    /// Its database.
    pub database: String,
    /// Its name.
    pub name: String,
    /// The query as it is written.
    pub query: String,
    /// The file that defines it.
    pub file: String,
    /// The line of the statement, from 1.
    pub line: u64,
    /// The line of the query's first word, from 1.
    pub query_line: u64,
}

/// A statement that only AWS runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnlyAws {
    /// The table that it makes or changes, as `database.table`, where it names one.
    pub table: Option<String>,
    /// What it is, such as `MERGE`.
    pub statement: String,
    /// Why it does not run here.
    pub reason: &'static str,
    /// The file.
    pub file: String,
    /// The line of the statement, from 1.
    pub line: u64,
}
