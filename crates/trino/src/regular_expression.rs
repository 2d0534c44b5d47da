//! Regular expressions in the meaning of Trino (JONI with Java's syntax), computed by `regex`.
//!
//! What `regex` does not have (look-around, back references, possessive quantifiers) or has with
//! another meaning is refused by name.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use datafusion::common::Result;
use regex::{Captures, Regex};

use super::scalar::{Call, Scalar};
use super::text::texts;
use super::trino_error::TrinoError;
use super::value::Value;

pub(super) fn functions() -> Vec<Scalar> {
    vec![
        Scalar::new("regexp_like", "varchar, varchar -> boolean", |call| {
            Ok(Value::Boolean(
                compiled(call)?.is_match(call.args[0].text()),
            ))
        }),
        Scalar::new(
            "regexp_extract",
            "varchar, varchar -> varchar | varchar, varchar, bigint -> varchar",
            |call| {
                let (pattern, group) = (compiled(call)?, group(call)?);
                let found = pattern
                    .captures(call.args[0].text())
                    .and_then(|found| found.get(group).map(|part| part.as_str().to_owned()));
                Ok(found.map_or(Value::Null, Value::owned))
            },
        ),
        Scalar::new(
            "regexp_extract_all",
            "varchar, varchar -> array(varchar) | varchar, varchar, bigint -> array(varchar)",
            |call| {
                let (pattern, group) = (compiled(call)?, group(call)?);
                let found = all_matches(&pattern, call.args[0].text());
                if found.iter().any(|found| found.get(group).is_none()) {
                    let message = "a group that took no part in a match is not known here";
                    return Err(TrinoError::new("NOT_SUPPORTED", message).into());
                }
                texts(
                    found
                        .iter()
                        .filter_map(|found| found.get(group))
                        .map(|part| part.as_str()),
                )
            },
        ),
        Scalar::new("regexp_count", "varchar, varchar -> bigint", |call| {
            let count = all_matches(&*compiled(call)?, call.args[0].text()).len();
            Ok(Value::Integer(i64::try_from(count).unwrap_or(i64::MAX)))
        }),
        Scalar::new(
            "regexp_split",
            "varchar, varchar -> array(varchar)",
            |call| {
                let text = call.args[0].text();
                let mut parts = Vec::new();
                let mut end = 0;
                for found in all_matches(&*compiled(call)?, text) {
                    let whole = found.get_match();
                    parts.push(&text[end..whole.start()]);
                    end = whole.end();
                }
                parts.push(&text[end..]);
                texts(parts.into_iter())
            },
        ),
        Scalar::new(
            "regexp_replace",
            "varchar, varchar -> varchar | varchar, varchar, varchar -> varchar",
            replace,
        ),
    ]
}

/// The pattern, and the text that it cannot be answered for.
fn compiled(call: &Call<'_, '_>) -> Result<Arc<Regex>> {
    thread_local! {
        // A query has few patterns; a column of patterns must not fill the memory.
        static KNOWN: RefCell<HashMap<String, Compiled>> = RefCell::default();
    }
    let pattern = call.args[1].text();
    let compiled = KNOWN.with_borrow_mut(|known| -> Result<Compiled> {
        if let Some(compiled) = known.get(pattern) {
            return Ok(compiled.clone());
        }
        let translated = translate(pattern)?;
        let regex = Regex::new(&translated.pattern).map_err(|error| {
            let reason = error.to_string();
            let reason = reason.lines().last().unwrap_or_default().trim().to_owned();
            TrinoError::argument(format!("the pattern '{pattern}' is refused: {reason}"))
        })?;
        if known.len() >= 256 {
            known.clear();
        }
        let compiled = Compiled {
            regex: Arc::new(regex),
            has_end: translated.has_end,
        };
        known.insert(pattern.to_owned(), compiled.clone());
        Ok(compiled)
    })?;
    if compiled.has_end && call.args[0].text().ends_with('\n') {
        let message = format!(
            "the pattern '{pattern}' has $ and the text ends with a line feed, before which $ \
             matches in Trino and not here"
        );
        return Err(TrinoError::new("NOT_SUPPORTED", message).into());
    }
    Ok(compiled.regex)
}

#[derive(Clone)]
struct Compiled {
    regex: Arc<Regex>,
    has_end: bool,
}

struct Translated {
    pattern: String,
    has_end: bool,
}

