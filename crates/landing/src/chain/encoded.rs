//! An extent as files: what an encoder returns.
//!
//! Only data. Not here: how records become bytes, which is the encoder's business. The files are
//! those of the contents' dates in order, then those of dates that have no records left.

use schema::Losses;

use crate::{claim::ClaimedBody, extent::Contents, partition_by::DatePartition};

/// An extent as files.
#[derive(Debug, Default)]
pub struct Encoded {
    /// What it holds.
    pub contents: Contents,
    /// Its data objects: date partition, number of records, body.
    pub files: Vec<EncodedFile>,
    /// What the columns rounded or cut off of its records.
    pub rounded: Losses,
}

/// One data object of an extent.
#[derive(Debug)]
pub struct EncodedFile {
    /// Its date partition.
    pub date: DatePartition,
    /// Number of records.
    pub records: u64,
    /// The body.
    pub body: Vec<u8>,
    /// What the claim says of the body: hashing it is work for the thread that encodes.
    pub claimed: ClaimedBody,
}

impl Encoded {
    /// Bytes of all bodies, dead letters included.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let files: usize = self.files.iter().map(|file| file.body.len()).sum();
        files + self.contents.dead_letters.len()
    }
}
