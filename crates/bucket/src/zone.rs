//! Which landing zone lies under a prefix, and what its object says.
//!
//! For commands that look at a zone from outside. Not here: making a zone. Invariant: nothing is
//! written.

use anyhow::{Context, Result, anyhow};
use landing::{
    Format,
    layout::Prefix,
    partition_by::{Granularity, PartitionBy},
    zone::{Zone, ZoneMismatch},
};

use crate::{Bucket, client, explain, retry::patiently};

/// The most requests that are made to find out which zones there are.
const MOST_FOLDERS: usize = 50;

/// A zone as its object describes it.
#[derive(Clone, Debug)]
pub struct ZoneFacts {
    pub prefix: Prefix,
    pub id: String,
    pub topic: String,
    /// What its data objects are.
    pub format: Format,
    pub partition_by: PartitionBy,
    pub granularity: Granularity,
}

impl ZoneFacts {
    pub fn is_per_record(&self) -> bool {
        self.format == Format::Json
    }
}

/// The bucket, and those of the prefixes below which it may be listed: one at least.
///
/// Nothing else is listed, for a user may have the rights to one zone only, as in
/// `infra/iam/consumer.json`.
///
/// # Errors
/// When S3 cannot be reached, or refuses all of them.
pub async fn connect(
    name: &str,
    endpoint: Option<&str>,
    endpoint_origin: &str,
    prefixes: Vec<Prefix>,
) -> Result<(Bucket, Vec<Prefix>)> {
    let s3 = client::connect(endpoint, endpoint_origin).await?;
    tracing::info!("S3 bucket {name}: {}", s3.origins);
    let bucket = Bucket::new(s3.client, name);
    let (mut allowed, mut refused) = (Vec::new(), None);
    for prefix in prefixes {
        let folder = format!("_control/{prefix}/");
        match patiently(|| bucket.first_key(&folder)).await {
            Ok(_) => allowed.push(prefix),
            Err(failure) if failure.status == Some(403) => refused = refused.or(Some(failure)),
            Err(failure) => return Err(explain::failure("list", name, &failure)),
        }
    }
    match refused {
        Some(failure) if allowed.is_empty() => Err(explain::failure("list", name, &failure)),
        _ => Ok((bucket, allowed)),
    }
}

/// The zone of this prefix; `None` when there is none.
///
/// # Errors
/// When something else is there, a compacted copy too.
pub async fn read_zone(bucket: &Bucket, prefix: &Prefix) -> Result<Option<Zone>> {
    let key = prefix.zone_key();
    let Some(body) = bucket.read_patiently(&key).await? else {
        return Ok(None);
    };
    let zone = Zone::from_body(&body);
    zone.map(Some)
        .with_context(|| format!("s3://{}/{key}", bucket.name()))
}

/// The same, for who looks around: a compacted copy is none.
pub async fn landing_zone(bucket: &Bucket, prefix: &Prefix) -> Result<Option<Zone>> {
    match read_zone(bucket, prefix).await {
        Err(error) => match error.downcast_ref() {
            Some(ZoneMismatch::CompactedCopy { .. }) => Ok(None),
            _ => Err(error),
        },
        found => found,
    }
}

/// What a zone's object says, understood.
///
/// # Errors
/// When it was made by a newer program.
pub fn facts(bucket: &Bucket, prefix: Prefix, zone: Zone) -> Result<(ZoneFacts, Zone)> {
    let place = || format!("s3://{}/{}", bucket.name(), prefix.zone_key());
    let unknown = |text: String| anyhow!("{text}: use a newer version of this program");
    let newer = || {
        let text = format!("protocol {}, format '{}'", zone.protocol, zone.format);
        unknown(text).context(place())
    };
    if zone.protocol != landing::zone::PROTOCOL_VERSION {
        return Err(newer());
    }
    let format = zone.format.parse().map_err(|_| newer())?;
    let facts = ZoneFacts {
        id: zone.id(),
        topic: zone.topic.clone(),
        format,
        partition_by: zone
            .partition_by
            .parse()
            .map_err(unknown)
            .with_context(place)?,
        granularity: zone
            .granularity
            .parse()
            .map_err(unknown)
            .with_context(place)?,
        prefix: prefix.clone(),
    };
    Ok((facts, zone))
}

/// Says which zones there are instead.
pub async fn no_zone(bucket: &Bucket, wanted: &str) -> anyhow::Error {
    let zones = zones(bucket).await;
    let there = match zones.as_deref() {
        Err(error) => format!("which others there are cannot be told: {error:#}"),
        Ok([]) => "the bucket holds no landing zone at all: is it the right one?".to_owned(),
        Ok(zones) => format!("there is {}: give it with --prefix", zones.join(", ")),
    };
    let name = bucket.name();
    anyhow!("s3://{name}/{wanted} holds no landing zone; {there}")
}

/// The zones of a bucket, as far as some requests show them.
async fn zones(bucket: &Bucket) -> Result<Vec<String>> {
    let mut zones = Vec::new();
    let mut folders = vec!["_control/".to_owned()];
    let mut asked = 0;
    while let Some(folder) = folders.pop().filter(|_| asked < MOST_FOLDERS) {
        asked += 1;
        let Some(page) = bucket.list_folder(&folder).page().await? else {
            continue;
        };
        let zone = format!("{folder}zone.json");
        if page.objects.iter().any(|object| object.key == zone) {
            let prefix = folder["_control/".len()..].trim_end_matches('/').to_owned();
            // One that cannot be read is a zone as well.
            let parsed: Option<Prefix> = prefix.parse().ok();
            let is_copy = match parsed {
                Some(prefix) => matches!(landing_zone(bucket, &prefix).await, Ok(None)),
                None => false,
            };
            if !is_copy {
                zones.push(prefix);
            }
        } else {
            folders.extend(page.folders);
        }
    }
    zones.sort();
    Ok(zones)
}
