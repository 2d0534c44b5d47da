//! An S3 in this process: a server on the `s3s` framework with a small store of ours, path style,
//! signatures checked.
//!
//! It knows the operations that a sink and its checks need, but no multipart uploads, versions,
//! tags or policies. It keeps nothing over a restart: the index is in memory, and only the files
//! with the bodies stay.
//!
//! [`S3::object`] and [`S3::keys`] show what a client would get at the same moment.

mod access;
mod account;
mod checksums;
mod faults;
mod files;
mod gate;
mod listing;
mod lists;
mod objects;
mod operations;
mod relay;
mod server;
mod store;
mod target;
mod upstream;

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::SystemTime,
};

use anyhow::{Context, bail};
use s3s::{S3Error, service::S3ServiceBuilder};
use tempfile::TempDir;

use self::{
    access::OneKey,
    gate::Gate,
    operations::Operations,
    server::{Handler, HttpServer},
    store::{Condition, Labels, ObjectStore},
};

pub use account::{ACCESS_KEY, REGION, SECRET_KEY};
pub use faults::{Fault, Faults, Rule, RuleId};
pub use relay::Relay;

/// An object as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// The body.
    pub body: Vec<u8>,
    /// The user metadata, names in lower case without `x-amz-meta-`.
    pub metadata: BTreeMap<String, String>,
    /// The content type, if one was sent.
    pub content_type: Option<String>,
    /// The content encoding, if one was sent.
    pub content_encoding: Option<String>,
    /// The entity tag without quotes: the body's MD5 in hex.
    pub etag: String,
    /// When it was stored.
    pub modified: SystemTime,
}

/// A running server; it ends when it is dropped, and a temporary directory goes with it.
pub struct S3 {
    // Fields are dropped in this order: the server must be gone before its directory.
    server: HttpServer,
    store: Arc<ObjectStore>,
    gate: Gate,
    ignore_conditions: Arc<AtomicBool>,
    check_before_writing: Arc<AtomicBool>,
    _temporary: Option<TempDir>,
}

impl S3 {
    /// Starts a server without buckets on a free port of 127.0.0.1, over a temporary directory.
    ///
    /// # Errors
    /// If there is no free port, or no place for the directory.
    pub fn start() -> anyhow::Result<Self> {
        let temporary = tempfile::Builder::new()
            .prefix("sandbox-")
            .tempdir()
            .context("cannot make a directory")?;
        let directory = temporary.path().to_owned();
        Self::launch(
            SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            directory,
            Some(temporary),
        )
    }

    /// Starts a server without buckets on `addr`, over a directory that is empty or does not exist;
    /// it is kept.
    ///
    /// # Errors
    /// If `addr` cannot be listened on, or the directory holds something or cannot be made.
    pub fn start_at(addr: SocketAddr, directory: &Path) -> anyhow::Result<Self> {
        Self::launch(addr, empty_directory(directory)?, None)
    }

    fn launch(
        addr: SocketAddr,
        directory: PathBuf,
        temporary: Option<TempDir>,
    ) -> anyhow::Result<Self> {
        let store = Arc::new(ObjectStore::new(directory));
        let gate = Gate::default();
        let ignore_conditions = Arc::new(AtomicBool::new(false));
        let check_before_writing = Arc::new(AtomicBool::new(false));
        let mut builder = S3ServiceBuilder::new(Operations {
            store: Arc::clone(&store),
            ignore_conditions: Arc::clone(&ignore_conditions),
            check_before_writing: Arc::clone(&check_before_writing),
        });
        builder.set_auth(OneKey);
        builder.set_access(gate.clone());
        Ok(Self {
            server: HttpServer::start(addr, Handler::Framework(builder.build()))?,
            store,
            gate,
            ignore_conditions,
            check_before_writing,
            _temporary: temporary,
        })
    }

    /// The URL for clients, for instance `http://127.0.0.1:4566`.
    pub fn endpoint_url(&self) -> String {
        format!("http://{}", self.server.addr())
    }

    /// The directory that holds each object's body at `BUCKET/KEY`.
    pub fn directory(&self) -> PathBuf {
        self.store.directory()
    }

