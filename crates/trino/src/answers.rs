//! Compares the functions with Trino 476: each line of `tests/answers/*.jsonl` is a statement with
//! the answer that Trino gave.
//!
//! `E2E_TRINO_URL` names a running Trino, with which `recorded_answers_are_those_of_trino` compares
//! the files; with `E2E_RECORD_ANSWERS=1` it writes them anew.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::{DataType, DurationMillisecondType};
use datafusion::error::DataFusionError;
use datafusion::prelude::SessionConfig;
use datafusion::sql::parser::{DFParserBuilder, Statement};
use datafusion::sql::sqlparser::ast;
use datafusion::sql::sqlparser::dialect::{Dialect, GenericDialect};
use serde_json::{Map, Value as Json, json};

use super::calendar::{date_text, timestamp_text};
use super::casts::convert;
use super::types::type_name;
use super::value::{Value, values};
use super::{KNOWN, TrinoError, session};

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/answers");
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "jsonl"))
        .collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

fn cases(file: &Path) -> Vec<Json> {
    fs::read_to_string(file)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The value as Trino's client protocol has it.
fn rendered(array: &ArrayRef) -> Vec<Json> {
    let data_type = array.data_type();
    match data_type {
        DataType::List(_) => {
            let lists = array.as_list::<i32>();
            (0..lists.len())
                .map(|row| match lists.is_null(row) {
                    true => Json::Null,
                    false => Json::Array(rendered(&lists.value(row))),
                })
                .collect()
        }
        DataType::Struct(_) => {
            let rows = array.as_struct();
            let columns: Vec<Vec<Json>> = rows.columns().iter().map(rendered).collect();
            (0..rows.len())
                .map(|row| match rows.is_null(row) {
                    true => Json::Null,
                    false => columns.iter().map(|column| column[row].clone()).collect(),
                })
                .collect()
        }
        DataType::Map(_, _) => {
            let maps = array.as_map();
            (0..maps.len())
                .map(|row| {
                    if maps.is_null(row) {
                        return Json::Null;
                    }
                    let entries = maps.value(row);
                    let keys = rendered(entries.column(0));
                    let values = rendered(entries.column(1));
                    let members = keys.into_iter().zip(values).map(|(key, value)| {
                        let name = key.as_str().map_or_else(|| key.to_string(), str::to_owned);
                        (name, value)
                    });
                    Json::Object(members.collect::<Map<String, Json>>())
                })
                .collect()
        }
        DataType::Duration(_) => {
            let durations = array.as_primitive::<DurationMillisecondType>();
            durations
                .iter()
                .map(|millis| millis.map_or(Json::Null, |millis| json!(interval_text(millis))))
                .collect()
        }
        DataType::Null => vec![Json::Null; array.len()],
        _ => values(array)
            .unwrap()
            .into_iter()
            .map(|value| rendered_value(value, data_type))
            .collect(),
    }
}

fn rendered_value(value: Value<'_>, data_type: &DataType) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Boolean(value) => json!(value),
        Value::Integer(value) => json!(value),
        Value::Double(value) if value.is_nan() => json!("NaN"),
        Value::Double(value) if value.is_infinite() => {
            json!(if value > 0.0 { "Infinity" } else { "-Infinity" })
        }
        // A real is printed by its own digits.
        Value::Double(value) if data_type == &DataType::Float32 => {
            json!((value as f32).to_string().parse::<f64>().unwrap())
        }
        Value::Double(value) => json!(value),
        Value::Text(text) => json!(text),
        Value::Date(days) => json!(date_text(days)),
        Value::Timestamp(millis) => match data_type {
            DataType::Timestamp(_, Some(_)) => json!(timestamp_text(millis) + " UTC"),
            _ => json!(timestamp_text(millis)),
        },
        other => match convert(other.clone(), data_type, &DataType::Utf8) {
            Ok(Value::Text(text)) => json!(text),
            _ => json!(format!("{other:?}")),
        },
    }
}

fn interval_text(millis: i64) -> String {
    let (sign, absolute) = (if millis < 0 { "-" } else { "" }, millis.abs());
    let clock = super::calendar::clock_text(absolute);
    format!("{sign}{} {clock}", absolute / 86_400_000)
}

