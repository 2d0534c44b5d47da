//! What the consumer writes beside an offset commit: the last landed record, and the zone that the
//! commit belongs to.
//!
//! A consumer group can be given to the wrong zone by mistake, or to two zones at once. Then the
//! offset that one of them committed says nothing about the other, and going on from it would skip
//! records. So each note names its zone. Notes of earlier versions name none; texts that are no
//! notes come from operators (`kafka-consumer-groups --reset-offsets` writes an empty one). Both
//! text forms read back to the same note.

use crate::{anchor::Anchor, offset::Offset, record::ValueHash};

/// The first part of every note.
const VERSION: &str = "v1";

/// The text beside a committed offset, at most 150 bytes of ASCII (Kafka's
/// `offset.metadata.max.bytes` is 4096).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitNote {
    /// What lies below the committed offset.
    pub landed: Landed,
    /// The zone as [`crate::zone::commit_zone`] names it; `None` from earlier versions.
    pub zone: Option<String>,
}

/// What lies below a committed offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Landed {
    /// Everything below is durable, and this is the last landed record.
    Last(Anchor),
    /// Everything below is durable; there is no landed record below, or it is not known.
    Unknown,
    /// The offset says only where to begin: no extent is finished yet.
    Start,
}

impl CommitNote {
    /// The note's text.
    #[must_use]
    pub fn to_text(&self) -> String {
        let landed = match self.landed {
            Landed::Last(anchor) => {
                let timestamp = anchor
                    .timestamp
                    .map_or_else(|| "none".to_owned(), |millis| millis.to_string());
                format!(
                    "o={};t={timestamp};h={}",
                    anchor.offset,
                    anchor.value.to_hex()
                )
            }
            Landed::Unknown => "none".to_owned(),
            Landed::Start => "start".to_owned(),
        };
        match &self.zone {
            Some(zone) => format!("{VERSION};{landed};z={zone}"),
            None => format!("{VERSION};{landed}"),
        }
    }

    /// Reads a note; `None` when the text is empty or another program's. Fields that follow the
    /// known ones are left to later versions.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let mut fields = text.split(';');
        if fields.next()? != VERSION {
            return None;
        }
        let landed = match fields.next()? {
            "start" => Landed::Start,
            "none" => Landed::Unknown,
            first => {
                let offset = first.strip_prefix("o=")?.parse().ok()?;
                let timestamp = match fields.next()?.strip_prefix("t=")? {
                    "none" => None,
                    millis => Some(millis.parse().ok()?),
                };
                let value = ValueHash::from_hex(fields.next()?.strip_prefix("h=")?)?;
                Landed::Last(Anchor {
                    offset: Offset(offset),
                    timestamp,
                    value,
                })
            }
        };
        let zone = fields.find_map(|field| field.strip_prefix("z="));
        Some(Self {
            landed,
            zone: zone.map(str::to_owned),
        })
    }

    /// The last landed record, where the note names one.
    #[must_use]
    pub fn anchor(&self) -> Option<Anchor> {
        match self.landed {
            Landed::Last(anchor) => Some(anchor),
            Landed::Unknown | Landed::Start => None,
        }
    }
}

/// The offset that a group has committed for a topic partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The next offset to read.
    pub next: Offset,
    /// What its committer wrote beside it; `None` when that is no note of this program: then an
    /// operator says where to begin, and proves nothing.
    pub note: Option<CommitNote>,
    /// For a note that names no zone: whether it is this zone's all the same, because the group is
    /// the one that is derived from the zone, or because the landed record is in the zone.
    pub recognised: bool,
}

/// Whose commit it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Committer<'c> {
    /// This zone's: what lies below is durable in it.
    ThisZone,
    /// An earlier version's that landed into this zone: a place to go on.
    EarlierVersion,
    /// Another zone's, or nobody knows whose; the other zone, where it is named.
    AnotherZone(Option<&'c str>),
    /// An operator's: a place to begin.
    Operator,
}

