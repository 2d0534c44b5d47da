//! The symbols: which exchange each trades at, its currency, and the parameters of its model.
//!
//! The 13 index symbols of the tutorial's file have a row in a table. Every other symbol gets
//! parameters from its name alone, so that it is the same in every run and beside all others.

use chrono::NaiveDate;

use crate::{
    calendar::{Exchange, epoch_day},
    random::hash,
};

/// The index symbols of the tutorial's file, in its order.
pub const INDEX_SYMBOLS: [&str; 13] = [
    "HSI",
    "NYA",
    "IXIC",
    "000001.SS",
    "N225",
    "N100",
    "399001.SZ",
    "GSPTSE",
    "NSEI",
    "GDAXI",
    "SSMI",
    "TWII",
    "J203.JO",
];

/// What the model needs to know about a symbol.
#[derive(Clone, Debug)]
pub(crate) struct Parameters {
    /// The code of the exchange.
    pub(crate) exchange: &'static str,
    /// Hundredths of a US dollar for one unit of the currency of the prices.
    pub(crate) cents: i64,
    /// The day of `price`, in days since 1970-01-01.
    pub(crate) first_day: i32,
    /// The price level on the first day.
    pub(crate) price: f64,
    /// The growth of the price level in a year, as a logarithm.
    pub(crate) yearly_growth: f64,
    /// How much of the market factor the symbol takes.
    pub(crate) beta: f64,
    /// The standard deviation of a day's own return.
    pub(crate) own_deviation: f64,
    /// The usual volume on the first day.
    pub(crate) volume: f64,
    /// The growth of the usual volume in a year, as a logarithm.
    pub(crate) yearly_volume_growth: f64,
    /// Volumes are multiples of this.
    pub(crate) lot: i64,
}

/// One row of the table.
struct IndexRow {
    exchange: &'static str,
    cents: i64,
    first: &'static str,
    price: f64,
    /// The growth of a trading day, in millionths.
    growth: f64,
    beta: f64,
    own_deviation: f64,
    volume_2000: f64,
    volume_2020: f64,
}

/// In the order of [`INDEX_SYMBOLS`]. Levels, growth and volumes are round numbers of the size that
/// the original's have.
const INDEX_ROWS: [IndexRow; 13] = [
    IndexRow {
        exchange: "XHKG",
        cents: 13,
        first: "1986-12-31",
        price: 2_500.0,
        growth: 289.0,
        beta: 1.1,
        own_deviation: 0.009,
        volume_2000: 200e6,
        volume_2020: 2_200e6,
    },
    IndexRow {
        exchange: "XNYS",
        cents: 100,
        first: "1965-12-31",
        price: 500.0,
        growth: 247.0,
        beta: 0.95,
        own_deviation: 0.005,
        volume_2000: 1_000e6,
        volume_2020: 4_500e6,
    },
    IndexRow {
        exchange: "XNYS",
        cents: 100,
        first: "1971-02-05",
        price: 100.0,
        growth: 388.0,
        beta: 1.15,
        own_deviation: 0.007,
        volume_2000: 1_500e6,
        volume_2020: 2_600e6,
    },
    IndexRow {
        exchange: "XSHG",
        cents: 16,
        first: "1997-07-02",
        price: 1_200.0,
        growth: 190.0,
        beta: 0.7,
        own_deviation: 0.009,
        volume_2000: 10e3,
        volume_2020: 300e3,
    },
    IndexRow {
        exchange: "XTKS",
        cents: 1,
        first: "1965-01-05",
        price: 1_300.0,
        growth: 227.0,
        beta: 0.95,
        own_deviation: 0.009,
        volume_2000: 80e6,
        volume_2020: 120e6,
    },
    IndexRow {
        exchange: "XPAR",
        cents: 122,
        first: "1999-12-31",
        price: 1_000.0,
        growth: 44.0,
        beta: 1.1,
        own_deviation: 0.005,
        volume_2000: 300e6,
        volume_2020: 240e6,
    },
    IndexRow {
        exchange: "XSHG",
        cents: 16,
        first: "1997-08-22",
        price: 4_000.0,
        growth: 219.0,
        beta: 0.75,
        own_deviation: 0.01,
        volume_2000: 10e3,
        volume_2020: 1e6,
    },
    IndexRow {
        exchange: "XTSE",
        cents: 83,
        first: "1979-06-29",
        price: 1_500.0,
        growth: 239.0,
        beta: 0.85,
        own_deviation: 0.005,
        volume_2000: 100e6,
        volume_2020: 24_000e6,
    },
    IndexRow {
        exchange: "XNSE",
        cents: 1,
        first: "2007-09-17",
        price: 4_500.0,
        growth: 370.0,
        beta: 0.8,
        own_deviation: 0.009,
        volume_2000: 100e3,
        volume_2020: 600e3,
    },
    IndexRow {
        exchange: "XETR",
        cents: 122,
        first: "1987-12-30",
        price: 1_000.0,
        growth: 324.0,
        beta: 1.15,
        own_deviation: 0.006,
        volume_2000: 40e6,
        volume_2020: 100e6,
    },
    IndexRow {
        exchange: "XSWX",
        cents: 111,
        first: "1990-11-09",
        price: 1_400.0,
        growth: 273.0,
        beta: 0.9,
        own_deviation: 0.005,
        volume_2000: 50e6,
        volume_2020: 60e6,
    },
    IndexRow {
        exchange: "XTAI",
        cents: 4,
        first: "1997-07-02",
        price: 9_000.0,
        growth: 108.0,
        beta: 0.8,
        own_deviation: 0.009,
        volume_2000: 3e6,
        volume_2020: 5e6,
    },
    IndexRow {
        exchange: "XJSE",
        cents: 7,
        first: "2012-02-08",
        price: 34_000.0,
        growth: 295.0,
        beta: 0.85,
        own_deviation: 0.007,
        volume_2000: 100e6,
        volume_2020: 200e6,
    },
];

