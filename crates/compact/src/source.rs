//! The objects of a date in the zone: those that no plan covers yet, or exactly those of a plan.
//!
//! Only one page of keys is in memory at a time. Objects come in the order of their keys, each
//! once.

use std::collections::{BTreeMap, VecDeque};

use bucket::listing::{Listed, Listing};
use futures::{Stream, stream::try_unfold};
use landing::{
    Partition, Place,
    compaction::{CompactionPlan, Counted, PlanInput, PlanInputs},
    layout::read,
    offset_set::OffsetSet,
    partition_by::DatePartition,
};

use sha2::{Digest, Sha256};

use crate::{error::CompactError, job::Job};

/// An object of the zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SourceObject {
    pub(crate) key: String,
    /// Of its record, or the start of its extent.
    pub(crate) place: Place,
    pub(crate) suffix: String,
    pub(crate) bytes: u64,
    /// As it was listed.
    pub(crate) etag: String,
    /// Its index among the inputs of a plan, if it was looked up as one; otherwise 0.
    pub(crate) index: usize,
}

/// Which of the objects that a key had over time: a hash of its entity tag, in a few bytes for
/// each of very many objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ObjectVersion([u8; 16]);

impl ObjectVersion {
    /// The version with this entity tag, with or without its quotes.
    pub(crate) fn of(etag: &str) -> Self {
        let hash = Sha256::digest(etag.trim_matches('"'));
        let mut short = [0; 16];
        short.copy_from_slice(&hash[..16]);
        Self(short)
    }
}

/// The versions of the objects of each plan that this run has compared with the copy, in the order
/// of its inputs.
pub(crate) type VerifiedPlans = BTreeMap<u32, Vec<ObjectVersion>>;

/// The objects that the plans of a date cover.
#[derive(Clone, Debug, Default)]
pub(crate) struct PlannedObjects(BTreeMap<Partition, OffsetSet>);

/// What lies under a date.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Survey {
    /// In no plan yet.
    pub(crate) new: Counted,
    /// In a plan.
    pub(crate) planned: Counted,
    /// Number of objects that are not the zone's.
    pub(crate) unknown: u64,
}

impl PlannedObjects {
    pub(crate) fn add(&mut self, inputs: &PlanInputs) {
        for input in inputs.iter() {
            let Place { partition, offset } = input.place;
            self.0.entry(partition).or_default().insert(offset);
        }
    }

    fn covers(&self, object: &SourceObject) -> bool {
        let Place { partition, offset } = object.place;
        let of_partition = self.0.get(&partition);
        of_partition.is_some_and(|offsets| offsets.contains(offset))
    }
}

impl SourceObject {
    /// The object as a plan names it.
    pub(crate) fn input(&self, records: u64) -> PlanInput<'_> {
        PlanInput {
            place: self.place,
            suffix: &self.suffix,
            bytes: Some(self.bytes),
            records,
        }
    }
}

impl Job {
    /// The key of a plan's input.
    pub(crate) fn source_key(&self, date: &DatePartition, input: &PlanInput<'_>) -> String {
        let from = &self.request.from;
        from.extent_key(date, input.place, input.suffix)
    }

    /// The object under a listed key; `None` for a key that is not the zone's.
    fn source_object(&self, listed: Listed) -> Option<SourceObject> {
        let zone = &self.source;
        let key = read::data_key(&listed.key, &zone.prefix, zone.granularity, zone.format)?;
        Some(SourceObject {
            place: key.place,
            suffix: key.suffix.to_owned(),
            bytes: listed.bytes,
            key: listed.key,
            etag: listed.etag,
            index: 0,
        })
    }

    /// Counts what lies under the date.
    pub(crate) async fn survey(
        &self,
        date: &DatePartition,
        planned: &PlannedObjects,
    ) -> Result<Survey, CompactError> {
        let mut survey = Survey::default();
        let mut list = self.bucket.list(&self.request.from.date_folder(date));
        while let Some(page) = list.page().await? {
            for listed in page.objects {
                let bytes = listed.bytes;
                let counted = match self.source_object(listed) {
                    None => {
                        survey.unknown += 1;
                        continue;
                    }
                    Some(object) if planned.covers(&object) => &mut survey.planned,
                    Some(_) => &mut survey.new,
                };
                counted.objects += 1;
                counted.bytes += bytes;
            }
        }
        Ok(survey)
    }

