//! JSON as Trino's OpenX reader takes it.
//!
//! The reader is lenient, as the original SerDe was: bare words, single quotes, comments, `=` for
//! `:` and `;` for `,` are taken, and what follows the first document of a line is passed over. A
//! query must see the rows that Athena sees, so this grammar is that one ("JsonReader" and
//! "JsonWriter" of `trino-hive-formats`).

use std::{borrow::Cow, fmt::Write as _};

use super::java_number::{ExactNumber, decimal_hex_or_octal};

/// How deep values may be nested: Trino's own limit is the stack of a Java thread.
const DEEPEST: usize = 500;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LenientJson<'t> {
    /// The bare word `null`.
    Null,
    /// A text in quotes, without its escapes.
    Quoted(Cow<'t, str>),
    /// A bare word or number, as it is written.
    Bare(&'t str),
    /// An object. Of two members with one name the last is kept, in its place.
    Object(Vec<LenientMember<'t>>),
    /// An array.
    Array(Vec<LenientJson<'t>>),
}

/// A member of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LenientMember<'t> {
    /// Its name as it is written.
    pub name: Cow<'t, str>,
    /// Its value.
    pub value: LenientJson<'t>,
}

/// Why a text is no JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum JsonProblem {
    /// It breaks the grammar: what, and after how many bytes.
    Malformed(String),
    /// Values are nested deeper than they are read here.
    TooDeep,
}

/// Reads the first document of a text.
///
/// # Errors
/// Why there is none.
pub(super) fn read_json(
    text: &str,
    case_insensitive: bool,
) -> Result<LenientJson<'_>, JsonProblem> {
    let mut reader = Reader {
        text,
        at: 0,
        case_insensitive,
        depth: 0,
    };
    reader.value()
}

/// Whether two names of members are one.
#[must_use]
pub(super) fn same_name(one: &str, other: &str, case_insensitive: bool) -> bool {
    if !case_insensitive {
        return one == other;
    }
    if one.is_ascii() && other.is_ascii() {
        return one.eq_ignore_ascii_case(other);
    }
    one.to_lowercase() == other.to_lowercase()
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    case_insensitive: bool,
    depth: usize,
}

impl<'t> Reader<'t> {
    fn malformed<T>(&self, what: &str) -> Result<T, JsonProblem> {
        Err(JsonProblem::Malformed(format!(
            "{what} after {} bytes",
            self.at
        )))
    }

    /// The next sign that is neither blank nor in a comment; it is passed over.
    fn next_sign(&mut self) -> Result<Option<char>, JsonProblem> {
        loop {
            let rest = &self.text[self.at..];
            let Some(sign) = rest.chars().next() else {
                return Ok(None);
            };
            match sign {
                '\t' | ' ' | '\n' | '\r' => self.at += 1,
                '#' => self.skip_line(),
                '/' if rest.starts_with("//") => self.skip_line(),
                '/' if rest.starts_with("/*") => match rest[2..].find("*/") {
                    Some(end) => self.at += end + 4,
                    None => return self.malformed("a comment without an end"),
                },
                _ => {
                    self.at += sign.len_utf8();
                    return Ok(Some(sign));
                }
            }
        }
    }

    fn skip_line(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.find(['\r', '\n']).map_or(rest.len(), |end| end + 1);
    }

    fn back(&mut self, sign: char) {
        self.at -= sign.len_utf8();
    }

