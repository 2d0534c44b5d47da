//! Random records: what CSV and Parquet hold of them is what serde_json and chrono say they hold.

use ::parquet::record::Field;
use serde_json::Value;

use super::*;

const NAMES: [&str; 7] = ["text", "Price", "volume", "LIVE", "day", "at", "unknown"];

/// For each of the names, values that fit often enough.
const FITTING: [&[&str]; 7] = [
    &[
        r#""a,b""#,
        r#""\"é\ud83d\ude00""#,
        "1e3",
        r#"{"a":[1,"x"]}"#,
        r#""""#,
        "false",
    ],
    &[
        "0",
        "-2.50",
        "1e3",
        "2479.300049",
        "1E-7",
        "123456789.123456789",
    ],
    &["0", "-5", "1e3", "12.0", "9223372036854775807"],
    &["true", "false"],
    &[r#""2026-11-21""#, r#""1582-10-15""#, r#""9999-12-31""#],
    &[
        "0",
        "1795244645678",
        r#""2026-11-21T07:04:05.5+05:30""#,
        r#""1969-12-31T23:59:59.999Z""#,
    ],
    &["1", "{}"],
];

const UNFIT: [&str; 6] = [
    "null",
    "[]",
    r#""x""#,
    "2.5",
    r#""2026-02-30""#,
    "-99999999999999999999",
];

/// A record's members, each with the JSON of its value.
type Members = Vec<(usize, &'static str)>;

fn members(random: &mut fastrand::Rng) -> Members {
    let mut order: Vec<usize> = (0..NAMES.len()).collect();
    // Most records of a topic look alike.
    if random.u8(..) < 64 {
        random.shuffle(&mut order);
        order.truncate(random.usize(..=NAMES.len()));
    }
    let value = |name: usize, random: &mut fastrand::Rng| match random.u8(..) {
        0..16 => *random.choice(UNFIT.iter()).unwrap(),
        _ => *random.choice(FITTING[name].iter()).unwrap(),
    };
    order
        .into_iter()
        .map(|name| (name, value(name, random)))
        .collect()
}

fn json(members: &Members, blank: &str) -> String {
    let member = |(name, value): &(usize, &str)| {
        format!("{blank}\"{}\"{blank}:{blank}{value}{blank}", NAMES[*name])
    };
    format!(
        "{{{}}}",
        members.iter().map(member).collect::<Vec<_>>().join(",")
    )
}

/// The row of a record; `None` where it does not fit.
fn expected(members: &Members) -> Option<Vec<Field>> {
    let mut row = vec![Field::Null; 6];
    for (name, json) in members {
        let value: Value = serde_json::from_str(json).unwrap();
        if value.is_null() || *name == 6 {
            continue;
        }
        row[*name] = match name {
            0 => Field::Str(
                value
                    .as_str()
                    .map_or_else(|| (*json).to_owned(), str::to_owned),
            ),
            1 => Field::Double(value.as_f64()?),
            2 => Field::Long(whole(&value)?),
            3 => Field::Bool(value.as_bool()?),
            4 => {
                let day = value.as_str()?.parse::<chrono::NaiveDate>().ok()?;
                let since = day.signed_duration_since(chrono::NaiveDate::default());
                Field::Date(since.num_days().try_into().unwrap())
            }
            _ => Field::TimestampMillis(match value.as_str() {
                Some(text) if text.len() == 10 => text
                    .parse::<chrono::NaiveDate>()
                    .ok()?
                    .and_time(chrono::NaiveTime::MIN)
                    .and_utc()
                    .timestamp_millis(),
                Some(text) => chrono::DateTime::parse_from_rfc3339(text)
                    .ok()?
                    .timestamp_millis(),
                None => whole(&value)?,
            }),
        };
    }
    Some(row)
}

fn whole(value: &Value) -> Option<i64> {
    let number = value.as_f64()?;
    value
        .as_i64()
        .or((number.fract() == 0.0 && number.abs() < 1e15).then_some(number as i64))
}

fn csv_cell(field: &Field) -> String {
    match field {
        Field::Null => String::new(),
        Field::Str(text) => text.clone(),
        Field::Long(number) => number.to_string(),
        Field::Bool(value) => value.to_string(),
        Field::Date(days) => {
            (chrono::NaiveDate::default() + chrono::TimeDelta::days(i64::from(*days))).to_string()
        }
        Field::TimestampMillis(millis) => chrono::DateTime::from_timestamp_millis(*millis)
            .unwrap()
            .format("%Y-%m-%d %H:%M:%S%.3f")
            .to_string(),
        other => panic!("{other}"),
    }
}

/// Random records as JSON, and the rows of those that fit.
fn random_records() -> (Vec<String>, Vec<Vec<Field>>) {
    let mut random = fastrand::Rng::with_seed(20_261_121);
    let records: Vec<Members> = (0..5_000).map(|_| members(&mut random)).collect();
    let text = |record: &Members| json(record, if random.bool() { "" } else { " " });
    let texts = records.iter().map(text).collect();
    let rows: Vec<Vec<Field>> = records.iter().filter_map(expected).collect();
    assert!((2_000..4_000).contains(&rows.len()), "{} fit", rows.len());
    (texts, rows)
}

#[test]
fn files_hold_what_the_records_say_and_refuse_the_same_ones() {
    let (texts, expected) = random_records();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();

    let (files, refused) = encode(&with_schema(FileFormat::Parquet, SCHEMA), &arena(&texts));
    let rows = parquet::rows(&files[0].bytes);
    let differs = |(row, expected): &(&Vec<Field>, &Vec<Field>)| row != expected;
    assert_eq!(rows.iter().zip(&expected).find(differs), None);
    assert_eq!(
        (rows.len(), refused.len()),
        (expected.len(), texts.len() - expected.len())
    );

    let (files, csv_refused) = encode(&with_schema(FileFormat::Csv, SCHEMA), &arena(&texts));
    assert_eq!(csv_refused, refused);
    let rows = csv::cells(std::str::from_utf8(&files[0].bytes).unwrap());
    assert_eq!(rows.len(), expected.len());
    for (row, expected) in rows.iter().zip(&expected) {
        for (cell, field) in row.iter().zip(expected) {
            match field {
                Field::Double(number) => assert_eq!(cell.parse(), Ok(*number)),
                field => assert_eq!(*cell, csv_cell(field)),
            }
        }
    }
}
