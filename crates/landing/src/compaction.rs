//! A compacted copy of a landing zone: what it says of itself, and the plans by which it was made.
//!
//! A plan is a create-once object that fixes which objects of one date become one object of the
//! copy, and how that is written; whoever finds it finishes it by its values. Once its output was
//! read back and found to hold the same, that is written down too ([`CompactionDone`]), again
//! create-once. An object of the zone is in at most one plan of its date, because a process takes
//! the number of a plan only after it has read all plans before it. Not here: reading, encoding,
//! comparing.

mod inputs;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

pub use inputs::{ExtentInputs, PlanInput, PlanInputs, RecordInputs, SourceExtent};

use crate::{claim::ClaimedBody, format::Format, partition_by::DatePartition};

/// The version of the fields of plans, and of their meaning.
pub const PLAN_VERSION: u32 = 1;

/// The most objects of the zone that one plan covers. It bounds the plan, and what is done again
/// after a crash.
pub const MOST_INPUTS: usize = 100_000;

/// The content of `_control/{prefix}/zone.json` where a compacted copy lies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyZone {
    /// [`PLAN_VERSION`] of the writer. The name of this field tells a copy from a landing zone.
    pub compacted_copy: u32,
    /// The bucket of the zone that it is a copy of.
    pub bucket: String,
    /// The prefix of that zone.
    pub prefix: String,
    /// The id of that zone, see [`crate::zone::Zone::id`].
    pub zone: String,
    /// `parquet` or `jsonl`, as text: the copy of a newer program must still be recognised as one.
    pub format: String,
    /// `hour`, `day` or `year`, as the zone has it.
    pub granularity: String,
}

/// How the output of a plan is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputRules {
    /// [`Format::Parquet`] or [`Format::Jsonl`].
    pub format: Format,
    /// `none`, `gzip`, `zstd` or `snappy`.
    pub compression: String,
    /// The compression's level, where one was given.
    pub level: Option<i32>,
    /// SHA-256 in hex of the schema that is kept under `_control`; none for JSON Lines.
    pub schema: Option<String>,
}

/// Which objects of a date become one object, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompactionPlan {
    /// [`PLAN_VERSION`] of the writer.
    pub version: u32,
    /// Id of the copy, see [`CopyZone::id`].
    pub copy: String,
    /// The date partition, without `dt=`.
    pub date: String,
    /// Counted from 1 within the date.
    pub number: u32,
    /// How the output is written.
    pub output: OutputRules,
    /// The objects, in the order in which their records are in the output.
    pub inputs: PlanInputs,
}

/// That a plan was carried out, and its output was read back and found to hold what its inputs
/// hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompactionDone {
    /// [`PLAN_VERSION`] of the writer.
    pub version: u32,
    /// Id of the copy.
    pub copy: String,
    /// The date partition, without `dt=`.
    pub date: String,
    /// The plan's number.
    pub number: u32,
    /// The objects that were read.
    pub inputs: Counted,
    /// Records in them, and so in the output.
    pub records: u64,
    /// SHA-256 in hex over the records in their order: lines of JSON Lines, or rows of typed
    /// values.
    pub content: String,
    /// The output; none when the inputs held no record.
    pub output: Option<ClaimedBody>,
}

/// A number of objects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// How many.
    pub objects: u64,
    /// Bytes of them.
    pub bytes: u64,
}

/// Why a plan, or what is said of its end, cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPlan {
    /// It is not one of ours.
    #[error("its content is none that 'consumer compact' writes there ({0})")]
    Unreadable(String),
    /// It was written by a newer version of the program.
    #[error("it is of version {0}, which this program does not know: use a newer one")]
    Newer(u32),
    /// It is about something else than its key says.
    #[error("it is about plan {number} of dt={date} in copy {copy}, not about what its key says")]
    Misplaced {
        /// The copy that it names.
        copy: String,
        /// The date that it names.
        date: String,
        /// The number that it names.
        number: u32,
    },
    /// Its inputs are in no order, or twice in it.
    #[error("its inputs are not in order")]
    Disorder,
}

