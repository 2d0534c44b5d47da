//! What the store is told about how to keep an object: the headers as they arrive.

use aws_sdk_s3::{Client, config::RequestChecksumCalculation};

use super::server::{Server, answer};
use crate::{
    bucket::Bucket,
    client,
    object_options::{ObjectFlags, ObjectOptions},
};

const DATA: &str = "stock-market/json/dt=2026-11-30/00000-00000000000000000000.json";
const CONTROL: &str = "_control/stock-market/json/zone.json";

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// The bucket with the checksums of the product's client.
fn product_bucket(server: &Server, owner: Option<&str>) -> Bucket {
    let config = server.bucket().client.config().to_builder();
    let config = config.request_checksum_calculation(RequestChecksumCalculation::WhenRequired);
    let config = client::for_owner(config, owner);
    Bucket::new(Client::from_conf(config.build()), "b")
}

/// The headers of one PUT that ours could be among.
async fn sent(flags: ObjectFlags, key: &str) -> Vec<String> {
    let server = Server::start(|_| answer("200 OK", &["ETag: \"tag\""], ""));
    let options = ObjectOptions::new(&flags).unwrap();
    let bucket = product_bucket(&server, None).with_options(options);
    bucket.create(key, "123456789", &[]).await;
    let ours = [
        "x-amz-server-side",
        "x-amz-storage",
        "x-amz-tagging",
        "x-amz-checksum",
        "x-amz-sdk-checksum",
        "content-md5",
    ];
    let mut requests = server.requests();
    let mut headers = requests.remove(0).headers;
    headers.retain(|header| ours.iter().any(|begin| header.starts_with(begin)));
    headers.sort_unstable();
    headers
}

#[tokio::test]
async fn encryption_is_for_all_objects_and_class_and_tags_are_for_data() {
    let flags = ObjectFlags {
        sse: some("aws:kms"),
        sse_kms_key_id: some("alias/market"),
        storage_class: some("INTELLIGENT_TIERING"),
        object_tags: some("team=market data&stage=test"),
        checksum: some("none"),
    };
    let encryption = [
        "x-amz-server-side-encryption-aws-kms-key-id: alias/market",
        "x-amz-server-side-encryption-bucket-key-enabled: true",
        "x-amz-server-side-encryption: aws:kms",
    ];
    assert_eq!(sent(flags.clone(), CONTROL).await, encryption);
    let class = "x-amz-storage-class: INTELLIGENT_TIERING";
    let tags = "x-amz-tagging: team=market%20data&stage=test";
    let all = [&encryption[..], &[class, tags]].concat();
    assert_eq!(sent(flags, DATA).await, all);
    let own_keys = ObjectFlags {
        sse: some("AES256"),
        ..ObjectFlags::default()
    };
    let expected = ["x-amz-server-side-encryption: AES256"];
    assert_eq!(sent(own_keys, DATA).await, expected);
}

#[tokio::test]
async fn a_checksum_goes_in_a_header_and_none_goes_unasked() {
    assert_eq!(sent(ObjectFlags::default(), DATA).await, [""; 0]);
    // Check values of "123456789" in the catalogue of parametrised CRC algorithms, in base64; the
    // others by `openssl dgst`.
    for (name, header) in [
        ("crc32", "x-amz-checksum-crc32: y/Q5Jg=="),
        ("crc32c", "x-amz-checksum-crc32c: 4waSgw=="),
        ("crc64nvme", "x-amz-checksum-crc64nvme: rosUhgp5mIg="),
        (
            "sha256",
            "x-amz-checksum-sha256: FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=",
        ),
        ("md5", "content-md5: JfnnlDI7RTiF9RgfG2JNCw=="),
    ] {
        let flags = ObjectFlags {
            checksum: some(name),
            ..ObjectFlags::default()
        };
        assert_eq!(sent(flags, DATA).await, [header], "{name}");
    }
}

#[tokio::test]
async fn each_request_says_whose_bucket_it_must_be() {
    let server = Server::start(|_| answer("200 OK", &["ETag: \"tag\""], "<ListBucketResult/>"));
    let bucket = product_bucket(&server, Some("123456789012"));
    bucket.create(DATA, "x", &[]).await;
    bucket.read(DATA).await.ok();
    bucket.first_key("stock-market/").await.ok();
    bucket.remove_unchanged(DATA, "\"tag\"").await.ok();
    let requests = server.requests();
    for method in ["PUT ", "GET ", "DELETE "] {
        let is_there = requests
            .iter()
            .any(|request| request.line.starts_with(method));
        assert!(is_there, "{method}");
    }
    assert!(requests.len() >= 4);
    let owner = "x-amz-expected-bucket-owner: 123456789012".to_owned();
    for request in &requests {
        assert!(request.headers.contains(&owner), "{}", request.line);
        let signed = |header: &&String| header.starts_with("authorization:");
        let signed = request.headers.iter().find(signed).unwrap();
        assert!(signed.contains("x-amz-expected-bucket-owner"), "{signed}");
    }
}
