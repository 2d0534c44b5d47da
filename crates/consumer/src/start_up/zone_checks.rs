//! Start-up's checks of the landing zone: conditional writes work, the zone is ours, the group and
//! the zone belong together.
//!
//! Not here: the comparison of settings (see `landing::zone`). Invariant: a zone object is written
//! once and never changed; a run that does not fit it ends here.

use anyhow::{Context, Result, anyhow, bail};
use landing::{
    Offset,
    layout::Prefix,
    zone::{Zone, ZoneMismatch},
};

use schema::TableSchema;

use super::explain;
use crate::{
    args::StartAt,
    bucket::{
        Bucket,
        answer::{Failure, PutAnswer},
        listing,
    },
    encoder::schema_hash,
    inspection::{resolve_start, start_note},
    kafka::look_up::LookUp,
    plan::Plan,
};
use std::{future::Future, sync::Arc, time::Duration};

const PROBE: &[u8] = b"conditional writes are probed here\n";
const SECOND_PROBE: &[u8] = b"this store ignores If-None-Match\n";

/// Refuses a store that does not honour `If-None-Match: *`: exactly once rests on it.
pub(crate) async fn probe(bucket: &Bucket, prefix: &Prefix) -> Result<()> {
    let key = prefix.probe_key();
    let explained = |failure: &Failure| explain::failure("write", bucket.name(), failure);
    for body in [PROBE, SECOND_PROBE] {
        match patiently(|| bucket.create(&key, body.to_vec(), &[])).await {
            PutAnswer::Failed(failure) => return Err(explained(&failure)),
            PutAnswer::Stored if body == SECOND_PROBE => return Err(ignores_conditions(bucket)),
            PutAnswer::Stored | PutAnswer::Exists => {}
        }
    }
    let read = listing::patiently(|| bucket.read(&key)).await;
    match read.map_err(|failure| explain::failure("read", bucket.name(), &failure))? {
        Some(body) if body == PROBE => Ok(()),
        _ => Err(ignores_conditions(bucket)),
    }
}

fn ignores_conditions(bucket: &Bucket) -> anyhow::Error {
    anyhow!(
        "the store of bucket '{}' does not honour conditional writes (If-None-Match: *), without which an object could be overwritten; \
         use S3, or a store and version that has them",
        bucket.name()
    )
}

/// Enters the zone, or makes it; the committed offsets must fit.
pub(crate) async fn enter(
    bucket: &Bucket,
    plan: &Plan,
    wanted: &Zone,
    (look_up, committed): (&Arc<LookUp>, &[(i32, Offset, String)]),
) -> Result<Zone> {
    let key = plan.prefix.zone_key();
    let explained = |failure: Failure| explain::failure("read or write", bucket.name(), &failure);
    let there = bucket.read(&key).await.map_err(explained)?;
    if there.is_none()
        && let Some((partition, offset, _)) = committed.iter().find(|(_, offset, _)| offset.0 > 0)
    {
        bail!(
            "group '{}' is at offset {offset} of partition {partition}, but s3://{}/{} holds no landing zone: was the bucket emptied, or is it \
             another bucket? To land the topic again from its beginning, use a new --group NAME; otherwise correct --bucket or --prefix",
            plan.kafka.group,
            bucket.name(),
            plan.prefix
        );
    }
    let body = match there {
        Some(body) => body,
        None => make(bucket, plan, wanted, look_up).await?,
    };
    let zone = Zone::from_body(&body).with_context(|| place(bucket, &key))?;
    match zone.admit(wanted) {
        Ok(()) => Ok(zone),
        Err(ZoneMismatch::Cluster { holds, wanted: id }) => {
            accept_cluster(bucket, plan, (holds, id))
                .await
                .map(|()| zone)
        }
        Err(mismatch) => Err(mismatch).with_context(|| place(bucket, &key)),
    }
}

