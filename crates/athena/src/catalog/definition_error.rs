//! What is wrong with a definition, with its place.

use std::fmt;

/// A fault in a file of the catalog. Its text is one line: `FILE:LINE: what is wrong and what to
/// do`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefinitionError {
    /// The file, as the folder was named.
    pub file: String,
    /// The line in it, from 1.
    pub line: u64,
    /// What is wrong, and the fix.
    pub problem: String,
}

impl fmt::Display for DefinitionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.problem)
    }
}

impl std::error::Error for DefinitionError {}

/// A fault at a line of a file that the caller knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineProblem {
    /// The line, from 1.
    pub line: u64,
    /// What is wrong, and the fix.
    pub problem: String,
}

impl LineProblem {
    /// A fault at this line.
    pub fn new(line: u64, problem: impl Into<String>) -> Self {
        Self {
            line,
            problem: problem.into(),
        }
    }
}
