//! The tables that Athena, Glue and DuckDB get for a landing zone, from its schema and layout; and
//! `consumer ddl`, the command that prints them or compares them with a bucket.
//!
//! Reading order: `zone_table` (what a table is to be like) and `external_table` (what Hive calls
//! it), `casts` and `views` (the types), `curated` (the ETL job's tables), `statements`,
//! `hive_text` and `duckdb_text` (what is printed), then `plan` and `run` (the command). What is
//! printed is a pure function of the flags, the schema and the day.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a test may fail at any step")
)]

pub mod args;
mod casts;
pub mod check_report;
pub mod comparison;
mod curated;
pub mod duckdb_text;
mod external_table;
mod hive_text;
mod landed_zone;
mod names;
mod plan;
mod run;
pub mod statements;
pub mod table_range;
mod views;
mod zone_content;
mod zone_table;

pub use external_table::{Column, ExternalTable};
pub use hive_text::create_table;
pub use run::run;
pub use zone_table::ZoneTable;
