//! The simulated market of `demo --simulate`: what the producer is asked for, and the rows that it
//! must send.
//!
//! The rows are written as a CSV from the numbers of the events, so that the demo's own way from
//! cells to JSON (see `table`) judges what the producer has sent. The same seed is the same market.

use std::path::Path;

use anyhow::{Context, bail};
use csv::WriterBuilder;
use market::{Bar, Event, EventContent, EventDate, Simulator, SimulatorSettings};
use schema::{STOCK_HEADER, append_date};

const SEED: u64 = 7;
/// About as many daily bars of the 13 indices as the CSV of the repository has rows.
const FROM: &str = "1990-01-01";
const TO: &str = "2020-12-31";

/// The flags of a producer that sends the first `rows` rows of the market.
pub(crate) fn flags(rows: u64) -> Vec<String> {
    let text = format!("--simulate --seed {SEED} --from {FROM} --to {TO} --limit {rows}");
    text.split(' ').map(str::to_owned).collect()
}

/// Writes the first `rows` rows of the market, or all if there are fewer.
///
/// # Errors
/// If the file cannot be written.
pub(crate) fn write_csv(rows: u64, file: &Path) -> anyhow::Result<()> {
    let simulator = Simulator::new(&SimulatorSettings {
        seed: SEED,
        from: FROM.parse()?,
        to: TO.parse()?,
        ..SimulatorSettings::default()
    })?;
    let cannot_write = || format!("cannot write {}", file.display());
    let mut writer = WriterBuilder::new()
        .from_path(file)
        .with_context(cannot_write)?;
    writer
        .write_record(STOCK_HEADER)
        .with_context(cannot_write)?;
    for event in simulator.take(usize::try_from(rows)?) {
        let cells = cells(&event)?;
        writer.write_record(cells).with_context(cannot_write)?;
    }
    writer.flush().with_context(cannot_write)
}

/// The cells of a daily bar, in the order of the header.
fn cells(event: &Event) -> anyhow::Result<[String; 9]> {
    let (EventDate::Day(days), EventContent::Bar(bar)) = (event.date(), event.content()) else {
        bail!("the simulated market gave something else than daily bars");
    };
    let mut date = Vec::new();
    append_date(days, &mut date);
    let Bar {
        open,
        high,
        low,
        close,
        adj_close,
        volume,
        close_usd,
    } = bar;
    Ok([
        event.symbol().to_owned(),
        String::from_utf8(date)?,
        open.to_string(),
        high.to_string(),
        low.to_string(),
        close.to_string(),
        adj_close.to_string(),
        volume.to_string(),
        close_usd.map(|price| price.to_string()).unwrap_or_default(),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rows_are_those_of_every_index() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("market.csv");
        write_csv(300, &file).unwrap();
        let mut reader = csv::Reader::from_path(&file).unwrap();
        assert_eq!(reader.headers().unwrap(), &STOCK_HEADER[..]);
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        let mut symbols: Vec<&str> = rows.iter().map(|row| &row[0]).collect();
        symbols.sort_unstable();
        symbols.dedup();
        assert_eq!((rows.len(), symbols.len()), (300, 13));
        assert!(rows.iter().all(|row| row[1].starts_with("1990-")));
    }
}
