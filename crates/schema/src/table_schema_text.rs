//! The two texts of a schema: the file that people write, and the canonical one whose SHA-256 is
//! the schema's name.
//!
//! A schema file is YAML. This crate writes it; to read one, give a YAML reader's deserializer to
//! [`TableSchema`]. The canonical text is JSON on one line, and is a schema file as well.
//! Invariant: both texts read back as an equal schema, and equal schemas have equal texts.

use std::fmt::Write as _;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::table_schema::{TableColumn, TableSchema, TableSchemaError, UnknownFields};

/// The newest version. A schema is written with the oldest version that has its types, so that the
/// text, and the hash, of a schema without newer ones never change.
const VERSION: u32 = 2;

/// What a schema file holds, before it is checked.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Document {
    /// May be left out: then all types are known.
    version: Option<u32>,
    #[serde(default)]
    unknown_fields: UnknownFields,
    columns: Vec<TableColumn>,
}

impl Serialize for TableSchema {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let document = Document {
            version: Some(self.version()),
            unknown_fields: self.unknown_fields(),
            columns: self.columns().to_vec(),
        };
        document.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for TableSchema {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let document = Document::deserialize(deserializer)?;
        let version = document.version.unwrap_or(VERSION);
        if !(1..=VERSION).contains(&version) {
            return Err(D::Error::custom(TableSchemaError::UnknownVersion(version)));
        }
        let newer = document.columns.iter();
        if let Some(column) = newer.clone().find(|column| column.kind.since() > version) {
            let (name, kind) = (column.name.clone(), column.kind);
            return Err(D::Error::custom(TableSchemaError::NewerType { name, kind }));
        }
        Self::new(document.columns, document.unknown_fields).map_err(D::Error::custom)
    }
}

impl TableSchema {
    /// The version of schema files that it needs.
    fn version(&self) -> u32 {
        let versions = self.columns().iter().map(|column| column.kind.since());
        versions.max().unwrap_or(1)
    }

    /// JSON on one line, without a line break: what is stored next to the data, under its SHA-256.
    #[must_use]
    pub fn canonical_text(&self) -> String {
        serde_json::to_string(self).expect("strings and numbers always serialize")
    }

    /// Reads a canonical text.
    ///
    /// # Errors
    /// [`TableSchemaError::NotASchema`] for a text that is none.
    pub fn from_canonical_text(text: &str) -> Result<Self, TableSchemaError> {
        serde_json::from_str(text).map_err(|error| TableSchemaError::NotASchema(error.to_string()))
    }

    /// A schema file in YAML that says the same.
    #[must_use]
    pub fn to_yaml(&self) -> String {
        let unknown = match self.unknown_fields() {
            UnknownFields::Ignore => "ignore",
            UnknownFields::DeadLetter => "dead-letter",
        };
        let mut yaml = format!(
            "version: {}\nunknown-fields: {unknown}\ncolumns:\n",
            self.version()
        );
        for column in self.columns() {
            let (name, kind) = (quoted(&column.name), column.kind.name());
            // Writing to a String cannot fail.
            write!(yaml, "  - name: {name}\n    type: {kind}\n").unwrap_or_default();
            if !column.fields.is_empty() {
                let fields: Vec<String> = column.fields.iter().map(|field| quoted(field)).collect();
                writeln!(yaml, "    fields: [{}]", fields.join(", ")).unwrap_or_default();
            }
        }
        yaml
    }
}

