//! What is inside of a data object or an object of dead letters of an extent, read once and piece
//! by piece.
//!
//! Memory: a piece, a line, and 16 bytes for each record whose hash is wanted; Parquet is held as a
//! whole. Not here: what should be inside. Invariant: the facts are those of the whole object; one
//! that broke off is read again from its beginning.

use std::collections::BTreeMap;

use anyhow::Result;
use bucket::{Bucket, answer::Failure, listing::Opened, retry::patiently};
use landing::{claim::FileRules, record::ValueHash};
use sha2::{Digest, Sha256};

use crate::batched::{
    line::LineHash,
    lines::{Lines, Meaning, RowForm},
    parquet,
    unpacking::Unpacking,
};

/// The largest Parquet file: an extent has at most 64 MiB of records, and one record more.
const LARGEST_PARQUET: u64 = 256 << 20;

/// What was read of an object.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) bytes: u64,
    /// SHA-256 of the body, in hex.
    pub(crate) sha256: String,
    pub(crate) metadata: BTreeMap<String, String>,
    /// Records or dead letters.
    pub(crate) rows: u64,
    /// The hash of the line with the names of the columns.
    pub(crate) header: Option<LineHash>,
    pub(crate) meaning: Meaning,
    /// Why it is not what its name says.
    pub(crate) problem: Option<String>,
}

/// How an object is to be read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Form<'f> {
    pub(crate) rows: RowForm,
    /// As a claim names it.
    pub(crate) compression: &'f str,
}

impl<'f> Form<'f> {
    /// How a data object by these rules is read.
    pub(crate) fn of(format: &str, files: &'f FileRules) -> Self {
        let rows = match format {
            "csv" => RowForm::Csv {
                header: files.csv_header,
                columns: None,
            },
            "parquet" => RowForm::Parquet,
            _ => RowForm::Json,
        };
        Self {
            rows,
            compression: &files.compression,
        }
    }
}

impl Facts {
    /// The hashes of its records, where they were wanted.
    pub(crate) fn hashes(&self) -> Option<&[LineHash]> {
        self.meaning.hashes()
    }
}

/// Reads a data object; `None` when there is none of that key.
pub(crate) async fn data(
    bucket: &Bucket,
    key: &str,
    (form, keep_hashes): (Form<'_>, bool),
) -> Result<Option<Facts>> {
    let meaning = || Meaning::Records(form.rows, keep_hashes.then(Vec::new));
    read(bucket, key, (form, meaning)).await
}

/// Reads an object of dead letters of this partition, which are never compressed; `None` when there
/// is none of that key.
pub(crate) async fn dead_letters(
    bucket: &Bucket,
    key: &str,
    partition: i32,
) -> Result<Option<Facts>> {
    let form = Form {
        rows: RowForm::Json,
        compression: "none",
    };
    let meaning = || Meaning::DeadLetters(partition, Box::default());
    read(bucket, key, (form, meaning)).await
}

async fn read(
    bucket: &Bucket,
    key: &str,
    (form, meaning): (Form<'_>, impl Fn() -> Meaning),
) -> Result<Option<Facts>> {
    let facts = patiently(async || match bucket.open(key).await? {
        Some(opened) if form.rows == RowForm::Parquet => whole(opened, meaning()).await.map(Some),
        Some(opened) => pieces(opened, (form, meaning())).await.map(Some),
        None => Ok(None),
    });
    facts
        .await
        .map_err(|failure| bucket.unreadable(key, &failure))
}

async fn pieces(
    mut opened: Opened,
    (form, meaning): (Form<'_>, Meaning),
) -> Result<Facts, Failure> {
    let metadata = std::mem::take(&mut opened.metadata);
    let (mut bytes, mut sha256) = (0, Sha256::new());
    let text = Unpacking::new(form.compression, Lines::new(meaning));
    let mut text = text.map_err(|error| Failure::local(&error.to_string()))?;
    while let Some(piece) = opened.piece().await? {
        bytes += piece.len() as u64;
        sha256.update(&piece);
        text.take(&piece);
    }
    let (lines, broken) = text.end();
    Ok(Facts {
        bytes,
        sha256: ValueHash(sha256.finalize().into()).to_hex(),
        metadata,
        rows: lines.count,
        header: lines.header,
        problem: broken.or(lines.problem),
        meaning: lines.meaning,
    })
}

async fn whole(mut opened: Opened, meaning: Meaning) -> Result<Facts, Failure> {
    let metadata = std::mem::take(&mut opened.metadata);
    let (mut body, mut bytes, mut sha256) = (Vec::new(), 0, Sha256::new());
    while let Some(piece) = opened.piece().await? {
        bytes += piece.len() as u64;
        sha256.update(&piece);
        if bytes <= LARGEST_PARQUET {
            body.extend_from_slice(&piece);
        }
    }
    let keep_hashes = meaning.hashes().is_some();
    let read = match bytes {
        ..=LARGEST_PARQUET => parquet::read(body, keep_hashes).await,
        _ => Err("it is larger than any object of an extent".to_owned()),
    };
    let (rows, problem) = match read {
        Ok(rows) => (rows, None),
        Err(problem) => (parquet::Rows::default(), Some(problem)),
    };
    Ok(Facts {
        bytes,
        sha256: ValueHash(sha256.finalize().into()).to_hex(),
        metadata,
        rows: rows.count,
        header: None,
        problem,
        meaning: Meaning::Records(RowForm::Parquet, keep_hashes.then_some(rows.hashes)),
    })
}

/// The hashes of the header, if there is one, and of the records in a file that was encoded here.
pub(crate) async fn hashes(
    body: Vec<u8>,
    form: Form<'_>,
) -> Result<(Option<LineHash>, Vec<LineHash>), String> {
    if form.rows == RowForm::Parquet {
        let rows = parquet::read(body, true).await?;
        return Ok((None, rows.hashes));
    }
    let lines = Lines::new(Meaning::Records(form.rows, Some(Vec::new())));
    let mut text = Unpacking::new(form.compression, lines).map_err(|error| error.to_string())?;
    text.take(&body);
    let (lines, broken) = text.end();
    match (broken.or(lines.problem), lines.meaning) {
        (Some(problem), _) => Err(problem),
        (None, meaning) => Ok((lines.header, meaning.hashes().unwrap_or_default().to_vec())),
    }
}