    fn value(&mut self) -> Result<LenientJson<'t>, JsonProblem> {
        match self.next_sign()? {
            None => self.malformed("the end of the text instead of a value"),
            Some(open @ ('{' | '[')) => {
                self.depth += 1;
                if self.depth > DEEPEST {
                    return Err(JsonProblem::TooDeep);
                }
                let value = if open == '{' {
                    self.object()
                } else {
                    self.array()
                };
                self.depth -= 1;
                value
            }
            Some(quote @ ('\'' | '"')) => self.quoted(quote as u8).map(LenientJson::Quoted),
            Some(sign) => {
                self.back(sign);
                self.bare()
            }
        }
    }

    fn object(&mut self) -> Result<LenientJson<'t>, JsonProblem> {
        let mut members: Vec<LenientMember<'t>> = Vec::new();
        match self.next_sign()? {
            Some('}') => return Ok(LenientJson::Object(members)),
            Some(sign) => self.back(sign),
            None => {}
        }
        loop {
            let name = match self.value()? {
                LenientJson::Quoted(name) => name,
                LenientJson::Bare(name) => Cow::Borrowed(name),
                _ => return self.malformed("a member without a name"),
            };
            match self.next_sign()? {
                Some(':') => {}
                Some('=') => self.at += usize::from(self.text[self.at..].starts_with('>')),
                _ => return self.malformed("no ':' after the name of a member"),
            }
            let value = self.value()?;
            let case_insensitive = self.case_insensitive;
            members.retain(|before| !same_name(&before.name, &name, case_insensitive));
            members.push(LenientMember { name, value });
            match self.next_sign()? {
                Some('}') => return Ok(LenientJson::Object(members)),
                Some(',' | ';') => {}
                _ => return self.malformed("an object without an end"),
            }
        }
    }

    fn array(&mut self) -> Result<LenientJson<'t>, JsonProblem> {
        let mut values = Vec::new();
        let mut separated = false;
        loop {
            match self.next_sign()? {
                None => return self.malformed("an array without an end"),
                Some(']') => {
                    if separated {
                        values.push(LenientJson::Null);
                    }
                    return Ok(LenientJson::Array(values));
                }
                // A separator without a value before it stands for a null.
                Some(',' | ';') => {
                    values.push(LenientJson::Null);
                    separated = true;
                    continue;
                }
                Some(sign) => self.back(sign),
            }
            values.push(self.value()?);
            match self.next_sign()? {
                Some(']') => return Ok(LenientJson::Array(values)),
                Some(',' | ';') => separated = true,
                _ => return self.malformed("an array without an end"),
            }
        }
    }

    fn quoted(&mut self, quote: u8) -> Result<Cow<'t, str>, JsonProblem> {
        let mut decoded: Option<String> = None;
        let mut start = self.at;
        loop {
            let rest = &self.text.as_bytes()[self.at..];
            let Some(found) = rest
                .iter()
                .position(|byte| *byte == quote || *byte == b'\\')
            else {
                return self.malformed("a text without an end");
            };
            self.at += found;
            let plain = &self.text[start..self.at];
            self.at += 1;
            if rest[found] == quote {
                return Ok(match decoded {
                    None => Cow::Borrowed(plain),
                    Some(mut text) => {
                        text.push_str(plain);
                        Cow::Owned(text)
                    }
                });
            }
            let escaped = self.escaped()?;
            let text = decoded.get_or_insert_default();
            text.push_str(plain);
            text.push(escaped);
            start = self.at;
        }
    }

    /// The sign that an escape stands for; its backslash is passed over.
    fn escaped(&mut self) -> Result<char, JsonProblem> {
        let Some(sign) = self.text[self.at..].chars().next() else {
            return self.malformed("an escape without an end");
        };
        self.at += sign.len_utf8();
        Ok(match sign {
            'u' => {
                let first = self.unit()?;
                if let Some(sign) = char::from_u32(first) {
                    return Ok(sign);
                }
                // Java keeps halves of a pair, and a half that stands alone becomes '?' in UTF-8.
                if (0xD800..0xDC00).contains(&first) && self.text[self.at..].starts_with("\\u") {
                    let before = self.at;
                    self.at += 2;
                    let second = self.unit()?;
                    if (0xDC00..0xE000).contains(&second) {
                        let code = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
                        return Ok(char::from_u32(code).unwrap_or('?'));
                    }
                    self.at = before;
                }
                '?'
            }
            't' | 'v' => '\t',
            'b' => '\u{8}',
            'n' => '\n',
            'r' => '\r',
            'f' => '\u{c}',
            'a' => '\u{7}',
            other => other,
        })
    }

    fn unit(&mut self) -> Result<u32, JsonProblem> {
        let digits = self.text.get(self.at..self.at + 4);
        let is_hex = |digits: &&str| digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        match digits
            .filter(is_hex)
            .map(|digits| u32::from_str_radix(digits, 16))
        {
            Some(Ok(unit)) => {
                self.at += 4;
                Ok(unit)
            }
            _ => self.malformed("an escape \\u without four digits"),
        }
    }

    fn bare(&mut self) -> Result<LenientJson<'t>, JsonProblem> {
        let rest = &self.text[self.at..];
        let ends = |sign: char| {
            matches!(
                sign,
                ' ' | '\r'
                    | '\n'
                    | '\t'
                    | '\u{c}'
                    | '{'
                    | '}'
                    | '['
                    | ']'
                    | '/'
                    | '\\'
                    | ':'
                    | ','
                    | '='
                    | ';'
                    | '#'
            )
        };
        let word = &rest[..rest.find(ends).unwrap_or(rest.len())];
        if word.is_empty() {
            return self.malformed("no value");
        }
        self.at += word.len();
        Ok(if word.eq_ignore_ascii_case("null") {
            LenientJson::Null
        } else {
            LenientJson::Bare(word)
        })
    }
}

/// What a value is in a column of type `string`: its text; of an object or array, JSON without
/// blanks.
#[must_use]
pub(super) fn text_of<'v>(value: &'v LenientJson<'_>) -> Option<Cow<'v, str>> {
    match value {
        LenientJson::Null => None,
        LenientJson::Quoted(text) => Some(Cow::Borrowed(text)),
        LenientJson::Bare(word) => Some(canonical(word)),
        LenientJson::Object(_) | LenientJson::Array(_) => {
            let mut out = String::new();
            write_value(value, &mut out);
            Some(Cow::Owned(out))
        }
    }
}

/// A bare word as it is written anew: numbers as Java writes them, other words as they are.
fn canonical(word: &str) -> Cow<'_, str> {
    for known in ["true", "false"] {
        if word.eq_ignore_ascii_case(known) {
            return Cow::Borrowed(known);
        }
    }
    if let Some(whole) = decimal_hex_or_octal(word) {
        return Cow::Owned(whole.to_string());
    }
    match ExactNumber::read(word) {
        Some(number) => Cow::Owned(number.to_string()),
        None => Cow::Borrowed(word),
    }
}

