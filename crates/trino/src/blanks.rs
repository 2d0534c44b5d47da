//! What Trino takes for a blank around a text.

/// The blanks that Trino's `trim` takes: those of Java's `Character.isWhitespace` and the line
/// separators, without the blanks that do not break.
pub(super) fn is_blank(sign: char) -> bool {
    matches!(sign, '\u{1c}'..='\u{1f}')
        || (sign.is_whitespace() && !matches!(sign, '\u{85}' | '\u{a0}' | '\u{2007}' | '\u{202f}'))
}

/// The text without blanks around it.
pub(super) fn trim_blanks(text: &str) -> &str {
    text.trim_matches(is_blank)
}
