//! Which landing zone lies under a prefix, and what its zone object says.
//!
//! For commands that look at a zone from outside: nothing is written here, and the consumer makes
//! zones.

use anyhow::{Context, Result, anyhow};
use landing::{
    Format,
    layout::Prefix,
    partition_by::{Granularity, PartitionBy},
    zone::{Zone, ZoneMismatch},
};

use schema::Classifier;

use crate::{bucket::Bucket, client, explain, object_options::check_owner, retry::patiently};

/// The most LIST requests to find out which zones there are.
const MOST_FOLDERS: usize = 50;

/// A zone as its object describes it.
#[derive(Clone, Debug)]
pub struct ZoneFacts {
    /// Its folder.
    pub prefix: Prefix,
    /// Its id, see [`Zone::id`].
    pub id: String,
    /// The Kafka topic that it holds.
    pub topic: String,
    /// What its data objects hold.
    pub format: Format,
    /// Where a record's date comes from.
    pub partition_by: PartitionBy,
    /// How much time a date partition covers (UTC).
    pub granularity: Granularity,
    /// The rule by which it reads records.
    pub classifier: Classifier,
}

impl ZoneFacts {
    /// Whether each record has an object of its own.
    #[must_use]
    pub fn is_per_record(&self) -> bool {
        self.format == Format::Json
    }
}

/// Connects to the bucket; returns it with those of the prefixes that the user may list, at least
/// one. `endpoint_origin` says where `endpoint` came from, for the log, and `owner` whose bucket it
/// must be.
///
/// Nothing else is listed, because a user may have rights to one zone only, as in
/// `infra/iam/consumer.json`.
///
/// # Errors
/// When S3 cannot be reached, or refuses to list any of them.
pub async fn connect(
    name: &str,
    endpoint: Option<&str>,
    endpoint_origin: &str,
    owner: Option<&str>,
    prefixes: Vec<Prefix>,
) -> Result<(Bucket, Vec<Prefix>)> {
    check_owner(owner)?;
    let s3 = client::connect(endpoint, endpoint_origin, owner).await?;
    tracing::info!("S3 bucket {name}: {}", s3.origins);
    let bucket = Bucket::new(s3.client, name)
        .at_endpoint(s3.at_endpoint)
        .in_zones(prefixes.clone());
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

/// Reads the zone object of this prefix; `None` when there is none.
///
/// # Errors
/// When something else is there (a compacted copy, too), or S3 refuses or keeps failing.
pub async fn read_zone(bucket: &Bucket, prefix: &Prefix) -> Result<Option<Zone>> {
    let key = prefix.zone_key();
    let Some(body) = bucket.read_patiently(&key).await? else {
        return Ok(None);
    };
    let zone = Zone::from_body(&body);
    zone.map(Some)
        .with_context(|| format!("s3://{}/{key}", bucket.name()))
}

/// [`read_zone`], except that a compacted copy counts as no zone.
///
/// # Errors
/// As for [`read_zone`].
pub async fn landing_zone(bucket: &Bucket, prefix: &Prefix) -> Result<Option<Zone>> {
    match read_zone(bucket, prefix).await {
        Err(error) => match error.downcast_ref() {
            Some(ZoneMismatch::CompactedCopy { .. }) => Ok(None),
            _ => Err(error),
        },
        found => found,
    }
}

/// Parses what a zone's object says; returns the zone, too.
///
/// # Errors
/// When a newer program made it.
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
    let classifier = zone.classifier().with_context(place)?;
    let facts = ZoneFacts {
        id: zone.id(),
        topic: zone.topic.clone(),
        format,
        partition_by: PartitionBy::parse(&zone.partition_by, classifier)
            .map_err(unknown)
            .with_context(place)?,
        granularity: zone
            .granularity
            .parse()
            .map_err(unknown)
            .with_context(place)?,
        classifier,
        prefix: prefix.clone(),
    };
    Ok((facts, zone))
}

/// The error for a prefix without a zone: it names the zones that the bucket does have.
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

/// The zones of a bucket, as far as [`MOST_FOLDERS`] requests show them.
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
            // A zone object that cannot be read still counts as a zone.
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
