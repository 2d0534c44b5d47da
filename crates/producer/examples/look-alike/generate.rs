//! Writes a file that looks like the tutorial's `indexProcessed.csv`, without a single row of it.
//!
//! The header, the symbols, the rows per symbol, the date ranges, the order, the forms of the
//! numbers, the days without volume and the flat days are those of the original; the prices are a
//! seeded random walk. The arithmetic is limited to additions, multiplications, divisions and
//! rounding, which yield the same bits on every machine, unlike `exp` or `ln`. Invariant: the
//! output is always the same, byte for byte.

use std::io::{self, Write};

use crate::{calendar, dice::Dice, markets::MARKETS, walk};

/// Writes the whole file, header first.
///
/// # Errors
/// Whatever `out` returns.
pub(crate) fn write(out: &mut impl Write) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(schema::STOCK_HEADER)?;
    for (stream, market) in (0..).zip(&MARKETS) {
        // Each market has its own stream, so adding a market does not change the others.
        let mut dice = Dice::new(stream);
        let days = calendar::trading_days(market, &mut dice);
        for row in walk::rows(market, &days, &mut dice) {
            writer.write_record(row.cells(market))?;
        }
    }
    writer.flush()
}

#[cfg(test)]
mod tests {
    use chrono::{Datelike, NaiveDate, Weekday};

    use super::*;
    use crate::markets::Market;

    fn generated() -> Vec<u8> {
        let mut out = Vec::new();
        write(&mut out).unwrap();
        out
    }

    #[test]
    fn the_file_in_data_is_what_the_generator_writes() {
        let file = std::fs::read(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../data/indexProcessed.csv"
        ))
        .unwrap();
        assert!(
            file == generated(),
            "write it again: cargo run -p producer --example look-alike > data/indexProcessed.csv"
        );
    }

    #[test]
    fn the_shape_is_that_of_the_original() {
        let mut reader = csv::Reader::from_reader(std::io::Cursor::new(generated()));
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), 104_224);
        let mut rest = rows.as_slice();
        for market in &MARKETS {
            let (own, others) = rest.split_at(market.rows);
            rest = others;
            check_market(market, own);
        }
    }

    fn check_market(market: &Market, rows: &[csv::StringRecord]) {
        let count =
            |test: &dyn Fn(&csv::StringRecord) -> bool| rows.iter().filter(|row| test(row)).count();
        assert_eq!(count(&|row| &row[0] == market.symbol), market.rows);
        assert_eq!(
            (&rows[0][1], &rows[market.rows - 1][1]),
            (market.first, market.last)
        );
        assert!(
            rows.windows(2).all(|pair| pair[0][1] < pair[1][1]),
            "dates rise"
        );
        assert_eq!(
            count(&|row| &row[7] == "0.0"),
            market.quiet + market.later_zero
        );
        assert_eq!(
            count(&|row| (3..6).all(|at| row[at] == row[2])),
            market.flat
        );
        assert_eq!(count(&|row| row[5] != row[6]), market.adjusted);
        for row in rows {
            check_row(market, row);
        }
    }

    fn check_row(market: &Market, row: &csv::StringRecord) {
        let date: NaiveDate = row[1].parse().unwrap();
        assert!(
            !matches!(date.weekday(), Weekday::Sat | Weekday::Sun),
            "{row:?}"
        );
        let [open, high, low, close] = [2, 3, 4, 5].map(|at| row[at].parse::<f64>().unwrap());
        assert!(
            0.0 < low && low <= open.min(close) && open.max(close) <= high,
            "{row:?}"
        );
        for cell in row.iter().skip(2) {
            assert_eq!(
                format!("{:?}", cell.parse::<f64>().unwrap()),
                cell,
                "the shortest form of the number: {row:?}"
            );
        }
        assert!(
            (2..7).all(|at| row[at].split_once('.').unwrap().1.len() <= 6),
            "{row:?}"
        );
        assert!(row[7].ends_with(".0"), "{row:?}");
        assert_eq!(
            row[8].parse::<f64>().unwrap(),
            close * market.in_usd,
            "{row:?}"
        );
    }
}
