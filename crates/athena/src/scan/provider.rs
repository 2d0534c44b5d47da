//! A table of the catalog as a table of DataFusion.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::{
    arrow::datatypes::{Field, Schema, SchemaRef},
    catalog::{Session, TableProvider},
    common::{DFSchema, project_schema},
    datasource::TableType,
    error::Result,
    logical_expr::{Expr, TableProviderFilterPushDown},
    physical_plan::ExecutionPlan,
};

use super::{
    key_range::KeyRange,
    object_filter::{ObjectFilter, PATH_COLUMN, object_schema},
    object_scan::ObjectScan,
    scan_error::ScanError,
    scan_plan::{ObjectSlot, ScanPlan, ScanSource},
    text_range::{TextRange, names_values},
    wanted_column::WantedColumn,
};
use crate::catalog::{
    hive_type::{HiveType, TypedColumn},
    projection::Projection,
    table_definition::TableDefinition,
};

/// A table whose rows are in the objects of a bucket.
#[derive(Debug)]
pub struct ExternalTableProvider {
    definition: Arc<TableDefinition>,
    source: ScanSource,
    schema: SchemaRef,
}

impl ExternalTableProvider {
    /// The table, read from this source. `with_path` adds the column `"$path"` at the end, which
    /// `SELECT *` would show.
    #[must_use]
    pub fn new(definition: Arc<TableDefinition>, with_path: bool, source: ScanSource) -> Self {
        let columns = definition.columns.iter();
        let columns =
            columns.map(|TypedColumn { name, kind }| Field::new(name, kind.data_type(), true));
        let of_object = object_schema(&definition);
        let of_object = of_object.fields().iter();
        let of_object = of_object.filter(|field| with_path || field.name() != PATH_COLUMN);
        let fields: Vec<Field> = columns
            .chain(of_object.map(|field| (**field).clone()))
            .collect();
        Self {
            schema: Arc::new(Schema::new(fields)),
            definition,
            source,
        }
    }

    /// Whether a column is known from an object's key.
    fn is_of_object(&self, name: &str) -> bool {
        let mut columns = self.definition.partition_columns.iter();
        name == PATH_COLUMN || columns.any(|column| column.name == name)
    }

    /// Whether the objects' keys alone decide a filter.
    fn is_decided_by_keys(&self, filter: &Expr) -> bool {
        let columns = filter.column_refs();
        !columns.is_empty()
            && columns.iter().all(|column| self.is_of_object(&column.name))
            && !filter.is_volatile()
            && !filter.contains_scalar_subquery()
            && !filter.contains_outer()
    }

    fn check_injected(&self, filters: &[Expr]) -> Result<(), ScanError> {
        for column in &self.definition.partition_columns {
            let name = &column.name;
            if column.projection == Some(Projection::Injected) && !names_values(filters, name) {
                let table = self.definition.full_name();
                return Err(ScanError(format!(
                    "the partition column {name} of {table} is injected: the query must name its value; add WHERE {name} = '…'"
                )));
            }
        }
        Ok(())
    }

    fn range(&self, filters: &[Expr]) -> Option<KeyRange> {
        let columns = self.definition.partition_columns.iter();
        let ranges = columns.map(|column| match column.kind {
            HiveType::String | HiveType::Varchar(_) => TextRange::of_filters(filters, &column.name),
            // Folders sort as texts, not as numbers or dates.
            _ => TextRange::default(),
        });
        KeyRange::of(&self.definition.template, &ranges.collect::<Vec<_>>())
    }
}

#[async_trait]
impl TableProvider for ExternalTableProvider {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        let answers = filters.iter().map(|filter| {
            let columns = filter.column_refs();
            if self.is_decided_by_keys(filter) {
                TableProviderFilterPushDown::Exact
            } else if columns.iter().any(|column| self.is_of_object(&column.name)) {
                // It may still make the list shorter.
                TableProviderFilterPushDown::Inexact
            } else {
                TableProviderFilterPushDown::Unsupported
            }
        });
        Ok(answers.collect())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.check_injected(filters)?;
        let schema = DFSchema::try_from(object_schema(&self.definition).as_ref().clone())?;
        let mut decided = Vec::new();
        for filter in filters
            .iter()
            .filter(|filter| self.is_decided_by_keys(filter))
        {
            decided.push(state.create_physical_expr(filter.clone(), &schema)?);
        }
        let output = match projection {
            Some(columns) => columns.clone(),
            None => (0..self.schema.fields().len()).collect(),
        };
        let columns = &self.definition.columns;
        let partitions = &self.definition.partition_columns;
        let (mut wanted, mut object_slots, mut kinds) = (Vec::new(), Vec::new(), Vec::new());
        for (slot, number) in output.iter().copied().enumerate() {
            match columns.get(number) {
                Some(TypedColumn { name, kind }) => {
                    wanted.push(WantedColumn {
                        ordinal: number,
                        slot,
                        name: name.clone(),
                        kind: *kind,
                    });
                    kinds.push(*kind);
                }
                None => {
                    let number = number - columns.len();
                    object_slots.push(ObjectSlot { number, slot });
                    kinds.push(
                        partitions
                            .get(number)
                            .map_or(HiveType::String, |column| column.kind),
                    );
                }
            }
        }
        let plan = ScanPlan {
            definition: self.definition.clone(),
            source: self.source.clone(),
            range: self.range(filters),
            filter: ObjectFilter::new(&self.definition, decided),
            wanted,
            object_slots,
            schema: project_schema(&self.schema, projection)?,
            kinds,
        };
        Ok(Arc::new(ObjectScan::new(Arc::new(plan))))
    }
}
