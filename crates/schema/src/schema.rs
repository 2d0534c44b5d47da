//! The columns of one CSV file, made from its header.
//!
//! Does not read rows (see `row_encoder`). No two keys of a schema are equal after lower-casing,
//! because Athena lower-cases them.

use crate::{
    csv_column::{CsvColumn, TypedColumn, same_name},
    names::FieldNames,
    schema_error::SchemaError,
    stock,
};

/// The columns of a CSV file, in header order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    columns: Vec<CsvColumn>,
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
    ) -> Result<Self, SchemaError> {
        let headers: Vec<&str> = header.into_iter().map(str::trim).collect();
        if headers.iter().all(|name| name.is_empty()) {
            return Err(SchemaError::NoNames);
        }
        let mut schema = Self {
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
            schema.columns.push(CsvColumn { header, name, kind });
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
    #[must_use]
    pub fn stock(names: FieldNames) -> Self {
        let column = |header: &str| CsvColumn {
            header: header.to_owned(),
            name: names.apply(header),
            kind: stock::type_of(header),
        };
        Self {
            columns: stock::STOCK_HEADER.map(column).into(),
        }
    }

    /// The columns in header order.
    pub fn columns(&self) -> &[CsvColumn] {
        &self.columns
    }

    /// The place of the column with this header name or JSON key, whatever the case.
    pub fn position(&self, name: &str) -> Option<usize> {
        let name = name.trim();
        self.columns
            .iter()
            .position(|column| same_name(&column.header, name) || same_name(&column.name, name))
    }

    /// The place of the symbol column, if a column has one of the usual names for it.
    pub fn symbol(&self) -> Option<usize> {
        stock::symbol_column(self.columns.iter().map(|column| column.header.as_str()))
    }

    /// The place of the column with a row's date or time, if one has a usual name for it.
    pub fn date(&self) -> Option<usize> {
        stock::date_column(self.columns.iter().map(|column| column.header.as_str()))
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
    use crate::{
        csv_column::{ColumnType, parse_columns},
        stock::STOCK_HEADER,
    };

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
