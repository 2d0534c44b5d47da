//! The AWS SDK as a plain client for the tests: one try for each request, and its refusals as
//! status and code.
//!
//! It knows nothing of the server.

use std::fmt::Debug;

use aws_sdk_s3::{
    Client,
    config::{
        BehaviorVersion, Config, Credentials, Region, retry::RetryConfig, timeout::TimeoutConfig,
    },
    error::{ProvideErrorMetadata, SdkError},
    operation::get_object::builders::GetObjectFluentBuilder as Get,
};
use sandbox::REGION;

/// A client for this endpoint with this access key and this secret.
pub(crate) fn client(endpoint_url: &str, key: &str, secret: &str) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(endpoint_url)
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
