//! Where records come from: a closed list of sources, each of which says what its next step came to
//! and holds the record at hand.
//!
//! Does not decide what happens to a bad row. A step waits for an input to begin, until a stop is
//! requested; after that, it says that there is nothing yet.

mod announcement;
pub(crate) mod bridge;
pub(crate) mod csv;
mod expand;
pub(crate) mod input;
mod input_list;
pub(crate) mod json_lines;
mod live;
mod market_record;
mod pump;
pub(crate) mod record;
pub(crate) mod simulator;
mod tally;
pub(crate) mod time_options;

use std::path::{Path, PathBuf};

pub(crate) use self::announcement::Announcement;
use provider::FeedSettings;

use self::{
    bridge::{BridgePlan, BridgeSource},
    csv::{CsvSource, header::TableOptions},
    input::{InputWatch, SourceError, TextForm},
    json_lines::{JsonLinesOptions, JsonLinesSource},
    live::LiveSource,
    record::{Advance, BadRow, InputNames, RecordOrigin, RowText, SourceRecord},
    simulator::{SimulatorPlan, SimulatorSource},
};

/// Which records a run sends.
#[derive(Debug, Clone)]
pub(crate) enum SourcePlan {
    Csv {
        paths: Vec<PathBuf>,
        options: TableOptions,
        /// Into what daily bars are turned, if they are.
        bridge: Option<BridgePlan>,
    },
    JsonLines {
        paths: Vec<PathBuf>,
        options: JsonLinesOptions,
    },
    Simulator(SimulatorPlan),
    Live(Box<FeedSettings>),
}

impl SourcePlan {
    /// The plan with each of its files by name, in place of folders and patterns.
    pub(crate) fn expanded(&self) -> Result<Self, SourceError> {
        let mut plan = self.clone();
        match &mut plan {
            Self::Csv { paths, .. } => *paths = expand::expanded(paths, TextForm::Csv)?,
            Self::JsonLines { paths, .. } => {
                *paths = expand::expanded(paths, TextForm::JsonLines)?;
            }
            Self::Simulator(_) | Self::Live(_) => {}
        }
        Ok(plan)
    }

    /// Whether this is one of the files.
    pub(crate) fn has_file(&self, path: &Path) -> bool {
        input::is_among(path, self.paths())
    }

    /// Looks at every file, so that a mistake in the last one is found before anything is sent.
    /// Returns how many bytes there are, if there are files and that is known.
    pub(crate) fn check(&self, watch: &InputWatch) -> Result<Option<u64>, SourceError> {
        match self {
            Self::Csv { paths, options, .. } => csv::check(paths, options, watch)?,
            Self::JsonLines { paths, options } => json_lines::check(paths, options, watch)?,
            Self::Simulator(plan) => return plan.check().map(|()| None),
            Self::Live(settings) => return live::check(settings).map(|()| None),
        }
        let sizes = self.paths().iter().map(|path| input::check(path));
        sizes.sum::<Result<Option<u64>, _>>()
    }

    /// Whether the source may have nothing to give for hours.
    pub(crate) fn can_wait(&self) -> bool {
        matches!(self, Self::Live(_)) || input::any_can_wait(self.paths())
    }

    fn paths(&self) -> &[PathBuf] {
        match self {
            Self::Csv { paths, .. } | Self::JsonLines { paths, .. } => paths,
            Self::Simulator(_) | Self::Live(_) => &[],
        }
    }
}

/// The source of a run.
pub(crate) enum Source {
    Csv(Box<CsvSource>),
    JsonLines(Box<JsonLinesSource>),
    Bridge(Box<BridgeSource>),
    Simulator(Box<SimulatorSource>),
    Live(Box<LiveSource>),
}

