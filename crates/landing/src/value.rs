//! Whether a value can be landed as a JSON object that Athena reads, and if not, the fixed reason
//! code.
//!
//! It looks at the bytes once and changes nothing but line breaks between tokens (a document must
//! stay on one line). The answer depends on the bytes alone, so every process gives the same answer
//! for the same record. Not here: whether a record fits the columns of a table (see
//! [`schema::RowReader`]); only the reasons why it does not are here.

pub mod checker;

use std::{borrow::Cow, collections::HashSet, fmt};

use schema::{Members, NotAnObject};

/// Values above this many bytes become dead letters. Part of the protocol: changing it needs a new
/// zone.
pub const MAX_VALUE_BYTES: usize = 8 * 1024 * 1024;

/// Values nested deeper than this become dead letters: readers give up there (serde_json and
/// Jackson-like limits).
pub const MAX_DEPTH: usize = 128;

/// Why a record became a dead letter. The codes are fixed: they are in the objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The value is not one JSON object in UTF-8.
    NotAJsonObject,
    /// Nested deeper than [`MAX_DEPTH`].
    TooDeep,
    /// More bytes than [`MAX_VALUE_BYTES`].
    TooLarge,
    /// No usable date in the place that the date partition comes from.
    NoPartitionValue,
    /// Two top-level names are equal, or become equal after lower-casing as Athena does.
    KeysCollide,
    /// A tombstone, kept because the operator asked for it.
    Tombstone,
    /// A value of another type than its column's: text in a number column, `1.5` in a bigint
    /// column.
    WrongType,
    /// Text that is not a day, in a date column.
    UnparseableDate,
    /// Text that is not a time, in a timestamp column.
    UnparseableTimestamp,
    /// A number beyond what its column's type holds, or a time outside of the years 1 to 9999.
    NumberOutOfRange,
    /// Text with half of a surrogate pair, which no file in UTF-8 can hold.
    NotUnicode,
    /// A line break in a CSV cell: Athena reads CSV line by line and would make two rows of it.
    LineBreak,
    /// A field that no column takes, where the schema refuses those.
    UnknownField,
}

impl Reason {
    /// The fixed code, for example `not-a-json-object`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotAJsonObject => "not-a-json-object",
            Self::TooDeep => "too-deep",
            Self::TooLarge => "too-large",
            Self::NoPartitionValue => "no-partition-value",
            Self::KeysCollide => "keys-collide",
            Self::Tombstone => "tombstone",
            Self::WrongType => "wrong-type",
            Self::UnparseableDate => "unparseable-date",
            Self::UnparseableTimestamp => "unparseable-timestamp",
            Self::NumberOutOfRange => "number-out-of-range",
            Self::NotUnicode => "not-unicode",
            Self::LineBreak => "line-break",
            Self::UnknownField => "unknown-field",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Why a record cannot be landed, and which column is to blame where one is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// The reason.
    pub reason: Reason,
    /// The column of the table that has no place for what the record holds, or the field that has
    /// no column.
    pub column: Option<String>,
}

impl From<Reason> for Misfit {
    fn from(reason: Reason) -> Self {
        Self {
            reason,
            column: None,
        }
    }
}

impl From<schema::NoRow> for Misfit {
    fn from(no_row: schema::NoRow) -> Self {
        let reason = match no_row.problem {
            schema::RowProblem::WrongType => Reason::WrongType,
            schema::RowProblem::UnparseableDate => Reason::UnparseableDate,
            schema::RowProblem::UnparseableTimestamp => Reason::UnparseableTimestamp,
            schema::RowProblem::NumberOutOfRange => Reason::NumberOutOfRange,
            schema::RowProblem::NotUnicode => Reason::NotUnicode,
            schema::RowProblem::SameColumn => Reason::KeysCollide,
            schema::RowProblem::UnknownField => Reason::UnknownField,
            schema::RowProblem::NotAnObject => Reason::NotAJsonObject,
        };
        Self {
            reason,
            column: no_row.column,
        }
    }
}

