//! The parts of a chain: an extent that is being collected, and one that is being closed.
//!
//! Only data and what can be said of one of them alone. Not here: what happens from one to the next
//! (see [`crate::chain`]). Invariant: `start <= from <= position`, and the batch holds the visible
//! records of `[from, position)`.

use std::{sync::Arc, time::Duration};

use schema::Losses;

use super::{encoded::Encoded, rotation::Rotation};
use crate::{batch::Batch, claim::Claim, extent::Contents, offset::Offset};

/// Records on their way into an extent.
#[derive(Debug)]
pub(crate) struct Filling {
    pub(crate) start: Offset,
    /// The first offset that was read. Below it the extent has a gap, nothing that was asked for,
    /// or nothing at all.
    pub(crate) from: Offset,
    /// Every visible record below it was taken in.
    pub(crate) position: Offset,
    pub(crate) batch: Batch,
    /// When the first thing came in, and when the last one.
    pub(crate) since: Option<(Duration, Duration)>,
    /// It ends where this claim says.
    pub(crate) adopted: Option<Arc<Claim>>,
    /// Its records were read after that claim was found.
    pub(crate) read_again: bool,
    pub(crate) sealed: Option<Rotation>,
}

/// The extent that is being closed.
#[derive(Debug)]
pub(crate) struct Closing {
    pub(crate) start: Offset,
    /// As in [`Filling`].
    pub(crate) from: Offset,
    pub(crate) end: Offset,
    pub(crate) reason: Rotation,
    pub(crate) adopted: Option<Arc<Claim>>,
    /// As in [`Filling`].
    pub(crate) read_again: bool,
    /// When its first record came in.
    pub(crate) since: Option<Duration>,
    pub(crate) step: Step,
}

/// How far the closing is.
#[derive(Debug)]
pub(crate) enum Step {
    /// Its records are being laid out and encoded.
    Encoding,
    /// Its claim is being written; records and files are kept until it is known whose claim counts.
    Claiming(Box<Claiming>),
    /// So many of its objects are not yet durable.
    Writing {
        left: usize,
        contents: Box<Contents>,
        rounded: Losses,
    },
}

/// What is kept while a claim is being written.
#[derive(Debug)]
pub(crate) struct Claiming {
    pub(crate) batch: Batch,
    pub(crate) encoded: Encoded,
}

impl Claiming {
    /// Memory that it takes up, in bytes.
    pub(crate) fn memory(&self) -> usize {
        self.batch.memory() + self.encoded.bytes()
    }
}

impl Filling {
    /// An extent that begins at `start`, read from there, with everything below `position` taken
    /// in.
    pub(crate) fn new(start: Offset, position: Offset) -> Self {
        Self {
            start,
            from: start,
            position: position.max(start),
            batch: Batch::default(),
            since: None,
            adopted: None,
            read_again: false,
            sealed: None,
        }
    }

    /// An extent that begins at `start` and is read from `from` on.
    pub(crate) fn read_from(start: Offset, from: Offset) -> Self {
        let from = from.max(start);
        Self {
            from,
            ..Self::new(start, from)
        }
    }

    /// Nothing came in.
    pub(crate) fn is_untouched(&self) -> bool {
        self.position == self.from && self.since.is_none()
    }

    /// Something came in.
    pub(crate) fn touch(&mut self, now: Duration) {
        self.since = Some((self.since.map_or(now, |since| since.0), now));
    }

    /// Splits at `end`: returns what is at or above it, or nothing if nothing came in there.
    pub(crate) fn split_off(&mut self, end: Offset) -> Option<Self> {
        let rest = self.batch.split_off(end);
        let position = self.position;
        self.position = position.min(end);
        let sealed = self.sealed.take();
        (position > end || sealed.is_none() && position == end).then(|| Self {
            batch: rest,
            since: self.since.filter(|_| position > end),
            sealed,
            ..Self::new(end, position)
        })
    }
}
