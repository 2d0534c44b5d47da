//! The columns of one table, made from a header.
//!
//! Does not read rows (see `row`). Invariant: no two keys of a schema are the same after
//! lower-casing, for Athena lower-cases them.

use crate::column::same_name;
use crate::{Column, FieldNames, TypedColumn, stock};

/// The columns of a table in header order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    columns: Vec<Column>,
}

/// Why there is no schema.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// The header has no name at all.
    #[error("the header has no column names")]
    NoNames,
    /// One name comes twice in the header.
    #[error("column {name:?} appears twice in the header; rename one")]
    Duplicate {
        /// The name.
        name: String,
    },
    /// Two names become one key for a reader that ignores case.
    #[error(
        "columns {first:?} and {second:?} both become {key:?} after lower-casing; rename one in the header"
    )]
    Clash {
        /// The earlier name in the header.
        first: String,
        /// The later one.
        second: String,
        /// What both become.
        key: String,
    },
    /// A type was given to a column that the header lacks.
    #[error("column {name:?} is not in the header, which has {header}")]
    Unknown {
        /// The name that was given.
        name: String,
        /// The names there are.
        header: String,
    },
    /// An entry of a column list that is not `NAME:TYPE`.
    #[error("{entry:?} is not NAME:TYPE, with string or number as the type")]
    BadColumn {
        /// The entry as written.
        entry: String,
    },
    /// A column list that names a column twice.
    #[error("column {name:?} is typed twice")]
    TypedTwice {
        /// The name.
        name: String,
    },
}

impl Schema {
    /// Makes a schema from the names in a header. Blanks around a name are dropped; a column
    /// without a name, as data frames write for their index, is called `column_1` by its place.
    /// `typed` wins over the type we know a stock column by.
    ///
    /// # Errors
    /// [`SchemaError`] for a header without names, for names that clash, and for a typed column
    /// that is not there.
    pub fn from_header<'a>(
        header: impl IntoIterator<Item = &'a str>,
        typed: &[TypedColumn],
        names: FieldNames,
    ) -> Result<Schema, SchemaError> {
        let headers: Vec<&str> = header.into_iter().map(str::trim).collect();
        if headers.iter().all(|name| name.is_empty()) {
            return Err(SchemaError::NoNames);
        }
        let mut schema = Schema {
            columns: Vec::with_capacity(headers.len()),
        };
        for (at, header) in headers.iter().enumerate() {
            let header = if header.is_empty() {
                format!("column_{}", at + 1)
            } else {
                (*header).to_owned()
            };
            let name = names.apply(&header);
            schema.refuse_clash(&header, &name)?;
            let given = typed
                .iter()
                .find(|column| same_name(&column.name, &header) || same_name(&column.name, &name));
            let kind = given.map_or_else(|| stock::type_of(&header), |column| column.kind);
            schema.columns.push(Column { header, name, kind });
        }
        match typed
            .iter()
            .find(|column| schema.position(&column.name).is_none())
        {
            Some(column) => Err(schema.unknown(&column.name)),
            None => Ok(schema),
        }
    }

    /// The schema of the tutorial's file.
    pub fn stock(names: FieldNames) -> Schema {
        let column = |header: &str| Column {
            header: header.to_owned(),
            name: names.apply(header),
            kind: stock::type_of(header),
        };
        Schema {
            columns: stock::STOCK_HEADER.map(column).into(),
        }
    }

    /// The columns in header order.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Where the column of this name is, by its header name or its JSON key, whatever the case.
    pub fn position(&self, name: &str) -> Option<usize> {
        let name = name.trim();
        self.columns
            .iter()
            .position(|column| same_name(&column.header, name) || same_name(&column.name, name))
    }

    /// Where the symbol is, if a column has one of the usual names for it.
    pub fn symbol(&self) -> Option<usize> {
        stock::symbol(self.columns.iter().map(|column| column.header.as_str()))
    }

    /// Where the date or time of a row is, if a column has one of the usual names for it.
    pub fn date(&self) -> Option<usize> {
        stock::date(self.columns.iter().map(|column| column.header.as_str()))
    }

    /// The error for a column that is not in this schema.
    pub fn unknown(&self, name: &str) -> SchemaError {
        let header: Vec<_> = self
            .columns
            .iter()
            .map(|column| column.header.as_str())
            .collect();
        SchemaError::Unknown {
            name: name.to_owned(),
            header: header.join(", "),
        }
    }

    fn refuse_clash(&self, header: &str, name: &str) -> Result<(), SchemaError> {
        match self
            .columns
            .iter()
            .find(|column| same_name(&column.name, name))
        {
            None => Ok(()),
            Some(other) if other.header == header => Err(SchemaError::Duplicate {
                name: header.to_owned(),
            }),
            Some(other) => {
                let (first, second) = (other.header.clone(), header.to_owned());
                Err(SchemaError::Clash {
                    first,
                    second,
                    key: name.to_lowercase(),
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ColumnType, STOCK_HEADER, parse_columns};

    fn schema(header: &str, typed: &str, names: FieldNames) -> Result<Schema, SchemaError> {
        Schema::from_header(header.split(','), &parse_columns(typed).unwrap(), names)
    }

    #[test]
    fn the_tutorials_header_gives_the_built_in_schema() {
        for names in [FieldNames::Original, FieldNames::Snake] {
            assert_eq!(
                Schema::from_header(STOCK_HEADER, &[], names).unwrap(),
                Schema::stock(names)
            );
        }
        let schema = Schema::stock(FieldNames::Snake);
        assert_eq!(
            (
                schema.symbol(),
                schema.date(),
                schema.position("ADJ CLOSE"),
                schema.position("adj_close")
            ),
            (Some(0), Some(1), Some(6), Some(6))
        );
    }

    #[test]
    fn a_typed_column_wins_and_others_are_text() {
        let schema = schema(
            "Date,Note,Close,Score",
            "close:string, SCORE:number",
            FieldNames::Original,
        )
        .unwrap();
        let kinds: Vec<_> = schema.columns().iter().map(|column| column.kind).collect();
        assert_eq!(
            kinds,
            [
                ColumnType::String,
                ColumnType::String,
                ColumnType::String,
                ColumnType::Number
            ]
        );
    }

    #[test]
    fn a_nameless_column_is_called_by_its_place() {
        let schema = schema(" ,Date", "", FieldNames::Original).unwrap();
        assert_eq!(schema.columns()[0].name, "column_1");
        assert_eq!(
            super::Schema::from_header([" ", ""], &[], FieldNames::Original),
            Err(SchemaError::NoNames)
        );
    }

    #[test]
    fn names_that_clash_are_refused() {
        let message = |header, names| schema(header, "", names).unwrap_err().to_string();
        assert_eq!(
            message("a,b,a", FieldNames::Original),
            r#"column "a" appears twice in the header; rename one"#
        );
        let lower = r#"columns "Date" and "date" both become "date" after lower-casing; rename one in the header"#;
        assert_eq!(message("Date,date", FieldNames::Original), lower);
        assert!(schema("Adj Close,AdjClose", "", FieldNames::Original).is_ok());
        assert!(message("Adj Close,AdjClose", FieldNames::Snake).contains("adj_close"));
    }

    #[test]
    fn a_type_for_a_column_that_is_not_there_is_refused() {
        let message = schema("a,b", "c:number", FieldNames::Original)
            .unwrap_err()
            .to_string();
        assert_eq!(
            message,
            r#"column "c" is not in the header, which has a, b"#
        );
    }
}
