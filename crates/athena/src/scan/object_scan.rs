//! The scan of a table as a node of DataFusion's plan.

use std::{fmt, sync::Arc};

use datafusion::{
    common::tree_node::TreeNodeRecursion,
    error::Result,
    execution::{SendableRecordBatchStream, TaskContext},
    physical_expr::{EquivalenceProperties, PhysicalExpr},
    physical_plan::{
        DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties,
        ReplaceChildrenOptions,
        execution_plan::{Boundedness, EmissionType},
        stream::RecordBatchReceiverStreamBuilder,
    },
};

use super::{read_rows, scan_plan::ScanPlan};

/// Batches that wait for the query.
const BATCHES: usize = 2;

/// Reads the objects of one table. Its output is one partition, in the order of the keys.
#[derive(Debug)]
pub(super) struct ObjectScan {
    plan: Arc<ScanPlan>,
    properties: Arc<PlanProperties>,
}

impl ObjectScan {
    /// The node of this plan.
    #[must_use]
    pub(super) fn new(plan: Arc<ScanPlan>) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(plan.schema.clone()),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Self {
            plan,
            properties: Arc::new(properties),
        }
    }
}

impl DisplayAs for ObjectScan {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.plan.definition.full_name();
        write!(f, "ObjectScan: table={name}")?;
        match &self.plan.range {
            Some(range) => write!(
                f,
                ", list=s3://{}/{}",
                self.plan.source.bucket.name(),
                range.prefix
            ),
            None => f.write_str(", list=nothing"),
        }
    }
}

impl ExecutionPlan for ObjectScan {
    fn name(&self) -> &'static str {
        "ObjectScan"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        visit: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        for filter in self.plan.filter.filters() {
            if visit(filter)? == TreeNodeRecursion::Stop {
                return Ok(TreeNodeRecursion::Stop);
            }
        }
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        _: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn with_new_children(
        self: Arc<Self>,
        _: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn execute(&self, _: usize, _: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let mut builder = RecordBatchReceiverStreamBuilder::new(self.plan.schema.clone(), BATCHES);
        read_rows::spawn(self.plan.clone(), &mut builder);
        Ok(builder.build())
    }
}
