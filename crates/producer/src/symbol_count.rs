//! Counts the different symbols of the records that were sent.
//!
//! Bounded: it keeps a number of eight bytes for each symbol, and stops at [`MANY`].

use std::{
    collections::HashSet,
    hash::{BuildHasher, RandomState},
};

/// Where the count stops: it stands for itself and for anything above.
pub(crate) const MANY: u64 = 10_000;

/// The symbols so far.
#[derive(Debug, Default)]
pub(crate) struct SymbolCount {
    /// The keys as hashes of 64 bits. Two of 10,000 keys share one with a chance of 3 in 10^12.
    seen: HashSet<u64>,
    hasher: RandomState,
    /// The key of the last record: in most files the next one has the same.
    last: Vec<u8>,
}

impl SymbolCount {
    /// Takes the key of a record.
    pub(crate) fn take(&mut self, key: Option<&[u8]>) {
        let Some(key) = key else {
            return;
        };
        if key == self.last && !self.seen.is_empty() || self.count() == MANY {
            return;
        }
        self.last.clear();
        self.last.extend_from_slice(key);
        self.seen.insert(self.hasher.hash_one(key));
    }

    /// How many there are; [`MANY`] for as many or more.
    pub(crate) fn count(&self) -> u64 {
        self.seen.len() as u64
    }
}

/// A count in words: `13`, or `10000+`.
pub(crate) fn shown(count: u64) -> String {
    let more = if count >= MANY { "+" } else { "" };
    format!("{count}{more}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_counts_once_in_any_order() {
        let mut symbols = SymbolCount::default();
        for key in ["A", "A", "B", "A", "", "B", ""] {
            symbols.take(Some(key.as_bytes()));
            symbols.take(None);
        }
        assert_eq!((symbols.count(), shown(symbols.count())), (3, "3".into()));
    }

    #[test]
    fn an_empty_first_key_counts() {
        let mut symbols = SymbolCount::default();
        symbols.take(Some(b""));
        assert_eq!(symbols.count(), 1);
    }

    #[test]
    fn the_count_stops_and_says_so() {
        let mut symbols = SymbolCount::default();
        for number in 0..MANY + 5 {
            symbols.take(Some(number.to_string().as_bytes()));
        }
        assert_eq!(symbols.count(), MANY);
        assert_eq!(shown(symbols.count()), "10000+");
        assert_eq!(shown(MANY - 1), "9999");
    }
}
