//! `.env` of the current folder, loaded into the environment. It replaces nothing there.
//!
//! Only the current folder counts: a `.env` further up may belong to another program. Nothing is
//! substituted: a `$` that would stand for a variable is refused, because a secret that holds one
//! would otherwise lose a part of itself without a word.
//!
//! Invariant: a message names the file and the line and shows nothing of what the line holds.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

/// Loads `.env` of the current folder, if there is one; returns its path.
///
/// # Errors
/// A sentence with file and line when it cannot be read, or a line is not `NAME=VALUE`.
pub(crate) fn load() -> Result<Option<PathBuf>, String> {
    let here = Path::new(".env");
    let path = std::path::absolute(here).unwrap_or_else(|_| here.to_owned());
    // A folder of this name is Python's virtual environment, for example.
    if path.is_dir() {
        return Ok(None);
    }
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("cannot read {}: {error}", path.display())),
    };
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| format!("{} is not UTF-8 text; save it as UTF-8", path.display()))?;
    let assignments = assignments(text).map_err(|problem| {
        format!(
            "{}, line {}: {}",
            path.display(),
            problem.line,
            problem.what
        )
    })?;
    for assignment in assignments {
        // Each was parsed before: the first load that fails would leave the others half done.
        dotenvy::from_read(assignment.as_bytes())
            .map_err(|_| format!("cannot load {}", path.display()))?;
    }
    Ok(Some(path))
}

/// What is wrong with a line.
#[derive(Debug, PartialEq, Eq)]
struct Problem {
    /// From 1.
    line: usize,
    what: &'static str,
}

/// The assignments of the file as dotenvy reads them, one by one, so that each mistake has a line.
fn assignments(text: &str) -> Result<Vec<String>, Problem> {
    const SHAPE: &str = "not NAME=VALUE; put a value that holds blanks, # or \\ in single quotes";
    const VARIABLE: &str = "a $ here stands for another variable, which is not supported; put the \
                            value in single quotes, or write \\$ for the sign itself";
    let mut lines = text.trim_start_matches('\u{feff}').lines().enumerate();
    let mut assignments = Vec::new();
    while let Some((at, first)) = lines.next() {
        let problem = |what| Problem { line: at + 1, what };
        if first.trim_start().starts_with('#') {
            continue;
        }
        let mut scan = Scan::default();
        scan.line(first);
        let mut assignment = format!("{first}\n");
        // A quoted value may go on over several lines.
        while scan.is_open() {
            let Some((_, next)) = lines.next() else {
                return Err(problem("a quote is not closed"));
            };
            scan.line(next);
            assignment.push_str(next);
            assignment.push('\n');
        }
        if scan.has_variable {
            return Err(problem(VARIABLE));
        }
        let parsed = dotenvy::from_read_iter(assignment.as_bytes()).next();
        match parsed {
            None => {}
            Some(Ok(_)) => assignments.push(assignment),
            Some(Err(_)) => return Err(problem(SHAPE)),
        }
    }
    Ok(assignments)
}

/// Where a reader of `.env` stands: inside which quote, and whether it met a variable.
#[derive(Default)]
struct Scan {
    quote: Option<char>,
    has_variable: bool,
}

impl Scan {
    fn is_open(&self) -> bool {
        self.quote.is_some()
    }

    fn line(&mut self, line: &str) {
        let mut before = None;
        let mut letters = line.chars();
        while let Some(letter) = letters.next() {
            match (self.quote, letter) {
                (None, '#') if before.is_some_and(char::is_whitespace) => return,
                (None | Some('"'), '$') => self.has_variable = true,
                (None | Some('"'), '\\') => {
                    letters.next();
                }
                (None, '\'' | '"') => self.quote = Some(letter),
                (Some(quote), letter) if quote == letter => self.quote = None,
                _ => {}
            }
            before = Some(letter);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names and values.
    fn read(text: &str) -> Result<Vec<(String, String)>, Problem> {
        let value = |line: &String| dotenvy::from_read_iter(line.as_bytes()).next();
        let lines = assignments(text)?;
        Ok(lines
            .iter()
            .map(|line| value(line).unwrap().unwrap())
            .collect())
    }

    #[test]
    fn a_dollar_sign_is_kept_or_refused_and_never_substituted() {
        for (line, value) in [
            ("A='pa$$word'", "pa$$word"),
            ("A='${HOME}' # $5", "${HOME}"),
            ("A=pa\\$word", "pa$word"),
            ("A=\"pa\\$word 'x'\"", "pa$word 'x'"),
            ("# it's $5\nA=1", "1"),
            ("A='two\n$lines'", "two\n$lines"),
        ] {
            assert_eq!(
                read(line).unwrap(),
                [("A".to_owned(), value.to_owned())],
                "{line}"
            );
        }
        for line in [
            "A=pa$word",
            "A=\"pa$word\"",
            "A=${HOME}",
            "A=x'y'$z",
            "A=5$",
            "A=b#$c",
            "A=\"two\n$lines\"",
        ] {
            let problem = read(&format!("B=1\n\n{line}\n")).unwrap_err();
            assert!(
                problem.line == 3 && problem.what.contains('$'),
                "{line}: {problem:?}"
            );
        }
    }

    #[test]
    fn a_mistake_has_its_line() {
        for (text, line) in [
            ("A=1\nB=a b\n", 2),
            ("A='1\n2'\nhunter2\n", 3),
            ("\u{feff}A=1\r\n\r\nB='x\n", 3),
            // dotenvy would take the next line for a part of this value.
            ("A='x\\'\nB='y'\n", 1),
        ] {
            assert_eq!(read(text).unwrap_err().line, line, "{text:?}");
        }
    }

    #[test]
    fn a_sound_file_is_read_as_it_stands() {
        let text =
            "\u{feff}# comment with a 'quote\nexport A=1 \n\nB = \"b b\" # note\r\nC=\nD=x#y";
        let expected = [("A", "1"), ("B", "b b"), ("C", ""), ("D", "x#y")];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(read(text).unwrap(), expected);
    }
}
