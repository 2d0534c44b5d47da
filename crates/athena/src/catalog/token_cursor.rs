//! Walks over the tokens of one statement of Hive's grammar.
//!
//! The tokens are `sqlparser`'s. Its parser is not used: it accepts clauses in any order and a
//! comma before a bracket, which Athena refuses, and it does not say what to write instead.

use datafusion::sql::sqlparser::{
    dialect::Dialect,
    tokenizer::{Token, TokenWithSpan, Tokenizer, Whitespace},
};

use super::{definition_error::LineProblem, statements::StatementText};

/// The signs of Hive's DDL, as Athena takes it: names in backticks, texts in single or double
/// quotes.
#[derive(Debug)]
struct HiveSigns;

impl Dialect for HiveSigns {
    fn is_delimited_identifier_start(&self, sign: char) -> bool {
        sign == '`'
    }

    fn is_identifier_start(&self, sign: char) -> bool {
        sign.is_ascii_alphabetic() || sign == '_'
    }

    fn is_identifier_part(&self, sign: char) -> bool {
        sign.is_ascii_alphanumeric() || sign == '_'
    }

    fn supports_string_literal_backslash_escape(&self) -> bool {
        true
    }
}

/// A place between two tokens.
pub struct TokenCursor {
    /// Without blanks and comments.
    tokens: Vec<TokenWithSpan>,
    at: usize,
    /// The line of the file that the statement begins in.
    first_line: u64,
}

/// A name, and whether it stood in backticks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// In lower case, as Glue keeps it.
    pub text: String,
    /// Whether it stood in backticks.
    pub is_quoted: bool,
    /// Its line in the file.
    pub line: u64,
}

impl TokenCursor {
    /// The place before the first token.
    ///
    /// # Errors
    /// When the statement holds a text or name without an end.
    pub fn new(statement: StatementText<'_>) -> Result<Self, LineProblem> {
        let mut tokenizer = Tokenizer::new(&HiveSigns, statement.text).with_unescape(false);
        let tokens = tokenizer.tokenize_with_location().map_err(|error| {
            let line = statement.line + error.location.line.saturating_sub(1);
            LineProblem::new(line, format!("{}; end it", error.message.to_lowercase()))
        })?;
        let is_blank = |token: &TokenWithSpan| {
            matches!(
                token.token,
                Token::Whitespace(
                    Whitespace::Space
                        | Whitespace::Tab
                        | Whitespace::Newline
                        | Whitespace::SingleLineComment { .. }
                        | Whitespace::MultiLineComment(_)
                )
            )
        };
        Ok(Self {
            tokens: tokens
                .into_iter()
                .filter(|token| !is_blank(token))
                .collect(),
            at: 0,
            first_line: statement.line,
        })
    }

    /// The line of the next token, or of the last when there is no more.
    #[must_use]
    pub fn line(&self) -> u64 {
        let token = self.tokens.get(self.at).or(self.tokens.last());
        let line = token.map_or(1, |token| token.span.start.line.max(1));
        self.first_line + line - 1
    }

    /// The line of the token that was taken last.
    #[must_use]
    pub fn line_before(&self) -> u64 {
        let token = self.tokens.get(self.at.saturating_sub(1));
        let line = token.map_or(1, |token| token.span.start.line.max(1));
        self.first_line + line - 1
    }

    /// A fault at the next token.
    pub fn problem(&self, problem: impl Into<String>) -> LineProblem {
        LineProblem::new(self.line(), problem)
    }

    /// Whether there are no more tokens.
    #[must_use]
    pub fn is_at_end(&self) -> bool {
        self.at == self.tokens.len()
    }

    /// The next token as it is written, for messages.
    #[must_use]
    pub fn shown(&self) -> String {
        match self.tokens.get(self.at) {
            Some(token) => format!("'{}'", token.token),
            None => "the end of the statement".to_owned(),
        }
    }

    /// The word, in capitals, that is `ahead` tokens after the next; `None` when none is there.
    #[must_use]
    pub fn word(&self, ahead: usize) -> Option<String> {
        match &self.tokens.get(self.at + ahead)?.token {
            Token::Word(word) if word.quote_style.is_none() => {
                Some(word.value.to_ascii_uppercase())
            }
            _ => None,
        }
    }

    /// Takes these words if they come next.
    pub fn take_words(&mut self, words: &[&str]) -> bool {
        let are_next = words
            .iter()
            .enumerate()
            .all(|(ahead, word)| self.word(ahead).as_deref() == Some(word));
        if are_next {
            self.at += words.len();
        }
        are_next
    }

    /// Takes these words.
    ///
    /// # Errors
    /// When others come next.
    pub fn expect_words(&mut self, words: &[&str]) -> Result<(), LineProblem> {
        if self.take_words(words) {
            return Ok(());
        }
        Err(self.problem(format!("{} instead of {}", self.shown(), words.join(" "))))
    }

