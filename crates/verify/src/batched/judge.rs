//! The judgement of a batched zone: what follows from its lists, then what its objects hold.

use anyhow::Result;

use crate::{
    batched::{chain_findings, listed::Batched, read_extents},
    verification::Look,
};

/// Judges what was listed, reads what has to be read.
pub(crate) async fn judge(batched: &mut Batched, look: &mut Look) -> Result<()> {
    chain_findings::schemas(look, &batched.schemas).await?;
    let partitions: Vec<i32> = batched.chains.keys().copied().collect();
    for partition in partitions {
        if look.is_unknown(partition) {
            chain_findings::no_such_partition(look, batched, partition);
            continue;
        }
        chain_findings::newer_claims(look, batched, partition).await?;
        chain_findings::objects(look, batched, partition);
        chain_findings::unclaimed_letters(look, batched, partition).await?;
        chain_findings::ends(look, batched, partition);
    }
    read_extents::read(look, batched).await
}