impl Source {
    /// Opens nothing yet.
    pub(crate) fn new(plan: &SourcePlan, watch: &InputWatch, announcement: Announcement) -> Self {
        let watch = watch.clone();
        match plan.clone() {
            SourcePlan::Csv {
                paths,
                options,
                bridge,
            } => {
                let source = CsvSource::new(paths, options, watch, announcement);
                match bridge {
                    None => Self::Csv(Box::new(source)),
                    Some(plan) => Self::Bridge(Box::new(BridgeSource::new(source, plan))),
                }
            }
            SourcePlan::JsonLines { paths, options } => {
                let source = JsonLinesSource::new(paths, options, watch, announcement);
                Self::JsonLines(Box::new(source))
            }
            SourcePlan::Simulator(plan) => {
                Self::Simulator(Box::new(SimulatorSource::new(plan, announcement)))
            }
            SourcePlan::Live(settings) => {
                Self::Live(Box::new(LiveSource::new(*settings, watch, announcement)))
            }
        }
    }

    /// Moves one step forward.
    ///
    /// # Errors
    /// [`SourceError`] for an input that cannot be read on, is not what it should be, or holds only
    /// bad rows.
    pub(crate) fn advance(&mut self) -> Result<Advance, SourceError> {
        match self {
            Self::Csv(source) => source.advance(),
            Self::JsonLines(source) => source.advance(),
            Self::Bridge(source) => source.advance(),
            Self::Simulator(source) => source.advance(),
            Self::Live(source) => source.advance(),
        }
    }

    /// The record at hand; after [`Advance::Record`] only.
    pub(crate) fn record(&self) -> SourceRecord<'_> {
        match self {
            Self::Csv(source) => source.record(),
            Self::JsonLines(source) => source.record(),
            Self::Bridge(source) => source.record(),
            Self::Simulator(source) => source.record(),
            Self::Live(source) => source.record(),
        }
    }

    /// Where the record at hand comes from.
    pub(crate) fn origin(&self) -> RecordOrigin<'_> {
        match self {
            Self::Csv(source) => source.origin(),
            Self::JsonLines(source) => source.origin(),
            Self::Bridge(source) => source.origin(),
            Self::Simulator(source) => source.origin(),
            Self::Live(source) => source.origin(),
        }
    }

    /// The row of the record at hand as it is in its input.
    pub(crate) fn row_text(&self) -> RowText<'_> {
        match self {
            Self::Csv(source) => source.row_text(),
            Self::JsonLines(source) => source.row_text(),
            Self::Bridge(source) => source.row_text(),
            Self::Simulator(source) => source.row_text(),
            Self::Live(source) => source.row_text(),
        }
    }

    /// Says that the record at hand cannot be sent, for this reason: it is the last bad row then.
    pub(crate) fn reject(&mut self, reason: String) {
        match self {
            Self::Csv(source) => source.reject(reason),
            Self::JsonLines(source) => source.reject(reason),
            Self::Bridge(source) => source.reject(reason),
            Self::Simulator(source) => source.reject(reason),
            Self::Live(source) => source.reject(reason),
        }
    }

    /// The last bad row; after [`Advance::Bad`] or [`reject`](Self::reject) only.
    pub(crate) fn bad(&self) -> &BadRow {
        match self {
            Self::Csv(source) => source.bad(),
            Self::JsonLines(source) => source.bad(),
            Self::Bridge(source) => source.bad(),
            Self::Simulator(source) => source.bad(),
            Self::Live(source) => source.bad(),
        }
    }

    /// The input of the last row.
    pub(crate) fn input(&self) -> InputNames<'_> {
        match self {
            Self::Csv(source) => source.input(),
            Self::JsonLines(source) => source.input(),
            Self::Bridge(source) => source.input(),
            Self::Simulator(source) => source.input(),
            Self::Live(source) => source.input(),
        }
    }

    /// Begins again from the start.
    pub(crate) fn begin_pass(&mut self) {
        match self {
            Self::Csv(source) => source.begin_pass(),
            Self::JsonLines(source) => source.begin_pass(),
            Self::Bridge(source) => source.begin_pass(),
            Self::Simulator(source) => source.begin_pass(),
            // Refused by the command line: a feed is not over.
            Self::Live(_) => {}
        }
    }

    /// Kafka has acknowledged everything that came so far.
    pub(crate) fn settled(&mut self) {
        if let Self::Live(source) = self {
            source.settled();
        }
    }

    /// Nothing more is taken.
    pub(crate) fn finish(&mut self) {
        if let Self::Live(source) = self {
            source.finish();
        }
    }
}