    /// Takes a sign if it comes next.
    pub fn take(&mut self, sign: &Token) -> bool {
        let is_next = self
            .tokens
            .get(self.at)
            .is_some_and(|token| token.token == *sign);
        self.at += usize::from(is_next);
        is_next
    }

    /// Whether a sign comes next.
    #[must_use]
    pub fn is_next(&self, sign: &Token) -> bool {
        self.tokens
            .get(self.at)
            .is_some_and(|token| token.token == *sign)
    }

    /// Takes a sign; `context` says what it belongs to.
    ///
    /// # Errors
    /// When another comes next.
    pub fn expect(&mut self, sign: &Token, context: &str) -> Result<(), LineProblem> {
        if self.take(sign) {
            return Ok(());
        }
        Err(self.problem(format!("{} instead of '{sign}' {context}", self.shown())))
    }

    /// Takes a name.
    ///
    /// # Errors
    /// When there is none, or it has signs that Athena does not take.
    pub fn name(&mut self, what: &str) -> Result<Name, LineProblem> {
        let line = self.line();
        let Some(Token::Word(word)) = self.tokens.get(self.at).map(|token| &token.token) else {
            return Err(self.problem(format!("{} instead of the name of {what}", self.shown())));
        };
        let name = Name {
            text: word.value.to_lowercase(),
            is_quoted: word.quote_style.is_some(),
            line,
        };
        let allowed =
            |sign: char| sign.is_ascii_lowercase() || sign.is_ascii_digit() || sign == '_';
        if name.text.is_empty() || !name.text.chars().all(allowed) {
            return Err(self.problem(format!(
                "the name '{}' of {what} has signs that Athena does not take; use a-z, 0-9 and _",
                word.value.escape_debug()
            )));
        }
        self.at += 1;
        Ok(name)
    }

    /// Takes a text in quotes, and returns what it stands for.
    ///
    /// # Errors
    /// When there is none, or an escape in it is none of Hive's.
    pub fn text(&mut self, what: &str) -> Result<String, LineProblem> {
        let Some(Token::SingleQuotedString(raw) | Token::DoubleQuotedString(raw)) =
            self.tokens.get(self.at).map(|token| &token.token)
        else {
            return Err(self.problem(format!("{} instead of {what} in quotes", self.shown())));
        };
        let text = unescaped(raw).ok_or_else(|| {
            self.problem(format!("'{raw}' has an escape that Hive does not know"))
        })?;
        self.at += 1;
        Ok(text)
    }

    /// Takes a number.
    pub fn number(&mut self) -> Option<String> {
        let Token::Number(number, _) = &self.tokens.get(self.at)?.token else {
            return None;
        };
        self.at += 1;
        Some(number.clone())
    }

    /// Passes over a token.
    pub fn skip(&mut self) {
        self.at = (self.at + 1).min(self.tokens.len());
    }

    /// Whether the statement holds this text in quotes, followed by `=` and that one, in any case.
    #[must_use]
    pub fn has_property(&self, key: &str, value: &str) -> bool {
        let is = |token: &Token, wanted: &str| {
            matches!(token, Token::SingleQuotedString(text) | Token::DoubleQuotedString(text)
                if text.eq_ignore_ascii_case(wanted))
        };
        self.tokens.windows(3).any(|tokens| {
            is(&tokens[0].token, key) && tokens[1].token == Token::Eq && is(&tokens[2].token, value)
        })
    }
}

/// A text of Hive's DDL without its escapes.
fn unescaped(raw: &str) -> Option<String> {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw.chars();
    while let Some(sign) = rest.next() {
        if sign != '\\' {
            text.push(sign);
            continue;
        }
        let after = rest.as_str();
        let coded = |digits: usize, radix: u32, skipped: usize| {
            let code = after.get(skipped..skipped + digits)?;
            char::from_u32(u32::from_str_radix(code, radix).ok()?)
        };
        let (meant, length) = match after.chars().next()? {
            'u' => (coded(4, 16, 1)?, 5),
            '0'..='3' if after.len() >= 3 && coded(3, 8, 0).is_some() => (coded(3, 8, 0)?, 3),
            '0' => ('\0', 1),
            'b' => ('\u{8}', 1),
            'n' => ('\n', 1),
            'r' => ('\r', 1),
            't' => ('\t', 1),
            'Z' => ('\u{1a}', 1),
            other => (other, other.len_utf8()),
        };
        text.push(meant);
        rest = after[length..].chars();
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_those_of_hive() {
        for (raw, text) in [
            ("plain", Some("plain")),
            (r"\u0001", Some("\u{1}")),
            (r"\001x", Some("\u{1}x")),
            (r"\t\n\\\'", Some("\t\n\\'")),
            (r"\,", Some(",")),
            (r"\u00", None),
            ("\\", None),
        ] {
            assert_eq!(unescaped(raw).as_deref(), text, "{raw}");
        }
    }
}
