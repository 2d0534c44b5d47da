//! The stock columns we know by name: their types, and which one is the symbol and which the date.
//!
//! Names are compared without case, blanks and signs, so `Adj Close`, `adj_close` and `AdjClose`
//! are one. A column is a number here only if all its usual values are plain numbers: `Change %`
//! and `Market Cap` ("1.2B") stay text.

use crate::csv_column::ColumnType;

/// The header of the tutorial's `indexProcessed.csv`.
pub const STOCK_HEADER: [&str; 9] = [
    "Index",
    "Date",
    "Open",
    "High",
    "Low",
    "Close",
    "Adj Close",
    "Volume",
    "CloseUSD",
];

/// Names of the symbol column, the strongest first: next to a `Symbol`, an `index` is only the row
/// number that an export adds.
const SYMBOL: [&str; 9] = [
    "symbol",
    "ticker",
    "index",
    "stocksymbol",
    "tickersymbol",
    "stock",
    "instrument",
    "code",
    "name",
];

/// Names of the column that says when the row happened, the strongest first.
const DATE: [&str; 7] = [
    "date",
    "tradedate",
    "tradingdate",
    "datetime",
    "timestamp",
    "time",
    "day",
];

const NUMBERS: [&str; 34] = [
    "open",
    "high",
    "low",
    "close",
    "price",
    "last",
    "volume",
    "closeusd",
    "adjopen",
    "adjhigh",
    "adjlow",
    "adjclose",
    "adjvolume",
    "adjustedopen",
    "adjustedhigh",
    "adjustedlow",
    "adjustedclose",
    "adjustedvolume",
    "openprice",
    "highprice",
    "lowprice",
    "closeprice",
    "prevclose",
    "previousclose",
    "openint",
    "openinterest",
    "vwap",
    "turnover",
    "trades",
    "dividends",
    "dividend",
    "stocksplits",
    "bid",
    "ask",
];

/// The type of a column by its name: number for known prices and volumes, else string.
pub(crate) fn type_of(header: &str) -> ColumnType {
    if NUMBERS.contains(&bare(header).as_str()) {
        ColumnType::Number
    } else {
        ColumnType::String
    }
}

/// Whether a column of this name is known: as a price or volume, as a symbol or as a date.
#[must_use]
pub fn is_stock_name(name: &str) -> bool {
    let bare = bare(name);
    let is_known = |names: &[&str]| names.contains(&bare.as_str());
    is_known(&NUMBERS) || is_known(&SYMBOL) || is_known(&DATE)
}

/// The place of the column with one of these names, the strongest first: lower case, without blanks
/// and signs, such as `adjclose`.
pub fn stock_column<'a>(headers: impl Iterator<Item = &'a str>, names: &[&str]) -> Option<usize> {
    strongest(headers, names)
}

/// The place of the symbol column among names of columns or fields.
pub fn symbol_column<'a>(headers: impl Iterator<Item = &'a str>) -> Option<usize> {
    strongest(headers, &SYMBOL)
}

/// The place of the column that says when a row happened.
pub fn date_column<'a>(headers: impl Iterator<Item = &'a str>) -> Option<usize> {
    strongest(headers, &DATE)
}

fn strongest<'a>(headers: impl Iterator<Item = &'a str>, names: &[&str]) -> Option<usize> {
    let ranked = headers.enumerate().filter_map(|(at, header)| {
        let bare = bare(header);
        names
            .iter()
            .position(|name| *name == bare)
            .map(|rank| (rank, at))
    });
    ranked.min().map(|(_, at)| at)
}

fn bare(name: &str) -> String {
    name.chars()
        .filter(|letter| letter.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tutorials_columns_have_their_types() {
        let kinds = STOCK_HEADER.map(type_of);
        assert_eq!(kinds[..2], [ColumnType::String; 2]);
        assert_eq!(kinds[2..], [ColumnType::Number; 7]);
    }

    #[test]
    fn spellings_of_other_files_are_known() {
        for name in [
            "adj_close",
            "ADJ CLOSE",
            "Adj. Close",
            "OpenInt",
            "Stock Splits",
            "VWAP",
        ] {
            assert_eq!(type_of(name), ColumnType::Number, "{name}");
        }
        for name in ["Close/Last", "Change %", "Market Cap", "Closed"] {
            assert_eq!(type_of(name), ColumnType::String, "{name}");
        }
    }

    #[test]
    fn the_symbol_column_beats_an_exported_row_index() {
        assert_eq!(
            symbol_column(["index", "Date", "Symbol"].into_iter()),
            Some(2)
        );
        assert_eq!(symbol_column(["Index", "Date"].into_iter()), Some(0));
        assert_eq!(symbol_column(["date", "open", "Name"].into_iter()), Some(2));
        assert_eq!(symbol_column(["open", "close"].into_iter()), None);
        assert_eq!(date_column(["Time", "Trade Date"].into_iter()), Some(1));
    }
}
