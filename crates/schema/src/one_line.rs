//! A JSON document on one line, for readers that take a file line by line.

use std::borrow::Cow;

/// The document without its line breaks, which stand only between its tokens; then without any
/// white space there.
#[must_use]
pub fn on_one_line(json: &str) -> Cow<'_, str> {
    // Two searches for one byte are faster than one search for either.
    let bytes = json.as_bytes();
    if !bytes.contains(&b'\n') && !bytes.contains(&b'\r') {
        return Cow::Borrowed(json);
    }
    let (mut line, mut is_inside, mut is_escaped) =
        (String::with_capacity(json.len()), false, false);
    for letter in json.chars() {
        if is_inside || !matches!(letter, ' ' | '\t' | '\n' | '\r') {
            line.push(letter);
        }
        is_inside ^= letter == '"' && !is_escaped;
        is_escaped = is_inside && letter == '\\' && !is_escaped;
    }
    Cow::Owned(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_kept_unless_it_spans_lines() {
        assert!(matches!(on_one_line("{ \"a\" : 1.50 }"), Cow::Borrowed(_)));
        let pretty = "{\r\n  \"a b\": 1.50,\n\t\"c\": \"x \\\" \\\\\", \"d\" : 1\n}\n";
        assert_eq!(on_one_line(pretty), r#"{"a b":1.50,"c":"x \" \\","d":1}"#);
    }
}
