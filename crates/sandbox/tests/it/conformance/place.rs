//! Where the checks run: the sandbox's S3, and the real server that `E2E_ENDPOINT_URL` names; each
//! is asked directly and through a relay, which nobody may notice.
//!
//! The real server must know the sandbox's credentials. The buckets stay there; it is a server for
//! tests. No two checks share a bucket. Each check that goes to the real server says so to
//! [`tidy::servers`].

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use aws_sdk_s3::{
    Client,
    operation::{
        get_object::builders::GetObjectFluentBuilder as Get,
        head_object::builders::HeadObjectFluentBuilder as Head,
        list_objects_v2::builders::ListObjectsV2FluentBuilder as List,
        put_object::builders::PutObjectFluentBuilder as Put,
    },
};
use sandbox::{ACCESS_KEY, Relay, S3, SECRET_KEY};

use crate::sdk::{body, client};

/// A server with a new bucket.
pub(crate) struct Place {
    pub(crate) client: Client,
    pub(crate) endpoint_url: String,
    pub(crate) bucket: String,
    // Dropped in this order: the relay goes before the server behind it.
    relay: Option<Relay>,
    sandbox: Option<S3>,
}

impl Place {
    /// All places that there are, one after the other; each is named when its turn comes, for the
    /// check that fails.
    pub(crate) async fn each() -> impl Iterator<Item = Place> {
        let mut places = Vec::new();
        for behind_a_relay in [false, true] {
            let sandbox = S3::start().unwrap();
            let endpoint_url = sandbox.endpoint_url();
            places.push(Place::at(&endpoint_url, Some(sandbox), behind_a_relay).await);
        }
        if let Ok(real) = std::env::var("E2E_ENDPOINT_URL") {
            tidy::servers::real();
            for behind_a_relay in [false, true] {
                places.push(Place::at(&real, None, behind_a_relay).await);
            }
        }
        places.into_iter().inspect(|place| {
            let server = place.sandbox.as_ref().map_or("real server", |_| "sandbox");
            let relay = place.relay.as_ref().map_or("", |_| " behind a relay");
            eprintln!("on the {server}{relay}, bucket {}", place.bucket);
        })
    }

    async fn at(server: &str, sandbox: Option<S3>, behind_a_relay: bool) -> Place {
        let relay = behind_a_relay.then(|| Relay::start(server).unwrap());
        let endpoint_url = relay
            .as_ref()
            .map_or(server.to_owned(), Relay::endpoint_url);
        let place = Place {
            client: client(&endpoint_url, ACCESS_KEY, SECRET_KEY),
            endpoint_url,
            bucket: new_name(),
            relay,
            sandbox,
        };
        let create = place.client.create_bucket().bucket(&place.bucket);
        create.send().await.unwrap();
        place
    }

    pub(crate) fn put(&self, key: &str, body: impl Into<Vec<u8>>) -> Put {
        let put = self.client.put_object().bucket(&self.bucket).key(key);
        put.body(body.into().into())
    }

    pub(crate) fn put_once(&self, key: &str, body: impl Into<Vec<u8>>) -> Put {
        self.put(key, body).if_none_match("*")
    }

    pub(crate) fn get(&self, key: &str) -> Get {
        self.client.get_object().bucket(&self.bucket).key(key)
    }

    pub(crate) fn head(&self, key: &str) -> Head {
        self.client.head_object().bucket(&self.bucket).key(key)
    }

    pub(crate) fn list(&self) -> List {
        self.client.list_objects_v2().bucket(&self.bucket)
    }

    pub(crate) async fn delete(&self, key: &str) {
        let delete = self.client.delete_object().bucket(&self.bucket).key(key);
        delete.send().await.unwrap();
    }

    pub(crate) async fn body(&self, key: &str) -> Vec<u8> {
        body(self.get(key)).await
    }
}

/// A bucket's name that no other check has, of this run or another one on the same server.
pub(crate) fn new_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let process = std::process::id();
    format!("conformance-{}-{process}-{count}", since.as_millis())
}
