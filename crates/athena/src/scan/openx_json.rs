//! Rows of JSON lines by the OpenX SerDe, as Trino 476 reads them.
//!
//! A line that begins neither with `{` nor with `[` is a row of NULLs. A value that is no value of
//! its column's type is NULL, but an object or array in a column of numbers or times is an error.

use std::borrow::Cow;

use super::{
    cell::Cell,
    java_number::{self, ExactNumber, openx_whole},
    java_time,
    lenient_json::{JsonProblem, LenientJson, LenientMember, read_json, same_name, text_of},
    row_builder::RowBuilder,
    wanted_column::{WantedColumn, cut},
};
use crate::catalog::{hive_type::HiveType, row_format::OpenXRules};

/// Makes rows of lines.
pub(super) struct OpenXRows {
    rules: OpenXRules,
    wanted: Vec<MappedColumn>,
}

struct MappedColumn {
    column: WantedColumn,
    /// The key that it comes from.
    key: String,
}

impl OpenXRows {
    /// A maker of rows with these columns.
    #[must_use]
    pub(super) fn new(rules: &OpenXRules, wanted: &[WantedColumn]) -> Self {
        let wanted = wanted.iter().map(|column| MappedColumn {
            key: rules
                .mappings
                .get(&column.name)
                .unwrap_or(&column.name)
                .clone(),
            column: column.clone(),
        });
        Self {
            rules: rules.clone(),
            wanted: wanted.collect(),
        }
    }

    /// Puts the row of a line.
    ///
    /// # Errors
    /// Why the line has no row.
    pub(super) fn put(&self, line: &[u8], rows: &mut RowBuilder) -> Result<(), String> {
        let line = String::from_utf8_lossy(line);
        let line = line.trim_matches(|sign: char| sign <= ' ');
        let document = if line.starts_with(['{', '[']) {
            match read_json(line, self.rules.case_insensitive) {
                Ok(document) => document,
                Err(JsonProblem::Malformed(_)) if self.rules.ignore_malformed => LenientJson::Null,
                Err(JsonProblem::Malformed(problem)) => {
                    return Err(format!(
                        "it is not JSON ({problem}); with 'ignore.malformed.json' = 'TRUE' it is a row of NULLs"
                    ));
                }
                Err(JsonProblem::TooDeep) => {
                    return Err("its values are nested too deep to be read".to_owned());
                }
            }
        } else {
            LenientJson::Null
        };
        for MappedColumn { column, key } in &self.wanted {
            let value = match &document {
                LenientJson::Object(members) => self.member(members, column, key),
                LenientJson::Array(values) => values.get(column.ordinal),
                _ => None,
            };
            let cell = match value {
                Some(value) => cell(column, value)?,
                None => Cell::Null,
            };
            rows.put(column.slot, &cell);
        }
        rows.end_rows(1);
        Ok(())
    }

    fn member<'m, 't>(
        &self,
        members: &'m [LenientMember<'t>],
        column: &WantedColumn,
        key: &str,
    ) -> Option<&'m LenientJson<'t>> {
        let case_insensitive = self.rules.case_insensitive;
        let found = members
            .iter()
            .find(|member| same_name(&member.name, key, case_insensitive));
        let dotted = || {
            if !self.rules.dots_in_keys || !column.name.contains('_') {
                return None;
            }
            members.iter().find(|member| {
                member.name.contains('.')
                    && same_name(
                        &member.name.replace('.', "_"),
                        &column.name,
                        case_insensitive,
                    )
            })
        };
        found.or_else(dotted).map(|member| &member.value)
    }
}

