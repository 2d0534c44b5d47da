//! The columns of a file that a query reads.

use crate::catalog::hive_type::HiveType;

/// A column of the files that goes to the output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedColumn {
    /// Its number among the table's columns, from 0.
    pub ordinal: usize,
    /// Its place in the output, from 0.
    pub slot: usize,
    /// Its name in lower case.
    pub name: String,
    /// Its type.
    pub kind: HiveType,
}

/// A text cut off to what a `varchar` holds; any other text column holds all of it.
#[must_use]
pub(super) fn cut(kind: HiveType, text: &str) -> &str {
    match kind {
        HiveType::Varchar(length) => match text.char_indices().nth(length) {
            Some((end, _)) => &text[..end],
            None => text,
        },
        _ => text,
    }
}
