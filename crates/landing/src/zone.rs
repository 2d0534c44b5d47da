//! The landing zone: what is pinned for good when the first consumer starts on a bucket and prefix.
//!
//! The consumer writes the object create-once; here is its content, and the comparison with a later
//! run. Two runs that agree on the zone write the same key and body for the same record.

use schema::Classifier;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    compaction::CopyZone,
    format::Format,
    partition_by::{Granularity, PartitionBy},
};

/// Version of the rules by which records become objects. A zone keeps the version it was made with.
pub const PROTOCOL_VERSION: u32 = 1;

/// The content of `_control/{prefix}/zone.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Zone {
    /// See [`PROTOCOL_VERSION`].
    pub protocol: u32,
    /// The one topic that lands here.
    pub topic: String,
    /// Kafka's cluster id, where the broker tells one.
    pub cluster_id: Option<String>,
    /// The name of a [`Format`], as text like the settings below: the zone of a newer program must
    /// still be readable, so that a message can say what it holds.
    pub format: String,
    /// `timestamp` or `field:NAME`, see [`PartitionBy`].
    pub partition_by: String,
    /// `hour`, `day` or `year`.
    pub granularity: String,
    /// The number of its [`Classifier`]; none in the zones of the first one, whose ids must not
    /// change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classifier: Option<u32>,
    /// SHA-256 in hex of the schema that each record must fit, where one object per record is
    /// landed with `--check-columns`. In batches the claims name it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check_columns: Option<String>,
}

/// Why a run does not fit the zone it was pointed at.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ZoneMismatch {
    /// The zone was made with other settings.
    #[error(
        "this zone holds {field} '{holds}', not '{wanted}': use another --prefix, or the settings it was made with"
    )]
    Setting {
        /// Which setting.
        field: &'static str,
        /// What the zone was made with.
        holds: String,
        /// What this run asks for.
        wanted: String,
    },
    /// The topic now lies on another Kafka cluster.
    #[error(
        "this zone was made from Kafka cluster '{holds}', and these brokers are cluster '{wanted}': offsets of two clusters must not \
         mix; use another --prefix, or --new-cluster if the topic was moved with its offsets"
    )]
    Cluster {
        /// The cluster of the zone.
        holds: String,
        /// The cluster of this run.
        wanted: String,
    },
    /// A newer program made it.
    #[error(
        "this zone has classifier {0}, which this program does not know: use a newer version of it"
    )]
    UnknownClassifier(u32),
    /// It is no landing zone, but was made of one.
    #[error(
        "this is a compacted copy of s3://{bucket}/{prefix}, made by 'consumer compact', and no landing zone: land, and verify, under \
         another --prefix; what was landed is under {prefix}"
    )]
    CompactedCopy {
        /// The bucket of the zone that it was made of.
        bucket: String,
        /// The prefix of that zone.
        prefix: String,
    },
    /// The zone object cannot be read.
    #[error("its content is no zone description ({0}): was it written by another program?")]
    Unreadable(String),
}

impl Zone {
    /// The zone that a run with these settings makes: it gets the newest classifier.
    #[must_use]
    pub fn new(
        topic: &str,
        cluster_id: Option<&str>,
        format: Format,
        partition_by: &PartitionBy,
        granularity: Granularity,
    ) -> Self {
        Self {
            protocol: PROTOCOL_VERSION,
            topic: topic.to_owned(),
            cluster_id: cluster_id.map(str::to_owned),
            format: format.to_string(),
            partition_by: partition_by.to_string(),
            granularity: granularity.to_string(),
            classifier: Some(Classifier::NEWEST.number()),
            check_columns: None,
        }
    }

    /// The same zone, whose records must fit the schema of this hash.
    #[must_use]
    pub fn with_check_columns(self, schema: Option<String>) -> Self {
        Self {
            check_columns: schema,
            ..self
        }
    }

    /// The rule by which it reads records, for life.
    ///
    /// # Errors
    /// [`ZoneMismatch::UnknownClassifier`] when a newer program made it.
    pub fn classifier(&self) -> Result<Classifier, ZoneMismatch> {
        let number = self.classifier.unwrap_or(Classifier::One.number());
        Classifier::from_number(number).ok_or(ZoneMismatch::UnknownClassifier(number))
    }

    /// The object's body: one line of JSON.
    #[must_use]
    pub fn to_body(&self) -> Vec<u8> {
        let mut body = serde_json::to_vec(self).expect("strings and numbers always serialize");
        body.push(b'\n');
        body
    }

    /// Reads the object's body.
    ///
    /// # Errors
    /// [`ZoneMismatch::CompactedCopy`] when it is one, [`ZoneMismatch::Unreadable`] when it is
    /// something else.
    pub fn from_body(body: &[u8]) -> Result<Self, ZoneMismatch> {
        if let Some(CopyZone { bucket, prefix, .. }) = CopyZone::from_body(body) {
            return Err(ZoneMismatch::CompactedCopy { bucket, prefix });
        }
        serde_json::from_slice(body).map_err(|error| ZoneMismatch::Unreadable(error.to_string()))
    }

    /// A short name for the zone that goes into each object's metadata: 16 hexadecimal digits.
    #[must_use]
    pub fn id(&self) -> String {
        hex::encode(&Sha256::digest(self.to_body())[..8])
    }

