//! What a verification needs before it can begin: the bucket, the zone, and the topic on the zone's
//! own cluster.
//!
//! Not here: the verification. Nothing is written anywhere.

use std::collections::BTreeSet;

use anyhow::{Result, anyhow, bail};
use bucket::{
    Bucket, check_bucket_name,
    zone::{self, ZoneFacts, facts, no_zone},
};
use kafka::{
    options::{Options, check_topic_name},
    settings::{self, KafkaSettings},
};
use landing::{
    Format,
    group_note::group_of_note,
    layout::Prefix,
    zone::{Zone, ZoneMismatch, commit_zone, default_group},
};

use crate::{
    args::VerifyArgs,
    topic::{Groups, Topic},
};

/// Checks what needs no connection; returns librdkafka's options.
pub(crate) fn check(args: &VerifyArgs) -> Result<Options> {
    check_bucket_name(&args.zone.bucket)?;
    check_topic_name(&args.kafka.topic)?;
    settings::options(&args.kafka.kafka_options)
}

/// Where the zone may lie: under the prefix that was given, or under one of those that the consumer
/// chooses by itself.
pub(crate) fn prefixes(args: &VerifyArgs) -> Result<Vec<Prefix>> {
    if let Some(prefix) = &args.prefix {
        return Ok(vec![prefix.clone()]);
    }
    let of_format = |format: Format| {
        let prefix: Result<Prefix, String> = format!("{}/{format}", args.kafka.topic).parse();
        prefix.map_err(|reason| anyhow!("{reason}: give --prefix"))
    };
    Format::ALL.into_iter().map(of_format).collect()
}

/// The zone under the prefix that was given, or the only one of the topic under these prefixes.
pub(crate) async fn zone(
    args: &VerifyArgs,
    bucket: &Bucket,
    prefixes: Vec<Prefix>,
) -> Result<(ZoneFacts, Zone)> {
    if let Some(prefix) = &args.prefix {
        let found = zone::read_zone(bucket, prefix).await?;
        return match found {
            Some(zone) => facts(bucket, prefix.clone(), zone),
            None => Err(no_zone(bucket, prefix.as_str()).await),
        };
    }
    let mut found = Vec::new();
    for prefix in prefixes {
        if let Some(zone) = zone::landing_zone(bucket, &prefix).await? {
            found.push((prefix, zone));
        }
    }
    match found.len() {
        0 => Err(no_zone(bucket, &args.kafka.topic).await),
        1 => {
            let (prefix, zone) = found.remove(0);
            facts(bucket, prefix, zone)
        }
        _ => {
            let names: Vec<&str> = found.iter().map(|(prefix, _)| prefix.as_str()).collect();
            bail!(
                "s3://{} holds several zones of topic '{}': say which with --prefix: {}",
                bucket.name(),
                args.kafka.topic,
                names.join(", ")
            )
        }
    }
}

/// The groups that have entered the zone; none in a zone that only earlier versions landed into. A
/// note that cannot be read is a finding of the listing.
async fn groups(bucket: &Bucket, prefix: &Prefix) -> Result<BTreeSet<String>> {
    let mut groups = BTreeSet::new();
    let mut list = bucket.list(&prefix.groups_folder());
    while let Some(page) = list.page().await? {
        for object in page.objects {
            let body = bucket.read_patiently(&object.key).await?;
            groups.extend(body.as_deref().and_then(group_of_note));
        }
    }
    Ok(groups)
}

/// The topic; `None` with `--without-kafka`.
pub(crate) async fn topic(
    args: &VerifyArgs,
    bucket: &Bucket,
    facts: &ZoneFacts,
    zone: &Zone,
    options: Options,
) -> Result<Option<Topic>> {
    if args.without_kafka {
        return Ok(None);
    }
    let derived = default_group(bucket.name(), &facts.prefix);
    let mut groups = groups(bucket, &facts.prefix).await?;
    groups.insert(derived.clone());
    groups.extend(args.group.clone());
    let settings = KafkaSettings {
        bootstrap_servers: args.kafka.bootstrap_servers.clone(),
        group: args.group.clone().unwrap_or(derived),
        options,
        queue_bytes: 1 << 20,
    };
    tracing::info!(
        "Kafka at {}, topic {}, groups {}",
        settings.bootstrap_servers,
        facts.topic,
        groups
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(", ")
    );
    let timeout = args.kafka.connect_timeout;
    let groups = Groups {
        names: groups,
        zone: commit_zone(bucket.name(), &facts.prefix, zone),
    };
    let found = Topic::find(settings, groups, &facts.topic, timeout).await;
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
