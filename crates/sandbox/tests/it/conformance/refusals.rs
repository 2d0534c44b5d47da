//! What a server must not take: a second bucket of a name, wrong credentials, damaged bodies.

use aws_sdk_s3::error::ProvideErrorMetadata;
use sandbox::{ACCESS_KEY, SECRET_KEY};

use crate::{
    conformance::place::Place,
    sdk::{answer, client, refused},
};

#[tokio::test]
async fn creating_a_bucket_again_says_that_it_is_ours_and_keeps_what_is_in_it() {
    for place in Place::each().await {
        place.put("k", "kept").send().await.unwrap();
        let again = place.client.create_bucket().bucket(&place.bucket).send();
        // AWS answers 200 in its first region, for old programs' sake.
        if let Err(error) = again.await {
            assert_eq!(error.code(), Some("BucketAlreadyOwnedByYou"), "{error:?}");
            let response = error.raw_response().unwrap();
            assert_eq!(response.status().as_u16(), 409);
        }
        assert_eq!(place.body("k").await, b"kept");
    }
}

#[tokio::test]
async fn a_wrong_secret_and_an_unknown_access_key_are_refused() {
    for place in Place::each().await {
        for (key, secret, answers) in [
            (
                ACCESS_KEY,
                "guess",
                vec![answer(403, "SignatureDoesNotMatch")],
            ),
            // The second is versitygw's answer when it knows only the one key that it was started
            // with.
            (
                "guess",
                SECRET_KEY,
                vec![
                    answer(403, "InvalidAccessKeyId"),
                    answer(404, "XAdminUserNotFound"),
                ],
            ),
        ] {
            let guess = client(&place.endpoint_url, key, secret);
            let list = refused(guess.list_objects_v2().bucket(&place.bucket).send()).await;
            assert!(answers.contains(&list), "{list:?}");
            let put = guess.put_object().bucket(&place.bucket).key("k").send();
            assert_eq!(refused(put).await, list);
            let head = guess.head_bucket().bucket(&place.bucket).send();
            assert_eq!(refused(head).await.0, list.0);
        }
        assert!(place.list().send().await.unwrap().contents().is_empty());
    }
}

#[tokio::test]
async fn a_body_that_is_not_the_one_of_its_checksum_is_refused_and_not_stored() {
    for place in Place::each().await {
        let damaged = || place.put_once("k", "hello");
        for put in [
            damaged().checksum_crc32("AAAAAA=="),
            damaged().content_md5("AAAAAAAAAAAAAAAAAAAAAA=="),
        ] {
            assert_eq!(refused(put.send()).await, answer(400, "BadDigest"));
            assert!(place.list().send().await.unwrap().contents().is_empty());
        }
        let whole = damaged()
            .checksum_crc32("NhCmhg==")
            .content_md5("XUFAKrxLKna5cZ2REBfFkg==");
        whole.send().await.unwrap();
        assert_eq!(place.body("k").await, b"hello");
    }
}
