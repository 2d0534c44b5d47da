//! What happens on the market, as records: bars with the tutorial's nine columns, trades and
//! quotes with columns of their own.
//!
//! A record has no number that was ever a float, so its digits are the same everywhere.

use std::sync::Arc;

use schema::{ColumnType, FieldNames, append_cell, append_date, append_timestamp};

use crate::exact_decimal::ExactDecimal;

/// A symbol, prepared for records.
#[derive(Debug)]
pub(crate) struct SymbolText {
    name: String,
    /// As a JSON text, with the quotes.
    json: Vec<u8>,
}

impl SymbolText {
    pub(crate) fn new(name: &str) -> Arc<Self> {
        let mut json = Vec::new();
        // A symbol is a str: it cannot be refused.
        append_cell(ColumnType::String, name.as_bytes(), &mut json).unwrap_or_default();
        Arc::new(Self {
            name: name.to_owned(),
            json,
        })
    }
}

/// One event of one symbol: a bar, a trade or a quote.
#[derive(Clone, Debug)]
pub struct Event {
    symbol: Arc<SymbolText>,
    time_ms: i64,
    date: EventDate,
    content: EventContent,
}

/// What the column `Date` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventDate {
    /// The trading day of a daily bar in the exchange's zone, in days since 1970-01-01.
    Day(i32),
    /// The start of an intraday bar, or the time of a trade or quote, in milliseconds since
    /// 1970-01-01 UTC.
    Time(i64),
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventContent {
    /// The prices and the volume of a span of time.
    Bar(Bar),
    /// One trade.
    Trade(Trade),
    /// The best bid and ask.
    Quote(Quote),
}

/// The prices and the volume of a day, or of some minutes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    /// The first price.
    pub open: ExactDecimal,
    /// The highest price.
    pub high: ExactDecimal,
    /// The lowest price.
    pub low: ExactDecimal,
    /// The last price.
    pub close: ExactDecimal,
    /// The last price, adjusted for what happened later.
    pub adj_close: ExactDecimal,
    /// How much was traded.
    pub volume: ExactDecimal,
    /// The last price in US dollars; `None` if the source does not know.
    pub close_usd: Option<ExactDecimal>,
}

/// One trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trade {
    /// What was paid.
    pub price: ExactDecimal,
    /// How much was traded.
    pub volume: ExactDecimal,
}

/// The best prices that were offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote {
    /// What a buyer offers.
    pub bid: ExactDecimal,
    /// What a seller asks; more than the bid.
    pub ask: ExactDecimal,
    /// How much the buyer wants.
    pub bid_size: ExactDecimal,
    /// How much the seller has.
    pub ask_size: ExactDecimal,
}

