//! Counts the requests that go out to the store, because S3 bills them. Each request on the wire
//! counts once, whatever its answer.

use aws_sdk_s3::{
    Client,
    config::{
        ConfigBag, Intercept, RuntimeComponents, interceptors::BeforeTransmitInterceptorContextRef,
    },
    error::BoxError,
};

use crate::retry::StoreTrouble;

/// The same client, but each of its requests is counted.
pub(crate) fn counted(client: &Client, counts: StoreTrouble) -> Client {
    let config = client.config().to_builder();
    Client::from_conf(config.interceptor(Counter(counts)).build())
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
