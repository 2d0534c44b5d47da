//! The fixed reasons why a record is not a row of a table.

/// Why a value is not a cell, or a record not a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowProblem {
    /// A value of another kind: text in a number column, `1.5` in a bigint column, a number in a
    /// date column.
    WrongType,
    /// A text that is not a day, in a date column.
    UnparseableDate,
    /// A text that is not a time, in a timestamp column.
    UnparseableTimestamp,
    /// A number beyond what the column's type holds, or a time outside of the years 1 to 9999.
    NumberOutOfRange,
    /// A text with half of a surrogate pair (`"\ud800"`): JSON can write it, no encoding of Unicode
    /// can.
    NotUnicode,
    /// Two fields of the record fill the same column.
    SameColumn,
    /// A field that no column takes, if the schema refuses those.
    UnknownField,
    /// The value is not a JSON object.
    NotAnObject,
}
