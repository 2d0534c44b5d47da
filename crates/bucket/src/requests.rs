//! What is done to each request on the wire and to its answer: requests are counted, because S3
//! bills them, and successes that no S3 gave become failures.

use aws_sdk_s3::{
    Client,
    config::{
        ConfigBag, Intercept, RuntimeComponents,
        interceptors::{BeforeTransmitInterceptorContextMut, BeforeTransmitInterceptorContextRef},
    },
    error::BoxError,
};

use crate::{genuine::OnlyS3, retry::StoreTrouble};

/// The same client, but each of its requests is counted, whatever the answer, and only an S3 can
/// make one succeed.
pub(crate) fn watched(client: &Client, counts: StoreTrouble) -> Client {
    let config = client.config().to_builder();
    let config = config.interceptor(Counter(counts)).interceptor(OnlyS3);
    Client::from_conf(config.build())
}

/// Says in each request whose bucket it is for; S3 refuses it with 403 where the bucket is another
/// account's, for example because somebody took a name that was given up.
#[derive(Debug)]
pub(crate) struct ExpectedOwner(pub(crate) String);

impl Intercept for ExpectedOwner {
    fn name(&self) -> &'static str {
        "expected owner of the bucket"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let headers = context.request_mut().headers_mut();
        headers.insert("x-amz-expected-bucket-owner", self.0.clone());
        Ok(())
    }
}

#[derive(Debug)]
struct Counter(StoreTrouble);

impl Intercept for Counter {
    fn name(&self) -> &'static str {
        "counter of requests"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.requested();
        Ok(())
    }
}
