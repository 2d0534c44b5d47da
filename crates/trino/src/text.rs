//! Texts: lengths and places count code points.

use std::collections::HashMap;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::Result;

use super::arrays;
use super::blanks::is_blank;
use super::scalar::{Call, Resolved, Scalar};
use super::trino_error::TrinoError;
use super::types::converts;
use super::value::{Value, column};

pub(super) fn functions() -> Vec<Scalar> {
    vec![
        Scalar::new("length", "varchar -> bigint", |call| {
            count(call.args[0].text())
        }),
        Scalar::new("lower", "varchar -> varchar", |call| {
            Ok(Value::owned(each(call.args[0].text(), |sign| {
                // Code point by code point: the dotted I becomes i alone.
                sign.to_lowercase().next()
            })))
        }),
        Scalar::new("upper", "varchar -> varchar", |call| {
            Ok(Value::owned(each(call.args[0].text(), |sign| {
                // A sign whose upper case is two signs stays: ß.
                let mut upper = sign.to_uppercase();
                (upper.len() == 1).then(|| upper.next()).flatten()
            })))
        }),
        Scalar::new(
            "trim",
            "varchar -> varchar | varchar, varchar -> varchar",
            |call| trimmed(call, Side::Both),
        ),
        Scalar::new("btrim", "varchar, varchar -> varchar", |call| {
            trimmed(call, Side::Both)
        }),
        Scalar::new(
            "ltrim",
            "varchar -> varchar | varchar, varchar -> varchar",
            |call| trimmed(call, Side::Left),
        ),
        Scalar::new(
            "rtrim",
            "varchar -> varchar | varchar, varchar -> varchar",
            |call| trimmed(call, Side::Right),
        ),
        Scalar::new("substr", SUBSTRING, |call| Ok(substring(call))),
        Scalar::new("substring", SUBSTRING, |call| Ok(substring(call))),
        Scalar::new(
            "replace",
            "varchar, varchar -> varchar | varchar, varchar, varchar -> varchar",
            |call| {
                let with = call.args.get(2).map_or("", Value::text);
                Ok(Value::owned(
                    call.args[0].text().replace(call.args[1].text(), with),
                ))
            },
        ),
        Scalar::new(
            "split_part",
            "varchar, varchar, bigint -> varchar",
            split_part,
        ),
        Scalar::new(
            "split",
            "varchar, varchar -> array(varchar) | varchar, varchar, bigint -> array(varchar)",
            split,
        ),
        Scalar::new(
            "strpos",
            "varchar, varchar -> bigint | varchar, varchar, bigint -> bigint",
            |call| {
                let instance = call.args.get(2).map_or(1, Value::integer);
                place_of(call.args[0].text(), call.args[1].text(), instance)
            },
        ),
        Scalar::custom(
            "concat",
            "two or more of varchar, or of arrays",
            concat_types,
            concat,
        ),
        Scalar::new("concat_ws", "varchar, varchar... -> varchar", concat_ws).with_nulls(),
        Scalar::new("lpad", "varchar, bigint, varchar -> varchar", |call| {
            let padding = padding(call)?;
            Ok(Value::owned(match padding {
                Padding::Cut(text) => text,
                Padding::Fill(fill) => fill + call.args[0].text(),
            }))
        }),
        Scalar::new("rpad", "varchar, bigint, varchar -> varchar", |call| {
            let padding = padding(call)?;
            Ok(Value::owned(match padding {
                Padding::Cut(text) => text,
                Padding::Fill(fill) => call.args[0].text().to_owned() + &fill,
            }))
        }),
        Scalar::custom(
            "reverse",
            "varchar or an array",
            arrays::text_or_array,
            |call| match &call.args[0] {
                Value::Text(text) => Ok(Value::owned(text.chars().rev().collect::<String>())),
                _ => arrays::reversed(call),
            },
        ),
        Scalar::new("starts_with", "varchar, varchar -> boolean", |call| {
            Ok(Value::Boolean(
                call.args[0].text().starts_with(call.args[1].text()),
            ))
        }),
        Scalar::new("chr", "bigint -> varchar", |call| {
            let point = call.args[0].integer();
            u32::try_from(point)
                .ok()
                .and_then(char::from_u32)
                .map(|sign| Value::owned(sign.to_string()))
                .ok_or_else(|| {
                    let message = format!("Not a valid Unicode code point: {point}");
                    TrinoError::argument(message).into()
                })
        }),
        Scalar::new("codepoint", "varchar -> integer", |call| {
            let mut signs = call.args[0].text().chars();
            match (signs.next(), signs.next()) {
                (Some(sign), None) => Ok(Value::Integer(u32::from(sign).into())),
                _ => Err(TrinoError::argument("codepoint takes one character").into()),
            }
        }),
        Scalar::new(
            "translate",
            "varchar, varchar, varchar -> varchar",
            |call| {
                let mut to = call.args[2].text().chars();
                let mut map = HashMap::new();
                for from in call.args[1].text().chars() {
                    let to = to.next();
                    map.entry(from).or_insert(to);
                }
                let signs = call.args[0].text().chars();
                Ok(Value::owned(
                    signs
                        .filter_map(|sign| map.get(&sign).copied().unwrap_or(Some(sign)))
                        .collect::<String>(),
                ))
            },
        ),
        Scalar::new(
            "levenshtein_distance",
            "varchar, varchar -> bigint",
            levenshtein,
        ),
        Scalar::new("hamming_distance", "varchar, varchar -> bigint", |call| {
            let left: Vec<char> = call.args[0].text().chars().collect();
            let right: Vec<char> = call.args[1].text().chars().collect();
            if left.len() != right.len() {
                let message = "The input strings to hamming_distance function must have the same \
                               length";
                return Err(TrinoError::argument(message).into());
            }
            let differing = left
                .iter()
                .zip(&right)
                .filter(|(left, right)| left != right);
            Ok(Value::Integer(
                i64::try_from(differing.count()).unwrap_or(i64::MAX),
            ))
        }),
        Scalar::new(
            "$like",
            "varchar, varchar -> boolean | varchar, varchar, varchar -> boolean",
            like,
        ),
    ]
}

