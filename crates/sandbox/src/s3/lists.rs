//! The operations on many objects: listings (both versions) and bulk deletions.
//!
//! It does not find the entries of a page; `listing.rs` does. A continuation token is opaque, and
//! names the last entry of the previous page.

use s3s::{
    S3Result,
    dto::{
        CommonPrefix, Delete, DeleteObjectsOutput, DeletedObject, ETag, EncodingType, Error,
        ListObjectsInput, ListObjectsOutput, ListObjectsV2Input, ListObjectsV2Output, Object,
        ObjectIdentifier, ObjectStorageClass, Timestamp,
    },
    s3_error,
};

use super::{
    listing::{self, ListingEntry, ListingQuery},
    store::{Condition, IndexEntry, ObjectStore},
};

/// The most entries of a page, and keys of a deletion: AWS's limit.
const LARGEST_PAGE: i32 = 1000;

/// A page as S3 writes it.
struct WrittenPage {
    contents: Vec<Object>,
    common_prefixes: Vec<CommonPrefix>,
    next: Option<String>,
}

/// How the client wants keys to be written.
#[derive(Clone, Copy)]
enum KeyEncoding {
    Plain,
    Url,
}

pub(super) fn version_2(
    store: &ObjectStore,
    input: ListObjectsV2Input,
) -> S3Result<ListObjectsV2Output> {
    let max_keys = limit(input.max_keys)?;
    let encoding = KeyEncoding::new(input.encoding_type.as_ref());
    let after = match &input.continuation_token {
        Some(token) => Some(from_token(token)?),
        None => input.start_after.clone(),
    };
    let query = ListingQuery {
        prefix: input.prefix.clone().unwrap_or_default(),
        delimiter: input.delimiter.clone().unwrap_or_default(),
        after,
        limit: usize::try_from(max_keys).unwrap_or(0),
    };
    let page = write(store, &input.bucket, &query, encoding)?;
    let count = page.contents.len() + page.common_prefixes.len();
    Ok(ListObjectsV2Output {
        name: Some(input.bucket),
        prefix: input.prefix.map(|text| encoding.write(&text)),
        delimiter: input.delimiter.map(|text| encoding.write(&text)),
        start_after: input.start_after.map(|text| encoding.write(&text)),
        max_keys: Some(max_keys),
        key_count: i32::try_from(count).ok(),
        is_truncated: Some(page.next.is_some()),
        continuation_token: input.continuation_token,
        next_continuation_token: page.next.map(hex::encode),
        contents: Some(page.contents),
        common_prefixes: Some(page.common_prefixes),
        encoding_type: input.encoding_type,
        ..ListObjectsV2Output::default()
    })
}

pub(super) fn version_1(
    store: &ObjectStore,
    input: ListObjectsInput,
) -> S3Result<ListObjectsOutput> {
    let max_keys = limit(input.max_keys)?;
    let encoding = KeyEncoding::new(input.encoding_type.as_ref());
    let query = ListingQuery {
        prefix: input.prefix.clone().unwrap_or_default(),
        delimiter: input.delimiter.clone().unwrap_or_default(),
        after: input.marker.clone(),
        limit: usize::try_from(max_keys).unwrap_or(0),
    };
    let page = write(store, &input.bucket, &query, encoding)?;
    Ok(ListObjectsOutput {
        name: Some(input.bucket),
        prefix: input.prefix.map(|text| encoding.write(&text)),
        delimiter: input.delimiter.map(|text| encoding.write(&text)),
        marker: input.marker.map(|text| encoding.write(&text)),
        max_keys: Some(max_keys),
        is_truncated: Some(page.next.is_some()),
        next_marker: page.next.map(|text| encoding.write(&text)),
        contents: Some(page.contents),
        common_prefixes: Some(page.common_prefixes),
        encoding_type: input.encoding_type,
        ..ListObjectsOutput::default()
    })
}

