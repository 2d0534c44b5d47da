//! What all files of a landing zone have in common.

use std::sync::Arc;

use anyhow::{Result, anyhow};
use landing::{
    claim::FileRules,
    engine::Encode,
    layout::Prefix,
    partition_by::{Granularity, PartitionBy},
    start::Stop,
};
use schema::{Classifier, TableSchema};

use crate::{
    encoding::Encoding,
    options::{Compression, EncodingOptions, FileFormat, RecordSource},
};

/// What the zone fixes for all its files, and what goes into them besides records.
pub struct ZoneRules {
    /// The zone's id.
    pub zone: String,
    /// Its folder.
    pub prefix: Prefix,
    /// The topic that it holds.
    pub topic: String,
    /// What its files hold.
    pub format: FileFormat,
    /// Where a record's date comes from.
    pub partition_by: PartitionBy,
    /// How much time a date partition covers.
    pub granularity: Granularity,
    /// The rule by which it reads records.
    pub classifier: Classifier,
}

impl ZoneRules {
    /// The encoding that the rules of a claim ask for, with the columns that it names.
    ///
    /// # Errors
    /// Which of the rules do not go together.
    pub fn encoding(
        &self,
        files: &FileRules,
        schema: Option<Arc<TableSchema>>,
    ) -> Result<Encoding> {
        let compression: Result<Compression, String> = files.compression.parse();
        Encoding::new(EncodingOptions {
            format: self.format,
            compression: compression.map_err(|problem| anyhow!("compression {problem}"))?,
            level: files.level,
            csv_header: files.csv_header,
            metadata_columns: files.metadata_columns,
            schema,
            classifier: self.classifier,
            origin: RecordSource {
                topic: self.topic.clone(),
                zone: self.zone.clone(),
            },
        })
    }

    /// Why the partition stops: its extent cannot be encoded by the rules of its claim.
    #[must_use]
    pub fn unusable_claim(&self, extent: &Encode, error: &anyhow::Error) -> Stop {
        Stop::UnusableControlObject {
            key: self.prefix.claim_key(extent.id.start),
            problem: format!("its files cannot be encoded: {error:#}"),
        }
    }
}
