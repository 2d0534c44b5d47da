//! The objects of a date in the zone: those that no plan covers yet, or exactly those of a plan.
//!
//! Pages of keys are looked at as they come and forgotten. Not here: what is inside of the objects.
//! Invariant: objects come in the order of their keys, and none comes twice.

use std::collections::{BTreeMap, VecDeque};

use bucket::listing::{Listed, Listing};
use futures::{Stream, stream::try_unfold};
use landing::{
    Offset,
    compaction::{Counted, Input, Inputs, Plan},
    layout::read,
    offset_set::OffsetSet,
    partition_by::DatePartition,
};

use crate::{error::Trouble, job::Job};

/// An object of the zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceObject {
    pub key: String,
    pub partition: i32,
    /// Of its record, or of its extent's start.
    pub offset: Offset,
    pub suffix: String,
    pub bytes: u64,
    /// Its place among the inputs of a plan, where it was looked for as one.
    pub place: usize,
}

/// The objects that plans of a date cover.
#[derive(Clone, Debug, Default)]
pub struct Planned(BTreeMap<i32, OffsetSet>);

/// What lies under a date.
#[derive(Clone, Copy, Debug, Default)]
pub struct Survey {
    /// In no plan yet.
    pub new: Counted,
    /// In a plan.
    pub planned: Counted,
    /// None of the zone's.
    pub unknown: u64,
}

impl Planned {
    pub fn add(&mut self, inputs: &Inputs) {
        for input in inputs.iter() {
            self.0
                .entry(input.partition)
                .or_default()
                .insert(input.offset);
        }
    }

    fn covers(&self, object: &SourceObject) -> bool {
        let of_partition = self.0.get(&object.partition);
        of_partition.is_some_and(|offsets| offsets.contains(object.offset))
    }
}

impl SourceObject {
    /// The object as a plan names it.
    pub fn input(&self, records: u64) -> Input<'_> {
        Input {
            partition: self.partition,
            offset: self.offset,
            suffix: &self.suffix,
            bytes: Some(self.bytes),
            records,
        }
    }
}

impl Job {
    /// The key of a plan's input.
    pub fn source_key(&self, date: &DatePartition, input: &Input<'_>) -> String {
        let at = (input.partition, input.offset);
        self.order.from.extent_key(date, at, input.suffix)
    }

    fn read(&self, listed: Listed) -> Option<SourceObject> {
        let zone = &self.source;
        let key = read::data_key(&listed.key, (&zone.prefix, zone.granularity, &zone.format))?;
        Some(SourceObject {
            partition: key.partition,
            offset: key.offset,
            suffix: key.suffix.to_owned(),
            bytes: listed.bytes,
            key: listed.key,
            place: 0,
        })
    }

    /// Counts what lies under the date.
    pub async fn survey(&self, date: &DatePartition, planned: &Planned) -> Result<Survey, Trouble> {
        let mut survey = Survey::default();
        let mut list = self.bucket.list(&self.order.from.date_folder(date));
        while let Some(page) = list.page().await? {
            for listed in page.objects {
                let bytes = listed.bytes;
                let counted = match self.read(listed) {
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
    pub fn unplanned<'j>(
        &'j self,
        date: &DatePartition,
        planned: &'j Planned,
    ) -> impl Stream<Item = Result<SourceObject, Trouble>> + 'j {
        let list = Pages::new(self.bucket.list(&self.order.from.date_folder(date)));
        let before: Option<SourceObject> = None;
        try_unfold((list, before), async move |(mut list, before)| {
            while let Some(listed) = list.next().await? {
                let Some(object) = self.read(listed) else {
                    continue;
                };
                if let Some(twin) = before.as_ref().filter(|before| is_twin(before, &object)) {
                    let problem =
                        format!("it is a second object for the same records as {}", twin.key);
                    return Err(self.trouble(&object.key, problem));
                }
                if !planned.covers(&object) {
                    return Ok(Some((object.clone(), (list, Some(object)))));
                }
            }
            Ok(None)
        })
    }

    /// The objects of a plan, each of which must be there.
    pub fn planned<'j>(
        &'j self,
        date: &'j DatePartition,
        plan: &'j Plan,
    ) -> impl Stream<Item = Result<SourceObject, Trouble>> + 'j {
        let walk = Walk::new(self, date, plan);
        try_unfold(walk, async move |mut walk| match walk.next().await? {
            None => Ok(None),
            Some(Ok(object)) => Ok(Some((object, walk))),
            Some(Err(missing)) => Err(Trouble::Gone(missing)),
        })
    }

