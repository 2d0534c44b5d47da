//! Which records are wanted: some symbols, some span of time.
//!
//! Pure. A record without a key has no symbol, one without a time is in no span.

/// The most symbols that an error lists.
const LISTED: usize = 10;

/// What is wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Record keys; none: all.
    pub(crate) symbols: Vec<String>,
    /// The first and the last instant, in milliseconds since 1970-01-01 UTC.
    pub(crate) from: Option<i64>,
    pub(crate) to: Option<i64>,
}

impl Wanted {
    pub(crate) fn is_everything(&self) -> bool {
        *self == Self::default()
    }
}

/// The names of a list, which a variable without a value leaves empty.
pub(crate) fn named(list: &[String]) -> Vec<String> {
    let names = list.iter().map(|name| name.trim());
    let names = names.filter(|name| !name.is_empty());
    names.map(str::to_owned).collect()
}

/// What is wanted, and what has come of it.
#[derive(Debug)]
pub(crate) struct Selection {
    wanted: Wanted,
    /// For each wanted symbol, whether a record had it.
    seen: Vec<bool>,
    /// Some of the symbols that are not wanted.
    others: Vec<String>,
    taken: u64,
    left_out: u64,
}

impl Selection {
    pub(crate) fn new(wanted: Wanted) -> Self {
        Self {
            seen: vec![false; wanted.symbols.len()],
            others: Vec::new(),
            taken: 0,
            left_out: 0,
            wanted,
        }
    }

    /// Whether the record is wanted.
    pub(crate) fn takes(&mut self, key: Option<&[u8]>, time: Option<i64>) -> bool {
        // Both are looked at: a symbol whose rows are all outside of the span is there.
        let is_wanted = self.takes_symbol(key) & self.takes_time(time);
        if is_wanted {
            self.taken += 1;
        } else {
            self.left_out += 1;
        }
        is_wanted
    }

    /// How many records were not wanted.
    pub(crate) fn left_out(&self) -> u64 {
        self.left_out
    }

    /// To be called after the last record.
    ///
    /// # Errors
    /// The symbols that no record had, with some that there are.
    pub(crate) fn finish(&self) -> Result<(), String> {
        let symbols = self.wanted.symbols.iter().zip(&self.seen);
        let missing: Vec<_> = symbols
            .filter(|(_, seen)| !**seen)
            .map(|(symbol, _)| symbol.as_str())
            .collect();
        if missing.is_empty() {
            if self.taken == 0 && self.left_out > 0 {
                tracing::warn!(
                    "--from and --to leave out all of the {} rows",
                    self.left_out
                );
            }
            return Ok(());
        }
        let others = match self.others.as_slice() {
            [] => "no other has a key".to_owned(),
            others => {
                let more = if others.len() == LISTED { ", …" } else { "" };
                format!("there are {}{more}", others.join(", "))
            }
        };
        Err(format!(
            "no row has the key {} of --symbols; {others}",
            missing.join(" or ")
        ))
    }

    fn takes_symbol(&mut self, key: Option<&[u8]>) -> bool {
        if self.wanted.symbols.is_empty() {
            return true;
        }
        let Some(key) = key else {
            return false;
        };
        let mut symbols = self.wanted.symbols.iter();
        match symbols.position(|symbol| symbol.as_bytes() == key) {
            Some(at) => {
                self.seen[at] = true;
                true
            }
            None => {
                self.note(key);
                false
            }
        }
    }

    fn note(&mut self, key: &[u8]) {
        if self.others.len() < LISTED && !self.others.iter().any(|other| other.as_bytes() == key) {
            self.others.push(String::from_utf8_lossy(key).into_owned());
        }
    }

    fn takes_time(&self, time: Option<i64>) -> bool {
        let Wanted { from, to, .. } = self.wanted;
        match time {
            Some(time) => from.is_none_or(|from| from <= time) && to.is_none_or(|to| time <= to),
            None => from.is_none() && to.is_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selection(symbols: &[&str], from: Option<i64>, to: Option<i64>) -> Selection {
        Selection::new(Wanted {
            symbols: symbols.iter().map(|symbol| (*symbol).to_owned()).collect(),
            from,
            to,
        })
    }

    #[test]
    fn symbols_and_times_are_both_looked_at() {
        let mut selection = selection(&["HSI", "NYA"], Some(10), Some(20));
        let key = |text: &'static str| Some(text.as_bytes());
        for (key, time, is_taken) in [
            (key("HSI"), Some(10), true),
            (key("NYA"), Some(20), true),
            (key("HSI"), Some(9), false),
            (key("HSI"), Some(21), false),
            (key("HSI"), None, false),
            (key("hsi"), Some(15), false),
            (None, Some(15), false),
        ] {
            assert_eq!(selection.takes(key, time), is_taken, "{key:?} {time:?}");
        }
        assert_eq!((selection.left_out(), selection.finish()), (5, Ok(())));
    }

    #[test]
    fn a_symbol_that_no_row_has_is_an_error_with_those_that_there_are() {
        let mut some = selection(&["HSI", "N225"], None, None);
        for key in ["HSI", "NYA", "NYA", "GDAXI"] {
            some.takes(Some(key.as_bytes()), None);
        }
        assert_eq!(
            some.finish().unwrap_err(),
            "no row has the key N225 of --symbols; there are NYA, GDAXI"
        );
        let mut none = selection(&["HSI"], None, None);
        none.takes(None, None);
        assert!(none.finish().unwrap_err().ends_with("; no other has a key"));
    }

    #[test]
    fn a_symbol_outside_of_the_span_is_there() {
        let mut selection = selection(&["HSI"], Some(10), None);
        assert!(!selection.takes(Some(b"HSI"), Some(5)));
        assert_eq!(selection.finish(), Ok(()));
    }
}
