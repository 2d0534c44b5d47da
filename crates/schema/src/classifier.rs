//! The numbered rule by which a landing zone reads records.
//!
//! A zone keeps its number for life: a record that is read again must become the same bytes in the
//! same place. So a classifier is never changed once a release has made zones with it; whatever
//! changes what becomes of a record is a new one.

/// Which record is data, which date it has, and what its bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Classifier {
    /// The rule of the zones that name none.
    One,
    /// Dates are read as timestamp columns read them, names are matched alike everywhere, numbers
    /// may be text, and what is not a JSON object has a reason that says what it is.
    Two,
}

impl Classifier {
    /// The one that new zones get.
    pub const NEWEST: Self = Self::Two;

    /// The number, as zones and claims have it.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::One => 1,
            Self::Two => 2,
        }
    }

    /// The classifier of this number; `None` for one that this program does not know.
    #[must_use]
    pub const fn from_number(number: u32) -> Option<Self> {
        match number {
            1 => Some(Self::One),
            2 => Some(Self::Two),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_names_one_classifier() {
        for classifier in [Classifier::One, Classifier::Two] {
            assert_eq!(
                Classifier::from_number(classifier.number()),
                Some(classifier)
            );
        }
        assert_eq!(Classifier::from_number(0), None);
        assert_eq!(Classifier::from_number(3), None);
    }
}
