//! The extents of one topic partition, one after another: the protocol of the batched layouts.
//!
//! 1. Records are collected until something closes the extent ([`Rotation`]).
//! 2. The claim for its start is written create-once. Whoever comes second **adopts** the claim
//!    that is there: the extent ends where the claim says, and its files are written by the claim's
//!    values. Records past that end belong to the next extent. A process that has not read all that
//!    the claim was made of starts over from the claim.
//! 3. The dead letters and the data objects are written create-once.
//! 4. Only then may the end of the extent be committed, and the next claim be written: a claim
//!    proves that everything below it is durable.
//!
//! The first extent begins at offset 0, wherever reading begins: processes that find no claim may
//! begin at different offsets (retention goes on meanwhile), and must still meet at one claim.
//! Whoever comes second starts over from it.
//!
//! One extent is closed at a time; the next ones are collected meanwhile. A process may crash
//! between any two steps: the next owner begins at the newest claim, and finishes it. Not here:
//! encoding, requests, memory of several partitions (see [`crate::engine`]). Invariant: the extents
//! in `closing` and `queue` are contiguous.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use crate::{anchor::Anchor, batch::Batch, claim::Claim, offset::Offset, start::ChainStart};

mod batching;
mod encoded;
mod filling;
mod rotation;

pub use batching::Batching;
pub use encoded::{Encoded, EncodedFile};
pub(crate) use filling::{Claiming, Closing, Filling, Step};
pub use rotation::Rotation;

/// The extents of one partition that are not durable yet.
#[derive(Debug)]
pub(crate) struct Chain {
    batching: Arc<Batching>,
    /// No extent is finished yet: nothing of the partition is durable, and only the place to begin
    /// is known.
    fresh: bool,
    durable: Offset,
    anchor: Option<Anchor>,
    pub(crate) closing: Option<Closing>,
    /// Never empty: the last one takes records in, those before it wait to be closed.
    queue: VecDeque<Filling>,
}

impl Chain {
    /// A chain that begins where the facts say.
    pub(crate) fn new(start: &ChainStart, anchor: Option<Anchor>, batching: Arc<Batching>) -> Self {
        let (read, fresh) = (start.read.offset, start.extent == Offset(0));
        let mut filling = Filling::read_from(start.extent, read);
        filling.adopted = start.adopted.clone();
        filling.read_again = true;
        let mut queue = VecDeque::from([filling]);
        if let Some(claim) = &start.adopted
            && read >= claim.end
        {
            // Its records are all gone, and perhaps some of those that follow.
            queue[0].position = claim.end;
            queue[0].sealed = Some(Rotation::Adopted);
            queue.push_back(Filling::read_from(claim.end, read));
        }
        Self {
            batching,
            fresh,
            durable: if fresh { read } else { start.extent },
            anchor,
            closing: None,
            queue,
        }
    }

    /// Takes what was delivered from `first` to `last`: `add` puts it into the open batch and
    /// returns the memory that it costs. `None` if it begins below the position: then it was
    /// delivered before.
    pub(crate) fn take(
        &mut self,
        first: Offset,
        last: Offset,
        now: Duration,
        add: impl FnOnce(&mut Batch) -> usize,
    ) -> Option<usize> {
        if first < self.open().position {
            return None;
        }
        self.advance(first, now);
        let open = self.open();
        let memory = add(&mut open.batch);
        open.position = last.next();
        open.touch(now);
        self.end_adopted(now);
        Some(memory)
    }

    /// No visible record lies below `position` that was not taken in.
    pub(crate) fn advance(&mut self, position: Offset, now: Duration) {
        let fresh = self.fresh;
        let open = self.open();
        if position > open.position {
            open.position = position;
            open.touch(now);
            self.end_adopted(now);
        } else if position == open.position && open.start < open.from && !fresh {
            // Nothing follows the gap: the gap alone becomes an extent, or its end would never be
            // committed.
            open.touch(now);
        }
    }

    /// Closes the open extent here, unless nothing came in or a claim fixes its end.
    pub(crate) fn seal(&mut self, reason: Rotation) -> bool {
        let open = self.open();
        if open.is_untouched() || open.adopted.is_some() {
            return false;
        }
        open.sealed = Some(reason);
        let next = open.position;
        self.queue.push_back(Filling::new(next, next));
        debug_assert!(self.is_contiguous());
        true
    }

