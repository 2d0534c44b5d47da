//! The store behind the server: an ordered index of each bucket's objects in memory, the bodies in
//! files.
//!
//! It does not speak HTTP and checks no signature; its errors carry S3's own codes.
//!
//! Invariant: there is one lock; a PUT checks its condition and makes its object visible without
//! releasing it. So of any number of writers with `If-None-Match: *` exactly one wins.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use bytes::Bytes;
use s3s::{
    S3Error, S3Result,
    crypto::{Checksum as _, Md5},
    dto::Checksum,
    s3_error,
};

use super::files::BodyFiles;

/// What must hold for a PUT or a deletion to succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    /// Nothing.
    None,
    /// No object under this key (`If-None-Match: *`).
    Absent,
    /// An object, whatever it is (`If-Match: *`).
    Present,
    /// An object with this entity tag (`If-Match`).
    Tagged(String),
}

/// What a client says about an object besides its body.
#[derive(Clone, Debug, Default)]
pub(super) struct Labels {
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) content_type: Option<String>,
    pub(super) content_encoding: Option<String>,
    pub(super) checksums: Checksum,
}

/// What the index holds of an object.
#[derive(Clone, Debug)]
pub(super) struct IndexEntry {
    pub(super) labels: Labels,
    pub(super) etag: String,
    pub(super) len: u64,
    pub(super) modified: SystemTime,
    file: PathBuf,
}

/// A bucket.
pub(super) struct BucketIndex {
    pub(super) region: String,
    pub(super) created: SystemTime,
    pub(super) objects: BTreeMap<String, IndexEntry>,
}

struct Index {
    files: BodyFiles,
    buckets: BTreeMap<String, BucketIndex>,
}

/// All buckets of a server.
pub(super) struct ObjectStore {
    index: Mutex<Index>,
}

impl ObjectStore {
    pub(super) fn new(directory: PathBuf) -> Self {
        let index = Index {
            files: BodyFiles::new(directory),
            buckets: BTreeMap::new(),
        };
        Self {
            index: Mutex::new(index),
        }
    }

    pub(super) fn directory(&self) -> PathBuf {
        self.lock().files.root().to_owned()
    }

    pub(super) fn create_bucket(&self, name: &str, region: &str) -> S3Result<()> {
        if !s3s::path::check_bucket_name(name) {
            return Err(s3_error!(InvalidBucketName, "{name} is no bucket name"));
        }
        let mut index = self.lock();
        if index.buckets.contains_key(name) {
            return Err(s3_error!(
                BucketAlreadyOwnedByYou,
                "bucket {name} exists and is yours"
            ));
        }
        index
            .files
            .create_bucket(name)
            .map_err(S3Error::internal_error)?;
        let bucket = BucketIndex {
            region: region.to_owned(),
            created: SystemTime::now(),
            objects: BTreeMap::new(),
        };
        index.buckets.insert(name.to_owned(), bucket);
        Ok(())
    }

    pub(super) fn delete_bucket(&self, name: &str) -> S3Result<()> {
        let mut index = self.lock();
        if !index.bucket(name)?.objects.is_empty() {
            return Err(s3_error!(BucketNotEmpty, "bucket {name} is not empty"));
        }
        index
            .files
            .delete_bucket(name)
            .map_err(S3Error::internal_error)?;
        index.buckets.remove(name);
        Ok(())
    }

    /// Calls `see` with each bucket, in the order of their names.
    pub(super) fn buckets<T>(&self, mut see: impl FnMut(&str, &BucketIndex) -> T) -> Vec<T> {
        let index = self.lock();
        index
            .buckets
            .iter()
            .map(|(name, bucket)| see(name, bucket))
            .collect()
    }

    /// Calls `see` with the bucket, under the lock.
    pub(super) fn bucket<T>(&self, name: &str, see: impl FnOnce(&BucketIndex) -> T) -> S3Result<T> {
        self.lock().bucket(name).map(see)
    }