/// Where the symbols of Yahoo's other exchanges trade, and the cents of their currencies: ending,
/// exchange, cents.
const ENDINGS: [(&str, &str, i64); 16] = [
    (".HK", "XHKG", 13),
    (".SS", "XSHG", 16),
    (".SZ", "XSHG", 16),
    (".T", "XTKS", 1),
    (".PA", "XPAR", 122),
    (".AS", "XPAR", 122),
    (".BR", "XPAR", 122),
    (".LS", "XPAR", 122),
    (".TO", "XTSE", 83),
    (".NS", "XNSE", 1),
    (".BO", "XNSE", 1),
    (".DE", "XETR", 122),
    (".SW", "XSWX", 111),
    (".TW", "XTAI", 4),
    (".JO", "XJSE", 7),
    (".US", "XNYS", 100),
];

/// Trading days of a year.
const DAYS_OF_TRADING: f64 = 252.0;
/// The days from the start of 2000 to the start of 2020, in years.
const VOLUME_YEARS: f64 = 20.0;

/// The exchange of a symbol: that of the table for the 13 indices, that of Yahoo's ending (`.HK`,
/// `.DE`) for others, and else New York.
#[must_use]
pub fn exchange_of(symbol: &str) -> &'static Exchange {
    static NOWHERE: std::sync::LazyLock<Exchange> =
        std::sync::LazyLock::new(Exchange::always_closed);
    // A test asks for the exchange of each row.
    Exchange::with_code(parameters(symbol).exchange).unwrap_or_else(|| &NOWHERE)
}

/// The parameters of a symbol; the same for ever.
pub(crate) fn parameters(symbol: &str) -> Parameters {
    match INDEX_SYMBOLS.iter().position(|index| *index == symbol) {
        Some(at) => of_index(&INDEX_ROWS[at]),
        None => of_name(symbol),
    }
}

fn of_index(row: &IndexRow) -> Parameters {
    let first_day = day(row.first);
    let yearly_volume_growth = libm::log(row.volume_2020 / row.volume_2000) / VOLUME_YEARS;
    let years = f64::from(first_day - day("2000-01-01")) / 365.25;
    Parameters {
        exchange: row.exchange,
        cents: row.cents,
        first_day,
        price: row.price,
        yearly_growth: row.growth / 1e6 * DAYS_OF_TRADING,
        beta: row.beta,
        own_deviation: row.own_deviation,
        volume: row.volume_2000 * libm::exp(yearly_volume_growth * years),
        yearly_volume_growth,
        lot: 100,
    }
}

/// A share: its name decides the price level in the year 2000 (15 to 400), the growth (3 to 6 % a
/// year), its part of the market factor (0.7 to 1.5), its own risk (0.8 to 1.6 % a day) and its
/// volume (0.3 to 30 million).
fn of_name(symbol: &str) -> Parameters {
    let bits = hash(symbol);
    // FNV's low bits mix best; a multiplication spreads them over the parts.
    let part = |at: u32| {
        let mixed = (bits ^ u64::from(at)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed >> 48) as f64 / 65_536.0
    };
    let ending = ENDINGS.iter().find(|ending| symbol.ends_with(ending.0));
    let (exchange, cents) = ending.map_or(("XNYS", 100), |ending| (ending.1, ending.2));
    Parameters {
        exchange,
        cents,
        first_day: day("2000-01-01"),
        price: 15.0 * libm::exp(3.3 * part(1)),
        yearly_growth: 0.03 + 0.03 * part(2),
        beta: 0.7 + 0.8 * part(3),
        own_deviation: 0.008 + 0.008 * part(4),
        volume: 300e3 * libm::exp(4.6 * part(5)),
        yearly_volume_growth: 0.02,
        lot: 1,
    }
}

fn day(text: &str) -> i32 {
    // The dates are constants, and a test parses each.
    epoch_day(text.parse::<NaiveDate>().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_has_a_day_and_an_exchange() {
        for (symbol, row) in INDEX_SYMBOLS.iter().zip(&INDEX_ROWS) {
            assert_eq!(exchange_of(symbol).code(), row.exchange);
            assert!(row.first.parse::<NaiveDate>().is_ok(), "{symbol}");
        }
        for (ending, exchange, _) in ENDINGS {
            assert_eq!(exchange_of(&format!("X{ending}")).code(), exchange);
        }
        assert_eq!(exchange_of("AAPL").code(), "XNYS");
    }

    #[test]
    fn the_name_decides_and_its_parts_differ() {
        let (a, b) = (parameters("AAPL"), parameters("MSFT"));
        assert_eq!(a.price, parameters("AAPL").price);
        assert!((a.price - b.price).abs() > 0.1 && (a.beta - b.beta).abs() > 0.001);
        for name in 0..1000 {
            let found = parameters(&format!("S{name}"));
            assert!((15.0..410.0).contains(&found.price) && (0.7..1.5).contains(&found.beta));
            assert!((0.008..0.016).contains(&found.own_deviation), "{found:?}");
        }
    }
}
