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
use schema::TableSchema;

use crate::{
    encoding::Encoding,
    options::{Compression, EncodingOptions, Format, Origin},
};

/// What the zone pins, and what goes into files besides records.
pub struct ZoneRules {
    pub zone: String,
    pub prefix: Prefix,
    pub topic: String,
    pub format: Format,
    pub partition_by: PartitionBy,
    pub granularity: Granularity,
}

impl ZoneRules {
    /// The encoding by the rules of a claim.
    ///
    /// # Errors
    /// What does not go together.
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
            origin: Origin {
                topic: self.topic.clone(),
                zone: self.zone.clone(),
            },
        })
    }

    pub fn unusable_claim(&self, extent: &Encode, error: &anyhow::Error) -> Stop {
        Stop::UnusableControlObject {
            key: self.prefix.claim_key(extent.id.partition, extent.id.start),
            problem: format!("its files cannot be encoded: {error:#}"),
        }
    }
}
