//! Where rows come from: files, stdin, gzip; cut into records with a bound on memory; the header
//! made into a schema.
//!
//! Does not decide what happens to a bad row. Memory does not grow with the size of the input, of a
//! line or of a field.

mod column_hint;
pub(crate) mod header;
pub(crate) mod input;
mod plain_line;
mod record_cutter;
mod records;
pub(crate) mod rows;
