//! What a request is for: its S3 operation, bucket and object key, read from method, path-style
//! path and query.
//!
//! It checks nothing, and does not know virtual-hosted buckets (`BUCKET.HOST`). The operations that
//! our own S3 knows have the names that the framework gives them, so that a rule means the same in
//! the sandbox and in front of another server.

use hyper::{HeaderMap, Method, http::request::Parts};
use percent_encoding::percent_decode_str;

/// The name of operations on a subresource that is not in the table.
const OTHER: &str = "Other";

/// What a request is for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RequestTarget {
    /// S3's name, for instance `PutObject`.
    pub(super) operation: &'static str,
    pub(super) bucket: Option<String>,
    /// Decoded; empty when the request is not for an object.
    pub(super) key: String,
}

impl RequestTarget {
    pub(super) fn new(request: &Parts) -> Self {
        let path = decoded(request.uri.path());
        let (bucket, key) = match path.strip_prefix('/').unwrap_or(&path) {
            "" => (None, ""),
            path => match path.split_once('/') {
                Some((bucket, key)) => (Some(bucket), key),
                None => (Some(path), ""),
            },
        };
        let level = match (bucket, key) {
            (None, _) => Level::Service,
            (Some(_), "") => Level::Bucket,
            (Some(_), _) => Level::Object,
        };
        let query = request.uri.query().unwrap_or_default();
        Self {
            operation: operation(level, &request.method, query, &request.headers),
            bucket: bucket.map(str::to_owned),
            key: key.to_owned(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Service,
    Bucket,
    Object,
}

/// The operations that a parameter of the query distinguishes from the plain ones; the first match
/// counts.
const BY_PARAMETER: [(&str, Level, &str, &str); 25] = [
    ("GET", Level::Bucket, "location", "GetBucketLocation"),
    ("GET", Level::Bucket, "uploads", "ListMultipartUploads"),
    ("GET", Level::Bucket, "versions", "ListObjectVersions"),
    ("GET", Level::Bucket, "versioning", "GetBucketVersioning"),
    ("PUT", Level::Bucket, "versioning", "PutBucketVersioning"),
    ("GET", Level::Bucket, "acl", "GetBucketAcl"),
    ("PUT", Level::Bucket, "acl", "PutBucketAcl"),
    ("GET", Level::Bucket, "policy", "GetBucketPolicy"),
    ("PUT", Level::Bucket, "policy", "PutBucketPolicy"),
    ("DELETE", Level::Bucket, "policy", "DeleteBucketPolicy"),
    ("GET", Level::Bucket, "tagging", "GetBucketTagging"),
    ("PUT", Level::Bucket, "tagging", "PutBucketTagging"),
    ("DELETE", Level::Bucket, "tagging", "DeleteBucketTagging"),
    ("POST", Level::Bucket, "delete", "DeleteObjects"),
    ("GET", Level::Object, "acl", "GetObjectAcl"),
    ("PUT", Level::Object, "acl", "PutObjectAcl"),
    ("GET", Level::Object, "attributes", "GetObjectAttributes"),
    ("GET", Level::Object, "tagging", "GetObjectTagging"),
    ("PUT", Level::Object, "tagging", "PutObjectTagging"),
    ("DELETE", Level::Object, "tagging", "DeleteObjectTagging"),
    ("POST", Level::Object, "uploads", "CreateMultipartUpload"),
    ("PUT", Level::Object, "uploadId", "UploadPart"),
    ("POST", Level::Object, "uploadId", "CompleteMultipartUpload"),
    ("DELETE", Level::Object, "uploadId", "AbortMultipartUpload"),
    ("GET", Level::Object, "uploadId", "ListParts"),
];

fn operation(level: Level, method: &Method, query: &str, headers: &HeaderMap) -> &'static str {
    let parameters = || query.split('&').filter(|parameter| !parameter.is_empty());
    let named = |name: &str| parameters().any(|parameter| decoded(before_value(parameter)) == name);
    let by_parameter = BY_PARAMETER.iter().find(|(of_method, of_level, name, _)| {
        *of_method == method.as_str() && *of_level == level && named(name)
    });
    let is_copy = headers.contains_key("x-amz-copy-source");
    match by_parameter {
        Some((.., "UploadPart")) if is_copy => return "UploadPartCopy",
        Some((.., operation)) => return operation,
        // Subresources come without a value, the parameters of the plain operations with one.
        None if parameters().any(|parameter| !parameter.contains('=')) => return OTHER,
        None => {}
    }
    match (method.as_str(), level) {
        ("GET", Level::Service) => "ListBuckets",
        ("HEAD", Level::Bucket) => "HeadBucket",
        ("GET", Level::Bucket) if parameters().any(|parameter| parameter == "list-type=2") => {
            "ListObjectsV2"
        }
        ("GET", Level::Bucket) => "ListObjects",
        ("PUT", Level::Bucket) => "CreateBucket",
        ("DELETE", Level::Bucket) => "DeleteBucket",
        ("HEAD", Level::Object) => "HeadObject",
        ("GET", Level::Object) => "GetObject",
        ("PUT", Level::Object) if is_copy => "CopyObject",
        ("PUT", Level::Object) => "PutObject",
        ("DELETE", Level::Object) => "DeleteObject",
        _ => OTHER,
    }
}

fn before_value(parameter: &str) -> &str {
    parameter
        .split_once('=')
        .map_or(parameter, |(name, _)| name)
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::*;

    fn target(method: &str, uri: &str) -> RequestTarget {
        let request = Request::builder().method(method).uri(uri);
        RequestTarget::new(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn method_path_and_query_name_the_operation() {
        for (method, uri, operation) in [
            ("GET", "/", "ListBuckets"),
            ("GET", "/?x-id=ListBuckets", "ListBuckets"),
            ("HEAD", "/b", "HeadBucket"),
            ("PUT", "/b/", "CreateBucket"),
            ("DELETE", "/b", "DeleteBucket"),
            ("GET", "/b?location", "GetBucketLocation"),
            ("GET", "/b?location=", "GetBucketLocation"),
            ("GET", "/b?list-type=2&prefix=a%2Flocation", "ListObjectsV2"),
            ("GET", "/b/?prefix=&delimiter=/", "ListObjects"),
            ("POST", "/b?delete", "DeleteObjects"),
            ("PUT", "/b/k?x-id=PutObject", "PutObject"),
            ("GET", "/b/k?partNumber=1", "GetObject"),
            ("HEAD", "/b/location", "HeadObject"),
            ("DELETE", "/b/k", "DeleteObject"),
            ("POST", "/b/k?uploads", "CreateMultipartUpload"),
            ("PUT", "/b/k?partNumber=1&uploadId=x", "UploadPart"),
            ("POST", "/b/k?uploadId=x", "CompleteMultipartUpload"),
            ("PUT", "/b/k?acl", "PutObjectAcl"),
            ("PUT", "/b/k?legal-hold", OTHER),
            ("PATCH", "/b/k", OTHER),
        ] {
            assert_eq!(target(method, uri).operation, operation, "{method} {uri}");
        }
    }

    #[test]
    fn a_source_in_the_headers_makes_it_a_copy() {
        for (uri, operation) in [
            ("/b/k", "CopyObject"),
            ("/b/k?partNumber=1&uploadId=x", "UploadPartCopy"),
        ] {
            let request = Request::put(uri).header("x-amz-copy-source", "b/other");
            let parts = request.body(()).unwrap().into_parts().0;
            assert_eq!(RequestTarget::new(&parts).operation, operation);
        }
    }

    #[test]
    fn the_key_is_decoded_once_and_keeps_its_slashes() {
        let target = target("PUT", "/b/a//dt%3D1/x%20y+z%2525%2F%C3%A9/");
        assert_eq!(target.bucket.as_deref(), Some("b"));
        assert_eq!(target.key, "a//dt=1/x y+z%25/é/");
    }
}
