//! Turns objects of the zone into objects of the copy, on a blocking thread; writes nothing.
//!
//! Each record goes two ways: to the encoder, and into a hash that is compared later with what was
//! read back from the copy.
//!
//! Invariant: a pack holds whole objects of the zone, each of their records once, in their order.

use std::sync::Arc;

use bucket::zone::ZoneFacts;
use format::{encoding::Encoding, files::Files, options::RecordSource};
use landing::{
    Format, Offset, Partition, Place,
    compaction::{Counted, MOST_INPUTS, OutputRules, PlanInputs},
    partition_by::DatePartition,
    value::{Misfit, Reason},
};
use schema::Losses;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::{
    content::{Comparison, ContentDigest, ContentHasher, record},
    error::CompactError,
    fetch::Fetched,
    job::Job,
    request::encoding,
    source::ObjectVersion,
    unpack::{UnpackRules, unpack},
};

/// How to make packs.
pub(crate) struct PackRules {
    pub(crate) bucket: String,
    pub(crate) zone: ZoneFacts,
    pub(crate) date: DatePartition,
    pub(crate) encoding: Encoding,
    pub(crate) comparison: Comparison,
    /// See [`UnpackRules::allow_unproven`].
    pub(crate) allow_unproven: bool,
    /// Whether the objects are to be deleted, so that their versions matter.
    pub(crate) keep_versions: bool,
    /// Bytes of records that end a pack; `None` if a plan says what is in it.
    pub(crate) max_bytes: Option<u64>,
}

impl PackRules {
    fn unpack_rules(&self) -> UnpackRules<'_> {
        UnpackRules {
            zone: &self.zone,
            date: self.date.as_str(),
            allow_unproven: self.allow_unproven,
        }
    }

    /// What the copy does not keep.
    fn losses(&self, content: &ContentHasher) -> Losses {
        let losses = content.losses();
        match self.zone.format {
            Format::Parquet => losses.of_rows(),
            Format::Json | Format::Jsonl | Format::Csv => losses,
        }
    }

    /// What an object of the zone holds, as it is compared with the copy, and what of it the copy
    /// does not keep.
    pub(crate) fn digest(
        &self,
        mut fetched: Fetched,
    ) -> Result<(ContentDigest, Losses), CompactError> {
        let mut content = ContentHasher::new(&self.comparison);
        let unpacked = unpack(&self.unpack_rules(), &mut fetched, |line| {
            content.add(line).map_err(|misfit| explain(&misfit))
        });
        let key = &fetched.object.key;
        unpacked.map_err(|problem| CompactError::data(&self.bucket, key, problem))?;
        let losses = self.losses(&content);
        Ok((content.finish(), losses))
    }
}

impl Job {
    /// How to make the outputs of plans with these rules, and how to compare them.
    pub(crate) async fn pack_rules(
        &self,
        date: &DatePartition,
        output: &OutputRules,
        max_bytes: Option<u64>,
    ) -> Result<PackRules, CompactError> {
        let schema = match &output.schema {
            None => None,
            // The columns of new plans are written only once there is a plan.
            Some(_) if *output == self.rules => self.table.clone(),
            Some(hash) => Some(self.schema(&self.request.to.schema_key(hash), hash).await?),
        };
        let comparison = match &schema {
            Some(schema) => Comparison::Rows(schema.clone(), self.source.classifier),
            None => Comparison::Lines,
        };
        let origin = RecordSource {
            topic: self.source.topic.clone(),
            zone: self.source.id.clone(),
        };
        Ok(PackRules {
            bucket: self.bucket.name().to_owned(),
            zone: self.source.clone(),
            date: date.clone(),
            encoding: encoding(output, schema, self.source.classifier, origin)?,
            comparison,
            allow_unproven: self.request.allow_unproven,
            keep_versions: self.request.delete_source,
            max_bytes,
        })
    }
}

/// An object of the copy before it is written, and what it was made of.
pub(crate) struct Pack {
    pub(crate) inputs: PlanInputs,
    pub(crate) counted: Counted,
    pub(crate) digest: ContentDigest,
    pub(crate) losses: Losses,
    /// The versions of the objects that were read, in the order of the inputs; only when they are
    /// to be deleted.
    pub(crate) versions: Vec<ObjectVersion>,
    /// `None` when its inputs hold no record.
    pub(crate) body: Option<Vec<u8>>,
    /// The next pack waits until this one is dropped.
    pub(crate) _slot: OwnedSemaphorePermit,
}

