//! What all parts of a compaction share: the zone, the copy, and what was asked for.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    sync::Arc,
};

use bucket::{Bucket, body::Room, schemas::read_schema, zone::ZoneFacts};
use cli::progress::Progress;
use landing::{
    compaction::{BadPlan, CompactionDone, CompactionPlan, OutputRules, PlanName},
    partition_by::DatePartition,
};
use schema::TableSchema;

use crate::{error::CompactError, request::CopyRequest};

/// A compaction under way.
pub(crate) struct Job {
    pub(crate) request: CopyRequest,
    pub(crate) bucket: Bucket,
    pub(crate) source: ZoneFacts,
    /// Id of the copy.
    pub(crate) copy: String,
    /// How new plans write their outputs.
    pub(crate) rules: OutputRules,
    pub(crate) room: Room,
    pub(crate) progress: RefCell<Progress>,
    /// The columns of new plans.
    pub(crate) table: Option<Arc<TableSchema>>,
    /// Whether this run has found the store to honour conditional writes, and has written the
    /// columns under their hash.
    pub(crate) prepared: Cell<bool>,
    /// The schemas that were read before, by key.
    pub(crate) schemas: RefCell<BTreeMap<String, Arc<TableSchema>>>,
}

impl Job {
    /// The error for an object under this key that has this problem.
    pub(crate) fn problem_with(&self, key: &str, problem: impl std::fmt::Display) -> CompactError {
        CompactError::data(self.bucket.name(), key, problem)
    }

    /// Reads the schema object under this key, once; `hash` is the one in the key.
    pub(crate) async fn schema(
        &self,
        key: &str,
        hash: &str,
    ) -> Result<Arc<TableSchema>, CompactError> {
        if let Some(known) = self.schemas.borrow().get(key) {
            return Ok(known.clone());
        }
        let body = self.bucket.read_patiently(key).await?;
        let body = body.ok_or_else(|| self.problem_with(key, "this schema is not there"))?;
        let schema = read_schema(&body, hash).map_err(|problem| self.problem_with(key, problem))?;
        let schema = Arc::new(schema);
        self.schemas
            .borrow_mut()
            .insert(key.to_owned(), schema.clone());
        Ok(schema)
    }

    /// Reads the plan of this number; `None` when there is none.
    pub(crate) async fn plan(
        &self,
        date: &DatePartition,
        number: u32,
    ) -> Result<Option<CompactionPlan>, CompactError> {
        let key = self.request.to.plan_key(date, number);
        self.control(&key, date, number, CompactionPlan::from_body)
            .await
    }

    /// Reads the done note of this plan; `None` when there is none.
    pub(crate) async fn done(
        &self,
        date: &DatePartition,
        number: u32,
    ) -> Result<Option<CompactionDone>, CompactError> {
        let key = self.request.to.done_key(date, number);
        self.control(&key, date, number, CompactionDone::from_body)
            .await
    }

    async fn control<T>(
        &self,
        key: &str,
        date: &DatePartition,
        number: u32,
        read: impl FnOnce(&[u8], PlanName<'_>) -> Result<T, BadPlan>,
    ) -> Result<Option<T>, CompactError> {
        let Some(body) = self.bucket.read_patiently(key).await? else {
            return Ok(None);
        };
        let name = PlanName {
            copy: &self.copy,
            date,
            number,
        };
        read(&body, name)
            .map(Some)
            .map_err(|problem| self.problem_with(key, problem))
    }
}