fn is_number_or_truth(word: &str) -> bool {
    word.eq_ignore_ascii_case("true")
        || word.eq_ignore_ascii_case("false")
        || decimal_hex_or_octal(word).is_some()
        || ExactNumber::read(word).is_some()
}

fn write_value(value: &LenientJson<'_>, out: &mut String) {
    match value {
        LenientJson::Null => out.push_str("null"),
        LenientJson::Quoted(text) => write_text(text, out),
        LenientJson::Bare(word) if is_number_or_truth(word) => out.push_str(&canonical(word)),
        LenientJson::Bare(word) => write_text(word, out),
        LenientJson::Array(values) => {
            out.push('[');
            for (number, value) in values.iter().enumerate() {
                out.push_str(if number == 0 { "" } else { "," });
                write_value(value, out);
            }
            out.push(']');
        }
        LenientJson::Object(members) => {
            out.push('{');
            for (number, member) in members.iter().enumerate() {
                out.push_str(if number == 0 { "" } else { "," });
                write_text(&member.name, out);
                out.push(':');
                write_value(&member.value, out);
            }
            out.push('}');
        }
    }
}

fn write_text(text: &str, out: &mut String) {
    out.push('"');
    let mut before = '\0';
    for sign in text.chars() {
        match sign {
            '"' | '\\' => out.extend(['\\', sign]),
            // As in the original, for scripts in web pages.
            '/' if before == '<' => out.push_str("\\/"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\u{c}' => out.push_str("\\f"),
            // Writing to a String cannot fail.
            '\0'..='\u{1f}' => write!(out, "\\u{:04x}", u32::from(sign)).unwrap_or_default(),
            _ => out.push(sign),
        }
        before = sign;
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(json: &str) -> Result<String, JsonProblem> {
        read_json(json, true).map(|value| text_of(&value).unwrap_or_default().into_owned())
    }

    #[test]
    fn strict_json_is_written_without_blanks() {
        for (json, expected) in [
            (
                r#"{"a" : 1, "b": [true, null, "x"] }"#,
                r#"{"a":1,"b":[true,null,"x"]}"#,
            ),
            (r#"{"a":1.0,"b":1e3,"c":-0}"#, r#"{"a":1.0,"b":1E+3,"c":0}"#),
            (
                r#"{"a":"\u00e9\ud83d\ude00\n\"/"}"#,
                "{\"a\":\"é😀\\n\\\"/\"}",
            ),
            (r#"{"a":"</b>"}"#, r#"{"a":"<\/b>"}"#),
            (r#"{"a":"\u0001"}"#, r#"{"a":"\u0001"}"#),
            ("{}", "{}"),
            ("[]", "[]"),
        ] {
            assert_eq!(text(json).as_deref(), Ok(expected), "{json}");
        }
        let separators = "{\"a\":\"\u{2028}\"}";
        assert_eq!(text(separators).as_deref(), Ok(separators));
    }

    #[test]
    fn lenient_json_is_taken_as_in_trino() {
        for (json, expected) in [
            ("{a:1}", r#"{"a":1}"#),
            ("{'a'='x'}", r#"{"a":"x"}"#),
            ("{a=>b;c=d}", r#"{"a":"b","c":"d"}"#),
            ("{\"a\":017,\"b\":0x1F}", r#"{"a":15,"b":31}"#),
            ("{\"a\":TRUE,\"b\":Null}", r#"{"a":true,"b":null}"#),
            ("[1,,2,]", "[1,null,2,null]"),
            ("{/* x */\"a\": # y\n 1}", r#"{"a":1}"#),
            ("{\"a\":1}{\"a\":2}", r#"{"a":1}"#),
            ("{\"a\":1,\"b\":2,\"A\":3}", r#"{"b":2,"A":3}"#),
            (r#"{"a":"\q\v\ud800"}"#, "{\"a\":\"q\\t?\"}"),
            ("{\"a\":NaN}", r#"{"a":"NaN"}"#),
        ] {
            assert_eq!(text(json).as_deref(), Ok(expected), "{json}");
        }
        let exact = read_json("{\"a\":1,\"A\":2}", false);
        assert!(matches!(exact, Ok(LenientJson::Object(members)) if members.len() == 2));
    }

    #[test]
    fn what_is_broken_is_no_document() {
        for json in [
            "{",
            "{\"a\"",
            "{\"a\":",
            "{\"a\":1",
            "{\"a\":1,",
            "{\"a\":1,}",
            "{\"a\":}",
            "{null:1}",
            "{[]:1}",
            "[1",
            "{\"a\":\"x",
            "{\"a\":\"\\u12\"}",
            "{\"a\":\"\\",
            "{/*",
            "{\"a\" 1}",
        ] {
            assert!(
                matches!(text(json), Err(JsonProblem::Malformed(_))),
                "{json}"
            );
        }
        let deep = "[".repeat(DEEPEST + 1);
        assert_eq!(text(&deep), Err(JsonProblem::TooDeep));
    }
}