/// What the packer receives.
pub(crate) enum PackerInput {
    Object(Box<Fetched>),
    /// There are no more objects. If the channel ends without it, the reading failed.
    End,
}

/// Makes packs out of objects.
pub(crate) struct Packer {
    rules: Arc<PackRules>,
    packs: mpsc::Sender<Pack>,
    slots: Arc<Semaphore>,
    open: Option<OpenPack>,
}

/// A pack that is being filled.
struct OpenPack {
    inputs: PlanInputs,
    counted: Counted,
    raw_bytes: u64,
    versions: Vec<ObjectVersion>,
    content: ContentHasher,
    files: Files,
}

impl Packer {
    pub(crate) fn new(rules: Arc<PackRules>, packs: mpsc::Sender<Pack>) -> Self {
        Self {
            rules,
            packs,
            slots: Arc::new(Semaphore::new(1)),
            open: None,
        }
    }

    /// Packs what comes, until the end, or until nobody wants packs any more.
    ///
    /// # Errors
    /// The first object that is not what it should be, or holds a record that does not fit.
    pub(crate) fn run(
        mut self,
        mut items: mpsc::Receiver<PackerInput>,
    ) -> Result<(), CompactError> {
        while let Some(item) = items.blocking_recv() {
            let wanted = match item {
                PackerInput::End => return self.close().map(drop),
                PackerInput::Object(fetched) => self.take(*fetched)?,
            };
            if !wanted {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Takes an object in; returns whether more are wanted.
    fn take(&mut self, mut fetched: Fetched) -> Result<bool, CompactError> {
        let Self { rules, open, .. } = self;
        let open = open.get_or_insert_with(|| OpenPack::new(rules));
        let date = &rules.date;
        let source = rules.unpack_rules();
        let mut records = 0;
        let unpacked = unpack(&source, &mut fetched, |line| {
            let written = open.content.add(line);
            let written = written.and_then(|()| open.files.write(date, &record(line)));
            written.map_err(|misfit| explain(&misfit))?;
            open.raw_bytes += line.len() as u64 + 1;
            records += 1;
            Ok(())
        });
        let key = &fetched.object.key;
        unpacked.map_err(|problem| CompactError::data(&rules.bucket, key, problem))?;
        open.inputs.push(&fetched.object.input(records));
        if rules.keep_versions {
            let version = ObjectVersion::of(&fetched.read.etag);
            open.versions.push(version);
        }
        open.counted.objects += 1;
        open.counted.bytes += fetched.object.bytes;
        let is_full = rules.max_bytes.is_some_and(|most| {
            open.raw_bytes >= most || open.counted.objects >= MOST_INPUTS as u64
        });
        if is_full { self.close() } else { Ok(true) }
    }

    /// Ends the open pack and hands it over; returns whether it was wanted.
    fn close(&mut self) -> Result<bool, CompactError> {
        let Some(open) = self.open.take() else {
            return Ok(true);
        };
        let mut files = open.files.finish_copy()?;
        let slot = futures::executor::block_on(self.slots.clone().acquire_owned());
        let pack = Pack {
            inputs: open.inputs,
            counted: open.counted,
            losses: self.rules.losses(&open.content),
            versions: open.versions,
            digest: open.content.finish(),
            body: files.pop().map(|file| file.bytes),
            _slot: slot.map_err(anyhow::Error::from)?,
        };
        Ok(self.packs.blocking_send(pack).is_ok())
    }
}

impl OpenPack {
    fn new(rules: &PackRules) -> Self {
        Self {
            inputs: PlanInputs::of_format(rules.zone.format),
            counted: Counted::default(),
            raw_bytes: 0,
            versions: Vec::new(),
            content: ContentHasher::new(&rules.comparison),
            // Only the metadata of an extent's file names its place, and this is no extent.
            files: Files::new(&rules.encoding, Place::new(Partition(0), Offset(0))),
        }
    }
}

fn explain(misfit: &Misfit) -> String {
    let column = misfit.column.as_deref().unwrap_or_default().escape_debug();
    match misfit.reason {
        Reason::UnknownField => format!(
            "no column takes the field '{column}': add it to the columns of --schema, or leave such fields out of the copy with \
             --drop-unknown-fields"
        ),
        reason if column.to_string().is_empty() => {
            format!("a record does not fit the copy ({reason})")
        }
        reason => format!(
            "a record does not fit column '{column}' ({reason}): give --schema with columns that it fits"
        ),
    }
}
