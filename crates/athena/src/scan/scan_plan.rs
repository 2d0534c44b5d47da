//! What one scan of a table reads, and where its columns go.

use std::{fmt, sync::Arc};

use bucket::Bucket;
use chrono::{DateTime, Utc};
use datafusion::arrow::datatypes::SchemaRef;

use super::{
    key_range::KeyRange, object_filter::ObjectFilter, row_builder::ObjectCell,
    statistics::ScanStatistics, visible_object::VisibleObject, wanted_column::WantedColumn,
};
use crate::catalog::{hive_type::HiveType, table_definition::TableDefinition};

/// Where the tables of a statement are read from, and at what time.
#[derive(Clone)]
pub struct ScanSource {
    /// The bucket that stands for the one in the table's location.
    pub bucket: Bucket,
    /// The counters of the statement.
    pub statistics: Arc<ScanStatistics>,
    /// `NOW` in the ranges of projections: the time of the statement.
    pub now: DateTime<Utc>,
}

impl fmt::Debug for ScanSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScanSource")
            .field("bucket", &self.bucket.name())
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}

/// A column of the output that an object's key has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObjectSlot {
    /// Its number among the object's cells: partition columns first, then the path.
    pub number: usize,
    /// Its place in the output.
    pub slot: usize,
}

/// One scan.
#[derive(Debug)]
pub struct ScanPlan {
    /// The table.
    pub definition: Arc<TableDefinition>,
    /// Where it is read from.
    pub source: ScanSource,
    /// The keys to list; `None` when the filters leave none.
    pub range: Option<KeyRange>,
    /// Which objects are read.
    pub filter: ObjectFilter,
    /// The columns of the files that go to the output.
    pub wanted: Vec<WantedColumn>,
    /// The columns of the key that go to the output.
    pub object_slots: Vec<ObjectSlot>,
    /// The output.
    pub schema: SchemaRef,
    /// The types of the output's columns.
    pub kinds: Vec<HiveType>,
}

impl ScanPlan {
    /// What each row of this object has from its key.
    #[must_use]
    pub fn object_cells(&self, object: &VisibleObject) -> Vec<ObjectCell> {
        let cells = self
            .object_slots
            .iter()
            .map(|ObjectSlot { number, slot }| ObjectCell {
                slot: *slot,
                cell: object.cells[*number].clone(),
            });
        cells.collect()
    }

    /// `s3://bucket/key`.
    #[must_use]
    pub fn path(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.source.bucket.name())
    }
}
