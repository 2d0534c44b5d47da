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
    layout::Prefix,
    zone::{Zone, ZoneMismatch, commit_zone, default_group},
};

use schema::Classifier;

use crate::{
    args::VerifyArgs,
    group_notes::GroupNotes,
    group_offsets::AskedGroup,
    recognition,
    topic::{Groups, Topic},
};

/// Checks what needs no connection; returns librdkafka's options.
pub(crate) fn check(args: &VerifyArgs) -> Result<Options> {
    check_bucket_name(&args.zone.bucket)?;
    check_topic_name(&args.kafka.topic)?;
    settings::options(&args.kafka.kafka_options, &args.kafka.security())
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

/// The groups to ask how far they came. In a zone that names its groups, the derived one counts if
/// the zone names it; but earlier versions named none, and may have landed with it.
fn asked_groups(
    listed: &BTreeSet<String>,
    given: Option<&str>,
    derived: &str,
    classifier: Classifier,
) -> Vec<AskedGroup> {
    let has_list = !listed.is_empty();
    let may_be_older = !has_list || classifier == Classifier::One;
    let mut names: BTreeSet<&str> = listed.iter().map(String::as_str).collect();
    names.extend(given);
    names.extend(may_be_older.then_some(derived));
    let group = |name: &str| {
        let (is_listed, is_derived) = (listed.contains(name), name == derived);
        AskedGroup {
            name: name.to_owned(),
            is_listed,
            is_derived,
            is_guess: is_derived && has_list && !is_listed && given != Some(name),
        }
    };
    names.into_iter().map(group).collect()
}

/// The topic; `None` with `--without-kafka`.
pub(crate) async fn topic(
    args: &VerifyArgs,
    bucket: &Bucket,
    facts: &ZoneFacts,
    zone: &Zone,
    notes: &GroupNotes,
    options: Options,
) -> Result<Option<Topic>> {
    if args.without_kafka {
        return Ok(None);
    }
    let derived = default_group(bucket.name(), &facts.prefix);
    let given = args.group.as_deref();
    let asked = asked_groups(&notes.groups, given, &derived, facts.classifier);
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
        asked
            .iter()
            .map(|group| group.name.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    );
    settings.options.warn();
    let timeout = args.kafka.connect_timeout;
    let groups = Groups {
        asked,
        zone: commit_zone(bucket.name(), &facts.prefix, zone),
    };
    let found = Topic::find(settings, groups, &facts.topic, timeout).await;
    let hint = "--without-kafka verifies the bucket alone";
    let (mut topic, cluster) = found.map_err(|error| anyhow!("{error:#}; {hint}"))?;
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
    recognition::recognise(&mut topic, bucket, facts).await?;
    Ok(Some(topic))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(listed: &[&str], given: Option<&str>, classifier: Classifier) -> Vec<String> {
        let listed = listed.iter().map(|name| (*name).to_owned()).collect();
        let groups = asked_groups(&listed, given, "derived", classifier);
        let shown = groups.into_iter().map(|group| match group {
            AskedGroup {
                name,
                is_guess: true,
                ..
            } => format!("{name}?"),
            AskedGroup { name, .. } => name,
        });
        shown.collect()
    }

    #[test]
    fn the_derived_group_is_asked_where_the_zone_names_it_or_may_be_older_than_its_list() {
        use Classifier::{One, Two};
        assert_eq!(asked(&["new"], None, Two), ["new"]);
        assert_eq!(asked(&["new"], None, One), ["derived?", "new"]);
        for classifier in [One, Two] {
            assert_eq!(asked(&[], None, classifier), ["derived"]);
            assert_eq!(asked(&[], Some("given"), classifier), ["derived", "given"]);
            assert_eq!(
                asked(&["new"], Some("derived"), classifier),
                ["derived", "new"]
            );
            assert_eq!(
                asked(&["derived", "new"], None, classifier),
                ["derived", "new"]
            );
        }
    }
}