/// Keeps the columns under their hash, so that any process can finish a claim that names them.
pub(crate) async fn keep_schema(
    bucket: &Bucket,
    prefix: &Prefix,
    schema: &TableSchema,
) -> Result<()> {
    let key = prefix.schema_key(&schema_hash(schema));
    let text = schema.canonical_text();
    match patiently(|| bucket.create(&key, text.clone(), &[])).await {
        PutAnswer::Stored | PutAnswer::Exists => Ok(()),
        PutAnswer::Failed(failure) => Err(explain::failure("write", bucket.name(), &failure)),
    }
}

/// Makes the zone, or reads the one that another process has made at this moment.
async fn make(
    bucket: &Bucket,
    plan: &Plan,
    wanted: &Zone,
    look_up: &Arc<LookUp>,
) -> Result<Vec<u8>> {
    let key = plan.prefix.zone_key();
    let explained = |failure: Failure| explain::failure("read or write", bucket.name(), &failure);
    write_starts(bucket, plan, look_up).await?;
    match patiently(|| bucket.create(&key, wanted.to_body(), &[])).await {
        PutAnswer::Stored => Ok(wanted.to_body()),
        PutAnswer::Exists => {
            let body = bucket.read(&key).await.map_err(explained)?;
            body.context("the zone object was removed while it was read")
        }
        PutAnswer::Failed(failure) => Err(explained(failure)),
    }
}

/// Writes down where each partition of a new zone begins, before the zone itself: what `latest`
/// means must not move when offsets expire before the first record has landed.
async fn write_starts(bucket: &Bucket, plan: &Plan, look_up: &Arc<LookUp>) -> Result<()> {
    let start = plan.args.start;
    if start == StartAt::Earliest {
        return Ok(());
    }
    let (look_up, timeout) = (look_up.clone(), plan.args.connect_timeout);
    let offsets = tokio::task::spawn_blocking(move || -> Result<Vec<(i32, Offset)>> {
        let partitions = look_up.topic(timeout)?.partitions.into_iter();
        let offset = |partition| Ok((partition, resolve_start(&look_up, partition, start)?));
        partitions.map(offset).collect()
    });
    for (partition, offset) in offsets.await.context("the look-up was broken off")?? {
        let key = plan.prefix.start_key(partition);
        let answer = patiently(|| bucket.create(&key, start_note(partition, offset), &[])).await;
        if let PutAnswer::Failed(failure) = answer {
            return Err(explain::failure("write", bucket.name(), &failure));
        }
    }
    Ok(())
}

/// Another cluster is accepted when it was accepted before, or is now by `--new-cluster`.
async fn accept_cluster(
    bucket: &Bucket,
    plan: &Plan,
    (holds, wanted): (String, String),
) -> Result<()> {
    let key = plan.prefix.cluster_key(&wanted);
    let explained = |failure: Failure| explain::failure("read or write", bucket.name(), &failure);
    if bucket.read(&key).await.map_err(explained)?.is_some() {
        return Ok(());
    }
    if !plan.args.new_cluster {
        return Err(ZoneMismatch::Cluster { holds, wanted })
            .with_context(|| place(bucket, &plan.prefix.zone_key()));
    }
    let body = format!(
        "{}\n",
        serde_json::json!({ "accepted": wanted, "instead_of": holds })
    )
    .into_bytes();
    match bucket.create(&key, body, &[]).await {
        PutAnswer::Stored | PutAnswer::Exists => Ok(()),
        PutAnswer::Failed(failure) => Err(explained(failure)),
    }
}

/// A create-once write at the start: what passes by itself (another process writing the same object
/// at this moment, a busy store) is tried again for some seconds; what does not is an error at
/// once.
async fn patiently<F: Future<Output = PutAnswer>>(write: impl Fn() -> F) -> PutAnswer {
    for _ in 0..20 {
        match write().await {
            // The store has answered before: a connection that broke is no wrong address.
            PutAnswer::Failed(failure) if failure.is_passing() || failure.status.is_none() => {
                tokio::time::sleep(Duration::from_millis(500)).await
            }
            answer => return answer,
        }
    }
    write().await
}

fn place(bucket: &Bucket, key: &str) -> String {
    format!("s3://{}/{key}", bucket.name())
}
