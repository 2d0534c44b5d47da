//! The model bucket: objects with a body and metadata, written create-once and never changed.
//!
//! Not here: lost replies and late writes (they are the network's, see `put`), and what an object
//! should hold (`judge`). Invariant: what lies at a key stays what it is.

use std::collections::{BTreeMap, HashMap};

use landing::{Partition, identity::Identity};

/// An object as the store keeps it.
#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) body: Vec<u8>,
    /// What its metadata says; none for one that somebody else wrote.
    pub(crate) identity: Option<Identity>,
}

impl Object {
    /// The metadata as a HEAD request shows it.
    pub(crate) fn metadata(&self) -> BTreeMap<String, String> {
        let pairs = self.identity.iter().flat_map(Identity::to_metadata);
        pairs
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }
}

/// All objects.
#[derive(Debug, Default)]
pub(crate) struct Bucket {
    objects: HashMap<String, Object>,
}

impl Bucket {
    pub(crate) fn get(&self, key: &str) -> Option<&Object> {
        self.objects.get(key)
    }

    /// The first key below a folder, in the order of a LIST.
    pub(crate) fn first_below(&self, folder: &str) -> Option<&String> {
        self.objects
            .keys()
            .filter(|key| key.starts_with(folder))
            .min()
    }

    /// Writes whatever lies there: what a store without conditions would do.
    pub(crate) fn overwrite(&mut self, key: String, object: Object) {
        self.objects.insert(key, object);
    }

    /// Writes where nothing is yet.
    pub(crate) fn create(&mut self, key: String, object: Object) {
        let before = self.objects.insert(key, object);
        assert!(before.is_none(), "the model overwrote an object");
    }
}

/// The key of the claim for the extent of a partition that begins at `start`.
pub(crate) fn claim_key(partition: Partition, start: i64) -> String {
    format!(
        "_control/p/claims/{partition:05}/{:019}.json",
        i64::MAX - start
    )
}

/// The key of a partition's anchor.
pub(crate) fn anchor_key(partition: Partition) -> String {
    format!("_control/p/anchors/{partition:05}.json")
}
