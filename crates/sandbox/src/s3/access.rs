//! Answers the framework when it asks who may do what: there is one access key, and each
//! well-signed request goes through the gate.
//!
//! It does not check signatures; the framework does. A request that is not signed, or has a wrong
//! secret, is neither counted nor hit by a fault.

use s3s::{
    S3Result,
    access::{S3Access, S3AccessContext},
    auth::{S3Auth, SecretKey},
    s3_error,
};

use super::{
    account::{ACCESS_KEY, SECRET_KEY},
    gate::{Gate, Reply},
};

#[async_trait::async_trait]
impl S3Access for Gate {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        if context.credentials().is_none() {
            return Err(s3_error!(AccessDenied, "the request is not signed"));
        }
        let reply = context
            .extensions_mut()
            .get::<Reply>()
            .cloned()
            .unwrap_or_default();
        let path = context.s3_path();
        let key = path.get_object_key().unwrap_or_default();
        let operation = context.s3_op().name();
        self.admit(operation, path.get_bucket_name(), key, &reply)
            .await
    }
}

/// Knows the one access key; the framework's own list of keys answers an unknown one with a code
/// that S3 does not use.
pub(super) struct OneKey;

#[async_trait::async_trait]
impl S3Auth for OneKey {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        if access_key != ACCESS_KEY {
            return Err(s3_error!(
                InvalidAccessKeyId,
                "there is no access key id {access_key}: use {ACCESS_KEY}"
            ));
        }
        Ok(SecretKey::from(SECRET_KEY))
    }
}
