//! The operations on one object: PUT, GET, HEAD, copy.
//!
//! No multipart uploads, versions, tags, ACLs or encryption: what is not here answers
//! `NotImplemented`.
//!
//! Nothing reaches the store before everything that can be wrong with the request was checked.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use hyper::HeaderMap;
use s3s::{
    Body, S3Error, S3ErrorCode, S3Request, S3Result,
    dto::{
        Body as Buffer, Checksum, ChecksumMode, CopyObjectInput, CopyObjectOutput,
        CopyObjectResult, CopySource, ETag, ETagCondition, GetObjectInput, GetObjectOutput,
        HeadObjectInput, HeadObjectOutput, Metadata, MetadataDirective, PutObjectInput,
        PutObjectOutput, Range, StreamingBlob, Timestamp,
    },
    s3_error,
};

use super::{
    checksums,
    store::{Condition, IndexEntry, Labels, ObjectStore},
};

/// The most user metadata of an object, names and values, in bytes: AWS's limit.
const LARGEST_METADATA: usize = 2 * 1024;

pub(super) async fn put(
    store: &ObjectStore,
    request: S3Request<PutObjectInput>,
) -> S3Result<PutObjectOutput> {
    let S3Request {
        mut input,
        trailing_headers,
        ..
    } = request;
    let condition = condition(input.if_none_match.as_ref(), input.if_match.as_ref())?;
    let body = collect(input.body.take()).await?;
    let trailer = trailing_headers.and_then(|trailer| trailer.take());
    let sums = checked(&body, &input, trailer.as_ref())?;
    let labels = Labels {
        metadata: metadata(input.metadata)?,
        content_type: input.content_type,
        content_encoding: input.content_encoding,
        checksums: sums.clone(),
    };
    let etag = store.put(&input.bucket, &input.key, &body, labels, &condition)?;
    Ok(PutObjectOutput {
        e_tag: Some(ETag::Strong(etag)),
        checksum_crc32: sums.checksum_crc32,
        checksum_crc32c: sums.checksum_crc32c,
        checksum_crc64nvme: sums.checksum_crc64nvme,
        checksum_sha1: sums.checksum_sha1,
        checksum_sha256: sums.checksum_sha256,
        checksum_type: sums.checksum_type,
        ..PutObjectOutput::default()
    })
}

pub(super) fn get(store: &ObjectStore, input: &GetObjectInput) -> S3Result<GetObjectOutput> {
    let (entry, body) = store.get(&input.bucket, &input.key)?;
    read_condition(
        &entry,
        input.if_match.as_ref(),
        input.if_none_match.as_ref(),
    )?;
    let (body, content_range) = cut(body, input.range.as_ref())?;
    let sums = asked_for(
        &entry,
        input.checksum_mode.as_ref(),
        content_range.is_none(),
    );
    Ok(GetObjectOutput {
        accept_ranges: Some("bytes".to_owned()),
        content_length: Some(i64::try_from(body.len()).map_err(S3Error::internal_error)?),
        body: Some(StreamingBlob::from(Body::from(body))),
        content_range,
        content_type: entry.labels.content_type,
        content_encoding: entry.labels.content_encoding,
        e_tag: Some(ETag::Strong(entry.etag)),
        last_modified: Some(Timestamp::from(entry.modified)),
        metadata: Some(entry.labels.metadata.into_iter().collect()),
        checksum_crc32: sums.checksum_crc32,
        checksum_crc32c: sums.checksum_crc32c,
        checksum_crc64nvme: sums.checksum_crc64nvme,
        checksum_sha1: sums.checksum_sha1,
        checksum_sha256: sums.checksum_sha256,
        checksum_type: sums.checksum_type,
        ..GetObjectOutput::default()
    })
}

