//! Conditional writes and reads: exactly one of many writers wins.

use crate::s3::common::{BUCKET, Bench, answer, refused};

#[tokio::test]
async fn of_32_writers_with_if_none_match_exactly_one_wins() {
    let bench = Bench::start();
    for round in 0..50 {
        let key = format!("race/{round}");
        let start = |writer: u32| {
            let put = bench.put(&key, writer.to_string()).if_none_match("*");
            tokio::spawn(async move { (writer, put.send().await) })
        };
        let writers: Vec<_> = (0..32).map(start).collect();
        let mut winners = Vec::new();
        for writer in writers {
            match writer.await.unwrap() {
                (writer, Ok(_)) => winners.push(writer.to_string().into_bytes()),
                (_, lost) => assert_eq!(
                    refused(std::future::ready(lost)).await,
                    answer(412, "PreconditionFailed")
                ),
            }
        }
        assert_eq!(winners.len(), 1, "round {round}");
        assert_eq!(bench.stored(&key).unwrap(), winners[0]);
    }
}

#[tokio::test]
async fn conditions_compare_the_entity_tag() {
    let bench = Bench::start();
    bench.s3.put(BUCKET, "k", b"one", &[]).unwrap();
    let tag = format!("\"{}\"", bench.s3.object(BUCKET, "k").unwrap().etag);
    let other = "\"other\"";
    assert!(bench.get("k").if_match(&tag).send().await.is_ok());
    assert_eq!(refused(bench.get("k").if_match(other).send()).await.0, 412);
    assert_eq!(
        refused(bench.head("k").if_none_match(&tag).send()).await.0,
        304
    );
    assert!(bench.head("k").if_none_match(other).send().await.is_ok());
    assert!(bench.put("k", "two").if_match(&tag).send().await.is_ok());
    assert_eq!(
        refused(bench.put("k", "").if_match(other).send()).await.0,
        412
    );
    let none = bench.put("none", "").if_match(&tag).send();
    assert_eq!(refused(none).await, answer(404, "NoSuchKey"));
    let not_in_s3 = bench.put("k", "").if_none_match(&tag).send();
    assert_eq!(refused(not_in_s3).await, answer(501, "NotImplemented"));
    assert_eq!(bench.stored("k").unwrap(), b"two");
}

#[tokio::test]
async fn a_store_told_to_ignore_conditions_overwrites() {
    let bench = Bench::start();
    bench.s3.put(BUCKET, "k", b"old", &[]).unwrap();
    bench.s3.ignore_conditions(true);
    bench
        .put("k", "new")
        .if_none_match("*")
        .send()
        .await
        .unwrap();
    assert_eq!(bench.stored("k").unwrap(), b"new");
}

#[tokio::test]
async fn a_deletion_compares_the_entity_tag() {
    let bench = Bench::start();
    bench.s3.put(BUCKET, "k", b"one", &[]).unwrap();
    let tag = format!("\"{}\"", bench.s3.object(BUCKET, "k").unwrap().etag);
    let delete = |key: &str, tag: &str| {
        let delete = bench.client.delete_object().bucket(BUCKET).key(key);
        delete.if_match(tag).send()
    };
    assert_eq!(refused(delete("k", "\"other\"")).await.0, 412);
    assert_eq!(bench.stored("k").unwrap(), b"one");
    assert_eq!(refused(delete("none", &tag)).await.0, 404);
    delete("k", &tag).await.unwrap();
    assert_eq!(bench.stored("k"), None);
}
