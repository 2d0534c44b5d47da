//! The warning about records with a field that has the name of the partition column.

use std::sync::Once;

use landing::engine::Counts;
use schema::PARTITION_COLUMN;

/// Warns once where the bytes of the records, and so the field, are what a table reads.
pub(crate) fn warn_once(counts: &Counts) {
    static WARNED: Once = Once::new();
    if counts.has_partition_column {
        WARNED.call_once(|| {
            tracing::warn!(
                "records have a field named {PARTITION_COLUMN}, like the partition column: they keep it, but a table shows \
                 the partition in its place, and a crawler makes a table that Athena refuses; land them with --format csv \
                 or parquet and a --schema whose column record_{PARTITION_COLUMN} lists it under fields"
            );
        });
    }
}