pub(super) fn head(store: &ObjectStore, input: &HeadObjectInput) -> S3Result<HeadObjectOutput> {
    let entry = store.head(&input.bucket, &input.key)?;
    read_condition(
        &entry,
        input.if_match.as_ref(),
        input.if_none_match.as_ref(),
    )?;
    let sums = asked_for(&entry, input.checksum_mode.as_ref(), true);
    Ok(HeadObjectOutput {
        accept_ranges: Some("bytes".to_owned()),
        content_length: Some(i64::try_from(entry.len).map_err(S3Error::internal_error)?),
        content_type: entry.labels.content_type,
        content_encoding: entry.labels.content_encoding,
        e_tag: Some(ETag::Strong(entry.etag)),
        last_modified: Some(Timestamp::from(entry.modified)),
        metadata: Some(entry.labels.metadata.into_iter().collect()),
        checksum_crc32: sums.checksum_crc32,
        checksum_crc32c: sums.checksum_crc32c,
        checksum_crc64nvme: sums.checksum_crc64nvme,
        checksum_sha1: sums.checksum_sha1,
        checksum_sha256: sums.checksum_sha256,
        checksum_type: sums.checksum_type,
        ..HeadObjectOutput::default()
    })
}

pub(super) fn copy(
    store: &ObjectStore,
    input: CopyObjectInput,
    headers: &HeaderMap,
) -> S3Result<CopyObjectOutput> {
    let CopySource::Bucket { bucket, key, .. } = &input.copy_source else {
        return Err(s3_error!(
            NotImplemented,
            "the sandbox copies from buckets only"
        ));
    };
    // The framework's version of this request does not know the condition, which AWS has.
    let condition = match headers.get("if-none-match") {
        Some(value) if value == "*" => Condition::Absent,
        Some(_) => return Err(only_the_star()),
        None => Condition::None,
    };
    let (source, body) = store.get(bucket, key)?;
    let mut labels = source.labels;
    if input
        .metadata_directive
        .is_some_and(|directive| directive.as_str() == MetadataDirective::REPLACE)
    {
        labels.metadata = metadata(input.metadata)?;
        labels.content_type = input.content_type;
        labels.content_encoding = input.content_encoding;
    }
    let etag = store.put(&input.bucket, &input.key, &body, labels, &condition)?;
    let modified = store.head(&input.bucket, &input.key)?.modified;
    Ok(CopyObjectOutput {
        copy_object_result: Some(CopyObjectResult {
            e_tag: Some(ETag::Strong(etag)),
            last_modified: Some(Timestamp::from(modified)),
            ..CopyObjectResult::default()
        }),
        ..CopyObjectOutput::default()
    })
}

/// The checksums that were sent, if they, the MD5 and the length are the body's.
fn checked(body: &[u8], input: &PutObjectInput, trailer: Option<&HeaderMap>) -> S3Result<Checksum> {
    let declared = input.content_length;
    if declared.is_some_and(|length| u64::try_from(length) != Ok(body.len() as u64)) {
        return Err(other_length());
    }
    let sums = checksums::sent(input, trailer);
    checksums::verify(body, &sums)?;
    checksums::verify_md5(body, input.content_md5.as_deref())?;
    Ok(sums)
}

fn other_length() -> S3Error {
    s3_error!(
        IncompleteBody,
        "the body is not as long as the request says"
    )
}

/// The part of the body that was asked for, and its name in the answer if it is not the whole.
fn cut(body: Bytes, range: Option<&Range>) -> S3Result<(Bytes, Option<String>)> {
    let Some(range) = range else {
        return Ok((body, None));
    };
    let part = range.check(body.len() as u64)?;
    let last = part.end.saturating_sub(1);
    let shown = format!("bytes {}-{last}/{}", part.start, body.len());
    let start = usize::try_from(part.start).map_err(S3Error::internal_error)?;
    let end = usize::try_from(part.end).map_err(S3Error::internal_error)?;
    Ok((body.slice(start..end), Some(shown)))
}

fn condition(
    if_none_match: Option<&ETagCondition>,
    if_match: Option<&ETagCondition>,
) -> S3Result<Condition> {
    match (if_none_match, if_match) {
        (None, None) => Ok(Condition::None),
        (Some(ETagCondition::Any), None) => Ok(Condition::Absent),
        (None, Some(ETagCondition::ETag(tag))) => Ok(Condition::Tagged(tag.value().to_owned())),
        _ => Err(only_the_star()),
    }
}

/// What must hold for a deletion: `If-Match` with an entity tag, or with `*` for any object.
pub(super) fn deletion_condition(if_match: Option<&ETagCondition>) -> Condition {
    match if_match {
        None => Condition::None,
        Some(ETagCondition::Any) => Condition::Present,
        Some(ETagCondition::ETag(tag)) => Condition::Tagged(tag.value().to_owned()),
    }
}