/// Equal, or doubles whose distance is rounding. Trino's years beyond four digits have a plus.
fn agrees(local: &Json, trino: &Json) -> bool {
    match (local, trino) {
        (Json::Number(local), Json::Number(trino)) => {
            let (local, trino) = (local.as_f64().unwrap(), trino.as_f64().unwrap());
            local == trino || (local - trino).abs() <= 1e-12 * trino.abs()
        }
        (Json::Array(local), Json::Array(trino)) => {
            local.len() == trino.len()
                && local
                    .iter()
                    .zip(trino)
                    .all(|(local, trino)| agrees(local, trino))
        }
        (Json::Object(local), Json::Object(trino)) => {
            local.len() == trino.len()
                && local
                    .iter()
                    .all(|(name, local)| trino.get(name).is_some_and(|trino| agrees(local, trino)))
        }
        (Json::String(local), Json::String(trino)) => {
            local == trino || trino.strip_prefix('+') == Some(local.as_str())
        }
        _ => local == trino,
    }
}

/// A type in which the differences that are known are gone: here every whole literal is bigint,
/// varchar has no length, timestamps have three digits, and a decimal may have more digits before
/// the point.
fn simplified(name: &str) -> String {
    let name = name.to_lowercase();
    let mut simple = String::new();
    let mut rest = name.as_str();
    while !rest.is_empty() {
        let end = rest
            .find(|sign: char| !sign.is_ascii_alphanumeric())
            .unwrap_or(rest.len())
            .max(1);
        let (word, after) = rest.split_at(end);
        let (brackets, past) = match after.strip_prefix('(').and_then(|inner| {
            let end = inner.find(')')?;
            inner[..end]
                .chars()
                .all(|sign| sign.is_ascii_digit() || sign == ',' || sign == ' ')
                .then(|| (&inner[..end], &inner[end + 1..]))
        }) {
            Some((brackets, past)) => (Some(brackets), past),
            None => (None, after),
        };
        match word {
            "integer" | "smallint" | "tinyint" => simple.push_str("bigint"),
            "decimal" => {
                let scale = brackets.and_then(|brackets| brackets.split(',').nth(1));
                simple.push_str("decimal ");
                simple.push_str(scale.unwrap_or("0").trim());
            }
            word => simple.push_str(word),
        }
        rest = past;
    }
    simple
}

struct Answer {
    types: Vec<String>,
    rows: Json,
}

/// `DataFusion`'s general dialect with lambdas.
#[derive(Debug)]
struct WithLambdas;

impl Dialect for WithLambdas {
    fn is_identifier_start(&self, sign: char) -> bool {
        GenericDialect.is_identifier_start(sign)
    }

    fn is_identifier_part(&self, sign: char) -> bool {
        GenericDialect.is_identifier_part(sign)
    }

    fn allow_extract_custom(&self) -> bool {
        true
    }

    fn supports_lambda_functions(&self) -> bool {
        true
    }

    fn supports_filter_during_aggregation(&self) -> bool {
        true
    }

    fn supports_group_by_expr(&self) -> bool {
        true
    }

    fn supports_window_function_null_treatment_arg(&self) -> bool {
        true
    }

    fn dialect(&self) -> std::any::TypeId {
        GenericDialect.dialect()
    }
}

/// The statement with a name for each of its columns: equal names are no error in Trino.
fn named(sql: &str) -> Result<Statement, DataFusionError> {
    let mut statements = DFParserBuilder::new(sql)
        .with_dialect(&WithLambdas)
        .build()?
        .parse_statements()?;
    let mut statement = statements.pop_front().unwrap();
    if let Statement::Statement(inner) = &mut statement
        && let ast::Statement::Query(query) = inner.as_mut()
        && let ast::SetExpr::Select(select) = query.body.as_mut()
    {
        for (place, item) in select.projection.iter_mut().enumerate() {
            if let ast::SelectItem::UnnamedExpr(expr) = item
                && !matches!(expr, ast::Expr::Identifier(_))
            {
                *item = ast::SelectItem::ExprWithAlias {
                    expr: expr.clone(),
                    alias: ast::Ident::new(format!("_col{place}")),
                };
            }
        }
    }
    Ok(statement)
}

async fn local(sql: &str) -> Result<Answer, DataFusionError> {
    let session = session(SessionConfig::new().with_target_partitions(2))?;
    let plan = session.state().statement_to_plan(named(sql)?).await?;
    let frame = session.execute_logical_plan(plan).await?;
    let batches = frame.clone().collect().await?;
    let schema = match batches.first() {
        Some(batch) => batch.schema(),
        None => std::sync::Arc::new(frame.schema().as_arrow().clone()),
    };
    let types = schema
        .fields()
        .iter()
        .map(|field| type_name(field.data_type()).unwrap_or_else(|| field.data_type().to_string()))
        .collect();
    let mut rows = Vec::new();
    for batch in &batches {
        let columns: Vec<Vec<Json>> = batch.columns().iter().map(rendered).collect();
        for row in 0..batch.num_rows() {
            rows.push(Json::Array(
                columns.iter().map(|column| column[row].clone()).collect(),
            ));
        }
    }
    Ok(Answer {
        types,
        rows: Json::Array(rows),
    })
}

