//! What `consumer verify` may say of a zone: the codes, their meanings, and a bounded list of
//! findings.
//!
//! The codes are documented in `Kind::meaning` and nowhere else; the help prints them from there.
//! Invariant: the number of findings of a code is exact, however many of them are kept.

use std::{borrow::Cow, collections::BTreeMap};

use landing::{Extent, OffsetRange, Partition, Place};
use serde::Serialize;

/// The most findings of one code that are kept; the others are counted.
const MOST_KEPT: usize = 1_000;

/// The kinds of findings; `Kind::meaning` says what each of them is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// `missing-object`
    MissingObject,
    /// `gap`
    Gap,
    /// `overlap`
    Overlap,
    /// `duplicate`
    Duplicate,
    /// `unparseable`
    Unparseable,
    /// `differs`
    Differs,
    /// `landed-and-dead-lettered`
    LandedAndDeadLettered,
    /// `unknown-object`
    UnknownObject,
    /// `unverifiable`
    Unverifiable,
    /// `recorded-gap`
    RecordedGap,
    /// `unfinished`
    Unfinished,
}

/// What a finding does to the verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    /// The zone is not clean.
    Failure,
    /// The zone is not clean under `--strict`.
    Doubt,
    /// Only said.
    Note,
}

impl Kind {
    /// All of them, the most telling ones first.
    pub const ALL: [Self; 11] = [
        Self::MissingObject,
        Self::Gap,
        Self::Overlap,
        Self::Duplicate,
        Self::Unparseable,
        Self::Differs,
        Self::LandedAndDeadLettered,
        Self::UnknownObject,
        Self::Unverifiable,
        Self::RecordedGap,
        Self::Unfinished,
    ];

    /// The fixed code, as it stands in JSON.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::MissingObject => "missing-object",
            Self::Gap => "gap",
            Self::Overlap => "overlap",
            Self::Duplicate => "duplicate",
            Self::Unparseable => "unparseable",
            Self::Differs => "differs",
            Self::LandedAndDeadLettered => "landed-and-dead-lettered",
            Self::UnknownObject => "unknown-object",
            Self::Unverifiable => "unverifiable",
            Self::RecordedGap => "recorded-gap",
            Self::Unfinished => "unfinished",
        }
    }

    /// What the code says.
    pub(crate) const fn meaning(self) -> &'static str {
        match self {
            Self::MissingObject => {
                "an object that the topic, or a claim, says must be there is not"
            }
            Self::Gap => {
                "no claim covers these offsets, though claims beyond them, or the group's offset, say that they were landed"
            }
            Self::Overlap => "two claims cover these offsets",
            Self::Duplicate => {
                "a second object for the same record, or for the same part of an extent"
            }
            Self::Unparseable => {
                "an object that is not what its name says: not JSON, broken compression, no claim"
            }
            Self::Differs => {
                "an object, or a claim, that does not hold what the topic holds, or not as many records as the claim says"
            }
            Self::LandedAndDeadLettered => "the offset has a data object and a dead letter",
            Self::UnknownObject => {
                "an object that is none of this zone's, or of offsets that the topic never had"
            }
            Self::Unverifiable => {
                "nobody can tell any more: Kafka has forgotten these offsets, and no claim speaks of them, or the object is not the one that its claim was made with, or a group's offsets may not be asked for, are gone, or were set by hand; a failure only with --strict"
            }
            Self::RecordedGap => {
                "records that retention removed first, written down by --on-gap record; never a failure"
            }
            Self::Unfinished => {
                "a claimed extent, or a record between landed ones behind the group's offset, that a consumer has still to finish, and can; never a failure"
            }
        }
    }

    /// What a finding of this kind does to the verdict.
    pub(crate) const fn weight(self) -> Weight {
        match self {
            Self::Unverifiable => Weight::Doubt,
            Self::RecordedGap | Self::Unfinished => Weight::Note,
            _ => Weight::Failure,
        }
    }
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The code.
    pub kind: Kind,
    /// Kafka partition, where it is about one.
    pub partition: Option<Partition>,
    /// Offsets, where it is about some.
    pub offsets: Option<OffsetRange>,
    /// The object's key, where it is about one.
    pub key: Option<String>,
    /// One line for people.
    pub text: Cow<'static, str>,
}

impl Finding {
    /// About an object.
    pub(crate) fn of_key(kind: Kind, key: &str, text: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            partition: None,
            offsets: None,
            key: Some(key.to_owned()),
            text: text.into(),
        }
    }

    /// About offsets of a partition.
    pub(crate) fn of_offsets(
        kind: Kind,
        extent: Extent,
        text: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            kind,
            partition: Some(extent.partition),
            offsets: Some(extent.range),
            key: None,
            text: text.into(),
        }
    }

    /// About one offset of a partition.
    pub(crate) fn of_place(kind: Kind, place: Place, text: impl Into<Cow<'static, str>>) -> Self {
        Self::of_offsets(kind, only(place), text)
    }

    /// The same, with the object that it is about.
    pub(crate) fn with_key(self, key: String) -> Self {
        Self {
            key: Some(key),
            ..self
        }
    }

    /// The same, with the offsets in the topic that it is about.
    pub(crate) fn at(self, extent: Extent) -> Self {
        Self {
            partition: Some(extent.partition),
            offsets: Some(extent.range),
            ..self
        }
    }

    /// The same, with the one offset in the topic that it is about.
    pub(crate) fn at_place(self, place: Place) -> Self {
        self.at(only(place))
    }

    /// Whether `next` says the same of the offsets that follow.
    fn goes_on_in(&self, next: &Self) -> bool {
        let (Some(offsets), Some(following)) = (self.offsets, next.offsets) else {
            return false;
        };
        self.key.is_none()
            && next.key.is_none()
            && offsets.end == following.start
            && (self.kind, self.partition, &self.text) == (next.kind, next.partition, &next.text)
    }
}

