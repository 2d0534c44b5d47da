//! How many dead letters a run may have: the bound of `--max-dead-letters`, and the warning when
//! most records become some.
//!
//! Tombstones that are kept on purpose do not count as dead letters here.

use std::{fmt, str::FromStr};

use landing::{engine::Counts, value::Reason};

/// A share says nothing about fewer records than this.
const LEAST_RECORDS: u64 = 100;

/// The most dead letters of a run: the value of `--max-dead-letters`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum DeadLetterLimit {
    /// So many.
    Count(u64),
    /// So many of a hundred records, after the first hundred.
    Percent(f64),
}

impl DeadLetterLimit {
    fn is_exceeded(self, landed: Landed) -> bool {
        match self {
            Self::Count(most) => landed.dead_letters > most,
            Self::Percent(percent) => landed.share().is_some_and(|share| share * 100.0 > percent),
        }
    }
}

impl fmt::Display for DeadLetterLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(most) => write!(f, "{most}"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

impl FromStr for DeadLetterLimit {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "is neither a number of dead letters (1000) nor a share of the records (5%)";
        match text.strip_suffix('%') {
            None => text.parse().map(Self::Count).map_err(|_| wrong),
            Some(percent) => match percent.trim_end().parse() {
                Ok(percent) if (0.0..=100.0).contains(&percent) => Ok(Self::Percent(percent)),
                _ => Err(wrong),
            },
        }
    }
}

/// What a run has landed so far.
#[derive(Clone, Copy)]
struct Landed {
    records: u64,
    dead_letters: u64,
}

impl Landed {
    fn of(counts: &Counts) -> Self {
        let tombstones = counts.dead_letters.get(Reason::Tombstone.code());
        let dead_letters = counts.dead_letter_total() - tombstones.unwrap_or(&0);
        Self {
            records: counts.records + dead_letters,
            dead_letters,
        }
    }

    /// The dead letters' share of the records; `None` while these are too few.
    fn share(self) -> Option<f64> {
        (self.records >= LEAST_RECORDS).then(|| self.dead_letters as f64 / self.records as f64)
    }
}

/// Watches the dead letters of one run.
#[derive(Debug)]
pub(crate) struct DeadLetterWatch {
    limit: Option<DeadLetterLimit>,
    has_warned: bool,
}

impl DeadLetterWatch {
    pub(crate) fn new(limit: Option<DeadLetterLimit>) -> Self {
        Self {
            limit,
            has_warned: false,
        }
    }

    /// Warns once when more than half of the records became dead letters.
    pub(crate) fn warn_of_most(&mut self, counts: &Counts) {
        let landed = Landed::of(counts);
        if self.has_warned || landed.share().is_none_or(|share| share <= 0.5) {
            return;
        }
        self.has_warned = true;
        tracing::warn!(
            "{} of {} records became dead letters, most of them for {}; {HOW_TO_GO_ON}",
            landed.dead_letters,
            landed.records,
            main_reason(counts),
        );
    }

    /// Why the run must end: it has more dead letters than it may have.
    pub(crate) fn exceeded(&self, counts: &Counts) -> Option<String> {
        let landed = Landed::of(counts);
        let limit = self.limit.filter(|limit| limit.is_exceeded(landed))?;
        Some(format!(
            "{} of {} records became dead letters, more than --max-dead-letters {limit}, most of them for {}; {HOW_TO_GO_ON}",
            landed.dead_letters,
            landed.records,
            main_reason(counts),
        ))
    }
}

const HOW_TO_GO_ON: &str = "look at them under _control/{prefix}/dead-letters, and check the topic, --schema and --partition-by";

/// The reason that most dead letters have.
fn main_reason(counts: &Counts) -> &'static str {
    let mut reasons: Vec<_> = counts.dead_letters.iter().collect();
    reasons.retain(|(reason, _)| **reason != Reason::Tombstone.code());
    let most = reasons.into_iter().max_by_key(|(_, count)| **count);
    most.map_or("no reason", |(reason, _)| *reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(records: u64, reasons: &[(Reason, u64)]) -> Counts {
        let dead_letters = reasons
            .iter()
            .map(|(reason, count)| (reason.code(), *count));
        Counts {
            records,
            dead_letters: dead_letters.collect(),
            ..Counts::default()
        }
    }

    fn exceeded(limit: &str, counts: &Counts) -> bool {
        let watch = DeadLetterWatch::new(Some(limit.parse().unwrap()));
        watch.exceeded(counts).is_some()
    }

    #[test]
    fn a_limit_is_a_number_or_a_share() {
        assert_eq!("0".parse(), Ok(DeadLetterLimit::Count(0)));
        assert_eq!("2.5%".parse(), Ok(DeadLetterLimit::Percent(2.5)));
        for wrong in ["", "%", "-1", "1.5", "101%", "-1%", "NaN%", "many"] {
            assert!(wrong.parse::<DeadLetterLimit>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_number_counts_from_the_first_record_and_a_share_from_the_hundredth() {
        let few = counts(2, &[(Reason::Array, 3)]);
        assert!(exceeded("2", &few) && !exceeded("3", &few));
        assert!(!exceeded("10%", &few));
        let many = counts(85, &[(Reason::Array, 10), (Reason::Binary, 5)]);
        assert!(exceeded("14.9%", &many) && !exceeded("15%", &many));
    }

    #[test]
    fn tombstones_that_are_kept_are_no_dead_letters() {
        let kept = counts(10, &[(Reason::Tombstone, 500)]);
        assert!(!exceeded("0", &kept) && !exceeded("0%", &kept));
    }

    #[test]
    fn the_message_names_the_numbers_the_limit_and_the_commonest_reason() {
        let counts = counts(
            40,
            &[
                (Reason::Array, 20),
                (Reason::Binary, 40),
                (Reason::Tombstone, 90),
            ],
        );
        let watch = DeadLetterWatch::new(Some(DeadLetterLimit::Percent(50.0)));
        let message = watch.exceeded(&counts).unwrap();
        let expected = "60 of 100 records became dead letters, more than --max-dead-letters 50%, most of them for binary";
        assert!(message.starts_with(expected), "{message}");
    }
}
