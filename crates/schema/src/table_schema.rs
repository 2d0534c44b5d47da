//! The columns of the table that a topic becomes: names and types as Athena has them, and which
//! fields of a record fill them.
//!
//! Not here: the file form (see `table_schema_text`), a proposal made from records (see `infer`),
//! reading a record (see `row_reader`). Athena can read every table that has such columns: names of
//! `a-z`, `0-9` and `_`, none twice, none of them `dt`.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    athena_type::AthenaType, metadata::METADATA_COLUMNS, names::snake, stock::STOCK_HEADER,
};

/// The partition column of every table: the `dt=…` in the objects' keys.
pub const PARTITION_COLUMN: &str = "dt";

/// More columns than this are a mistake, such as a schema made from data whose names are values.
const MAX_COLUMNS: usize = 1_000;

/// The longest name that Glue takes, in bytes.
const MAX_NAME_BYTES: usize = 255;

/// What happens to a record with a field that no column takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnknownFields {
    /// The record lands without the field: a producer that adds one must not empty everybody's
    /// table.
    #[default]
    Ignore,
    /// The record becomes a dead letter, for those who want to hear of such fields.
    DeadLetter,
}

/// One column of the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableColumn {
    /// The name in Athena, in the CSV header and in Parquet.
    pub name: String,
    /// What it holds.
    #[serde(rename = "type")]
    pub kind: AthenaType,
    /// The fields of a record that fill it. If empty, it is filled by fields that have the column's
    /// name, as it is or in the snake form: `adj_close`, `Adj Close` and `AdjClose` fill
    /// `adj_close`. Case never matters; since classifier 2 blanks, underscores and other signs do
    /// not either, as long as only one column is meant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
}

/// The columns of a table in their order, and what else a record may hold.
///
/// Serialized, it is a schema file; reading one checks it as [`TableSchema::new`] does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableSchema {
    columns: Vec<TableColumn>,
    unknown_fields: UnknownFields,
}

/// Why columns are not a table that Athena can read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TableSchemaError {
    /// No column at all.
    #[error("a schema needs at least one column")]
    NoColumns,
    /// More columns than anybody wants.
    #[error("a schema has at most {MAX_COLUMNS} columns, not {0}")]
    TooManyColumns(usize),
    /// A name that Athena does not accept unquoted.
    #[error(
        "column {name:?}: a name has 1 to {MAX_NAME_BYTES} of a-z, 0-9 and _, as Athena knows no others; call it {} and list {name:?} under fields",
        snake(.name)
    )]
    BadName {
        /// The name as written.
        name: String,
    },
    /// The name of the partition column.
    #[error(
        "column \"dt\" has the name of the partition column, and Athena refuses a table with both; call it record_dt and list \"dt\" under fields"
    )]
    PartitionColumn,
    /// Two columns of one name.
    #[error("column {name:?} is there twice")]
    Twice {
        /// The name.
        name: String,
    },
    /// A field that would fill two columns.
    #[error(
        "field {field:?} is listed twice, where upper and lower case are the same; a field fills one column"
    )]
    FieldTwice {
        /// The field as written the second time.
        field: String,
    },
    /// A column with the name of a metadata column.
    #[error(
        "column {name:?} has the name of a metadata column; rename it, or leave --with-metadata out"
    )]
    MetadataColumn {
        /// The name.
        name: String,
    },
    /// A file of a later version of this format.
    #[error("a schema of version {0} is not known to this program, which knows versions 1 and 2")]
    UnknownVersion(u32),
    /// A type that the file's version does not have.
    #[error("column {name:?}: schema files have the type {kind} since version 2: write version: 2")]
    NewerType {
        /// The column.
        name: String,
        /// Its type.
        kind: AthenaType,
    },
    /// No record to make a proposal from.
    #[error(
        "none of the records is a JSON object with fields: there is nothing to make columns of"
    )]
    NothingToInferFrom,
    /// A text that is not a schema.
    #[error("not a schema: {0}")]
    NotASchema(String),
}

impl TableSchema {
    /// Makes a schema of these columns.
    ///
    /// # Errors
    /// The first column that Athena could not read, or that would make a record ambiguous.
    pub fn new(
        columns: Vec<TableColumn>,
        unknown_fields: UnknownFields,
    ) -> Result<Self, TableSchemaError> {
        if columns.is_empty() {
            return Err(TableSchemaError::NoColumns);
        }
        if columns.len() > MAX_COLUMNS {
            return Err(TableSchemaError::TooManyColumns(columns.len()));
        }
        let mut names = BTreeSet::new();
        let mut fields = BTreeSet::new();
        for column in &columns {
            check_name(&column.name)?;
            if !names.insert(&column.name) {
                let name = column.name.clone();
                return Err(TableSchemaError::Twice { name });
            }
            for field in &column.fields {
                if !fields.insert(field.to_lowercase()) {
                    let field = field.clone();
                    return Err(TableSchemaError::FieldTwice { field });
                }
            }
        }
        Ok(Self {
            columns,
            unknown_fields,
        })
    }

