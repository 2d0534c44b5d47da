//! Bodies of the zone's objects, many at a time, in the order of the objects and within the bound
//! of memory.
//!
//! Not here: what is inside. Invariant: room is taken in the order in which bodies are wanted, so
//! the one in front never waits for those behind it.

use std::sync::Arc;

use bucket::body::{self, Read, Taken};
use futures::{Stream, StreamExt};
use landing::{
    Offset,
    claim::Claim,
    identity::{About, Identity},
    partition_by::DatePartition,
};
use schema::TableSchema;

use crate::{error::Trouble, job::Job, source::SourceObject};

/// An object of the zone with its body.
pub struct Fetched {
    pub object: SourceObject,
    pub read: Read,
    /// In batched zones.
    pub claimed: Option<Claimed>,
}

/// What the claim of an extent says of its object under the date.
#[derive(Clone, Debug)]
pub struct Claimed {
    pub records: u64,
    pub identity: Identity,
    /// Whether Kafka's own words are among the fields.
    pub with_metadata: bool,
    /// The columns of its rows.
    pub schema: Option<Arc<TableSchema>>,
}

impl Job {
    /// Reads the objects.
    pub fn fetch<'j>(
        &'j self,
        date: &'j DatePartition,
        objects: impl Stream<Item = Result<SourceObject, Trouble>> + 'j,
    ) -> impl Stream<Item = Result<Fetched, Trouble>> + 'j {
        let with_room = objects.then(async |object| {
            let object = object?;
            let room = self.room.take(object.bytes).await?;
            Ok((object, Taken(room)))
        });
        let reads = with_room.map(async |object: Result<_, Trouble>| {
            let (object, room) = object?;
            self.one(date, object, room).await
        });
        // In a batched zone each object has a claim to be read.
        let requests = if self.source.is_per_record() { 1 } else { 2 };
        reads.buffered(self.order.concurrency.div_ceil(requests))
    }

    async fn one(
        &self,
        date: &DatePartition,
        object: SourceObject,
        room: Taken,
    ) -> Result<Fetched, Trouble> {
        let claim = async {
            match self.source.is_per_record() {
                true => Ok(None),
                false => self.claimed(date, &object).await.map(Some),
            }
        };
        let read = body::read_into((&self.bucket, room), &object.key, object.bytes);
        let (read, claimed) = tokio::join!(read, claim);
        match read? {
            Some(read) => Ok(Fetched {
                claimed: claimed?,
                object,
                read,
            }),
            None => Err(Trouble::Gone(object.key)),
        }
    }

    /// What the claim says that this object belongs to.
    pub async fn claimed(
        &self,
        date: &DatePartition,
        object: &SourceObject,
    ) -> Result<Claimed, Trouble> {
        let (partition, start) = (object.partition, object.offset);
        let claim = self.claim(partition, start).await?;
        let key = self.order.from.claim_key(partition, start);
        let Some(claim) = claim else {
            return Err(self.trouble(
                &object.key,
                format!("there is no claim {key} that speaks of it"),
            ));
        };
        let of_date = claim
            .dates
            .iter()
            .find(|of_date| of_date.date == date.as_str());
        let fits = claim.files.suffix(&self.source.format) == object.suffix;
        let Some(of_date) = of_date.filter(|_| fits) else {
            return Err(self.trouble(
                &object.key,
                format!("its claim {key} speaks of no such object"),
            ));
        };
        let schema = match claim.files.schema.as_deref() {
            None => None,
            Some(hash) => Some(self.schema(&self.order.from.schema_key(hash), hash).await?),
        };
        Ok(Claimed {
            records: of_date.records,
            identity: Identity {
                zone: self.source.id.clone(),
                partition,
                offset: start,
                about: About::Extent {
                    end: claim.end,
                    part: date.to_string(),
                },
            },
            with_metadata: claim.files.metadata_columns,
            schema,
        })
    }

    async fn claim(&self, partition: i32, start: Offset) -> Result<Option<Claim>, Trouble> {
        let key = self.order.from.claim_key(partition, start);
        let Some(body) = self.bucket.read_patiently(&key).await? else {
            return Ok(None);
        };
        let claim = Claim::from_body(&body, (&self.source.id, partition, start));
        claim
            .map(Some)
            .map_err(|problem| self.trouble(&key, problem))
    }
}
