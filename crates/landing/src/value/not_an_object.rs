//! What a value is that is not a JSON object, for the reason of its dead letter: people find the
//! fault in their producer by it.
//!
//! From classifier 2 on, and only for values that were refused already.

use serde_json::value::RawValue;

use super::{reason::Reason, string_state::StringState};

/// The byte order marks of UTF-8 and of UTF-16.
const MARKS: [&[u8]; 3] = [b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"];

/// A zero and the number of a schema in four bytes.
const REGISTRY_BYTES: usize = 5;

/// The reason for a value that is not a JSON object.
pub(super) fn explain(value: &[u8]) -> Reason {
    if MARKS.iter().any(|mark| value.starts_with(mark)) {
        return Reason::ByteOrderMark;
    }
    if value.len() >= REGISTRY_BYTES && value[0] == 0 {
        return Reason::RegistryFramed;
    }
    let is_object = value.trim_ascii_start().starts_with(b"{");
    let Ok(text) = std::str::from_utf8(value) else {
        // An object in another encoding is text, to the people who look for it.
        return match is_object {
            true => Reason::NotAJsonObject,
            false => Reason::Binary,
        };
    };
    match value.trim_ascii_start().first() {
        // What is JSON already was refused for something else, such as half of a surrogate pair.
        Some(b'{') if !is_json(text) && is_json(&with_numbers(value)) => Reason::NanOrInfinity,
        Some(b'[') if is_json(text) || is_json(&with_numbers(value)) => Reason::Array,
        Some(b'"') if holds_json(text) => Reason::JsonInAString,
        _ if text.chars().any(is_no_text) => Reason::Binary,
        _ => Reason::NotAJsonObject,
    }
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<&RawValue>(text).is_ok()
}

/// Whether the text is a JSON string with an object or an array in it.
fn holds_json(text: &str) -> bool {
    let inner = serde_json::from_str::<String>(text);
    inner.is_ok_and(|inner| inner.trim_start().starts_with(['{', '[']) && is_json(&inner))
}

fn is_no_text(letter: char) -> bool {
    letter.is_control() && !matches!(letter, '\t' | '\n' | '\r')
}

/// The text with a number in the place of each `NaN` and `Infinity` outside of strings.
fn with_numbers(value: &[u8]) -> String {
    let mut out = Vec::with_capacity(value.len());
    let (mut at, mut text) = (0, StringState::default());
    while let Some(&byte) = value.get(at) {
        let word = [&b"NaN"[..], b"Infinity"]
            .into_iter()
            .find(|word| value[at..].starts_with(word));
        match word.filter(|_| !text.inside) {
            Some(word) => {
                out.push(b'0');
                at += word.len();
            }
            None => {
                text.step(byte);
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_object_is_called_what_it_is() {
        for (value, reason) in [
            (
                &br#"{"Index":"NYA","Close":NaN}"#[..],
                Reason::NanOrInfinity,
            ),
            (br#"{"a":[-Infinity, {"b":NaN}]}"#, Reason::NanOrInfinity),
            (br#"{"NaN":NaN,"a":"x NaN"}"#, Reason::NanOrInfinity),
            (br#"{"\ud800":1}"#, Reason::NotAJsonObject),
            (b"\xef\xbb\xbf{\"a\":1}", Reason::ByteOrderMark),
            (b"\xff\xfe{\0}\0", Reason::ByteOrderMark),
            (br#"[{"a":1},{"a":2}]"#, Reason::Array),
            (b" []", Reason::Array),
            (b"[NaN]", Reason::Array),
            (br#""{\"a\":1.5}""#, Reason::JsonInAString),
            (br#""[1]""#, Reason::JsonInAString),
            (b"\0\0\0\0\x07\x02\x06NYA", Reason::RegistryFramed),
            (b"\0\0\0\0\x07{\"a\":1}", Reason::RegistryFramed),
            (b"\x1f\x8b\x08\0", Reason::Binary),
            (b"\x02\x06NYA", Reason::Binary),
            (b"\0\0", Reason::Binary),
            (b"{'a': 1.5}", Reason::NotAJsonObject),
            (b"{\"a\":\"\xe9\"}", Reason::NotAJsonObject),
            (b"{\"a\":1}\n{\"a\":2}", Reason::NotAJsonObject),
            (b"{\"a\":nan}", Reason::NotAJsonObject),
            (b"[1", Reason::NotAJsonObject),
            (br#""hello""#, Reason::NotAJsonObject),
            (b"null", Reason::NotAJsonObject),
            (b"", Reason::NotAJsonObject),
        ] {
            assert_eq!(explain(value), reason, "{}", value.escape_ascii());
            assert_eq!(super::super::check_json(value), Err(reason));
        }
    }
}