    /// The keys of a plan's objects that are still there.
    pub fn remaining<'j>(
        &'j self,
        date: &'j DatePartition,
        plan: &'j Plan,
    ) -> impl Stream<Item = Result<SourceObject, Trouble>> + 'j {
        let walk = Walk::new(self, date, plan);
        try_unfold(walk, async move |mut walk| {
            while let Some(object) = walk.next().await? {
                if let Ok(object) = object {
                    return Ok(Some((object, walk)));
                }
            }
            Ok(None)
        })
    }
}

fn is_twin(one: &SourceObject, other: &SourceObject) -> bool {
    (one.partition, one.offset) == (other.partition, other.offset)
}

/// A list, key by key.
struct Pages<'b> {
    list: Listing<'b>,
    page: VecDeque<Listed>,
}

impl<'b> Pages<'b> {
    fn new(list: Listing<'b>) -> Self {
        let page = VecDeque::new();
        Self { list, page }
    }

    async fn next(&mut self) -> Result<Option<Listed>, Trouble> {
        while self.page.is_empty() {
            match self.list.page().await? {
                Some(page) => self.page = page.objects.into(),
                None => return Ok(None),
            }
        }
        Ok(self.page.pop_front())
    }
}

/// A plan's inputs side by side with the list of the bucket, both in the order of keys.
struct Walk<'j> {
    job: &'j Job,
    date: &'j DatePartition,
    inputs: Box<dyn Iterator<Item = (usize, Input<'j>)> + 'j>,
    pages: Pages<'j>,
    /// The first key of the list that no input was compared with.
    ahead: Option<Listed>,
}

impl<'j> Walk<'j> {
    fn new(job: &'j Job, date: &'j DatePartition, plan: &'j Plan) -> Self {
        let folder = job.order.from.date_folder(date);
        let first = plan
            .inputs
            .iter()
            .next()
            .map(|input| job.source_key(date, &input));
        // A key without its end sorts right before it.
        let list = match first {
            Some(first) => job.bucket.list_after(&folder, &first[..first.len() - 1]),
            None => job.bucket.list(&folder),
        };
        Self {
            job,
            date,
            inputs: Box::new(plan.inputs.iter().enumerate()),
            pages: Pages::new(list),
            ahead: None,
        }
    }

    /// The next input: there, or the key that is missing.
    async fn next(&mut self) -> Result<Option<Result<SourceObject, String>>, Trouble> {
        let Some((place, input)) = self.inputs.next() else {
            return Ok(None);
        };
        let key = self.job.source_key(self.date, &input);
        while self.ahead.as_ref().is_none_or(|ahead| ahead.key < key) {
            match self.pages.next().await? {
                Some(listed) => self.ahead = Some(listed),
                None => break,
            }
        }
        let Some(listed) = self.ahead.take_if(|ahead| ahead.key == key) else {
            return Ok(Some(Err(key)));
        };
        if let Some(bytes) = input.bytes.filter(|bytes| *bytes != listed.bytes) {
            let there = listed.bytes;
            let problem =
                format!("it has {there} bytes, and its plan says {bytes}: it was changed");
            return Err(self.job.trouble(&key, problem));
        }
        let Listed { key, bytes } = listed;
        let (partition, offset) = (input.partition, input.offset);
        let suffix = input.suffix.to_owned();
        Ok(Some(Ok(SourceObject {
            key,
            partition,
            offset,
            suffix,
            bytes,
            place,
        })))
    }
}
