//! Compares what must be in the bucket with what is there: the judge of the demo.
//!
//! It reads only keys and bodies, with its own code; it does not know the engine, and sees S3 only
//! as a list. Invariant: a verdict without differences means that rows and objects are the same
//! multiset, byte for byte, and that no place in Kafka has two objects.

use std::collections::{HashMap, HashSet};

/// How many differences are described one by one.
const TOLD: usize = 5;

/// An object as it was listed and read.
pub(crate) struct Landed {
    pub(crate) key: String,
    pub(crate) body: Vec<u8>,
}

/// What the comparison found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct BucketVerdict {
    /// Rows that must be there.
    pub(crate) rows: usize,
    /// Objects with data.
    pub(crate) objects: usize,
    /// Rows without an object.
    pub(crate) missing: usize,
    /// Objects in excess of the rows with that content, or of the places in Kafka.
    pub(crate) duplicate: usize,
    /// Objects whose content is that of no row, or whose key is none of ours.
    pub(crate) unknown: usize,
    /// Records that became dead letters.
    pub(crate) dead_letters: usize,
    /// The first differences, each as a sentence.
    pub(crate) told: Vec<String>,
}

impl BucketVerdict {
    /// Compares the rows, as JSON, with all objects of the bucket.
    pub(crate) fn new(expected: &[String], bucket: &[Landed], prefix: &str) -> Self {
        let mut verdict = Self {
            rows: expected.len(),
            ..Self::default()
        };
        let mut open: HashMap<&[u8], usize> = HashMap::new();
        for row in expected {
            *open.entry(row.as_bytes()).or_default() += 1;
        }
        let mut places = HashSet::new();
        for object in bucket {
            match KeyKind::new(&object.key, prefix) {
                KeyKind::Control => {}
                KeyKind::DeadLetter => verdict.dead_letter(&object.key),
                KeyKind::Elsewhere => verdict.unknown(&object.key, "a key of another form"),
                KeyKind::Record { partition, offset } if !places.insert((partition, offset)) => {
                    verdict.duplicate(&object.key, "its partition and offset have another object");
                }
                KeyKind::Record { .. } => verdict.settle(object, &mut open),
            }
        }
        for (row, left) in open {
            if left > 0 {
                verdict.missing += left;
                verdict.tell(format!("missing: {}", String::from_utf8_lossy(row)));
            }
        }
        verdict
    }

    /// Whether each row is in exactly one object, and nothing else is there.
    pub(crate) fn is_clean(&self) -> bool {
        let differences = self.missing + self.duplicate + self.unknown + self.dead_letters;
        differences == 0 && self.rows == self.objects
    }

    fn settle(&mut self, object: &Landed, open: &mut HashMap<&[u8], usize>) {
        let row = object.body.strip_suffix(b"\n");
        match row.and_then(|row| open.get_mut(row)) {
            None => self.unknown(&object.key, "no row has this content"),
            Some(0) => self.duplicate(&object.key, "its row has another object"),
            Some(left) => {
                *left -= 1;
                self.objects += 1;
            }
        }
    }

    fn duplicate(&mut self, key: &str, why: &str) {
        self.objects += 1;
        self.duplicate += 1;
        self.tell(format!("duplicate: {key}: {why}"));
    }

    fn unknown(&mut self, key: &str, why: &str) {
        self.objects += 1;
        self.unknown += 1;
        self.tell(format!("unknown: {key}: {why}"));
    }

    fn dead_letter(&mut self, key: &str) {
        self.dead_letters += 1;
        self.tell(format!("dead letter: {key}"));
    }

    fn tell(&mut self, difference: String) {
        if self.told.len() < TOLD {
            self.told.push(difference);
        }
    }
}

/// What a key says about its object.
#[derive(Debug, PartialEq, Eq)]
enum KeyKind {
    /// The record of this partition and offset.
    Record {
        partition: u32,
        offset: u64,
    },
    DeadLetter,
    /// What the zone notes for itself.
    Control,
    Elsewhere,
}

impl KeyKind {
    fn new(key: &str, prefix: &str) -> Self {
        if let Some(own) = key.strip_prefix("_control/") {
            let dead = own
                .strip_prefix(prefix)
                .is_some_and(|rest| rest.starts_with("/dead-letters/"));
            return if dead {
                Self::DeadLetter
            } else {
                Self::Control
            };
        }
        Self::of_record(key, prefix).unwrap_or(Self::Elsewhere)
    }

