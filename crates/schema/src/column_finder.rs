//! Which column of a table a field of a record fills.
//!
//! The lists of the columns come first, then the names of the columns without a list, then these
//! names for the field's snake form. Case does not matter, as it does not to Athena when it reads
//! the records themselves.

use std::collections::BTreeMap;

use crate::{classifier::Classifier, names::snake, table_schema::TableColumn};

/// Columns by the names of fields. Made once from the columns, in their order.
#[derive(Debug)]
pub(crate) struct ColumnFinder {
    /// Columns by the fields they list, in lower case.
    by_field: BTreeMap<String, usize>,
    /// Columns without such a list, by their names.
    by_name: BTreeMap<String, usize>,
}

impl ColumnFinder {
    pub(crate) fn new(columns: &[TableColumn], _classifier: Classifier) -> Self {
        let mut finder = Self {
            by_field: BTreeMap::new(),
            by_name: BTreeMap::new(),
        };
        for (at, column) in columns.iter().enumerate() {
            if column.fields.is_empty() {
                finder.by_name.insert(column.name.clone(), at);
            }
            for field in &column.fields {
                finder.by_field.insert(field.to_lowercase(), at);
            }
        }
        finder
    }

    /// The place of the column that a field of this name fills, if there is one.
    pub(crate) fn find(&self, field: &str) -> Option<usize> {
        let lower = field.to_lowercase();
        let found = self.by_field.get(&lower);
        let found = found.or_else(|| self.by_name.get(&lower));
        found.or_else(|| self.by_name.get(&snake(field))).copied()
    }
}
