//! Reads a schema file: YAML that says which columns the table has.
//!
//! ```yaml
//! version: 2                  # of this form; may be left out. 1 has neither decimals nor json
//! unknown-fields: ignore      # or dead-letter: for a record with a field that no column takes
//! columns:                    # in the order of the table
//!   - name: symbol            # a-z, 0-9 and _
//!     # string, double, bigint, boolean, date, timestamp, json, or decimal(P,S): P digits, S of
//!     # them after the point
//!     type: string
//!   - name: adj_close
//!     type: double
//!     # The record's names for it; may be left out, see schema::TableColumn.
//!     fields: [Adj Close, adjusted_close]
//! ```
//!
//! Unknown fields are ignored unless the file says otherwise: a producer that adds a field must not
//! turn every record into a dead letter and empty the table. The `schema` crate checks what a
//! schema may hold, so that Athena can read each table that this module accepts.

use std::path::Path;

use anyhow::{Context, Result, anyhow, ensure};
use schema::TableSchema;

/// The largest file in bytes: a thousand columns with ten names each are far smaller.
const MAX_BYTES: u64 = 4 << 20;

/// Reads the file of `--schema`.
///
/// # Errors
/// Why it cannot be read, or what is wrong in it and where; one line that names the file.
pub fn read(path: &Path) -> Result<TableSchema> {
    let cannot_read = || format!("cannot read --schema {}", path.display());
    let length = std::fs::metadata(path).with_context(cannot_read)?.len();
    ensure!(
        length <= MAX_BYTES,
        "--schema {} has {length} bytes; a schema has at most {MAX_BYTES}",
        path.display()
    );
    let text = std::fs::read_to_string(path).with_context(cannot_read)?;
    parse(&text).map_err(|error| anyhow!("--schema {}: {error}", path.display()))
}

/// Returns errors on one line: the snippet that the YAML reader draws takes several.
fn parse(text: &str) -> Result<TableSchema, String> {
    serde_saphyr::from_str(text).map_err(|error: serde_saphyr::Error| {
        error.without_snippet().to_string().replace('\n', " ")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<TableSchema> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("schema.yaml");
        std::fs::write(&path, text).unwrap();
        read(&path)
    }

    #[test]
    fn the_example_in_the_documentation_is_a_schema() {
        let lines = include_str!("schema_file.rs").lines();
        let example = lines.skip_while(|line| *line != "//! ```yaml").skip(1);
        let example = example.take_while(|line| *line != "//! ```");
        let example: String = example.map(|line| format!("{}\n", &line[4..])).collect();
        assert_eq!(
            read_text(&example).unwrap().canonical_text(),
            r#"{"version":1,"unknown-fields":"ignore","columns":[{"name":"symbol","type":"string"},{"name":"adj_close","type":"double","fields":["Adj Close","adjusted_close"]}]}"#
        );
    }

    #[test]
    fn what_is_written_is_read_back() {
        let schema = TableSchema::stock();
        assert_eq!(read_text(&schema.to_yaml()).unwrap(), schema);
        assert_eq!(read_text(&schema.canonical_text()).unwrap(), schema);
    }

    #[test]
    fn a_mistake_is_told_on_one_line_with_the_file_and_the_place() {
        for (text, part) in [
            ("columns:\n  - {name: dt, type: date}\n", "partition column"),
            ("columns:\n  - {name: a, type: decimal}\n", "line 2"),
            ("columns:\n  - {name: a, typ: date}\n", "typ"),
            ("columns: [", "line 1"),
            ("", "end of input"),
            ("\u{0}", ""),
        ] {
            let error = read_text(text).unwrap_err().to_string();
            assert!(
                error.starts_with("--schema ") && error.contains("schema.yaml: "),
                "{error}"
            );
            assert!(error.contains(part) && !error.contains('\n'), "{error:?}");
        }
    }

    #[test]
    fn a_file_that_is_none_is_told_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let missing = read(&folder.path().join("none.yaml")).unwrap_err();
        assert!(
            format!("{missing:#}").contains("none.yaml: "),
            "{missing:#}"
        );
        assert!(read(folder.path()).is_err());
        let large = read_text(&" ".repeat(5 << 20)).unwrap_err().to_string();
        assert!(large.contains("has 5242880 bytes"), "{large}");
    }
}