    /// The schema of the records that the producer makes from the tutorial's file, with either form
    /// of names.
    #[must_use]
    pub fn stock() -> Self {
        let kind = |header| match header {
            "Index" => AthenaType::String,
            "Date" => AthenaType::Date,
            _ => AthenaType::Double,
        };
        let column = |header| TableColumn {
            name: snake(header),
            kind: kind(header),
            fields: Vec::new(),
        };
        Self {
            columns: STOCK_HEADER.map(column).into(),
            unknown_fields: UnknownFields::Ignore,
        }
    }

    /// The columns in their order.
    #[must_use]
    pub fn columns(&self) -> &[TableColumn] {
        &self.columns
    }

    /// What happens to a record with a field that no column takes.
    #[must_use]
    pub fn unknown_fields(&self) -> UnknownFields {
        self.unknown_fields
    }

    /// Checks that the [`METADATA_COLUMNS`] can follow.
    ///
    /// # Errors
    /// The first column that has the name of one of them.
    pub fn check_metadata_names(&self) -> Result<(), TableSchemaError> {
        let taken = |name: &str| METADATA_COLUMNS.iter().any(|(taken, _)| *taken == name);
        match self.columns.iter().find(|column| taken(&column.name)) {
            None => Ok(()),
            Some(column) => Err(TableSchemaError::MetadataColumn {
                name: column.name.clone(),
            }),
        }
    }
}

fn check_name(name: &str) -> Result<(), TableSchemaError> {
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    // In lower case, because that is how Athena would compare it.
    if name.to_lowercase() == PARTITION_COLUMN {
        return Err(TableSchemaError::PartitionColumn);
    }
    if name.is_empty() || name.len() > MAX_NAME_BYTES || !name.bytes().all(known) {
        let name = name.to_owned();
        return Err(TableSchemaError::BadName { name });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(columns: &[(&str, &[&str])]) -> Result<TableSchema, TableSchemaError> {
        let column = |(name, fields): &(&str, &[&str])| TableColumn {
            name: (*name).to_owned(),
            kind: AthenaType::String,
            fields: fields.iter().map(|field| (*field).to_owned()).collect(),
        };
        TableSchema::new(columns.iter().map(column).collect(), UnknownFields::Ignore)
    }

    fn refusal(columns: &[(&str, &[&str])]) -> String {
        schema(columns).unwrap_err().to_string()
    }

    #[test]
    fn the_stock_schema_is_one_that_could_be_written_by_hand() {
        let stock = TableSchema::stock();
        assert_eq!(
            TableSchema::new(stock.columns.clone(), stock.unknown_fields),
            Ok(stock.clone())
        );
        let named: Vec<_> = stock
            .columns()
            .iter()
            .map(|column| format!("{} {}", column.name, column.kind.name()))
            .collect();
        assert_eq!(
            named.join(", "),
            "index string, date date, open double, high double, low double, close double, adj_close double, volume double, close_usd double"
        );
    }

    #[test]
    fn what_athena_could_not_read_is_refused_with_the_way_out() {
        assert_eq!(
            refusal(&[("Adj Close", &[])]),
            r#"column "Adj Close": a name has 1 to 255 of a-z, 0-9 and _, as Athena knows no others; call it adj_close and list "Adj Close" under fields"#
        );
        for name in ["", "Open", "naïve", "a-b", "a.b", &"a".repeat(256)] {
            assert!(matches!(
                schema(&[(name, &[])]),
                Err(TableSchemaError::BadName { .. })
            ));
        }
        for name in ["dt", "DT"] {
            assert_eq!(
                schema(&[(name, &[])]),
                Err(TableSchemaError::PartitionColumn)
            );
        }
        assert_eq!(
            refusal(&[("a", &[]), ("b", &[]), ("a", &[])]),
            r#"column "a" is there twice"#
        );
        assert_eq!(schema(&[]), Err(TableSchemaError::NoColumns));
        let names: Vec<String> = (0..=MAX_COLUMNS).map(|n| format!("c{n}")).collect();
        let many: Vec<(&str, &[&str])> =
            names.iter().map(|name| (name.as_str(), &[][..])).collect();
        assert_eq!(
            refusal(&many),
            "a schema has at most 1000 columns, not 1001"
        );
        assert!(schema(&many[1..]).is_ok());
    }

    #[test]
    fn a_field_fills_one_column() {
        assert!(
            refusal(&[("a", &["Price"]), ("b", &["PRICE"])]).contains("\"PRICE\" is listed twice")
        );
        assert!(refusal(&[("a", &["É", "é"])]).contains("listed twice"));
        assert!(
            schema(&[("a", &["b"]), ("b", &["a"])]).is_ok(),
            "columns may trade their fields"
        );
    }

    #[test]
    fn a_schema_may_have_kafka_columns_of_its_own_only_without_ours() {
        let own = schema(&[("a", &[]), ("kafka_offset", &[])]).unwrap();
        assert_eq!(
            own.check_metadata_names().unwrap_err().to_string(),
            r#"column "kafka_offset" has the name of a metadata column; rename it, or leave --with-metadata out"#
        );
        assert_eq!(TableSchema::stock().check_metadata_names(), Ok(()));
    }
}
