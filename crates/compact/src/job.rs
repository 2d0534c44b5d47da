//! What all parts of a compaction share: the zone, the copy, and what was asked for.
//!
//! Not here: any step of it. Invariant: nothing in it changes what a plan says.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    sync::Arc,
};

use bucket::{Bucket, body::Room, schemas::read_schema, zone::ZoneFacts};
use cli::progress::Progress;
use landing::{
    compaction::{About, BadPlan, Done, OutputRules, Plan},
    partition_by::DatePartition,
};
use schema::TableSchema;

use crate::{error::Trouble, request::Order};

/// A compaction under way.
pub struct Job {
    pub order: Order,
    pub bucket: Bucket,
    pub source: ZoneFacts,
    /// Id of the copy.
    pub copy: String,
    /// How new plans are written.
    pub rules: OutputRules,
    pub room: Room,
    pub progress: RefCell<Progress>,
    /// The columns of new plans.
    pub table: Option<Arc<TableSchema>>,
    /// Whether the store was found to honour conditional writes, and the columns were kept.
    pub prepared: Cell<bool>,
    /// The schemas that were read, by key.
    pub schemas: RefCell<BTreeMap<String, Arc<TableSchema>>>,
}

impl Job {
    /// This is wrong with the object under this key.
    pub fn trouble(&self, key: &str, problem: impl std::fmt::Display) -> Trouble {
        Trouble::of(self.bucket.name(), key, problem)
    }

    /// The schema object under this key, which ends with its hash.
    pub async fn schema(&self, key: &str, hash: &str) -> Result<Arc<TableSchema>, Trouble> {
        if let Some(known) = self.schemas.borrow().get(key) {
            return Ok(known.clone());
        }
        let body = self.bucket.read_patiently(key).await?;
        let body = body.ok_or_else(|| self.trouble(key, "this schema is not there"))?;
        let schema = read_schema(&body, hash).map_err(|problem| self.trouble(key, problem))?;
        let schema = Arc::new(schema);
        self.schemas
            .borrow_mut()
            .insert(key.to_owned(), schema.clone());
        Ok(schema)
    }

    /// The plan of this number; `None` when there is none.
    pub async fn plan(&self, date: &DatePartition, number: u32) -> Result<Option<Plan>, Trouble> {
        let key = self.order.to.plan_key(date, number);
        self.control(&key, (date, number), Plan::from_body).await
    }

    /// What is said of the end of this plan; `None` when nothing is.
    pub async fn done(&self, date: &DatePartition, number: u32) -> Result<Option<Done>, Trouble> {
        let key = self.order.to.done_key(date, number);
        self.control(&key, (date, number), Done::from_body).await
    }

    async fn control<T>(
        &self,
        key: &str,
        (date, number): (&DatePartition, u32),
        read: impl FnOnce(&[u8], About<'_>) -> Result<T, BadPlan>,
    ) -> Result<Option<T>, Trouble> {
        let Some(body) = self.bucket.read_patiently(key).await? else {
            return Ok(None);
        };
        let read = read(&body, (&self.copy, date, number));
        read.map(Some).map_err(|problem| self.trouble(key, problem))
    }
}