    /// Creates a bucket in [`REGION`].
    ///
    /// # Errors
    /// If it exists, or S3 does not allow the name.
    pub fn create_bucket(&self, name: &str) -> anyhow::Result<()> {
        self.store
            .create_bucket(name, REGION)
            .map_err(|error| plain_error(&error))
    }

    /// All keys of a bucket in their order; none if there is no such bucket.
    pub fn keys(&self, bucket: &str) -> Vec<String> {
        self.store
            .bucket(bucket, |bucket| bucket.objects.keys().cloned().collect())
            .unwrap_or_default()
    }

    /// The object under this key.
    pub fn object(&self, bucket: &str, key: &str) -> Option<Object> {
        let (entry, body) = self.store.get(bucket, key).ok()?;
        Some(Object {
            body: body.into(),
            metadata: entry.labels.metadata,
            content_type: entry.labels.content_type,
            content_encoding: entry.labels.content_encoding,
            etag: entry.etag,
            modified: entry.modified,
        })
    }

    /// Stores an object, replacing one that is there.
    ///
    /// # Errors
    /// If there is no such bucket, or the file cannot be written.
    pub fn put(
        &self,
        bucket: &str,
        key: &str,
        body: &[u8],
        metadata: &[(&str, &str)],
    ) -> anyhow::Result<()> {
        let owned = metadata
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let labels = Labels {
            metadata: owned.collect(),
            ..Labels::default()
        };
        let stored = self.store.put(bucket, key, body, labels, &Condition::None);
        stored.map(drop).map_err(|error| plain_error(&error))
    }

    /// Removes an object, and says whether there was one.
    ///
    /// # Errors
    /// If there is no such bucket, or the file cannot be removed.
    pub fn delete(&self, bucket: &str, key: &str) -> anyhow::Result<bool> {
        self.store
            .delete(bucket, key, &Condition::None)
            .map_err(|error| plain_error(&error))
    }

    /// Removes all objects of a bucket.
    ///
    /// # Errors
    /// If there is no such bucket, or a file cannot be removed.
    pub fn empty(&self, bucket: &str) -> anyhow::Result<()> {
        self.store
            .empty(bucket)
            .map_err(|error| plain_error(&error))
    }

    /// How many well-signed requests there were for this operation, by S3's name (`PutObject`),
    /// faults included.
    pub fn requests(&self, operation: &str) -> u64 {
        self.gate.requests(operation)
    }

    /// The rules for faults.
    pub fn faults(&self) -> &Faults {
        &self.gate.faults
    }

    /// From now on this bucket belongs to another account: each request for it is answered 403, its
    /// creation 409.
    pub fn refuse_bucket(&self, name: &str) {
        self.gate.refuse_bucket(name);
    }

    /// From now on this bucket is in another region: each request for it is answered 301 with the
    /// region's name.
    pub fn redirect_bucket(&self, name: &str, region: &str) {
        self.gate.redirect_bucket(name, region);
    }

    /// Sets whether PUTs and deletions ignore `If-None-Match` and `If-Match`, as some stores do.
    pub fn ignore_conditions(&self, ignore: bool) {
        self.ignore_conditions.store(ignore, Ordering::Relaxed);
    }

    /// Sets whether PUTs look at their condition some time before they write, as some stores do: of
    /// two creates that race, both succeed, though the second of two in turn fails.
    pub fn check_before_writing(&self, check: bool) {
        self.check_before_writing.store(check, Ordering::Relaxed);
    }
}

/// The absolute path of a directory that is empty.
fn empty_directory(directory: &Path) -> anyhow::Result<PathBuf> {
    let shown = directory.display();
    std::fs::create_dir_all(directory)
        .with_context(|| format!("cannot make the directory {shown}"))?;
    let mut content = std::fs::read_dir(directory)
        .with_context(|| format!("cannot read the directory {shown}"))?;
    if content.next().is_some() {
        bail!(
            "the directory {shown} is not empty: name a new one, since each start is fresh and none is overwritten"
        );
    }
    std::path::absolute(directory).with_context(|| format!("cannot find the directory {shown}"))
}

fn plain_error(error: &S3Error) -> anyhow::Error {
    match error.source() {
        Some(source) => anyhow::anyhow!("{}: {source}", error.code().as_str()),
        None => anyhow::anyhow!(
            "{}: {}",
            error.code().as_str(),
            error.message().unwrap_or("no reason given")
        ),
    }
}
