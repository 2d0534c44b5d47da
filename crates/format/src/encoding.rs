//! An encoding: options that were checked and prepared once for all files.
//!
//! [`Encoding::new`] refuses options that do not go together, so an encoding that exists works.

use std::sync::Arc;

use anyhow::{Result, bail, ensure};
use landing::partition_by::DatePartition;
use schema::TableSchema;

use crate::{
    options::{EncodingOptions, FileFormat, check_compression},
    parquet::shape::ParquetShape,
};

/// Checked options, with everything that can be prepared once for all files.
#[derive(Debug)]
pub struct Encoding {
    options: EncodingOptions,
    layout: Layout,
}

/// What a format needs besides the options.
#[derive(Debug)]
pub(crate) enum Layout {
    /// With the columns that each record must fit, where there are any.
    Jsonl(Option<Arc<TableSchema>>),
    Csv(Arc<TableSchema>),
    Parquet(Arc<TableSchema>, ParquetShape),
}

impl Encoding {
    /// Checks the options and prepares the files' common parts.
    ///
    /// # Errors
    /// Which options do not go together, in terms of the flags.
    pub fn new(options: EncodingOptions) -> Result<Self> {
        check_compression(&options)?;
        let is_csv = options.format == FileFormat::Csv;
        ensure!(
            is_csv || !options.csv_header,
            "--csv-header is for --format csv, not {}",
            options.format
        );
        let layout = Layout::of(&options)?;
        Ok(Self { options, layout })
    }

    pub(crate) fn options(&self) -> &EncodingOptions {
        &self.options
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }
}

impl Layout {
    fn of(options: &EncodingOptions) -> Result<Self> {
        let schema = options.schema.clone();
        if let Some(schema) = &schema
            && options.metadata_columns
        {
            schema.check_metadata_names()?;
        }
        match (options.format, schema) {
            (FileFormat::Jsonl, schema) => Ok(Self::Jsonl(schema)),
            (FileFormat::Csv, Some(schema)) => Ok(Self::Csv(schema)),
            (FileFormat::Parquet, Some(schema)) => {
                let shape = ParquetShape::new(&schema, options)?;
                Ok(Self::Parquet(schema, shape))
            }
            (format, None) => bail!("--format {format} has columns, so it needs a schema"),
        }
    }
}

/// A finished file: the records of one date partition of an extent.
#[derive(Debug)]
pub struct FinishedFile {
    /// The date partition that it belongs to.
    pub date: DatePartition,
    /// The object's body.
    pub bytes: Vec<u8>,
    /// How many records it holds. It may be 0: compaction of the topic can take all of them before
    /// the file is written.
    pub records: u64,
}
