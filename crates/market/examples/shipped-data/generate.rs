//! Writes a file in the shape of the tutorial's `indexProcessed.csv`, without a single row of it.
//!
//! The header, the symbols, the rows per symbol, the date ranges, the order, the forms of the
//! numbers, the days without volume and the flat days are those of the original; prices and volumes
//! are simulated. The output is always the same, byte for byte: beyond the simulator it takes only
//! additions, multiplications, divisions and rounding, which yield the same bits on every machine.

use std::io::{self, Write};

use crate::{choice::Choice, rows::rows, shapes::SHAPES};

/// Writes the whole file, header first.
///
/// # Errors
/// Whatever `out` returns.
pub(crate) fn write(out: &mut impl Write) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(schema::STOCK_HEADER)?;
    for (stream, shape) in (0..).zip(&SHAPES) {
        for row in rows(shape, &mut Choice::new(stream)).map_err(io::Error::other)? {
            writer.write_record(row.cells(shape))?;
        }
    }
    writer.flush()
}

#[cfg(test)]
mod tests {
    use chrono::{Datelike, NaiveDate, Weekday};

    use super::*;
    use crate::shapes::IndexShape;

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
            "write it again: cargo run -p market --example shipped-data > data/indexProcessed.csv"
        );
    }

    #[test]
    fn the_shape_is_that_of_the_original() {
        let mut reader = csv::Reader::from_reader(std::io::Cursor::new(generated()));
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), 104_224);
        let mut rest = rows.as_slice();
        for shape in &SHAPES {
            let (own, others) = rest.split_at(shape.rows);
            rest = others;
            check_market(shape, own);
        }
    }

    fn check_market(shape: &IndexShape, rows: &[csv::StringRecord]) {
        let count =
            |test: &dyn Fn(&csv::StringRecord) -> bool| rows.iter().filter(|row| test(row)).count();
        assert_eq!(count(&|row| &row[0] == shape.symbol), shape.rows);
        assert_eq!(
            (&rows[0][1], &rows[shape.rows - 1][1]),
            (shape.first, shape.last)
        );
        assert!(
            rows.windows(2).all(|pair| pair[0][1] < pair[1][1]),
            "dates rise"
        );
        assert_eq!(
            count(&|row| &row[7] == "0.0"),
            shape.quiet + shape.later_zero
        );
        assert_eq!(count(&|row| (3..6).all(|at| row[at] == row[2])), shape.flat);
        assert_eq!(count(&|row| row[5] != row[6]), shape.adjusted);
        for row in rows {
            check_row(shape, row);
        }
    }

    fn check_row(shape: &IndexShape, row: &csv::StringRecord) {
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
            close * shape.in_usd,
            "{row:?}"
        );
    }
}