    /// Whether there is an extent to be closed, and none is being closed.
    pub(crate) fn can_close_next(&self) -> bool {
        let sealed = |first: &Filling| first.sealed.is_some();
        self.closing.is_none() && self.queue.front().is_some_and(sealed)
    }

    /// The next extent to be closed, if there is one and none is being closed.
    pub(crate) fn close_next(&mut self) -> Option<(Filling, Rotation)> {
        if !self.can_close_next() {
            return None;
        }
        let reason = self.queue.front()?.sealed?;
        let filling = self.queue.pop_front()?;
        self.closing = Some(Closing {
            start: filling.start,
            from: filling.from,
            end: filling.position,
            reason,
            adopted: filling.adopted.clone(),
            read_again: filling.read_again,
            since: filling.since.map(|(first, _)| first),
            step: Step::Encoding,
        });
        Some((filling, reason))
    }

    /// The extent that is being closed has as many dates as it may: it ends earlier, and `rest` is
    /// the next one.
    pub(crate) fn cut_short(&mut self, end: Offset, rest: Batch) {
        let Some(closing) = &mut self.closing else {
            return;
        };
        let position = std::mem::replace(&mut closing.end, end);
        let reason = std::mem::replace(&mut closing.reason, Rotation::Dates);
        let since = closing.since.map(|since| (since, since));
        self.queue.push_front(Filling {
            batch: rest,
            since,
            sealed: Some(reason),
            ..Filling::new(end, position)
        });
        debug_assert!(self.is_contiguous());
    }

    /// Whether this process has read everything that the claim was made of. The claim is one for
    /// the extent that is being closed.
    pub(crate) fn covers(&self, claim: &Claim) -> bool {
        let closing = self.closing.as_ref();
        closing.is_some_and(|closing| closing.from <= claim.reads_from())
            && self.position() >= claim.end
    }

    /// Somebody else's claim counts, and all its records were read ([`Chain::covers`]): the extent
    /// ends where it says. Records past its end stay with the next extents, and missing ones come
    /// from there.
    pub(crate) fn adopt(&mut self, claim: Arc<Claim>, batch: Batch) {
        let Some(closing) = self.closing.take() else {
            return;
        };
        self.queue.push_front(Filling {
            batch,
            since: closing.since.map(|since| (since, since)),
            sealed: Some(closing.reason),
            ..Filling::new(closing.start, closing.end)
        });
        let mut extent = Filling::new(closing.start, closing.start);
        while extent.position < claim.end
            && let Some(mut next) = self.queue.pop_front()
        {
            let rest = next.split_off(claim.end);
            extent.batch.append(next.batch);
            extent.position = next.position;
            if let Some(rest) = rest {
                self.queue.push_front(rest);
            }
        }
        extent.from = closing.from;
        extent.since = closing.since.map(|since| (since, since));
        extent.sealed = Some(Rotation::Adopted);
        extent.adopted = Some(claim);
        self.queue.push_front(extent);
        debug_assert!(self.is_contiguous());
    }

    /// The extent that is being closed is durable.
    pub(crate) fn finished(&mut self, anchor: Option<Anchor>) {
        if let Some(closing) = self.closing.take() {
            self.fresh = false;
            self.durable = closing.end;
            self.anchor = anchor.or(self.anchor);
        }
    }

    /// Drops everything that is not durable. Returns the memory that it took up.
    pub(crate) fn abandon(&mut self) -> usize {
        let (position, memory) = (self.position(), self.memory());
        self.closing = None;
        self.queue.clear();
        self.queue.push_back(Filling::new(position, position));
        memory
    }

    /// Stops collecting the open extent: its records must be read again. Returns the memory that
    /// they took up.
    pub(crate) fn give_up_open(&mut self) -> usize {
        let open = self.open();
        open.position = open.from;
        open.since = None;
        std::mem::take(&mut open.batch).memory()
    }

    /// Memory of everything that the chain itself holds: records that are not yet being closed, and
    /// what is kept while a claim is being written.
    pub(crate) fn memory(&self) -> usize {
        let claiming = match self.closing.as_ref().map(|closing| &closing.step) {
            Some(Step::Claiming(kept)) => kept.memory(),
            _ => 0,
        };
        claiming + self.waiting_memory()
    }

    /// Memory of the records that are not yet being closed.
    pub(crate) fn waiting_memory(&self) -> usize {
        self.queue
            .iter()
            .map(|filling| filling.batch.memory())
            .sum()
    }

