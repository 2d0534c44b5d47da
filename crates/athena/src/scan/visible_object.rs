//! An object that a query reads.

use super::cell::Cell;

/// An object whose key a query does not rule out.
#[derive(Debug, Clone, PartialEq)]
pub struct VisibleObject {
    /// The whole key.
    pub key: String,
    /// Its size when it was listed.
    pub bytes: u64,
    /// Its entity tag when it was listed; empty when the store names none.
    pub etag: String,
    /// The values of its partition columns, and its path.
    pub cells: Vec<Cell<'static>>,
}
