//! The rules by which an extent's files are encoded again, with the schema that its claim names.
//!
//! Not here: encoding. Invariant: a schema is used only when its content has the hash in its name.

use std::sync::Arc;

use anyhow::Result;
use bucket::schemas::read_schema;
use format::{encoding::Encoding, zone_rules::ZoneRules};
use landing::claim::Claim;
use schema::TableSchema;

use crate::{
    finding::{Finding, Kind},
    verification::Look,
};

/// What an extent's records are compared with the help of.
pub(crate) enum Encoder {
    /// Each line is its record's value.
    NotNeeded,
    Of(Box<Encoding>),
    /// The schema is not to be had, or the rules do not fit each other: that is in a finding.
    Unknown,
}

/// The encoding by the rules of a claim.
pub(crate) async fn encoding(look: &mut Look, claim: &Claim) -> Result<Encoder> {
    if look.zone.format == "jsonl" && !claim.files.metadata_columns {
        return Ok(Encoder::NotNeeded);
    }
    let schema = match &claim.files.schema {
        None => None,
        Some(hash) => match schema(look, hash).await? {
            None => return Ok(Encoder::Unknown),
            found => found,
        },
    };
    let zone = &look.zone;
    let Ok(format) = zone.format.parse() else {
        return Ok(Encoder::Unknown);
    };
    let rules = ZoneRules {
        zone: zone.id.clone(),
        prefix: zone.prefix.clone(),
        topic: zone.topic.clone(),
        format,
        partition_by: zone.partition_by.clone(),
        granularity: zone.granularity,
    };
    match rules.encoding(&claim.files, schema) {
        Ok(encoding) => Ok(Encoder::Of(Box::new(encoding))),
        Err(error) => {
            let key = zone.prefix.claim_key(claim.partition, claim.start);
            let text = format!("its files cannot be encoded: {error:#}");
            look.find(Finding::of_key(Kind::Unparseable, &key, text));
            Ok(Encoder::Unknown)
        }
    }
}

/// A schema by its hash; none that cannot be had, which is in a finding.
pub(crate) async fn schema(look: &mut Look, hash: &str) -> Result<Option<Arc<TableSchema>>> {
    if let Some(known) = look.schemas.get(hash) {
        return Ok(known.clone());
    }
    let key = look.zone.prefix.schema_key(hash);
    let read = match look.bucket.read_patiently(&key).await? {
        // That it is missing was found when objects were listed.
        None => None,
        Some(body) => match read_schema(&body, hash) {
            Ok(schema) => Some(Arc::new(schema)),
            Err(problem) => {
                look.find(Finding::of_key(Kind::Unparseable, &key, problem));
                None
            }
        },
    };
    look.schemas.insert(hash.to_owned(), read.clone());
    Ok(read)
}
