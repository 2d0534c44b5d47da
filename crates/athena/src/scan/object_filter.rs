//! Decides by an object's key whether a query reads it: the filters on partition columns and
//! `"$path"`, evaluated by DataFusion itself.

use std::sync::Arc;

use chrono::NaiveDate;
use datafusion::{
    arrow::{
        array::{AsArray as _, RecordBatch, RecordBatchOptions},
        datatypes::{Field, Schema, SchemaRef},
    },
    error::{DataFusionError, Result},
    physical_expr::PhysicalExpr,
};

use super::{
    cell::{Cell, CellColumn},
    java_number, java_time,
    scan_error::ScanError,
};
use crate::catalog::{
    hive_type::HiveType,
    projection::Projection,
    table_definition::{PartitionColumn, TableDefinition},
};

/// The hidden column with the whole place of a row's object.
pub(super) const PATH_COLUMN: &str = "$path";

/// The columns that are known of an object before it is read: those of its folders, and its path.
#[must_use]
pub(super) fn object_schema(definition: &TableDefinition) -> SchemaRef {
    let columns = definition.partition_columns.iter();
    let columns = columns.map(|column| Field::new(&column.name, column.kind.data_type(), true));
    let path = Field::new(PATH_COLUMN, HiveType::String.data_type(), true);
    Arc::new(Schema::new(columns.chain([path]).collect::<Vec<_>>()))
}

/// The filters of a query that an object's key decides.
#[derive(Debug, Clone)]
pub struct ObjectFilter {
    schema: SchemaRef,
    kinds: Vec<HiveType>,
    filters: Vec<Arc<dyn PhysicalExpr>>,
}

impl ObjectFilter {
    /// Filters over the columns of [`object_schema`].
    #[must_use]
    pub fn new(definition: &TableDefinition, filters: Vec<Arc<dyn PhysicalExpr>>) -> Self {
        let kinds = definition
            .partition_columns
            .iter()
            .map(|column| column.kind);
        Self {
            schema: object_schema(definition),
            kinds: kinds.chain([HiveType::String]).collect(),
            filters,
        }
    }

    /// The filters.
    #[must_use]
    pub fn filters(&self) -> &[Arc<dyn PhysicalExpr>] {
        &self.filters
    }

    /// Says for each object, given as the cells of these columns, whether it is read.
    ///
    /// # Errors
    /// When a filter cannot be evaluated, as in the query itself.
    pub fn keep(&self, objects: &[Vec<Cell<'static>>]) -> Result<Vec<bool>> {
        if self.filters.is_empty() || objects.is_empty() {
            return Ok(vec![true; objects.len()]);
        }
        let mut columns = Vec::with_capacity(self.kinds.len());
        for (number, kind) in self.kinds.iter().enumerate() {
            let mut column = CellColumn::new(*kind)?;
            objects
                .iter()
                .for_each(|object| column.append(&object[number]));
            columns.push(column.finish());
        }
        let options = RecordBatchOptions::new().with_row_count(Some(objects.len()));
        let batch = RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)?;
        let mut kept = vec![true; objects.len()];
        for filter in &self.filters {
            let answer = filter.evaluate(&batch)?.into_array(objects.len())?;
            let answer = answer.as_boolean_opt().ok_or_else(|| {
                DataFusionError::Internal(format!("the filter {filter} is no condition"))
            })?;
            for (kept, answer) in kept.iter_mut().zip(answer) {
                // NULL is not true.
                *kept &= answer == Some(true);
            }
        }
        Ok(kept)
    }
}

/// The value of a partition column from its text in a folder's name; `key` is for the error.
///
/// # Errors
/// When the text is no value of the column's type: Athena says HIVE_INVALID_PARTITION_VALUE.
pub(super) fn partition_cell(
    column: &PartitionColumn,
    text: &str,
    key: &str,
) -> Result<Cell<'static>, ScanError> {
    // The folder that Hive makes for NULL.
    if text == "__HIVE_DEFAULT_PARTITION__" {
        return Ok(Cell::Null);
    }
    let whole = |least: i64, most: i64| {
        let number = text.parse().ok();
        number
            .filter(|number| (least..=most).contains(number))
            .map(Cell::Whole)
    };
    let cell = match column.kind {
        HiveType::String | HiveType::Varchar(_) => Some(Cell::Text(text.to_owned().into())),
        HiveType::BigInt => whole(i64::MIN, i64::MAX),
        HiveType::Int => whole(i32::MIN.into(), i32::MAX.into()),
        HiveType::SmallInt => whole(i16::MIN.into(), i16::MAX.into()),
        HiveType::TinyInt => whole(i8::MIN.into(), i8::MAX.into()),
        HiveType::Boolean => match text.to_ascii_lowercase().as_str() {
            "true" => Some(Cell::Boolean(true)),
            "false" => Some(Cell::Boolean(false)),
            _ => None,
        },
        HiveType::Double => java_number::double(text).ok().flatten().map(Cell::Double),
        HiveType::Date => match &column.projection {
            Some(Projection::Date(date)) => date.pattern.time(text).and_then(|time| {
                let days = time.date() - NaiveDate::default();
                i32::try_from(days.num_days()).ok().map(Cell::Days)
            }),
            _ => java_time::hive_date(text).map(Cell::Days),
        },
        HiveType::Float | HiveType::Timestamp | HiveType::Decimal { .. } => None,
    };
    cell.ok_or_else(|| {
        ScanError(format!(
            "'{}' in the key {key} is no {} for the partition column {}; declare it as string",
            text.escape_debug(),
            column.kind,
            column.name
        ))
    })
}
