//! Lists of keys, page by page, and bodies piece by piece.
//!
//! A request that keeps failing ends with its failure after some seconds. Pages come in the order
//! of keys (S3 lists general purpose buckets in UTF-8 binary order); none is skipped or returned
//! twice.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Result, anyhow};
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;

use crate::{
    answer::{StoreFailure, missing},
    bucket::Bucket,
    denial::Request,
    retry::patiently,
};

/// The most memory that is reserved before a body arrives, in bytes.
const MOST_AT_ONCE: usize = 8 << 20;

/// A key, with the size and the entity tag of its object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The whole key.
    pub key: String,
    /// The object's size.
    pub bytes: u64,
    /// Its entity tag, with the quotes; empty when the store names none.
    pub etag: String,
}

/// A part of a list: at most a thousand keys and folders.
#[derive(Debug, Default)]
pub struct Page {
    /// The objects, in the order of their keys.
    pub objects: Vec<Listed>,
    /// In a list of one level: the deeper folders as whole keys, with the `/` at the end.
    pub folders: Vec<String>,
    next: Option<String>,
}

/// A list, page by page.
pub struct Listing<'b> {
    bucket: &'b Bucket,
    prefix: String,
    one_level: bool,
    /// The first page begins after this key.
    after: Option<String>,
    next: Option<String>,
    ended: bool,
}

impl Listing<'_> {
    /// The next page; `None` after the last.
    ///
    /// # Errors
    /// When S3 refuses or keeps failing.
    pub async fn page(&mut self) -> Result<Option<Page>> {
        if self.ended {
            return Ok(None);
        }
        let page = patiently(|| self.request()).await;
        let mut page = page.map_err(|failure| self.bucket.unreadable(&self.prefix, &failure))?;
        self.next = page.next.take();
        self.ended = self.next.is_none();
        Ok(Some(page))
    }

    async fn request(&self) -> Result<Page, StoreFailure> {
        let list = self.bucket.client.list_objects_v2();
        let list = list.bucket(&self.bucket.name).prefix(&self.prefix);
        let list = list.set_continuation_token(self.next.clone());
        let list = list.set_start_after(self.after.clone());
        let list = list.set_delimiter(self.one_level.then(|| "/".to_owned()));
        let listed = list.send().await.map_err(|error| {
            StoreFailure::of(&error).about(&self.bucket.resources, Request::List(&self.prefix))
        })?;
        if listed.is_truncated == Some(true) && listed.next_continuation_token.is_none() {
            return Err(StoreFailure::local(
                "the store broke the list off and does not say where it goes on",
            ));
        }
        let objects = listed.contents.unwrap_or_default().into_iter();
        let objects = objects.filter_map(|object| {
            let bytes = object.size.unwrap_or(0).try_into().unwrap_or(0);
            let etag = object.e_tag.unwrap_or_default();
            object.key.map(|key| Listed { key, bytes, etag })
        });
        let folders = listed.common_prefixes.unwrap_or_default().into_iter();
        Ok(Page {
            objects: objects.collect(),
            folders: folders.filter_map(|folder| folder.prefix).collect(),
            next: listed
                .next_continuation_token
                .filter(|_| listed.is_truncated == Some(true)),
        })
    }
}

/// An object whose body is still to be read.
pub struct Opened {
    /// The object's user metadata, without the `x-amz-meta-` in front of the names.
    pub metadata: BTreeMap<String, String>,
    /// The length of the body, as the store reports it.
    pub bytes: u64,
    /// Its entity tag, with the quotes; empty when the store names none.
    pub etag: String,
    body: ByteStream,
    /// The longest wait for the next piece.
    patience: Duration,
}

impl Opened {
    /// The next piece of the body; `None` after the last.
    ///
    /// # Errors
    /// When the connection broke, or nothing came for 30 seconds.
    pub async fn piece(&mut self) -> Result<Option<Bytes>, StoreFailure> {
        match tokio::time::timeout(self.patience, self.body.next()).await {
            Err(_) => Err(StoreFailure::local("the body of an answer stalled")),
            Ok(piece) => piece
                .transpose()
                .map_err(|error| StoreFailure::of_connection(&error)),
        }
    }

    /// The whole body.
    ///
    /// # Errors
    /// As for [`Self::piece`].
    pub async fn whole(mut self) -> Result<Vec<u8>, StoreFailure> {
        // The store says how long it is; what it says is not worth more memory than a body that
        // arrives.
        let expected = usize::try_from(self.bytes).unwrap_or(usize::MAX);
        let mut bytes = Vec::with_capacity(expected.min(MOST_AT_ONCE));
        while let Some(piece) = self.piece().await? {
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes)
    }
}

impl Bucket {
    /// All keys that begin with `prefix`.
    #[must_use]
    pub fn list(&self, prefix: &str) -> Listing<'_> {
        self.listing(prefix, false)
    }

    /// All keys that begin with `prefix` and sort after `after`, which need not exist.
    #[must_use]
    pub fn list_after(&self, prefix: &str, after: &str) -> Listing<'_> {
        Listing {
            after: Some(after.to_owned()),
            ..self.listing(prefix, false)
        }
    }

    /// The keys and folders directly below `folder`, which ends with `/` or is empty.
    #[must_use]
    pub fn list_folder(&self, folder: &str) -> Listing<'_> {
        self.listing(folder, true)
    }

    fn listing(&self, prefix: &str, one_level: bool) -> Listing<'_> {
        Listing {
            bucket: self,
            prefix: prefix.to_owned(),
            one_level,
            after: None,
            next: None,
            ended: false,
        }
    }

    /// Begins to read an object; `None` when no object has this key. One GET request.
    ///
    /// # Errors
    /// The answer, when it is neither the object nor "no such object".
    pub async fn open(&self, key: &str) -> Result<Option<Opened>, StoreFailure> {
        let get = self.client.get_object().bucket(&self.name).key(key);
        match get.send().await {
            Ok(object) => Ok(Some(Opened {
                metadata: object.metadata.unwrap_or_default().into_iter().collect(),
                bytes: object.content_length.unwrap_or(0).try_into().unwrap_or(0),
                etag: object.e_tag.unwrap_or_default(),
                body: object.body,
                patience: self.times.piece,
            })),
            Err(error) => {
                let failure = StoreFailure::of(&error).about(&self.resources, Request::Read(key));
                missing(failure).map(|()| None)
            }
        }
    }

    /// Reads a whole small object; `None` when no object has this key.
    ///
    /// # Errors
    /// When S3 refuses or keeps failing; the message names the key.
    pub async fn read_patiently(&self, key: &str) -> Result<Option<Vec<u8>>> {
        let read = patiently(|| self.read(key)).await;
        read.map_err(|failure| self.unreadable(key, &failure))
    }

    /// The error for a read that has failed for good; `key` may be a prefix.
    #[must_use]
    pub fn unreadable(&self, key: &str, failure: &StoreFailure) -> anyhow::Error {
        anyhow!("s3://{}/{key} cannot be read: {failure}", self.name)
    }
}
