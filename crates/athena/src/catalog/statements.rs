//! Splits the text of a `.sql` file into statements.
//!
//! Athena has two grammars: Hive's for tables and databases, in whose texts a backslash escapes the
//! next sign, and Trino's for all else, where a backslash is a sign like others. Semicolons in
//! texts, names in quotes and comments do not end a statement.

/// One statement of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatementText<'t> {
    /// Its text, from its first word to its last sign, without the semicolon.
    pub text: &'t str,
    /// The line of the file that it begins in, from 1.
    pub line: u64,
}

impl StatementText<'_> {
    /// Its first words in capitals, at most four, as far as they are words.
    #[must_use]
    pub fn first_words(&self) -> Vec<String> {
        words(self.text)
    }
}

/// All statements of a text, in their order; what holds only comments is none.
#[must_use]
pub fn statements(text: &str) -> Vec<StatementText<'_>> {
    let mut statements = Vec::new();
    let mut start = skip_blanks(text, 0);
    while start < text.len() {
        let end = end_of_statement(text, start);
        let statement = text[start..end].trim_end();
        if !statement.is_empty() {
            statements.push(StatementText {
                text: statement,
                line: 1 + text[..start].matches('\n').count() as u64,
            });
        }
        start = skip_blanks(text, (end + 1).min(text.len()));
    }
    statements
}

/// Where the statement ends that begins at `start`: at its semicolon, or at the end of the text.
fn end_of_statement(text: &str, start: usize) -> usize {
    let is_hive = is_hive(&words(&text[start..]));
    let bytes = text.as_bytes();
    let mut at = start;
    while at < bytes.len() {
        at = match bytes[at] {
            b';' => return at,
            b'-' if bytes.get(at + 1) == Some(&b'-') => end_of_line(text, at),
            b'/' if bytes.get(at + 1) == Some(&b'*') => end_of_comment(text, at),
            quote @ (b'\'' | b'"' | b'`') => end_of_quoted(bytes, at, quote, is_hive),
            _ => at + 1,
        };
    }
    text.len()
}

/// Whether a statement that begins with these words is one of Hive's grammar.
fn is_hive(words: &[String]) -> bool {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    matches!(
        words[..],
        ["CREATE", "EXTERNAL" | "TABLE" | "DATABASE" | "SCHEMA", ..]
    )
}

fn end_of_quoted(bytes: &[u8], start: usize, quote: u8, escapes: bool) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if escapes && quote != b'`' => at += 1,
            byte if byte == quote => return at + 1,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

fn end_of_line(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |end| at + end + 1)
}

fn end_of_comment(text: &str, at: usize) -> usize {
    text[at + 2..]
        .find("*/")
        .map_or(text.len(), |end| at + end + 4)
}

/// The first place from `at` on that is neither blank nor a comment.
fn skip_blanks(text: &str, mut at: usize) -> usize {
    loop {
        let rest = &text[at..];
        let blanks = rest.len() - rest.trim_start().len();
        let rest = &rest[blanks..];
        at += blanks;
        if rest.starts_with("--") {
            at = end_of_line(text, at);
        } else if rest.starts_with("/*") {
            at = end_of_comment(text, at);
        } else {
            return at;
        }
    }
}

fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut at = skip_blanks(text, 0);
    while words.len() < 4 {
        let rest = &text[at..];
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let word = &rest[..end.unwrap_or(rest.len())];
        if word.is_empty() {
            break;
        }
        words.push(word.to_ascii_uppercase());
        at = skip_blanks(text, at + word.len());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<(&str, u64)> {
        let statements = statements(text).into_iter();
        statements
            .map(|statement| (statement.text, statement.line))
            .collect()
    }

    #[test]
    fn statements_end_at_semicolons_that_are_not_in_texts() {
        assert_eq!(
            split("-- a;\nSELECT 'x;' -- ;\n, \"a;b\";\n\n/* ; */ SELECT 2 ;"),
            [("SELECT 'x;' -- ;\n, \"a;b\"", 2), ("SELECT 2", 5)]
        );
        assert_eq!(split("-- nothing\n;;"), []);
        assert_eq!(split(""), []);
        assert_eq!(split("SELECT 'open"), [("SELECT 'open", 1)]);
    }

    #[test]
    fn a_backslash_escapes_in_hive_alone() {
        assert_eq!(split(r"SELECT '\'; SELECT 2").len(), 2);
        assert_eq!(split(r"CREATE EXTERNAL TABLE x ('\';'); SELECT 2").len(), 2);
    }

    #[test]
    fn first_words_pass_comments() {
        let text = statements("create /* or not */ external -- yes\n table `x`")[0];
        assert_eq!(text.first_words(), ["CREATE", "EXTERNAL", "TABLE"]);
    }
}
