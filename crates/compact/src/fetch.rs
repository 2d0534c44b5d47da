//! Reads the bodies of the zone's objects, many at a time, in the order of the objects and within
//! the memory bound.
//!
//! Room is taken in the order in which the bodies are wanted, so that the first never waits for
//! later ones.

use std::sync::Arc;

use bucket::body::{self, ReadObject, TakenRoom};
use futures::{Stream, StreamExt};
use landing::{
    Place,
    claim::Claim,
    identity::{About, Identity},
    partition_by::DatePartition,
};
use schema::TableSchema;

use crate::{error::CompactError, job::Job, source::SourceObject};

/// An object of the zone with its body.
pub(crate) struct Fetched {
    pub(crate) object: SourceObject,
    pub(crate) read: ReadObject,
    /// What its claim says; `None` in a zone with one object for each record.
    pub(crate) claimed: Option<FetchedClaim>,
}

/// What the claim of an extent says of its object under the date.
#[derive(Clone, Debug)]
pub(crate) struct FetchedClaim {
    pub(crate) records: u64,
    pub(crate) identity: Identity,
    /// Whether the metadata columns are among the fields.
    pub(crate) with_metadata: bool,
    /// The columns of its rows, if its claim names any.
    pub(crate) schema: Option<Arc<TableSchema>>,
}

impl Job {
    /// Reads the objects; a missing one is [`CompactError::Gone`].
    pub(crate) fn fetch<'j>(
        &'j self,
        date: &'j DatePartition,
        objects: impl Stream<Item = Result<SourceObject, CompactError>> + 'j,
    ) -> impl Stream<Item = Result<Fetched, CompactError>> + 'j {
        let with_room = objects.then(async |object| {
            let object = object?;
            let room = self.room.take(object.bytes).await?;
            Ok((object, TakenRoom(room)))
        });
        let reads = with_room.map(async |object: Result<_, CompactError>| {
            let (object, room) = object?;
            self.one(date, object, room).await
        });
        // In a batched zone each object has a claim to read, too.
        let requests = if self.source.is_per_record() { 1 } else { 2 };
        reads.buffered(self.request.concurrency.div_ceil(requests))
    }

    async fn one(
        &self,
        date: &DatePartition,
        object: SourceObject,
        room: TakenRoom,
    ) -> Result<Fetched, CompactError> {
        let claim = async {
            match self.source.is_per_record() {
                true => Ok(None),
                false => self.claimed(date, &object).await.map(Some),
            }
        };
        let read = body::read_into(&self.bucket, room, &object.key, object.bytes);
        let (read, claimed) = tokio::join!(read, claim);
        match read? {
            Some(read) => Ok(Fetched {
                claimed: claimed?,
                object,
                read,
            }),
            None => Err(CompactError::Gone(object.key)),
        }
    }

    /// What the claim of this object's extent says about it.
    async fn claimed(
        &self,
        date: &DatePartition,
        object: &SourceObject,
    ) -> Result<FetchedClaim, CompactError> {
        let claim = self.claim(object.place).await?;
        let key = self.request.from.claim_key(object.place);
        let Some(claim) = claim else {
            return Err(self.problem_with(
                &object.key,
                format!("there is no claim {key} that speaks of it"),
            ));
        };
        let of_date = claim
            .dates
            .iter()
            .find(|of_date| of_date.date == date.as_str());
        let fits = claim.files.suffix(self.source.format) == object.suffix;
        let Some(of_date) = of_date.filter(|_| fits) else {
            return Err(self.problem_with(
                &object.key,
                format!("its claim {key} speaks of no such object"),
            ));
        };
        let schema = match claim.files.schema.as_deref() {
            None => None,
            Some(hash) => Some(
                self.schema(&self.request.from.schema_key(hash), hash)
                    .await?,
            ),
        };
        Ok(FetchedClaim {
            records: of_date.records,
            identity: Identity {
                zone: self.source.id.clone(),
                place: object.place,
                about: About::Extent {
                    end: claim.end,
                    part: date.to_string(),
                },
            },
            with_metadata: claim.files.metadata_columns,
            schema,
        })
    }

    async fn claim(&self, start: Place) -> Result<Option<Claim>, CompactError> {
        let key = self.request.from.claim_key(start);
        let Some(body) = self.bucket.read_patiently(&key).await? else {
            return Ok(None);
        };
        let claim = Claim::from_body(&body, &self.source.id, start);
        claim
            .map(Some)
            .map_err(|problem| self.problem_with(&key, problem))
    }
}
