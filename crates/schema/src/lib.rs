//! Columns and types of a record: how a text cell becomes a JSON value, and how a JSON record
//! becomes a row of a table. The grammars of dates, times and numbers live here, and nowhere else.
//!
//! On the way into Kafka, a [`Schema`] is made once from a CSV header; a [`RowEncoder`] made from
//! it turns each row into one JSON object, keys in header order. On the way out, a [`TableSchema`]
//! says which columns Athena gets; a [`RowReader`] made from it turns each JSON object into one
//! [`Cell`] per column. Pure: no files, clock, environment or randomness. It does not read CSV and
//! does not know Kafka or S3.
//!
//! A type belongs to a column, never to a cell, and a number keeps the digits it has in the text.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a test may fail at any step")
)]

mod append_cell;
mod athena_type;
mod cell;
mod classifier;
mod column_finder;
mod csv_column;
mod date_time;
mod human_number;
mod infer;
mod loss;
mod members;
mod metadata;
mod names;
mod number;
mod one_line;
mod row_encoder;
mod row_problem;
mod row_reader;
mod schema;
mod schema_error;
mod seen_kind;
mod stock;
mod table_schema;
mod table_schema_text;
mod unquoted;

pub use append_cell::{CellError, append_cell};
pub use athena_type::{AthenaType, DecimalDigits};
pub use cell::Cell;
pub use classifier::Classifier;
pub use csv_column::{ColumnType, CsvColumn, TypedColumn, parse_columns};
pub use date_time::{
    DateForm, TIMESTAMPS, TimeFormat, TimeFormatError, TimeZone, append_date, append_timestamp,
    parse_date, parse_partition_time_1, parse_partition_time_2,
};
pub use infer::{ColumnNote, Proposal, infer};
pub use loss::Losses;
pub use members::{Json, Member, Members, NotAnObject};
pub use metadata::{METADATA_COLUMNS, metadata_field};
pub use names::{FieldNames, same_field, snake};
pub use number::{Decimal, Number};
pub use one_line::on_one_line;
pub use row_encoder::{RowEncoder, RowError};
pub use row_problem::RowProblem;
pub use row_reader::{NoRow, RowReader};
pub use schema::Schema;
pub use schema_error::SchemaError;
pub use stock::{STOCK_HEADER, date_column, is_stock_name, stock_column, symbol_column};
pub use table_schema::{
    PARTITION_COLUMN, TableColumn, TableSchema, TableSchemaError, UnknownFields,
};
