//! Checks values one after another, faster than each by itself: records of a topic have the same
//! names again and again.
//!
//! Not here: what is checked (see [`super::check_object`]). Invariant: the answer is that of
//! [`super::check_object`]; earlier values only change how fast it comes.

use chrono::NaiveDateTime;
use schema::{Members, PARTITION_COLUMN, RowReader, TableSchema};

use super::{Misfit, Reason, ValueRule, check_object, check_text, no_object};

/// Records with more names are checked each by itself.
const MOST_NAMES: usize = 256;

/// Checks values of one topic.
#[derive(Debug)]
pub struct Checker {
    rule: ValueRule,
    /// What each record must be a row of.
    columns: Option<RowReader>,
    /// The names of an earlier value that passed, in order and without escapes: no two of them are
    /// the same column.
    names: Vec<Box<str>>,
    /// Which of them is the date field.
    field: Option<usize>,
    /// How many values since then had others.
    misses: u32,
    /// Whether a value that passed had a field with the name of the partition column.
    has_partition_column: bool,
}

impl Checker {
    /// A checker by this rule.
    #[must_use]
    pub fn new(rule: ValueRule) -> Self {
        Self {
            rule,
            columns: None,
            names: Vec::new(),
            field: None,
            misses: 0,
            has_partition_column: false,
        }
    }

    /// Whether a value that passed had a top-level field with the name of the partition column,
    /// which a table with that partition column cannot show.
    #[must_use]
    pub fn has_partition_column(&self) -> bool {
        self.has_partition_column
    }

    /// The same, with columns that each record must fit.
    #[must_use]
    pub fn with_columns(self, columns: &TableSchema) -> Self {
        let columns = RowReader::new(columns, self.rule.classifier);
        Self {
            columns: Some(columns),
            ..self
        }
    }

    /// Whether a value that passed [`Self::check`] fits the columns, if there are any.
    ///
    /// # Errors
    /// Why it does not, and which column is to blame.
    pub fn check_columns(&mut self, value: &[u8]) -> Result<(), Misfit> {
        let Some(columns) = &mut self.columns else {
            return Ok(());
        };
        let text = std::str::from_utf8(value).map_err(|_| Reason::NotAJsonObject)?;
        Ok(columns.check(text)?)
    }

    /// Like [`check_object`].
    ///
    /// # Errors
    /// The reason code for the dead letter.
    pub fn check(&mut self, value: &[u8]) -> Result<Option<NaiveDateTime>, Reason> {
        // Whatever is wrong with it, `check_object` finds and explains it.
        let Ok(text) = check_text(value) else {
            return check_object(value, &self.rule);
        };
        if let Ok(Some(found)) = self.check_known(text) {
            self.misses = 0;
            return Ok(found);
        }
        let checked = check_object(value, &self.rule);
        self.misses = self.misses.saturating_add(1);
        // A known name was looked at when it was new.
        if checked.is_ok() && !self.has_partition_column {
            self.has_partition_column = names_partition_column(text);
        }
        // Where values of several kinds take turns, learning each time would cost more than it
        // saves.
        if checked.is_ok() && self.misses.is_power_of_two() {
            self.learn(text);
        }
        checked
    }

    /// The answer, if all names are the known ones; some may be missing at the end.
    fn check_known(&self, text: &str) -> Result<Option<Option<NaiveDateTime>>, Reason> {
        let mut members = Members::new(text).map_err(no_object)?;
        let (mut at, mut found) = (0, None);
        loop {
            let expected = self.names.get(at).map(|name| &**name);
            match members.next(expected).map_err(no_object)? {
                None => return Ok(Some(found)),
                Some(member) if member.name.is_some() => return Ok(None),
                Some(member) if self.field == Some(at) => {
                    found = self.rule.time(member.value.text);
                }
                Some(_) => {}
            }
            at += 1;
        }
    }

    /// Remembers the names of a value that passed.
    fn learn(&mut self, text: &str) {
        self.names.clear();
        self.field = None;
        let Ok(mut members) = Members::new(text) else {
            return;
        };
        while let Ok(Some(member)) = members.next(None) {
            match member.name {
                Some(name) if !name.contains('\\') && self.names.len() < MOST_NAMES => {
                    if self.rule.is_field(name) {
                        self.field = Some(self.names.len());
                    }
                    self.names.push(name.into());
                }
                _ => return,
            }
        }
    }
}

