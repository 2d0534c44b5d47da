//! The rules by which an extent's files are encoded again, with the schema that its claim names.
//!
//! Not here: encoding. A schema is used only when its content has the hash in its name.

use std::sync::Arc;

use anyhow::Result;
use bucket::schemas::read_schema;
use format::{encoding::Encoding, options::FileFormat, zone_rules::ZoneRules};
use landing::{Format, claim::Claim};
use schema::TableSchema;

use crate::{
    finding::{Finding, Kind},
    verification::Verification,
};

/// How the records of an extent are encoded again, to compare them with its objects.
pub(crate) enum ClaimEncoder {
    /// Each line is its record's value.
    NotNeeded,
    Of(Box<Encoding>),
    /// The schema cannot be had, or the rules do not go together; a finding says so.
    Unknown,
}

/// The encoding by the rules of a claim.
pub(crate) async fn encoding(
    verification: &mut Verification,
    claim: &Claim,
) -> Result<ClaimEncoder> {
    let is_plain = !claim.files.metadata_columns && claim.files.schema.is_none();
    if verification.zone.format == Format::Jsonl && is_plain {
        return Ok(ClaimEncoder::NotNeeded);
    }
    let schema = match &claim.files.schema {
        None => None,
        Some(hash) => match schema(verification, hash).await? {
            None => return Ok(ClaimEncoder::Unknown),
            found => found,
        },
    };
    let zone = &verification.zone;
    let Some(format) = FileFormat::of(zone.format) else {
        return Ok(ClaimEncoder::Unknown);
    };
    let rules = ZoneRules {
        zone: zone.id.clone(),
        prefix: zone.prefix.clone(),
        topic: zone.topic.clone(),
        format,
        partition_by: zone.partition_by.clone(),
        granularity: zone.granularity,
        classifier: zone.classifier,
    };
    match rules.encoding(&claim.files, schema) {
        Ok(encoding) => Ok(ClaimEncoder::Of(Box::new(encoding))),
        Err(error) => {
            let key = zone.prefix.claim_key(claim.place());
            let text = format!("its files cannot be encoded: {error:#}");
            verification.find(Finding::of_key(Kind::Unparseable, &key, text));
            Ok(ClaimEncoder::Unknown)
        }
    }
}

/// The schema of this hash; `None` when it cannot be had, and a finding says so.
pub(crate) async fn schema(
    verification: &mut Verification,
    hash: &str,
) -> Result<Option<Arc<TableSchema>>> {
    if let Some(known) = verification.schemas.get(hash) {
        return Ok(known.clone());
    }
    let key = verification.zone.prefix.schema_key(hash);
    let read = match verification.bucket.read_patiently(&key).await? {
        // That it is missing was found when objects were listed.
        None => None,
        Some(body) => match read_schema(&body, hash) {
            Ok(schema) => Some(Arc::new(schema)),
            Err(problem) => {
                verification.find(Finding::of_key(Kind::Unparseable, &key, problem));
                None
            }
        },
    };
    verification.schemas.insert(hash.to_owned(), read.clone());
    Ok(read)
}
