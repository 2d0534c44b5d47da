//! Rows of JSON lines by Hive's own SerDe, as Trino 476 reads them: strict JSON, one object for
//! each line; a value of another type than its column is an error, and so are two for one column.

use std::{borrow::Cow, fmt};

use serde_json::value::RawValue;

use super::{
    cell::Cell,
    java_number::ExactNumber,
    java_time,
    row_builder::RowBuilder,
    wanted_column::{WantedColumn, cut},
};
use crate::catalog::hive_type::HiveType;

/// Makes rows of lines.
pub(super) struct HiveJsonRows {
    wanted: Vec<WantedColumn>,
}

/// The members of an object, in their order.
struct Members<'l>(Vec<(Cow<'l, str>, &'l RawValue)>);

impl<'de: 'l, 'l> serde::Deserialize<'de> for Members<'l> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfMembers;
        impl<'de> serde::de::Visitor<'de> for OfMembers {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(name) = map.next_key::<String>()? {
                    members.push((Cow::Owned(name), map.next_value::<&RawValue>()?));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(OfMembers)
    }
}

impl HiveJsonRows {
    /// A maker of rows with these columns.
    #[must_use]
    pub(super) fn new(wanted: &[WantedColumn]) -> Self {
        Self {
            wanted: wanted.to_vec(),
        }
    }

    /// Puts the row of a line.
    ///
    /// # Errors
    /// Why the line has no row.
    pub(super) fn put(&self, line: &[u8], rows: &mut RowBuilder) -> Result<(), String> {
        // What follows the object is passed over, as in Trino.
        let mut documents = serde_json::Deserializer::from_slice(line).into_iter::<Members<'_>>();
        let members = match documents.next() {
            Some(Ok(Members(members))) => members,
            Some(Err(error)) => return Err(format!("it is not a JSON object ({error})")),
            None => return Err("it is empty, and must be a JSON object".to_owned()),
        };
        let mut cells: Vec<Option<Cell<'_>>> = vec![None; self.wanted.len()];
        for (name, value) in members {
            let name = name.to_lowercase();
            let ordinal = ordinal_of(&name);
            for (column, place) in self.wanted.iter().zip(&mut cells) {
                if column.name != name && ordinal != Some(column.ordinal) {
                    continue;
                }
                let about = |problem: String| format!("column {}: {problem}", column.name);
                let cell = cell(column.kind, value.get()).map_err(about)?;
                if place.replace(cell).is_some() {
                    return Err(about("it has two values; write each key once".to_owned()));
                }
            }
        }
        for (column, cell) in self.wanted.iter().zip(&cells) {
            rows.put(column.slot, cell.as_ref().unwrap_or(&Cell::Null));
        }
        rows.end_rows(1);
        Ok(())
    }
}

/// Hive's own names for columns without a name: `_col0`.
fn ordinal_of(name: &str) -> Option<usize> {
    let digits = name.strip_prefix("_col")?;
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().ok()).flatten()
}

fn cell(kind: HiveType, json: &str) -> Result<Cell<'static>, String> {
    let is_text = json.starts_with('"');
    if json == "null" {
        return Ok(Cell::Null);
    }
    if json.starts_with(['{', '[']) {
        return Err(format!(
            "an object or array is no {kind}; use the OpenX SerDe, whose strings may hold them"
        ));
    }
    let text = if is_text {
        serde_json::from_str(json).map_err(|error| error.to_string())?
    } else {
        json.to_owned()
    };
    let is_number = json.starts_with(|sign: char| sign == '-' || sign.is_ascii_digit());
    let misfit = || format!("{json} is no {kind}; declare the column as string");
    let whole = |least: i64, most: i64| {
        // What stands after the point is cut off.
        let number = ExactNumber::read(&text).filter(|_| is_number);
        match number.and_then(|number| number.whole()) {
            Some(number) if (least..=most).contains(&number) => Ok(Cell::Whole(number)),
            _ => Err(misfit()),
        }
    };
    Ok(match kind {
        HiveType::String | HiveType::Varchar(_) => {
            Cell::Text(Cow::Owned(cut(kind, &text).to_owned()))
        }
        HiveType::Boolean => Cell::Boolean(text.eq_ignore_ascii_case("true")),
        HiveType::BigInt => whole(i64::MIN, i64::MAX)?,
        HiveType::Int => whole(i32::MIN.into(), i32::MAX.into())?,
        HiveType::SmallInt => whole(i16::MIN.into(), i16::MAX.into())?,
        HiveType::TinyInt => whole(i8::MIN.into(), i8::MAX.into())?,
        HiveType::Double if is_number => Cell::Double(text.parse().map_err(|_| misfit())?),
        HiveType::Float if is_number => Cell::Float(text.parse().map_err(|_| misfit())?),
        HiveType::Double | HiveType::Float => return Err(misfit()),
        HiveType::Decimal { precision, scale } => {
            let number = ExactNumber::read(&text).and_then(|number| number.unscaled(scale));
            match number.filter(|number| number.unsigned_abs() < 10u128.pow(precision.into())) {
                Some(number) => Cell::Unscaled(number),
                None => return Err(misfit()),
            }
        }
        HiveType::Date => Cell::Days(java_time::hive_date(&text).ok_or_else(misfit)?),
        HiveType::Timestamp => Cell::Millis(java_time::hive_timestamp(&text).ok_or_else(misfit)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_the_type_of_their_column() {
        for (kind, json, expected) in [
            (HiveType::String, "1.50", Cell::Text("1.50".into())),
            (HiveType::String, "true", Cell::Text("true".into())),
            (HiveType::String, r#""a\nb""#, Cell::Text("a\nb".into())),
            (HiveType::Varchar(2), r#""äöü""#, Cell::Text("äö".into())),
            (HiveType::BigInt, "1234.9", Cell::Whole(1234)),
            (HiveType::Double, "1e3", Cell::Double(1000.0)),
            (HiveType::Boolean, "\"TRUE\"", Cell::Boolean(true)),
            (HiveType::Date, "\"1970-01-02\"", Cell::Days(1)),
            (
                HiveType::Timestamp,
                "\"1970-01-01 00:00:01\"",
                Cell::Millis(1_000),
            ),
            (HiveType::String, "null", Cell::Null),
        ] {
            assert_eq!(cell(kind, json), Ok(expected), "{kind}: {json}");
        }
        for (kind, json) in [
            (HiveType::Double, "\"1\""),
            (HiveType::BigInt, "9223372036854775808"),
            (HiveType::Int, "3000000000"),
            (HiveType::String, "{}"),
            (HiveType::Date, "\"2021-06-04T00:00:00Z\""),
        ] {
            assert!(cell(kind, json).is_err(), "{kind}: {json}");
        }
    }

    #[test]
    fn lines_must_be_objects() {
        let rows = HiveJsonRows::new(&[]);
        let schema = std::sync::Arc::new(datafusion::arrow::datatypes::Schema::empty());
        let mut builder = RowBuilder::new(schema, &[]).unwrap();
        for line in ["{}", r#"{"a":[{}]} {"b""#] {
            rows.put(line.as_bytes(), &mut builder).unwrap();
        }
        for line in ["", "null", "[1]", "{a:1}", r#"{"a":"#, r#"{"a":01}"#] {
            assert!(rows.put(line.as_bytes(), &mut builder).is_err(), "{line}");
        }
    }
}
