//! Buckets, credentials, and the directory behind the server.

use sandbox::S3;

use crate::s3::common::{BUCKET, Bench, answer, client, refused};

#[tokio::test]
async fn a_bucket_that_does_not_exist_is_called_so_everywhere() {
    let Bench {
        client, s3: _s3, ..
    } = Bench::start();
    let missing = answer(404, "NoSuchBucket");
    let none = "no-such-bucket";
    let get = client.get_object().bucket(none).key("k");
    assert_eq!(refused(get.send()).await, missing);
    let put = client.put_object().bucket(none).key("k");
    assert_eq!(refused(put.send()).await, missing);
    let delete = client.delete_object().bucket(none).key("k");
    assert_eq!(refused(delete.send()).await, missing);
    let list = client.list_objects_v2().bucket(none);
    assert_eq!(refused(list.send()).await, missing);
    let list = client.list_objects().bucket(none);
    assert_eq!(refused(list.send()).await, missing);
    let location = client.get_bucket_location().bucket(none);
    assert_eq!(refused(location.send()).await, missing);
    let delete = client.delete_bucket().bucket(none);
    assert_eq!(refused(delete.send()).await, missing);
    // An answer to HEAD has no body to name the code in.
    let head = client.head_bucket().bucket(none);
    assert_eq!(refused(head.send()).await.0, 404);
    let head = client.head_object().bucket(none).key("k");
    assert_eq!(refused(head.send()).await.0, 404);
}

#[tokio::test]
async fn an_object_that_does_not_exist_is_called_so() {
    let bench = Bench::start();
    assert_eq!(
        refused(bench.get("k").send()).await,
        answer(404, "NoSuchKey")
    );
    let head = bench.head("k").send().await.unwrap_err();
    assert!(head.into_service_error().is_not_found());
}

#[tokio::test]
async fn buckets_are_created_once_listed_and_deleted_when_empty() {
    let Bench { client, s3, .. } = Bench::start();
    let create = client.create_bucket().bucket("second");
    create.clone().send().await.unwrap();
    assert_eq!(
        refused(create.send()).await,
        answer(409, "BucketAlreadyOwnedByYou")
    );
    let listed = client.list_buckets().send().await.unwrap();
    let listed: Vec<&str> = listed
        .buckets()
        .iter()
        .filter_map(|bucket| bucket.name())
        .collect();
    assert_eq!(listed, ["second", BUCKET]);
    let head = client.head_bucket().bucket("second").send().await.unwrap();
    assert_eq!(head.bucket_region(), Some("us-east-1"));
    let location = client.get_bucket_location().bucket("second");
    let location = location.send().await.unwrap();
    // The first region has no name here, which the SDK reads as an empty one.
    let name = location.location_constraint().map(|name| name.as_str());
    assert_eq!(name.unwrap_or_default(), "");
    s3.put("second", "k", b"", &[]).unwrap();
    let delete = client.delete_bucket().bucket("second");
    assert_eq!(
        refused(delete.clone().send()).await,
        answer(409, "BucketNotEmpty")
    );
    s3.empty("second").unwrap();
    delete.send().await.unwrap();
    let wrong = s3.create_bucket("Not_A_Name").unwrap_err().to_string();
    assert!(wrong.starts_with("InvalidBucketName"), "{wrong}");
}

#[tokio::test]
async fn a_wrong_secret_and_an_unknown_access_key_are_refused_and_not_counted() {
    let Bench { s3, .. } = Bench::start();
    for (key, secret, code) in [
        ("test", "guess", "SignatureDoesNotMatch"),
        ("guess", "test", "InvalidAccessKeyId"),
    ] {
        let list = client(&s3.endpoint_url(), key, secret)
            .list_objects_v2()
            .bucket(BUCKET);
        assert_eq!(refused(list.send()).await, answer(403, code));
    }
    assert_eq!(s3.requests("ListObjectsV2"), 0);
}

#[tokio::test]
async fn buckets_of_others_and_of_other_regions_answer_like_aws() {
    for bench in Bench::both() {
        match &bench.relay {
            Some(relay) => {
                relay.refuse_bucket("taken");
                relay.redirect_bucket("far", "eu-west-1");
            }
            None => {
                bench.s3.refuse_bucket("taken");
                bench.s3.redirect_bucket("far", "eu-west-1");
            }
        }
        let head = bench.client.head_bucket().bucket("taken");
        assert_eq!(refused(head.send()).await.0, 403);
        let create = bench.client.create_bucket().bucket("taken");
        assert_eq!(
            refused(create.send()).await,
            answer(409, "BucketAlreadyExists")
        );
        let head = bench.client.head_bucket().bucket("far");
        let head = head.send().await.unwrap_err();
        let response = head.raw_response().unwrap();
        assert_eq!(response.status().as_u16(), 301);
        let region = response.headers().get("x-amz-bucket-region");
        assert_eq!(region, Some("eu-west-1"));
        let list = bench.client.list_objects_v2().bucket("far");
        assert_eq!(refused(list.send()).await, answer(301, "PermanentRedirect"));
    }
}

#[test]
fn the_temporary_directory_goes_with_the_server_and_a_named_one_stays() {
    let s3 = S3::start().unwrap();
    let temporary = s3.directory();
    drop(s3);
    assert!(!temporary.exists());
    let parent = tempfile::tempdir().unwrap();
    let named = parent.path().join("new");
    let any_port = "127.0.0.1:0".parse().unwrap();
    let s3 = S3::start_at(any_port, &named).unwrap();
    s3.create_bucket(BUCKET).unwrap();
    s3.put(BUCKET, "k", b"kept", &[]).unwrap();
    drop(s3);
    assert_eq!(
        std::fs::read(named.join(BUCKET).join("k")).unwrap(),
        b"kept"
    );
    let again = S3::start_at(any_port, &named).err().unwrap();
    assert!(again.to_string().contains("is not empty"), "{again}");
}
