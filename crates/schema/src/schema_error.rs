//! Why a header, or a list of typed columns, is refused.

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
    #[error(
        "{entry:?} is not NAME:TYPE, with string, number, decimal-point or decimal-comma as the type"
    )]
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
