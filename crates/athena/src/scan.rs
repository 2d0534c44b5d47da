//! Reads the objects of a table as rows for DataFusion.
//!
//! One LIST for each table, only over what the filters on partition columns leave; then one GET for
//! each object that is read. Rows come out as Athena and Trino 476 read them, or the query fails
//! with the object's place.

pub mod cell;
mod delimited;
mod fetch;
mod hive_json;
mod java_number;
mod java_time;
mod key_range;
mod lenient_json;
mod object_filter;
mod object_scan;
mod open_csv;
mod openx_json;
mod parquet_rows;
pub mod provider;
mod read_rows;
mod row_builder;
pub mod scan_error;
pub mod scan_plan;
pub mod statistics;
mod text_lines;
mod text_range;
mod visible_object;
mod visible_objects;
mod wanted_column;