/// The signs before each value of a record.
struct Keys {
    index: &'static [u8],
    date: &'static [u8],
    bar: [&'static [u8]; 7],
    trade: [&'static [u8]; 2],
    quote: [&'static [u8]; 4],
}

const ORIGINAL: Keys = Keys {
    index: br#"{"Index":"#,
    date: br#","Date":""#,
    bar: [
        br#"","Open":"#,
        br#","High":"#,
        br#","Low":"#,
        br#","Close":"#,
        br#","Adj Close":"#,
        br#","Volume":"#,
        br#","CloseUSD":"#,
    ],
    trade: [br#"","Price":"#, br#","Volume":"#],
    quote: [
        br#"","Bid":"#,
        br#","Ask":"#,
        br#","Bid Size":"#,
        br#","Ask Size":"#,
    ],
};

const SNAKE: Keys = Keys {
    index: br#"{"index":"#,
    date: br#","date":""#,
    bar: [
        br#"","open":"#,
        br#","high":"#,
        br#","low":"#,
        br#","close":"#,
        br#","adj_close":"#,
        br#","volume":"#,
        br#","close_usd":"#,
    ],
    trade: [br#"","price":"#, br#","volume":"#],
    quote: [
        br#"","bid":"#,
        br#","ask":"#,
        br#","bid_size":"#,
        br#","ask_size":"#,
    ],
};

impl Event {
    pub(crate) fn new(
        symbol: &Arc<SymbolText>,
        time_ms: i64,
        date: EventDate,
        content: EventContent,
    ) -> Self {
        Self {
            symbol: Arc::clone(symbol),
            time_ms,
            date,
            content,
        }
    }

    /// The symbol: the key of the record.
    #[must_use]
    pub fn symbol(&self) -> &str {
        &self.symbol.name
    }

    /// When it is known, in milliseconds since 1970-01-01 UTC: the end of a bar, which for a daily
    /// one is the close of the exchange; the time of a trade or quote.
    #[must_use]
    pub fn time_ms(&self) -> i64 {
        self.time_ms
    }

    /// What the column `Date` says.
    #[must_use]
    pub fn date(&self) -> EventDate {
        self.date
    }

    /// What happened.
    #[must_use]
    pub fn content(&self) -> &EventContent {
        &self.content
    }

    /// Appends the record as one JSON object without a line end, keys as the tutorial writes them.
    ///
    /// A bar has its nine columns. `Date` is `2020-01-02` for a day, and
    /// `2020-01-02 14:30:00.000`, in UTC, for anything shorter. A trade has `Index`, `Date`,
    /// `Price` and `Volume`; a quote `Index`, `Date`, `Bid`, `Ask`, `Bid Size` and `Ask Size`.
    pub fn append_json(&self, out: &mut Vec<u8>) {
        self.append_json_with(FieldNames::Original, out);
    }

    /// The same with keys in this spelling, as [`schema::RowEncoder`] gives them to rows of a CSV.
    pub fn append_json_with(&self, names: FieldNames, out: &mut Vec<u8>) {
        let keys = match names {
            FieldNames::Original => &ORIGINAL,
            FieldNames::Snake => &SNAKE,
        };
        out.extend_from_slice(keys.index);
        out.extend_from_slice(&self.symbol.json);
        out.extend_from_slice(keys.date);
        match self.date {
            EventDate::Day(day) => append_date(day, out),
            EventDate::Time(millis) => append_timestamp(millis, out),
        }
        match &self.content {
            EventContent::Bar(bar) => append_bar(bar, &keys.bar, out),
            EventContent::Trade(trade) => {
                append_numbers(&[trade.price, trade.volume], &keys.trade, out);
            }
            EventContent::Quote(quote) => {
                let numbers = [quote.bid, quote.ask, quote.bid_size, quote.ask_size];
                append_numbers(&numbers, &keys.quote, out);
            }
        }
        out.push(b'}');
    }
}

fn append_bar(bar: &Bar, keys: &[&[u8]; 7], out: &mut Vec<u8>) {
    let numbers = [
        bar.open,
        bar.high,
        bar.low,
        bar.close,
        bar.adj_close,
        bar.volume,
    ];
    append_numbers(&numbers, keys, out);
    out.extend_from_slice(keys[6]);
    match bar.close_usd {
        Some(number) => number.append(out),
        None => out.extend_from_slice(b"null"),
    }
}

fn append_numbers(numbers: &[ExactDecimal], keys: &[&[u8]], out: &mut Vec<u8>) {
    for (number, key) in numbers.iter().zip(keys) {
        out.extend_from_slice(key);
        number.append(out);
    }
}

#[cfg(test)]
mod tests {
    use schema::{RowEncoder, Schema};

    use super::*;

    fn number(text: &str) -> ExactDecimal {
        ExactDecimal::parse(text).unwrap()
    }

    fn json(symbol: &str, date: EventDate, content: EventContent, names: FieldNames) -> String {
        let mut out = Vec::new();
        Event::new(&SymbolText::new(symbol), 0, date, content).append_json_with(names, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_bar_is_what_the_encoder_of_rows_makes_of_its_row() {
        let bar = EventContent::Bar(Bar {
            open: number("2479.300049"),
            high: number("2480.0"),
            low: number("7.25"),
            close: number("2479.50"),
            adj_close: number("2479"),
            volume: number("913608400.0"),
            close_usd: Some(number("322.30900637")),
        });
        let row = "A\"B,1986-12-31,2479.300049,2480.0,7.25,2479.50,2479,913608400.0,322.30900637";
        for names in [FieldNames::Original, FieldNames::Snake] {
            let mut expected = Vec::new();
            RowEncoder::new(&Schema::stock(names))
                .append_row(
                    row.split(',')
                        .map(str::as_bytes)
                        .collect::<Vec<_>>()
                        .into_iter(),
                    &mut expected,
                )
                .unwrap();
            let found = json("A\"B", EventDate::Day(6208), bar, names);
            assert_eq!(found, String::from_utf8(expected).unwrap());
        }
    }

    #[test]
    fn trades_and_quotes_have_columns_of_their_own() {
        let trade = EventContent::Trade(Trade {
            price: number("10.5"),
            volume: number("200.0"),
        });
        let time = EventDate::Time(1_577_975_400_123);
        assert_eq!(
            json("X", time, trade, FieldNames::Original),
            r#"{"Index":"X","Date":"2020-01-02 14:30:00.123","Price":10.5,"Volume":200.0}"#
        );
        let quote = EventContent::Quote(Quote {
            bid: number("10.49"),
            ask: number("10.5"),
            bid_size: number("100.0"),
            ask_size: number("300.0"),
        });
        assert_eq!(
            json("X", time, quote, FieldNames::Snake),
            r#"{"index":"X","date":"2020-01-02 14:30:00.123","bid":10.49,"ask":10.5,"bid_size":100.0,"ask_size":300.0}"#
        );
    }
}