#[tokio::test]
async fn the_engine_gives_trinos_answers() {
    let only = std::env::var("ONLY").ok();
    let mut failures = Vec::new();
    let mut count = 0;
    for file in files() {
        if only
            .as_ref()
            .is_some_and(|only| !file.to_string_lossy().contains(only))
        {
            continue;
        }
        for case in cases(&file) {
            count += 1;
            let sql = case["sql"].as_str().unwrap();
            let failure = match (local(sql).await, case["error"].as_str()) {
                (Err(error), Some(expected)) => {
                    let found = TrinoError::find(&error).map(|error| error.code);
                    (found != Some(expected)).then(|| format!("{expected}, not {error}"))
                }
                (Err(error), None) => Some(format!("fails: {error}")),
                (Ok(answer), Some(expected)) => Some(format!("{expected}, not {}", answer.rows)),
                (Ok(answer), None) => {
                    let types: Vec<String> =
                        answer.types.iter().map(|name| simplified(name)).collect();
                    let expected: Vec<String> = case["types"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(|name| simplified(name.as_str().unwrap()))
                        .collect();
                    if agrees(&answer.rows, &case["rows"]) && types == expected {
                        None
                    } else {
                        Some(difference(&answer, &types, &expected, &case["rows"]))
                    }
                }
            };
            if let Some(failure) = failure {
                failures.push(format!("{sql}\n    {failure}"));
            }
        }
    }
    assert!(
        failures.is_empty(),
        "{} of {count} statements:\n{}",
        failures.len(),
        failures.join("\n")
    );
    let missing = super::casts::seen::missing();
    assert!(
        only.is_some() || missing.is_empty(),
        "casts without a case: {missing:?}"
    );
}

/// The columns that differ.
fn difference(answer: &Answer, types: &[String], expected: &[String], rows: &Json) -> String {
    let mut shown = Vec::new();
    let (local, trino) = (answer.rows.as_array().unwrap(), rows.as_array().unwrap());
    if local.len() != trino.len() {
        return format!("{rows}, not {}", answer.rows);
    }
    for place in 0..types.len() {
        let same = local
            .iter()
            .zip(trino)
            .all(|(local, trino)| agrees(&local[place], &trino[place]));
        let same_type = types.get(place) == expected.get(place);
        if !same || !same_type {
            let column = |rows: &[Json]| -> Vec<String> {
                rows.iter().map(|row| row[place].to_string()).collect()
            };
            shown.push(format!(
                "column {}: {} {:?}, not {} {:?}",
                place + 1,
                expected[place],
                column(trino),
                types[place],
                column(local)
            ));
        }
    }
    shown.join("\n    ")
}

#[test]
fn each_function_and_each_cast_has_a_case() {
    let mut text = String::new();
    for file in files() {
        for case in cases(&file) {
            text.push_str(&case["sql"].as_str().unwrap().to_lowercase());
            text.push('\n');
        }
    }
    let mut missing = BTreeSet::new();
    for known in KNOWN.iter() {
        let called = text.match_indices(known.name).any(|(at, name)| {
            let before = text[..at].chars().next_back();
            let after = text[at + name.len()..].chars().next();
            before.is_none_or(|sign| !sign.is_alphanumeric() && sign != '_')
                && after.is_none_or(|sign| !sign.is_alphanumeric() && sign != '_')
        });
        if !called {
            missing.insert(known.name.to_owned());
        }
    }
    assert!(missing.is_empty(), "functions without a case: {missing:?}");
    let names: BTreeSet<&str> = KNOWN.iter().map(|known| known.name).collect();
    assert_eq!(names.len(), KNOWN.len(), "each name is in the list once");
}

/// The host and port of `http://host:port`.
fn trino() -> Option<String> {
    let url = std::env::var("E2E_TRINO_URL").ok()?;
    let host = url
        .strip_prefix("http://")
        .expect("E2E_TRINO_URL begins with http://");
    Some(host.trim_end_matches('/').to_owned())
}

/// One request of HTTP 1.0, so that the body ends with the connection.
fn request(host: &str, head: &str, body: &str) -> Json {
    let mut connection = TcpStream::connect(host).unwrap();
    write!(
        connection,
        "{head} HTTP/1.0\r\nHost: {host}\r\nX-Trino-User: answers\r\nX-Trino-Time-Zone: UTC\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap()
}

/// The statement with Trino's answer, as a line of the files.
fn asked(host: &str, sql: &str) -> Json {
    let mut page = request(host, "POST /v1/statement", sql);
    let mut rows = Vec::new();
    let mut types = Vec::new();
    loop {
        if let Some(columns) = page["columns"].as_array() {
            types = columns
                .iter()
                .map(|column| column["type"].clone())
                .collect();
        }
        if let Some(data) = page["data"].as_array() {
            rows.extend(data.iter().cloned());
        }
        if let Some(name) = page["error"]["errorName"].as_str() {
            return json!({ "sql": sql, "error": name });
        }
        let Some(next) = page["nextUri"].as_str() else {
            return json!({ "sql": sql, "types": types, "rows": rows });
        };
        let path = next.splitn(4, '/').nth(3).unwrap();
        page = request(host, &format!("GET /{path}"), "");
    }
}

#[test]
fn recorded_answers_are_those_of_trino() {
    let Some(host) = trino() else {
        return;
    };
    let record = std::env::var("E2E_RECORD_ANSWERS").is_ok_and(|value| value == "1");
    let mut changed = Vec::new();
    for file in files() {
        let mut lines = String::new();
        for case in cases(&file) {
            let answer = asked(&host, case["sql"].as_str().unwrap());
            if answer != case {
                changed.push(format!("{case}\n    now {answer}"));
            }
            lines.push_str(&answer.to_string());
            lines.push('\n');
        }
        if record {
            fs::write(file, lines).unwrap();
        }
    }
    assert!(record || changed.is_empty(), "{}", changed.join("\n"));
}

/// What Trino answers and we refuse by name, because we would answer otherwise.
#[tokio::test]
async fn what_would_be_answered_otherwise_is_refused() {
    for sql in [
        "SELECT CAST(DOUBLE '2e23' AS varchar)",
        "SELECT TRY_CAST(DOUBLE '2e23' AS varchar)",
        "SELECT regexp_like('ab', 'a(?=b)')",
        "SELECT regexp_like('aa', '(a)\\1')",
        "SELECT regexp_like('aaa', 'a++')",
        "SELECT regexp_like('x', '[[:alpha:]]')",
        "SELECT regexp_like(concat('a', chr(10)), 'a$')",
        "SELECT CAST(1 AS timestamp(6))",
        "SELECT CAST('abc' AS varchar(2))",
        "SELECT from_iso8601_timestamp('2021-06-04T01:02:03+02:00')",
        "SELECT TRY(from_iso8601_timestamp('2021-06-04T01:02:03+02:00'))",
        "SELECT CAST('2021-06-04 01:02:03' AS timestamp) AT TIME ZONE 'America/New_York'",
        "SELECT CAST('2021-06-04 01:02:03 Europe/Berlin' AS timestamp with time zone)",
        "SELECT DOUBLE '1' IN (SELECT DOUBLE '1')",
        "SELECT x FROM (VALUES (DOUBLE '1')) s(x) JOIN (VALUES (DOUBLE '1')) t(x) USING (x)",
        "SELECT EXTRACT(EPOCH FROM DATE '2021-06-04')",
    ] {
        let error = match local(sql).await {
            Err(error) => error,
            Ok(answer) => panic!("{sql} is answered: {}", answer.rows),
        };
        let found = TrinoError::find(&error);
        let code = found.map(|found| found.code);
        let refused = code == Some("NOT_SUPPORTED")
            // Patterns that `regex` refuses itself.
            || found.is_some_and(|found| found.message.contains("is refused"));
        assert!(refused, "{sql}: {error}");
    }
}

/// A statement reads columns, not constants that are computed before it runs.
#[tokio::test]
async fn errors_of_rows_are_errors_of_the_statement_and_try_catches_them() {
    let from = "FROM (VALUES ('1', 2), ('x', 0), (NULL, 5), ('Infinity', 3)) t(x, y)";
    let answer = local(&format!("SELECT TRY(CAST(x AS double)), TRY(6 / y) {from}"))
        .await
        .unwrap();
    assert_eq!(
        answer.rows,
        json!([[1.0, 3], [null, null], [null, 1], ["Infinity", 2]])
    );
    for (sql, code) in [
        (
            format!("SELECT CAST(x AS double) {from}"),
            "INVALID_CAST_ARGUMENT",
        ),
        (format!("SELECT 6 / y {from}"), "DIVISION_BY_ZERO"),
        (
            format!("SELECT x {from} WHERE 6 % y = 0"),
            "DIVISION_BY_ZERO",
        ),
    ] {
        let error = local(&sql).await.map(|answer| answer.rows).unwrap_err();
        assert_eq!(
            TrinoError::find(&error).map(|error| error.code),
            Some(code),
            "{sql}"
        );
    }
}
