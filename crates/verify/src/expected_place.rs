//! Where a record of the topic must be in the zone: the verification's own reading of the rules,
//! record by record.
//!
//! It shares with the engine only what a value is, what its date is, and what is a row of the
//! columns that a zone checks.

use bucket::zone::ZoneFacts;
use landing::{
    Record,
    partition_by::DatePartition,
    value::{self, Misfit, Reason, ValueRule},
};
use schema::RowReader;

/// What must have become of a record; a pure function of the record and of what the zone pins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ExpectedPlace {
    /// Data under this date.
    Date(DatePartition),
    /// A dead letter.
    Letter(Reason),
    /// No object, or a dead letter, as the operator wanted it at the time.
    Tombstone,
}

impl ExpectedPlace {
    /// The same, or a dead letter where a record that would be data is no row of these columns.
    pub(crate) fn of_row(self, record: &Record<'_>, columns: Option<&mut RowReader>) -> Self {
        let value = record
            .value
            .and_then(|value| std::str::from_utf8(value).ok());
        let (Self::Date(_), Some(columns), Some(value)) = (&self, columns, value) else {
            return self;
        };
        match columns.check(value) {
            Ok(()) => self,
            Err(no_row) => Self::Letter(Misfit::from(no_row).reason),
        }
    }
}

/// Where this record must be.
pub(crate) fn expected_place(record: &Record<'_>, zone: &ZoneFacts) -> ExpectedPlace {
    let Some(bytes) = record.value else {
        return ExpectedPlace::Tombstone;
    };
    let by = &zone.partition_by;
    let in_field = match value::check_object(bytes, &ValueRule::new(zone.classifier, by)) {
        Ok(in_field) => in_field,
        Err(reason) => return ExpectedPlace::Letter(reason),
    };
    match by.date(record.timestamp, in_field, zone.granularity) {
        Some(date) => ExpectedPlace::Date(date),
        None => ExpectedPlace::Letter(Reason::NoPartitionValue),
    }
}
