//! The rows of a Parquet file, as the `parquet` crate's own reader has them.
//!
//! A file is read as a whole, for its index lies at its end. Not here: which columns it should
//! have. Invariant: rows are counted by reading them, not by what the file says of itself.

use bytes::Bytes;
use parquet::{
    errors::ParquetError,
    file::{reader::FileReader as _, serialized_reader::SerializedFileReader},
};

use crate::batched::line::{self, LineHash};

/// What a file holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Rows {
    pub(crate) count: u64,
    pub(crate) hashes: Vec<LineHash>,
}

/// Reads all rows on a thread that may take its time; hashes are kept where they are to be
/// compared.
pub(crate) async fn read(body: Vec<u8>, keep_hashes: bool) -> Result<Rows, String> {
    let work = tokio::task::spawn_blocking(move || rows(body.into(), keep_hashes));
    match work.await {
        Ok(rows) => rows.map_err(|error| format!("it is no Parquet file ({error})")),
        Err(_) => Err("it is no Parquet file (its reader gave up)".to_owned()),
    }
}

fn rows(body: Bytes, keep_hashes: bool) -> Result<Rows, ParquetError> {
    let reader = SerializedFileReader::new(body)?;
    let mut rows = Rows::default();
    for row in reader.get_row_iter(None)? {
        let row = row?;
        rows.count += 1;
        if keep_hashes {
            // The form for programmers tells NULL from a text, and keeps each digit.
            rows.hashes.push(line::hash(format!("{row:?}").as_bytes()));
        }
    }
    Ok(rows)
}
