//! Checks that a line is a JSON object, and finds its key and its time.
//!
//! Does not change a byte of it. The names of key and time are compared as text, without escapes.

use schema::{Members, NotAnObject};

/// Which fields of an object say what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ObjectFields {
    pub(crate) key: Option<String>,
    pub(crate) time: Option<String>,
}

/// What one object says; each text is cleared first and empty where the field is missing or null.
#[derive(Debug, Default)]
pub(crate) struct FieldTexts {
    pub(crate) key: Vec<u8>,
    pub(crate) time: Vec<u8>,
}

/// Why a line is no record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LineError {
    #[error("not valid UTF-8")]
    NotUtf8,
    #[error("not a JSON object")]
    NotAnObject,
    #[error("field {field:?} is an object or a list, not a text")]
    NotAText { field: String },
}

impl From<NotAnObject> for LineError {
    fn from(_: NotAnObject) -> Self {
        Self::NotAnObject
    }
}

/// The names of the members of an object, in its order.
pub(crate) fn names(line: &[u8]) -> Result<Vec<String>, LineError> {
    let text = std::str::from_utf8(line).map_err(|_| LineError::NotUtf8)?;
    let mut members = Members::new(text)?;
    let mut names = Vec::new();
    while let Some(member) = members.next(None)? {
        names.push(unescaped(member.name.unwrap_or_default())?);
    }
    Ok(names)
}

/// Checks the whole line and takes the texts of its fields. Of two fields of one name the last
/// counts, as for every reader of JSON.
pub(crate) fn read_fields(
    line: &[u8],
    fields: &ObjectFields,
    texts: &mut FieldTexts,
) -> Result<(), LineError> {
    texts.key.clear();
    texts.time.clear();
    let line = std::str::from_utf8(line).map_err(|_| LineError::NotUtf8)?;
    let mut members = Members::new(line)?;
    while let Some(member) = members.next(None)? {
        let name = member.name.unwrap_or_default();
        let is = |wanted: &Option<String>| wanted.as_deref().is_some_and(|it| is_name(name, it));
        if is(&fields.key) {
            take(member.value.text, name, &mut texts.key)?;
        }
        if is(&fields.time) {
            take(member.value.text, name, &mut texts.time)?;
        }
    }
    Ok(())
}

/// Whether a name as it is written is this text.
fn is_name(written: &str, name: &str) -> bool {
    if written.contains('\\') {
        unescaped(written).is_ok_and(|text| text == name)
    } else {
        written == name
    }
}

fn take(value: &str, field: &str, out: &mut Vec<u8>) -> Result<(), LineError> {
    out.clear();
    match value.as_bytes() {
        b"null" => {}
        [b'{' | b'[', ..] => {
            return Err(LineError::NotAText {
                field: field.to_owned(),
            });
        }
        [b'"', inner @ .., b'"'] if !inner.contains(&b'\\') => out.extend_from_slice(inner),
        [b'"', .., b'"'] => {
            out.extend_from_slice(unescaped(&value[1..value.len() - 1])?.as_bytes());
        }
        other => out.extend_from_slice(other),
    }
    Ok(())
}

/// A text without its escapes; half of a surrogate pair is no text.
fn unescaped(written: &str) -> Result<String, LineError> {
    if !written.contains('\\') {
        return Ok(written.to_owned());
    }
    serde_json::from_str(&format!("\"{written}\"")).map_err(|_| LineError::NotUtf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<(String, String), String> {
        let fields = ObjectFields {
            key: Some("Symbol".into()),
            time: Some("At".into()),
        };
        let mut texts = FieldTexts {
            key: b"old".into(),
            time: b"old".into(),
        };
        read_fields(line.as_bytes(), &fields, &mut texts).map_err(|error| error.to_string())?;
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Ok((text(texts.key), text(texts.time)))
    }

    #[test]
    fn key_and_time_are_texts_numbers_or_nothing() {
        for (line, key, time) in [
            (r#"{"Symbol":"HSI","At":"2020-01-02"}"#, "HSI", "2020-01-02"),
            (
                r#"{"x":{"Symbol":"no"},"At":1577923200000}"#,
                "",
                "1577923200000",
            ),
            (r#"{"Symbol":null,"Symbol2":"no"}"#, "", ""),
            (r#"{"Symbol":"A","Symbol":"B"}"#, "B", ""),
            (r#"{"\u0053ymbol":"a\"b\u00e9","At":true}"#, "a\"bé", "true"),
            ("{}", "", ""),
        ] {
            assert_eq!(read(line), Ok((key.into(), time.into())), "{line}");
        }
    }

    #[test]
    fn what_is_no_object_or_no_text_is_refused() {
        for (line, reason) in [
            ("[1]", "not a JSON object"),
            ("{\"a\":1", "not a JSON object"),
            ("{\"a\":1} {\"b\":2}", "not a JSON object"),
            ("{\"a\":01}", "not a JSON object"),
            (
                "{\"Symbol\":{\"a\":1}}",
                "field \"Symbol\" is an object or a list, not a text",
            ),
            ("{\"Symbol\":\"\\ud800\"}", "not valid UTF-8"),
        ] {
            assert_eq!(read(line), Err(reason.into()), "{line}");
        }
        let fields = ObjectFields::default();
        let broken = read_fields(b"{\"a\":\"\xff\"}", &fields, &mut FieldTexts::default());
        assert_eq!(broken, Err(LineError::NotUtf8));
    }

    #[test]
    fn names_come_in_order() {
        assert_eq!(names(br#"{"b":1,"a":{"c":2}}"#).unwrap(), ["b", "a"]);
    }
}