    /// Stores an object if the condition holds, and returns its entity tag.
    pub(super) fn put(
        &self,
        bucket: &str,
        key: &str,
        body: &[u8],
        labels: Labels,
        condition: &Condition,
    ) -> S3Result<String> {
        let etag = hex::encode(Md5::checksum(body));
        let mut index = self.lock();
        let Index { files, buckets } = &mut *index;
        let objects = &mut buckets
            .get_mut(bucket)
            .ok_or_else(|| no_such_bucket(bucket))?
            .objects;
        let old = objects.get(key);
        check(condition, old, key)?;
        let file = match old {
            Some(old) => files.replace(&old.file, body).map(|()| old.file.clone()),
            None => files.create(bucket, key, body),
        };
        let entry = IndexEntry {
            labels,
            etag: etag.clone(),
            len: body.len() as u64,
            modified: SystemTime::now(),
            file: file.map_err(S3Error::internal_error)?,
        };
        objects.insert(key.to_owned(), entry);
        Ok(etag)
    }

    /// What the index holds under this key.
    pub(super) fn head(&self, bucket: &str, key: &str) -> S3Result<IndexEntry> {
        self.lock().entry(bucket, key).cloned()
    }

    /// The object with its body.
    pub(super) fn get(&self, bucket: &str, key: &str) -> S3Result<(IndexEntry, Bytes)> {
        let index = self.lock();
        let entry = index.entry(bucket, key)?;
        let body = read(&entry.file)?;
        Ok((entry.clone(), body))
    }

    /// Removes the object if the condition holds, and says whether there was one.
    pub(super) fn delete(&self, bucket: &str, key: &str, condition: &Condition) -> S3Result<bool> {
        let mut index = self.lock();
        check(condition, index.bucket(bucket)?.objects.get(key), key)?;
        index.remove(bucket, key)
    }

    /// Removes all objects of a bucket.
    pub(super) fn empty(&self, bucket: &str) -> S3Result<()> {
        let mut index = self.lock();
        let keys: Vec<String> = index.bucket(bucket)?.objects.keys().cloned().collect();
        keys.iter()
            .try_for_each(|key| index.remove(bucket, key).map(drop))
    }

    fn lock(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Index {
    fn bucket(&self, name: &str) -> S3Result<&BucketIndex> {
        self.buckets.get(name).ok_or_else(|| no_such_bucket(name))
    }

    fn entry(&self, bucket: &str, key: &str) -> S3Result<&IndexEntry> {
        self.bucket(bucket)?
            .objects
            .get(key)
            .ok_or_else(|| no_such_key(key))
    }

    fn remove(&mut self, bucket: &str, key: &str) -> S3Result<bool> {
        let Self { files, buckets } = self;
        let Some(entry) = buckets
            .get_mut(bucket)
            .and_then(|bucket| bucket.objects.remove(key))
        else {
            return Ok(false);
        };
        files
            .remove(bucket, &entry.file)
            .map_err(S3Error::internal_error)?;
        Ok(true)
    }
}

fn check(condition: &Condition, old: Option<&IndexEntry>, key: &str) -> S3Result<()> {
    match (condition, old) {
        (Condition::Absent, Some(_)) => {
            Err(s3_error!(PreconditionFailed, "an object {key} exists"))
        }
        (Condition::Tagged(_) | Condition::Present, None) => Err(no_such_key(key)),
        (Condition::Tagged(tag), Some(old)) if *tag != old.etag => Err(s3_error!(
            PreconditionFailed,
            "the object {key} has another entity tag"
        )),
        _ => Ok(()),
    }
}

fn read(file: &Path) -> S3Result<Bytes> {
    std::fs::read(file)
        .map(Bytes::from)
        .map_err(S3Error::internal_error)
}

fn no_such_bucket(name: &str) -> S3Error {
    s3_error!(NoSuchBucket, "there is no bucket {name}")
}

fn no_such_key(key: &str) -> S3Error {
    s3_error!(NoSuchKey, "there is no object {key}")
}
