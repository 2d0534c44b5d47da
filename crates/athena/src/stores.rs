//! The buckets of a session: each is connected when the first query needs it.

use std::{collections::BTreeMap, sync::Mutex};

use anyhow::Result;
use bucket::{Bucket, check_bucket_name, client};

/// Connects to buckets by their names in the tables' locations.
pub(crate) struct Stores {
    endpoint: Option<String>,
    endpoint_origin: String,
    /// Read in the place of every other bucket.
    instead: Option<String>,
    connected: Mutex<BTreeMap<String, Bucket>>,
}

impl Stores {
    /// `endpoint_origin` says for the log where `endpoint` came from; `instead` names the bucket
    /// that stands for all others.
    pub(crate) fn new(
        endpoint: Option<String>,
        endpoint_origin: &str,
        instead: Option<String>,
    ) -> Self {
        Self {
            endpoint,
            endpoint_origin: endpoint_origin.to_owned(),
            instead,
            connected: Mutex::default(),
        }
    }

    /// The bucket that is read for a location in `named`. Makes no request to S3.
    ///
    /// # Errors
    /// When the name is none of a bucket, there are no credentials or no region, or the endpoint
    /// is no URL.
    pub(crate) async fn bucket(&self, named: &str) -> Result<Bucket> {
        let name = self.instead.as_deref().unwrap_or(named);
        let lock = || {
            self.connected
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
        };
        if let Some(bucket) = lock().get(name) {
            return Ok(bucket.clone());
        }
        check_bucket_name(name)?;
        let s3 = client::connect(self.endpoint.as_deref(), &self.endpoint_origin, None).await?;
        tracing::info!("S3 bucket {name}: {}", s3.origins);
        let bucket = Bucket::new(s3.client, name).at_endpoint(s3.at_endpoint);
        lock().insert(name.to_owned(), bucket.clone());
        Ok(bucket)
    }
}
