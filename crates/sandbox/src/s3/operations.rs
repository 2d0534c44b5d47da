//! The S3 operations that the server knows, in the framework's form; `objects.rs` and `lists.rs` do
//! the work.
//!
//! It checks no signature and no fault: the framework and the gate did. Operations that are missing
//! here answer `NotImplemented`. Each operation on a bucket that does not exist ends with
//! `NoSuchBucket`.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use s3s::{
    S3Request, S3Response, S3Result,
    dto::{
        Bucket, BucketLocationConstraint, CopyObjectInput, CopyObjectOutput, CreateBucketInput,
        CreateBucketOutput, DeleteBucketInput, DeleteBucketOutput, DeleteObjectInput,
        DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput, GetBucketLocationInput,
        GetBucketLocationOutput, GetObjectInput, GetObjectOutput, HeadBucketInput,
        HeadBucketOutput, HeadObjectInput, HeadObjectOutput, ListBucketsInput, ListBucketsOutput,
        ListObjectsInput, ListObjectsOutput, ListObjectsV2Input, ListObjectsV2Output,
        PutObjectInput, PutObjectOutput, Timestamp,
    },
};

use super::{account::REGION, lists, objects, store::ObjectStore};

/// The operations over one store.
#[derive(Clone)]
pub(super) struct Operations {
    pub(super) store: Arc<ObjectStore>,
    /// Whether to behave like a store that does not know conditional writes.
    pub(super) ignore_conditions: Arc<AtomicBool>,
    /// Whether a condition is looked at [`GAP`] before the object is written, and not again.
    pub(super) check_before_writing: Arc<AtomicBool>,
}

/// The time between the look and the write.
const GAP: Duration = Duration::from_millis(100);

type Answer<T> = S3Result<S3Response<T>>;

fn answer<T>(output: T) -> Answer<T> {
    Ok(S3Response::new(output))
}

#[async_trait::async_trait]
impl s3s::S3 for Operations {
    async fn create_bucket(
        &self,
        request: S3Request<CreateBucketInput>,
    ) -> Answer<CreateBucketOutput> {
        let input = request.input;
        let asked = input
            .create_bucket_configuration
            .and_then(|configuration| configuration.location_constraint);
        let region = asked
            .as_ref()
            .map_or(REGION, BucketLocationConstraint::as_str);
        self.store.create_bucket(&input.bucket, region)?;
        answer(CreateBucketOutput {
            location: Some(format!("/{}", input.bucket)),
        })
    }

    async fn delete_bucket(
        &self,
        request: S3Request<DeleteBucketInput>,
    ) -> Answer<DeleteBucketOutput> {
        self.store.delete_bucket(&request.input.bucket)?;
        answer(DeleteBucketOutput::default())
    }

    async fn head_bucket(&self, request: S3Request<HeadBucketInput>) -> Answer<HeadBucketOutput> {
        let region = self
            .store
            .bucket(&request.input.bucket, |bucket| bucket.region.clone())?;
        answer(HeadBucketOutput {
            bucket_region: Some(region),
            ..HeadBucketOutput::default()
        })
    }

    async fn get_bucket_location(
        &self,
        request: S3Request<GetBucketLocationInput>,
    ) -> Answer<GetBucketLocationOutput> {
        let region = self
            .store
            .bucket(&request.input.bucket, |bucket| bucket.region.clone())?;
        // AWS has no name for its first region here.
        answer(GetBucketLocationOutput {
            location_constraint: (region != REGION).then(|| BucketLocationConstraint::from(region)),
        })
    }

    async fn list_buckets(&self, _: S3Request<ListBucketsInput>) -> Answer<ListBucketsOutput> {
        let buckets = self.store.buckets(|name, bucket| Bucket {
            name: Some(name.to_owned()),
            creation_date: Some(Timestamp::from(bucket.created)),
            bucket_region: Some(bucket.region.clone()),
        });
        answer(ListBucketsOutput {
            buckets: Some(buckets),
            ..ListBucketsOutput::default()
        })
    }

    async fn put_object(&self, mut request: S3Request<PutObjectInput>) -> Answer<PutObjectOutput> {
        if self.ignore_conditions.load(Ordering::Relaxed) {
            request.input.if_none_match = None;
            request.input.if_match = None;
        }
        if self.check_before_writing.load(Ordering::Relaxed) {
            let found = self.store.head(&request.input.bucket, &request.input.key);
            if found.is_err() {
                tokio::time::sleep(GAP).await;
                request.input.if_none_match = None;
            }
        }
        answer(objects::put(&self.store, request).await?)
    }

    async fn get_object(&self, request: S3Request<GetObjectInput>) -> Answer<GetObjectOutput> {
        answer(objects::get(&self.store, &request.input)?)
    }

    async fn head_object(&self, request: S3Request<HeadObjectInput>) -> Answer<HeadObjectOutput> {
        answer(objects::head(&self.store, &request.input)?)
    }

    async fn copy_object(&self, request: S3Request<CopyObjectInput>) -> Answer<CopyObjectOutput> {
        answer(objects::copy(&self.store, request.input, &request.headers)?)
    }

    async fn delete_object(
        &self,
        request: S3Request<DeleteObjectInput>,
    ) -> Answer<DeleteObjectOutput> {
        let ignored = self.ignore_conditions.load(Ordering::Relaxed);
        let input = request.input;
        let condition = objects::deletion_condition(input.if_match.as_ref().filter(|_| !ignored));
        self.store.delete(&input.bucket, &input.key, &condition)?;
        answer(DeleteObjectOutput::default())
    }

    async fn delete_objects(
        &self,
        request: S3Request<DeleteObjectsInput>,
    ) -> Answer<DeleteObjectsOutput> {
        answer(lists::delete(
            &self.store,
            &request.input.bucket,
            request.input.delete,
        )?)
    }

    async fn list_objects(
        &self,
        request: S3Request<ListObjectsInput>,
    ) -> Answer<ListObjectsOutput> {
        answer(lists::version_1(&self.store, request.input)?)
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> Answer<ListObjectsV2Output> {
        answer(lists::version_2(&self.store, request.input)?)
    }
}
