//! A claim as it lies in the bucket: read, and refused if it contradicts itself.
//!
//! Not here: what the bucket and the topic say of it. Invariant: the numbers of a claim that was
//! accepted can be added up, and its first and last record lie in it.

use landing::{
    Place,
    claim::{Claim, ClaimedRecord},
};

/// Reads the claim of this zone for the extent that begins at `start`.
pub(crate) fn read(body: &[u8], zone: &str, start: Place) -> Result<Claim, String> {
    let claim = Claim::from_body(body, zone, start).map_err(|problem| problem.to_string())?;
    contradiction(&claim).map_or(Ok(claim), |problem| {
        Err(format!("it contradicts itself: {problem}"))
    })
}

/// What cannot be true of any extent.
fn contradiction(claim: &Claim) -> Option<&'static str> {
    let dates = claim.dates.iter().map(|date| date.records);
    let others = [claim.dead_letters.records, claim.tombstones];
    let seen = dates.chain(others).fold(0, u64::saturating_add);
    if seen > claim.end.0.abs_diff(claim.start.0) {
        return Some("it has more records than offsets");
    }
    if !claim
        .dates
        .is_sorted_by(|before, date| before.date < date.date)
    {
        return Some("its dates are not in order");
    }
    let within = |record: &ClaimedRecord| claim.start <= record.offset && record.offset < claim.end;
    match (&claim.first, &claim.last) {
        (None, None) if seen == 0 => None,
        (Some(first), Some(last)) if seen > 0 => {
            (!within(first) || !within(last) || first.offset > last.offset)
                .then_some("its first and last record do not lie in it")
        }
        _ => Some("it has records without a first and a last one, or these without any"),
    }
}

#[cfg(test)]
mod tests {
    use landing::{
        Offset, Partition,
        claim::{CLAIM_VERSION, ClaimedBody, ClaimedDate, ClaimedDeadLetters, FileRules},
    };

    use super::*;

    fn record(offset: i64) -> Option<ClaimedRecord> {
        Some(ClaimedRecord {
            offset: Offset(offset),
            timestamp: Some(0),
            sha256: "00".repeat(32),
        })
    }

    fn date(date: &str, records: u64) -> ClaimedDate {
        ClaimedDate {
            date: date.to_owned(),
            records,
            hash: String::new(),
            body: ClaimedBody::default(),
        }
    }

    fn claim() -> Claim {
        Claim {
            version: CLAIM_VERSION,
            classifier: 1,
            zone: "z".to_owned(),
            partition: Partition(3),
            start: Offset(10),
            end: Offset(20),
            files: FileRules {
                compression: "none".to_owned(),
                level: None,
                csv_header: false,
                metadata_columns: false,
                schema: None,
                keep_tombstones: false,
            },
            dates: vec![date("2026-11-20", 3), date("2026-11-21", 5)],
            dead_letters: ClaimedDeadLetters {
                records: 1,
                ..ClaimedDeadLetters::default()
            },
            tombstones: 1,
            bytes: 0,
            first: record(10),
            last: record(19),
        }
    }

    fn is_accepted(claim: &Claim) -> bool {
        read(&claim.to_body(), "z", Place::new(Partition(3), Offset(10))).is_ok()
    }

    #[test]
    fn what_a_consumer_writes_is_accepted() {
        let nothing_seen = Claim {
            dates: Vec::new(),
            dead_letters: ClaimedDeadLetters::default(),
            tombstones: 0,
            first: None,
            last: None,
            ..claim()
        };
        assert!(is_accepted(&claim()) && is_accepted(&nothing_seen));
    }

    #[test]
    fn what_no_extent_can_be_is_refused() {
        let dates = |dates: &[(&str, u64)]| Claim {
            dates: dates.iter().map(|of| date(of.0, of.1)).collect(),
            ..claim()
        };
        let ends = |first, last| Claim {
            first,
            last,
            ..claim()
        };
        for claim in [
            dates(&[("2026-11-20", 9)]),
            dates(&[("2026-11-20", u64::MAX), ("2026-11-21", u64::MAX)]),
            dates(&[("2026-11-20", 1), ("2026-11-20", 1)]),
            dates(&[("2026-11-21", 1), ("2026-11-20", 1)]),
            ends(None, None),
            ends(record(10), None),
            ends(record(9), record(19)),
            ends(record(10), record(i64::MAX)),
            ends(record(12), record(11)),
        ] {
            assert!(!is_accepted(&claim), "{claim:?}");
        }
    }
}
