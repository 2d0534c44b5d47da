//! The store behind the server: an ordered index of each bucket's objects in memory, the bodies in
//! files.
//!
//! It does not speak HTTP and checks no signature; its errors carry S3's own codes.
//!
//! The invariant: there is one lock, and a condition is checked and its object made visible under
//! one hold of it, so of any number of writers with `If-None-Match: *` exactly one wins.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;
use s3s::crypto::{Checksum as _, Md5};
use s3s::dto::Checksum;
use s3s::{S3Error, S3Result, s3_error};

use super::files::Files;

/// What must hold for a PUT to be carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    /// Nothing.
    None,
    /// No object under this key (`If-None-Match: *`).
    Absent,
    /// An object with this entity tag (`If-Match`).
    Tagged(String),
}

/// What a client says about an object beside its body.
#[derive(Clone, Debug, Default)]
pub(super) struct Labels {
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) content_type: Option<String>,
    pub(super) content_encoding: Option<String>,
    pub(super) checksums: Checksum,
}

/// What the index holds of an object.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) labels: Labels,
    pub(super) etag: String,
    pub(super) len: u64,
    pub(super) modified: SystemTime,
    file: PathBuf,
}

/// A bucket.
pub(super) struct Bucket {
    pub(super) region: String,
    pub(super) created: SystemTime,
    pub(super) objects: BTreeMap<String, Entry>,
}

struct Inner {
    files: Files,
    buckets: BTreeMap<String, Bucket>,
}

/// All buckets of a server.
pub(super) struct Store {
    inner: Mutex<Inner>,
}

impl Store {
    pub(super) fn new(directory: PathBuf) -> Store {
        let inner = Inner {
            files: Files::new(directory),
            buckets: BTreeMap::new(),
        };
        Store {
            inner: Mutex::new(inner),
        }
    }

    pub(super) fn directory(&self) -> PathBuf {
        self.lock().files.root().to_owned()
    }

    pub(super) fn create_bucket(&self, name: &str, region: &str) -> S3Result<()> {
        if !s3s::path::check_bucket_name(name) {
            return Err(s3_error!(InvalidBucketName, "{name} is no bucket name"));
        }
        let mut inner = self.lock();
        if inner.buckets.contains_key(name) {
            return Err(s3_error!(
                BucketAlreadyOwnedByYou,
                "bucket {name} exists and is yours"
            ));
        }
        inner
            .files
            .create_bucket(name)
            .map_err(S3Error::internal_error)?;
        let bucket = Bucket {
            region: region.to_owned(),
            created: SystemTime::now(),
            objects: BTreeMap::new(),
        };
        inner.buckets.insert(name.to_owned(), bucket);
        Ok(())
    }

    pub(super) fn delete_bucket(&self, name: &str) -> S3Result<()> {
        let mut inner = self.lock();
        if !inner.bucket(name)?.objects.is_empty() {
            return Err(s3_error!(BucketNotEmpty, "bucket {name} is not empty"));
        }
        inner
            .files
            .delete_bucket(name)
            .map_err(S3Error::internal_error)?;
        inner.buckets.remove(name);
        Ok(())
    }

    /// Calls `see` with each bucket, in the order of their names.
    pub(super) fn buckets<T>(&self, see: impl FnMut((&String, &Bucket)) -> T) -> Vec<T> {
        self.lock().buckets.iter().map(see).collect()
    }

    /// Calls `see` with the bucket, under the lock.
    pub(super) fn bucket<T>(&self, name: &str, see: impl FnOnce(&Bucket) -> T) -> S3Result<T> {
        self.lock().bucket(name).map(see)
    }

    /// Stores an object if the condition holds, and returns its entity tag.
    pub(super) fn put(
        &self,
        at: (&str, &str),
        new: (&[u8], Labels),
        condition: &Condition,
    ) -> S3Result<String> {
        let ((bucket, key), (body, labels)) = (at, new);
        let etag = hex::encode(Md5::checksum(body));
        let mut inner = self.lock();
        let Inner { files, buckets } = &mut *inner;
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
        let entry = Entry {
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
    pub(super) fn head(&self, bucket: &str, key: &str) -> S3Result<Entry> {
        self.lock().entry(bucket, key).cloned()
    }

    /// The object with its body.
    pub(super) fn get(&self, bucket: &str, key: &str) -> S3Result<(Entry, Bytes)> {
        let inner = self.lock();
        let entry = inner.entry(bucket, key)?;
        let body = read(&entry.file)?;
        Ok((entry.clone(), body))
    }

    /// Removes the object, and says whether there was one.
    pub(super) fn delete(&self, bucket: &str, key: &str) -> S3Result<bool> {
        let mut inner = self.lock();
        inner.bucket(bucket)?;
        inner.remove(bucket, key)
    }

    /// Removes all objects of a bucket.
    pub(super) fn empty(&self, bucket: &str) -> S3Result<()> {
        let mut inner = self.lock();
        let keys: Vec<String> = inner.bucket(bucket)?.objects.keys().cloned().collect();
        keys.iter()
            .try_for_each(|key| inner.remove(bucket, key).map(drop))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn bucket(&self, name: &str) -> S3Result<&Bucket> {
        self.buckets.get(name).ok_or_else(|| no_such_bucket(name))
    }

    fn entry(&self, bucket: &str, key: &str) -> S3Result<&Entry> {
        self.bucket(bucket)?
            .objects
            .get(key)
            .ok_or_else(|| no_such_key(key))
    }

    fn remove(&mut self, bucket: &str, key: &str) -> S3Result<bool> {
        let Inner { files, buckets } = self;
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

fn check(condition: &Condition, old: Option<&Entry>, key: &str) -> S3Result<()> {
    match (condition, old) {
        (Condition::Absent, Some(_)) => {
            Err(s3_error!(PreconditionFailed, "an object {key} exists"))
        }
        (Condition::Tagged(_), None) => Err(no_such_key(key)),
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
