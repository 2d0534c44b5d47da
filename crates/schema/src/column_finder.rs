//! Which column of a table a field of a record fills.
//!
//! The lists of the columns come first, then the names of the columns without a list, then these
//! names for the field's snake form. Case does not matter, as it does not to Athena when it reads
//! the records themselves.
//!
//! From classifier 2 on, blanks, underscores and other signs do not matter either, where only one
//! column is meant: see [`crate::names::same_field`]. A field that classifier 1 finds a column for
//! fills the same one.

use std::collections::BTreeMap;

use crate::{
    classifier::Classifier,
    names::{folded, snake},
    table_schema::TableColumn,
};

/// Columns by the names of fields. Made once from the columns, in their order.
#[derive(Debug)]
pub(crate) struct ColumnFinder {
    /// Columns by the fields they list, in lower case.
    by_field: BTreeMap<String, usize>,
    /// Columns without such a list, by their names.
    by_name: BTreeMap<String, usize>,
    /// Columns by the letters and digits of what they list or are called; `None` where several are
    /// meant. Empty for classifier 1.
    by_letters: BTreeMap<String, Option<usize>>,
}

impl ColumnFinder {
    pub(crate) fn new(columns: &[TableColumn], classifier: Classifier) -> Self {
        let mut finder = Self {
            by_field: BTreeMap::new(),
            by_name: BTreeMap::new(),
            by_letters: BTreeMap::new(),
        };
        for (at, column) in columns.iter().enumerate() {
            if column.fields.is_empty() {
                finder.by_name.insert(column.name.clone(), at);
            }
            for field in &column.fields {
                finder.by_field.insert(field.to_lowercase(), at);
            }
        }
        if classifier > Classifier::One {
            finder.add_letters(columns);
        }
        finder
    }

    fn add_letters(&mut self, columns: &[TableColumn]) {
        for (at, column) in columns.iter().enumerate() {
            let name = column.fields.is_empty().then_some(&column.name);
            for name in column.fields.iter().chain(name) {
                let letters: String = folded(name).collect();
                let before = self.by_letters.insert(letters.clone(), Some(at));
                if before.is_some_and(|before| before != Some(at)) {
                    self.by_letters.insert(letters, None);
                }
            }
        }
        self.by_letters.remove("");
    }

    /// The place of the column that a field of this name fills, if there is one.
    pub(crate) fn find(&self, field: &str) -> Option<usize> {
        let lower = field.to_lowercase();
        let found = self.by_field.get(&lower);
        let found = found.or_else(|| self.by_name.get(&lower));
        let found = found.or_else(|| self.by_name.get(&snake(field))).copied();
        found.or_else(|| {
            let letters: String = folded(field).collect();
            self.by_letters.get(&letters).copied().flatten()
        })
    }
}
