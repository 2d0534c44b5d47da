//! A server with one bucket, and an S3 client for it, for the tests.

use std::fmt::Debug;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{BehaviorVersion, Config, Credentials, Region};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::get_object::builders::GetObjectFluentBuilder as Get;
use aws_sdk_s3::operation::head_object::builders::HeadObjectFluentBuilder as Head;
use aws_sdk_s3::operation::list_objects_v2::builders::ListObjectsV2FluentBuilder as List;
use aws_sdk_s3::operation::put_object::builders::PutObjectFluentBuilder as Put;
use sandbox::{ACCESS_KEY, REGION, S3, SECRET_KEY};

/// The bucket of the tests.
pub(crate) const BUCKET: &str = "stocks";

/// A server with the bucket, and a client that tries each request once.
pub(crate) struct Bench {
    pub(crate) s3: S3,
    pub(crate) client: Client,
}

impl Bench {
    pub(crate) fn start() -> Bench {
        let s3 = S3::start().unwrap();
        s3.create_bucket(BUCKET).unwrap();
        let client = client(&s3, (ACCESS_KEY, SECRET_KEY));
        Bench { s3, client }
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

/// A client with this access key and this secret.
pub(crate) fn client(s3: &S3, (key, secret): (&str, &str)) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(s3.endpoint_url())
        .region(Region::new(REGION))
        .credentials_provider(Credentials::new(key, secret, None, None, "test"))
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::disabled())
        .force_path_style(true)
        .build();
    Client::from_conf(config)
}

/// The body that a GET brings.
pub(crate) async fn body(get: Get) -> Vec<u8> {
    let got = get.send().await.unwrap();
    got.body.collect().await.unwrap().to_vec()
}

/// The status and the code with which a request is refused; 0 when there is no answer.
pub(crate) async fn refused<T, E>(
    sent: impl Future<Output = Result<T, SdkError<E>>>,
) -> (u16, String)
where
    T: Debug,
    E: ProvideErrorMetadata + Debug,
{
    let error = sent.await.unwrap_err();
    let response = error.raw_response();
    let status = response.map_or(0, |response| response.status().as_u16());
    (status, error.code().unwrap_or_default().to_owned())
}

/// What [`refused`] gives for this answer.
pub(crate) fn answer(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}
