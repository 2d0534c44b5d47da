//! One page of a listing: which keys and common prefixes of an ordered index come next.
//!
//! It does no I/O and knows nothing of XML; it never walks from the beginning of the index.
//!
//! Invariant: pages that each begin where the previous one ended list each key and each common
//! prefix once, in byte order.

use std::{
    collections::{BTreeMap, btree_map::Range},
    ops::Bound,
};

/// What to list.
#[derive(Clone, Debug, Default)]
pub(super) struct ListingQuery {
    /// Only keys that begin with this.
    pub(super) prefix: String,
    /// Keys that have this after the prefix are rolled up into one common prefix; empty for none.
    pub(super) delimiter: String,
    /// Only keys and common prefixes after this one.
    pub(super) after: Option<String>,
    /// The most entries of a page.
    pub(super) limit: usize,
}

/// One entry of a page.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ListingEntry<'a, V> {
    /// A key and what the index holds for it.
    Object(&'a str, &'a V),
    /// The beginning that several keys share, with the delimiter at its end.
    Prefix(&'a str),
}

/// A page.
#[derive(Debug)]
pub(super) struct ListingPage<'a, V> {
    pub(super) entries: Vec<ListingEntry<'a, V>>,
    /// The [`ListingQuery::after`] of the next page; `None` on the last one.
    pub(super) next: Option<String>,
}

/// The page that `query` asks for.
pub(super) fn page<'a, V>(
    index: &'a BTreeMap<String, V>,
    query: &ListingQuery,
) -> ListingPage<'a, V> {
    let mut walk = ListingWalk {
        index,
        query,
        rest: index.range::<str, _>((begin(query), Bound::Unbounded)),
    };
    let entries: Vec<ListingEntry<'a, V>> = walk.by_ref().take(query.limit).collect();
    let next = match (entries.last(), walk.next()) {
        (Some(ListingEntry::Object(last, _) | ListingEntry::Prefix(last)), Some(_)) => {
            Some((*last).to_owned())
        }
        _ => None,
    };
    ListingPage { entries, next }
}

fn begin(query: &ListingQuery) -> Bound<&str> {
    match &query.after {
        Some(after) if *after >= query.prefix => Bound::Excluded(after),
        _ => Bound::Included(&query.prefix),
    }
}

struct ListingWalk<'a, 'q, V> {
    index: &'a BTreeMap<String, V>,
    query: &'q ListingQuery,
    rest: Range<'a, String, V>,
}

impl<'a, V> Iterator for ListingWalk<'a, '_, V> {
    type Item = ListingEntry<'a, V>;

    fn next(&mut self) -> Option<ListingEntry<'a, V>> {
        // Each turn takes one key, or leaps over all keys of one common prefix.
        loop {
            let (key, value) = self.rest.next()?;
            let rest = key.strip_prefix(self.query.prefix.as_str())?;
            let Some(rolled_up) = common_prefix(key, rest, &self.query.delimiter) else {
                return Some(ListingEntry::Object(key, value));
            };
            self.rest = match first_without(rolled_up) {
                Some(next) => self
                    .index
                    .range::<str, _>((Bound::Included(next.as_str()), Bound::Unbounded)),
                None => self
                    .index
                    .range::<str, _>((Bound::Included(""), Bound::Excluded(""))),
            };
            if self
                .query
                .after
                .as_deref()
                .is_none_or(|after| rolled_up > after)
            {
                return Some(ListingEntry::Prefix(rolled_up));
            }
        }
    }
}

fn common_prefix<'a>(key: &'a str, rest: &str, delimiter: &str) -> Option<&'a str> {
    if delimiter.is_empty() {
        return None;
    }
    let found = rest.find(delimiter)?;
    Some(&key[..key.len() - rest.len() + found + delimiter.len()])
}

