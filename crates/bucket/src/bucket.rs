//! One bucket: create-once writes that are repeated until they have a final answer, and single
//! reads.
//!
//! [`Bucket::settle`] reports an object as durable only after a 200 for it or after comparing the
//! identity of what is there. Lists and streamed bodies are in `listing`, writes that give up after
//! some seconds in `creation`.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::{Result, bail};
use aws_sdk_s3::{Client, primitives::ByteStream};
use bytes::Bytes;
use landing::{
    Outcome, Place, Upload, UploadKind, claim::Claim, identity::Identity, layout::Prefix,
};

use crate::{
    answer::{PutAnswer, StoreFailure, missing},
    client,
    denial::{BucketResources, Request},
    object_options::ObjectOptions,
    requests,
    retry::{Backoff, StoreTrouble},
    times::Times,
    tries::Tries,
};

/// One bucket, reached with one set of credentials. Clones share the client and the counters.
#[derive(Clone)]
pub struct Bucket {
    pub(crate) client: Client,
    pub(crate) name: String,
    pub(crate) resources: Arc<BucketResources>,
    pub(crate) times: Times,
    /// Whether an endpoint was set, so that it may be a look-alike of S3.
    pub(crate) at_endpoint: bool,
    /// How S3 is to keep what is written.
    options: Arc<ObjectOptions>,
    tries: Tries,
    trouble: StoreTrouble,
}

/// An object to write. All attempts share one copy of its body.
pub(crate) struct NewObject {
    pub(crate) key: String,
    pub(crate) body: Bytes,
    pub(crate) identity: Identity,
    /// Where its extent begins, if it is a claim.
    pub(crate) claim: Option<Place>,
}

impl Bucket {
    /// The bucket with this name; makes no request.
    #[must_use]
    pub fn new(client: Client, name: &str) -> Self {
        let trouble = StoreTrouble::default();
        let region = client.config().region();
        let region = region.map_or("", |region| region.as_ref());
        Self {
            resources: Arc::new(BucketResources::new(region, name)),
            client: requests::watched(&client, trouble.clone()),
            name: name.to_owned(),
            times: Times::default(),
            at_endpoint: false,
            options: Arc::default(),
            tries: Tries::default(),
            trouble,
        }
    }

    /// The same bucket, at an endpoint that was set or at AWS.
    #[must_use]
    pub fn at_endpoint(self, at_endpoint: bool) -> Self {
        Self {
            at_endpoint,
            ..self
        }
    }

    /// The same bucket, with the landing zones that are worked with: what a refusal says is missing
    /// covers them.
    #[must_use]
    pub fn in_zones(self, zones: Vec<Prefix>) -> Self {
        Self {
            resources: Arc::new(self.resources.with_zones(zones)),
            ..self
        }
    }

    /// The same bucket, which keeps what is written from now on like this.
    #[must_use]
    pub fn with_options(self, options: ObjectOptions) -> Self {
        Self {
            options: Arc::new(options),
            ..self
        }
    }

    /// The same bucket with other time limits.
    #[cfg(test)]
    pub(crate) fn with_times(self, times: Times) -> Self {
        Self { times, ..self }
    }

    /// What went wrong with the store lately, and how many requests it got.
    #[must_use]
    pub fn trouble(&self) -> &StoreTrouble {
        &self.trouble
    }

    /// The bucket's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Writes the object, or finds out that it or another one is there. Repeats the request until
    /// it has an answer, with exponential backoff and full jitter; so it ends only when S3 answers.
    pub async fn settle(&self, upload: Upload) -> Outcome {
        let claim = (upload.id.kind == UploadKind::Claim).then(|| upload.id.place());
        self.settle_object(NewObject {
            key: upload.key,
            body: upload.body.into(),
            identity: upload.identity,
            claim,
        })
        .await
    }

