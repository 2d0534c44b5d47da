//! The extents of all partitions on their way to files: which wait to be encoded, how many are
//! being encoded, which partitions wait for memory, and how large files become.
//!
//! Empty in the per-record layout. Not here: the extents of one partition in their order (see
//! [`crate::chain`]); what the engine does with them is in the modules below, one for each stage of
//! an extent: `collecting`, `rotation`, `closing`, `claiming`.

use std::collections::VecDeque;

use self::output_ratio::OutputRatio;
use super::types::{Encode, ObjectLayout};
use crate::place::Partition;

mod claiming;
mod closing;
mod collecting;
mod output_ratio;
mod rotation;

/// What is to be encoded, is being encoded, and waits for memory.
#[derive(Debug)]
pub(super) struct Batches {
    /// Sealed extents that wait for their turn to be encoded.
    to_encode: VecDeque<Box<Encode>>,
    /// How many extents are being encoded, and how many may be.
    encoding: usize,
    max_encoding: usize,
    /// Partitions that wait until there is room for the claims that they must finish.
    queued: VecDeque<Partition>,
    ratio: OutputRatio,
}

impl Batches {
    /// Nothing under way yet.
    pub(super) fn new(layout: &ObjectLayout) -> Self {
        let (max_encoding, ratio) = match layout {
            ObjectLayout::PerRecord => (0, OutputRatio::default()),
            ObjectLayout::Batched(batching) => (batching.max_encoding, OutputRatio::new(batching)),
        };
        Self {
            to_encode: VecDeque::new(),
            encoding: 0,
            max_encoding,
            queued: VecDeque::new(),
            ratio,
        }
    }

    /// The next extent to encode, if one more may be encoded now. It counts as being encoded from
    /// here on.
    pub(super) fn next_to_encode(&mut self) -> Option<Box<Encode>> {
        if self.encoding >= self.max_encoding {
            return None;
        }
        let next = self.to_encode.pop_front()?;
        self.encoding += 1;
        Some(next)
    }

    /// Whether no extent is being encoded or waits to be.
    pub(super) fn is_idle(&self) -> bool {
        self.encoding == 0 && self.to_encode.is_empty()
    }

    /// Drops the extents of this partition that wait to be encoded. Returns the memory that they
    /// took up.
    fn drop_waiting(&mut self, partition: Partition) -> usize {
        let mut freed = 0;
        self.to_encode.retain(|extent| {
            let keep = extent.id.start.partition != partition;
            freed += if keep { 0 } else { extent.batch.memory() };
            keep
        });
        freed
    }

    /// Bytes of records at which an extent is closed now.
    fn max_bytes(&self) -> usize {
        self.ratio.max_bytes(!self.is_idle())
    }

    /// Memory of what waits to be encoded.
    #[cfg(test)]
    pub(super) fn waiting_memory(&self) -> usize {
        self.to_encode
            .iter()
            .map(|extent| extent.batch.memory())
            .sum()
    }

    /// How many extents are being encoded.
    #[cfg(test)]
    pub(super) fn encoding(&self) -> usize {
        self.encoding
    }
}
