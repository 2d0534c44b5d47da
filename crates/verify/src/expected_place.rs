//! Where a record of the topic must be in the zone: the verification's own reading of the rules,
//! record by record.
//!
//! It shares with the engine only what a value is and what its date is. Not here: columns that a
//! schema refuses.

use landing::{
    Record,
    partition_by::{DatePartition, Granularity, PartitionBy},
    value::{self, Reason},
};

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

/// Where this record must be.
pub(crate) fn expected_place(
    record: &Record<'_>,
    partition_by: &PartitionBy,
    granularity: Granularity,
) -> ExpectedPlace {
    let Some(bytes) = record.value else {
        return ExpectedPlace::Tombstone;
    };
    let date = match partition_by {
        PartitionBy::Timestamp => value::check_object(bytes, None).map(|_| {
            let millis = record.timestamp?;
            DatePartition::from_timestamp(millis, granularity)
        }),
        PartitionBy::Field(name) => value::check_object(bytes, Some(name))
            .map(|text| DatePartition::from_text(&text?, granularity)),
    };
    match date {
        Ok(Some(date)) => ExpectedPlace::Date(date),
        Ok(None) => ExpectedPlace::Letter(Reason::NoPartitionValue),
        Err(reason) => ExpectedPlace::Letter(reason),
    }
}
