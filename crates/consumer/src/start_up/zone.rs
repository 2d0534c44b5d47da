//! Start-up's checks of the landing zone: the zone is ours, and the group and the zone belong
//! together.
//!
//! `landing::zone` compares the settings. A zone object is written once and never changed; a run
//! that does not fit it ends here.

use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail};
use bucket::{
    Bucket,
    answer::{PutAnswer, StoreFailure},
    creation::Created,
    explain,
};
use kafka::look_up::{CommittedOffset, LookUp};
use landing::{
    Partition, Place,
    group_note::group_note,
    start_note::start_note,
    zone::{Zone, ZoneMismatch},
};

use crate::{args::StartAt, inspection::resolve_start, plan::Plan};

/// Enters the zone, or creates it. A group that has committed offsets must find its zone.
pub(crate) async fn enter(
    bucket: &Bucket,
    plan: &Plan,
    wanted: &Zone,
    look_up: &Arc<LookUp>,
    committed: &[CommittedOffset],
) -> Result<Zone> {
    let key = plan.zone.prefix.zone_key();
    let explained =
        |failure: StoreFailure| explain::failure("read or write", bucket.name(), &failure);
    let there = bucket.read(&key).await.map_err(explained)?;
    if there.is_none()
        && let Some(CommittedOffset {
            partition,
            next: offset,
            ..
        }) = committed.iter().find(|committed| committed.next.0 > 0)
    {
        bail!(
            "group '{}' is at offset {offset} of partition {partition}, but s3://{}/{} holds no landing zone: was the bucket emptied, or is it \
             another bucket? To land the topic again from its beginning, use a new --group NAME; otherwise correct --bucket or --prefix",
            plan.kafka.group,
            bucket.name(),
            plan.zone.prefix
        );
    }
    let body = match there {
        Some(body) => body,
        None => make(bucket, plan, wanted, look_up).await?,
    };
    let zone = Zone::from_body(&body).with_context(|| place(bucket, &key))?;
    match zone.admit(wanted) {
        Ok(()) => {}
        Err(ZoneMismatch::Cluster { holds, wanted: id }) => {
            accept_cluster(bucket, plan, holds, id).await?;
        }
        Err(mismatch) => return Err(mismatch).with_context(|| place(bucket, &key)),
    }
    keep_group(bucket, plan).await?;
    Ok(zone)
}

/// Names the group in the zone before it commits anything: a verification must know each group
/// whose offsets say how far the zone reaches.
async fn keep_group(bucket: &Bucket, plan: &Plan) -> Result<()> {
    let group = &plan.kafka.group;
    let key = plan.zone.prefix.group_key(group);
    let created = bucket.try_create(&key, group_note(group).into()).await;
    created.map_err(|failure| explain::failure("write", bucket.name(), &failure))?;
    Ok(())
}

/// Creates the zone, or reads the one that another process has just created.
async fn make(
    bucket: &Bucket,
    plan: &Plan,
    wanted: &Zone,
    look_up: &Arc<LookUp>,
) -> Result<Vec<u8>> {
    let key = plan.zone.prefix.zone_key();
    let explained =
        |failure: StoreFailure| explain::failure("read or write", bucket.name(), &failure);
    write_starts(bucket, plan, look_up).await?;
    let body = wanted.to_body();
    let created = bucket.try_create(&key, body.clone().into()).await;
    match created.map_err(explained)? {
        Created::Now => Ok(body),
        Created::There => {
            let body = bucket.read(&key).await.map_err(explained)?;
            body.context("the zone object was removed while it was read")
        }
    }
}

/// Records where each partition of a new zone begins, before the zone itself exists: the meaning of
/// `latest` must not move if committed offsets expire before the first record has landed.
async fn write_starts(bucket: &Bucket, plan: &Plan, look_up: &Arc<LookUp>) -> Result<()> {
    let start = plan.zone.start;
    if start == StartAt::Earliest {
        return check_no_starts(bucket, plan).await;
    }
    let (look_up, timeout) = (look_up.clone(), plan.run.connect_timeout);
    let offsets = tokio::task::spawn_blocking(move || -> Result<Vec<Place>> {
        let partitions = look_up.topic(timeout)?.partitions.into_iter();
        let offset = |partition| {
            Ok(Place::new(
                partition,
                resolve_start(&look_up, partition, start)?,
            ))
        };
        partitions.map(offset).collect()
    });
    for place in offsets.await.context("the look-up was broken off")?? {
        let key = plan.zone.prefix.start_key(place.partition);
        let note = start_note(place);
        let created = bucket.try_create(&key, note.clone().into()).await;
        let created =
            created.map_err(|failure| explain::failure("write", bucket.name(), &failure))?;
        // `latest` means what it meant when it was first asked for. A time is always the same.
        if created == Created::There
            && start != StartAt::Latest
            && bucket
                .read_patiently(&key)
                .await?
                .is_some_and(|there| there != note)
        {
            return Err(other_start(bucket, &key));
        }
    }
    Ok(())
}

/// A run that means the beginning must not find notes of one that meant another start and did not
/// come to make the zone: they would count.
async fn check_no_starts(bucket: &Bucket, plan: &Plan) -> Result<()> {
    let first = plan.zone.prefix.start_key(Partition(0));
    let (folder, _) = first.rsplit_once('/').unwrap_or((&first, ""));
    let found = bucket.list(&format!("{folder}/")).page().await?;
    match found.unwrap_or_default().objects.first() {
        Some(left) => Err(other_start(bucket, &left.key)),
        None => Ok(()),
    }
}

fn other_start(bucket: &Bucket, key: &str) -> anyhow::Error {
    anyhow!(
        "an earlier run with another --start noted in {} where this new zone begins, and ended before it made the zone; \
         run with that --start, or remove the notes next to this one",
        place(bucket, key)
    )
}

/// Accepts another cluster if it was accepted before, or if `--new-cluster` accepts it now.
async fn accept_cluster(bucket: &Bucket, plan: &Plan, holds: String, wanted: String) -> Result<()> {
    let key = plan.zone.prefix.cluster_key(&wanted);
    let explained =
        |failure: StoreFailure| explain::failure("read or write", bucket.name(), &failure);
    if bucket.read(&key).await.map_err(explained)?.is_some() {
        return Ok(());
    }
    if !plan.zone.new_cluster {
        return Err(ZoneMismatch::Cluster { holds, wanted })
            .with_context(|| place(bucket, &plan.zone.prefix.zone_key()));
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

fn place(bucket: &Bucket, key: &str) -> String {
    format!("s3://{}/{key}", bucket.name())
}
