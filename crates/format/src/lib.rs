//! Records to files and back: JSON Lines, CSV and Parquet, one writer and one reader for each.
//!
//! Encoding is work for a blocking thread: nothing here waits or knows S3 or keys.

mod csv;
pub mod encoding;
pub mod files;
mod jsonl;
mod metadata;
pub mod options;
pub mod parquet;
pub mod read_lines;
pub mod rows;
pub mod schema_file;
#[cfg(test)]
mod tests;
mod text_files;
pub mod zone_rules;
