//! Checks values one after another, faster than each by itself: records of a topic have the same
//! names again and again.
//!
//! Not here: what is checked (see [`super::check_object`]). Invariant: the answer is that of
//! [`super::check_object`]; earlier values only change how fast it comes.

use std::borrow::Cow;

use schema::Members;

use super::{Reason, check_object, check_text, not_an_object, string_value};

/// Records with more names are checked each by itself.
const MOST_NAMES: usize = 256;

/// Checks values of one topic.
#[derive(Debug, Default)]
pub struct Checker {
    /// The names of an earlier value that passed, in order and without escapes: no two of them are
    /// the same column.
    names: Vec<Box<str>>,
    /// How many values since then had others.
    misses: u32,
}

impl Checker {
    /// Like [`check_object`].
    ///
    /// # Errors
    /// The reason code for the dead letter.
    pub fn check<'v>(
        &mut self,
        value: &'v [u8],
        field: Option<&str>,
    ) -> Result<Option<Cow<'v, str>>, Reason> {
        let text = check_text(value)?;
        if let Some(found) = self.check_known(text, field)? {
            self.misses = 0;
            return Ok(found);
        }
        let checked = check_object(value, field);
        self.misses = self.misses.saturating_add(1);
        // Where values of several kinds take turns, learning each time would cost more than it
        // saves.
        if checked.is_ok() && self.misses.is_power_of_two() {
            self.learn(text);
        }
        checked
    }

    /// The answer, if all names are the known ones; some may be missing at the end.
    fn check_known<'v>(
        &self,
        text: &'v str,
        field: Option<&str>,
    ) -> Result<Option<Option<Cow<'v, str>>>, Reason> {
        let mut members = Members::new(text).map_err(not_an_object)?;
        let (mut known, mut found) = (self.names.iter(), None);
        loop {
            let expected = known.next().map(|name| &**name);
            match members.next(expected).map_err(not_an_object)? {
                None => return Ok(Some(found)),
                Some(member) if member.name.is_some() => return Ok(None),
                Some(member) => {
                    if field.is_some() && expected == field {
                        found = string_value(member.value.text);
                    }
                }
            }
        }
    }

    /// Remembers the names of a value that passed.
    fn learn(&mut self, text: &str) {
        self.names.clear();
        let Ok(mut members) = Members::new(text) else {
            return;
        };
        while let Ok(Some(member)) = members.next(None) {
            match member.name {
                Some(name) if !name.contains('\\') && self.names.len() < MOST_NAMES => {
                    self.names.push(name.into());
                }
                _ => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Values that differ in a name, in their order, in an escape, in a blank, or that are no
    /// object at all.
    fn value() -> impl Strategy<Value = String> {
        let name =
            prop::sample::select(vec!["a", "A", "b", "Date", "é", "É", "\\u0061", "\\ud800"]);
        let json = prop::sample::select(vec![
            "1",
            "\"x\"",
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
            field in prop::sample::select(vec![None, Some("a"), Some("Date")]),
        ) {
            let mut checker = Checker::default();
            for value in &values {
                let alone = check_object(value.as_bytes(), field);
                prop_assert_eq!(checker.check(value.as_bytes(), field), alone, "{}", value);
            }
        }
    }

    #[test]
    fn names_are_learnt_of_what_passes_and_known_then() {
        let mut checker = Checker::default();
        let value = br#"{"Index":"HSI","Date":"1986-12-31"}"#;
        let known = |checker: &Checker, value: &str| {
            matches!(checker.check_known(value, None), Ok(Some(_)))
        };
        assert_eq!(
            checker.check(br#"{"a":1,"A":2}"#, None),
            Err(Reason::KeysCollide)
        );
        assert!(checker.names.is_empty(), "{:?}", checker.names);
        checker.check(value, None).unwrap();
        assert!(known(&checker, r#"{"Index":"NYA","Date":""}"#));
        assert!(known(&checker, r#"{"Index":1}"#));
        assert!(!known(&checker, r#"{"Date":1}"#));
        assert!(!known(&checker, r#"{"Index":1,"Date":2,"index":3}"#));
        let day = checker.check(value, Some("Date")).unwrap();
        assert_eq!(day.as_deref(), Some("1986-12-31"));
    }
}