/// The smallest text that is greater than each text with this prefix; `None` when there is none.
/// UTF-8 keeps the order of characters, so it is enough to raise the last one that can be raised.
fn first_without(prefix: &str) -> Option<String> {
    let mut raised = prefix.to_owned();
    while let Some(last) = raised.pop() {
        // The step skips the surrogates, which are not characters.
        if let Some(next) = (last..=char::MAX).nth(1) {
            raised.push(next);
            return Some(raised);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(keys: &[&str]) -> BTreeMap<String, ()> {
        keys.iter().map(|key| ((*key).to_owned(), ())).collect()
    }

    fn names(page: &ListingPage<'_, ()>) -> Vec<String> {
        let name = |entry: &ListingEntry<'_, ()>| match entry {
            ListingEntry::Object(key, ()) => (*key).to_owned(),
            ListingEntry::Prefix(prefix) => format!("{prefix}…"),
        };
        page.entries.iter().map(name).collect()
    }

    fn all(index: &BTreeMap<String, ()>, query: ListingQuery) -> Vec<String> {
        let mut query = query;
        let mut found = Vec::new();
        for _ in 0..1000 {
            let page = page(index, &query);
            found.extend(names(&page));
            match page.next {
                Some(next) => query.after = Some(next),
                None => return found,
            }
        }
        panic!("the listing does not end");
    }

    fn query(prefix: &str, delimiter: &str, limit: usize) -> ListingQuery {
        ListingQuery {
            prefix: prefix.to_owned(),
            delimiter: delimiter.to_owned(),
            after: None,
            limit,
        }
    }

    #[test]
    fn pages_of_any_size_give_the_same_entries_once_and_in_order() {
        let index = index(&[
            "a",
            "a/1",
            "a/2/x",
            "a/2/y",
            "a0",
            "b/",
            "b/c",
            "z\u{10FFFF}",
            "z\u{10FFFF}q",
            "é",
        ]);
        for (prefix, delimiter) in [
            ("", ""),
            ("", "/"),
            ("a", "/"),
            ("a/", "/"),
            ("z", "\u{10FFFF}"),
            ("", "2/"),
        ] {
            let whole = all(&index, query(prefix, delimiter, 1000));
            for limit in 1..5 {
                assert_eq!(
                    all(&index, query(prefix, delimiter, limit)),
                    whole,
                    "{prefix} {delimiter} {limit}"
                );
            }
        }
        assert_eq!(all(&index, query("a", "/", 2)), ["a", "a/…", "a0"]);
    }

    #[test]
    fn a_key_that_ends_in_the_delimiter_rolls_up_unless_the_prefix_covers_it() {
        let index = index(&["b/", "b/c"]);
        assert_eq!(names(&page(&index, &query("", "/", 9))), ["b/…"]);
        assert_eq!(names(&page(&index, &query("b/", "/", 9))), ["b/", "b/c"]);
    }

    #[test]
    fn a_start_before_the_prefix_changes_nothing_and_one_behind_it_ends_the_listing() {
        let index = index(&["a", "m/1", "m/2", "z"]);
        let after = |after: &str| ListingQuery {
            after: Some(after.to_owned()),
            ..query("m/", "", 9)
        };
        assert_eq!(names(&page(&index, &after("a"))), ["m/1", "m/2"]);
        assert_eq!(names(&page(&index, &after("m/1"))), ["m/2"]);
        assert_eq!(names(&page(&index, &after("n"))), [""; 0]);
    }

    #[test]
    fn a_page_of_no_entries_is_the_last_one() {
        let index = index(&["a"]);
        let page = page(&index, &query("", "", 0));
        assert!(page.entries.is_empty() && page.next.is_none());
    }

    #[test]
    fn the_text_behind_a_prefix_skips_what_is_no_character() {
        assert_eq!(first_without("a/").as_deref(), Some("a0"));
        assert_eq!(first_without("a\u{D7FF}").as_deref(), Some("a\u{E000}"));
        assert_eq!(first_without("a\u{10FFFF}").as_deref(), Some("b"));
        assert_eq!(first_without("\u{10FFFF}"), None);
    }
}
