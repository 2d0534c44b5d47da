//! Listings: every key once, in the order of its bytes, as soon as it is written.

use std::collections::BTreeSet;

use aws_sdk_s3::{
    operation::list_objects_v2::builders::ListObjectsV2FluentBuilder as List, types::EncodingType,
};
use futures::StreamExt;
use percent_encoding::percent_decode_str;

use crate::conformance::place::Place;

/// Not in their order. UTF-16 would put `🦀` before `～`, and folders before files would put `a/`
/// before `a-b`.
const KEYS: [&str; 19] = [
    "t/dt=2026-11-21/00000-1.json",
    "t/dt=2026-11-21/00001-1.json",
    "t/dt=2026-11-21-07/00000-1.json",
    "t/dt=1986-12-31/00000-1.json",
    "t/a/1",
    "t/a-b",
    "t/a b",
    "t/a+b",
    "t/a%b",
    "t/a%20b",
    "t/a=b",
    "t/a.b/1",
    "t/Z",
    "t/é",
    "t/～",
    "t/🦀",
    "t/z",
    "s/z",
    "u",
];

fn sorted(prefix: &str, after: &str) -> Vec<&'static str> {
    let keys: BTreeSet<&str> = KEYS.into_iter().collect();
    keys.into_iter()
        .filter(|key| key.starts_with(prefix) && *key > after)
        .collect()
}

/// All keys and common prefixes, page by page; with `url`, the server is asked to encode them. It
/// may leave that, so what counts is whether the answer says that they are.
async fn listed(list: List, url: bool) -> Vec<String> {
    let mut found = Vec::new();
    let mut token = None;
    for _ in 0..1000 {
        let request = list.clone().set_continuation_token(token);
        let request = request.set_encoding_type(url.then_some(EncodingType::Url));
        let page = request.send().await.unwrap();
        let encoded = page.encoding_type() == Some(&EncodingType::Url);
        assert!(url || !encoded, "nobody asked for that");
        let objects = page.contents().iter().map(|object| object.key());
        let prefixes = page.common_prefixes().iter().map(|common| common.prefix());
        let entries = objects.chain(prefixes).map(|entry| match encoded {
            true => decoded(entry.unwrap()),
            false => entry.unwrap().to_owned(),
        });
        let before = found.len();
        found.extend(entries);
        assert_eq!(page.key_count(), i32::try_from(found.len() - before).ok());
        token = page.next_continuation_token().map(str::to_owned);
        assert_eq!(page.is_truncated(), Some(token.is_some()));
        if token.is_none() {
            return found;
        }
    }
    panic!("the listing does not end");
}

/// Some servers write a space as `+`; none leaves a `+` as it is.
fn decoded(text: &str) -> String {
    let text = text.replace('+', " ");
    percent_decode_str(&text)
        .decode_utf8()
        .unwrap()
        .into_owned()
}

async fn fill(place: &Place, keys: impl IntoIterator<Item = String>) {
    let put = |key: String| async move { place.put(&key, "").send().await.unwrap() };
    let puts = futures::stream::iter(keys).map(put).buffer_unordered(32);
    puts.for_each(|_| async {}).await;
}

#[tokio::test]
async fn keys_come_in_the_order_of_their_bytes_whatever_the_page_and_the_encoding() {
    for place in Place::each().await {
        fill(&place, KEYS.map(str::to_owned)).await;
        for url in [false, true] {
            for page in [1, 2, 5, 1000] {
                for prefix in ["", "t/", "t/a", "t/dt=2026-11-21", "t/a%", "none"] {
                    let list = place.list().prefix(prefix).max_keys(page);
                    let expected = sorted(prefix, "");
                    assert_eq!(listed(list, url).await, expected, "{prefix} {page} {url}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_listing_starts_after_the_key_that_is_named_there_or_not() {
    for place in Place::each().await {
        fill(&place, KEYS.map(str::to_owned)).await;
        for after in KEYS
            .into_iter()
            .chain(["a", "t/a%2", "t/dt=2", "t/dt=2026-11-21/", "x"])
        {
            for (prefix, page) in [("", 1000), ("t/", 1000), ("t/", 3)] {
                let list = place.list().prefix(prefix).max_keys(page);
                let expected = sorted(prefix, after);
                let list = list.start_after(after);
                assert_eq!(listed(list, false).await, expected, "{prefix} {after}");
            }
        }
    }
}

#[tokio::test]
async fn keys_behind_a_delimiter_are_rolled_up_into_their_common_prefix() {
    for place in Place::each().await {
        fill(&place, KEYS.map(str::to_owned)).await;
        for url in [false, true] {
            for page in [2, 1000] {
                let list = |prefix: &str| {
                    let list = place.list().prefix(prefix).delimiter("/");
                    listed(list.max_keys(page), url)
                };
                // Within a page the prefixes come behind the keys.
                let mut found = list("t/").await;
                found.sort_unstable();
                let rolled_up = sorted("t/", "").into_iter().map(|key| {
                    let end = key[2..].find('/').map_or(key.len(), |end| 2 + end + 1);
                    key[..end].to_owned()
                });
                let expected: BTreeSet<String> = rolled_up.collect();
                assert!(found.iter().eq(&expected), "{found:?}");
                assert_eq!(list("").await.len(), 3);
                assert_eq!(list("t/dt=2026-11-21/").await.len(), 2);
            }
        }
    }
}

#[tokio::test]
async fn more_keys_than_a_page_takes_are_continued() {
    for place in Place::each().await {
        let keys: Vec<String> = (0..1_003)
            .map(|n| format!("t/dt=2026-11-{:02}/a b+c%{n:05}=.json", n % 28))
            .collect();
        fill(&place, keys.clone()).await;
        let first = place.list().prefix("t/").send().await.unwrap();
        assert_eq!(first.contents().len(), 1000);
        assert_eq!(first.is_truncated(), Some(true));
        let expected: BTreeSet<String> = keys.into_iter().collect();
        for url in [false, true] {
            let found = listed(place.list().prefix("t/"), url).await;
            assert!(found.iter().eq(&expected), "{} keys", found.len());
        }
    }
}

#[tokio::test]
async fn a_listing_shows_what_was_written_and_deleted_a_moment_ago_with_its_size() {
    for place in Place::each().await {
        let mut expected = Vec::new();
        for (n, size) in [0, 1, 7, 1000, 70_000].into_iter().enumerate() {
            let key = format!("t/{n}");
            place.put_once(&key, vec![b'x'; size]).send().await.unwrap();
            expected.push((key, i64::try_from(size).unwrap()));
            assert_eq!(sizes(&place).await, expected);
        }
        place.put("t/1", "longer now").send().await.unwrap();
        expected[1].1 = 10;
        assert_eq!(sizes(&place).await, expected);
        for _ in 0..5 {
            place.delete(&expected.remove(0).0).await;
            assert_eq!(sizes(&place).await, expected);
        }
    }
}

async fn sizes(place: &Place) -> Vec<(String, i64)> {
    let list = place.list().prefix("t/").send().await.unwrap();
    let size = |object: &aws_sdk_s3::types::Object| {
        (object.key().unwrap().to_owned(), object.size().unwrap())
    };
    list.contents().iter().map(size).collect()
}
