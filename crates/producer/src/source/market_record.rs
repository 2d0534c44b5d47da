//! A record made of an event of the market: a bar, a trade or a quote.

use market::{Event, EventDate};
use schema::{FieldNames, append_date, append_timestamp};

use super::record::SourceRecord;

/// The record at hand of a source of events; its memory is used again.
#[derive(Debug, Default)]
pub(crate) struct MarketRecord {
    key: Vec<u8>,
    value: Vec<u8>,
    /// What the field `Date` says.
    date: Vec<u8>,
    time: i64,
}

impl MarketRecord {
    /// Puts this event at hand, its fields named so.
    pub(crate) fn set(&mut self, event: &Event, names: FieldNames) {
        for buffer in [&mut self.key, &mut self.value, &mut self.date] {
            buffer.clear();
        }
        self.key.extend_from_slice(event.symbol().as_bytes());
        event.append_json_with(names, &mut self.value);
        match event.date() {
            EventDate::Day(days) => append_date(days, &mut self.date),
            EventDate::Time(millis) => append_timestamp(millis, &mut self.date),
        }
        self.time = event.time_ms();
    }

    pub(crate) fn record(&self) -> SourceRecord<'_> {
        SourceRecord {
            key: Some(&self.key),
            value: &self.value,
            time: Some(self.time),
        }
    }

    /// The text for the header `event-time`.
    pub(crate) fn date(&self) -> &[u8] {
        &self.date
    }
}