impl Committed {
    /// Whose commit it is, for the zone of this name ([`crate::zone::commit_zone`]).
    #[must_use]
    pub fn committer(&self, zone: &str) -> Committer<'_> {
        match self.note.as_ref().map(|note| note.zone.as_deref()) {
            None => Committer::Operator,
            Some(Some(named)) if named == zone => Committer::ThisZone,
            Some(None) if self.recognised => Committer::EarlierVersion,
            Some(named) => Committer::AnotherZone(named),
        }
    }

    /// Whether it proves that everything of this zone below `end` is durable.
    #[must_use]
    pub fn proves(&self, end: Offset, zone: &str) -> bool {
        let landed = self.note.as_ref().map(|note| note.landed);
        self.next == end
            && matches!(landed, Some(Landed::Last(_)))
            && self.committer(zone) == Committer::ThisZone
    }

    /// The last landed record, where the note names one.
    #[must_use]
    pub fn anchor(&self) -> Option<Anchor> {
        self.note.as_ref()?.anchor()
    }

    /// Whether it says only where to begin.
    #[must_use]
    pub fn is_start(&self) -> bool {
        self.note
            .as_ref()
            .is_some_and(|note| note.landed == Landed::Start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn landed() -> Vec<Landed> {
        let anchor = |timestamp| Anchor {
            offset: Offset(i64::MAX),
            timestamp,
            value: ValueHash::of(Some(b"{}")),
        };
        let last = [None, Some(-1), Some(1_795_244_645_000)].map(|time| Landed::Last(anchor(time)));
        last.into_iter()
            .chain([Landed::Unknown, Landed::Start])
            .collect()
    }

    #[test]
    fn a_note_reads_back() {
        for landed in landed() {
            for zone in [None, Some("0123456789abcdef".to_owned())] {
                let note = CommitNote { landed, zone };
                let text = note.to_text();
                assert!(text.len() <= 150, "{text}");
                assert_eq!(CommitNote::from_text(&text), Some(note));
            }
        }
    }

    #[test]
    fn notes_of_earlier_versions_read_without_a_zone() {
        let hash = ValueHash::of(Some(b"{}")).to_hex();
        for text in ["v1;start".to_owned(), format!("v1;o=7;t=none;h={hash}")] {
            let note = CommitNote::from_text(&text).unwrap();
            assert_eq!((note.zone.clone(), note.to_text()), (None, text));
        }
    }

    #[test]
    fn a_later_version_may_add_fields() {
        let note = CommitNote::from_text("v1;start;z=0123456789abcdef;e=1").unwrap();
        assert_eq!(note.zone.as_deref(), Some("0123456789abcdef"));
        assert_eq!(note.landed, Landed::Start);
    }

    #[test]
    fn foreign_metadata_is_no_note() {
        for text in [
            "",
            "v1",
            "v1;",
            "v1;o=1",
            "v1;o=x;t=none;h=00",
            "v2;o=1;t=none;h=00",
            "{}",
            "v1;o=1;t=none;h=zz",
        ] {
            assert_eq!(CommitNote::from_text(text), None, "{text}");
        }
    }

    fn committed(text: &str, recognised: bool) -> Committed {
        Committed {
            next: Offset(8),
            note: CommitNote::from_text(text),
            recognised,
        }
    }

    #[test]
    fn a_commit_belongs_to_the_zone_that_it_names() {
        let committer = |text: &str, recognised| match committed(text, recognised).committer("a") {
            Committer::ThisZone => "this",
            Committer::EarlierVersion => "earlier",
            Committer::AnotherZone(None) => "unknown",
            Committer::AnotherZone(Some(_)) => "another",
            Committer::Operator => "operator",
        };
        for recognised in [false, true] {
            assert_eq!(committer("v1;start;z=a", recognised), "this");
            assert_eq!(committer("v1;start;z=b", recognised), "another");
            assert_eq!(committer("", recognised), "operator");
            assert_eq!(committer("backup of tuesday", recognised), "operator");
        }
        assert_eq!(committer("v1;none", true), "earlier");
        assert_eq!(committer("v1;none", false), "unknown");
    }

    #[test]
    fn only_this_zones_own_commit_of_a_landed_record_is_proof() {
        let hash = ValueHash::of(None).to_hex();
        let last = |zone: &str| format!("v1;o=7;t=none;h={hash}{zone}");
        let proves = |text: &str, end| committed(text, true).proves(Offset(end), "a");
        assert!(proves(&last(";z=a"), 8));
        assert!(!proves(&last(";z=a"), 9), "of another extent");
        assert!(!proves(&last(";z=b"), 8), "another zone's");
        assert!(!proves(&last(""), 8), "an earlier version's");
        assert!(!proves("v1;start;z=a", 8), "only a place to begin");
        assert!(!proves("", 8), "an operator's");
    }
}
