//! Which keys one LIST has to go over.

use super::text_range::TextRange;
use crate::catalog::location::{KnownPrefix, LocationTemplate};

/// A stretch of keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRange {
    /// What all keys of it begin with.
    pub prefix: String,
    /// They come after this key, which may not exist.
    pub after: Option<String>,
    /// What the last of them begin with: the list ends at the first key that comes after it and
    /// does not begin with it.
    last: Option<String>,
}

impl KeyRange {
    /// The keys of a table whose partition columns lie in these ranges; `None` when there are none.
    #[must_use]
    pub fn of(template: &LocationTemplate, ranges: &[TextRange]) -> Option<Self> {
        if ranges.iter().any(TextRange::is_empty) {
            return None;
        }
        let only = |column: usize| ranges[column].only().map(str::to_owned);
        let KnownPrefix { prefix, next } = template.known_prefix(only);
        let Some(range) = next.map(|column| &ranges[column]) else {
            return Some(Self {
                prefix,
                after: None,
                last: None,
            });
        };
        let bound = |text: &Option<String>| text.as_ref().map(|text| format!("{prefix}{text}"));
        let (after, last) = (bound(&range.first), bound(&range.last));
        let common = match (&after, &last) {
            (Some(first), Some(last)) => common_prefix(first, last).to_owned(),
            _ => prefix,
        };
        Some(Self {
            prefix: common,
            after,
            last,
        })
    }

    /// Whether this key and all that follow it are beyond the range.
    #[must_use]
    pub fn ends_before(&self, key: &str) -> bool {
        let last = self.last.as_deref();
        last.is_some_and(|last| key > last && !key.starts_with(last))
    }
}

fn common_prefix<'t>(one: &'t str, other: &str) -> &'t str {
    let same = one.char_indices().zip(other.chars());
    let end = same.take_while(|((_, one), other)| one == other).last();
    end.map_or("", |((at, sign), _)| &one[..at + sign.len_utf8()])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(dt: [&str; 2], hour: [&str; 2]) -> Option<KeyRange> {
        let range = |[first, last]: [&str; 2]| {
            let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            TextRange {
                first: text(first),
                last: text(last),
            }
        };
        let template = LocationTemplate::hive_style("json/", &["dt", "hour"]);
        KeyRange::of(&template, &[range(dt), range(hour)])
    }

    #[test]
    fn a_list_goes_over_what_the_filters_leave() {
        for (dt, hour, prefix, after) in [
            (["", ""], ["", ""], "json/dt=", None),
            (["", ""], ["07", "07"], "json/dt=", None),
            (
                ["2026-11-20", "2026-11-20"],
                ["", ""],
                "json/dt=2026-11-20/hour=",
                None,
            ),
            (
                ["2026-11-20", "2026-11-20"],
                ["07", "07"],
                "json/dt=2026-11-20/hour=07/",
                None,
            ),
            (
                ["2026-11-20", ""],
                ["", ""],
                "json/dt=",
                Some("json/dt=2026-11-20"),
            ),
            (
                ["2026-11-20", "2026-11-23"],
                ["", ""],
                "json/dt=2026-11-2",
                Some("json/dt=2026-11-20"),
            ),
        ] {
            let range = of(dt, hour).unwrap();
            assert_eq!(
                (range.prefix.as_str(), range.after.as_deref()),
                (prefix, after),
                "{dt:?}"
            );
        }
        assert_eq!(of(["b", "a"], ["", ""]), None);
    }

    #[test]
    fn a_list_ends_after_the_last_folder() {
        let range = of(["2026-11-20", "2026-11-23"], ["", ""]).unwrap();
        for (key, is_beyond) in [
            ("json/dt=2026-11-20/hour=00/x", false),
            ("json/dt=2026-11-23/hour=23/x", false),
            ("json/dt=2026-11-24/hour=00/x", true),
        ] {
            assert_eq!(range.ends_before(key), is_beyond, "{key}");
        }
    }
}
