//! What every source gives: a record at hand with its origin, a row that is no record, and what a
//! step came to.
//!
//! Does not know where records come from or go to.

use std::time::Instant;

/// What a step forward in a source came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Advance {
    /// A record is at hand.
    Record,
    /// A row that is no record was found.
    Bad,
    /// There is nothing yet: ask again at this moment.
    Idle(Instant),
    /// There is nothing more in this pass.
    End,
}

/// The record at hand, borrowed from its source.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SourceRecord<'a> {
    pub(crate) key: Option<&'a [u8]>,
    pub(crate) value: &'a [u8],
    /// When it happened, in milliseconds since 1970-01-01 UTC, where it says so and somebody needs
    /// to know.
    pub(crate) time: Option<i64>,
}

/// Where a record comes from, as its headers say it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RecordOrigin<'a> {
    pub(crate) source: &'a str,
    /// From 1; a header is no row.
    pub(crate) row: u64,
    pub(crate) event_time: Option<&'a [u8]>,
}

/// A row that is not a record, with its line and the reason.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct BadRow {
    pub(crate) line: u64,
    pub(crate) reason: String,
    pub(crate) raw: Vec<u8>,
}

impl BadRow {
    /// This row, which is bad for this reason.
    pub(crate) fn of(row: RowText<'_>, reason: String) -> Self {
        Self {
            line: row.line,
            reason,
            raw: row.raw.to_vec(),
        }
    }
}

/// The input that a row is from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InputNames<'a> {
    /// For messages.
    pub(crate) name: &'a str,
    /// The lines above its rows as they are in the input; empty where there are none.
    pub(crate) header: &'a [u8],
}

/// The row of a record as it is in its input.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowText<'a> {
    pub(crate) line: u64,
    pub(crate) raw: &'a [u8],
}
