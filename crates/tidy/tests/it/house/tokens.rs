//! Rust sources as tokens, as far as the rules need them: words, punctuation and lines.
//!
//! Texts and comments are recognised so that what stands in them is not taken for code; macros are
//! not expanded.

/// A word or a sign of the code, with its line, which counts from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token<'s> {
    /// An identifier, a number, one sign, one of `::`, `->`, `=>`, or a literal with its quotes.
    pub(crate) text: &'s str,
    pub(crate) line: usize,
}

/// The code and the comments of a file.
#[derive(Debug, Default)]
pub(crate) struct Scan<'s> {
    pub(crate) tokens: Vec<Token<'s>>,
    /// The lines that hold a comment or a part of one, ascending.
    pub(crate) comment_lines: Vec<usize>,
}

impl<'s> Scan<'s> {
    pub(crate) fn new(source: &'s str) -> Self {
        let mut scan = Self::default();
        let (mut rest, mut line) = (source, 1);
        while let Some(first) = rest.chars().next() {
            let length = next_length(rest);
            let (token, after) = rest.split_at(length);
            let lines = token.matches('\n').count();
            if token.starts_with("//") || token.starts_with("/*") {
                scan.comment_lines.extend(line..=line + lines);
            } else if !first.is_whitespace() {
                scan.tokens.push(Token { text: token, line });
            }
            line += lines;
            rest = after;
        }
        scan
    }
}

/// The length of the token, comment or space that `rest` begins with, in bytes.
fn next_length(rest: &str) -> usize {
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return block_comment(rest);
    }
    for start in ["r", "br", "cr"] {
        if let Some(length) = raw_text(rest, start) {
            return length;
        }
    }
    for start in ["\"", "b\"", "c\""] {
        if let Some(after) = rest.strip_prefix(start) {
            return start.len() + quoted(after, '"');
        }
    }
    for start in ["'", "b'"] {
        if let Some(after) = rest.strip_prefix(start)
            && is_character(after)
        {
            return start.len() + quoted(after, '\'');
        }
    }
    if ["::", "->", "=>"].iter().any(|sign| rest.starts_with(sign)) {
        return 2;
    }
    let is_word = |sign: char| sign.is_alphanumeric() || sign == '_';
    let first = rest.chars().next().unwrap();
    let same_kind: &dyn Fn(char) -> bool = if is_word(first) {
        &is_word
    } else if first.is_whitespace() {
        &char::is_whitespace
    } else {
        return first.len_utf8();
    };
    rest.find(|sign| !same_kind(sign)).unwrap_or(rest.len())
}

fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
        } else {
            at += rest[at..].chars().next().unwrap().len_utf8();
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn raw_text(rest: &str, start: &str) -> Option<usize> {
    let after = rest.strip_prefix(start)?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    after[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let begin = start.len() + hashes + 1;
    let length = rest[begin..].find(&end).unwrap_or(rest.len() - begin);
    Some(begin + length + end.len())
}

/// Whether a character follows the quote and not a lifetime: `'a'`, `'\n'`, but not `'a`.
fn is_character(after_quote: &str) -> bool {
    let mut signs = after_quote.chars();
    signs.next() == Some('\\') || signs.next() == Some('\'')
}

/// The length up to the closing quote, which is included.
fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, sign) in rest.char_indices() {
        match sign {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if sign == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// The tokens without `#[cfg(test)]` and what it stands before.
pub(crate) fn without_tests<'s>(tokens: &[Token<'s>]) -> Vec<Token<'s>> {
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if starts_with(&tokens[at..], &["#", "[", "cfg", "(", "test", ")", "]"]) {
            at += item_length(&tokens[at..]);
        } else {
            kept.push(tokens[at].clone());
            at += 1;
        }
    }
    kept
}

/// The lines of a source without its `#[cfg(test)]` items.
pub(crate) fn lines_without_tests(source: &str) -> usize {
    let tokens = Scan::new(source).tokens;
    let mut lines = source.lines().count();
    let mut at = 0;
    while at < tokens.len() {
        if starts_with(&tokens[at..], &["#", "[", "cfg", "(", "test", ")", "]"]) {
            let length = item_length(&tokens[at..]);
            lines -= tokens[at + length - 1].line - tokens[at].line + 1;
            at += length;
        } else {
            at += 1;
        }
    }
    lines
}

/// How many tokens an item has, with the attributes before it: up to its `;` or the end of its
/// braces.
fn item_length(tokens: &[Token]) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate() {
        match token.text {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => depth -= 1,
            _ => {}
        }
        // A field or an argument ends with what holds it.
        if depth < 0 {
            return at;
        }
        if depth == 0 && matches!(token.text, "}" | ";") {
            return at + 1;
        }
    }
    tokens.len()
}

impl Token<'_> {
    /// Whether it is a text or a character.
    pub(crate) fn is_literal(&self) -> bool {
        self.text.len() > 1 && self.text.ends_with(['"', '#', '\''])
    }
}

pub(crate) fn starts_with(tokens: &[Token], words: &[&str]) -> bool {
    tokens.len() >= words.len()
        && tokens
            .iter()
            .zip(words)
            .all(|(token, word)| token.text == *word)
}

#[test]
fn texts_comments_and_lifetimes_are_told_from_code() {
    let source = "fn f<'a>(x: &'a str) { // let it = 1;\n  g(\"use crate::x; \\\" {\", '\"', r#\"a\"b\"#); /* { */\n}";
    let scan = Scan::new(source);
    let code = scan.tokens.iter().filter(|token| !token.is_literal());
    let words: Vec<&str> = code.map(|token| token.text).collect();
    let expected = "fn f < ' a > ( x : & ' a str ) { g ( , , ) ; }";
    assert_eq!(words.join(" "), expected);
    assert_eq!(scan.comment_lines, [1, 2]);
    assert_eq!(scan.tokens.last().unwrap().line, 3);
}

#[test]
fn code_of_tests_is_left_out() {
    let source =
        "use a;\n#[cfg(test)]\nmod tests {\n  use b;\n}\n#[cfg(test)]\nuse c::{d, e};\nfn f() {}\n";
    let tokens = without_tests(&Scan::new(source).tokens);
    let words: Vec<&str> = tokens.iter().map(|token| token.text).collect();
    assert_eq!(words.join(" "), "use a ; ; fn f ( ) { }");
    assert_eq!(lines_without_tests(source), 2);
}
