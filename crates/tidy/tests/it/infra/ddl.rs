//! Reads one `CREATE EXTERNAL TABLE` of Athena, as far as our rules need it.
//!
//! Not a parser of Hive's grammar: clauses are found by their words, and it panics on what it does
//! not know. Nothing is made up; what a statement does not say is empty here.

use std::collections::BTreeMap;

/// What a table definition says.
pub(crate) struct TableDdl {
    /// Names and types, in order.
    pub(crate) columns: Vec<(String, String)>,
    /// The partition columns, likewise.
    pub(crate) partitions: Vec<(String, String)>,
    pub(crate) serde: String,
    pub(crate) serde_properties: BTreeMap<String, String>,
    pub(crate) location: String,
    pub(crate) properties: BTreeMap<String, String>,
}

impl TableDdl {
    pub(crate) fn parse(text: &str) -> Self {
        let statement = without_comments(text);
        assert!(statement.starts_with("CREATE EXTERNAL TABLE"));
        Self {
            columns: columns(in_brackets(&statement, "CREATE EXTERNAL TABLE")),
            partitions: columns(in_brackets(&statement, "PARTITIONED BY")),
            serde: quoted(after(&statement, "ROW FORMAT SERDE"))[0].to_owned(),
            serde_properties: match statement.contains("WITH SERDEPROPERTIES") {
                true => pairs(in_brackets(&statement, "WITH SERDEPROPERTIES")),
                false => BTreeMap::new(),
            },
            location: quoted(after(&statement, "LOCATION"))[0].to_owned(),
            properties: pairs(in_brackets(&statement, "TBLPROPERTIES")),
        }
    }

    /// A table property; empty when there is none.
    pub(crate) fn property(&self, name: &str) -> &str {
        self.properties.get(name).map_or("", String::as_str)
    }
}

/// The statement of a file without its `--` lines.
pub(crate) fn without_comments(text: &str) -> String {
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("--"))
        .collect();
    lines.join("\n").trim().to_owned()
}

fn after<'t>(statement: &'t str, words: &str) -> &'t str {
    let (_, rest) = statement
        .split_once(words)
        .unwrap_or_else(|| panic!("there is no {words}"));
    rest
}

/// What stands in the first brackets after `words`; none of our types or values has brackets in it.
fn in_brackets<'t>(statement: &'t str, words: &str) -> &'t str {
    let (_, rest) = after(statement, words).split_once('(').unwrap();
    rest.split_once(')').unwrap().0
}

fn columns(list: &str) -> Vec<(String, String)> {
    let column = |entry: &str| {
        let (name, kind) = entry.trim().split_once(' ').unwrap();
        let bare = name
            .strip_prefix('`')
            .and_then(|name| name.strip_suffix('`'));
        let bare = bare.unwrap_or_else(|| panic!("column {name} is not in backticks"));
        (bare.to_owned(), kind.trim().to_owned())
    };
    list.split(',').map(column).collect()
}

fn quoted(text: &str) -> Vec<&str> {
    text.split('\'').skip(1).step_by(2).collect()
}

fn pairs(list: &str) -> BTreeMap<String, String> {
    quoted(list)
        .chunks(2)
        .map(|pair| (pair[0].to_owned(), pair[1].to_owned()))
        .collect()
}
