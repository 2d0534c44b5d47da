//! The members of one JSON object, as they stand in its text: no copy, no conversion, and every
//! byte checked on the way.
//!
//! It takes for JSON what serde_json takes when it skips a value, in half the time: it walks a text
//! once, by hand. Does not know what names and values mean. Invariant: it returns every member of a
//! JSON object in order; any other text is an error, at its end at the latest, and nothing panics.

/// The deepest nesting that is accepted; the object itself is the first level.
const MAX_DEPTH: u32 = 128;

/// One member of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member<'v> {
    /// The name between its quotes, with its escapes; `None` if it is the expected one.
    pub name: Option<&'v str>,
    /// The value.
    pub value: Json<'v>,
}

/// A value as it is written, without blanks around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Json<'v> {
    /// The valid JSON.
    pub text: &'v str,
    /// Whether it is a number with an exponent; no other number can be too large for a double
    /// unless it is very long.
    pub(crate) exponent: bool,
}

/// The text is no JSON object, or is nested deeper than 128 levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAnObject;

/// Walks through the members of an object.
#[derive(Debug)]
pub struct Members<'v> {
    text: &'v str,
    at: usize,
    first: bool,
}

impl<'v> Members<'v> {
    /// Starts before the first member.
    ///
    /// # Errors
    /// If the text does not start with an object.
    #[inline]
    pub fn new(text: &'v str) -> Result<Self, NotAnObject> {
        let mut members = Self {
            text,
            at: 0,
            first: true,
        };
        members.expect(b'{')?;
        Ok(members)
    }

