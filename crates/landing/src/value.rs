//! Whether a value can be landed as a JSON object that Athena reads, and if not, the fixed reason
//! code.
//!
//! It looks at the bytes once and changes nothing but line breaks between tokens (a document must
//! stay on one line). The answer depends on the bytes alone, so every process gives the same answer
//! for the same record. Not here: whether a record fits the columns of a table (see
//! [`schema::RowReader`]); only the reasons why it does not are here.

pub mod checker;
mod not_an_object;
mod reason;
mod string_state;

use std::{borrow::Cow, collections::HashSet};

use chrono::NaiveDateTime;
use schema::{
    Classifier, Members, NotAnObject, parse_partition_time_1, parse_partition_time_2, same_field,
};

pub use self::reason::{Misfit, Reason};
use self::string_state::StringState;
use crate::partition_by::{DateField, PartitionBy};

/// Values above this many bytes become dead letters. Part of the protocol: changing it needs a new
/// zone.
pub const MAX_VALUE_BYTES: usize = 8 * 1024 * 1024;

/// Values nested deeper than this become dead letters: readers give up there (serde_json and
/// Jackson-like limits).
pub const MAX_DEPTH: usize = 128;

/// How the values of a zone are checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueRule {
    classifier: Classifier,
    /// The field with the record's time, where that decides the date partition.
    field: Option<DateField>,
}

impl ValueRule {
    /// The rule of a zone with this classifier that is partitioned like this.
    #[must_use]
    pub fn new(classifier: Classifier, partition_by: &PartitionBy) -> Self {
        let field = match partition_by {
            PartitionBy::Timestamp => None,
            PartitionBy::Field(field) => Some(field.clone()),
        };
        Self { classifier, field }
    }

    fn is_field(&self, name: &str) -> bool {
        self.field
            .as_ref()
            .is_some_and(|field| match self.classifier {
                Classifier::One => field.name == name,
                Classifier::Two => same_field(&field.name, name),
            })
    }

    /// The time in UTC that the field names with this JSON value.
    fn time(&self, value: &str) -> Option<NaiveDateTime> {
        match self.classifier {
            Classifier::One => parse_partition_time_1(&string_value(value)?),
            Classifier::Two => parse_partition_time_2(value, self.field.as_ref()?.form),
        }
    }

    /// The reason for this value, where the check has found `reason`.
    fn explain(&self, reason: Reason, value: &[u8]) -> Reason {
        match (self.classifier, reason) {
            (Classifier::Two, Reason::NotAJsonObject) => not_an_object::explain(value),
            _ => reason,
        }
    }
}

/// Checks that `value` is one JSON object that Athena can read. Where the rule has a date field,
/// returns the time in UTC that this top-level field names (`None`: there is no such field, or it
/// names none).
///
/// # Errors
/// The reason code for the dead letter.
pub fn check_object(value: &[u8], rule: &ValueRule) -> Result<Option<NaiveDateTime>, Reason> {
    let walked = check_text(value).and_then(|text| walk(text, rule));
    walked.map_err(|reason| rule.explain(reason, value))
}

/// Checks that `value` is one JSON object that Athena can read, of whatever zone.
///
/// # Errors
/// Why it is none.
pub fn check_json(value: &[u8]) -> Result<(), Reason> {
    let rule = ValueRule::new(Classifier::NEWEST, &PartitionBy::Timestamp);
    check_object(value, &rule).map(|_| ())
}

fn walk(text: &str, rule: &ValueRule) -> Result<Option<NaiveDateTime>, Reason> {
    let mut members = Members::new(text).map_err(no_object)?;
    let (mut names, mut collides) = (Names::new(), false);
    let mut found = None;
    while let Some(member) = members.next(None).map_err(no_object)? {
        let name = unescaped(member.name.unwrap_or_default())?;
        if rule.is_field(&name) {
            // Two spellings of one name; rule 1 has one spelling, so the names themselves collide.
            collides |= found.is_some();
            found = Some(rule.time(member.value.text));
        }
        collides |= !names.insert(name);
    }
    if collides {
        Err(Reason::KeysCollide)
    } else {
        Ok(found.flatten())
    }
}

/// What can be decided before looking at the members.
fn check_text(value: &[u8]) -> Result<&str, Reason> {
    if value.len() > MAX_VALUE_BYTES {
        return Err(Reason::TooLarge);
    }
    // Measured first, so that a value that is too deep is called that, whether or not the rest of
    // it is JSON.
    if brackets(value) > MAX_DEPTH && depth(value) > MAX_DEPTH {
        return Err(Reason::TooDeep);
    }
    std::str::from_utf8(value).map_err(|_| Reason::NotAJsonObject)
}

fn no_object(_: NotAnObject) -> Reason {
    Reason::NotAJsonObject
}

/// What a name says. A name with half of a surrogate pair is one that nobody could look for.
fn unescaped(name: &str) -> Result<Cow<'_, str>, Reason> {
    if name.contains('\\') {
        let name = serde_json::from_str(&format!("\"{name}\""));
        name.map(Cow::Owned).map_err(|_| Reason::NotAJsonObject)
    } else {
        Ok(Cow::Borrowed(name))
    }
}

