//! Start-up: tries once everything that the run will need, and says plainly what is missing.
//!
//! Later, the run retries the same failures for ever; here they end the program. Start-up writes
//! nothing but `_control/{prefix}/…` (and creates the bucket, if asked to), and commits nothing.

mod kafka;
mod zone;

use std::{collections::BTreeMap, sync::Arc};

use ::kafka::look_up::LookUp;
use anyhow::Result;
use bucket::{Bucket, client, explain, probe, schemas};
use cli::origins::Origins;
use landing::{
    Offset, Partition,
    engine::ObjectLayout,
    zone::{Zone, commit_zone},
};
use schema::Classifier;

use crate::{
    encoder::Encoder,
    plan::{EnteredZone, Plan},
    start_up::kafka::KafkaFacts,
};

/// What start-up found.
pub(crate) struct Started {
    pub(crate) look_up: Arc<LookUp>,
    /// `None` in a dry run.
    pub(crate) bucket: Option<Bucket>,
    pub(crate) zone: EnteredZone,
    /// Only in the batched layouts.
    pub(crate) encoder: Option<Encoder>,
    pub(crate) partitions: Vec<Partition>,
    /// The last stable offset of each partition at the start, where `--until-end` ends.
    pub(crate) goals: BTreeMap<Partition, Offset>,
}

/// Checks S3, then Kafka, then that the two belong together.
pub(crate) async fn start_up(plan: &Plan, origins: &Origins) -> Result<Started> {
    let s3 = if plan.run.dry_run {
        None
    } else {
        Some(connect_s3(plan, origins).await?)
    };
    tracing::info!(
        "Kafka at {} ({}), topic {}, group {}",
        plan.kafka.bootstrap_servers,
        origins.of("bootstrap_servers"),
        plan.zone.topic,
        plan.kafka.group
    );
    plan.kafka.options.warn();
    let look_up = Arc::new(LookUp::new(&plan.kafka, &plan.zone.topic)?);
    let found = kafka::check(look_up.clone(), plan).await?;
    let entered = match &s3 {
        None => EnteredZone {
            id: "dry-run".to_owned(),
            commit_zone: "dry-run".to_owned(),
            classifier: Classifier::NEWEST,
        },
        Some(bucket) => enter(bucket, plan, &look_up, &found).await?,
    };
    let rules = plan.zone.rules(&entered.id, entered.classifier);
    let encoder = match (rules, &plan.engine.layout) {
        (Some(zone), ObjectLayout::Batched(batching)) => {
            let (schema, threads) = (plan.zone.schema.clone(), batching.max_encoding);
            Some(Encoder::start(zone, schema, s3.clone(), threads)?)
        }
        _ => None,
    };
    Ok(Started {
        look_up,
        bucket: s3,
        zone: entered,
        encoder,
        partitions: found.partitions,
        goals: found.goals,
    })
}

/// Enters the zone, and stores the schema that its files need.
async fn enter(
    bucket: &Bucket,
    plan: &Plan,
    look_up: &Arc<LookUp>,
    found: &KafkaFacts,
) -> Result<EnteredZone> {
    let wanted = Zone::new(
        &plan.zone.topic,
        found.cluster_id.as_deref(),
        plan.zone.format,
        &plan.zone.partition_by,
        plan.zone.granularity,
    )
    .with_check_columns(
        plan.engine
            .check_columns
            .as_deref()
            .map(schemas::schema_hash),
    );
    probe::probe(bucket, &plan.zone.prefix).await?;
    probe::probe_reading(bucket, &plan.zone.prefix).await?;
    let zone = zone::enter(bucket, plan, &wanted, look_up, &found.committed).await?;
    if let Some(schema) = &plan.zone.schema {
        schemas::keep_schema(bucket, &plan.zone.prefix, schema).await?;
    }
    Ok(EnteredZone {
        id: zone.id(),
        commit_zone: commit_zone(bucket.name(), &plan.zone.prefix, &zone),
        classifier: zone.classifier()?,
    })
}

async fn connect_s3(plan: &Plan, origins: &Origins) -> Result<Bucket> {
    let s3 = client::connect(
        plan.store.endpoint_url.as_deref(),
        origins.of("endpoint_url"),
        plan.store.owner.as_deref(),
    )
    .await?;
    tracing::info!(
        "S3 bucket {}, prefix {}: {}",
        plan.store.bucket,
        plan.zone.prefix,
        s3.origins
    );
    let bucket = Bucket::new(s3.client, &plan.store.bucket)
        .at_endpoint(s3.at_endpoint)
        .in_zones(vec![plan.zone.prefix.clone()])
        .with_options(plan.store.objects.clone());
    let Err(failure) = bucket.first_key(&plan.zone.prefix.data_folder()).await else {
        return Ok(bucket);
    };
    if failure.code != "NoSuchBucket" || !plan.store.create_bucket {
        return Err(explain::failure("list", &plan.store.bucket, &failure));
    }
    bucket
        .create_bucket(&s3.region)
        .await
        .map_err(|failure| explain::failure("create", &plan.store.bucket, &failure))?;
    tracing::info!(
        bucket = plan.store.bucket,
        region = s3.region,
        "bucket made"
    );
    Ok(bucket)
}