    /// Whether a run that would have made `wanted` may write here. The classifier is the zone's
    /// own, whatever a new zone would get.
    ///
    /// # Errors
    /// The first difference. A cluster id is compared only where both sides know one.
    pub fn admit(&self, wanted: &Self) -> Result<(), ZoneMismatch> {
        self.classifier()?;
        let settings = [
            (
                "protocol version",
                self.protocol.to_string(),
                wanted.protocol.to_string(),
            ),
            ("topic", self.topic.clone(), wanted.topic.clone()),
            ("format", self.format.clone(), wanted.format.clone()),
            (
                "partition-by",
                self.partition_by.clone(),
                wanted.partition_by.clone(),
            ),
            (
                "granularity",
                self.granularity.clone(),
                wanted.granularity.clone(),
            ),
            (
                "check-columns",
                named(self.check_columns.as_deref()),
                named(wanted.check_columns.as_deref()),
            ),
        ];
        for (field, holds, wanted) in settings {
            if holds != wanted {
                return Err(ZoneMismatch::Setting {
                    field,
                    holds,
                    wanted,
                });
            }
        }
        match (&self.cluster_id, &wanted.cluster_id) {
            (Some(holds), Some(wanted)) if holds != wanted => Err(ZoneMismatch::Cluster {
                holds: holds.clone(),
                wanted: wanted.clone(),
            }),
            _ => Ok(()),
        }
    }
}

/// What a commit names as its zone: 16 hexadecimal digits of a hash over the bucket, the prefix and
/// the zone's id, which alone is the same for all zones with the same settings.
#[must_use]
pub fn commit_zone(bucket: &str, prefix: &crate::layout::Prefix, zone: &Zone) -> String {
    let place = format!("{bucket}/{prefix} {}", zone.id());
    hex::encode(&Sha256::digest(place)[..8])
}

fn named(schema: Option<&str>) -> String {
    schema.map_or_else(|| "no schema".to_owned(), |hash| format!("schema {hash}"))
}

/// The group of a zone: a second zone begins at the topic's beginning.
#[must_use]
pub fn default_group(bucket: &str, prefix: &crate::layout::Prefix) -> String {
    format!("landing.{bucket}/{prefix}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone() -> Zone {
        Zone::new(
            "t",
            Some("c1"),
            Format::Json,
            &PartitionBy::Timestamp,
            Granularity::Day,
        )
    }

    #[test]
    fn a_zone_reads_back_and_admits_the_same_settings() {
        let again = Zone::from_body(&zone().to_body()).unwrap();
        assert_eq!(again, zone());
        assert_eq!(again.admit(&zone()), Ok(()));
        assert_eq!(again.id(), zone().id());
        assert!(Zone::from_body(b"hello").is_err());
    }

    #[test]
    fn each_pinned_setting_is_refused_when_it_differs() {
        let by_field = Zone::new(
            "t",
            Some("c1"),
            Format::Json,
            &"field:Date".parse().unwrap(),
            Granularity::Day,
        );
        assert_eq!(
            zone().admit(&by_field).unwrap_err().to_string(),
            "this zone holds partition-by 'timestamp', not 'field:Date': use another --prefix, or the settings it was made with"
        );
        for wanted in [
            Zone {
                topic: "u".into(),
                ..zone()
            },
            Zone {
                format: "parquet".into(),
                ..zone()
            },
            Zone {
                granularity: "year".into(),
                ..zone()
            },
            Zone {
                protocol: 2,
                ..zone()
            },
            zone().with_check_columns(Some("ab".into())),
        ] {
            assert!(
                matches!(zone().admit(&wanted), Err(ZoneMismatch::Setting { .. })),
                "{wanted:?}"
            );
        }
    }

    #[test]
    fn a_zone_keeps_its_classifier_and_an_old_one_its_id() {
        let body = br#"{"protocol":1,"topic":"t","cluster_id":"c1","format":"json","partition_by":"timestamp","granularity":"day"}
"#;
        let old = Zone::from_body(body).unwrap();
        assert_eq!(old.classifier(), Ok(Classifier::One));
        assert_eq!(old.to_body(), body, "its id is a hash of these bytes");
        assert_eq!(old.admit(&zone()), Ok(()), "a new run goes on with it");
        assert_eq!(zone().classifier(), Ok(Classifier::Two));
        assert_ne!(zone().id(), old.id());
        let newer = Zone {
            classifier: Some(3),
            ..zone()
        };
        let read = Zone::from_body(&newer.to_body()).unwrap();
        assert_eq!(read.admit(&zone()), Err(ZoneMismatch::UnknownClassifier(3)));
    }

    #[test]
    fn the_cluster_counts_only_where_both_sides_know_it() {
        assert!(matches!(
            zone().admit(&Zone {
                cluster_id: Some("c2".into()),
                ..zone()
            }),
            Err(ZoneMismatch::Cluster { .. })
        ));
        assert_eq!(
            zone().admit(&Zone {
                cluster_id: None,
                ..zone()
            }),
            Ok(())
        );
    }

    #[test]
    fn commits_tell_zones_with_the_same_settings_apart() {
        let named = |bucket, prefix: &str| commit_zone(bucket, &prefix.parse().unwrap(), &zone());
        assert_eq!(named("b", "p"), named("b", "p"));
        for other in [named("b", "q"), named("c", "p")] {
            assert_ne!(named("b", "p"), other);
        }
    }
}
