//! Conditional writes: what makes a record land once.

use crate::{
    conformance::place::Place,
    sdk::{answer, refused},
};

#[tokio::test]
async fn of_32_writers_of_a_key_one_wins_and_the_others_are_refused() {
    for place in Place::each().await {
        for round in 0..20 {
            let key = format!("race/{round}");
            let start = |writer: u32| {
                let put = place.put_once(&key, format!("by writer {writer}"));
                tokio::spawn(async move { (writer, put.send().await) })
            };
            let writers: Vec<_> = (0..32).map(start).collect();
            let mut winners = Vec::new();
            for writer in writers {
                match writer.await.unwrap() {
                    (writer, Ok(_)) => winners.push(format!("by writer {writer}")),
                    (_, lost) => assert_eq!(
                        refused(std::future::ready(lost)).await,
                        answer(412, "PreconditionFailed")
                    ),
                }
            }
            assert_eq!(winners.len(), 1, "round {round}");
            assert_eq!(place.body(&key).await, winners[0].as_bytes());
        }
    }
}

#[tokio::test]
async fn a_refused_write_leaves_body_metadata_and_type_as_they_were() {
    for place in Place::each().await {
        let first = place.put_once("k", "first").metadata("offset", "1");
        let first = first.content_type("application/json");
        first.send().await.unwrap();
        let second = place
            .put_once("k", "second, and longer")
            .metadata("offset", "2");
        let second = second.content_type("text/csv").send();
        assert_eq!(refused(second).await, answer(412, "PreconditionFailed"));
        let got = place.get("k").send().await.unwrap();
        assert_eq!(got.metadata().unwrap()["offset"], "1");
        assert_eq!(got.content_type(), Some("application/json"));
        assert_eq!(got.body.collect().await.unwrap().to_vec(), b"first");
        let head = place.head("k").send().await.unwrap();
        assert_eq!(head.content_length(), Some(5));
        assert_eq!(head.metadata().unwrap()["offset"], "1");
    }
}

#[tokio::test]
async fn after_a_deletion_a_key_can_be_written_once_again() {
    for place in Place::each().await {
        place.put_once("k", "first").send().await.unwrap();
        place.delete("k").await;
        place.put_once("k", "second").send().await.unwrap();
        let third = place.put_once("k", "third").send();
        assert_eq!(refused(third).await, answer(412, "PreconditionFailed"));
        assert_eq!(place.body("k").await, b"second");
    }
}

#[tokio::test]
async fn a_write_without_a_condition_replaces_body_and_metadata() {
    for place in Place::each().await {
        let first = place.put("k", "first, and longer").metadata("old", "1");
        first.send().await.unwrap();
        let second = place.put("k", "second").metadata("new", "2");
        second.send().await.unwrap();
        let got = place.get("k").send().await.unwrap();
        let names: Vec<&String> = got.metadata().unwrap().keys().collect();
        assert_eq!(names, ["new"]);
        assert_eq!(got.body.collect().await.unwrap().to_vec(), b"second");
    }
}
