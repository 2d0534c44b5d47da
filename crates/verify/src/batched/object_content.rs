//! What is inside a data object or an object of dead letters of an extent, read once and piece by
//! piece.
//!
//! Memory: a piece, a line, and 16 bytes for each record whose hash is wanted; Parquet is held as a
//! whole. Not here: what should be inside. The facts are those of the whole object; one that broke
//! off is read again from its beginning.

use std::collections::BTreeMap;

use anyhow::Result;
use bucket::{Bucket, answer::StoreFailure, listing::Opened, retry::patiently};
use format::{options::Compression, parquet};
use landing::{Format, Partition, claim::FileRules, record::ValueHash};
use sha2::{Digest, Sha256};

use crate::batched::lines::{self, CheckedLines, Letters, LineHash, Meaning, RowForm};

/// The largest Parquet file: an extent has at most 64 MiB of records, and one record more.
const LARGEST_PARQUET: u64 = 256 << 20;

/// What was read of an object.
#[derive(Debug)]
pub(crate) struct ObjectFacts {
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
pub(crate) struct ObjectForm {
    pub(crate) rows: RowForm,
    pub(crate) compression: Compression,
}

impl ObjectForm {
    /// How a data object by these rules is read.
    pub(crate) fn of(format: Format, files: &FileRules) -> Self {
        let rows = match format {
            Format::Csv => RowForm::Csv {
                header: files.csv_header,
                columns: None,
            },
            Format::Parquet => RowForm::Parquet,
            Format::Json | Format::Jsonl => RowForm::Json,
        };
        // An unknown compression shows when the lines turn out not to be records.
        let compression = files.compression.parse().unwrap_or(Compression::None);
        Self { rows, compression }
    }
}

impl ObjectFacts {
    /// The hashes of its records, where they were wanted.
    pub(crate) fn hashes(&self) -> Option<&[LineHash]> {
        self.meaning.hashes()
    }

    /// The dead letters that it holds.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn letters(&self) -> Result<&Letters, String> {
        match (&self.problem, &self.meaning) {
            (Some(problem), _) => Err(problem.clone()),
            (None, Meaning::DeadLetters(_, letters)) => Ok(letters),
            (None, Meaning::Records(..)) => Err("it holds no dead letters".to_owned()),
        }
    }
}

/// Reads a data object; `None` when there is none of that key.
pub(crate) async fn data(
    bucket: &Bucket,
    key: &str,
    form: ObjectForm,
    keep_hashes: bool,
) -> Result<Option<ObjectFacts>> {
    let meaning = || Meaning::Records(form.rows, keep_hashes.then(Vec::new));
    read(bucket, key, form, meaning).await
}

/// Reads an object of dead letters of this partition, which are never compressed; `None` when there
/// is none of that key.
pub(crate) async fn dead_letters(
    bucket: &Bucket,
    key: &str,
    partition: Partition,
) -> Result<Option<ObjectFacts>> {
    let form = ObjectForm {
        rows: RowForm::Json,
        compression: Compression::None,
    };
    let meaning = || Meaning::DeadLetters(partition, Box::default());
    read(bucket, key, form, meaning).await
}

async fn read(
    bucket: &Bucket,
    key: &str,
    form: ObjectForm,
    meaning: impl Fn() -> Meaning,
) -> Result<Option<ObjectFacts>> {
    let facts = patiently(async || match bucket.open(key).await? {
        Some(opened) if form.rows == RowForm::Parquet => whole(opened, meaning()).await.map(Some),
        Some(opened) => pieces(opened, form.compression, meaning()).await.map(Some),
        None => Ok(None),
    });
    facts
        .await
        .map_err(|failure| bucket.unreadable(key, &failure))
}

async fn pieces(
    mut opened: Opened,
    compression: Compression,
    meaning: Meaning,
) -> Result<ObjectFacts, StoreFailure> {
    let metadata = std::mem::take(&mut opened.metadata);
    let (mut bytes, mut sha256) = (0, Sha256::new());
    let mut lines = CheckedLines::new(meaning);
    let reader = lines.reader(compression);
    let mut reader = reader.map_err(|error| StoreFailure::local(&error.to_string()))?;
    while let Some(piece) = opened.piece().await? {
        bytes += piece.len() as u64;
        sha256.update(&piece);
        reader.feed(&piece);
    }
    let end = reader.finish();
    Ok(ObjectFacts {
        bytes,
        sha256: ValueHash(sha256.finalize().into()).to_hex(),
        metadata,
        rows: lines.count,
        header: lines.header,
        problem: lines.problem(end),
        meaning: lines.meaning,
    })
}

async fn whole(mut opened: Opened, meaning: Meaning) -> Result<ObjectFacts, StoreFailure> {
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
        ..=LARGEST_PARQUET => parquet_rows(body, keep_hashes).await,
        _ => Err("it is larger than any object of an extent".to_owned()),
    };
    let (rows, problem) = match read {
        Ok(rows) => (rows, None),
        Err(problem) => (ParquetRows::default(), Some(problem)),
    };
    Ok(ObjectFacts {
        bytes,
        sha256: ValueHash(sha256.finalize().into()).to_hex(),
        metadata,
        rows: rows.count,
        header: None,
        problem,
        meaning: Meaning::Records(RowForm::Parquet, keep_hashes.then_some(rows.hashes)),
    })
}

/// What a Parquet file holds.
#[derive(Debug, Default, PartialEq, Eq)]
struct ParquetRows {
    count: u64,
    hashes: Vec<LineHash>,
}

/// Reads all rows on a blocking thread; hashes are kept where they are to be compared.
async fn parquet_rows(body: Vec<u8>, keep_hashes: bool) -> Result<ParquetRows, String> {
    let work = tokio::task::spawn_blocking(move || {
        let mut rows = ParquetRows::default();
        parquet::read::each_row(body.into(), |row| {
            rows.count += 1;
            if keep_hashes {
                rows.hashes.push(lines::hash(format!("{row:?}").as_bytes()));
            }
        })?;
        Ok(rows)
    });
    work.await
        .unwrap_or_else(|_| Err("it is no Parquet file (its reader gave up)".to_owned()))
}

/// The hashes of the header, if there is one, and of the records in a file that was encoded here.
pub(crate) async fn hashes(
    body: Vec<u8>,
    form: ObjectForm,
) -> Result<(Option<LineHash>, Vec<LineHash>), String> {
    if form.rows == RowForm::Parquet {
        let rows = parquet_rows(body, true).await?;
        return Ok((None, rows.hashes));
    }
    let mut lines = CheckedLines::new(Meaning::Records(form.rows, Some(Vec::new())));
    let reader = lines.reader(form.compression);
    let mut reader = reader.map_err(|error| error.to_string())?;
    reader.feed(&body);
    let end = reader.finish();
    match lines.problem(end) {
        Some(problem) => Err(problem),
        None => Ok((
            lines.header,
            lines.meaning.hashes().unwrap_or_default().to_vec(),
        )),
    }
}
