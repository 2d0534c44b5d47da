//! Daily bars of CSV files as a source of bars or trades inside the days.
//!
//! What is made of a day is the crate `market`'s business. A day that has no inside is a bad row;
//! the records of a day have the row of the day.

use std::collections::VecDeque;

use market::{BarSize, Bridge, DailyBar, Event};
use schema::{FieldNames, stock_column};

use super::{
    csv::CsvSource,
    input::SourceError,
    market_record::MarketRecord,
    record::{Advance, BadRow, InputNames, RecordOrigin, RowText, SourceRecord},
};

/// What days are turned into.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BridgePlan {
    pub(crate) seed: u64,
    pub(crate) size: BarSize,
    pub(crate) quotes: bool,
    pub(crate) names: FieldNames,
}

/// The records inside the days of CSV files.
pub(crate) struct BridgeSource {
    days: CsvSource,
    bridge: Bridge,
    names: FieldNames,
    /// The columns of the input that is being read.
    columns: Option<DayColumns>,
    /// What is left of the day at hand.
    ready: VecDeque<Event>,
    at_hand: MarketRecord,
}

/// Where the cells of a day are.
struct DayColumns {
    /// Of this input.
    input: String,
    date: usize,
    open: usize,
    high: usize,
    low: usize,
    close: usize,
    adj_close: Option<usize>,
    volume: usize,
    close_usd: Option<usize>,
}

impl BridgeSource {
    pub(crate) fn new(days: CsvSource, plan: BridgePlan) -> Self {
        let bridge = Bridge::new(plan.seed, plan.size);
        Self {
            days,
            bridge: match plan.quotes {
                true => bridge.with_quotes(),
                false => bridge,
            },
            names: plan.names,
            columns: None,
            ready: VecDeque::new(),
            at_hand: MarketRecord::default(),
        }
    }

    /// Moves to the next record, in the next day if need be.
    pub(crate) fn advance(&mut self) -> Result<Advance, SourceError> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                self.at_hand.set(&event, self.names);
                return Ok(Advance::Record);
            }
            match self.days.advance()? {
                Advance::Record => {}
                other => return Ok(other),
            }
            self.find_columns()?;
            match self.day() {
                Ok(events) => self.ready = events.into(),
                Err(reason) => {
                    self.days.reject(reason);
                    return Ok(Advance::Bad);
                }
            }
        }
    }

    /// Finds the columns of an input at its first row.
    fn find_columns(&mut self) -> Result<(), SourceError> {
        let name = self.days.input().name;
        if self
            .columns
            .as_ref()
            .is_some_and(|columns| columns.input == name)
        {
            return Ok(());
        }
        let input = name.to_owned();
        let headers: Vec<&str> = self.days.headers().collect();
        let find = |names: &[&str]| stock_column(headers.iter().copied(), names);
        let need = |names: &[&str]| {
            find(names).ok_or_else(|| SourceError::Unfit {
                name: input.clone(),
                reason: format!("has no column {}, which --bridge needs", names[0]),
            })
        };
        self.columns = Some(DayColumns {
            date: need(&["date", "tradedate", "tradingdate", "day", "timestamp"])?,
            open: need(&["open", "openprice"])?,
            high: need(&["high", "highprice"])?,
            low: need(&["low", "lowprice"])?,
            close: need(&["close", "closeprice", "last", "price"])?,
            adj_close: find(&["adjclose", "adjustedclose"]),
            volume: need(&["volume"])?,
            close_usd: find(&["closeusd"]),
            input,
        });
        Ok(())
    }

    /// The records inside of the day at hand.
    fn day(&mut self) -> Result<Vec<Event>, String> {
        let Some(columns) = &self.columns else {
            return Ok(Vec::new());
        };
        let text = |at: usize| {
            let cell = self.days.cell(at).unwrap_or_default();
            std::str::from_utf8(cell).map_or("", str::trim)
        };
        let some = |at: Option<usize>| at.map(text).filter(|text| !text.is_empty());
        let key = self.days.record().key;
        let symbol = key.and_then(|key| std::str::from_utf8(key).ok());
        let symbol = symbol.ok_or("the row has no symbol, which says at which exchange it was")?;
        let day = DailyBar::from_cells(
            symbol,
            text(columns.date),
            text(columns.open),
            text(columns.high),
            text(columns.low),
            text(columns.close),
            some(columns.adj_close),
            text(columns.volume),
            some(columns.close_usd),
        );
        let events = day.and_then(|day| self.bridge.day(&day));
        events.map_err(|error| error.to_string())
    }

    /// The record at hand; after [`Advance::Record`] only.
    pub(crate) fn record(&self) -> SourceRecord<'_> {
        self.at_hand.record()
    }

    /// Where the record at hand comes from: the row of its day.
    pub(crate) fn origin(&self) -> RecordOrigin<'_> {
        RecordOrigin {
            event_time: Some(self.at_hand.date()),
            ..self.days.origin()
        }
    }

    /// The row of the day as it is in its input.
    pub(crate) fn row_text(&self) -> RowText<'_> {
        self.days.row_text()
    }

    /// Makes the day at hand the last bad row.
    pub(crate) fn reject(&mut self, reason: String) {
        self.days.reject(reason);
    }

    /// The last bad row.
    pub(crate) fn bad(&self) -> &BadRow {
        self.days.bad()
    }

    /// The input of the last row.
    pub(crate) fn input(&self) -> InputNames<'_> {
        self.days.input()
    }

    /// Begins again with the first input.
    pub(crate) fn begin_pass(&mut self) {
        self.days.begin_pass();
        self.ready.clear();
        self.columns = None;
    }
}