/// Checks that `value` is one JSON object that Athena can read.
///
/// With `field`, returns the string that this top-level field holds (`None`: no such field, or
/// not a string).
///
/// # Errors
/// The reason code for the dead letter.
pub fn check_object<'v>(
    value: &'v [u8],
    field: Option<&str>,
) -> Result<Option<Cow<'v, str>>, Reason> {
    let text = check_text(value)?;
    let mut members = Members::new(text).map_err(not_an_object)?;
    let (mut names, mut found, mut collides) = (Names::new(), None, false);
    while let Some(member) = members.next(None).map_err(not_an_object)? {
        let name = unescaped(member.name.unwrap_or_default())?;
        if field == Some(&*name) {
            found = string_value(member.value.text);
        }
        collides |= !names.insert(name);
    }
    if collides {
        Err(Reason::KeysCollide)
    } else {
        Ok(found)
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

fn not_an_object(_: NotAnObject) -> Reason {
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
    let mut line = Vec::with_capacity(value.len());
    let mut text = StringState::default();
    for &byte in value {
        if text.step(byte) || !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
            line.push(byte);
        }
    }
    Cow::Owned(line)
}

/// Follows a JSON text byte by byte: inside or outside of a string.
#[derive(Default)]
struct StringState {
    inside: bool,
    escaped: bool,
}

impl StringState {
    /// Whether `byte` belongs to a string (its quotes included).
    fn step(&mut self, byte: u8) -> bool {
        if !self.inside {
            self.inside = byte == b'"';
            return self.inside;
        }
        if self.escaped {
            self.escaped = false;
        } else if byte == b'\\' {
            self.escaped = true;
        } else if byte == b'"' {
            self.inside = false;
        }
        true
    }
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

    #[test]
    fn one_json_object_passes_and_gives_its_field() {
        let value = br#" {"Index":"HSI","Date":"1986-12-31","Open":2568.300049,"n":{"Date":"x"}} "#;
        assert_eq!(
            check_object(value, Some("Date")),
            Ok(Some(Cow::Borrowed("1986-12-31")))
        );
        assert_eq!(check_object(value, Some("date")), Ok(None));
        assert_eq!(
            check_object(value, Some("Open")),
            Ok(None),
            "a number is no date"
        );
        assert_eq!(
            check_object(br#"{"D\u0061te":"a\nb"}"#, Some("Date")),
            Ok(Some(Cow::Owned("a\nb".into())))
        );
        assert_eq!(check_object(b"{}", None), Ok(None));
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
            assert_eq!(
                check_object(value, None),
                Err(Reason::NotAJsonObject),
                "{}",
                value.escape_ascii()
            );
        }
        assert_eq!(
            check_object(b"{\"\xff\":1}", None),
            Err(Reason::NotAJsonObject),
            "invalid UTF-8 in a name"
        );
        assert_eq!(
            check_object(b"{\"a\":[\"\xff\"]}", None),
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
            assert_eq!(
                check_object(value.as_bytes(), None),
                Err(Reason::KeysCollide),
                "{value}"
            );
        }
        let many: Vec<String> = (0..100).map(|n| format!("\"k{n}\":1")).collect();
        assert_eq!(
            check_object(format!("{{{}}}", many.join(",")).as_bytes(), None),
            Ok(None)
        );
        let again = format!("{{{},\"K3\":1}}", many.join(","));
        assert_eq!(
            check_object(again.as_bytes(), None),
            Err(Reason::KeysCollide)
        );
        assert_eq!(
            check_object(br#"{"a":{"b":1,"B":2}}"#, None),
            Ok(None),
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
        assert_eq!(check_object(nested(MAX_DEPTH).as_bytes(), None), Ok(None));
        assert_eq!(
            check_object(nested(MAX_DEPTH + 1).as_bytes(), None),
            Err(Reason::TooDeep)
        );
        assert_eq!(
            check_object("[".repeat(1_000_000).as_bytes(), None),
            Err(Reason::TooDeep)
        );
        assert_eq!(check_object(br#"{"a":"[[[[\"[[[["}"#, None), Ok(None));
        let large = format!("{{\"a\":\"{}\"}}", "x".repeat(MAX_VALUE_BYTES));
        assert_eq!(check_object(large.as_bytes(), None), Err(Reason::TooLarge));
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