/// The document on one line: the bytes as they are if they hold no line break, otherwise without
/// white space between tokens.
///
/// `value` must have passed [`check_object`]: then line breaks occur only between tokens.
#[must_use]
pub fn on_one_line(value: &[u8]) -> Cow<'_, [u8]> {
    // Two searches for one byte are faster than one search for either.
    if !value.contains(&b'\n') && !value.contains(&b'\r') {
        return Cow::Borrowed(value);
    }
    let text = String::from_utf8_lossy(value);
    Cow::Owned(schema::on_one_line(&text).into_owned().into_bytes())
}

/// Opening brackets, in strings or not: a value is nested at most that deep. Fast, and usually all
/// that is needed.
fn brackets(value: &[u8]) -> usize {
    // The two differ in one bit. Counts of up to 255 bytes fit a byte, of which the processor adds
    // up many at once.
    let count = |bytes: &[u8]| {
        bytes
            .iter()
            .map(|byte| u8::from(byte | 0x20 == b'{'))
            .sum::<u8>()
    };
    value
        .chunks(255)
        .map(|bytes| usize::from(count(bytes)))
        .sum()
}

fn depth(value: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0usize, 0);
    let mut text = StringState::default();
    for &byte in value {
        if text.step(byte) {
            continue;
        }
        match byte {
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// The names seen so far. Few names are compared one by one, many are hashed: a record with 100,000
/// names must not take minutes.
struct Names<'v> {
    few: Vec<Cow<'v, str>>,
    many: HashSet<String>,
    /// A bit for each length and first letter that occurred: a name whose bit is not set is
    /// certainly new.
    occurred: u64,
}

/// Up to this many names are few.
const FEW: usize = 16;

impl<'v> Names<'v> {
    fn new() -> Self {
        Self {
            few: Vec::with_capacity(FEW),
            many: HashSet::new(),
            occurred: 0,
        }
    }

    /// Whether the name is new, ignoring case.
    fn insert(&mut self, name: Cow<'v, str>) -> bool {
        if self.many.is_empty() && self.few.len() < FEW && name.is_ascii() {
            let first = name
                .bytes()
                .next()
                .map_or(0, |byte| byte.to_ascii_lowercase());
            let bit = 1 << ((name.len() * 7 + usize::from(first)) % 64);
            let same = |seen: &Cow<'_, str>| seen.eq_ignore_ascii_case(&name);
            let new = self.occurred & bit == 0 || !self.few.iter().any(same);
            self.occurred |= bit;
            self.few.push(name);
            return new;
        }
        self.many
            .extend(self.few.drain(..).map(|seen| seen.to_lowercase()));
        self.many.insert(name.to_lowercase())
    }
}

fn string_value(value: &str) -> Option<Cow<'_, str>> {
    serde_json::from_str::<&str>(value)
        .map(Cow::Borrowed)
        .or_else(|_| serde_json::from_str::<String>(value).map(Cow::Owned))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &[u8]) -> Result<(), Reason> {
        check_json(value)
    }

    #[test]
    fn one_json_object_passes_and_gives_the_time_in_its_field() {
        use Classifier::{One, Two};
        let value = br#" {"Index":"HSI","Trade Date":"1986-12-31","Open":2568,"n":{"Date":"x"}} "#;
        let escaped = br#"{"D\u0061te":"1986\u002d12-31"}"#;
        for (classifier, value, by, expected) in [
            (One, &value[..], "field:Trade Date", true),
            (One, value, "field:trade_date", false),
            (One, value, "field:Open", false),
            (One, escaped, "field:Date", true),
            (Two, value, "field:Trade Date", true),
            (Two, value, "field:trade_date", true),
            (Two, value, "field:Open", false),
            (Two, value, "field:Open:epoch-s", true),
            (Two, escaped, "field:date", true),
        ] {
            let partition_by = PartitionBy::parse(by, classifier).unwrap();
            let found = check_object(value, &ValueRule::new(classifier, &partition_by));
            assert_eq!(found.unwrap().is_some(), expected, "{classifier:?} {by}");
        }
        assert_eq!(check(b"{}"), Ok(()));
    }

    /// The first classifier takes what it has always taken: more such texts stand beside the rule,
    /// in `schema`.
    #[test]
    fn a_text_names_its_day_by_the_rule_of_its_classifier() {
        let day = |classifier, text: &str| {
            let rule = ValueRule::new(classifier, &"field:Date".parse().unwrap());
            let value = format!("{{\"Date\":\"{text}\"}}");
            let time = check_object(value.as_bytes(), &rule).unwrap();
            time.map(|time| time.date().to_string())
        };
        for (text, one, two) in [
            ("1986-12-31", Some("1986-12-31"), Some("1986-12-31")),
            (
                "2021-06-03T23:30:00-05:00",
                Some("2021-06-04"),
                Some("2021-06-04"),
            ),
            ("2021-06-03T00:30:00+01:00xyz", Some("2021-06-02"), None),
            (
                "2016-12-31T23:59:60Z",
                Some("2016-12-31"),
                Some("2017-01-01"),
            ),
            ("2021-06-03T00:30:00+01", None, Some("2021-06-02")),
            ("0000-01-01", None, None),
            ("", None, None),
        ] {
            assert_eq!(day(Classifier::One, text).as_deref(), one, "{text}");
            assert_eq!(day(Classifier::Two, text).as_deref(), two, "{text}");
        }
    }

    #[test]
    fn a_field_in_two_spellings_has_no_date() {
        let value = br#"{"ts":"2021-06-03","T_S":"2021-06-04"}"#;
        let check = |classifier| {
            let rule = ValueRule::new(classifier, &"field:ts".parse().unwrap());
            check_object(value, &rule).map(|time| time.is_some())
        };
        assert_eq!(check(Classifier::One), Ok(true));
        assert_eq!(check(Classifier::Two), Err(Reason::KeysCollide));
    }

    #[test]
    fn a_misfit_says_which_column_and_why() {
        let no_row = |problem, column: Option<&str>| schema::NoRow {
            problem,
            column: column.map(str::to_owned),
        };
        let misfit = Misfit::from(no_row(schema::RowProblem::SameColumn, Some("adj_close")));
        assert_eq!(
            (misfit.reason.code(), misfit.column.as_deref()),
            ("keys-collide", Some("adj_close"))
        );
        assert_eq!(
            Misfit::from(no_row(schema::RowProblem::NotAnObject, None)),
            Misfit::from(Reason::NotAJsonObject)
        );
    }

    #[test]
    fn what_is_no_json_object_is_named_so() {
        let bad: [&[u8]; 14] = [
            b"",
            b" ",
            b"hello world",
            b"null",
            b"[]",
            b"1",
            b"{",
            b"{}{}",
            b"{} x",
            b"{\"a\":}",
            b"{'a':1}",
            b"{\"a\":NaN}",
            b"\xef\xbb\xbf{}",
            b"{\"a\":\"\xff\"}",
        ];
        for value in bad {
            assert!(check(value).is_err(), "{}", value.escape_ascii());
            let rule = ValueRule::new(Classifier::One, &PartitionBy::Timestamp);
            assert_eq!(
                check_object(value, &rule),
                Err(Reason::NotAJsonObject),
                "{}",
                value.escape_ascii()
            );
        }
        assert_eq!(
            check(b"{\"\xff\":1}"),
            Err(Reason::NotAJsonObject),
            "invalid UTF-8 in a name"
        );
        assert_eq!(
            check(b"{\"a\":[\"\xff\"]}"),
            Err(Reason::NotAJsonObject),
            "invalid UTF-8 deep inside"
        );
    }

    #[test]
    fn names_that_athena_cannot_tell_apart_collide() {
        for value in [
            r#"{"a":1,"A":2}"#,
            r#"{"a":1,"a":2}"#,
            r#"{"É":1,"é":2}"#,
            r#"{"a":1,"\u0041":2}"#,
        ] {
            assert_eq!(check(value.as_bytes()), Err(Reason::KeysCollide), "{value}");
        }
        let many: Vec<String> = (0..100).map(|n| format!("\"k{n}\":1")).collect();
        assert_eq!(check(format!("{{{}}}", many.join(",")).as_bytes()), Ok(()));
        let again = format!("{{{},\"K3\":1}}", many.join(","));
        assert_eq!(check(again.as_bytes()), Err(Reason::KeysCollide));
        assert_eq!(
            check(br#"{"a":{"b":1,"B":2}}"#),
            Ok(()),
            "only columns, that is top-level names, are compared"
        );
    }

    #[test]
    fn depth_and_size_have_limits() {
        let nested = |levels: usize| {
            format!(
                "{{\"a\":{}{}}}",
                "[".repeat(levels - 1),
                "]".repeat(levels - 1)
            )
        };
        assert_eq!(check(nested(MAX_DEPTH).as_bytes()), Ok(()));
        assert_eq!(
            check(nested(MAX_DEPTH + 1).as_bytes()),
            Err(Reason::TooDeep)
        );
        assert_eq!(
            check("[".repeat(1_000_000).as_bytes()),
            Err(Reason::TooDeep)
        );
        assert_eq!(check(br#"{"a":"[[[[\"[[[["}"#), Ok(()));
        let large = format!("{{\"a\":\"{}\"}}", "x".repeat(MAX_VALUE_BYTES));
        assert_eq!(check(large.as_bytes()), Err(Reason::TooLarge));
    }

    #[test]
    fn a_document_is_kept_byte_for_byte_unless_it_spans_lines() {
        assert_eq!(
            on_one_line(b"{ \"a\" : 1.50 }"),
            Cow::Borrowed(b"{ \"a\" : 1.50 }")
        );
        let pretty = b"{\r\n  \"a b\": 1.50,\n\t\"c\": \"x \\\" y\"\n}\n";
        assert_eq!(&*on_one_line(pretty), br#"{"a b":1.50,"c":"x \" y"}"#);
    }
}
