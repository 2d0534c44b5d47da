//! Where rows come from: files, stdin, gzip; cut into records with a bound on memory; the header
//! made into a schema.
//!
//! Does not decide what happens to a bad row. Invariant: memory does not grow with the size of the
//! input, of a line or of a field.

mod input;
mod plain_line;
mod records;
mod rows;

pub(crate) use input::{Watch, check};
pub(crate) use rows::{BadRow, Row, Rows, Table, TableOptions};
