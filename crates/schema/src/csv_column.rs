//! What a column of a CSV file is, and the `name:type,…` list by which people type columns
//! themselves.
//!
//! Does not know which names are stock columns (see `stock`).

use crate::schema_error::SchemaError;

/// How the cells of one column are written as JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ColumnType {
    /// Any UTF-8 text, written as a JSON string; a blank cell is `null`.
    String,
    /// A decimal number, written with the digits it had; a missing value is `null`.
    Number,
    /// A number as people write it, with a decimal point: `1,234.5`, `45.21M`, `-0.61%`, `$223`. A
    /// suffix moves the point, a percent sign is dropped, `-` alone is `null`. Never guessed.
    DecimalPoint,
    /// The same with a decimal comma: `1.234,5`.
    DecimalComma,
}

impl ColumnType {
    /// Every type with the name people give it, in the order help and errors list them.
    pub const NAMES: [(&'static str, Self); 4] = [
        ("string", Self::String),
        ("number", Self::Number),
        ("decimal-point", Self::DecimalPoint),
        ("decimal-comma", Self::DecimalComma),
    ];

    fn parse(text: &str) -> Option<Self> {
        let known = Self::NAMES
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(text));
        known.map(|(_, kind)| *kind)
    }
}

/// One column of a [`Schema`](crate::Schema).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvColumn {
    /// The name in the header, without blanks around it.
    pub header: String,
    /// The key in the JSON object.
    pub name: String,
    /// How its cells are written.
    pub kind: ColumnType,
}

/// A type that the user gave to a column by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypedColumn {
    /// The name as written; it matches a header name whatever the case.
    pub name: String,
    /// The type to use in place of the one we would choose.
    pub kind: ColumnType,
}

/// Reads a list such as `price:number,comment:string`. The last colon of an entry ends the name, so
/// names may hold colons.
///
/// # Errors
/// [`SchemaError::BadColumn`] for an entry without name or type, or with a type that does not
/// exist; [`SchemaError::TypedTwice`] when a name comes twice.
pub fn parse_columns(text: &str) -> Result<Vec<TypedColumn>, SchemaError> {
    let mut columns: Vec<TypedColumn> = Vec::new();
    for entry in text
        .split(',')
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
    {
        let bad = || SchemaError::BadColumn {
            entry: entry.to_owned(),
        };
        let (before, after) = entry.rsplit_once(':').ok_or_else(bad)?;
        let name = before.trim();
        let kind = ColumnType::parse(after.trim()).ok_or_else(bad)?;
        if name.is_empty() {
            return Err(bad());
        }
        if columns.iter().any(|column| same_name(&column.name, name)) {
            return Err(SchemaError::TypedTwice {
                name: name.to_owned(),
            });
        }
        columns.push(TypedColumn {
            name: name.to_owned(),
            kind,
        });
    }
    Ok(columns)
}

/// Whether two names are the same to a reader that ignores case, as Athena does.
pub(crate) fn same_name(left: &str, right: &str) -> bool {
    left.eq_ignore_ascii_case(right) || left.to_lowercase() == right.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_columns_is_read_with_blanks_and_colons_in_names() {
        let columns = parse_columns(" Close:number, a:b : STRING ,").unwrap();
        let read: Vec<_> = columns
            .iter()
            .map(|column| (column.name.as_str(), column.kind))
            .collect();
        assert_eq!(
            read,
            [("Close", ColumnType::Number), ("a:b", ColumnType::String)]
        );
    }

    #[test]
    fn a_list_with_a_mistake_is_refused_with_the_entry_in_it() {
        for bad in ["price", "price:float16", ":number", "a:number,b"] {
            assert!(
                matches!(parse_columns(bad), Err(SchemaError::BadColumn { .. })),
                "{bad}"
            );
        }
        let message = parse_columns("price:money").unwrap_err().to_string();
        assert_eq!(
            message,
            r#""price:money" is not NAME:TYPE, with string, number, decimal-point or decimal-comma as the type"#
        );
        assert_eq!(
            parse_columns("a:string,A:number").unwrap_err().to_string(),
            r#"column "A" is typed twice"#
        );
    }
}
