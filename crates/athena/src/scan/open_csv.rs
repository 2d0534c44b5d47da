//! Rows of CSV lines by OpenCSVSerde, as Trino reads them ("CsvDeserializer"): each line is a row,
//! so a field with a line break is torn; fields that are missing are NULL, others too many are
//! dropped.

use std::borrow::Cow;

use super::{
    cell::Cell,
    row_builder::RowBuilder,
    wanted_column::{WantedColumn, cut},
};
use crate::catalog::row_format::CsvRules;

/// Makes rows of lines.
pub(super) struct OpenCsvRows {
    rules: CsvRules,
    wanted: Vec<WantedColumn>,
    /// How many fields of a line are looked at.
    fields: usize,
}

impl OpenCsvRows {
    /// A maker of rows with these columns.
    #[must_use]
    pub(super) fn new(rules: &CsvRules, wanted: &[WantedColumn]) -> Self {
        let last = wanted.iter().map(|column| column.ordinal + 1).max();
        Self {
            rules: *rules,
            wanted: wanted.to_vec(),
            fields: last.unwrap_or(0),
        }
    }

    /// Puts the row of a line.
    pub(super) fn put(&self, line: &[u8], rows: &mut RowBuilder) {
        let line: Vec<char> = String::from_utf8_lossy(line).chars().collect();
        let fields = self.fields(&line);
        for column in &self.wanted {
            let field = fields.get(column.ordinal);
            let cell = field.map_or(Cell::Null, |text| {
                Cell::Text(Cow::Borrowed(cut(column.kind, text)))
            });
            rows.put(column.slot, &cell);
        }
        rows.end_rows(1);
    }

    /// The fields of a line, as far as they are wanted; an empty line has none.
    fn fields(&self, line: &[char]) -> Vec<String> {
        let CsvRules {
            separator,
            quote,
            escape,
            ..
        } = self.rules;
        let mut fields = Vec::new();
        if line.is_empty() || self.fields == 0 {
            return fields;
        }
        let mut field = String::new();
        // Inside of quotes a separator is a sign like others. Both follow the original, which
        // switches the second one at each quote.
        let (mut in_quotes, mut in_field) = (false, false);
        let mut at = 0;
        while at < line.len() && fields.len() < self.fields {
            let sign = line[at];
            let next = line.get(at + 1).copied();
            if sign == escape {
                if (in_quotes || in_field)
                    && let Some(next) = next.filter(|next| *next == quote || *next == escape)
                {
                    field.push(next);
                    at += 1;
                }
            } else if sign == quote {
                if (in_quotes || in_field) && next == Some(quote) {
                    field.push(quote);
                    at += 1;
                } else {
                    // A quote in the middle of a field is a sign of it, or opens it after blanks.
                    let in_middle = at > 2
                        && line[at - 1] != separator
                        && next.is_some_and(|next| next != separator);
                    if in_middle {
                        if !field.is_empty() && field.chars().all(char::is_whitespace) {
                            field.clear();
                        } else {
                            field.push(quote);
                        }
                    }
                    in_quotes = !in_quotes;
                }
                in_field = !in_field;
            } else if sign == separator && !in_quotes {
                fields.push(std::mem::take(&mut field));
                in_field = false;
            } else {
                field.push(sign);
                in_field = true;
            }
            at += 1;
        }
        // A field whose quotes do not end is dropped.
        if fields.len() < self.fields && !in_quotes {
            fields.push(field);
        }
        fields
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::hive_type::HiveType;

    #[test]
    fn fields_are_those_of_trino() {
        let rules = CsvRules {
            separator: ',',
            quote: '"',
            escape: '\\',
            header_lines: 0,
        };
        let third = WantedColumn {
            ordinal: 2,
            slot: 0,
            name: "c".to_owned(),
            kind: HiveType::String,
        };
        let rows = OpenCsvRows::new(&rules, &[third]);
        for (line, expected) in [
            ("a,b,c", &["a", "b", "c"][..]),
            ("a,b", &["a", "b"]),
            ("a,b,c,d", &["a", "b", "c"]),
            ("a,,", &["a", "", ""]),
            ("", &[]),
            ("\"a,b\",\"c\"", &["a,b", "c"]),
            ("\"a \"\"b\"\"\",c", &["a \"b\"", "c"]),
            (r#""a \"b\"",c"#, &["a \"b\"", "c"]),
            // The serde loses backslashes that escape nothing.
            (r"a\b,c", &["ab", "c"]),
            (r"a\\b,c", &[r"a\b", "c"]),
            ("a,\"open", &["a"]),
            ("abcd\"e\"f,g", &["abcd\"e\"f", "g"]),
        ] {
            let line: Vec<char> = line.chars().collect();
            assert_eq!(rows.fields(&line), expected, "{}", String::from_iter(&line));
        }
    }
}
