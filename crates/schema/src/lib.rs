//! Columns and types of a record, and how a text cell becomes a JSON value.
//!
//! A [`Schema`] is made once from a CSV header; a [`RowEncoder`] made from it turns each row into one JSON object, keys in header
//! order. Pure: no files, clock, environment or randomness. It does not read CSV and does not know Kafka or S3.
//!
//! Invariant: a type belongs to a column, never to a cell, and a number keeps the digits it had in the text.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a test may fail at any step")
)]

mod cell;
mod column;
mod names;
mod row;
mod stock;
mod table;

pub use cell::{CellError, append_cell};
pub use column::{Column, ColumnType, TypedColumn, parse_columns};
pub use names::{FieldNames, snake};
pub use row::{RowEncoder, RowError};
pub use stock::STOCK_HEADER;
pub use table::{Schema, SchemaError};
