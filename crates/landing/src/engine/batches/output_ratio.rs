//! What records will become: bytes of output for a byte of records, learnt from the extents before.
//!
//! It is a guess that decides when an extent is closed; what enters a file never depends on it. Not
//! here: what follows from it (see `collecting` and `rotation`).

use crate::{chain::Batching, extent::MAX_EXTENT_BYTES};

/// So many bytes of records show what others will become, however many are wanted in an extent.
const ENOUGH_TO_LEARN: usize = 256 * 1024;

/// Bytes of output for a byte of records.
#[derive(Debug, Default)]
pub(super) struct OutputRatio {
    /// About so many bytes of output are wanted in an extent.
    wanted: usize,
    /// The ratio before an extent has shown it.
    expected: f64,
    /// The ratio of the last extent that was large enough to show one.
    learnt: Option<f64>,
}

impl OutputRatio {
    /// Nothing is learnt yet.
    pub(super) fn new(batching: &Batching) -> Self {
        Self {
            wanted: batching.max_bytes,
            expected: batching.expected_ratio,
            learnt: None,
        }
    }

    /// Bytes of files that so many bytes of records are expected to become.
    pub(super) fn output_of(&self, records: usize) -> usize {
        (records as f64 * self.ratio()) as usize
    }

    /// Bytes of records at which an extent is closed now. As long as there is only a guess, the
    /// first one is closed early to show the ratio, and the others wait a little for that meanwhile
    /// (`is_learning`).
    pub(super) fn max_bytes(&self, is_learning: bool) -> usize {
        let limit = self.wanted_records();
        match (self.learnt, is_learning) {
            (Some(_), _) => limit,
            (None, false) => (limit / 8).max(1),
            (None, true) => limit + limit / 4,
        }
    }

    /// An extent shows its ratio, unless it is so small that headers, footers and chance are most
    /// of it. Returns whether this is the first one that does.
    pub(super) fn learn(&mut self, records: usize, output: usize) -> bool {
        let enough = ENOUGH_TO_LEARN.min(self.wanted_records() / 16);
        if output == 0 || records < enough {
            return false;
        }
        let shown = output as f64 / records as f64;
        self.learnt.replace(shown).is_none()
    }

    fn ratio(&self) -> f64 {
        self.learnt.unwrap_or(self.expected).max(0.001)
    }

    /// Bytes of records at which an extent has about the output that is wanted.
    fn wanted_records(&self) -> usize {
        let limit = self.wanted as f64 / self.ratio();
        (limit as usize).clamp(1, MAX_EXTENT_BYTES)
    }
}
