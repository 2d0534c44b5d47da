//! The simulated market as a source of records: all its symbols by time.
//!
//! The market itself is the crate `market`. A row is an event; none of them is bad.

use market::{Simulator, SimulatorSettings};
use schema::FieldNames;

use super::{
    announcement::Announcement,
    input::SourceError,
    market_record::MarketRecord,
    record::{Advance, BadRow, InputNames, RecordOrigin, RowText, SourceRecord},
};

/// What messages and the header `source` call it.
const NAME: &str = "the simulated market";
const SHORT_NAME: &str = "simulator";

/// What is simulated, and how it is written.
#[derive(Debug, Clone)]
pub(crate) struct SimulatorPlan {
    pub(crate) settings: SimulatorSettings,
    pub(crate) names: FieldNames,
}

impl SimulatorPlan {
    /// Whether there is such a market.
    pub(crate) fn check(&self) -> Result<(), SourceError> {
        self.simulator().map(drop)
    }

    fn simulator(&self) -> Result<Simulator, SourceError> {
        let simulator = Simulator::new(&self.settings);
        simulator.map_err(|error| SourceError::Refused(error.to_string()))
    }
}

/// All events of the market.
pub(crate) struct SimulatorSource {
    plan: SimulatorPlan,
    announcement: Announcement,
    is_first_pass: bool,
    /// `None` before the first event of a pass.
    simulator: Option<Box<Simulator>>,
    at_hand: MarketRecord,
    number: u64,
    bad: BadRow,
}

impl SimulatorSource {
    pub(crate) fn new(plan: SimulatorPlan, announcement: Announcement) -> Self {
        Self {
            plan,
            announcement,
            is_first_pass: true,
            simulator: None,
            at_hand: MarketRecord::default(),
            number: 0,
            bad: BadRow::default(),
        }
    }

    /// Moves to the next event.
    pub(crate) fn advance(&mut self) -> Result<Advance, SourceError> {
        let simulator = match &mut self.simulator {
            Some(simulator) => simulator,
            none => {
                if self.is_first_pass {
                    let seed = self.plan.settings.seed;
                    let key = format!("key Index, --seed {seed}");
                    self.announcement.input(NAME, &key);
                }
                none.insert(Box::new(self.plan.simulator()?))
            }
        };
        let Some(event) = simulator.next() else {
            return Ok(Advance::End);
        };
        self.number += 1;
        self.at_hand.set(&event, self.plan.names);
        Ok(Advance::Record)
    }

    /// The record at hand; after [`Advance::Record`] only.
    pub(crate) fn record(&self) -> SourceRecord<'_> {
        self.at_hand.record()
    }

    /// Where the record at hand comes from.
    pub(crate) fn origin(&self) -> RecordOrigin<'_> {
        RecordOrigin {
            source: SHORT_NAME,
            row: self.number,
            event_time: Some(self.at_hand.date()),
        }
    }

    /// The record at hand, which has no other form.
    pub(crate) fn row_text(&self) -> RowText<'_> {
        RowText {
            line: self.number,
            raw: self.at_hand.record().value,
        }
    }

    /// Makes the record at hand the last bad row.
    pub(crate) fn reject(&mut self, reason: String) {
        self.bad = BadRow::of(self.row_text(), reason);
    }

    /// The last bad row.
    pub(crate) fn bad(&self) -> &BadRow {
        &self.bad
    }

    pub(crate) fn input(&self) -> InputNames<'_> {
        InputNames {
            name: NAME,
            header: &[],
        }
    }

    /// Begins again: the same events in the same order.
    pub(crate) fn begin_pass(&mut self) {
        self.simulator = None;
        self.is_first_pass = false;
        self.number = 0;
    }
}