fn only(place: Place) -> Extent {
    let range = OffsetRange::new(place.offset, place.offset.next());
    Extent::new(place.partition, range)
}

/// Why something is not what it should be: a finding that does not say yet what it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) kind: Kind,
    pub(crate) text: Cow<'static, str>,
}

impl Problem {
    pub(crate) fn new(kind: Kind, text: impl Into<Cow<'static, str>>) -> Self {
        let text = text.into();
        Self { kind, text }
    }

    pub(crate) fn differs(text: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Differs, text)
    }

    pub(crate) fn unparseable(text: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Unparseable, text)
    }

    pub(crate) fn unverifiable(text: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Unverifiable, text)
    }

    /// The finding, about this offset.
    pub(crate) fn of_place(self, place: Place) -> Finding {
        Finding::of_place(self.kind, place, self.text)
    }

    /// The finding, about these offsets.
    pub(crate) fn of_extent(self, extent: Extent) -> Finding {
        Finding::of_offsets(self.kind, extent, self.text)
    }

    /// The finding, about this object.
    pub(crate) fn of_key(self, key: &str) -> Finding {
        Finding::of_key(self.kind, key, self.text)
    }
}

/// The findings of a run.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    kept: BTreeMap<Kind, Vec<Finding>>,
    counts: BTreeMap<Kind, u64>,
}

impl Findings {
    /// Adds a finding; one that goes on where the last one of its kind ends becomes part of it.
    pub(crate) fn add(&mut self, finding: Finding) {
        let kept = self.kept.entry(finding.kind).or_default();
        let count = self.counts.entry(finding.kind).or_default();
        if let Some(last) = kept.last_mut().filter(|last| last.goes_on_in(&finding))
            && let (Some(offsets), Some(following)) = (&mut last.offsets, finding.offsets)
        {
            offsets.end = following.end;
            return;
        }
        *count += 1;
        // One more than is returned: the next one may go on where it ends.
        kept.truncate(MOST_KEPT);
        kept.push(finding);
    }

    /// How many there are of each kind.
    pub(crate) fn counts(&self) -> &BTreeMap<Kind, u64> {
        &self.counts
    }

    /// Those that were kept, by kind.
    pub(crate) fn into_kept(self) -> Vec<Finding> {
        let kinds = self.kept.into_values();
        kinds
            .flat_map(|kept| kept.into_iter().take(MOST_KEPT))
            .collect()
    }
}

/// The table of codes, for the help.
pub(crate) fn help() -> String {
    let mut text = "Findings, by their codes in --output json:\n".to_owned();
    for kind in Kind::ALL {
        text.push_str(&format!("  {:<25} {}\n", kind.code(), kind.meaning()));
    }
    text.push_str("\nExit codes: 0 clean, 1 it could not be verified, 2 wrong usage, 65 findings.");
    text
}

#[cfg(test)]
mod tests {
    use landing::Offset;

    use super::*;

    fn missing(start: i64, end: i64) -> Finding {
        let offsets = OffsetRange::new(Offset(start), Offset(end));
        Finding::of_offsets(
            Kind::MissingObject,
            Extent::new(Partition(0), offsets),
            "missing",
        )
    }

    #[test]
    fn the_code_of_a_kind_is_its_name_in_json() {
        for kind in Kind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.code());
        }
        let unique: std::collections::BTreeSet<_> = Kind::ALL.map(Kind::code).into();
        assert_eq!(unique.len(), Kind::ALL.len());
    }

    #[test]
    fn neighbours_are_one_finding_and_others_are_not() {
        let mut findings = Findings::default();
        for offset in 0..5_000 {
            findings.add(missing(offset, offset + 1));
        }
        findings.add(missing(6_000, 6_001));
        let other = Finding {
            partition: Some(Partition(1)),
            ..missing(6_001, 6_002)
        };
        findings.add(other.clone());
        assert_eq!(findings.counts()[&Kind::MissingObject], 3);
        let kept = findings.into_kept();
        assert_eq!(kept, [missing(0, 5_000), missing(6_000, 6_001), other]);
    }

    #[test]
    fn however_many_findings_there_are_a_thousand_of_a_kind_are_kept_and_all_are_counted() {
        let mut findings = Findings::default();
        for offset in 0..5_000 {
            findings.add(missing(offset * 3, offset * 3 + 1));
            findings.add(missing(offset * 3 + 1, offset * 3 + 2));
        }
        assert_eq!(findings.counts()[&Kind::MissingObject], 5_000);
        assert_eq!(findings.into_kept().len(), 1_000);
    }
}