fn cell<'v>(column: &WantedColumn, value: &'v LenientJson<'_>) -> Result<Cell<'v>, String> {
    let kind = column.kind;
    let text: Cow<'_, str> = match value {
        LenientJson::Null => return Ok(Cell::Null),
        LenientJson::Quoted(text) => Cow::Borrowed(text),
        LenientJson::Bare(word) => Cow::Borrowed(*word),
        LenientJson::Object(_) | LenientJson::Array(_) => match kind {
            HiveType::String | HiveType::Varchar(_) => Cow::Borrowed(""),
            HiveType::Boolean => return Ok(Cell::Boolean(false)),
            _ => {
                return Err(format!(
                    "it has an object or array in the column {} of type {kind}; declare the column as string",
                    column.name
                ));
            }
        },
    };
    let whole = |least: i64, most: i64| match openx_whole(&text) {
        Some(number) if (least..=most).contains(&number) => Cell::Whole(number),
        _ => Cell::Null,
    };
    let about = |problem: String| format!("column {}: {problem}", column.name);
    Ok(match kind {
        HiveType::String | HiveType::Varchar(_) => match text_of(value) {
            None => Cell::Null,
            Some(Cow::Borrowed(text)) => Cell::Text(Cow::Borrowed(cut(kind, text))),
            Some(Cow::Owned(text)) => Cell::Text(Cow::Owned(cut(kind, &text).to_owned())),
        },
        HiveType::Boolean => Cell::Boolean(text.eq_ignore_ascii_case("true")),
        HiveType::BigInt => whole(i64::MIN, i64::MAX),
        HiveType::Int => whole(i32::MIN.into(), i32::MAX.into()),
        HiveType::SmallInt => whole(i16::MIN.into(), i16::MAX.into()),
        HiveType::TinyInt => whole(i8::MIN.into(), i8::MAX.into()),
        HiveType::Double => java_number::double(&text)
            .map_err(about)?
            .map_or(Cell::Null, Cell::Double),
        HiveType::Float => java_number::float(&text)
            .map_err(about)?
            .map_or(Cell::Null, Cell::Float),
        HiveType::Decimal { precision, scale } => {
            let number = ExactNumber::read(&text).and_then(|number| number.unscaled(scale));
            match number.filter(|number| number.unsigned_abs() < 10u128.pow(precision.into())) {
                Some(number) => Cell::Unscaled(number),
                None => Cell::Null,
            }
        }
        HiveType::Date => {
            let days = java_time::openx_date(&text);
            // A number is a number of days: 20210601 is a day of the year 57304.
            let days = days.or_else(|| {
                let number = java_number::decimal_hex_or_octal(&text)?;
                i32::try_from(number).ok()
            });
            days.map_or(Cell::Null, Cell::Days)
        }
        HiveType::Timestamp => java_time::openx_timestamp(&text).map_or(Cell::Null, Cell::Millis),
    })
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, sync::Arc};

    use datafusion::arrow::{
        array::RecordBatch,
        datatypes::{Field, Schema},
        util::display::array_value_to_string,
    };

    use super::*;

    fn rules() -> OpenXRules {
        OpenXRules {
            case_insensitive: true,
            ignore_malformed: false,
            dots_in_keys: false,
            mappings: BTreeMap::from([("adj_close".to_owned(), "adj close".to_owned())]),
        }
    }

    fn read(
        rules: &OpenXRules,
        columns: &[(&str, HiveType)],
        line: &str,
    ) -> Result<Vec<String>, String> {
        let columns = columns.iter().enumerate();
        let wanted: Vec<WantedColumn> = columns
            .map(|(number, (name, kind))| WantedColumn {
                ordinal: number,
                slot: number,
                name: (*name).to_owned(),
                kind: *kind,
            })
            .collect();
        let kinds: Vec<HiveType> = wanted.iter().map(|column| column.kind).collect();
        let fields = wanted
            .iter()
            .map(|column| Field::new(&column.name, column.kind.data_type(), true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let mut rows = RowBuilder::new(schema, &kinds).unwrap();
        OpenXRows::new(rules, &wanted).put(line.as_bytes(), &mut rows)?;
        let batch: RecordBatch = rows.finish().unwrap().unwrap();
        let shown = batch.columns().iter().map(|column| {
            if column.is_null(0) {
                "NULL".to_owned()
            } else {
                array_value_to_string(column, 0).unwrap()
            }
        });
        Ok(shown.collect())
    }

    #[test]
    fn texts_are_what_trino_makes_of_them() {
        let columns = [
            ("index", HiveType::String),
            ("adj_close", HiveType::String),
            ("close", HiveType::Varchar(3)),
        ];
        for (line, expected) in [
            (
                r#"{"Index":"NYA","Adj Close":528.69,"close":"abcdef"}"#,
                ["NYA", "528.69", "abc"],
            ),
            (
                r#"{"index":{"a": 1},"adj close":[1, 2],"close":null}"#,
                [r#"{"a":1}"#, "[1,2]", "NULL"],
            ),
            (
                r#"{"index":true,"ADJ CLOSE":913608400.0}"#,
                ["true", "913608400.0", "NULL"],
            ),
            (r#"{"index":"a","INDEX":"b"}"#, ["b", "NULL", "NULL"]),
            (r#"{"index":"a"}{"index":"b"}"#, ["a", "NULL", "NULL"]),
            (r#"["x", 2]"#, ["x", "2", "NULL"]),
            ("", ["NULL"; 3]),
            ("null", ["NULL"; 3]),
            ("word", ["NULL"; 3]),
            ("{}", ["NULL"; 3]),
        ] {
            assert_eq!(read(&rules(), &columns, line).unwrap(), expected, "{line}");
        }
        let error = read(&rules(), &columns, r#"{"index":"#).unwrap_err();
        assert!(error.contains("ignore.malformed.json"), "{error}");
        let ignoring = OpenXRules {
            ignore_malformed: true,
            ..rules()
        };
        assert_eq!(
            read(&ignoring, &columns, r#"{"index":"#).unwrap(),
            ["NULL"; 3]
        );
    }

    #[test]
    fn types_are_read_leniently_and_objects_are_no_numbers() {
        for (kind, value, expected) in [
            (HiveType::Double, "1e3", "1000.0"),
            (HiveType::Double, "\"12.5\"", "12.5"),
            (HiveType::Double, "\"x\"", "NULL"),
            (HiveType::BigInt, "1234.0", "1234"),
            (HiveType::Int, "3000000000", "NULL"),
            (HiveType::Boolean, "\"TRUE\"", "true"),
            (HiveType::Boolean, "{}", "false"),
            (HiveType::Date, "\"2021-06-04\"", "2021-06-04"),
            (HiveType::Date, "\"2021-06-04T00:00:00Z\"", "2021-06-04"),
            (HiveType::Date, "1", "1970-01-02"),
            (
                HiveType::Timestamp,
                "\"1970-01-01T00:00:01Z\"",
                "1970-01-01T00:00:01",
            ),
            (
                HiveType::Decimal {
                    precision: 4,
                    scale: 1,
                },
                "12.25",
                "12.3",
            ),
            (
                HiveType::Decimal {
                    precision: 4,
                    scale: 1,
                },
                "12345",
                "NULL",
            ),
        ] {
            let line = format!("{{\"a\":{value}}}");
            assert_eq!(
                read(&rules(), &[("a", kind)], &line).unwrap(),
                [expected],
                "{kind}: {value}"
            );
        }
        let error = read(&rules(), &[("a", HiveType::Double)], r#"{"a":{}}"#).unwrap_err();
        assert!(error.contains("column a of type double"), "{error}");
    }

    #[test]
    fn names_are_found_by_the_rules() {
        let exact = OpenXRules {
            case_insensitive: false,
            ..rules()
        };
        assert_eq!(
            read(&exact, &[("a", HiveType::String)], r#"{"A":1,"a":2}"#).unwrap(),
            ["2"]
        );
        let dotted = OpenXRules {
            dots_in_keys: true,
            ..rules()
        };
        assert_eq!(
            read(&dotted, &[("a_b", HiveType::String)], r#"{"A.B":1}"#).unwrap(),
            ["1"]
        );
        assert_eq!(
            read(&rules(), &[("a_b", HiveType::String)], r#"{"A.B":1}"#).unwrap(),
            ["NULL"]
        );
    }
}
