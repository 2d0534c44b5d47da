//! The answers that Trino gave to the records of the landing, in `tests/expected`.
//!
//! They hold on any day: a date of the live feed stands there as `today-3`, and rows of its symbols
//! are left out where they depend on what day it is, as weeks and months do.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use chrono::{Days, NaiveDate};
use serde_json::{Value, json};

use super::{
    answer_table::{AnswerField, AnswerTable},
    records::{LIVE, LIVE_DAYS},
};

/// Queries about the last days: the live feed belongs to their answers.
const ABOUT_TODAY: [&str; 3] = [
    "06-average-close-by-arrival.sql",
    "07-records-per-day.sql",
    "39-average-price.sql",
];

fn path(title: &str) -> PathBuf {
    let name = format!("{}.json", title.trim_end_matches(".sql"));
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/expected")
        .join(name)
}

/// The kept answer of a file; `None` when there is none.
pub(crate) fn read(title: &str) -> Option<AnswerTable> {
    let text = fs::read_to_string(path(title)).ok()?;
    let kept: Value = serde_json::from_str(&text).unwrap();
    let word = |column: &Value, name: &str| column[name].as_str().unwrap().to_owned();
    let field = |column: &Value| AnswerField::new(word(column, "name"), word(column, "type"));
    let row = |row: &Value| row.as_array().unwrap().clone();
    Some(AnswerTable {
        fields: kept["columns"]
            .as_array()
            .unwrap()
            .iter()
            .map(field)
            .collect(),
        rows: kept["rows"].as_array().unwrap().iter().map(row).collect(),
    })
}

/// In what an answer differs from the kept one.
pub(crate) fn difference(title: &str, answer: &AnswerTable, today: NaiveDate) -> Option<String> {
    let Some(kept) = read(title) else {
        return Some(format!(
            "{title}: no answer of Trino is kept in tests/expected"
        ));
    };
    // The query of the original has no order: its answer comes in any.
    let ordered = !title.starts_with("39");
    let what = on_any_day(title, answer, today).difference(&kept, ordered)?;
    Some(format!("{title}: {what}"))
}

/// Keeps an answer when `E2E_WRITE_EXPECTED` is set.
pub(crate) fn write_if_asked(title: &str, answer: &AnswerTable, today: NaiveDate) {
    if std::env::var_os("E2E_WRITE_EXPECTED").is_none() {
        return;
    }
    let answer = on_any_day(title, answer, today);
    let column = |field: &AnswerField| json!({"name": field.name, "type": field.trino_type});
    let columns: Vec<Value> = answer.fields.iter().map(column).collect();
    let mut text = format!("{{\"columns\":{},\"rows\":[", json!(columns));
    for (at, row) in answer.rows.iter().enumerate() {
        let separator = if at > 0 { "," } else { "" };
        write!(text, "{separator}\n{}", json!(row)).unwrap();
    }
    text.push_str("\n]}\n");
    fs::create_dir_all(path(title).parent().unwrap()).unwrap();
    fs::write(path(title), text).unwrap();
}

/// The answer without what only today makes it.
fn on_any_day(title: &str, answer: &AnswerTable, today: NaiveDate) -> AnswerTable {
    let mut answer = answer.clone();
    for value in answer.rows.iter_mut().flatten() {
        if let Value::String(text) = value {
            for back in 0..LIVE_DAYS {
                let day = today.checked_sub_days(Days::new(back)).unwrap().to_string();
                *text = text.replace(&day, &format!("today-{back}"));
            }
        }
    }
    if !ABOUT_TODAY.contains(&title) {
        let is_live = |value: &Value| {
            let text = value.as_str().unwrap_or_default();
            LIVE.contains(&text) || text.starts_with("today-")
        };
        answer.rows.retain(|row| !row.iter().any(is_live));
    }
    answer
}

#[test]
fn an_answer_holds_on_any_day() {
    let today = NaiveDate::from_ymd_opt(2026, 3, 1).unwrap();
    let answer = AnswerTable {
        fields: Vec::new(),
        rows: vec![
            vec![json!("2026-02-27"), json!(1)],
            vec![json!("LIVE"), json!(2)],
            vec![json!("2026-02-01"), json!(3)],
        ],
    };
    let kept = on_any_day("05-a.sql", &answer, today).rows;
    assert_eq!(kept, [[json!("2026-02-01"), json!(3)]]);
    let kept = on_any_day(ABOUT_TODAY[0], &answer, today).rows;
    assert_eq!(kept[0], [json!("today-2"), json!(1)]);
    assert_eq!(kept.len(), 3);
}