    /// What this process was told about its extents.
    pub(crate) fn batching(&self) -> &Arc<Batching> {
        &self.batching
    }

    /// When time closes the open extent, if it may: the end of a claim is not moved, and while an
    /// earlier extent is being closed, the next one is not. When the bucket does not answer for a
    /// while, one larger extent is better than many small ones that wait.
    pub(crate) fn due_at(&self) -> Option<Duration> {
        let (since, last) = self.awaits_its_time()?;
        Some((since + self.batching.max_age).min(last + self.batching.max_idle))
    }

    /// Why time closes the open extent now, if it does.
    pub(crate) fn due(&self, now: Duration) -> Option<Rotation> {
        let (since, last) = self.awaits_its_time()?;
        if now >= since + self.batching.max_age {
            Some(Rotation::Age)
        } else if now >= last + self.batching.max_idle {
            Some(Rotation::Idle)
        } else {
            None
        }
    }

    /// When the first thing came into the open extent and when the last one, if time may close it
    /// now.
    fn awaits_its_time(&self) -> Option<(Duration, Duration)> {
        let open = self.look_at_open()?;
        let free = open.adopted.is_none() && !self.is_busy();
        open.since.filter(|_| free)
    }

    /// When the first record came in that is not durable.
    pub(crate) fn waiting_since(&self) -> Option<Duration> {
        let closing = self.closing.as_ref().and_then(|closing| closing.since);
        let since = |filling: &Filling| filling.since.map(|(first, _)| first);
        closing.or_else(|| self.queue.iter().find_map(since))
    }

    /// The next offset that may be committed, and the last landed record below it.
    pub(crate) fn next(&self) -> (Offset, Option<Anchor>) {
        (self.durable, self.anchor)
    }

    /// Whether no extent is finished yet: what may be committed is only the place to begin.
    pub(crate) fn is_fresh(&self) -> bool {
        self.fresh
    }

    /// The offset after the last delivered one.
    pub(crate) fn position(&self) -> Offset {
        self.queue.back().map_or(self.durable, |open| open.position)
    }

    /// Whether something is being closed or waits to be.
    pub(crate) fn is_busy(&self) -> bool {
        self.closing.is_some()
            || self
                .queue
                .front()
                .is_some_and(|first| first.sealed.is_some())
    }

    /// Whether nothing is left to be landed.
    pub(crate) fn is_empty(&self) -> bool {
        self.closing.is_none() && self.queue.iter().all(Filling::is_untouched)
    }

    /// The claim whose records are being read again, or are held until they are encoded again.
    pub(crate) fn adopting(&self) -> Option<&Claim> {
        let closing = self.closing.as_ref();
        let encoding = closing.filter(|closing| matches!(closing.step, Step::Encoding));
        let closing = encoding.and_then(|closing| closing.adopted.as_deref());
        closing.or_else(|| self.queue.front()?.adopted.as_deref())
    }

    /// The extent that takes records in.
    pub(crate) fn open(&mut self) -> &mut Filling {
        if self.queue.back().is_none_or(|last| last.sealed.is_some()) {
            let next = self.queue.back().map_or(self.durable, |last| last.position);
            self.queue.push_back(Filling::new(next, next));
        }
        let last = self.queue.len() - 1;
        &mut self.queue[last]
    }

    /// The open extent, to look at.
    pub(crate) fn look_at_open(&self) -> Option<&Filling> {
        self.queue.back().filter(|last| last.sealed.is_none())
    }

    /// Whether each extent begins where the one before it ends.
    fn is_contiguous(&self) -> bool {
        let mut end = self.closing.as_ref().map(|closing| closing.end);
        self.queue.iter().all(|filling| {
            let follows = end.is_none_or(|end| end == filling.start);
            end = Some(filling.position);
            follows && filling.start <= filling.from && filling.from <= filling.position
        })
    }

    /// Closes an open extent whose claimed end is reached; whatever was passed beyond it belongs to
    /// the next one.
    fn end_adopted(&mut self, now: Duration) {
        let open = self.open();
        let Some(end) = open.adopted.as_ref().map(|claim| claim.end) else {
            return;
        };
        if open.position < end {
            return;
        }
        let position = std::mem::replace(&mut open.position, end);
        open.sealed = Some(Rotation::Adopted);
        let mut next = Filling::new(end, position);
        if !next.is_untouched() {
            next.touch(now);
        }
        self.queue.push_back(next);
    }
}

#[cfg(test)]
mod tests;
