//! How many rows of one input were records, so that an input without any can be told at its end.
//!
//! Does not report single bad rows.

use super::{input::SourceError, record::BadRow};

/// The rows of one input so far.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    good: u64,
    bad: u64,
    /// Line and reason of the first bad row.
    first_bad: Option<String>,
}

impl Tally {
    pub(crate) fn good(&mut self) {
        self.good += 1;
    }

    pub(crate) fn bad(&mut self, bad: &BadRow) {
        self.bad += 1;
        self.first_bad
            .get_or_insert_with(|| format!("line {}: {}", bad.line, bad.reason));
    }

    /// The last good row has turned out to be a bad one.
    pub(crate) fn turned_bad(&mut self, bad: &BadRow) {
        self.good = self.good.saturating_sub(1);
        self.bad(bad);
    }

    /// To be called at the end of the input. Returns whether it had rows.
    ///
    /// # Errors
    /// [`SourceError::NothingGood`] if all of its rows were bad.
    pub(crate) fn finish(&self, name: &str) -> Result<bool, SourceError> {
        match &self.first_bad {
            Some(first) if self.good == 0 => Err(SourceError::NothingGood {
                name: name.to_owned(),
                rows: self.bad,
                first: first.clone(),
            }),
            _ => Ok(self.good + self.bad > 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_of_bad_rows_is_told_with_the_first_of_them() {
        let bad = |line| BadRow {
            line,
            reason: "no number".into(),
            raw: Vec::new(),
        };
        let mut tally = Tally::default();
        assert!(!tally.finish("a.csv").unwrap());
        tally.bad(&bad(2));
        tally.good();
        assert!(tally.finish("a.csv").unwrap());
        tally.turned_bad(&bad(3));
        assert_eq!(
            tally.finish("a.csv").unwrap_err().to_string(),
            "nothing was sent from a.csv: all of its 2 rows are bad, the first at line 2: no number"
        );
    }
}
