//! The judgement of a batched zone: what follows from its lists, then what its extents hold.
//!
//! Under `--deep` all extents are read, otherwise those with an object of another size than its
//! claim says. The topic is read once for each partition, in its order. An object of an extent that
//! was read is right by the topic, right by its claim, or in a finding.

use std::pin::pin;

use anyhow::Result;
use futures::StreamExt;
use landing::{Partition, Place};

use crate::{
    batched::{
        chain_findings, extent_findings,
        listed::Batched,
        read_extents::{self, ExtentSource},
    },
    verification::Verification,
};

/// Judges what was listed, and reads the extents that must be read.
pub(crate) async fn judge(batched: &mut Batched, verification: &mut Verification) -> Result<()> {
    chain_findings::schemas(verification, batched).await?;
    let partitions: Vec<Partition> = batched.chains.keys().copied().collect();
    for partition in partitions {
        if verification.is_unknown(partition) {
            chain_findings::no_such_partition(verification, batched, partition);
            continue;
        }
        chain_findings::newer_claims(verification, batched, partition).await?;
        chain_findings::objects(verification, batched, partition);
        chain_findings::unclaimed_letters(verification, batched, partition).await?;
        chain_findings::ends(verification, batched, partition);
    }
    extents(verification, batched).await
}

async fn extents(verification: &mut Verification, batched: &Batched) -> Result<()> {
    let deep = verification.deep;
    let chains = batched.chains.values();
    let extents: usize = chains.map(|chain| chain.to_read(deep).count()).sum();
    if extents == 0 {
        return Ok(());
    }
    let step = "reading extents:";
    verification.progress.step(step, Some(extents as u64));
    for &partition in batched.chains.keys() {
        if !verification.is_unknown(partition) {
            extents_of(verification, batched, partition).await?;
        }
    }
    Ok(())
}

async fn extents_of(
    verification: &mut Verification,
    batched: &Batched,
    partition: Partition,
) -> Result<()> {
    let (bucket, zone) = (verification.bucket.clone(), verification.zone.clone());
    let log = verification.partition(partition).log;
    let source = ExtentSource::new(&bucket, &zone, verification.concurrency, log);
    let starts = batched.chains[&partition].to_read(verification.deep);
    let places = starts.map(|start| Place::new(partition, start));
    let mut extents = pin!(read_extents::read(&source, places));
    while let Some(extent) = extents.next().await {
        verification.progress.add(1);
        if let Some(extent) = extent? {
            let objects = extent.dates.iter().chain(&extent.letters);
            verification.bytes_read += objects
                .filter_map(|(_, facts)| Some(facts.as_ref()?.bytes))
                .sum::<u64>();
            extent_findings::judge(verification, &zone, extent).await?;
        }
    }
    Ok(())
}
