//! The S3 of a world: the sandbox's, or a real server behind a relay that carries the same faults.
//!
//! It looks at the bucket past the relay: faults meet the consumer, never the test's own eyes. The
//! same calls mean the same on both.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU32, Ordering},
};

use aws_sdk_s3::{
    Client,
    config::{BehaviorVersion, Config, Credentials, Region},
    primitives::ByteStream,
};
use futures::StreamExt;
use sandbox::{Faults, Relay, S3};
use tokio::runtime::Runtime;

/// One S3 server.
pub(crate) enum Store {
    Sandbox(S3),
    Real(Box<Real>),
}

/// A real server: the consumer goes through the relay, the test goes straight.
pub(crate) struct Real {
    upstream: String,
    relay: Relay,
    client: Client,
    runtime: Runtime,
}

/// An object as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Whole {
    pub(crate) body: Vec<u8>,
    pub(crate) metadata: BTreeMap<String, String>,
}

/// How many requests of the test itself are in flight.
const AT_ONCE: usize = 32;

impl Store {
    pub(crate) fn real(endpoint_url: &str) -> Self {
        Self::real_as(endpoint_url, sandbox::ACCESS_KEY, sandbox::SECRET_KEY)
    }

    /// The same with another key for the test's own eyes.
    pub(crate) fn real_as(endpoint_url: &str, access_key: &str, secret: &str) -> Self {
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(endpoint_url)
            .region(Region::new(sandbox::REGION))
            .credentials_provider(Credentials::new(access_key, secret, None, None, "test"))
            .force_path_style(true)
            .build();
        Self::Real(Box::new(Real {
            upstream: endpoint_url.to_owned(),
            relay: Relay::start(endpoint_url).unwrap(),
            client: Client::from_conf(config),
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap(),
        }))
    }

    /// What the consumer is told.
    pub(crate) fn endpoint_url(&self) -> String {
        match self {
            Self::Sandbox(s3) => s3.endpoint_url(),
            Self::Real(real) => real.relay.endpoint_url(),
        }
    }

    /// The real server itself.
    pub(crate) fn upstream(&self) -> String {
        match self {
            Self::Sandbox(s3) => s3.endpoint_url(),
            Self::Real(real) => real.upstream.clone(),
        }
    }

    pub(crate) fn faults(&self) -> &Faults {
        match self {
            Self::Sandbox(s3) => s3.faults(),
            Self::Real(real) => real.relay.faults(),
        }
    }

    /// How many requests for this operation the consumer has sent.
    pub(crate) fn requests(&self, operation: &str) -> u64 {
        match self {
            Self::Sandbox(s3) => s3.requests(operation),
            Self::Real(real) => real.relay.requests(operation),
        }
    }

    pub(crate) fn create_bucket(&self, bucket: &str) {
        match self {
            Self::Sandbox(s3) => s3.create_bucket(bucket).unwrap(),
            Self::Real(real) => {
                real.wait(real.client.create_bucket().bucket(bucket).send())
                    .unwrap();
            }
        }
    }

    /// All keys, in order.
    pub(crate) fn keys(&self, bucket: &str) -> Vec<String> {
        let real = match self {
            Self::Sandbox(s3) => return s3.keys(bucket),
            Self::Real(real) => real,
        };
        let list = real.client.list_objects_v2().bucket(bucket);
        let mut pages = list.into_paginator().send();
        let mut keys = Vec::new();
        while let Some(page) = real.wait(pages.next()) {
            let page = page.unwrap();
            keys.extend(
                page.contents()
                    .iter()
                    .map(|object| object.key().unwrap().to_owned()),
            );
        }
        keys
    }

    pub(crate) fn object(&self, bucket: &str, key: &str) -> Option<Vec<u8>> {
        match self {
            Self::Sandbox(s3) => s3.object(bucket, key).map(|object| object.body),
            Self::Real(real) => real.wait(get(&real.client, bucket, key)),
        }
    }

    /// The bodies under these keys, in no particular order.
    pub(crate) fn objects(&self, bucket: &str, keys: &[String]) -> Vec<(String, Vec<u8>)> {
        let real = match self {
            Self::Sandbox(_) => {
                let object = |key: &String| (key.clone(), self.object(bucket, key).unwrap());
                return keys.iter().map(object).collect();
            }
            Self::Real(real) => real,
        };
        let read = keys.iter().map(async |key| {
            let body = get(&real.client, bucket, key).await.unwrap();
            (key.clone(), body)
        });
        real.wait(
            futures::stream::iter(read)
                .buffer_unordered(AT_ONCE)
                .collect(),
        )
    }

    pub(crate) fn put(&self, bucket: &str, key: &str, body: &[u8]) {
        match self {
            Self::Sandbox(s3) => s3.put(bucket, key, body, &[]).unwrap(),
            Self::Real(real) => {
                let put = real.client.put_object().bucket(bucket).key(key);
                real.wait(put.body(ByteStream::from(body.to_vec())).send())
                    .unwrap();
            }
        }
    }

    /// An object with its user metadata, so that it can be put back or changed in nothing but its
    /// body.
    pub(crate) fn whole(&self, bucket: &str, key: &str) -> Whole {
        match self {
            Self::Sandbox(s3) => {
                let object = s3.object(bucket, key).unwrap();
                Whole {
                    body: object.body,
                    metadata: object.metadata,
                }
            }
            Self::Real(real) => real.wait(async {
                let get = real.client.get_object().bucket(bucket).key(key);
                let object = get.send().await.unwrap();
                let metadata = object.metadata.unwrap_or_default();
                Whole {
                    body: object.body.collect().await.unwrap().to_vec(),
                    metadata: metadata.into_iter().collect(),
                }
            }),
        }
    }

    pub(crate) fn put_whole(&self, bucket: &str, key: &str, object: &Whole) {
        match self {
            Self::Sandbox(s3) => {
                let metadata = object.metadata.iter();
                let metadata: Vec<(&str, &str)> = metadata
                    .map(|(name, value)| (name.as_str(), value.as_str()))
                    .collect();
                s3.put(bucket, key, &object.body, &metadata).unwrap();
            }
            Self::Real(real) => {
                let put = real.client.put_object().bucket(bucket).key(key);
                let put = put.set_metadata(Some(object.metadata.clone().into_iter().collect()));
                let body = ByteStream::from(object.body.clone());
                real.wait(put.body(body).send()).unwrap();
            }
        }
    }

    pub(crate) fn delete(&self, bucket: &str, key: &str) {
        match self {
            Self::Sandbox(s3) => assert!(s3.delete(bucket, key).unwrap(), "{key} is not there"),
            Self::Real(real) => {
                real.wait(real.client.delete_object().bucket(bucket).key(key).send())
                    .unwrap();
            }
        }
    }

    /// Deletes all objects, not the bucket.
    pub(crate) fn empty(&self, bucket: &str) {
        let keys = self.keys(bucket);
        assert!(!keys.is_empty(), "{bucket} is empty already");
        for key in keys {
            self.delete(bucket, &key);
        }
    }
}

impl Real {
    fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }
}

async fn get(client: &Client, bucket: &str, key: &str) -> Option<Vec<u8>> {
    match client.get_object().bucket(bucket).key(key).send().await {
        Ok(found) => Some(found.body.collect().await.unwrap().to_vec()),
        Err(error) => {
            let error = error.into_service_error();
            assert!(error.is_no_such_key(), "{key}: {error:?}");
            None
        }
    }
}

/// A name that no other test of this or another run has.
pub(crate) fn unique(stem: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{stem}-{}-{}-{count}", now.as_millis(), std::process::id())
}
