//! A statement with its place, as the parser gets it.

use std::{fmt, sync::Arc};

use anyhow::{Result, bail};
use datafusion::sql::sqlparser::tokenizer::{
    Location, Token, TokenWithSpan, Tokenizer, TokenizerError,
};

use crate::{catalog::statements, dialect::TrinoDialect};

/// Where a statement or a part of it stands: a file or the prompt, line and column from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// A path as it was given, `prompt` or `--execute`.
    pub(crate) source: Arc<str>,
    /// The line, from 1.
    pub(crate) line: u64,
    /// The column in characters, from 1.
    pub(crate) column: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}:{}", self.source, self.line, self.column)
    }
}

/// One statement, not parsed yet.
#[derive(Debug, Clone)]
pub(crate) struct SqlStatement {
    /// Where its first word stands.
    pub(crate) place: Place,
    /// Its text from the first word to before the semicolon.
    pub(crate) text: String,
    /// At most four first words, in capitals.
    pub(crate) first_words: Vec<String>,
}

impl SqlStatement {
    /// A statement whose text begins at this place.
    pub(crate) fn new(place: Place, text: &str) -> Self {
        let read = statements::StatementText {
            text,
            line: place.line,
        };
        Self {
            first_words: read.first_words(),
            place,
            text: text.to_owned(),
        }
    }

    /// Whether it begins with these words.
    pub(crate) fn begins_with(&self, words: &[&str]) -> bool {
        self.first_words.len() >= words.len()
            && self
                .first_words
                .iter()
                .zip(words)
                .all(|(first, word)| first == word)
    }

    /// Its tokens without blanks and comments. Names are in lower case: Athena and Trino compare
    /// names without their case, quoted ones, too.
    ///
    /// # Errors
    /// A text or a quoted name without its end, with the place.
    pub(crate) fn tokens(&self) -> Result<Vec<TokenWithSpan>> {
        let mut tokens = match Tokenizer::new(&TrinoDialect, &self.text).tokenize_with_location() {
            Ok(tokens) => tokens,
            Err(TokenizerError { message, location }) => {
                bail!("{}: {message}", self.place_of(location))
            }
        };
        tokens.retain(|token| !matches!(token.token, Token::Whitespace(_)));
        for token in &mut tokens {
            if let Token::Word(word) = &mut token.token {
                word.value = word.value.to_lowercase();
            }
        }
        Ok(tokens)
    }

    /// Whether a name stands in it, quoted or not.
    ///
    /// # Errors
    /// As [`SqlStatement::tokens`].
    pub(crate) fn names(&self, name: &str) -> Result<bool> {
        let is =
            |token: &TokenWithSpan| matches!(&token.token, Token::Word(word) if word.value == name);
        Ok(self.tokens()?.iter().any(is))
    }

    /// The place of a part, which the parser counts from the first word; what it leaves out is the
    /// statement's own.
    pub(crate) fn place_of(&self, location: Location) -> Place {
        let Place {
            source,
            line,
            column,
        } = &self.place;
        let column = match location.line {
            0 => *column,
            1 => column + location.column.saturating_sub(1),
            _ => location.column,
        };
        Place {
            source: Arc::clone(source),
            line: line + location.line.saturating_sub(1),
            column,
        }
    }
}

/// Splits a text into its statements; a text of blanks and comments has none. `source` is for
/// messages.
pub(crate) fn sql_statements(source: &str, text: &str) -> Vec<SqlStatement> {
    let source: Arc<str> = Arc::from(source);
    // A mark of the byte order is no sign of a statement.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let statement = |found: statements::StatementText<'_>| {
        // A statement is a part of the text.
        let begin = found.text.as_ptr().addr() - text.as_ptr().addr();
        let line_begin = text[..begin].rfind('\n').map_or(0, |end| end + 1);
        let column = text[line_begin..begin].chars().count() as u64 + 1;
        let place = Place {
            source: Arc::clone(&source),
            line: found.line,
            column,
        };
        SqlStatement::new(place, found.text)
    };
    statements::statements(text)
        .into_iter()
        .map(statement)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_found_where_it_stands_in_the_file() {
        let found = sql_statements("a.sql", "-- a;\nSELECT 1; SELECT\n 'x' AS \"X;Y\"; ");
        assert_eq!(found.len(), 2);
        assert_eq!(found[1].place.to_string(), "a.sql:2:11");
        assert_eq!(
            found[1].place_of(Location::new(1, 8)).to_string(),
            "a.sql:2:18"
        );
        assert_eq!(
            found[1].place_of(Location::new(2, 2)).to_string(),
            "a.sql:3:2"
        );
        assert_eq!(
            found[1].place_of(Location::new(0, 0)).to_string(),
            "a.sql:2:11"
        );
        assert!(found[1].names("x;y").unwrap() && !found[1].names("X;Y").unwrap());
        assert!(sql_statements("a.sql", " -- nothing\n").is_empty());
    }

    #[test]
    fn an_open_text_is_found_with_its_place() {
        let found = sql_statements("a.sql", "SELECT 1;\n  SELECT 'abc");
        let error = found[1].tokens().unwrap_err();
        assert!(error.to_string().starts_with("a.sql:2:"), "{error}");
    }

    #[test]
    fn the_first_words_tell_the_kind() {
        let found = sql_statements("a.sql", "create External table x (a int)");
        assert!(found[0].begins_with(&["CREATE", "EXTERNAL", "TABLE"]));
        assert!(!found[0].begins_with(&["CREATE", "TABLE"]));
        assert!(!found[0].begins_with(&["CREATE"; 30]));
    }
}
