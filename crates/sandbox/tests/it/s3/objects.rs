//! Bodies, metadata, ranges, checksums and copies of objects.

use std::collections::BTreeMap;

use aws_sdk_s3::types::{ChecksumAlgorithm, MetadataDirective};

use crate::s3::common::{BUCKET, Bench, answer, body, refused};

#[tokio::test]
async fn an_object_comes_back_with_its_body_metadata_and_types() {
    let bench = Bench::start();
    let key = "t/dt=2026-11-21/0.json.gz";
    let put = bench.put(key, "{}\n").metadata("Offset", "7");
    let put = put
        .content_type("application/json")
        .content_encoding("gzip");
    put.send().await.unwrap();
    let got = bench.get(key).send().await.unwrap();
    assert_eq!(got.content_type(), Some("application/json"));
    assert_eq!(got.content_encoding(), Some("gzip"));
    assert_eq!(got.metadata().unwrap()["offset"], "7");
    assert_eq!(got.body.collect().await.unwrap().to_vec(), b"{}\n");
    let object = bench.s3.object(BUCKET, key).unwrap();
    let metadata = BTreeMap::from([("offset".to_owned(), "7".to_owned())]);
    assert_eq!(object.metadata, metadata);
    let head = bench.head(key).send().await.unwrap();
    assert_eq!(head.content_length(), Some(3));
    assert_eq!(head.e_tag(), Some(format!("\"{}\"", object.etag).as_str()));
    assert_eq!(bench.s3.requests("PutObject"), 1);
    let file = bench.s3.directory().join(BUCKET).join(key);
    assert_eq!(std::fs::read(file).unwrap(), b"{}\n");
}

#[tokio::test]
async fn a_range_is_cut_out_and_one_beyond_the_end_is_refused() {
    let bench = Bench::start();
    bench.s3.put(BUCKET, "k", b"0123456789", &[]).unwrap();
    let get = |range: &str| bench.get("k").range(format!("bytes={range}"));
    for (range, part) in [
        ("2-4", "234"),
        ("8-", "89"),
        ("-3", "789"),
        ("5-99", "56789"),
    ] {
        assert_eq!(body(get(range)).await, part.as_bytes(), "{range}");
    }
    let got = get("2-4").send().await.unwrap();
    assert_eq!(got.content_range(), Some("bytes 2-4/10"));
    assert_eq!(
        refused(get("10-").send()).await,
        answer(416, "InvalidRange")
    );
}

#[tokio::test]
async fn each_kind_of_checksum_is_accepted_when_right() {
    let bench = Bench::start();
    for algorithm in [
        ChecksumAlgorithm::Crc32,
        ChecksumAlgorithm::Crc32C,
        ChecksumAlgorithm::Crc64Nvme,
        ChecksumAlgorithm::Sha1,
        ChecksumAlgorithm::Sha256,
    ] {
        let key = algorithm.as_str();
        let put = bench
            .put(key, "hello")
            .checksum_algorithm(algorithm.clone());
        put.send().await.unwrap();
        assert_eq!(bench.body(key).await, b"hello", "{key}");
    }
}

#[tokio::test]
async fn a_body_with_a_wrong_checksum_is_refused_and_not_visible() {
    let bench = Bench::start();
    let put = || bench.put("k", "hello");
    for wrong in [
        put().checksum_crc32("AAAAAA=="),
        put().checksum_crc32_c("AAAAAA=="),
        put().checksum_crc64_nvme("AAAAAAAAAAA="),
        put().checksum_sha1("AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
        put().checksum_sha256("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
        put().content_md5("AAAAAAAAAAAAAAAAAAAAAA=="),
    ] {
        assert_eq!(refused(wrong.send()).await, answer(400, "BadDigest"));
        assert_eq!(bench.stored("k"), None);
    }
}

#[tokio::test]
async fn copies_carry_the_metadata_or_replace_it() {
    let bench = Bench::start();
    bench
        .s3
        .put(BUCKET, "from me", b"body", &[("a", "1")])
        .unwrap();
    let copy = |from: &str, to: &str| {
        let copy = bench.client.copy_object().bucket(BUCKET).key(to);
        copy.copy_source(format!("{BUCKET}/{from}"))
    };
    copy("from%20me", "same").send().await.unwrap();
    assert_eq!(bench.s3.object(BUCKET, "same").unwrap().metadata["a"], "1");
    let replace = copy("from%20me", "other").metadata("b", "2");
    let replace = replace.metadata_directive(MetadataDirective::Replace);
    replace.send().await.unwrap();
    let other = bench.s3.object(BUCKET, "other").unwrap();
    assert_eq!(other.body, b"body");
    assert_eq!(other.metadata.into_keys().collect::<Vec<_>>(), ["b"]);
    let missing = copy("none", "k").send();
    assert_eq!(refused(missing).await, answer(404, "NoSuchKey"));
}

#[tokio::test]
async fn more_metadata_than_aws_takes_and_multipart_uploads_are_refused() {
    let bench = Bench::start();
    let put = bench.put("k", "").metadata("m", "x".repeat(2048));
    assert_eq!(refused(put.send()).await, answer(400, "MetadataTooLarge"));
    let multipart = bench.client.create_multipart_upload().bucket(BUCKET);
    let multipart = multipart.key("k").send();
    assert_eq!(refused(multipart).await, answer(501, "NotImplemented"));
}

#[tokio::test]
async fn an_empty_and_a_large_body_are_stored_whole() {
    let bench = Bench::start();
    bench.put("empty", "").send().await.unwrap();
    assert_eq!(bench.body("empty").await, b"");
    let large: Vec<u8> = (0..20_000_000_u32).map(|n| (n % 251) as u8).collect();
    bench.put("large", large.clone()).send().await.unwrap();
    assert!(bench.body("large").await == large);
    bench.put("large", "small").send().await.unwrap();
    assert_eq!(bench.body("large").await, b"small");
}
