//! What the shell sees of the claims in the bucket: the newest one, and whether its objects are all
//! there.
//!
//! Not here: what follows from it (the engine's `start`), and whether a claim is right (`extents`).
//! A claim is complete only when each object that it lists is there with the right identity.

use std::sync::Arc;

use landing::{
    Place,
    claim::Claim,
    identity::{About, Identity},
    layout::Prefix,
    start::{Completeness, Stop},
};

use crate::{plan::numbered, worker::Gathering, world::World};

impl World {
    /// The newest claim of a partition, by one LIST and one GET.
    pub(crate) fn newest_claim(&self, partition: usize) -> Result<Option<Arc<Claim>>, Stop> {
        let prefix: Prefix = "p".parse().unwrap();
        let folder = prefix.claims_folder(numbered(partition));
        let Some(key) = self.bucket.first_below(&folder) else {
            return Ok(None);
        };
        let start = prefix.start_of_claim_key(numbered(partition), key).unwrap();
        let body = &self.bucket.get(key).unwrap().body;
        match Claim::from_body(body, "z", Place::new(numbered(partition), start)) {
            Ok(claim) => Ok(Some(Arc::new(claim))),
            Err(bad) => Err(Stop::UnusableControlObject {
                key: key.clone(),
                problem: bad.to_string(),
            }),
        }
    }

    /// Whether the objects of the claim that was found are there.
    pub(crate) fn completeness(&self, gathering: &Gathering) -> Result<Completeness, Stop> {
        let committed = self.committed_of(gathering);
        if let (Some(claim), Some(committed)) = (&gathering.newest, committed)
            && committed.proves(claim.end, "z")
        {
            return Ok(Completeness::Complete);
        }
        let mut complete = Completeness::Complete;
        let objects = gathering.newest.iter().flat_map(|claim| objects(claim));
        for (key, identity) in objects {
            match self.bucket.get(&key) {
                None => complete = Completeness::Incomplete,
                Some(there) => {
                    let compared = identity.compare(&there.metadata());
                    compared.map_err(|difference| Stop::Conflict { key, difference })?;
                }
            }
        }
        Ok(complete)
    }
}

/// Keys and identities of the objects that a claim lists.
fn objects(claim: &Claim) -> Vec<(String, Identity)> {
    let prefix: Prefix = "p".parse().unwrap();
    let identity = |part: &str| Identity {
        zone: "z".into(),
        place: claim.place(),
        about: About::Extent {
            end: claim.end,
            part: part.into(),
        },
    };
    let suffix = match claim.files.compression.as_str() {
        "gzip" => "jsonl.gz",
        "zstd" => "jsonl.zst",
        _ => "jsonl",
    };
    let files = claim.dates.iter().map(|date| {
        let folder = date.date_partition().unwrap();
        (
            prefix.extent_key(&folder, claim.place(), suffix),
            identity(&date.date),
        )
    });
    let letters = (claim.dead_letters.records > 0).then(|| {
        (
            prefix.dead_letters_key(claim.place()),
            identity("dead-letters"),
        )
    });
    files.chain(letters).collect()
}
