//! Listings and deletions by the list, and keys that are no paths.

use aws_sdk_s3::types::{Delete, EncodingType, ObjectIdentifier};

use crate::s3::common::{BUCKET, Bench, answer, refused};

const ODD_KEYS: &str = "a|a/b|a/|a//b|/lead|../up|x/../y|.|dt=2026/x|sp ace|per%cent|100%25|plus+|q?a=b&c|\
    häß/東京/🦀|back\\slash|star*|semi;colon|tilde~|quote\"'|<xml>&|.new|.odd/stocks/000001-a";

#[tokio::test]
async fn odd_keys_are_kept_apart_and_come_back_from_listings() {
    let bench = Bench::start();
    let longest = "k/".repeat(512);
    let mut keys: Vec<&str> = ODD_KEYS.split('|').chain([longest.as_str()]).collect();
    for key in &keys {
        bench.put(key, *key).send().await.unwrap();
    }
    keys.sort_unstable();
    assert_eq!(bench.s3.keys(BUCKET), keys);
    let listed = bench.list().send().await.unwrap();
    let listed: Vec<&str> = listed
        .contents()
        .iter()
        .filter_map(|object| object.key())
        .collect();
    assert_eq!(listed, keys);
    for key in keys {
        assert_eq!(bench.body(key).await, key.as_bytes(), "{key}");
        let delete = bench.client.delete_object().bucket(BUCKET).key(key);
        delete.send().await.unwrap();
    }
    assert!(bench.s3.keys(BUCKET).is_empty());
    let too_long = bench.put(&"k".repeat(1025), "").send();
    assert_eq!(refused(too_long).await, answer(400, "KeyTooLongError"));
}

#[tokio::test]
async fn a_deletion_by_the_list_deletes_what_is_there_and_reports_all() {
    let bench = Bench::start();
    bench.s3.put(BUCKET, "a", b"", &[]).unwrap();
    bench.s3.put(BUCKET, "c", b"", &[]).unwrap();
    let object = |key: &str| ObjectIdentifier::builder().key(key).build().unwrap();
    let delete = Delete::builder().objects(object("a")).objects(object("b"));
    let request = bench.client.delete_objects().bucket(BUCKET);
    let done = request
        .delete(delete.build().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(done.deleted().len(), 2);
    assert_eq!(bench.s3.keys(BUCKET), ["c"]);
}

#[tokio::test]
async fn a_listing_of_many_keys_gives_each_once_and_in_order() {
    let bench = Bench::start();
    let expected: Vec<String> = (0..20_500).map(|n| format!("t/{n:08}.json")).collect();
    for key in &expected {
        bench.s3.put(BUCKET, key, b"{}\n", &[]).unwrap();
    }
    let mut pages = bench.list().prefix("t/").into_paginator().send();
    let mut listed = Vec::new();
    while let Some(page) = pages.next().await {
        listed.extend(page.unwrap().contents.unwrap_or_default());
    }
    let listed: Vec<&str> = listed.iter().filter_map(|object| object.key()).collect();
    assert!(listed == expected, "{} keys listed", listed.len());
    assert_eq!(bench.s3.requests("ListObjectsV2"), 21);
    let last = bench
        .list()
        .start_after(&expected[20_498])
        .send()
        .await
        .unwrap();
    assert_eq!(last.contents().len(), 1);
}

#[tokio::test]
async fn folders_are_rolled_up_over_pages() {
    let bench = Bench::start();
    for n in 0..210 {
        let key = format!("t/dt=2026-11-{:02}/{n}", n / 10);
        bench.s3.put(BUCKET, &key, b"", &[]).unwrap();
    }
    let folders = || bench.list().prefix("t/").delimiter("/");
    let first = folders().max_keys(20).send().await.unwrap();
    assert_eq!(
        (first.common_prefixes().len(), first.is_truncated()),
        (20, Some(true))
    );
    let token = first.next_continuation_token().unwrap();
    let second = folders().continuation_token(token).send().await.unwrap();
    assert_eq!(
        (second.common_prefixes().len(), second.is_truncated()),
        (1, Some(false))
    );
    let foreign = bench.list().continuation_token("zz").send();
    assert_eq!(refused(foreign).await, answer(400, "InvalidArgument"));
}

#[tokio::test]
async fn listings_of_version_1_and_url_encoded_ones_work() {
    let bench = Bench::start();
    for key in ["a b", "a=b", "c/1", "c/2"] {
        bench.s3.put(BUCKET, key, b"", &[]).unwrap();
    }
    let list = || bench.client.list_objects().bucket(BUCKET).delimiter("/");
    let first = list().max_keys(2).send().await.unwrap();
    assert_eq!(first.next_marker(), Some("a=b"));
    let second = list().marker("a=b").send().await.unwrap();
    assert_eq!(second.common_prefixes()[0].prefix(), Some("c/"));
    let url = bench
        .list()
        .encoding_type(EncodingType::Url)
        .send()
        .await
        .unwrap();
    assert_eq!(url.contents()[1].key(), Some("a%3Db"));
}
