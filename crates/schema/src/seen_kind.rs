//! What the values of a field have in common, and the type that holds all of them.

use crate::{
    athena_type::{AthenaType, DecimalDigits},
    cell::{Cell, cell},
    classifier::Classifier,
    loss::{is_below_millisecond, is_zone_lost},
    members::Json,
    number::{Digits, is_number},
    unquoted::unquoted,
};

/// What the values seen so far are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SeenKind {
    Boolean,
    Number(SeenNumbers),
    Date,
    Timestamp {
        /// Whether one is finer than a millisecond.
        is_finer: bool,
        /// Whether one has a zone that makes it another instant than its clock in UTC.
        has_zone: bool,
    },
    /// Objects and arrays.
    Nested,
    /// Texts, or values of several kinds.
    Other,
}

/// What a column of these numbers must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SeenNumbers {
    /// Digits before the point.
    whole: usize,
    /// Digits behind it.
    scale: usize,
    /// All are whole numbers of 64 bits, written as such.
    are_bigints: bool,
    /// A double gives back the digits of each.
    are_doubles: bool,
    /// None is beyond the range of a double.
    are_finite: bool,
}

/// Digits before the point that a proposed decimal column should leave free: a sample does not show
/// the largest number.
const ROOM: usize = 6;

/// What to say about a proposed type that does not hold each value as it was.
pub(crate) const FINER: &str =
    "some times are finer than a millisecond, and the rest is cut off; type string keeps it";
pub(crate) const ZONES: &str =
    "some times have a zone, and only their instant is kept; type string keeps it";
pub(crate) const LITTLE_ROOM: &str = "the numbers seen leave less than six digits free, and a record with a larger one becomes a dead letter; \
     type string takes any";
pub(crate) const TOO_MANY_DIGITS: &str =
    "some numbers have more digits than a double or a decimal holds together, so they stay text";

impl SeenKind {
    /// The kind of a valid value; `None` for `null`, which every type holds.
    pub(crate) fn of(value: Json<'_>) -> Option<Self> {
        let fits = |kind| cell(Classifier::One, kind, value);
        Some(match value.text.as_bytes().first() {
            Some(b'n') => return None,
            Some(b't' | b'f') => Self::Boolean,
            Some(b'{' | b'[') => Self::Nested,
            Some(b'"') if fits(AthenaType::Date).is_ok() => Self::Date,
            Some(b'"') => match fits(AthenaType::Timestamp) {
                Ok(Cell::Timestamp(_)) => {
                    let text = unquoted(value.text).unwrap_or_default();
                    Self::Timestamp {
                        is_finer: is_below_millisecond(&text),
                        has_zone: is_zone_lost(&text),
                    }
                }
                _ => Self::Other,
            },
            _ => SeenNumbers::of(value.text).map_or(Self::Other, Self::Number),
        })
    }

    /// What holds the values of both.
    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (one, other) if one == other => one,
            (Self::Number(one), Self::Number(other)) => Self::Number(one.and(other)),
            (Self::Date, time @ Self::Timestamp { .. })
            | (time @ Self::Timestamp { .. }, Self::Date) => time,
            (
                Self::Timestamp { is_finer, has_zone },
                Self::Timestamp {
                    is_finer: other_is_finer,
                    has_zone: other_has_zone,
                },
            ) => Self::Timestamp {
                is_finer: is_finer || other_is_finer,
                has_zone: has_zone || other_has_zone,
            },
            _ => Self::Other,
        }
    }

    /// The narrowest type that holds the values. `is_fractional` says that others like them may
    /// have fractions.
    pub(crate) fn athena_type(self, is_fractional: bool) -> AthenaType {
        match self {
            Self::Boolean => AthenaType::Boolean,
            Self::Date => AthenaType::Date,
            Self::Timestamp { .. } => AthenaType::Timestamp,
            Self::Nested => AthenaType::Json,
            Self::Other => AthenaType::String,
            Self::Number(numbers) => numbers.athena_type(is_fractional),
        }
    }

    /// What of the values that type does not hold, and of others like them.
    pub(crate) fn notes(self, is_fractional: bool) -> Vec<&'static str> {
        let notes = match self {
            Self::Timestamp { is_finer, has_zone } => {
                [is_finer.then_some(FINER), has_zone.then_some(ZONES)]
            }
            Self::Number(numbers) => match numbers.athena_type(is_fractional) {
                AthenaType::String => [Some(TOO_MANY_DIGITS), None],
                AthenaType::Decimal(_) => [numbers.is_tight().then_some(LITTLE_ROOM), None],
                _ => [None, None],
            },
            _ => [None, None],
        };
        notes.into_iter().flatten().collect()
    }
}

impl SeenNumbers {
    fn of(text: &str) -> Option<Self> {
        if !is_number(text) {
            return None;
        }
        let digits = Digits::of(text)?;
        let value: f64 = text.parse().ok()?;
        Some(Self {
            whole: digits.whole(),
            scale: digits.scale(),
            are_bigints: text.parse::<i64>().is_ok(),
            are_doubles: digits.are_of_double(value),
            are_finite: value.is_finite(),
        })
    }

    fn and(self, other: Self) -> Self {
        Self {
            whole: self.whole.max(other.whole),
            scale: self.scale.max(other.scale),
            are_bigints: self.are_bigints && other.are_bigints,
            are_doubles: self.are_doubles && other.are_doubles,
            are_finite: self.are_finite && other.are_finite,
        }
    }

    fn athena_type(self, is_fractional: bool) -> AthenaType {
        if self.are_bigints && !(is_fractional && self.are_doubles) {
            return AthenaType::BigInt;
        }
        if self.are_doubles {
            return AthenaType::Double;
        }
        // Of the numbers that get here, one has more than the 15 digits that a double holds. The 18
        // digits of 8 bytes would leave no room for larger ones.
        let scale = u8::try_from(self.scale).ok();
        let has_room = self.digits() <= usize::from(DecimalDigits::MOST);
        let digits = scale.and_then(|scale| DecimalDigits::new(DecimalDigits::MOST, scale));
        match digits.filter(|_| has_room && self.are_finite) {
            Some(digits) => AthenaType::Decimal(digits),
            None => AthenaType::String,
        }
    }

    /// The digits of a decimal column that holds each of them.
    fn digits(self) -> usize {
        self.whole.saturating_add(self.scale)
    }

    /// Whether a decimal column that holds them has few digits left before the point.
    fn is_tight(self) -> bool {
        self.digits() + ROOM > usize::from(DecimalDigits::MOST)
    }
}
