//! The records that a run sends: those of its source that are wanted, in the order that is wanted.
//!
//! Does not send.

use std::time::Instant;

use crate::{
    order::Reordered,
    outcome::Failure,
    selection::Selection,
    source::{
        Source,
        record::{Advance, BadRow, InputNames, RecordOrigin, SourceRecord},
    },
};

/// How many records are left out, or taken for another order, without a look at the stop flag.
const AT_ONCE: u32 = 4096;

/// A source and what is taken of it.
pub(crate) struct Feed {
    source: Source,
    /// `None` to take everything.
    selection: Option<Selection>,
    /// `None` for the order of the source.
    order: Option<Reordered>,
}

impl Feed {
    pub(crate) fn new(
        source: Source,
        selection: Option<Selection>,
        order: Option<Reordered>,
    ) -> Self {
        Self {
            source,
            selection,
            order,
        }
    }

    /// Moves to the next record, or to a bad row.
    ///
    /// # Errors
    /// What the source has to say, and at its end the symbols that it does not have; temporary
    /// files that cannot be written.
    pub(crate) fn advance(&mut self) -> Result<Advance, Failure> {
        let Some(order) = &mut self.order else {
            return advance_wanted(&mut self.source, &mut self.selection);
        };
        if order.is_loading() {
            for _ in 0..AT_ONCE {
                match advance_wanted(&mut self.source, &mut self.selection)? {
                    Advance::Record => order.take(&self.source)?,
                    Advance::End => {
                        order.finish()?;
                        break;
                    }
                    other => return Ok(other),
                }
            }
            return Ok(Advance::Idle(Instant::now()));
        }
        Ok(if order.next()? {
            Advance::Record
        } else {
            Advance::End
        })
    }

    /// The record at hand; after [`Advance::Record`] only.
    pub(crate) fn record(&self) -> SourceRecord<'_> {
        match self.reordered() {
            Some(order) => order.record(),
            None => self.source.record(),
        }
    }

    /// Where the record at hand comes from.
    pub(crate) fn origin(&self) -> RecordOrigin<'_> {
        match self.reordered() {
            Some(order) => order.origin(),
            None => self.source.origin(),
        }
    }

    /// Says that the record at hand cannot be sent, for this reason: it is the last bad row then.
    pub(crate) fn reject(&mut self, reason: String) {
        match &mut self.order {
            Some(order) => order.reject(reason),
            None => self.source.reject(reason),
        }
    }

    /// The last bad row.
    pub(crate) fn bad(&self) -> &BadRow {
        match self.reordered() {
            Some(order) => order.bad(),
            None => self.source.bad(),
        }
    }

    /// The input of the last row.
    pub(crate) fn input(&self) -> InputNames<'_> {
        match self.reordered() {
            Some(order) => order.input(),
            None => self.source.input(),
        }
    }

    /// Begins again from the start.
    pub(crate) fn begin_pass(&mut self) {
        self.source.begin_pass();
        if let Some(order) = &mut self.order {
            order.begin_pass();
        }
    }

    /// Kafka has acknowledged everything that came so far.
    pub(crate) fn settled(&mut self) {
        self.source.settled();
    }

    /// Nothing more is taken.
    pub(crate) fn finish(&mut self) {
        self.source.finish();
    }

    /// How many records were not wanted; `None` if all are.
    pub(crate) fn left_out(&self) -> Option<u64> {
        self.selection.as_ref().map(Selection::left_out)
    }

    /// What gives the records now, if it is not the source.
    fn reordered(&self) -> Option<&Reordered> {
        self.order.as_ref().filter(|order| !order.is_loading())
    }
}

/// Moves the source to its next record that is wanted.
fn advance_wanted(
    source: &mut Source,
    selection: &mut Option<Selection>,
) -> Result<Advance, Failure> {
    let Some(selection) = selection else {
        return Ok(source.advance()?);
    };
    for _ in 0..AT_ONCE {
        let step = source.advance()?;
        match step {
            Advance::Record => {
                let record = source.record();
                if selection.takes(record.key, record.time) {
                    return Ok(step);
                }
            }
            Advance::End => {
                selection.finish().map_err(Failure::bad_data)?;
                return Ok(step);
            }
            Advance::Bad | Advance::Idle(_) => return Ok(step),
        }
    }
    Ok(Advance::Idle(Instant::now()))
}
