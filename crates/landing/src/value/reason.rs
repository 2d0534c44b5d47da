//! Why a record is a dead letter: the fixed codes, and the column that is to blame.

use std::fmt;

/// Why a record became a dead letter. The codes are fixed: they are in the objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The value is not one JSON object in UTF-8. From classifier 2 on: and none of the six
    /// below.
    NotAJsonObject,
    /// It begins with a byte order mark.
    ByteOrderMark,
    /// It would be an object if JSON knew `NaN` and `Infinity`.
    NanOrInfinity,
    /// It is a JSON array.
    Array,
    /// It is a JSON string with a document in it: it was encoded twice.
    JsonInAString,
    /// It begins with the five bytes of a schema registry: Avro, Protobuf, or JSON behind them.
    RegistryFramed,
    /// It is not text.
    Binary,
    /// Nested deeper than [`super::MAX_DEPTH`].
    TooDeep,
    /// More bytes than [`super::MAX_VALUE_BYTES`].
    TooLarge,
    /// No usable date in the place that the date partition comes from.
    NoPartitionValue,
    /// Two top-level names are equal, or become equal after lower-casing as Athena does.
    KeysCollide,
    /// A tombstone, kept because the operator asked for it.
    Tombstone,
    /// A value of another type than its column's: text in a number column, `1.5` in a bigint
    /// column.
    WrongType,
    /// Text that is not a day, in a date column.
    UnparseableDate,
    /// Text that is not a time, in a timestamp column.
    UnparseableTimestamp,
    /// A number beyond what its column's type holds, or a time outside of the years 1 to 9999.
    NumberOutOfRange,
    /// Text with half of a surrogate pair, which no file in UTF-8 can hold.
    NotUnicode,
    /// A line break in a CSV cell: Athena reads CSV line by line and would make two rows of it.
    LineBreak,
    /// A field that no column takes, where the schema refuses those.
    UnknownField,
}

impl Reason {
    /// The fixed code, for example `not-a-json-object`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotAJsonObject => "not-a-json-object",
            Self::ByteOrderMark => "byte-order-mark",
            Self::NanOrInfinity => "nan-or-infinity",
            Self::Array => "array",
            Self::JsonInAString => "json-in-a-string",
            Self::RegistryFramed => "registry-framed",
            Self::Binary => "binary",
            Self::TooDeep => "too-deep",
            Self::TooLarge => "too-large",
            Self::NoPartitionValue => "no-partition-value",
            Self::KeysCollide => "keys-collide",
            Self::Tombstone => "tombstone",
            Self::WrongType => "wrong-type",
            Self::UnparseableDate => "unparseable-date",
            Self::UnparseableTimestamp => "unparseable-timestamp",
            Self::NumberOutOfRange => "number-out-of-range",
            Self::NotUnicode => "not-unicode",
            Self::LineBreak => "line-break",
            Self::UnknownField => "unknown-field",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Why a record cannot be landed, and which column is to blame where one is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// The reason.
    pub reason: Reason,
    /// The column of the table that has no place for what the record holds, or the field that has
    /// no column.
    pub column: Option<String>,
}

impl From<Reason> for Misfit {
    fn from(reason: Reason) -> Self {
        Self {
            reason,
            column: None,
        }
    }
}

impl From<schema::NoRow> for Misfit {
    fn from(no_row: schema::NoRow) -> Self {
        let reason = match no_row.problem {
            schema::RowProblem::WrongType => Reason::WrongType,
            schema::RowProblem::UnparseableDate => Reason::UnparseableDate,
            schema::RowProblem::UnparseableTimestamp => Reason::UnparseableTimestamp,
            schema::RowProblem::NumberOutOfRange => Reason::NumberOutOfRange,
            schema::RowProblem::NotUnicode => Reason::NotUnicode,
            schema::RowProblem::SameColumn => Reason::KeysCollide,
            schema::RowProblem::UnknownField => Reason::UnknownField,
            schema::RowProblem::NotAnObject => Reason::NotAJsonObject,
        };
        Self {
            reason,
            column: no_row.column,
        }
    }
}
