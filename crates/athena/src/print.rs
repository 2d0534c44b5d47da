//! Writes an answer to stdout as a table, as CSV or as JSON.

use std::io::{self, Write};

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use serde_json::{Value, json};

use crate::{
    answer::{AnswerColumn, text},
    args::AnswerForm,
};

/// Writes one answer.
///
/// # Errors
/// When `out` cannot be written.
pub(crate) fn answer(
    out: &mut impl Write,
    form: AnswerForm,
    columns: &[AnswerColumn],
    rows: &[Vec<Value>],
) -> io::Result<()> {
    match form {
        AnswerForm::Table => table(out, columns, rows),
        AnswerForm::Csv => csv(out, columns, rows),
        AnswerForm::Json => {
            let columns: Vec<Value> = columns
                .iter()
                .map(|column| json!({"name": column.name, "type": column.trino_type}))
                .collect();
            writeln!(out, "{}", json!({"columns": columns, "rows": rows}))
        }
    }
}

fn table(out: &mut impl Write, columns: &[AnswerColumn], rows: &[Vec<Value>]) -> io::Result<()> {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(columns.iter().map(|column| &column.name));
    for row in rows {
        table.add_row(row.iter().map(|value| on_one_line(&text(value))));
    }
    for (at, column) in columns.iter().enumerate() {
        if is_number(&column.trino_type)
            && let Some(column) = table.column_mut(at)
        {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    writeln!(out, "{table}")?;
    let rows = rows.len();
    writeln!(out, "{rows} row{}", if rows == 1 { "" } else { "s" })
}

/// A text of the data must neither break the table nor steer the terminal.
fn on_one_line(text: &str) -> String {
    text.chars()
        .map(|sign| if sign.is_control() { '\u{fffd}' } else { sign })
        .collect()
}

fn is_number(trino_type: &str) -> bool {
    let name = trino_type.split('(').next().unwrap_or_default();
    [
        "tinyint", "smallint", "integer", "bigint", "real", "double", "decimal",
    ]
    .contains(&name)
}

/// Athena's own form of a result: quotes around every value, and none around NULL.
fn csv(out: &mut impl Write, columns: &[AnswerColumn], rows: &[Vec<Value>]) -> io::Result<()> {
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let header: Vec<String> = columns.iter().map(|column| quoted(&column.name)).collect();
    writeln!(out, "{}", header.join(","))?;
    for row in rows {
        let cells: Vec<String> = row
            .iter()
            .map(|value| match value {
                Value::Null => String::new(),
                value => quoted(&text(value)),
            })
            .collect();
        writeln!(out, "{}", cells.join(","))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(form: AnswerForm) -> String {
        let column = |name: &str, trino_type: &str| AnswerColumn {
            name: name.to_owned(),
            trino_type: trino_type.to_owned(),
        };
        let columns = [column("symbol", "varchar"), column("close", "double")];
        let rows = [
            vec![json!("a \"b\""), json!(1.5)],
            vec![json!("x\n\u{1b}[31m"), Value::Null],
        ];
        let mut out = Vec::new();
        answer(&mut out, form, &columns, &rows).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn csv_tells_null_from_an_empty_text() {
        assert_eq!(
            printed(AnswerForm::Csv),
            "\"symbol\",\"close\"\n\"a \"\"b\"\"\",\"1.5\"\n\"x\n\u{1b}[31m\",\n"
        );
    }

    #[test]
    fn json_has_types_and_one_line() {
        let text = printed(AnswerForm::Json);
        assert_eq!(text.lines().count(), 1);
        let answer: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(answer["columns"][1]["type"], "double");
        assert_eq!(answer["rows"][1][1], Value::Null);
    }

    #[test]
    fn a_table_is_not_broken_by_its_data() {
        let text = printed(AnswerForm::Table);
        assert!(!text.contains('\u{1b}'), "{text}");
        assert!(text.ends_with("2 rows\n"), "{text}");
    }
}
