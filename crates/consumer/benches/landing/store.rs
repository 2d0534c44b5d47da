//! The bucket of a run: created at its start, emptied folder by folder, removed at its end; and the
//! client for it.
//!
//! It never touches any other bucket.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use aws_config::{
    BehaviorVersion, Region, retry::RetryConfig,
    stalled_stream_protection::StalledStreamProtectionConfig, timeout::TimeoutConfig,
};
use aws_sdk_s3::{
    Client,
    config::{Credentials, RequestChecksumCalculation, ResponseChecksumValidation},
    types::{Delete, ObjectIdentifier},
};

use crate::options::{ACCESS_KEY, REGION, SECRET_KEY, Servers};

/// A client that does nothing but send: no retries, no timeouts, no checksums beyond the signature.
pub(crate) fn client(servers: &Servers) -> Client {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(REGION))
        .credentials_provider(Credentials::new(
            ACCESS_KEY, SECRET_KEY, None, None, "bench",
        ))
        .endpoint_url(&servers.endpoint_url)
        .force_path_style(true)
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
    Client::from_conf(config.build())
}

/// The bucket of one run.
pub(crate) struct Store {
    client: Client,
    bucket: String,
}

impl Store {
    pub(crate) fn new(servers: &Servers, bucket: &str) -> Self {
        Self {
            client: client(servers),
            bucket: bucket.to_owned(),
        }
    }

    pub(crate) async fn create_bucket(&self) -> Result<()> {
        let created = self
            .client
            .create_bucket()
            .bucket(&self.bucket)
            .send()
            .await;
        created
            .map(drop)
            .with_context(|| format!("bucket {} cannot be made", self.bucket))
    }

    /// Removes what lies in the folder, and what the consumer wrote about it; returns how many
    /// objects were in the folder itself.
    pub(crate) async fn remove_folder(&self, folder: &str) -> Result<u64> {
        self.remove_below(&format!("_control/{folder}/")).await?;
        self.remove_below(&format!("{folder}/")).await
    }

    pub(crate) async fn remove_bucket(&self) -> Result<()> {
        self.remove_below("").await?;
        let removed = self
            .client
            .delete_bucket()
            .bucket(&self.bucket)
            .send()
            .await;
        removed
            .map(drop)
            .with_context(|| format!("bucket {} cannot be removed", self.bucket))
    }

    /// Lists everything before it removes anything: a listing of a shrinking folder may skip keys.
    async fn remove_below(&self, prefix: &str) -> Result<u64> {
        let keys = self.keys(prefix).await?;
        let keys_of_list: Vec<&String> = keys.iter().collect();
        for thousand in keys_of_list.chunks(1000) {
            let mut delete = Delete::builder().quiet(true);
            for key in thousand {
                delete = delete.objects(ObjectIdentifier::builder().key(*key).build()?);
            }
            let request = self
                .client
                .delete_objects()
                .bucket(&self.bucket)
                .delete(delete.build()?);
            let answer = request.send().await.context("objects cannot be removed")?;
            ensure!(
                answer.errors().is_empty(),
                "objects cannot be removed: {:?}",
                answer.errors().first()
            );
        }
        Ok(keys.len() as u64)
    }

    async fn keys(&self, prefix: &str) -> Result<BTreeSet<String>> {
        let request = self
            .client
            .list_objects_v2()
            .bucket(&self.bucket)
            .prefix(prefix);
        let mut pages = request.into_paginator().send();
        let mut keys = BTreeSet::new();
        while let Some(page) = pages.next().await {
            let page = page.context("the bucket cannot be listed")?;
            keys.extend(
                page.contents
                    .unwrap_or_default()
                    .into_iter()
                    .filter_map(|object| object.key),
            );
        }
        Ok(keys)
    }
}
