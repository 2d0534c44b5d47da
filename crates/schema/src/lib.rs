//! Columns and types of a record: how a text cell becomes a JSON value, and how a JSON record
//! becomes a row of a table.
//!
//! On the way into Kafka a [`Schema`] is made once from a CSV header; a [`RowEncoder`] made from it
//! turns each row into one JSON object, keys in header order. On the way out a [`TableSchema`] says
//! which columns Athena gets; a [`RecordReader`] made from it turns each JSON object into one
//! [`Cell`] a column. Pure: no files, clock, environment or randomness. It does not read CSV and
//! does not know Kafka or S3.
//!
//! Invariant: a type belongs to a column, never to a cell, and a number keeps the digits it had in
//! the text.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a test may fail at any step")
)]

mod cell;
mod cell_value;
mod column;
mod column_finder;
mod date_time;
mod members;
mod metadata;
mod names;
mod record_reader;
mod row;
mod stock;
mod table;
mod table_schema;

pub use cell::{CellError, append_cell};
pub use cell_value::{Cell, Number, Problem};
pub use column::{Column, ColumnType, TypedColumn, parse_columns};
pub use date_time::{
    TIMESTAMPS, append_date, append_timestamp, parse_date, parse_partition_time_1,
};
pub use members::{Json, Member, Members, NotAnObject};
pub use metadata::{METADATA_COLUMNS, metadata_field};
pub use names::{FieldNames, snake};
pub use record_reader::{NoRow, RecordReader};
pub use row::{RowEncoder, RowError};
pub use stock::STOCK_HEADER;
pub use table::{Schema, SchemaError};
pub use table_schema::{
    AthenaType, PARTITION_COLUMN, TableColumn, TableSchema, TableSchemaError, UnknownFields, infer,
};
