//! The newest claim of a topic partition, and whether all of its objects are in the bucket.
//!
//! This only reads; `landing::start` decides what follows. A claim counts as complete only if each
//! of its objects was seen with the right identity, or if its end was committed.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::{Result, anyhow};
use bucket::Bucket;
use futures::{StreamExt, TryStreamExt};
use landing::{
    Partition, Place,
    chain::Batching,
    claim::Claim,
    commit_note::Committed,
    identity::{About, Identity},
    layout::Prefix,
    start::{Completeness, Stop},
};

/// How many objects' metadata are read at the same time.
const AT_ONCE: usize = 16;

/// The claims of a zone.
#[derive(Clone)]
pub(crate) struct Claims {
    pub(crate) bucket: Bucket,
    pub(crate) prefix: Prefix,
    pub(crate) zone: String,
    pub(crate) batching: Arc<Batching>,
}

impl Claims {
    /// The newest claim of a partition. It takes one LIST, because the newest key sorts first, and
    /// one GET.
    pub(crate) async fn newest(
        &self,
        partition: Partition,
    ) -> Result<Result<Option<Arc<Claim>>, Stop>> {
        let folder = self.prefix.claims_folder(partition);
        let first = self.bucket.first_key(&folder).await;
        let Some(key) = first.map_err(|failure| self.failed(&folder, &failure))? else {
            return Ok(Ok(None));
        };
        let unusable = |problem: String| {
            let key = key.clone();
            Ok(Err(Stop::UnusableControlObject { key, problem }))
        };
        let Some(start) = self.prefix.start_of_claim_key(partition, &key) else {
            return unusable("its name is not that of a claim".to_owned());
        };
        let body = self.bucket.read(&key).await;
        let Some(body) = body.map_err(|failure| self.failed(&key, &failure))? else {
            return Err(anyhow!(
                "s3://{}/{key} was removed while it was read",
                self.bucket.name()
            ));
        };
        match Claim::from_body(&body, &self.zone, Place::new(partition, start)) {
            Ok(claim) => Ok(Ok(Some(Arc::new(claim)))),
            Err(problem) => unusable(problem.to_string()),
        }
    }

    /// Whether all objects of the claim exist.
    pub(crate) async fn completeness(
        &self,
        claim: &Claim,
        committed: Option<&Committed>,
    ) -> Result<Result<Completeness, Stop>> {
        // Only a commit that a consumer of this zone made after the objects were durable names the
        // zone and the last landed record. A commit that merely marks where to begin, or that an
        // operator or another zone made, proves nothing.
        if committed.is_some_and(|committed| committed.proves(claim.end, &self.zone)) {
            return Ok(Ok(Completeness::Complete));
        }
        let looks = self
            .objects(claim)
            .into_iter()
            .map(async |(key, identity)| {
                let metadata = self.bucket.metadata(&key).await;
                let metadata = metadata.map_err(|failure| self.failed(&key, &failure))?;
                Ok::<_, anyhow::Error>(compared(key, &identity, metadata))
            });
        let at_once = futures::stream::iter(looks).buffer_unordered(AT_ONCE);
        let seen: Vec<Result<bool, Stop>> = at_once.try_collect().await?;
        let mut all = true;
        for seen in seen {
            match seen {
                Ok(there) => all &= there,
                Err(stop) => return Ok(Err(stop)),
            }
        }
        Ok(Ok(match all {
            true => Completeness::Complete,
            false => Completeness::Incomplete,
        }))
    }

    /// Keys and identities of all objects of a claim.
    fn objects(&self, claim: &Claim) -> Vec<(String, Identity)> {
        let identity = |part: &str| Identity {
            zone: self.zone.clone(),
            place: claim.place(),
            about: About::Extent {
                end: claim.end,
                part: part.to_owned(),
            },
        };
        let (start, suffix) = (claim.place(), self.batching.suffix(&claim.files));
        let dates = claim.dates.iter().filter_map(|date| {
            let key = self
                .prefix
                .extent_key(&date.date_partition()?, start, &suffix);
            Some((key, identity(&date.date)))
        });
        let letters = (claim.dead_letters.records > 0).then(|| {
            (
                self.prefix.dead_letters_key(start),
                identity("dead-letters"),
            )
        });
        dates.chain(letters).collect()
    }

    fn failed(&self, key: &str, failure: &bucket::answer::StoreFailure) -> anyhow::Error {
        anyhow!(
            "s3://{}/{key} cannot be read: {failure}",
            self.bucket.name()
        )
    }
}

fn compared(
    key: String,
    identity: &Identity,
    metadata: Option<BTreeMap<String, String>>,
) -> Result<bool, Stop> {
    let Some(metadata) = metadata else {
        return Ok(false);
    };
    match identity.compare(&metadata) {
        Ok(()) => Ok(true),
        Err(difference) => Err(Stop::Conflict { key, difference }),
    }
}