fn names_partition_column(text: &str) -> bool {
    let is_it = |name: &[u8]| name.eq_ignore_ascii_case(PARTITION_COLUMN.as_bytes());
    let mut anywhere = text.as_bytes().windows(PARTITION_COLUMN.len());
    let Ok(mut members) = Members::new(text) else {
        return false;
    };
    if !anywhere.any(is_it) {
        return false;
    }
    while let Ok(Some(member)) = members.next(None) {
        if member.name.is_some_and(|name| is_it(name.as_bytes())) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use schema::Classifier;

    use super::*;
    use crate::partition_by::PartitionBy;

    /// Values that differ in a name, in their order, in an escape, in a blank, or that are no
    /// object at all.
    fn value() -> impl Strategy<Value = String> {
        let name =
            prop::sample::select(vec!["a", "A", "b", "Date", "é", "É", "\\u0061", "\\ud800"]);
        let json = prop::sample::select(vec![
            "1",
            "\"x\"",
            "\"2021-06-03\"",
            "\"2021-06-03T00:30:00+01\"",
            "1622734200",
            "NaN",
            "\"\\n\"",
            "{\"a\":1,\"A\":2}",
            "[",
            "01",
            "null",
        ]);
        let member = (name, json).prop_map(|(name, json)| format!("\"{name}\":{json}"));
        let members = prop::collection::vec(member, 0..4);
        let edges = prop::sample::select(vec![
            ("{", "}"),
            ("{ ", " }"),
            ("{", ""),
            ("[", "]"),
            ("", ""),
        ]);
        (members, edges)
            .prop_map(|(members, (open, close))| format!("{open}{}{close}", members.join(",")))
    }

    proptest! {
        #[test]
        fn whatever_came_before_the_answer_is_that_of_a_single_check(
            values in prop::collection::vec(value(), 1..12),
            by in prop::sample::select(vec!["timestamp", "field:a", "field:Date", "field:b:epoch-s"]),
            classifier in prop::sample::select(vec![Classifier::One, Classifier::Two]),
        ) {
            let rule = ValueRule::new(classifier, &PartitionBy::parse(by, classifier).unwrap());
            let mut checker = Checker::new(rule.clone());
            for value in &values {
                let alone = check_object(value.as_bytes(), &rule);
                prop_assert_eq!(checker.check(value.as_bytes()), alone, "{}", value);
            }
        }
    }

    #[test]
    fn a_field_with_the_name_of_the_partition_column_is_noticed() {
        for (value, has) in [
            (r#"{"id":1,"dt":"2021-06-03"}"#, true),
            (r#"{"DT":null}"#, true),
            (r#"{"dts":1,"a":{"dt":1},"b":"dt"}"#, false),
            (r#"{"dt":1,"#, false),
        ] {
            let rule = ValueRule::new(Classifier::NEWEST, &PartitionBy::Timestamp);
            let mut checker = Checker::new(rule);
            checker.check(value.as_bytes()).ok();
            assert_eq!(checker.has_partition_column(), has, "{value}");
        }
    }

    #[test]
    fn names_are_learnt_of_what_passes_and_known_then() {
        let by_date = "field:Date".parse().unwrap();
        let mut checker = Checker::new(ValueRule::new(Classifier::NEWEST, &by_date));
        let value = br#"{"Index":"HSI","Date":"1986-12-31"}"#;
        let known =
            |checker: &Checker, value: &str| matches!(checker.check_known(value), Ok(Some(_)));
        assert_eq!(checker.check(br#"{"a":1,"A":2}"#), Err(Reason::KeysCollide));
        assert!(checker.names.is_empty(), "{:?}", checker.names);
        checker.check(value).unwrap();
        assert!(known(&checker, r#"{"Index":"NYA","Date":""}"#));
        assert!(known(&checker, r#"{"Index":1}"#));
        assert!(!known(&checker, r#"{"Date":1}"#));
        assert!(!known(&checker, r#"{"Index":1,"Date":2,"index":3}"#));
        let time = checker.check(value).unwrap();
        assert_eq!(time.unwrap().to_string(), "1986-12-31 00:00:00");
    }
}
