//! The question that is answered twice, from the objects and from the CSV: the average close per
//! symbol.
//!
//! It does not choose the columns (see `table`). Invariant: the figures do not depend on the order
//! of the rows, so that the same rows have the same averages to the last bit.

use std::collections::{BTreeMap, BTreeSet};

use comfy_table::{CellAlignment, Table, presets};
use serde_json::Value;

use crate::{checker::Landed, excerpt::Question};

/// The most symbols that are printed.
const SHOWN: usize = 20;

/// The average of one symbol's closes.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Average {
    rows: usize,
    mean: f64,
}

/// The answer as a table, and the number of symbols for which the two sides differ. `source` is
/// what the rows are from, in words.
pub(crate) fn answer(question: &Question, objects: &[Landed], source: &str) -> (String, usize) {
    let from_rows = averages(question.closes.iter().cloned());
    let from_objects = averages(
        objects
            .iter()
            .filter_map(|object| read(question, &object.body)),
    );
    let symbols: BTreeSet<&String> = from_rows.keys().chain(from_objects.keys()).collect();

    let mut table = empty_table(question, source);
    let mut differences = 0;
    for (at, symbol) in symbols.iter().enumerate() {
        let (landed, sent) = (from_objects.get(*symbol), from_rows.get(*symbol));
        let same = if landed == sent { "same" } else { "DIFFERENT" };
        differences += usize::from(landed != sent);
        if at < SHOWN {
            let rows = landed.map_or(0, |average| average.rows).to_string();
            let symbol = (*symbol).clone();
            table.add_row([symbol, rows, shown(landed), shown(sent), same.to_owned()]);
        }
    }
    let rest = match symbols.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!("\n… and {more} more"),
    };
    (format!("{table}{rest}"), differences)
}

fn empty_table(question: &Question, source: &str) -> Table {
    let close = &question.close;
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED).set_header([
        question.symbol.clone(),
        "rows".to_owned(),
        format!("average {close}, from S3"),
        format!("average {close}, from {source}"),
        String::new(),
    ]);
    for column in table.column_iter_mut().skip(1).take(3) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn shown(average: Option<&Average>) -> String {
    average.map_or("none".to_owned(), |average| format!("{:.2}", average.mean))
}

/// Symbol and close of one object, if it has both.
fn read(question: &Question, body: &[u8]) -> Option<(String, f64)> {
    let record: Value = serde_json::from_slice(body).ok()?;
    let symbol = record.get(&question.symbol)?.as_str()?;
    Some((symbol.to_owned(), record.get(&question.close)?.as_f64()?))
}

fn averages(closes: impl Iterator<Item = (String, f64)>) -> BTreeMap<String, Average> {
    let mut by_symbol: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for (symbol, close) in closes {
        by_symbol.entry(symbol).or_default().push(close);
    }
    let average = |mut closes: Vec<f64>| {
        // A sum of floats depends on the order.
        closes.sort_by(f64::total_cmp);
        Average {
            rows: closes.len(),
            mean: closes.iter().sum::<f64>() / closes.len() as f64,
        }
    };
    by_symbol
        .into_iter()
        .map(|(symbol, closes)| (symbol, average(closes)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(bodies: &[&str]) -> (String, usize) {
        let closes = [("A", 0.1), ("A", 0.2), ("A", 0.3), ("B", 7.0)];
        let question = Question {
            symbol: "Index".to_owned(),
            close: "Close".to_owned(),
            closes: closes
                .map(|(symbol, close)| (symbol.to_owned(), close))
                .to_vec(),
        };
        let landed = |body: &&str| Landed {
            key: String::new(),
            body: body.as_bytes().to_vec(),
        };
        let objects: Vec<Landed> = bodies.iter().map(landed).collect();
        answer(&question, &objects, "the CSV")
    }

    const A: [&str; 3] = [
        r#"{"Index":"A","Close":0.3}"#,
        r#"{"Index":"A","Close":0.1}"#,
        r#"{"Index":"A","Close":0.2}"#,
    ];
    const B: &str = r#"{"Index":"B","Close":7}"#;

    #[test]
    fn the_same_closes_in_another_order_have_the_same_average() {
        let (table, differences) = ask(&[A[0], B, A[1], A[2], r#"{"Index":"B","Close":null}"#]);
        assert_eq!(differences, 0, "{table}");
        assert!(table.contains("0.20") && table.contains("7.00"), "{table}");
    }

    #[test]
    fn a_symbol_that_differs_or_lacks_is_counted() {
        let (table, differences) = ask(&[A[0], A[1], B]);
        assert!(differences == 1 && table.contains("DIFFERENT"), "{table}");
        let (table, differences) = ask(&A);
        assert!(differences == 1 && table.contains("none"), "{table}");
    }
}
