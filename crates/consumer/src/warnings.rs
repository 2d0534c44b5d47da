//! What a run says once about the records that it lands: what a table will not show as it was.

use std::sync::Once;

use landing::engine::Counts;
use schema::PARTITION_COLUMN;

/// Warns of what has occurred, each kind once in the life of the process.
pub(crate) fn warn_once(counts: &Counts) {
    static PARTITION_COLUMN_FIELD: Once = Once::new();
    static ROUNDED: Once = Once::new();
    // Where the bytes of the records, and so the field, are what a table reads.
    if counts.has_partition_column {
        PARTITION_COLUMN_FIELD.call_once(|| {
            tracing::warn!(
                "records have a field named {PARTITION_COLUMN}, like the partition column: they keep \
                 it, but a table shows the partition in its place, and a crawler makes a table that \
                 Athena refuses; land them with --format csv or parquet and a --schema whose column \
                 record_{PARTITION_COLUMN} lists it under fields"
            );
        });
    }
    if !counts.rounded.is_empty() {
        ROUNDED.call_once(|| {
            tracing::warn!(
                "columns round or cut off values: numbers with more digits than a double holds, \
                 times below a millisecond, times in date columns; the summary counts them, and \
                 decimal(P,S), timestamp or string columns in the --schema keep more"
            );
        });
    }
}