fn only_the_star() -> S3Error {
    s3_error!(
        NotImplemented,
        "writes take either if-none-match: * or if-match with an entity tag"
    )
}

fn read_condition(
    entry: &IndexEntry,
    if_match: Option<&ETagCondition>,
    if_none_match: Option<&ETagCondition>,
) -> S3Result<()> {
    let is_it = |condition: &ETagCondition| match condition {
        ETagCondition::Any => true,
        ETagCondition::ETag(tag) => tag.value() == entry.etag,
    };
    if if_match.is_some_and(|wanted| !is_it(wanted)) {
        return Err(s3_error!(
            PreconditionFailed,
            "the object has another entity tag"
        ));
    }
    if if_none_match.is_some_and(is_it) {
        return Err(s3_error!(NotModified, "the object has this entity tag"));
    }
    Ok(())
}

async fn collect(stream: Option<StreamingBlob>) -> S3Result<Bytes> {
    let Some(mut stream) = stream else {
        return Ok(Bytes::new());
    };
    let mut body = BytesMut::new();
    while let Some(chunk) = stream.next().await {
        let chunk: Buffer = chunk.map_err(|error| broken_body(&error.to_string()))?;
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// The framework hides the types of these errors and shows only their texts.
fn broken_body(text: &str) -> S3Error {
    if text.contains("Sha256Mismatch") {
        let Ok(code) = "XAmzContentSHA256Mismatch".parse::<S3ErrorCode>();
        let mut error = S3Error::with_message(code, "the body is not the one that was signed");
        error.set_status_code(hyper::StatusCode::BAD_REQUEST);
        return error;
    }
    if text.contains("SignatureMismatch") {
        return s3_error!(
            SignatureDoesNotMatch,
            "the signature of a chunk of the body is wrong"
        );
    }
    other_length()
}

fn metadata(sent: Option<Metadata>) -> S3Result<BTreeMap<String, String>> {
    let sent = sent.unwrap_or_default();
    if sent
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum::<usize>()
        > LARGEST_METADATA
    {
        return Err(s3_error!(
            MetadataTooLarge,
            "the user metadata is larger than 2 KiB"
        ));
    }
    Ok(sent.into_iter().collect())
}

fn asked_for(entry: &IndexEntry, mode: Option<&ChecksumMode>, whole: bool) -> Checksum {
    match mode {
        Some(mode) if whole && mode.as_str() == ChecksumMode::ENABLED => {
            entry.labels.checksums.clone()
        }
        _ => Checksum::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(body: &'static [u8], declared: i64) -> S3Request<PutObjectInput> {
        let input = PutObjectInput {
            bucket: "bucket".to_owned(),
            key: "k".to_owned(),
            body: Some(StreamingBlob::from(Body::from(Bytes::from_static(body)))),
            content_length: Some(declared),
            ..PutObjectInput::default()
        };
        S3Request {
            input,
            method: hyper::Method::PUT,
            uri: hyper::Uri::default(),
            headers: HeaderMap::default(),
            extensions: hyper::http::Extensions::default(),
            credentials: None,
            region: None,
            service: None,
            trailing_headers: None,
        }
    }

    #[tokio::test]
    async fn a_body_of_another_length_than_declared_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let store = ObjectStore::new(directory.path().to_owned());
        store.create_bucket("bucket", "us-east-1").unwrap();
        for wrong in [4, 6, -1] {
            let error = put(&store, request(b"hello", wrong)).await.unwrap_err();
            assert_eq!(error.code().as_str(), "IncompleteBody");
            assert!(store.head("bucket", "k").is_err());
        }
        assert!(put(&store, request(b"hello", 5)).await.is_ok());
    }

    #[test]
    fn a_body_that_breaks_off_gets_the_code_of_its_reason() {
        assert_eq!(
            broken_body("UploadStreamError: Sha256Mismatch")
                .code()
                .as_str(),
            "XAmzContentSHA256Mismatch"
        );
        assert_eq!(
            broken_body("AwsChunkedStreamError: SignatureMismatch")
                .code()
                .as_str(),
            "SignatureDoesNotMatch"
        );
        assert_eq!(
            broken_body("AwsChunkedStreamError: Incomplete")
                .code()
                .as_str(),
            "IncompleteBody"
        );
    }
}
