//! JSON as Trino reads and writes it: a reader that stops where the path is found, numbers as
//! their text or as doubles, and the canonical text of the type json.

use std::fmt::Write as _;

use super::java_number::java_text;

/// A JSON value. Numbers keep their text, members their order.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum JsonValue {
    Null,
    Boolean(bool),
    Number(String),
    Text(String),
    Array(Vec<JsonValue>),
    Object(Vec<JsonMember>),
}

/// One member of an object.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct JsonMember {
    pub name: String,
    pub value: JsonValue,
}

/// How deep values may be nested, as Trino's parser has it.
const DEEPEST: usize = 1000;

/// Reads JSON from the front of a text. `None` is a text that is not JSON.
pub(super) struct JsonReader<'a> {
    text: &'a [u8],
    at: usize,
    depth: usize,
}

impl<'a> JsonReader<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text: text.as_bytes(),
            at: 0,
            depth: 0,
        }
    }

    /// The whole text as one value.
    pub(super) fn whole(text: &'a str) -> Option<JsonValue> {
        let mut reader = Self::new(text);
        let value = reader.value()?;
        reader.space();
        (reader.at == text.len()).then_some(value)
    }

    /// The value at the path. What follows it is not read, and so may be anything.
    pub(super) fn find(&mut self, path: &[String]) -> Option<JsonValue> {
        let Some((step, rest)) = path.split_first() else {
            return self.value();
        };
        self.space();
        match self.next()? {
            b'{' => {
                if self.closes(b'}')? {
                    return None;
                }
                loop {
                    let name = self.member_name()?;
                    if &name == step {
                        return self.find(rest);
                    }
                    self.value()?;
                    if !self.more(b'}')? {
                        return None;
                    }
                }
            }
            b'[' => {
                let wanted: usize = step.parse().ok()?;
                if self.closes(b']')? {
                    return None;
                }
                for place in 0.. {
                    if place == wanted {
                        return self.find(rest);
                    }
                    self.value()?;
                    if !self.more(b']')? {
                        return None;
                    }
                }
                None
            }
            _ => None,
        }
    }

    /// The value that comes next.
    pub(super) fn value(&mut self) -> Option<JsonValue> {
        self.space();
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let value = match self.peek()? {
            b'{' => {
                self.at += 1;
                let mut members = Vec::new();
                if !self.closes(b'}')? {
                    loop {
                        let name = self.member_name()?;
                        let value = self.value()?;
                        members.push(JsonMember { name, value });
                        if !self.more(b'}')? {
                            break;
                        }
                    }
                }
                JsonValue::Object(members)
            }
            b'[' => {
                self.at += 1;
                let mut elements = Vec::new();
                if !self.closes(b']')? {
                    loop {
                        elements.push(self.value()?);
                        if !self.more(b']')? {
                            break;
                        }
                    }
                }
                JsonValue::Array(elements)
            }
            b'"' => JsonValue::Text(self.string()?),
            b't' => self.word("true", JsonValue::Boolean(true))?,
            b'f' => self.word("false", JsonValue::Boolean(false))?,
            b'n' => self.word("null", JsonValue::Null)?,
            _ => JsonValue::Number(self.number()?),
        };
        self.depth -= 1;
        Some(value)
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    /// Takes the closing sign if it comes next.
    fn closes(&mut self, sign: u8) -> Option<bool> {
        self.space();
        let closes = self.peek()? == sign;
        self.at += usize::from(closes);
        Some(closes)
    }

    /// Takes a comma or the closing sign; whether it was the comma.
    fn more(&mut self, closing: u8) -> Option<bool> {
        self.space();
        match self.next()? {
            b',' => Some(true),
            byte if byte == closing => Some(false),
            _ => None,
        }
    }

    fn member_name(&mut self) -> Option<String> {
        self.space();
        let name = self.string()?;
        self.space();
        (self.next()? == b':').then_some(name)
    }

    fn word(&mut self, word: &str, value: JsonValue) -> Option<JsonValue> {
        let rest = self.text.get(self.at..)?.strip_prefix(word.as_bytes())?;
        let ends = rest
            .first()
            .is_none_or(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_');
        self.at += word.len();
        ends.then_some(value)
    }

    fn string(&mut self) -> Option<String> {
        if self.next()? != b'"' {
            return None;
        }
        let mut text = Vec::new();
        loop {
            match self.next()? {
                b'"' => return String::from_utf8(text).ok(),
                b'\\' => {
                    let plain = match self.next()? {
                        byte @ (b'"' | b'\\' | b'/') => byte,
                        b'b' => 8,
                        b'f' => 12,
                        b'n' => b'\n',
                        b'r' => b'\r',
                        b't' => b'\t',
                        b'u' => {
                            let sign = self.escaped()?;
                            text.extend_from_slice(sign.encode_utf8(&mut [0; 4]).as_bytes());
                            continue;
                        }
                        _ => return None,
                    };
                    text.push(plain);
                }
                byte if byte < 0x20 => return None,
                byte => text.push(byte),
            }
        }
    }

    /// The character of `\u` and four hexadecimal digits, of two such where they are a pair. Half a
    /// pair is no character.
    fn escaped(&mut self) -> Option<char> {
        let first = self.four()?;
        if !(0xd800..0xdc00).contains(&first) {
            return char::from_u32(first);
        }
        if self.next()? != b'\\' || self.next()? != b'u' {
            return None;
        }
        let second = self.four()?;
        let low = second.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
        char::from_u32(0x10000 + ((first - 0xd800) << 10) + low)
    }

    fn four(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        self.at += 4;
        if !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    }

    fn number(&mut self) -> Option<String> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.next()? {
            b'0' => {}
            b'1'..=b'9' => self.digits(),
            _ => return None,
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.some_digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.some_digits()?;
        }
        // A number ends at a sign of JSON, not at a letter or a further digit.
        if self
            .peek()
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'.')
        {
            return None;
        }
        let text = std::str::from_utf8(self.text.get(start..self.at)?).ok()?;
        Some(text.to_owned())
    }

    fn digits(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
    }

    fn some_digits(&mut self) -> Option<()> {
        let start = self.at;
        self.digits();
        (self.at > start).then_some(())
    }
}