/// The pattern for `regex`: `\d`, `\w` and `\s` are of ASCII in Trino.
fn translate(pattern: &str) -> Result<Translated> {
    let refuse = |what: &str| -> Result<Translated> {
        let message = format!("{what} in the pattern '{pattern}' is not known here");
        Err(TrinoError::new("NOT_SUPPORTED", message).into())
    };
    let mut translated = String::with_capacity(pattern.len() + 16);
    let mut has_end = false;
    let mut classes = 0_usize;
    let mut quantified = false;
    let mut signs = pattern.chars().peekable();
    while let Some(sign) = signs.next() {
        let after_quantifier = std::mem::take(&mut quantified);
        match sign {
            '\\' => match signs.next() {
                Some('d') => translated.push_str("[0-9]"),
                Some('D') => translated.push_str("[^0-9]"),
                Some('w') => translated.push_str("[0-9A-Za-z_]"),
                Some('W') => translated.push_str("[^0-9A-Za-z_]"),
                Some('s') => translated.push_str("[\\t\\n\\x0B\\f\\r ]"),
                Some('S') => translated.push_str("[^\\t\\n\\x0B\\f\\r ]"),
                Some('1'..='9' | 'k') => return refuse("a back reference"),
                Some(sign @ ('h' | 'H' | 'R' | 'X' | 'G' | 'Z' | 'Q' | 'E' | 'v' | 'V')) => {
                    return refuse(&format!("\\{sign}"));
                }
                Some(sign) => {
                    translated.push('\\');
                    translated.push(sign);
                }
                None => translated.push('\\'),
            },
            '[' if classes > 0 && signs.peek() == Some(&':') => {
                return refuse("a class such as [:alpha:]");
            }
            '[' => {
                classes += 1;
                translated.push('[');
            }
            ']' => {
                classes = classes.saturating_sub(1);
                translated.push(']');
            }
            // `regex` has further set operations, which are plain signs in Trino.
            '-' | '~' if classes > 0 && signs.peek() == Some(&sign) => {
                return refuse("a set operation");
            }
            sign if classes > 0 => translated.push(sign),
            '$' => {
                has_end = true;
                translated.push('$');
            }
            '+' if after_quantifier => return refuse("a possessive quantifier"),
            '*' | '+' | '?' | '}' => {
                quantified = (sign != '?' || !after_quantifier) && !translated.ends_with('(');
                translated.push(sign);
            }
            sign => translated.push(sign),
        }
    }
    Ok(Translated {
        pattern: translated,
        has_end,
    })
}

/// All matches as Java's matcher finds them: an empty one right after another counts, too.
fn all_matches<'t>(pattern: &Regex, text: &'t str) -> Vec<Captures<'t>> {
    let mut all = Vec::new();
    let mut start = 0;
    while let Some(found) = pattern.captures_at(text, start) {
        let whole = found.get_match();
        let (empty, end) = (whole.is_empty(), whole.end());
        all.push(found);
        start = end;
        if empty {
            match text[end..].chars().next() {
                Some(sign) => start += sign.len_utf8(),
                None => break,
            }
        }
    }
    all
}

fn group(call: &Call<'_, '_>) -> Result<usize> {
    let group = call.args.get(2).map_or(0, Value::integer);
    let groups = compiled(call)?.captures_len() - 1;
    if group < 0 {
        return Err(TrinoError::argument("Group cannot be negative").into());
    }
    usize::try_from(group)
        .ok()
        .filter(|group| *group <= groups)
        .ok_or_else(|| {
            let message = format!("Pattern has {groups} groups. Cannot access group {group}");
            TrinoError::argument(message).into()
        })
}

fn replace<'a>(call: &Call<'_, 'a>) -> Result<Value<'a>> {
    let pattern = compiled(call)?;
    let text = call.args[0].text();
    let with = call.args.get(2).map_or("", Value::text);
    // Trino looks at the replacement only where something is replaced.
    let mut steps = None;
    let mut replaced = String::with_capacity(text.len());
    let mut end = 0;
    for found in all_matches(&pattern, text) {
        let whole = found.get_match();
        let steps = match &steps {
            Some(steps) => steps,
            None => steps.insert(replacement(with, &pattern)?),
        };
        replaced.push_str(&text[end..whole.start()]);
        for step in steps {
            match step {
                ReplacementStep::Plain(plain) => replaced.push_str(plain),
                ReplacementStep::Group(group) => {
                    replaced.push_str(found.get(*group).map_or("", |part| part.as_str()));
                }
            }
        }
        end = whole.end();
    }
    replaced.push_str(&text[end..]);
    Ok(Value::owned(replaced))
}

enum ReplacementStep {
    Plain(String),
    Group(usize),
}

/// `$1`, `${name}` and `\` before a sign that stands for itself.
fn replacement(with: &str, pattern: &Regex) -> Result<Vec<ReplacementStep>> {
    let wrong = || TrinoError::argument(format!("Illegal replacement sequence: {with}"));
    let groups = pattern.captures_len() - 1;
    let mut steps = Vec::new();
    let mut plain = String::new();
    let mut signs = with.chars().peekable();
    while let Some(sign) = signs.next() {
        match sign {
            '\\' => plain.push(signs.next().ok_or_else(wrong)?),
            '$' => {
                steps.push(ReplacementStep::Plain(std::mem::take(&mut plain)));
                if signs.next_if_eq(&'{').is_some() {
                    let mut name = String::new();
                    loop {
                        match signs.next().ok_or_else(wrong)? {
                            '}' => break,
                            sign => name.push(sign),
                        }
                    }
                    let group = pattern
                        .capture_names()
                        .position(|known| known == Some(name.as_str()))
                        .ok_or_else(|| {
                            TrinoError::argument(format!(
                                "Illegal replacement sequence: unknown group {{ {name} }}"
                            ))
                        })?;
                    steps.push(ReplacementStep::Group(group));
                    continue;
                }
                let first = signs
                    .next()
                    .and_then(|sign| sign.to_digit(10))
                    .ok_or_else(wrong)?;
                let mut group = usize::try_from(first).unwrap_or(0);
                if group > groups {
                    let message = format!("Illegal replacement sequence: unknown group {group}");
                    return Err(TrinoError::argument(message).into());
                }
                // Further digits belong to the number as long as there is such a group.
                while let Some(digit) = signs.peek().and_then(|sign| sign.to_digit(10)) {
                    let longer = group * 10 + usize::try_from(digit).unwrap_or(0);
                    if longer > groups {
                        break;
                    }
                    group = longer;
                    signs.next();
                }
                steps.push(ReplacementStep::Group(group));
            }
            sign => plain.push(sign),
        }
    }
    steps.push(ReplacementStep::Plain(plain));
    Ok(steps)
}
