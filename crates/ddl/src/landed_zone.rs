//! What a bucket says about one prefix: its zone object, its columns, and the newest of its claims.
//!
//! Reads only, a handful of small objects. The data objects are listed elsewhere.

use std::collections::BTreeMap;

use anyhow::{Context, Result, anyhow};
use bucket::{
    Bucket,
    retry::patiently,
    schemas::read_schema,
    zone::{facts, no_zone},
};
use landing::{
    Format, Partition, Place,
    claim::{Claim, FileRules},
    compaction::CopyZone,
    layout::Prefix,
    partition_by::{Granularity, PartitionBy},
    zone::Zone,
};
use schema::TableSchema;

/// A landing zone, or a copy that `compact` made of one.
#[derive(Debug, Clone)]
pub(crate) struct LandedZone {
    pub(crate) topic: Option<String>,
    pub(crate) format: Format,
    /// `None` of a copy, which keeps the dates of its zone.
    pub(crate) partition_by: Option<PartitionBy>,
    pub(crate) granularity: Granularity,
    /// How the newest batch was written, if the zone has batches.
    pub(crate) rules: Option<FileRules>,
    /// The columns that the zone keeps, by their hash.
    pub(crate) schemas: BTreeMap<String, TableSchema>,
    /// The hash of the columns that the zone names for all of its records.
    pub(crate) check_columns: Option<String>,
}

impl LandedZone {
    /// Reads what the bucket says about the prefix.
    ///
    /// # Errors
    /// When there is no zone, or it cannot be read.
    pub(crate) async fn read(bucket: &Bucket, prefix: &Prefix) -> Result<Self> {
        let key = prefix.zone_key();
        let Some(body) = bucket.read_patiently(&key).await? else {
            return Err(no_zone(bucket, prefix.as_str()).await);
        };
        let place = || format!("s3://{}/{key}", bucket.name());
        if let Some(copy) = CopyZone::from_body(&body) {
            let newer =
                |text: &str| anyhow!("'{text}' is not known: use a newer version of this program");
            return Ok(Self {
                topic: None,
                format: copy
                    .format
                    .parse()
                    .map_err(|_| newer(&copy.format))
                    .with_context(place)?,
                partition_by: None,
                granularity: copy
                    .granularity
                    .parse()
                    .map_err(|_| newer(&copy.granularity))
                    .with_context(place)?,
                rules: None,
                schemas: schemas(bucket, prefix).await?,
                check_columns: None,
            });
        }
        let zone = Zone::from_body(&body).with_context(place)?;
        let (facts, zone) = facts(bucket, prefix.clone(), zone)?;
        Ok(Self {
            topic: Some(facts.topic),
            format: facts.format,
            partition_by: Some(facts.partition_by),
            granularity: facts.granularity,
            rules: newest_rules(bucket, prefix, &facts.id).await?,
            schemas: schemas(bucket, prefix).await?,
            check_columns: zone.check_columns,
        })
    }

    /// The columns of the newest objects, as far as the zone says; `None` when records keep their
    /// own form.
    ///
    /// # Errors
    /// When the zone names columns that are not there.
    pub(crate) fn columns(&self) -> Result<Option<&TableSchema>> {
        let of_batch = self.rules.as_ref().and_then(|rules| rules.schema.as_ref());
        let hash = match of_batch.or(self.check_columns.as_ref()) {
            Some(hash) => hash,
            // A copy keeps no claims; where it has one schema, that is it.
            None if self.schemas.len() == 1 => return Ok(self.schemas.values().next()),
            None => return Ok(None),
        };
        let found = self.schemas.get(hash);
        found.map(Some).with_context(|| {
            format!("the zone names columns of the hash {hash}, which are not there: restore them, or give --schema")
        })
    }
}

/// The rules of the newest claim of the first partition; `None` when there is none.
async fn newest_rules(bucket: &Bucket, prefix: &Prefix, zone: &str) -> Result<Option<FileRules>> {
    let folder = prefix.all_claims_folder();
    let first = patiently(|| bucket.first_key(&folder)).await;
    let first = first.map_err(|failure| bucket.unreadable(&folder, &failure))?;
    let Some(first) = first else {
        return Ok(None);
    };
    // Names of claims fall as offsets rise, so the first one is the newest of its partition.
    let partition = first[folder.len()..].split('/').next();
    let partition = partition.and_then(|text| text.parse().ok()).map(Partition);
    let place = partition.and_then(|partition| {
        let start = prefix.start_of_claim_key(partition, &first)?;
        Some(Place::new(partition, start))
    });
    let unreadable = || format!("s3://{}/{first} is no claim of this zone", bucket.name());
    let place = place.with_context(unreadable)?;
    let body = bucket
        .read_patiently(&first)
        .await?
        .with_context(unreadable)?;
    let claim = Claim::from_body(&body, zone, place).with_context(unreadable)?;
    Ok(Some(claim.files))
}

/// The schemas that the zone keeps.
async fn schemas(bucket: &Bucket, prefix: &Prefix) -> Result<BTreeMap<String, TableSchema>> {
    let folder = format!("_control/{prefix}/schemas/");
    let mut list = bucket.list(&folder);
    let mut schemas = BTreeMap::new();
    while let Some(page) = list.page().await? {
        for object in page.objects {
            let name = object
                .key
                .strip_prefix(&folder)
                .and_then(|name| name.strip_suffix(".json"));
            let Some(hash) = name else { continue };
            let place = || format!("s3://{}/{}", bucket.name(), object.key);
            let body = bucket
                .read_patiently(&object.key)
                .await?
                .with_context(place)?;
            let schema = read_schema(&body, hash)
                .map_err(|error| anyhow!(error))
                .with_context(place)?;
            schemas.insert(hash.to_owned(), schema);
        }
    }
    Ok(schemas)
}