/// Names a plan, and with it what is said of its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlanName<'a> {
    /// Id of the copy, see [`CopyZone::id`].
    pub copy: &'a str,
    /// The date partition.
    pub date: &'a DatePartition,
    /// Counted from 1 within the date.
    pub number: u32,
}

impl CopyZone {
    /// The object's body: one line of JSON.
    #[must_use]
    pub fn to_body(&self) -> Vec<u8> {
        line(self)
    }

    /// Reads the object's body; `None` when it describes no compacted copy.
    #[must_use]
    pub fn from_body(body: &[u8]) -> Option<Self> {
        serde_json::from_slice(body).ok()
    }

    /// A short name for the copy: 16 hexadecimal digits.
    #[must_use]
    pub fn id(&self) -> String {
        hex::encode(&Sha256::digest(self.to_body())[..8])
    }

    /// Whether a run that would have made `wanted` may write here.
    ///
    /// # Errors
    /// Says what differs, and what to do.
    pub fn admit(&self, wanted: &Self) -> Result<(), String> {
        if self == wanted {
            return Ok(());
        }
        if self.compacted_copy != wanted.compacted_copy {
            let version = self.compacted_copy;
            return Err(format!(
                "it was made by version {version} of these rules, which this program does not know: use a newer one"
            ));
        }
        if self.format != wanted.format {
            let (holds, wanted) = (&self.format, &wanted.format);
            return Err(format!(
                "it holds {holds}, not {wanted}: use another --to, or --format {holds}"
            ));
        }
        let Self {
            bucket,
            prefix,
            zone,
            granularity,
            ..
        } = self;
        Err(format!(
            "it is the copy of another zone, s3://{bucket}/{prefix} (zone {zone}, by {granularity}): use another --to"
        ))
    }
}

impl OutputRules {
    /// The end of the output's key: `parquet`, `jsonl.gz`.
    #[must_use]
    pub fn suffix(&self) -> &'static str {
        match (self.format, self.compression.as_str()) {
            (Format::Parquet, _) => "parquet",
            (_, "gzip") => "jsonl.gz",
            (_, "zstd") => "jsonl.zst",
            _ => "jsonl",
        }
    }
}

impl CompactionPlan {
    /// The body: one line of JSON.
    #[must_use]
    pub fn to_body(&self) -> Vec<u8> {
        line(self)
    }

    /// Reads the plan of this name.
    ///
    /// # Errors
    /// [`BadPlan`]
    pub fn from_body(body: &[u8], name: PlanName<'_>) -> Result<Self, BadPlan> {
        let plan: Self = read(body, name)?;
        if plan.inputs.are_in_order() {
            Ok(plan)
        } else {
            Err(BadPlan::Disorder)
        }
    }
}

impl CompactionDone {
    /// The body: one line of JSON.
    #[must_use]
    pub fn to_body(&self) -> Vec<u8> {
        line(self)
    }

    /// Reads what is said of the end of the plan of this name.
    ///
    /// # Errors
    /// [`BadPlan`]
    pub fn from_body(body: &[u8], name: PlanName<'_>) -> Result<Self, BadPlan> {
        read(body, name)
    }
}

fn line(content: &impl Serialize) -> Vec<u8> {
    let mut body = serde_json::to_vec(content).expect("strings and numbers always serialize");
    body.push(b'\n');
    body
}

fn read<T: DeserializeOwned>(body: &[u8], expected: PlanName<'_>) -> Result<T, BadPlan> {
    #[derive(Deserialize)]
    struct Head {
        version: u32,
        copy: String,
        date: String,
        number: u32,
    }
    let unreadable = |error: serde_json::Error| BadPlan::Unreadable(error.to_string());
    let head: Head = serde_json::from_slice(body).map_err(unreadable)?;
    if head.version != PLAN_VERSION {
        return Err(BadPlan::Newer(head.version));
    }
    let is_expected = head.copy == expected.copy
        && head.date == expected.date.as_str()
        && head.number == expected.number;
    if !is_expected {
        let Head {
            copy, date, number, ..
        } = head;
        return Err(BadPlan::Misplaced { copy, date, number });
    }
    serde_json::from_slice(body).map_err(unreadable)
}

#[cfg(test)]
mod tests;