    /// `{prefix}/dt={date}/{partition}-{offset}.json`
    fn of_record(key: &str, prefix: &str) -> Option<Self> {
        let (date, name) = key
            .strip_prefix(prefix)?
            .strip_prefix("/dt=")?
            .split_once('/')?;
        let (partition, offset) = name.strip_suffix(".json")?.split_once('-')?;
        let record = Self::Record {
            partition: partition.parse().ok()?,
            offset: offset.parse().ok()?,
        };
        (!date.is_empty()).then_some(record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PREFIX: &str = "stock-market/json";

    fn key(partition: u32, offset: u64) -> String {
        format!("{PREFIX}/dt=2026-11-21/{partition:05}-{offset:020}.json")
    }

    fn landed(key: String, body: &str) -> Landed {
        Landed {
            key,
            body: format!("{body}\n").into_bytes(),
        }
    }

    /// Rows a, b, b (two rows may be the same), each in its object, and the zone's notes.
    fn clean() -> (Vec<String>, Vec<Landed>) {
        let rows = ["{\"a\":1}", "{\"b\":2}", "{\"b\":2}"]
            .map(str::to_owned)
            .to_vec();
        let mut bucket: Vec<Landed> = (0..)
            .zip(&rows)
            .map(|(at, row)| landed(key(0, at), row))
            .collect();
        bucket.push(landed(format!("_control/{PREFIX}/zone.json"), "{}"));
        (rows, bucket)
    }

    fn judge(change: impl FnOnce(&mut Vec<Landed>)) -> BucketVerdict {
        let (rows, mut bucket) = clean();
        change(&mut bucket);
        BucketVerdict::new(&rows, &bucket, PREFIX)
    }

    #[test]
    fn the_same_multiset_is_clean() {
        let verdict = judge(|_| {});
        assert!(verdict.is_clean(), "{verdict:?}");
        assert_eq!((verdict.rows, verdict.objects), (3, 3));
    }

    #[test]
    fn a_missing_object_is_found() {
        let verdict = judge(|bucket| drop(bucket.remove(1)));
        assert_eq!(
            (verdict.missing, verdict.duplicate, verdict.is_clean()),
            (1, 0, false)
        );
        assert_eq!(verdict.told, ["missing: {\"b\":2}"]);
    }

    #[test]
    fn a_record_in_two_objects_is_found() {
        let verdict = judge(|bucket| bucket.push(landed(key(1, 0), "{\"a\":1}")));
        assert_eq!(
            (verdict.missing, verdict.duplicate, verdict.is_clean()),
            (0, 1, false)
        );
    }

    #[test]
    fn two_objects_of_one_offset_are_found_under_different_dates() {
        let verdict =
            judge(|bucket| bucket.push(landed(key(0, 0).replace("-21/", "-22/"), "{\"a\":1}")));
        assert_eq!((verdict.duplicate, verdict.is_clean()), (1, false));
        assert!(
            verdict.told[0].contains("partition and offset"),
            "{:?}",
            verdict.told
        );
    }

    #[test]
    fn a_changed_object_is_found() {
        let verdict = judge(|bucket| bucket[0].body = b"{\"a\":1.0}\n".to_vec());
        assert_eq!(
            (verdict.missing, verdict.unknown, verdict.is_clean()),
            (1, 1, false)
        );
        let verdict = judge(|bucket| bucket[0].body = b"{\"a\":1}".to_vec());
        assert_eq!(
            (verdict.missing, verdict.unknown),
            (1, 1),
            "the line end belongs to it"
        );
    }

    #[test]
    fn a_dead_letter_and_a_strange_key_are_found() {
        let dead = format!("_control/{PREFIX}/dead-letters/00000-00000000000000000007.json");
        let verdict = judge(|bucket| bucket.push(landed(dead, "{}")));
        assert_eq!((verdict.dead_letters, verdict.is_clean()), (1, false));
        let verdict = judge(|bucket| bucket.push(landed(format!("{PREFIX}/x.json"), "{\"a\":1}")));
        assert_eq!((verdict.unknown, verdict.is_clean()), (1, false));
    }
}
