//! A bar as a record of the nine columns of `data/indexProcessed.csv`. Pure.
//!
//! The digits are the provider's: no price goes through a float. `Adj Close` and `CloseUSD` are
//! `null` unless the provider sends them, as no provider here says what they would be.

use schema::{FieldNames, RowEncoder, Schema, TIMESTAMPS, append_date, append_timestamp};

/// One bar, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bar {
    /// The begin, in milliseconds since 1970-01-01 UTC.
    pub(crate) start_ms: i64,
    /// The first millisecond after it.
    pub(crate) end_ms: i64,
    /// The record: one JSON object.
    pub(crate) value: Vec<u8>,
}

/// A bar of a reply that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BadBar {
    pub(crate) reason: String,
}

/// The bars of a reply, oldest first, none twice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct BarReply {
    pub(crate) bars: Vec<Bar>,
    pub(crate) bad: Vec<BadBar>,
}

/// The texts of a bar as the provider sent them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct BarTexts {
    pub(crate) open: String,
    pub(crate) high: String,
    pub(crate) low: String,
    pub(crate) close: String,
    pub(crate) volume: String,
    /// Of providers that send it.
    pub(crate) adjusted_close: Option<String>,
}

/// When a bar was, and how its `Date` is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BarTime {
    pub(crate) start_ms: i64,
    pub(crate) end_ms: i64,
    pub(crate) date: BarDate,
}

/// The `Date` of a bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BarDate {
    /// The day of trading, in days since 1970-01-01: `2026-11-21`.
    Day(i32),
    /// The begin in UTC: `2026-11-21 14:30:00.000`, which timestamp columns read, and which
    /// sorts as text.
    Start,
}

/// Makes records of bars.
#[derive(Debug, Clone)]
pub(crate) struct BarEncoder {
    rows: RowEncoder,
}

impl BarEncoder {
    pub(crate) fn new(names: FieldNames) -> Self {
        Self {
            rows: RowEncoder::new(&Schema::stock(names)),
        }
    }

    /// The bar as a record, or why its texts are none.
    pub(crate) fn bar(&self, symbol: &str, time: BarTime, texts: &BarTexts) -> Result<Bar, BadBar> {
        let is_known = TIMESTAMPS.contains(&time.start_ms) && TIMESTAMPS.contains(&time.end_ms);
        if !is_known {
            let reason = format!("its time is in no year from 1 to 9999: {}", time.start_ms);
            return Err(BadBar { reason });
        }
        let mut date = Vec::new();
        match time.date {
            BarDate::Day(days) => append_date(days, &mut date),
            BarDate::Start => append_timestamp(time.start_ms, &mut date),
        }
        let shown = String::from_utf8_lossy(&date).into_owned();
        for (name, text) in [
            ("open", &texts.open),
            ("high", &texts.high),
            ("low", &texts.low),
            ("close", &texts.close),
            ("volume", &texts.volume),
        ] {
            // What stands for a missing number in a CSV is no price of a bar.
            if !text.bytes().any(|byte| byte.is_ascii_digit()) {
                let reason = format!("the {name} of {shown} is no number: {text:?}");
                return Err(BadBar { reason });
            }
        }
        let cells: [&[u8]; 9] = [
            symbol.as_bytes(),
            &date,
            texts.open.as_bytes(),
            texts.high.as_bytes(),
            texts.low.as_bytes(),
            texts.close.as_bytes(),
            texts.adjusted_close.as_deref().unwrap_or("").as_bytes(),
            texts.volume.as_bytes(),
            b"",
        ];
        let mut value = Vec::with_capacity(192);
        let written = self.rows.append_row(cells.into_iter(), &mut value);
        written.map_err(|error| BadBar {
            reason: format!("the bar of {shown}: {error}"),
        })?;
        Ok(Bar {
            start_ms: time.start_ms,
            end_ms: time.end_ms,
            value,
        })
    }
}

impl BarReply {
    /// Takes what was read, in any order. Of two bars of one time the first stays.
    pub(crate) fn new(read: impl IntoIterator<Item = Result<Bar, BadBar>>) -> Self {
        let mut reply = Self::default();
        for bar in read {
            match bar {
                Ok(bar) => reply.bars.push(bar),
                Err(bad) => reply.bad.push(bad),
            }
        }
        reply.bars.sort_by_key(|bar| bar.start_ms);
        reply.bars.dedup_by_key(|bar| bar.start_ms);
        reply
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts() -> BarTexts {
        BarTexts {
            open: "22.8860".to_owned(),
            high: "22.90".to_owned(),
            low: "22.8800001".to_owned(),
            close: "22.8865".to_owned(),
            volume: "10".to_owned(),
            adjusted_close: None,
        }
    }

    const TIME: BarTime = BarTime {
        start_ms: 1_726_874_100_000,
        end_ms: 1_726_874_160_000,
        date: BarDate::Start,
    };

    #[test]
    fn a_bar_has_the_nine_columns_and_the_digits_that_were_sent() {
        let encoder = BarEncoder::new(FieldNames::Original);
        let bar = encoder.bar("INFY", TIME, &texts()).unwrap();
        assert_eq!(
            String::from_utf8(bar.value).unwrap(),
            r#"{"Index":"INFY","Date":"2024-09-20 23:15:00.000","Open":22.8860,"High":22.90,"Low":22.8800001,"Close":22.8865,"Adj Close":null,"Volume":10,"CloseUSD":null}"#
        );
        let day = BarTime {
            date: BarDate::Day(19_986),
            ..TIME
        };
        let adjusted = BarTexts {
            adjusted_close: Some("21.5".to_owned()),
            ..texts()
        };
        let bar = BarEncoder::new(FieldNames::Snake).bar("INFY", day, &adjusted);
        let value = String::from_utf8(bar.unwrap().value).unwrap();
        assert!(value.contains(r#""date":"2024-09-20""#) && value.contains(r#""adj_close":21.5"#));
    }

    #[test]
    fn bars_of_a_reply_are_in_order_and_none_is_there_twice() {
        let bar = |start_ms: i64, value: &str| Bar {
            start_ms,
            end_ms: start_ms + 1,
            value: value.as_bytes().to_vec(),
        };
        let reason = "broken".to_owned();
        let read = [
            Ok(bar(7, "a")),
            Ok(bar(5, "b")),
            Err(BadBar { reason }),
            Ok(bar(7, "c")),
        ];
        let reply = BarReply::new(read);
        assert_eq!(reply.bars, [bar(5, "b"), bar(7, "a")]);
        assert_eq!(reply.bad.len(), 1);
    }

    #[test]
    fn a_bar_without_its_numbers_is_bad() {
        let encoder = BarEncoder::new(FieldNames::Original);
        let reason = |change: fn(&mut BarTexts)| {
            let mut texts = texts();
            change(&mut texts);
            encoder.bar("A", TIME, &texts).unwrap_err().reason
        };
        assert_eq!(
            reason(|texts| texts.close = "None".to_owned()),
            "the close of 2024-09-20 23:15:00.000 is no number: \"None\""
        );
        assert!(reason(|texts| texts.open.clear()).starts_with("the open of"));
        assert!(reason(|texts| texts.high = "1,234.5".to_owned()).contains("column \"High\""));
        let never = BarTime {
            start_ms: i64::MAX,
            ..TIME
        };
        assert!(encoder.bar("A", never, &texts()).is_err());
    }
}
