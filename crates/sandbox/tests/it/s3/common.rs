//! A server with one bucket, on request behind a relay, with a client for it.

use aws_sdk_s3::{
    Client,
    operation::{
        get_object::builders::GetObjectFluentBuilder as Get,
        head_object::builders::HeadObjectFluentBuilder as Head,
        list_objects_v2::builders::ListObjectsV2FluentBuilder as List,
        put_object::builders::PutObjectFluentBuilder as Put,
    },
};
use sandbox::{ACCESS_KEY, Faults, Relay, S3, SECRET_KEY};

pub(crate) use crate::sdk::{answer, body, client, refused};

/// The bucket of the tests.
pub(crate) const BUCKET: &str = "stocks";

/// A server with the bucket, and a client that tries each request once.
pub(crate) struct Bench {
    pub(crate) client: Client,
    // Dropped in this order: the relay goes before the server behind it.
    pub(crate) relay: Option<Relay>,
    pub(crate) s3: S3,
}

impl Bench {
    pub(crate) fn start() -> Bench {
        let s3 = S3::start().unwrap();
        s3.create_bucket(BUCKET).unwrap();
        let client = client(&s3.endpoint_url(), ACCESS_KEY, SECRET_KEY);
        Bench {
            client,
            relay: None,
            s3,
        }
    }

    /// The client speaks with a relay in front of the server.
    pub(crate) fn behind_a_relay() -> Bench {
        let bench = Bench::start();
        let relay = Relay::start(&bench.s3.endpoint_url()).unwrap();
        Bench {
            client: client(&relay.endpoint_url(), ACCESS_KEY, SECRET_KEY),
            relay: Some(relay),
            ..bench
        }
    }

    /// For what must be the same with and without a relay.
    pub(crate) fn both() -> [Bench; 2] {
        [Bench::start(), Bench::behind_a_relay()]
    }

    /// The rules for faults of the relay, or of the server when there is none.
    pub(crate) fn faults(&self) -> &Faults {
        match &self.relay {
            Some(relay) => relay.faults(),
            None => self.s3.faults(),
        }
    }

    pub(crate) fn put(&self, key: &str, body: impl Into<Vec<u8>>) -> Put {
        let put = self.client.put_object().bucket(BUCKET).key(key);
        put.body(body.into().into())
    }

    pub(crate) fn get(&self, key: &str) -> Get {
        self.client.get_object().bucket(BUCKET).key(key)
    }

    pub(crate) fn head(&self, key: &str) -> Head {
        self.client.head_object().bucket(BUCKET).key(key)
    }

    pub(crate) fn list(&self) -> List {
        self.client.list_objects_v2().bucket(BUCKET)
    }

    /// The body under this key, as a client gets it.
    pub(crate) async fn body(&self, key: &str) -> Vec<u8> {
        body(self.get(key)).await
    }

    /// The body under this key, as it is stored.
    pub(crate) fn stored(&self, key: &str) -> Option<Vec<u8>> {
        self.s3.object(BUCKET, key).map(|object| object.body)
    }
}
