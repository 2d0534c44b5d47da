//! What an object says it holds: the metadata that goes with it, and the comparison when an object is already there.
//!
//! S3 keeps the metadata, this module only reads and writes it. An ETag is never compared: under SSE-KMS it is no hash.
//! Invariant: two identities are equal exactly when both objects hold the same record of the same zone.

use std::collections::BTreeMap;

use crate::{offset::Offset, record::ValueHash};

/// Which record of which zone an object holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Id of the landing zone, see [`crate::zone::Zone::id`].
    pub zone: String,
    /// Kafka partition.
    pub partition: i32,
    /// Offset of the record (or the start of what the object is about).
    pub offset: Offset,
    /// SHA-256 of Kafka's value bytes.
    pub value: ValueHash,
    /// Kafka's timestamp in milliseconds, if there is one.
    pub timestamp: Option<i64>,
}

impl Identity {
    /// The object's user metadata (S3 adds `x-amz-meta-` to each name). ASCII only, below 250 bytes.
    #[must_use]
    pub fn to_metadata(&self) -> [(&'static str, String); 5] {
        [
            ("zone", self.zone.clone()),
            ("partition", self.partition.to_string()),
            ("offset", self.offset.to_string()),
            ("sha256", self.value.to_hex()),
            ("timestamp", timestamp_text(self.timestamp)),
        ]
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

    fn identity() -> Identity {
        Identity {
            zone: "z".into(),
            partition: 1,
            offset: Offset(4),
            value: ValueHash::of(Some(b"{}")),
            timestamp: None,
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
                partition: 2,
                ..ours.clone()
            },
            Identity {
                offset: Offset(5),
                ..ours.clone()
            },
            Identity {
                value: ValueHash::of(None),
                ..ours.clone()
            },
            Identity {
                timestamp: Some(0),
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
