//! The inputs of a run, one after the other, pass after pass.
//!
//! Opens nothing.

use std::path::{Path, PathBuf};

/// The inputs, and which of them comes next.
#[derive(Debug)]
pub(crate) struct InputList {
    paths: Vec<PathBuf>,
    next: usize,
    is_first_pass: bool,
}

/// One input of the list.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ListedInput {
    pub(crate) path: PathBuf,
    /// Whether another input has the same name but for its folders.
    pub(crate) shares_name: bool,
}

impl InputList {
    pub(crate) fn new(paths: Vec<PathBuf>) -> Self {
        Self {
            paths,
            next: 0,
            is_first_pass: true,
        }
    }

    /// The next input of this pass.
    pub(crate) fn next(&mut self) -> Option<ListedInput> {
        let path = self.paths.get(self.next)?.clone();
        self.next += 1;
        let shares_name = self.shares_name(&path);
        Some(ListedInput { path, shares_name })
    }

    /// Begins again with the first input.
    pub(crate) fn begin_pass(&mut self) {
        self.next = 0;
        self.is_first_pass = false;
    }

    /// What is worth a word is said once.
    pub(crate) fn is_first_pass(&self) -> bool {
        self.is_first_pass
    }

    fn shares_name(&self, path: &Path) -> bool {
        let mut others = self.paths.iter().filter(|other| other.as_path() != path);
        path.file_name()
            .is_some_and(|name| others.any(|other| other.file_name() == Some(name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pass_gives_the_inputs_in_order_and_knows_twins() {
        let mut list = InputList::new(vec!["a/x.csv".into(), "y.csv".into(), "b/x.csv".into()]);
        let pass = |list: &mut InputList| -> Vec<bool> {
            std::iter::from_fn(|| list.next())
                .map(|input| input.shares_name)
                .collect()
        };
        assert!(list.is_first_pass());
        assert_eq!(pass(&mut list), [true, false, true]);
        list.begin_pass();
        assert_eq!(pass(&mut list), [true, false, true]);
        assert!(!list.is_first_pass());
    }
}