const SUBSTRING: &str = "varchar, bigint -> varchar | varchar, bigint, bigint -> varchar";

fn count(text: &str) -> Result<Value<'static>> {
    Ok(Value::Integer(length(text)))
}

fn length(text: &str) -> i64 {
    i64::try_from(text.chars().count()).unwrap_or(i64::MAX)
}

fn each(text: &str, change: impl Fn(char) -> Option<char>) -> String {
    text.chars()
        .map(|sign| change(sign).unwrap_or(sign))
        .collect()
}

enum Side {
    Both,
    Left,
    Right,
}

fn trimmed<'a>(call: &Call<'_, 'a>, side: Side) -> Result<Value<'a>> {
    let text = call.args[0].text();
    let signs: Option<Vec<char>> = call.args.get(1).map(|signs| signs.text().chars().collect());
    let taken = |sign: char| match &signs {
        Some(signs) => signs.contains(&sign),
        None => is_blank(sign),
    };
    Ok(Value::owned(match side {
        Side::Both => text.trim_matches(taken),
        Side::Left => text.trim_start_matches(taken),
        Side::Right => text.trim_end_matches(taken),
    }))
}

fn substring<'a>(call: &Call<'_, 'a>) -> Value<'a> {
    let text = call.args[0].text();
    let (start, length) = (call.args[1].integer(), length(text));
    let wanted = call.args.get(2).map_or(i64::MAX, Value::integer);
    // Places count from 1, or from the end if they are negative.
    let first = match start {
        0 => return Value::owned(""),
        start if start > 0 => start - 1,
        start => length + start,
    };
    if !(0..length).contains(&first) || wanted <= 0 {
        return Value::owned("");
    }
    let skip = usize::try_from(first).unwrap_or(0);
    let take = usize::try_from(wanted).unwrap_or(usize::MAX);
    Value::owned(text.chars().skip(skip).take(take).collect::<String>())
}

