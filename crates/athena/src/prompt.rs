//! Asks for statements at a prompt, with a history and the completion of names.

use std::{path::PathBuf, sync::Arc};

use anyhow::{Context as _, Result};
use rustyline::{
    Context, Editor, Helper, Highlighter, Hinter,
    completion::Completer,
    error::ReadlineError,
    history::FileHistory,
    validate::{ValidationContext, ValidationResult, Validator},
};

/// What is completed besides the names of tables and columns.
const WORDS: [&str; 38] = [
    "AND",
    "AS",
    "ASC",
    "BETWEEN",
    "BY",
    "CASE",
    "CAST",
    "COUNT",
    "CREATE",
    "CROSS",
    "DATABASES",
    "DESC",
    "DESCRIBE",
    "DISTINCT",
    "DROP",
    "ELSE",
    "END",
    "FROM",
    "GROUP",
    "HAVING",
    "INTERVAL",
    "JOIN",
    "LEFT",
    "LIKE",
    "LIMIT",
    "NOT",
    "NULL",
    "ORDER",
    "OVER",
    "PARTITION",
    "SELECT",
    "SHOW",
    "TABLES",
    "THEN",
    "TRY_CAST",
    "WHEN",
    "WHERE",
    "WITH",
];

/// What the user typed.
pub(crate) enum Typed {
    /// One or more statements, each with its semicolon.
    Statements(String),
    /// Ctrl-C at the prompt: what was typed so far is dropped.
    Nothing,
    /// Ctrl-D, `quit` or `exit`.
    End,
}

/// The prompt of one session.
pub(crate) struct Prompt {
    editor: Editor<Completion, FileHistory>,
    history: Option<PathBuf>,
}

impl Prompt {
    /// `names` are completed: databases, tables and columns.
    ///
    /// # Errors
    /// When the terminal cannot be used.
    pub(crate) fn new(names: Vec<String>) -> Result<Self> {
        let mut editor = Editor::new().context("the terminal cannot be used")?;
        editor.set_helper(Some(Completion {
            names: names_and_words(names),
        }));
        let history = history_file();
        if let Some(path) = &history {
            // The first session finds none.
            editor.load_history(path).ok();
        }
        Ok(Self { editor, history })
    }

    /// Waits for statements.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub(crate) fn read(&mut self) -> Result<Typed> {
        let typed = match self.editor.readline("athena> ") {
            Ok(typed) => typed,
            Err(ReadlineError::Interrupted) => return Ok(Typed::Nothing),
            Err(ReadlineError::Eof) => return Ok(Typed::End),
            Err(error) => return Err(error).context("the terminal cannot be read"),
        };
        if ends_session(&typed) {
            return Ok(Typed::End);
        }
        if !typed.trim().is_empty() {
            self.editor.add_history_entry(typed.as_str()).ok();
            if let Some(path) = &self.history {
                // A folder that cannot be written costs the history, not the query.
                self.editor.save_history(path).ok();
            }
        }
        Ok(Typed::Statements(typed))
    }
}

fn ends_session(typed: &str) -> bool {
    let word = typed.trim().trim_end_matches(';').to_ascii_lowercase();
    ["quit", "exit"].contains(&word.as_str())
}

fn history_file() -> Option<PathBuf> {
    let folder = match std::env::var_os("XDG_CACHE_HOME") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(std::env::var_os("HOME")?).join(".cache"),
    };
    let folder = folder.join("stock-market-pipeline");
    std::fs::create_dir_all(&folder).ok()?;
    Some(folder.join("athena-history"))
}

fn names_and_words(mut names: Vec<String>) -> Arc<[String]> {
    names.extend(WORDS.map(str::to_owned));
    names.sort_unstable();
    names.dedup();
    names.into()
}

#[derive(Helper, Highlighter, Hinter)]
struct Completion {
    names: Arc<[String]>,
}

impl Completer for Completion {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        at: usize,
        _context: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        Ok(candidates(&self.names, line, at))
    }
}

impl Validator for Completion {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let typed = context.input().trim();
        let is_complete = typed.is_empty() || typed.ends_with(';') || ends_session(typed);
        Ok(if is_complete {
            ValidationResult::Valid(None)
        } else {
            ValidationResult::Incomplete
        })
    }
}

/// Where the word before the cursor begins, and what it may become.
fn candidates(names: &[String], line: &str, at: usize) -> (usize, Vec<String>) {
    let is_part = |sign: char| sign.is_ascii_alphanumeric() || "_$".contains(sign);
    let before = &line[..at];
    let begin = before
        .char_indices()
        .rev()
        .take_while(|(_, sign)| is_part(*sign))
        .last()
        .map_or(at, |(begin, _)| begin);
    let word = before[begin..].to_ascii_lowercase();
    if word.is_empty() {
        return (begin, Vec::new());
    }
    let fits = |name: &&String| name.to_ascii_lowercase().starts_with(&word);
    (begin, names.iter().filter(fits).cloned().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_before_the_cursor_is_completed() {
        let names = names_and_words(vec!["close".into(), "close_usd".into(), "bars".into()]);
        let line = "SELECT clo FROM bars";
        assert_eq!(
            candidates(&names, line, 10),
            (7, vec!["close".into(), "close_usd".into()])
        );
        let line = "SELECT avg(b.sel";
        assert_eq!(candidates(&names, line, 16), (13, vec!["SELECT".into()]));
        assert_eq!(candidates(&names, "SELECT ", 7), (7, Vec::new()));
    }

    #[test]
    fn a_session_ends_with_a_word() {
        assert!(ends_session(" Quit; ") && ends_session("exit"));
        assert!(!ends_session("SELECT 1;"));
    }
}
