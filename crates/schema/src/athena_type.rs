//! The types that a column of the table can have, by Athena's names.

use serde::{Deserialize, Serialize};

/// What a column holds, by Athena's name for it. Every column may be NULL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AthenaType {
    /// Text. Any other value is kept as its JSON: numbers, `true`, arrays, objects.
    String,
    /// A number; in CSV with the digits of the record, in Parquet the nearest 64-bit float.
    Double,
    /// A whole number of 64 bits; `1234.0` is one.
    BigInt,
    /// `true` or `false`.
    Boolean,
    /// A day written `2026-11-21`.
    Date,
    /// An instant: ISO 8601 text, UTC if it names no zone, or a number of milliseconds since
    /// 1970-01-01 UTC. Anything finer than a millisecond is cut off: Athena cannot hold it.
    Timestamp,
}

impl AthenaType {
    /// The name in a schema file and in `CREATE TABLE`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Double => "double",
            Self::BigInt => "bigint",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Timestamp => "timestamp",
        }
    }
}