    pub(crate) async fn settle_object(&self, object: NewObject) -> Outcome {
        let (key, metadata) = (&object.key, object.identity.to_metadata());
        let (mut backoff, mut timed_out, mut damaged) = (Backoff::default(), 0, false);
        loop {
            let body = object.body.clone();
            let failure = match self.create_again(key, body, &metadata, timed_out).await {
                PutAnswer::Stored => {
                    self.trouble.succeeded();
                    return Outcome::Stored;
                }
                // It may be our own object, from an attempt whose reply was lost or from an earlier
                // process.
                PutAnswer::Exists => match self.compare(&object, damaged).await {
                    Ok(Some(outcome)) => {
                        self.trouble.succeeded();
                        return outcome;
                    }
                    Ok(None) => continue_after_removal(),
                    Err(failure) => failure,
                },
                PutAnswer::Failed(failure) => failure,
            };
            timed_out += u32::from(failure.timed_out);
            damaged |= failure.damaged;
            self.trouble.failed(&failure, key);
            backoff.wait().await;
        }
    }

    /// Sends one create-once PUT (`If-None-Match: *`). `metadata` becomes `x-amz-meta-` headers,
    /// and the content type follows from the end of the key.
    pub async fn create(
        &self,
        key: &str,
        body: impl Into<Bytes>,
        metadata: &[(&'static str, String)],
    ) -> PutAnswer {
        self.create_again(key, body.into(), metadata, 0).await
    }

    /// [`Self::create`], after so many tries of it that timed out: with more time for each.
    pub(crate) async fn create_again(
        &self,
        key: &str,
        body: Bytes,
        metadata: &[(&'static str, String)],
        timed_out: u32,
    ) -> PutAnswer {
        let mut request = self
            .client
            .put_object()
            .bucket(&self.name)
            .key(key)
            .if_none_match("*");
        for (name, value) in metadata {
            request = request.metadata(*name, value);
        }
        let request = self
            .options
            .apply(request, key, &body)
            .content_type(content_type(key))
            .body(ByteStream::from(body.clone()))
            .customize();
        let time = self.times.of_try(body.len(), timed_out);
        // Other settings for one request cost time, so only an unusual one gets them.
        let request = if time == Times::default().attempt {
            request
        } else {
            request.config_override(client::attempt_timeout(time))
        };
        let running = self.tries.begin().await;
        let answer = PutAnswer::of(request.send().await, &body);
        let answer = answer.about(&self.resources, Request::Write(key));
        match &answer {
            PutAnswer::Failed(failure) if failure.is_slow_down() => running.slowed_down(),
            PutAnswer::Failed(_) => {}
            PutAnswer::Stored | PutAnswer::Exists => running.succeeded(),
        }
        answer
    }

    /// Compares the object that is there with the one to write, its body too if an attempt may have
    /// left a `damaged` one; `None` when it is gone again.
    async fn compare(
        &self,
        object: &NewObject,
        damaged: bool,
    ) -> Result<Option<Outcome>, StoreFailure> {
        if let Some(place) = object.claim {
            return self.claim(object, place).await;
        }
        let Some(metadata) = self.metadata(&object.key).await? else {
            return Ok(None);
        };
        if damaged {
            let Some(body) = self.read(&object.key).await? else {
                return Ok(None);
            };
            if body != object.body {
                return Ok(Some(Outcome::Conflict {
                    key: object.key.clone(),
                    difference: "its body was damaged on its way to the store".to_owned(),
                }));
            }
        }
        Ok(Some(match object.identity.compare(&metadata) {
            Ok(()) => Outcome::AlreadyThere,
            Err(difference) => Outcome::Conflict {
                key: object.key.clone(),
                difference,
            },
        }))
    }

    /// Reads the claim that is there instead of ours: it is the one that counts.
    async fn claim(
        &self,
        object: &NewObject,
        place: Place,
    ) -> Result<Option<Outcome>, StoreFailure> {
        let Some(body) = self.read(&object.key).await? else {
            return Ok(None);
        };
        let claim = Claim::from_body(&body, &object.identity.zone, place);
        Ok(Some(match claim {
            Ok(claim) => Outcome::Claimed(Arc::new(claim)),
            Err(problem) => Outcome::Conflict {
                key: object.key.clone(),
                difference: problem.to_string(),
            },
        }))
    }

    /// The user metadata of an object; `None` when no object has this key. One HEAD request, and a
    /// GET where it is refused or seems to be no S3's: an answer to HEAD has no body, which holds
    /// the reason and shows whose answer it is. (Moto's 404 to HEAD calls itself a web page.)
    ///
    /// # Errors
    /// The answer, when it is neither the object nor "no such object".
    pub async fn metadata(
        &self,
        key: &str,
    ) -> Result<Option<BTreeMap<String, String>>, StoreFailure> {
        match self
            .client
            .head_object()
            .bucket(&self.name)
            .key(key)
            .send()
            .await
        {
            Ok(head) => Ok(Some(
                head.metadata.unwrap_or_default().into_iter().collect(),
            )),
            Err(error) => match StoreFailure::of(&error) {
                unclear if unclear.status == Some(403) || unclear.foreign => {
                    let opened = self.open(key).await?;
                    Ok(opened.map(|opened| opened.metadata))
                }
                failure => missing(failure).map(|()| None),
            },
        }
    }

    /// An object's bytes; `None` when no object has this key. One GET request.
    ///
    /// # Errors
    /// As for [`Self::metadata`], or the connection broke or stalled.
    pub async fn read(&self, key: &str) -> Result<Option<Vec<u8>>, StoreFailure> {
        match self.open(key).await? {
            Some(opened) => opened.whole().await.map(Some),
            None => Ok(None),
        }
    }

    /// The first key that begins with `prefix`, if there is one. The answer also proves that the
    /// bucket exists and may be listed.
    ///
    /// # Errors
    /// Any other answer.
    pub async fn first_key(&self, prefix: &str) -> Result<Option<String>, StoreFailure> {
        let list = self
            .client
            .list_objects_v2()
            .bucket(&self.name)
            .prefix(prefix)
            .max_keys(1);
        let listed = list.send().await.map_err(|error| {
            StoreFailure::of(&error).about(&self.resources, Request::List(prefix))
        })?;
        let first = listed.contents.unwrap_or_default().into_iter().next();
        Ok(first.and_then(|object| object.key))
    }

    /// Creates the bucket in `region`.
    ///
    /// # Errors
    /// When S3 refuses or cannot be reached.
    pub async fn create_bucket(&self, region: &str) -> Result<(), StoreFailure> {
        use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
        let mut request = self.client.create_bucket().bucket(&self.name);
        // S3 refuses us-east-1 as a location constraint: it is the default.
        if region != "us-east-1" {
            let place = CreateBucketConfiguration::builder()
                .location_constraint(BucketLocationConstraint::from(region));
            request = request.create_bucket_configuration(place.build());
        }
        let made = request.send().await;
        made.map(drop)
            .map_err(|error| StoreFailure::of(&error).about(&self.resources, Request::MakeBucket))
    }
}

/// Somebody removed the object between our two requests: write again, after the usual wait.
fn continue_after_removal() -> StoreFailure {
    StoreFailure::local("the object was removed while it was compared")
}

fn content_type(key: &str) -> &'static str {
    match key.rsplit('.').next() {
        Some("jsonl") => "application/x-ndjson",
        Some("csv") => "text/csv",
        Some("parquet") => "application/vnd.apache.parquet",
        Some("gz") => "application/gzip",
        Some("zst") => "application/zstd",
        _ => "application/json",
    }
}

/// Checks S3's rules for names of general purpose buckets ("General purpose bucket naming rules" in
/// the user guide), except for its reserved prefixes and suffixes.
///
/// # Errors
/// A sentence with the rule that the name breaks.
pub fn check_bucket_name(name: &str) -> Result<()> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.' || c == '-';
    let edges = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let rule = if !(3..=63).contains(&name.len()) {
        "it must have 3 to 63 characters"
    } else if !name.chars().all(allowed) {
        "only a-z, 0-9, '-' and '.' are allowed"
    } else if !name.starts_with(edges) || !name.ends_with(edges) {
        "it must begin and end with a letter or digit"
    } else if name.contains("..") || name.parse::<std::net::Ipv4Addr>().is_ok() {
        "it must not hold '..' or look like an address"
    } else {
        return Ok(());
    };
    bail!(
        "S3 refuses the bucket name '{}': {rule}",
        name.escape_debug()
    )
}