fn split_part<'a>(call: &Call<'_, 'a>) -> Result<Value<'a>> {
    let (text, delimiter) = (call.args[0].text(), call.args[1].text());
    let place = call.args[2].integer();
    if place <= 0 {
        return Err(TrinoError::argument("Index must be greater than zero").into());
    }
    let skip = usize::try_from(place - 1).unwrap_or(usize::MAX);
    let part = if delimiter.is_empty() {
        text.chars().nth(skip).map(|sign| sign.to_string())
    } else {
        text.split(delimiter).nth(skip).map(str::to_owned)
    };
    Ok(part.map_or(Value::Null, Value::owned))
}

/// An array of texts.
pub(super) fn texts<'t>(parts: impl Iterator<Item = &'t str>) -> Result<Value<'static>> {
    let values: Vec<Value<'_>> = parts.map(|part| Value::Text(part.into())).collect();
    arrays::list(&column(&DataType::Utf8, &values)?)
}

fn split<'a>(call: &Call<'_, 'a>) -> Result<Value<'a>> {
    let (text, delimiter) = (call.args[0].text(), call.args[1].text());
    let limit = call.args.get(2).map_or(i64::MAX, Value::integer);
    if limit <= 0 {
        return Err(TrinoError::argument("Limit must be positive").into());
    }
    if delimiter.is_empty() {
        return Err(TrinoError::argument("The delimiter may not be the empty string").into());
    }
    texts(text.splitn(usize::try_from(limit).unwrap_or(usize::MAX), delimiter))
}

fn place_of(text: &str, wanted: &str, instance: i64) -> Result<Value<'static>> {
    if instance == 0 {
        return Err(
            TrinoError::argument("'instance' must not be a positive or negative number.").into(),
        );
    }
    if wanted.is_empty() {
        return Ok(Value::Integer(1));
    }
    // Occurrences may overlap: each is looked for one sign after the one before.
    let starts = text
        .char_indices()
        .enumerate()
        .filter(|(_, (at, _))| text.get(*at..).is_some_and(|rest| rest.starts_with(wanted)))
        .map(|(place, _)| place + 1);
    let skip = usize::try_from(instance.unsigned_abs() - 1).unwrap_or(usize::MAX);
    let found = if instance > 0 {
        starts.clone().nth(skip)
    } else {
        let all: Vec<usize> = starts.collect();
        all.iter().rev().nth(skip).copied()
    };
    Ok(Value::Integer(found.map_or(0, |place| {
        i64::try_from(place).unwrap_or(i64::MAX)
    })))
}

fn concat_types(types: &[DataType]) -> Option<Resolved> {
    if types.len() < 2 {
        return None;
    }
    if types.iter().all(|one| converts(one, &DataType::Utf8)) {
        return Some(Resolved {
            arguments: vec![DataType::Utf8; types.len()],
            gives: DataType::Utf8,
        });
    }
    arrays::concat_types(types)
}

fn concat<'a>(call: &Call<'_, 'a>) -> Result<Value<'a>> {
    if call.gives == &DataType::Utf8 {
        let parts: String = call.args.iter().map(Value::text).collect();
        return Ok(Value::owned(parts));
    }
    arrays::concat(call)
}

fn concat_ws<'a>(call: &Call<'_, 'a>) -> Result<Value<'a>> {
    if call.args[0].is_null() {
        return Ok(Value::Null);
    }
    let parts: Vec<&str> = call.args[1..]
        .iter()
        .filter(|part| !part.is_null())
        .map(Value::text)
        .collect();
    Ok(Value::owned(parts.join(call.args[0].text())))
}

