//! The object keys of a landing zone: where data, dead letters and the zone's own objects lie.
//!
//! Everything that is not data lies under `_control/`, so that a table over the prefix sees only
//! data. Not here: which date partition a record belongs to (see [`crate::partition_by`]).
//! Different places have different keys.

pub mod read;

use std::{fmt, str::FromStr};

use sha2::{Digest, Sha256};

use crate::{
    offset::Offset,
    partition_by::DatePartition,
    place::{Extent, Partition, Place},
};

/// The folder of a landing zone in its bucket, without slashes at its ends, for example
/// `stock-market/json`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prefix(String);

impl Prefix {
    /// `{prefix}/dt={date}/{partition:05}-{offset:020}.json`
    #[must_use]
    pub fn data_key(&self, date: &DatePartition, place: Place) -> String {
        let Place { partition, offset } = place;
        format!("{}/dt={date}/{partition:05}-{offset:020}.json", self.0)
    }

    /// `_control/{prefix}/dead-letters/{partition:05}-{offset:020}.json`
    #[must_use]
    pub fn dead_letter_key(&self, place: Place) -> String {
        let Place { partition, offset } = place;
        format!(
            "_control/{}/dead-letters/{partition:05}-{offset:020}.json",
            self.0
        )
    }

    /// `{prefix}/dt={date}/{partition:05}-{start:020}.{suffix}`: what an extent that begins at
    /// `start` holds of one date. The suffix names format and compression, for example `jsonl.gz`.
    #[must_use]
    pub fn extent_key(&self, date: &DatePartition, start: Place, suffix: &str) -> String {
        let Place { partition, offset } = start;
        format!("{}/dt={date}/{partition:05}-{offset:020}.{suffix}", self.0)
    }

    /// `_control/{prefix}/dead-letters/{partition:05}-{start:020}.jsonl`: the dead letters of an
    /// extent.
    #[must_use]
    pub fn dead_letters_key(&self, start: Place) -> String {
        let Place { partition, offset } = start;
        format!(
            "_control/{}/dead-letters/{partition:05}-{offset:020}.jsonl",
            self.0
        )
    }

    /// `_control/{prefix}/claims/`, below which the claims of all topic partitions lie.
    #[must_use]
    pub fn all_claims_folder(&self) -> String {
        format!("_control/{}/claims/", self.0)
    }

    /// `_control/{prefix}/claims/{partition:05}/`, below which the claims of one topic partition
    /// lie.
    #[must_use]
    pub fn claims_folder(&self, partition: Partition) -> String {
        format!("{}{partition:05}/", self.all_claims_folder())
    }

    /// The claim for the extent that begins at `start`. The number in it falls as offsets rise, so
    /// that a LIST, which is in ascending order, begins with the newest claim.
    #[must_use]
    pub fn claim_key(&self, start: Place) -> String {
        let folder = self.claims_folder(start.partition);
        format!("{folder}{:019}.json", i64::MAX - start.offset.0)
    }

    /// The start of the extent whose claim has this key; `None` when it is not the key of a claim.
    #[must_use]
    pub fn start_of_claim_key(&self, partition: Partition, key: &str) -> Option<Offset> {
        let number = key
            .strip_prefix(&self.claims_folder(partition))?
            .strip_suffix(".json")?;
        let start = Offset(i64::MAX.checked_sub(number.parse().ok()?)?);
        (self.claim_key(Place::new(partition, start)) == key).then_some(start)
    }

    /// `_control/{prefix}/schemas/{SHA-256 in hex}.json`
    #[must_use]
    pub fn schema_key(&self, hash: &str) -> String {
        format!("_control/{}/schemas/{hash}.json", self.0)
    }

    /// `_control/{prefix}/anchors/{partition:05}.json`
    #[must_use]
    pub fn anchor_key(&self, partition: Partition) -> String {
        format!("_control/{}/anchors/{partition:05}.json", self.0)
    }

    /// `_control/{prefix}/starts/{partition:05}.json`: where a partition begins, if the zone does
    /// not begin at the earliest offset.
    #[must_use]
    pub fn start_key(&self, partition: Partition) -> String {
        format!("_control/{}/starts/{partition:05}.json", self.0)
    }

    /// `_control/{prefix}/groups/`, below which the groups that entered the zone are named.
    #[must_use]
    pub fn groups_folder(&self) -> String {
        format!("_control/{}/groups/", self.0)
    }

    /// `_control/{prefix}/groups/{first half of the SHA-256 of the name, in hex}.json`: this group
    /// has entered the zone. Names may hold `/`, and be longer than a key.
    #[must_use]
    pub fn group_key(&self, group: &str) -> String {
        let hash = hex::encode(&Sha256::digest(group)[..16]);
        format!("{}{hash}.json", self.groups_folder())
    }

    /// `_control/{prefix}/gaps/{partition:05}-{start:020}-{end:020}.json`
    #[must_use]
    pub fn gap_key(&self, gap: Extent) -> String {
        format!(
            "_control/{}/gaps/{:05}-{:020}-{:020}.json",
            self.0, gap.partition, gap.range.start, gap.range.end
        )
    }

    /// `_control/{prefix}/plans/`, below which a compacted copy keeps what it was made of.
    #[must_use]
    pub fn plans_folder(&self) -> String {
        format!("_control/{}/plans/", self.0)
    }

