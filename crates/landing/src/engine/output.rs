//! What records will become: bytes of output for a byte of records, learnt from the extents before.
//!
//! Not here: what follows from it (see `batched`). Invariant: it is a guess that decides when an
//! extent is closed; what enters a file never depends on it.

use super::{Batching, Engine, Form};
use crate::{extent::MAX_EXTENT_BYTES, place::Partition};

/// So many bytes of records show what others will become, however many are wanted in an extent.
const ENOUGH_TO_LEARN: usize = 256 * 1024;

impl Engine {
    /// Bytes of records at which an extent has about the output that is wanted.
    fn raw_limit(&self, batching: &Batching) -> usize {
        let limit = batching.max_bytes as f64 / self.ratio(batching);
        (limit as usize).clamp(1, MAX_EXTENT_BYTES)
    }

    /// Bytes of output for a byte of records, as it is known.
    pub(super) fn ratio(&self, batching: &Batching) -> f64 {
        self.ratio.unwrap_or(batching.expected_ratio).max(0.001)
    }

    /// Bytes of records at which an extent is closed now. As long as there is only a guess, the
    /// first one is closed early to show the ratio, and meanwhile others wait a little for that.
    pub(super) fn limit_now(&self, batching: &Batching) -> usize {
        let limit = self.raw_limit(batching);
        let is_learning = self.encoding + self.to_encode.len() > 0;
        match (self.ratio, is_learning) {
            (Some(_), _) => limit,
            (None, false) => (limit / 8).max(1),
            (None, true) => limit + limit / 4,
        }
    }

    /// An extent shows its ratio, unless it is so small that headers, footers and chance are most
    /// of it.
    pub(super) fn learn_ratio(&mut self, records: usize, output: usize) {
        let Form::Batched(batching) = &self.settings.form else {
            return;
        };
        let enough = ENOUGH_TO_LEARN.min(self.raw_limit(batching) / 16);
        if output == 0 || records < enough {
            return;
        }
        let ratio = Some(output as f64 / records as f64);
        if std::mem::replace(&mut self.ratio, ratio).is_none() {
            let partitions: Vec<Partition> = self.partitions.keys().copied().collect();
            for partition in partitions {
                self.rotate_if_full(partition);
            }
        }
    }
}
