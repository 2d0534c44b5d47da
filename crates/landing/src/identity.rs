//! What an object says it holds: the metadata that goes with it, and the comparison when an object
//! is already there.
//!
//! ETags are never compared: under SSE-KMS an ETag is not a hash. Invariant: two identities are
//! equal exactly when both objects hold the same record, or the same part of the same extent, of
//! the same zone.

use std::collections::BTreeMap;

use crate::{offset::Offset, place::Place, record::ValueHash};

/// Which zone an object belongs to, and what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Id of the landing zone, see [`crate::zone::Zone::id`].
    pub zone: String,
    /// The record's place, or the start of the extent or of what else the object is about.
    pub place: Place,
    /// What exactly it is.
    pub about: About,
}

/// What an object is about, besides its partition and offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// One record.
    Record {
        /// SHA-256 of Kafka's value bytes.
        value: ValueHash,
        /// Kafka's timestamp in milliseconds, if there is one.
        timestamp: Option<i64>,
    },
    /// What an extent holds of one date, or its dead letters. The content is not compared: after
    /// compaction an honest second writer has less.
    Extent {
        /// The offset after the extent.
        end: Offset,
        /// The date partition, or `dead-letters`.
        part: String,
    },
    /// The claim of an extent. Its content says which claim counts.
    Claim,
}

impl Identity {
    /// The object's user metadata (S3 adds `x-amz-meta-` to each name). ASCII only, below 250
    /// bytes.
    #[must_use]
    pub fn to_metadata(&self) -> Vec<(&'static str, String)> {
        let mut metadata = vec![
            ("zone", self.zone.clone()),
            ("partition", self.place.partition.to_string()),
            ("offset", self.place.offset.to_string()),
        ];
        match &self.about {
            About::Record { value, timestamp } => {
                metadata.push(("sha256", value.to_hex()));
                metadata.push(("timestamp", timestamp_text(*timestamp)));
            }
            About::Extent { end, part } => {
                metadata.push(("end", end.to_string()));
                metadata.push(("part", part.clone()));
            }
            About::Claim => {}
        }
        metadata
    }

    /// Compares with the metadata of an object that is already there.
    ///
    /// # Errors
    /// Says which part differs and how, for example `its offset is 5, not 4`.
    pub fn compare(&self, metadata: &BTreeMap<String, String>) -> Result<(), String> {
        for (name, ours) in self.to_metadata() {
            match metadata.get(name) {
                Some(theirs) if *theirs == ours => {}
                Some(theirs) => {
                    return Err(format!(
                        "its {name} is {}, not {ours}",
                        theirs.escape_debug()
                    ));
                }
                None => {
                    return Err(format!(
                        "it has no {name} in its metadata, so it was not written by this program"
                    ));
                }
            }
        }
        Ok(())
    }
}

fn timestamp_text(timestamp: Option<i64>) -> String {
    timestamp.map_or_else(|| "none".to_owned(), |millis| millis.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::Partition;

    fn identity() -> Identity {
        Identity {
            zone: "z".into(),
            place: Place::new(Partition(1), Offset(4)),
            about: about(Some(b"{}"), None),
        }
    }

    fn about(value: Option<&[u8]>, timestamp: Option<i64>) -> About {
        About::Record {
            value: ValueHash::of(value),
            timestamp,
        }
    }

    fn stored(identity: &Identity) -> BTreeMap<String, String> {
        identity
            .to_metadata()
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }

    #[test]
    fn only_the_same_record_of_the_same_zone_is_the_same() {
        let ours = identity();
        assert_eq!(ours.compare(&stored(&ours)), Ok(()));
        for other in [
            Identity {
                zone: "y".into(),
                ..ours.clone()
            },
            Identity {
                about: About::Extent {
                    end: Offset(5),
                    part: "2026-11-21".into(),
                },
                ..ours.clone()
            },
            Identity {
                place: Place::new(Partition(2), Offset(4)),
                ..ours.clone()
            },
            Identity {
                place: Place::new(Partition(1), Offset(5)),
                ..ours.clone()
            },
            Identity {
                about: about(None, None),
                ..ours.clone()
            },
            Identity {
                about: about(Some(b"{}"), Some(0)),
                ..ours.clone()
            },
        ] {
            assert!(ours.compare(&stored(&other)).is_err(), "{other:?}");
        }
    }

    #[test]
    fn an_object_without_our_metadata_is_somebody_elses() {
        let error = identity().compare(&BTreeMap::new()).unwrap_err();
        assert!(error.contains("not written by this program"), "{error}");
    }
}
