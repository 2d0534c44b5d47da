//! What a relay passes on, and what it calls it. Its faults are tested with those of the server.

use std::net::TcpListener;

use aws_sdk_s3::{
    error::SdkError,
    types::{Delete, ObjectIdentifier},
};
use sandbox::{ACCESS_KEY, Fault, Relay, Rule};

use crate::s3::common::{BUCKET, Bench, answer, body, client, refused};

#[tokio::test]
async fn the_server_behind_it_checks_the_signature_over_the_host_that_the_client_named() {
    let bench = Bench::behind_a_relay();
    let relay = bench.relay.as_ref().unwrap();
    // The sandbox computes the signature over the `Host` it gets; had the relay put the server's
    // own there, this failed.
    assert_ne!(relay.endpoint_url(), bench.s3.endpoint_url());
    bench.put("k", "signed").send().await.unwrap();
    let guess = client(&relay.endpoint_url(), ACCESS_KEY, "guess");
    let put = guess.put_object().bucket(BUCKET).key("k");
    assert_eq!(
        refused(put.send()).await,
        answer(403, "SignatureDoesNotMatch")
    );
    assert_eq!(bench.stored("k").unwrap(), b"signed");
}

#[tokio::test]
async fn keys_arrive_as_they_are_and_rules_see_them_decoded() {
    let bench = Bench::behind_a_relay();
    let keys = [
        "t/dt=2026-11-21/00003-1.json",
        "sp ace/per%cent/100%25/plus+",
        "q?a=b&c#d",
        "a//b/",
        "häß/東京/🦀",
    ];
    for key in keys {
        let rule = Rule::on("PutObject", Fault::SlowDown).with_key(key);
        let rule = bench.faults().install(rule);
        assert_eq!(refused(bench.put(key, key).send()).await.0, 503);
        assert_eq!(bench.faults().hits(rule), 1, "{key}");
        bench.put(key, key).send().await.unwrap();
        assert_eq!(bench.body(key).await, key.as_bytes());
    }
    let mut sorted = keys.to_vec();
    sorted.sort_unstable();
    assert_eq!(bench.s3.keys(BUCKET), sorted);
    let list = bench.list().prefix("sp ace/per%").send().await.unwrap();
    assert_eq!(list.contents()[0].key(), Some(keys[1]));
}

#[tokio::test]
async fn a_hundred_parallel_writes_all_arrive() {
    let bench = Bench::behind_a_relay();
    let put = |n: u32| tokio::spawn(bench.put(&format!("k{n}"), n.to_string()).send());
    let puts: Vec<_> = (0..100).map(put).collect();
    for put in puts {
        put.await.unwrap().unwrap();
    }
    for n in 0..100 {
        let stored = bench.stored(&format!("k{n}"));
        assert_eq!(stored.unwrap(), n.to_string().as_bytes());
    }
    assert_eq!(bench.relay.unwrap().requests("PutObject"), 100);
}

#[tokio::test]
async fn large_bodies_ranges_and_heads_pass_unchanged() {
    let bench = Bench::behind_a_relay();
    let large: Vec<u8> = (0..20_000_000_u32).map(|n| (n % 251) as u8).collect();
    let put = bench.put("large", large.clone()).metadata("Offset", "7");
    put.content_type("text/csv").send().await.unwrap();
    assert!(bench.body("large").await == large);
    let range = bench.get("large").range("bytes=250-252");
    assert_eq!(body(range).await, [250, 0, 1]);
    let head = bench.head("large").send().await.unwrap();
    assert_eq!(head.content_length(), Some(20_000_000));
    assert_eq!(head.content_type(), Some("text/csv"));
    assert_eq!(head.metadata().unwrap()["offset"], "7");
}

/// What the sandbox knows, and one operation that it refuses.
const OPERATIONS: [&str; 14] = [
    "ListBuckets",
    "CreateBucket",
    "HeadBucket",
    "GetBucketLocation",
    "DeleteBucket",
    "PutObject",
    "GetObject",
    "HeadObject",
    "CopyObject",
    "ListObjectsV2",
    "ListObjects",
    "DeleteObject",
    "DeleteObjects",
    "CreateMultipartUpload",
];

#[tokio::test]
async fn each_operation_has_the_name_that_the_server_gives_it() {
    let bench = Bench::behind_a_relay();
    let client = &bench.client;
    client.list_buckets().send().await.unwrap();
    let second = "second";
    client.create_bucket().bucket(second).send().await.unwrap();
    client.head_bucket().bucket(second).send().await.unwrap();
    let location = client.get_bucket_location().bucket(second);
    location.send().await.unwrap();
    client.delete_bucket().bucket(second).send().await.unwrap();
    bench.put("k", "body").send().await.unwrap();
    bench.get("k").send().await.unwrap();
    bench.head("k").send().await.unwrap();
    let copy = client.copy_object().bucket(BUCKET).key("copy");
    copy.copy_source("stocks/k").send().await.unwrap();
    bench.list().delimiter("/").send().await.unwrap();
    client.list_objects().bucket(BUCKET).send().await.unwrap();
    let delete = client.delete_object().bucket(BUCKET).key("k");
    delete.send().await.unwrap();
    let copy = ObjectIdentifier::builder().key("copy").build().unwrap();
    let delete = Delete::builder().objects(copy).build().unwrap();
    let delete = client.delete_objects().bucket(BUCKET).delete(delete);
    delete.send().await.unwrap();
    let multipart = client.create_multipart_upload().bucket(BUCKET).key("k");
    assert_eq!(refused(multipart.send()).await.0, 501);

    let relay = bench.relay.unwrap();
    for operation in OPERATIONS {
        assert_eq!(relay.requests(operation), 1, "{operation} at the relay");
        assert_eq!(bench.s3.requests(operation), 1, "{operation} at the server");
    }
}

#[tokio::test]
async fn when_the_server_is_gone_there_is_no_answer() {
    let Bench {
        client, relay, s3, ..
    } = Bench::behind_a_relay();
    let head = || client.head_bucket().bucket(BUCKET).send();
    head().await.unwrap();
    drop(s3);
    let sent = head().await;
    assert!(matches!(
        sent,
        Err(SdkError::DispatchFailure(_) | SdkError::ResponseError(_))
    ));
    assert_eq!(relay.unwrap().requests("HeadBucket"), 2);
}

#[tokio::test]
async fn a_relay_that_is_dropped_is_gone_at_once() {
    let bench = Bench::behind_a_relay();
    let relay = bench.relay.unwrap();
    let address = relay.endpoint_url().replace("http://", "");
    assert!(TcpListener::bind(&address).is_err());
    drop(relay);
    assert!(TcpListener::bind(&address).is_ok(), "{address} is taken");
    bench.s3.put(BUCKET, "k", b"the server stays", &[]).unwrap();
}

#[test]
fn what_cannot_be_relayed_is_refused_at_the_start() {
    let refused = |endpoint_url: &str| Relay::start(endpoint_url).err().unwrap().to_string();
    for wrong in [
        "https://127.0.0.1:4566",
        "127.0.0.1:4566",
        "http://127.0.0.1:4566/path",
        "http://user:hunter2@127.0.0.1:4566",
        "not a url",
        "",
    ] {
        let error = refused(wrong);
        assert!(error.contains("must look like"), "{wrong}: {error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
    // Port 1 is below those that are given out, so nothing of this machine's tests is there.
    let error = refused("http://127.0.0.1:1");
    assert!(error.contains("nothing listens at 127.0.0.1:1:"), "{error}");
}
