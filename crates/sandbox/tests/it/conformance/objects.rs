//! Bodies, metadata and types come back as they were sent; what is not there is called so.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
    },
};

use aws_sdk_s3::{
    config::{
        ConfigBag, Intercept, RuntimeComponents,
        interceptors::BeforeDeserializationInterceptorContextRef,
    },
    error::BoxError,
};

use crate::{
    conformance::place::{Place, new_name},
    sdk::{answer, refused},
};

#[tokio::test]
async fn user_metadata_comes_back_with_lower_case_names_and_the_same_values() {
    for place in Place::each().await {
        let sent = [
            ("Zone", "stock-market/json"),
            ("offset", "00000000000000000042"),
            ("sha256", "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c"),
            ("Time-Stamp", "-1"),
            ("text", "a=b; c,d/e%20f+g \"h\" <i>&amp; ~"),
        ];
        let mut put = place.put("k", "{}\n");
        for (name, value) in sent {
            put = put.metadata(name, value);
        }
        put.send().await.unwrap();
        let expected: HashMap<String, String> = sent
            .into_iter()
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        let head = place.head("k").send().await.unwrap();
        assert_eq!(head.metadata(), Some(&expected));
        let got = place.get("k").send().await.unwrap();
        assert_eq!(got.metadata(), Some(&expected));
    }
}

#[tokio::test]
async fn content_type_encoding_and_length_are_kept() {
    for place in Place::each().await {
        for (key, content_type, encoding) in [
            ("json", "application/json", None),
            ("gz", "application/x-ndjson", Some("gzip")),
            ("parquet", "application/vnd.apache.parquet", None),
        ] {
            let put = place.put(key, "{\"a\":1}\n").content_type(content_type);
            let put = put.set_content_encoding(encoding.map(str::to_owned));
            put.send().await.unwrap();
            let head = place.head(key).send().await.unwrap();
            assert_eq!(head.content_type(), Some(content_type));
            assert_eq!(head.content_encoding(), encoding);
            assert_eq!(head.content_length(), Some(8));
            let got = place.get(key).send().await.unwrap();
            assert_eq!(got.content_type(), Some(content_type));
            assert_eq!(got.content_encoding(), encoding);
            assert_eq!(got.content_length(), Some(8));
        }
    }
}

#[tokio::test]
async fn an_empty_and_a_large_body_come_back_whole() {
    for place in Place::each().await {
        // No part of it is like another, and its length is no round number.
        let mut random = fastrand::Rng::with_seed(8);
        let mut large = vec![0; 8 * 1024 * 1024 + 12_345];
        random.fill(&mut large);
        for body in [Vec::new(), large] {
            place.put_once("k", body.clone()).send().await.unwrap();
            let head = place.head("k").send().await.unwrap();
            assert_eq!(head.content_length(), i64::try_from(body.len()).ok());
            assert!(place.body("k").await == body, "{} bytes", body.len());
            place.delete("k").await;
        }
    }
}

#[tokio::test]
async fn keys_with_special_characters_are_kept_apart() {
    for place in Place::each().await {
        let keys = [
            "t/dt=2026-11-21/00003-00000000000000000042.json",
            "t/a b",
            "t/a+b",
            "t/a%20b",
            "t/a%2520b",
            "t/a%2Bb",
            "t/A B",
            "t/q?x=1&y=2#z",
            "t/é",
            "t/e\u{301}",
            "t/東京/🦀",
        ];
        for key in keys {
            place.put_once(key, key).send().await.unwrap();
        }
        for key in keys {
            assert_eq!(place.body(key).await, key.as_bytes(), "{key}");
        }
    }
}

#[tokio::test]
async fn what_is_not_there_is_called_so() {
    for place in Place::each().await {
        place.put("k", "").send().await.unwrap();
        place.delete("k").await;
        for key in ["k", "never/there"] {
            let get = place.get(key).send();
            assert_eq!(refused(get).await, answer(404, "NoSuchKey"));
            // An answer to HEAD has no body to name the code in.
            let head = place.head(key).send();
            assert_eq!(refused(head).await, answer(404, "NotFound"));
        }
        let (client, none) = (&place.client, new_name());
        let head = client.head_bucket().bucket(&none).send();
        assert_eq!(refused(head).await, answer(404, "NotFound"));
        let head = client.head_object().bucket(&none).key("k").send();
        assert_eq!(refused(head).await, answer(404, "NotFound"));
        let missing = answer(404, "NoSuchBucket");
        let get = client.get_object().bucket(&none).key("k").send();
        assert_eq!(refused(get).await, missing);
        let put = client.put_object().bucket(&none).key("k").send();
        assert_eq!(refused(put).await, missing);
        let list = client.list_objects_v2().bucket(&none).send();
        assert_eq!(refused(list).await, missing);
    }
}

#[tokio::test]
async fn a_deletion_is_answered_204_whether_the_key_was_there_or_not() {
    for place in Place::each().await {
        place.put("there", "").send().await.unwrap();
        for key in ["there", "never/there"] {
            let status = Status::default();
            let delete = place.client.delete_object().bucket(&place.bucket).key(key);
            let delete = delete.customize().interceptor(status.clone());
            delete.send().await.unwrap();
            assert_eq!(status.0.load(Ordering::Relaxed), 204, "{key}");
        }
        assert!(place.list().send().await.unwrap().contents().is_empty());
    }
}

/// Notes the status of an answer, which the SDK shows for refusals only.
#[derive(Clone, Debug, Default)]
struct Status(Arc<AtomicU16>);

impl Intercept for Status {
    fn name(&self) -> &'static str {
        "status"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let status = context.response().status().as_u16();
        self.0.store(status, Ordering::Relaxed);
        Ok(())
    }
}