    /// The objects that no plan covers.
    pub(crate) fn unplanned<'j>(
        &'j self,
        date: &DatePartition,
        planned: &'j PlannedObjects,
    ) -> impl Stream<Item = Result<SourceObject, CompactError>> + 'j {
        let list = KeyList::new(self.bucket.list(&self.request.from.date_folder(date)));
        let before: Option<SourceObject> = None;
        try_unfold((list, before), async move |(mut list, before)| {
            while let Some(listed) = list.next().await? {
                let Some(object) = self.source_object(listed) else {
                    continue;
                };
                if let Some(twin) = before
                    .as_ref()
                    .filter(|before| before.place == object.place)
                {
                    let problem =
                        format!("it is a second object for the same records as {}", twin.key);
                    return Err(self.problem_with(&object.key, problem));
                }
                if !planned.covers(&object) {
                    return Ok(Some((object.clone(), (list, Some(object)))));
                }
            }
            Ok(None)
        })
    }

    /// The objects of a plan, each of which must be there.
    pub(crate) fn planned<'j>(
        &'j self,
        date: &'j DatePartition,
        plan: &'j CompactionPlan,
    ) -> impl Stream<Item = Result<SourceObject, CompactError>> + 'j {
        let walk = InputWalk::new(self, date, plan);
        try_unfold(walk, async move |mut walk| match walk.next().await? {
            None => Ok(None),
            Some(FoundInput::There(object)) => Ok(Some((object, walk))),
            Some(FoundInput::Missing(key)) => Err(CompactError::Gone(key)),
        })
    }

    /// Those objects of a plan that are still there.
    pub(crate) fn remaining<'j>(
        &'j self,
        date: &'j DatePartition,
        plan: &'j CompactionPlan,
    ) -> impl Stream<Item = Result<SourceObject, CompactError>> + 'j {
        let walk = InputWalk::new(self, date, plan);
        try_unfold(walk, async move |mut walk| {
            while let Some(found) = walk.next().await? {
                if let FoundInput::There(object) = found {
                    return Ok(Some((object, walk)));
                }
            }
            Ok(None)
        })
    }
}

/// A list, key by key.
struct KeyList<'b> {
    list: Listing<'b>,
    page: VecDeque<Listed>,
}

impl<'b> KeyList<'b> {
    fn new(list: Listing<'b>) -> Self {
        let page = VecDeque::new();
        Self { list, page }
    }

    async fn next(&mut self) -> Result<Option<Listed>, CompactError> {
        while self.page.is_empty() {
            match self.list.page().await? {
                Some(page) => self.page = page.objects.into(),
                None => return Ok(None),
            }
        }
        Ok(self.page.pop_front())
    }
}

/// What became of a plan's input.
enum FoundInput {
    There(SourceObject),
    /// Nothing is listed under its key.
    Missing(String),
}

/// Compares a plan's inputs with the listing of the bucket; both are in the order of keys.
struct InputWalk<'j> {
    job: &'j Job,
    date: &'j DatePartition,
    inputs: Box<dyn Iterator<Item = (usize, PlanInput<'j>)> + 'j>,
    listed: KeyList<'j>,
    /// The first listed key that no input was compared with.
    ahead: Option<Listed>,
}

impl<'j> InputWalk<'j> {
    fn new(job: &'j Job, date: &'j DatePartition, plan: &'j CompactionPlan) -> Self {
        let folder = job.request.from.date_folder(date);
        let first = plan
            .inputs
            .iter()
            .next()
            .map(|input| job.source_key(date, &input));
        // `list_after` skips the key itself, so start from the key without its last byte, which
        // sorts before it.
        let list = match first {
            Some(first) => job.bucket.list_after(&folder, &first[..first.len() - 1]),
            None => job.bucket.list(&folder),
        };
        Self {
            job,
            date,
            inputs: Box::new(plan.inputs.iter().enumerate()),
            listed: KeyList::new(list),
            ahead: None,
        }
    }

    /// The next input; `None` after the last.
    async fn next(&mut self) -> Result<Option<FoundInput>, CompactError> {
        let Some((index, input)) = self.inputs.next() else {
            return Ok(None);
        };
        let key = self.job.source_key(self.date, &input);
        while self.ahead.as_ref().is_none_or(|ahead| ahead.key < key) {
            match self.listed.next().await? {
                Some(listed) => self.ahead = Some(listed),
                None => break,
            }
        }
        let Some(listed) = self.ahead.take_if(|ahead| ahead.key == key) else {
            return Ok(Some(FoundInput::Missing(key)));
        };
        if let Some(bytes) = input.bytes.filter(|bytes| *bytes != listed.bytes) {
            let there = listed.bytes;
            let problem =
                format!("it has {there} bytes, and its plan says {bytes}: it was changed");
            return Err(self.job.problem_with(&key, problem));
        }
        let Listed { key, bytes, etag } = listed;
        Ok(Some(FoundInput::There(SourceObject {
            key,
            place: input.place,
            suffix: input.suffix.to_owned(),
            bytes,
            etag,
            index,
        })))
    }
}