    /// The next member, or `None` after the last one. `expected` is a name that this returned
    /// before, as it was written: it is only compared, which is faster than looking for its end.
    ///
    /// # Errors
    /// If the text stops being JSON; only `None` says that all of it is.
    #[inline]
    pub fn next(&mut self, expected: Option<&str>) -> Result<Option<Member<'v>>, NotAnObject> {
        match self.skip_blanks() {
            Some(b'}') => return self.end(),
            Some(b'"') if self.first => {}
            Some(b',') if !self.first => self.at += 1,
            _ => return Err(NotAnObject),
        }
        self.first = false;
        self.expect(b'"')?;
        let start = self.at;
        let behind = expected.and_then(|name| self.rest().strip_prefix(name.as_bytes()));
        let name = if let Some([b'"', rest @ ..]) = behind {
            self.at = self.text.len() - rest.len();
            None
        } else {
            self.skip_string()?;
            Some(&self.text[start..self.at - 1])
        };
        self.expect(b':')?;
        let value = self.value()?;
        Ok(Some(Member { name, value }))
    }

    fn end(&mut self) -> Result<Option<Member<'v>>, NotAnObject> {
        self.at += 1;
        match self.skip_blanks() {
            None => Ok(None),
            Some(_) => Err(NotAnObject),
        }
    }

    #[inline]
    fn value(&mut self) -> Result<Json<'v>, NotAnObject> {
        let first = self.skip_blanks();
        let start = self.at;
        let exponent = match first {
            Some(b'-' | b'0'..=b'9') => self.skip_number()?,
            _ => {
                self.skip_value(MAX_DEPTH - 1)?;
                false
            }
        };
        let text = &self.text[start..self.at];
        Ok(Json { text, exponent })
    }

    fn skip_value(&mut self, depth: u32) -> Result<(), NotAnObject> {
        match self.skip_blanks() {
            Some(b'"') => {
                self.at += 1;
                self.skip_string()
            }
            Some(b'-' | b'0'..=b'9') => self.skip_number().map(|_| ()),
            Some(b'{') => self.skip_nested(b'}', depth.checked_sub(1).ok_or(NotAnObject)?),
            Some(b'[') => self.skip_nested(b']', depth.checked_sub(1).ok_or(NotAnObject)?),
            Some(b't') => self.skip_word(b"true"),
            Some(b'f') => self.skip_word(b"false"),
            Some(b'n') => self.skip_word(b"null"),
            _ => Err(NotAnObject),
        }
    }

    /// An object or array, from its opening bracket to after the closing one.
    fn skip_nested(&mut self, close: u8, depth: u32) -> Result<(), NotAnObject> {
        self.at += 1;
        let mut first = true;
        loop {
            match self.skip_blanks() {
                Some(byte) if byte == close && first => break,
                Some(_) if first => {}
                Some(byte) if byte == close => break,
                Some(b',') => self.at += 1,
                _ => return Err(NotAnObject),
            }
            first = false;
            if close == b'}' {
                self.expect(b'"')?;
                self.skip_string()?;
                self.expect(b':')?;
            }
            self.skip_value(depth)?;
        }
        self.at += 1;
        Ok(())
    }

    fn skip_word(&mut self, word: &[u8]) -> Result<(), NotAnObject> {
        if !self.rest().starts_with(word) {
            return Err(NotAnObject);
        }
        self.at += word.len();
        Ok(())
    }

    /// Returns whether the number has an exponent.
    #[inline]
    fn skip_number(&mut self) -> Result<bool, NotAnObject> {
        let text = self.text.as_bytes();
        let mut at = self.at + usize::from(text.get(self.at) == Some(&b'-'));
        at = match text.get(at) {
            Some(b'0') => at + 1,
            _ => digits(text, at)?,
        };
        if text.get(at) == Some(&b'.') {
            at = digits(text, at + 1)?;
        }
        let exponent = matches!(text.get(at), Some(b'e' | b'E'));
        if exponent {
            at += 1;
            at = digits(
                text,
                at + usize::from(matches!(text.get(at), Some(b'+' | b'-'))),
            )?;
        }
        self.at = at;
        Ok(exponent)
    }

    /// From after an opening quote to after the closing one. Quotes are ASCII, so they never lie
    /// inside of another character.
    #[inline]
    fn skip_string(&mut self) -> Result<(), NotAnObject> {
        loop {
            let stops = |byte: &u8| STOPS_A_STRING[usize::from(*byte)];
            self.at += self.rest().iter().position(stops).ok_or(NotAnObject)? + 1;
            match self.text.as_bytes()[self.at - 1] {
                b'"' => return Ok(()),
                b'\\' => self.skip_escape()?,
                _ => return Err(NotAnObject),
            }
        }
    }

    /// What follows a backslash. Does not look for halves of surrogate pairs.
    fn skip_escape(&mut self) -> Result<(), NotAnObject> {
        let (length, valid) = match self.rest() {
            [b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => (1, true),
            [b'u', code @ ..] => (
                5,
                code.len() >= 4 && code[..4].iter().all(u8::is_ascii_hexdigit),
            ),
            _ => (0, false),
        };
        self.at += length;
        if valid { Ok(()) } else { Err(NotAnObject) }
    }

    #[inline]
    fn expect(&mut self, byte: u8) -> Result<(), NotAnObject> {
        if self.skip_blanks() != Some(byte) {
            return Err(NotAnObject);
        }
        self.at += 1;
        Ok(())
    }

    /// The next byte that is not white space; it is not consumed.
    #[inline]
    fn skip_blanks(&mut self) -> Option<u8> {
        loop {
            let byte = *self.text.as_bytes().get(self.at)?;
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    #[inline]
    fn rest(&self) -> &'v [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }
}

/// The end of the digits that start at `at`; there must be at least one.
#[inline]
fn digits(text: &[u8], at: usize) -> Result<usize, NotAnObject> {
    let mut end = at;
    while let Some(b'0'..=b'9') = text.get(end) {
        end += 1;
    }
    if end > at { Ok(end) } else { Err(NotAnObject) }
}

/// For each byte, whether it is a quote, a backslash or a control character that a string may not
/// hold.
const STOPS_A_STRING: [bool; 256] = {
    let mut stops = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        stops[byte] = true;
        byte += 1;
    }
    stops[b'"' as usize] = true;
    stops[b'\\' as usize] = true;
    stops
};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    /// Names and values; each name is expected or not, which must not matter.
    fn members(text: &str) -> Result<Vec<(&str, &str)>, NotAnObject> {
        let mut all = Vec::new();
        let mut members = Members::new(text)?;
        while let Some(member) = members.next(None)? {
            all.push((member.name.unwrap(), member.value.text));
        }
        let mut again = Members::new(text)?;
        for (name, value) in &all {
            let member = again.next(Some(name))?.unwrap();
            assert_eq!((member.name, member.value.text), (None, *value));
        }
        Ok(all)
    }

    #[test]
    fn members_come_as_they_are_written() {
        let text = " {\"a\" : 1.50 ,\n\"b\\\"\\\\\":\"x \\\" }\",\"c\":[{\"d\":\"]\"},2],\"\":null,\"é\":\"ü\"} ";
        assert_eq!(
            members(text).unwrap(),
            [
                ("a", "1.50"),
                (r#"b\"\\"#, r#""x \" }""#),
                ("c", r#"[{"d":"]"},2]"#),
                ("", "null"),
                ("é", "\"ü\""),
            ]
        );
        assert_eq!(members("{}"), Ok(Vec::new()));
    }

    /// Whether serde_json takes the text for an object; it does not look at names and values more
    /// closely than we do.
    fn is_object(text: &str) -> bool {
        let value = serde_json::from_str::<&serde_json::value::RawValue>(text);
        value.is_ok_and(|value| value.get().starts_with('{'))
    }

    #[test]
    fn nesting_is_walked_to_its_limit() {
        let nested = |levels: usize| {
            let (open, close) = ("[{\"a\":".repeat(levels / 2), "}]".repeat(levels / 2));
            let (odd_open, odd_close) = if levels % 2 == 1 {
                ("[", "]")
            } else {
                ("", "")
            };
            format!("{{\"a\":{open}{odd_open}1{odd_close}{close}}}")
        };
        for levels in [0, 1, 2, 126, 127] {
            assert!(members(&nested(levels)).is_ok(), "{levels}");
        }
        for levels in [128, 129, 100_000] {
            assert_eq!(members(&nested(levels)), Err(NotAnObject), "{levels}");
        }
    }

    #[test]
    fn an_expected_name_is_taken_only_as_a_whole() {
        let mut members = Members::new(r#"{"ab":1e5,"a":"e","e":true}"#).unwrap();
        let mut next = |expected| {
            let member = members.next(Some(expected)).unwrap().unwrap();
            (member.name, member.value.text, member.value.exponent)
        };
        assert_eq!(next("a"), (Some("ab"), "1e5", true));
        assert_eq!(next("ab"), (Some("a"), "\"e\"", false));
        assert_eq!(next("e"), (None, "true", false));
    }

    #[test]
    fn what_is_cut_off_is_no_object() {
        let text = r#"{"a":"\u00e9","b":[1,{"c":"]"}],"d":2}"#;
        for end in 0..text.len() {
            assert_eq!(members(&text[..end]), Err(NotAnObject), "{}", &text[..end]);
        }
        for text in ["null", "[]", "{,}", "{\"a\"}", "{\"a\":1 \"b\":2}", "{a:1}"] {
            assert_eq!(members(text), Err(NotAnObject), "{text}");
        }
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
            "[\\\\\"{}\\[\\],: ]{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                proptest::collection::btree_map(any::<String>(), inner, 0..5)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_object_is_read_as_serde_json_reads_it(
            object in proptest::collection::btree_map("[\\\\\"a-c]{0,4}|\\PC{0,4}", json(), 0..6),
            pretty in any::<bool>(),
        ) {
            let object = Value::Object(object.into_iter().collect());
            let text = if pretty { serde_json::to_string_pretty(&object) } else { serde_json::to_string(&object) };
            let text = text.unwrap();
            let mut read = serde_json::Map::new();
            for (name, value) in members(&text).unwrap() {
                let name: String = serde_json::from_str(&format!("\"{name}\"")).unwrap();
                read.insert(name, serde_json::from_str(value).unwrap());
            }
            prop_assert_eq!(Value::Object(read), object);
        }

        #[test]
        fn any_text_is_taken_or_refused_as_serde_json_does(text in "[{}\\[\\]\",:\\\\ a1é]{0,20}|\\PC{0,20}") {
            prop_assert_eq!(members(&text).is_ok(), is_object(&text), "{}", text);
        }

        #[test]
        fn broken_objects_are_taken_or_refused_as_serde_json_does(
            object in proptest::collection::btree_map("[\\\\\"a-c]{0,4}|\\PC{0,4}", json(), 0..6),
            breaks in proptest::collection::vec((any::<proptest::sample::Index>(), prop_oneof![
                "[{}\\[\\],:\"\\\\ 0-9eE+.-]", "\\\\u[0-9a-f]{3,4}", "\\PC", "[\u{0}-\u{20}]", "true|false|null|nul|-|0|01|1\\.|1e5", Just(String::new()),
            ]), 1..4),
        ) {
            let object = Value::Object(object.into_iter().collect());
            let mut text: Vec<char> = serde_json::to_string(&object).unwrap().chars().collect();
            for (at, with) in breaks {
                let at = at.index(text.len());
                text.splice(at..=at, with.chars());
                text.push(' ');
            }
            let text: String = text.into_iter().collect();
            prop_assert_eq!(members(&text).is_ok(), is_object(&text), "{}", text);
        }
    }
}