impl JsonValue {
    /// Members by name, each name once: the last one counts.
    pub(super) fn sorted(self) -> Self {
        match self {
            Self::Array(elements) => Self::Array(elements.into_iter().map(Self::sorted).collect()),
            Self::Object(members) => {
                let mut last: Vec<JsonMember> = Vec::with_capacity(members.len());
                let mut members: Vec<JsonMember> = members
                    .into_iter()
                    .map(|member| JsonMember {
                        name: member.name,
                        value: member.value.sorted(),
                    })
                    .collect();
                // Stable, so that of equal names the last stays last. Java orders by UTF-16 units.
                members
                    .sort_by(|left, right| left.name.encode_utf16().cmp(right.name.encode_utf16()));
                for member in members {
                    if last.last().is_some_and(|before| before.name == member.name) {
                        last.pop();
                    }
                    last.push(member);
                }
                Self::Object(last)
            }
            other => other,
        }
    }

    /// The text of the type json: no blanks, and numbers with a point or exponent as doubles.
    pub(super) fn written(&self) -> String {
        let mut text = String::new();
        self.write(&mut text);
        text
    }

    fn write(&self, text: &mut String) {
        match self {
            Self::Null => text.push_str("null"),
            Self::Boolean(value) => text.push_str(if *value { "true" } else { "false" }),
            Self::Number(number) => text.push_str(&written_number(number)),
            Self::Text(value) => quote(value, text),
            Self::Array(elements) => {
                text.push('[');
                for (place, element) in elements.iter().enumerate() {
                    if place > 0 {
                        text.push(',');
                    }
                    element.write(text);
                }
                text.push(']');
            }
            Self::Object(members) => {
                text.push('{');
                for (place, member) in members.iter().enumerate() {
                    if place > 0 {
                        text.push(',');
                    }
                    quote(&member.name, text);
                    text.push(':');
                    member.value.write(text);
                }
                text.push('}');
            }
        }
    }
}

/// Whether the number has neither a point nor an exponent.
pub(super) fn is_whole(number: &str) -> bool {
    !number.contains(['.', 'e', 'E'])
}

fn written_number(number: &str) -> String {
    if is_whole(number) {
        return if number == "-0" {
            "0".into()
        } else {
            number.into()
        };
    }
    let value: f64 = number.parse().unwrap_or(f64::NAN);
    if value.is_finite() {
        java_text(value)
    } else {
        format!("\"{}\"", java_text(value))
    }
}

fn quote(value: &str, text: &mut String) {
    text.push('"');
    for sign in value.chars() {
        match sign {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\u{8}' => text.push_str("\\b"),
            '\u{c}' => text.push_str("\\f"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            sign if u32::from(sign) < 0x20 || u32::from(sign) > 0xffff => {
                for unit in sign.encode_utf16(&mut [0; 2]) {
                    // Writing into a String cannot fail.
                    _ = write!(text, "\\u{unit:04X}");
                }
            }
            sign => text.push(sign),
        }
    }
    text.push('"');
}

/// The steps of `$.a["b"][0]`; `None` for a path that Trino's fast form does not have.
pub(super) fn json_path(path: &str) -> Option<Vec<String>> {
    let mut rest = path.strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        let (step, after) = if let Some(after) = rest.strip_prefix('.') {
            plain_step(after, |sign| {
                sign == '_' || sign == ':' || sign.is_alphanumeric()
            })?
        } else if let Some(after) = rest.strip_prefix("[\"") {
            let (step, after) = quoted_step(after)?;
            (step, after.strip_prefix(']')?)
        } else {
            let after = rest.strip_prefix('[')?;
            let (step, after) = plain_step(after, |sign| sign == '_' || sign.is_alphanumeric())?;
            (step, after.strip_prefix(']')?)
        };
        steps.push(step);
        rest = after;
    }
    Some(steps)
}

fn plain_step(text: &str, belongs: impl Fn(char) -> bool) -> Option<(String, &str)> {
    let end = text.find(|sign| !belongs(sign)).unwrap_or(text.len());
    let (step, rest) = text.split_at(end);
    (!step.is_empty()).then(|| (step.to_owned(), rest))
}

fn quoted_step(text: &str) -> Option<(String, &str)> {
    let mut step = String::new();
    let mut signs = text.char_indices();
    while let Some((at, sign)) = signs.next() {
        match sign {
            '"' => return Some((step, text.get(at + 1..)?)),
            '\\' => match signs.next()? {
                (_, sign @ ('"' | '\\')) => step.push(sign),
                _ => return None,
            },
            sign => step.push(sign),
        }
    }
    None
}