/// A text in a form that YAML reads back unchanged: plain if it cannot be taken for a number,
/// `null` or `yes`; otherwise in quotes, as in JSON.
fn quoted(text: &str) -> String {
    const WORDS: [&str; 9] = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    let starts = text.starts_with(|first: char| first.is_ascii_alphabetic());
    let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    if starts && text.chars().all(plain) && !WORDS.contains(&text.to_ascii_lowercase().as_str()) {
        return text.to_owned();
    }
    let json = serde_json::to_string(text).expect("a string always serializes");
    // JSON leaves these as they are; YAML takes some for line breaks, and refuses or drops the
    // others.
    let mut out = String::with_capacity(json.len());
    for letter in json.chars() {
        if matches!(
            letter,
            '\u{7f}'..='\u{a0}' | '\u{2028}' | '\u{2029}' | '\u{feff}'
        ) {
            write!(out, "\\u{:04x}", u32::from(letter)).unwrap_or_default();
        } else {
            out.push(letter);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::athena_type::AthenaType;

    fn column(name: &str, kind: AthenaType, fields: &[&str]) -> TableColumn {
        TableColumn {
            name: name.to_owned(),
            kind,
            fields: fields.iter().map(|field| (*field).to_owned()).collect(),
        }
    }

    #[test]
    fn the_canonical_text_is_fixed() {
        let columns = vec![
            column("symbol", AthenaType::String, &[]),
            column("adj_close", AthenaType::Double, &["Adj Close", "adjusted"]),
        ];
        let schema = TableSchema::new(columns, UnknownFields::DeadLetter).unwrap();
        let text = schema.canonical_text();
        assert_eq!(
            text,
            r#"{"version":1,"unknown-fields":"dead-letter","columns":[{"name":"symbol","type":"string"},{"name":"adj_close","type":"double","fields":["Adj Close","adjusted"]}]}"#
        );
        assert_eq!(TableSchema::from_canonical_text(&text), Ok(schema));
    }

    #[test]
    fn a_schema_has_the_oldest_version_that_has_its_types() {
        let read = |yaml: &str| serde_saphyr::from_str::<TableSchema>(yaml).unwrap();
        let old = read("version: 1\ncolumns: [{name: a, type: date}]");
        let same = read("version: 2\ncolumns: [{name: a, type: date}]");
        assert_eq!(old.canonical_text(), same.canonical_text());
        assert!(old.canonical_text().starts_with(r#"{"version":1,"#));
        let new = read("columns: [{name: p, type: 'decimal(18, 6)'}, {name: j, type: json}]");
        assert_eq!(
            new.canonical_text(),
            r#"{"version":2,"unknown-fields":"ignore","columns":[{"name":"p","type":"decimal(18,6)"},{"name":"j","type":"json"}]}"#
        );
        assert_eq!(read(&new.to_yaml()), new, "{}", new.to_yaml());
    }

    #[test]
    fn a_schema_file_may_leave_out_what_is_usual() {
        let yaml = "columns:\n  - {name: a, type: bigint}\n  - {name: at, type: timestamp}\n";
        let schema: TableSchema = serde_saphyr::from_str(yaml).unwrap();
        assert_eq!(schema.unknown_fields(), UnknownFields::Ignore);
        assert_eq!(
            schema.columns(),
            [
                column("a", AthenaType::BigInt, &[]),
                column("at", AthenaType::Timestamp, &[])
            ]
        );
    }

    #[test]
    fn a_mistake_in_a_schema_file_is_refused_with_what_it_is() {
        for (yaml, part) in [
            ("columns: []", "at least one column"),
            ("columns: [{name: dt, type: date}]", "partition column"),
            ("columns: [{name: a, type: decimal}]", "decimal(P,S)"),
            (
                "version: 1\ncolumns: [{name: a, type: json}]",
                "write version: 2",
            ),
            ("columns: [{name: a, typ: date}]", "typ"),
            ("column: [{name: a, type: date}]", "column"),
            ("version: 3\ncolumns: [{name: a, type: date}]", "version 3"),
            (
                "unknown-fields: drop\ncolumns: [{name: a, type: date}]",
                "drop",
            ),
            ("hello", ""),
        ] {
            let error = serde_saphyr::from_str::<TableSchema>(yaml).unwrap_err();
            assert!(error.to_string().contains(part), "{yaml}: {error}");
        }
        let error = TableSchema::from_canonical_text("hello").unwrap_err();
        assert!(error.to_string().starts_with("not a schema: "), "{error}");
    }

    proptest! {
        #[test]
        fn both_texts_give_back_the_schema(
            names in proptest::collection::btree_set("[a-z0-9_]{1,5}|null|yes|no|true|y|n1e5", 1..5),
            fields in proptest::collection::btree_set(any::<String>().prop_map(|text| text.to_lowercase()), 0..5),
        ) {
            let mut fields: Vec<String> = fields.into_iter().collect();
            let kinds = [AthenaType::String, AthenaType::Date, AthenaType::Boolean];
            let columns = names.into_iter().filter(|name| name != "dt").zip(kinds.into_iter().cycle());
            let columns: Vec<TableColumn> = columns
                .map(|(name, kind)| TableColumn { name, kind, fields: fields.pop().into_iter().collect() })
                .collect();
            if let Ok(schema) = TableSchema::new(columns, UnknownFields::DeadLetter) {
                prop_assert_eq!(&TableSchema::from_canonical_text(&schema.canonical_text()), &Ok(schema.clone()));
                let read: TableSchema = serde_saphyr::from_str(&schema.canonical_text()).unwrap();
                prop_assert_eq!(&read, &schema, "as YAML: {}", schema.canonical_text());
                let read: TableSchema = serde_saphyr::from_str(&schema.to_yaml()).unwrap();
                prop_assert_eq!(&read, &schema, "{}", schema.to_yaml());
            }
        }
    }
}