enum Padding {
    Cut(String),
    Fill(String),
}

fn padding(call: &Call<'_, '_>) -> Result<Padding> {
    let (text, size, with) = (
        call.args[0].text(),
        call.args[1].integer(),
        call.args[2].text(),
    );
    if !(0..=i64::from(i32::MAX)).contains(&size) {
        let message = "Target length must be in the range [0..2147483647]";
        return Err(TrinoError::argument(message).into());
    }
    if with.is_empty() {
        return Err(TrinoError::argument("Padding string must not be empty").into());
    }
    let missing = size - length(text);
    Ok(if missing <= 0 {
        let kept = usize::try_from(size).unwrap_or(usize::MAX);
        Padding::Cut(text.chars().take(kept).collect())
    } else {
        let missing = usize::try_from(missing).unwrap_or(usize::MAX);
        Padding::Fill(with.chars().cycle().take(missing).collect())
    })
}

fn levenshtein<'a>(call: &Call<'_, 'a>) -> Result<Value<'a>> {
    let right: Vec<char> = call.args[1].text().chars().collect();
    let mut row: Vec<i64> = (0..).take(right.len() + 1).collect();
    for (line, left) in (1..).zip(call.args[0].text().chars()) {
        let mut diagonal = row[0];
        row[0] = line;
        for (place, right) in right.iter().enumerate() {
            let replaced = diagonal + i64::from(left != *right);
            diagonal = row[place + 1];
            row[place + 1] = replaced.min(row[place] + 1).min(diagonal + 1);
        }
    }
    Ok(Value::Integer(row.last().copied().unwrap_or(0)))
}

/// One step of a LIKE pattern.
enum LikeStep {
    Any,
    One,
    Sign(char),
}

/// `x LIKE pattern [ESCAPE escape]`. Without ESCAPE nothing escapes.
fn like<'a>(call: &Call<'_, 'a>) -> Result<Value<'a>> {
    let escape = match call.args.get(2).map(Value::text) {
        None => None,
        Some(escape) => {
            let mut signs = escape.chars();
            match (signs.next(), signs.next()) {
                (Some(sign), None) => Some(sign),
                _ => {
                    let message = "Escape string must be a single character";
                    return Err(TrinoError::argument(message).into());
                }
            }
        }
    };
    let mut pattern = Vec::new();
    let mut signs = call.args[1].text().chars();
    while let Some(sign) = signs.next() {
        pattern.push(match sign {
            sign if Some(sign) == escape => match signs.next() {
                Some(next) if next == '%' || next == '_' || Some(next) == escape => {
                    LikeStep::Sign(next)
                }
                _ => {
                    let message = "Escape character must be followed by '%', '_' or the escape \
                                   character itself";
                    return Err(TrinoError::argument(message).into());
                }
            },
            '%' => LikeStep::Any,
            '_' => LikeStep::One,
            sign => LikeStep::Sign(sign),
        });
    }
    let text: Vec<char> = call.args[0].text().chars().collect();
    Ok(Value::Boolean(matches(&text, &pattern)))
}

/// Greedy with one place to return to, so that the work is bounded by text times pattern.
fn matches(text: &[char], pattern: &[LikeStep]) -> bool {
    let (mut at, mut step) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while at < text.len() {
        match pattern.get(step) {
            Some(LikeStep::Any) => {
                back = Some((at, step + 1));
                step += 1;
            }
            Some(LikeStep::One) => {
                at += 1;
                step += 1;
            }
            Some(LikeStep::Sign(sign)) if *sign == text[at] => {
                at += 1;
                step += 1;
            }
            _ => match back {
                Some((from, after)) => {
                    back = Some((from + 1, after));
                    at = from + 1;
                    step = after;
                }
                None => return false,
            },
        }
    }
    pattern[step..]
        .iter()
        .all(|step| matches!(step, LikeStep::Any))
}
