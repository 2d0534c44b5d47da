//! Whether a value can be landed as a JSON object that Athena reads, and if not, the fixed reason code.
//!
//! It looks at the bytes once and changes nothing but line breaks between tokens (a document must stay on one line).
//! Invariant: the answer depends on the bytes alone, so every process gives the same answer for the same record.

use std::{borrow::Cow, collections::HashSet, fmt};

use serde::{
    Deserializer as _,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

/// Values above this many bytes become dead letters. Part of the protocol: changing it needs a new zone.
pub const MAX_VALUE_BYTES: usize = 8 * 1024 * 1024;

/// Values nested deeper than this become dead letters: readers give up there (serde_json and Jackson-like limits).
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
    /// No usable date where the date partition comes from.
    NoPartitionValue,
    /// Two top-level names are equal, or become equal after lower-casing as Athena does.
    KeysCollide,
    /// A tombstone, kept because the operator asked for it.
    Tombstone,
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
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Checks that `value` is one JSON object that Athena can read.
///
/// With `field`, gives back the string that this top-level field holds (`None`: no such field, or not a string).
///
/// # Errors
/// The reason code for the dead letter.
pub fn check_object<'v>(
    value: &'v [u8],
    field: Option<&str>,
) -> Result<Option<Cow<'v, str>>, Reason> {
    if value.len() > MAX_VALUE_BYTES {
        return Err(Reason::TooLarge);
    }
    // serde_json gives up on depth only where it recurses, which skipping a value does not: so it is measured here, and first.
    if depth(value) > MAX_DEPTH {
        return Err(Reason::TooDeep);
    }
    let mut deserializer = serde_json::Deserializer::from_slice(value);
    let object = deserializer
        .deserialize_map(ObjectVisitor { field })
        .map_err(|_| Reason::NotAJsonObject)?;
    deserializer.end().map_err(|_| Reason::NotAJsonObject)?;
    if object.collides {
        Err(Reason::KeysCollide)
    } else {
        Ok(object.field)
    }
}

/// The document on one line: the bytes as they are where they hold no line break, else without white space between tokens.
///
/// `value` must have passed [`check_object`]: then line breaks occur only between tokens.
#[must_use]
pub fn on_one_line(value: &[u8]) -> Cow<'_, [u8]> {
    if !value.iter().any(|byte| matches!(byte, b'\n' | b'\r')) {
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

struct Object<'v> {
    field: Option<Cow<'v, str>>,
    collides: bool,
}

struct ObjectVisitor<'f> {
    field: Option<&'f str>,
}

impl<'v> Visitor<'v> for ObjectVisitor<'_> {
    type Value = Object<'v>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'v>>(self, mut map: A) -> Result<Object<'v>, A::Error> {
        let mut object = Object {
            field: None,
            collides: false,
        };
        let mut names = Names::default();
        while let Some(name) = map.next_key::<Name<'v>>()? {
            // `RawValue`, not `IgnoredAny`: the latter lets invalid UTF-8 inside strings through.
            let value: &'v RawValue = map.next_value()?;
            if self.field == Some(&*name.0) {
                object.field = string_value(value);
            }
            object.collides |= !names.insert(name.0);
        }
        Ok(object)
    }
}

/// A key that is borrowed where it has no escapes.
struct Name<'v>(Cow<'v, str>);

impl<'v> serde::Deserialize<'v> for Name<'v> {
    fn deserialize<D: serde::Deserializer<'v>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;
        impl<'v> Visitor<'v> for NameVisitor {
            type Value = Name<'v>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }
            fn visit_borrowed_str<E>(self, name: &'v str) -> Result<Name<'v>, E> {
                Ok(Name(Cow::Borrowed(name)))
            }
            fn visit_str<E>(self, name: &str) -> Result<Name<'v>, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }
        }
        deserializer.deserialize_str(NameVisitor)
    }
}

/// The names seen so far. Few names are compared one by one, many are hashed: a record with 100,000 names must not take minutes.
#[derive(Default)]
struct Names<'v> {
    few: Vec<Cow<'v, str>>,
    many: HashSet<String>,
}

impl<'v> Names<'v> {
    /// Whether the name is new, upper and lower case taken as the same.
    fn insert(&mut self, name: Cow<'v, str>) -> bool {
        if self.many.is_empty() && self.few.len() < 16 && name.is_ascii() {
            let new = !self.few.iter().any(|seen| seen.eq_ignore_ascii_case(&name));
            self.few.push(name);
            return new;
        }
        self.many
            .extend(self.few.drain(..).map(|seen| seen.to_lowercase()));
        self.many.insert(name.to_lowercase())
    }
}

fn string_value(value: &RawValue) -> Option<Cow<'_, str>> {
    let text = value.get();
    serde_json::from_str::<&str>(text)
        .map(Cow::Borrowed)
        .or_else(|_| serde_json::from_str::<String>(text).map(Cow::Owned))
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