pub(super) fn delete(
    store: &ObjectStore,
    bucket: &str,
    delete: Delete,
) -> S3Result<DeleteObjectsOutput> {
    if delete.objects.is_empty() || delete.objects.len() > LARGEST_PAGE as usize {
        return Err(s3_error!(
            MalformedXML,
            "a deletion names 1 to {LARGEST_PAGE} keys"
        ));
    }
    store.bucket(bucket, |_| ())?;
    let (mut deleted, mut errors) = (Vec::new(), Vec::new());
    for object in delete.objects {
        match store.delete(bucket, &object.key, &condition(&object)) {
            Ok(_) => deleted.push(DeletedObject {
                key: Some(object.key),
                ..DeletedObject::default()
            }),
            Err(error) => errors.push(Error {
                key: Some(object.key),
                code: Some(error.code().as_str().to_owned()),
                message: error.message().map(str::to_owned),
                ..Error::default()
            }),
        }
    }
    let quiet = delete.quiet.unwrap_or(false);
    Ok(DeleteObjectsOutput {
        deleted: (!quiet).then_some(deleted),
        errors: Some(errors),
        ..DeleteObjectsOutput::default()
    })
}

/// A deletion of many keys may name the entity tag of each.
fn condition(object: &ObjectIdentifier) -> Condition {
    match &object.e_tag {
        None => Condition::None,
        Some(tag) => Condition::Tagged(tag.value().to_owned()),
    }
}

fn write(
    store: &ObjectStore,
    bucket: &str,
    query: &ListingQuery,
    encoding: KeyEncoding,
) -> S3Result<WrittenPage> {
    store.bucket(bucket, |bucket| {
        let page = listing::page(&bucket.objects, query);
        let (mut contents, mut common_prefixes) = (Vec::new(), Vec::new());
        for entry in page.entries {
            match entry {
                ListingEntry::Object(key, entry) => {
                    contents.push(object(encoding.write(key), entry))
                }
                ListingEntry::Prefix(prefix) => common_prefixes.push(CommonPrefix {
                    prefix: Some(encoding.write(prefix)),
                }),
            }
        }
        WrittenPage {
            contents,
            common_prefixes,
            next: page.next,
        }
    })
}

fn object(key: String, entry: &IndexEntry) -> Object {
    Object {
        key: Some(key),
        size: i64::try_from(entry.len).ok(),
        e_tag: Some(ETag::Strong(entry.etag.clone())),
        last_modified: Some(Timestamp::from(entry.modified)),
        storage_class: Some(ObjectStorageClass::from_static(
            ObjectStorageClass::STANDARD,
        )),
        ..Object::default()
    }
}

fn limit(max_keys: Option<i32>) -> S3Result<i32> {
    match max_keys.unwrap_or(LARGEST_PAGE) {
        negative if negative < 0 => Err(s3_error!(InvalidArgument, "max-keys is negative")),
        limit => Ok(limit.min(LARGEST_PAGE)),
    }
}

fn from_token(token: &str) -> S3Result<String> {
    let decoded = hex::decode(token)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok());
    decoded.ok_or_else(|| s3_error!(InvalidArgument, "the continuation token is not one of ours"))
}

impl KeyEncoding {
    fn new(asked: Option<&EncodingType>) -> Self {
        match asked {
            Some(asked) if asked.as_str() == EncodingType::URL => Self::Url,
            _ => Self::Plain,
        }
    }

    fn write(self, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Url => url_encoded(text),
        }
    }
}

fn url_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' | b'*' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_url_encoded_so_that_either_kind_of_decoder_reads_them() {
        assert_eq!(
            url_encoded("dt=2026/a b+c%é*.json"),
            "dt%3D2026/a%20b%2Bc%25%C3%A9*.json"
        );
    }

    #[test]
    fn a_token_that_is_not_ours_is_refused() {
        assert_eq!(from_token(&hex::encode("a/é")).unwrap(), "a/é");
        assert_eq!(
            from_token("nonsense").unwrap_err().code().as_str(),
            "InvalidArgument"
        );
    }
}
