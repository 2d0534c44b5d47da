//! What `consumer verify` needs before it can look: the bucket, the zone, and the topic on the zone's own cluster.
//!
//! Not here: the verification. Invariant: nothing is written anywhere.

use anyhow::{Context, Result, anyhow, bail};
use landing::{
    layout::Prefix,
    partition_by::{Granularity, PartitionBy},
    zone::{Zone, ZoneMismatch},
};

use super::topic::Topic;
use crate::{
    args::VerifyArgs,
    bucket::{Bucket, client, listing::patiently},
    kafka::settings::KafkaSettings,
    plan,
    start_up::explain,
};

/// The most requests that are made to find out which zones there are.
const MOST_FOLDERS: usize = 50;

/// A zone as its object describes it.
#[derive(Clone, Debug)]
pub(crate) struct ZoneFacts {
    pub(crate) prefix: Prefix,
    pub(crate) id: String,
    pub(crate) topic: String,
    /// `json`, `jsonl`, `csv` or `parquet`.
    pub(crate) format: String,
    pub(crate) partition_by: PartitionBy,
    pub(crate) granularity: Granularity,
}

impl ZoneFacts {
    pub(crate) fn is_per_record(&self) -> bool {
        self.format == "json"
    }
}

/// Checks what needs no connection; gives librdkafka's options.
pub(crate) fn check(args: &VerifyArgs) -> Result<Vec<(String, String)>> {
    plan::check_bucket_name(&args.bucket)?;
    plan::check_topic_name(&args.topic)?;
    plan::librdkafka_options(&args.kafka_options)
}

/// The bucket, after it was made sure that it may be listed.
pub(crate) async fn bucket(args: &VerifyArgs, origin: impl Fn(&str) -> String) -> Result<Bucket> {
    let s3 = client::connect(args.endpoint_url.as_deref(), &origin("endpoint_url")).await?;
    tracing::info!("S3 bucket {}: {}", args.bucket, s3.origins);
    let bucket = Bucket::new(s3.client, &args.bucket);
    match patiently(|| bucket.first_key("")).await {
        Ok(_) => Ok(bucket),
        Err(failure) => Err(explain::failure("list", &args.bucket, &failure)),
    }
}

/// The zone under the prefix that was given, or the only one of the topic.
pub(crate) async fn zone(args: &VerifyArgs, bucket: &Bucket) -> Result<(ZoneFacts, Zone)> {
    if let Some(prefix) = &args.prefix {
        let found = read_zone(bucket, prefix).await?;
        return match found {
            Some(zone) => facts(bucket, prefix.clone(), zone),
            None => Err(no_zone(bucket, &format!("{prefix}")).await?),
        };
    }
    let mut found = Vec::new();
    for format in ["json", "jsonl", "csv", "parquet"] {
        let prefix: Result<Prefix, String> = format!("{}/{format}", args.topic).parse();
        let prefix = prefix.map_err(|reason| anyhow!("{reason}: give --prefix"))?;
        if let Some(zone) = read_zone(bucket, &prefix).await? {
            found.push((prefix, zone));
        }
    }
    match found.len() {
        0 => Err(no_zone(bucket, &args.topic).await?),
        1 => {
            let (prefix, zone) = found.remove(0);
            facts(bucket, prefix, zone)
        }
        _ => {
            let names: Vec<&str> = found.iter().map(|(prefix, _)| prefix.as_str()).collect();
            bail!(
                "s3://{} holds several zones of topic '{}': say which with --prefix: {}",
                bucket.name(),
                args.topic,
                names.join(", ")
            )
        }
    }
}

async fn read_zone(bucket: &Bucket, prefix: &Prefix) -> Result<Option<Zone>> {
    let key = prefix.zone_key();
    let Some(body) = bucket.read_patiently(&key).await? else {
        return Ok(None);
    };
    let zone = Zone::from_body(&body);
    zone.map(Some)
        .with_context(|| format!("s3://{}/{key}", bucket.name()))
}

fn facts(bucket: &Bucket, prefix: Prefix, zone: Zone) -> Result<(ZoneFacts, Zone)> {
    let place = || format!("s3://{}/{}", bucket.name(), prefix.zone_key());
    let unknown = |text: String| anyhow!("{text}: use a newer version of this program");
    if zone.protocol != landing::zone::PROTOCOL_VERSION
        || !matches!(zone.format.as_str(), "json" | "jsonl" | "csv" | "parquet")
    {
        let text = format!("protocol {}, format '{}'", zone.protocol, zone.format);
        return Err(unknown(text)).with_context(place);
    }
    let facts = ZoneFacts {
        id: zone.id(),
        topic: zone.topic.clone(),
        format: zone.format.clone(),
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
async fn no_zone(bucket: &Bucket, wanted: &str) -> Result<anyhow::Error> {
    let zones = zones(bucket).await?;
    let there = match zones.as_slice() {
        [] => "the bucket holds no landing zone at all: is it the right one?".to_owned(),
        zones => format!("there is {}: give it with --prefix", zones.join(", ")),
    };
    let name = bucket.name();
    Ok(anyhow!(
        "s3://{name}/{wanted} holds no landing zone; {there}"
    ))
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
            zones.push(folder["_control/".len()..].trim_end_matches('/').to_owned());
        } else {
            folders.extend(page.folders);
        }
    }
    zones.sort();
    Ok(zones)
}

/// The topic; `None` with `--without-kafka`.
pub(crate) async fn topic(
    args: &VerifyArgs,
    (bucket, facts, zone): (&Bucket, &ZoneFacts, &Zone),
    options: Vec<(String, String)>,
) -> Result<Option<Topic>> {
    if args.without_kafka {
        return Ok(None);
    }
    let derived = || plan::group(bucket.name(), &facts.prefix);
    let settings = KafkaSettings {
        bootstrap_servers: args.bootstrap_servers.clone(),
        group: args.group.clone().unwrap_or_else(derived),
        options,
        queue_bytes: 1 << 20,
    };
    tracing::info!(
        "Kafka at {}, topic {}, group {}",
        settings.bootstrap_servers,
        facts.topic,
        settings.group
    );
    let found = Topic::find(settings, &facts.topic, args.connect_timeout).await;
    let hint = "--without-kafka verifies the bucket alone";
    let (topic, cluster) = found.map_err(|error| anyhow!("{error:#}; {hint}"))?;
    let here = Zone {
        cluster_id: cluster,
        ..zone.clone()
    };
    if let Err(ZoneMismatch::Cluster { holds, wanted }) = zone.admit(&here) {
        let accepted = facts.prefix.cluster_key(&wanted);
        if bucket.read_patiently(&accepted).await?.is_none() {
            bail!(
                "this zone was made from Kafka cluster '{holds}', and these brokers are cluster '{wanted}', where other records may lie \
                 at the same offsets: give the brokers of the zone's own cluster; {hint}"
            );
        }
    }
    Ok(Some(topic))
}