    /// `_control/{prefix}/plans/{date}/{number:05}.json`
    #[must_use]
    pub fn plan_key(&self, date: &DatePartition, number: u32) -> String {
        format!("{}{date}/{number:05}.json", self.plans_folder())
    }

    /// `_control/{prefix}/plans/{date}/{number:05}.done.json`: the plan was carried out, and its
    /// output was verified.
    #[must_use]
    pub fn done_key(&self, date: &DatePartition, number: u32) -> String {
        format!("{}{date}/{number:05}.done.json", self.plans_folder())
    }

    /// `{prefix}/dt={date}/{number:05}.{suffix}`: the one object that a plan makes.
    #[must_use]
    pub fn copy_key(&self, date: &DatePartition, number: u32, suffix: &str) -> String {
        format!("{}/dt={date}/{number:05}.{suffix}", self.0)
    }

    /// `{prefix}/dt={date}/`, below which the data of one date lies.
    #[must_use]
    pub fn date_folder(&self, date: &DatePartition) -> String {
        format!("{}/dt={date}/", self.0)
    }

    /// Whether the two are the same, or one lies inside the other.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        let (one, other) = (self.data_folder(), other.data_folder());
        one.starts_with(&other) || other.starts_with(&one)
    }

    /// `_control/{prefix}/zone.json`
    #[must_use]
    pub fn zone_key(&self) -> String {
        format!("_control/{}/zone.json", self.0)
    }

    /// `_control/{prefix}/clusters/{cluster id}.json`, made when the operator says that the topic
    /// has moved.
    #[must_use]
    pub fn cluster_key(&self, cluster_id: &str) -> String {
        let safe: String = cluster_id
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() || "-_".contains(c) {
                    c
                } else {
                    '.'
                }
            })
            .collect();
        format!("_control/{}/clusters/{safe}.json", self.0)
    }

    /// `_control/{prefix}/probe`, on which conditional writes are tried at start.
    #[must_use]
    pub fn probe_key(&self) -> String {
        format!("_control/{}/probe", self.0)
    }

    /// `_control/{prefix}/race/{number:016x}`, on which racing creates are tried before a zone is
    /// made.
    #[must_use]
    pub fn race_key(&self, number: u64) -> String {
        format!("_control/{}/race/{number:016x}", self.0)
    }

    /// `{prefix}/`, below which all data lies.
    #[must_use]
    pub fn data_folder(&self) -> String {
        format!("{}/", self.0)
    }

    /// The prefix as given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Prefix {
    type Err = String;

    /// Refuses what S3 or Athena could not read: empty, `.` or `..` parts, characters other than
    /// letters, digits and `-_.=+@,:`, parts that begin with `_` or `.` (Athena treats them as
    /// hidden), more than 512 bytes.
    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.strip_suffix('/').unwrap_or(text);
        if text.len() > 512 {
            return Err(format!(
                "the prefix has {} bytes, more than 512",
                text.len()
            ));
        }
        for part in text.split('/') {
            if part.is_empty() {
                return Err(format!(
                    "prefix '{text}' has an empty part: write it as name/name"
                ));
            }
            if part.starts_with(['_', '.']) {
                return Err(format!(
                    "part '{part}' of the prefix begins with '_' or '.': Athena would not see the objects below it"
                ));
            }
            if let Some(sign) = part
                .chars()
                .find(|c| !(c.is_ascii_alphanumeric() || "-_.=+@,:".contains(*c)))
            {
                return Err(format!(
                    "'{}' is not allowed in a prefix: use letters, digits and - _ . = /",
                    sign.escape_default()
                ));
            }
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix() -> Prefix {
        "stock-market/json".parse().unwrap()
    }

    #[test]
    fn keys_have_the_documented_shape() {
        let date = DatePartition::from_folder("2026-11-21").unwrap();
        assert_eq!(
            prefix().data_key(&date, Place::new(Partition(3), Offset(42))),
            "stock-market/json/dt=2026-11-21/00003-00000000000000000042.json"
        );
        assert_eq!(
            prefix().dead_letter_key(Place::new(Partition(3), Offset(42))),
            "_control/stock-market/json/dead-letters/00003-00000000000000000042.json"
        );
        assert_eq!(
            prefix().cluster_key("a/../b"),
            "_control/stock-market/json/clusters/a....b.json"
        );
    }

    #[test]
    fn prefixes_overlap_only_by_whole_folders() {
        let overlap = |one: &str, other: &str| {
            let prefix = |text: &str| text.parse::<Prefix>().unwrap();
            prefix(one).overlaps(&prefix(other))
        };
        for (one, other) in [("a/b", "a/b"), ("a/b/c", "a/b"), ("a", "a/b")] {
            assert!(overlap(one, other) && overlap(other, one), "{one} {other}");
        }
        assert!(!overlap("a/b", "a/bc") && !overlap("a/b", "a/c"));
    }

    #[test]
    fn prefixes_that_athena_or_s3_could_not_read_are_refused() {
        for text in [
            "",
            "/a",
            "a//b",
            "_a/b",
            "a/_b",
            "a/..",
            ".",
            "a b",
            "a/ü",
            "a%",
            &"a".repeat(600),
        ] {
            assert!(text.parse::<Prefix>().is_err(), "{text}");
        }
        assert_eq!("a/b/".parse::<Prefix>().unwrap().as_str(), "a/b");
    }
}
