//! One record, a JSON object, becomes one row of a table: a cell for each column, in the schema's
//! order.
//!
//! Records of a topic have the same fields in the same order, again and again, so the reader looks
//! for a field first where it was last time. Does not know Kafka or files. Invariant: what was read
//! before never changes what a record becomes, only how fast.

use std::borrow::Cow;

use crate::{
    athena_type::AthenaType,
    cell::{Cell, cell},
    classifier::Classifier,
    column_finder::ColumnFinder,
    loss::Losses,
    members::Members,
    row_problem::RowProblem,
    table_schema::{TableColumn, TableSchema, UnknownFields},
    unquoted::unquoted,
};

/// Fields beyond this place in a record are looked up each time.
const MAX_HINTS: usize = 1_000;

/// Longer names are looked up each time.
const MAX_HINT_BYTES: usize = 255;

/// Reads records as rows of one schema.
#[derive(Debug)]
pub struct RowReader {
    classifier: Classifier,
    columns: Vec<FilledColumn>,
    unknown_fields: UnknownFields,
    finder: ColumnFinder,
    /// The field that the last records had at each place.
    hints: Vec<Hint>,
    /// Counts records, to tell which columns this one has filled.
    record: u64,
    /// What the columns rounded or cut off of the rows so far.
    rounded: Losses,
}

#[derive(Debug)]
struct FilledColumn {
    name: String,
    kind: AthenaType,
    /// The last record that had a field for it.
    filled_by: u64,
}

#[derive(Debug)]
struct Hint {
    /// As it is written between the quotes.
    name: Box<str>,
    column: Option<usize>,
}

/// Why a record is not a row of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoRow {
    /// What is wrong.
    pub problem: RowProblem,
    /// The column without a cell, or the field that no column takes; `None` if no single one is to
    /// blame.
    pub column: Option<String>,
}

impl RowReader {
    /// Makes a reader by the rule of a zone's classifier.
    #[must_use]
    pub fn new(schema: &TableSchema, classifier: Classifier) -> Self {
        Self {
            classifier,
            finder: ColumnFinder::new(schema.columns(), classifier),
            columns: schema.columns().iter().map(FilledColumn::new).collect(),
            unknown_fields: schema.unknown_fields(),
            hints: Vec::new(),
            record: 0,
            rounded: Losses::default(),
        }
    }

    /// Puts the cells of a record into `row`, one for each column of the schema; what was in `row`
    /// before is dropped.
    ///
    /// # Errors
    /// The first thing that keeps the record from being a row; the content of `row` is then
    /// unspecified.
    pub fn read<'v>(&mut self, value: &'v str, row: &mut Vec<Cell<'v>>) -> Result<(), NoRow> {
        let no_object = |_| NoRow {
            problem: RowProblem::NotAnObject,
            column: None,
        };
        self.record += 1;
        row.clear();
        row.resize(self.columns.len(), Cell::Null);
        let mut members = Members::new(value).map_err(no_object)?;
        let mut rounded = Losses::default();
        let mut place = 0;
        loop {
            let hint = self.hints.get(place);
            let expected = hint.map(|hint| &*hint.name);
            let Some(member) = members.next(expected).map_err(no_object)? else {
                self.rounded += rounded;
                return Ok(());
            };
            let column = match (member.name, hint) {
                (None, Some(hint)) => hint.column,
                (name, _) => self.column(place, name.unwrap_or_default())?,
            };
            if let Some(at) = column {
                let column = &mut self.columns[at];
                if std::mem::replace(&mut column.filled_by, self.record) == self.record {
                    return Err(column.refuse(RowProblem::SameColumn));
                }
                row[at] = cell(self.classifier, column.kind, member.value)
                    .map_err(|problem| column.refuse(problem))?;
                rounded.count_rounded(column.kind, member.value);
            }
            place += 1;
        }
    }

    /// Checks that a record is a row, and forgets it.
    ///
    /// # Errors
    /// As for [`Self::read`].
    pub fn check(&mut self, value: &str) -> Result<(), NoRow> {
        self.read(value, &mut Vec::new())
    }

    /// What the columns rounded or cut off of all rows that were read: digits of numbers, of times,
    /// and times of day.
    #[must_use]
    pub fn rounded(&self) -> Losses {
        self.rounded
    }

    /// What the row of a record does not keep of it. The record is one that [`Self::read`] takes;
    /// of any other the answer says nothing.
    #[must_use]
    pub fn losses(&self, value: &str) -> Losses {
        let mut losses = Losses::default();
        let Ok(mut members) = Members::new(value) else {
            return losses;
        };
        while let Ok(Some(member)) = members.next(None) {
            let name = unescaped(member.name.unwrap_or_default());
            match self.finder.find(&name) {
                Some(at) => losses.count(self.columns[at].kind, member.value),
                None => losses.dropped_fields += 1,
            }
        }
        losses
    }

    /// The column for a field that was not expected at this place of the record; `None` if the
    /// field is ignored.
    #[cold]
    fn column(&mut self, place: usize, name: &str) -> Result<Option<usize>, NoRow> {
        let column = self.look_up(name)?;
        if name.len() <= MAX_HINT_BYTES && place < MAX_HINTS {
            let name = name.into();
            if let Some(hint) = self.hints.get_mut(place) {
                *hint = Hint { name, column };
            } else if self.hints.len() == place {
                self.hints.push(Hint { name, column });
            }
        }
        Ok(column)
    }

    fn look_up(&self, name: &str) -> Result<Option<usize>, NoRow> {
        let name = unescaped(name);
        match self.finder.find(&name) {
            None if self.unknown_fields == UnknownFields::DeadLetter => Err(NoRow {
                problem: RowProblem::UnknownField,
                column: Some(name),
            }),
            found => Ok(found),
        }
    }
}

impl FilledColumn {
    fn new(column: &TableColumn) -> Self {
        Self {
            name: column.name.clone(),
            kind: column.kind,
            filled_by: 0,
        }
    }

    fn refuse(&self, problem: RowProblem) -> NoRow {
        NoRow {
            problem,
            column: Some(self.name.clone()),
        }
    }
}

/// The name of a field that is written so between the quotes.
fn unescaped(name: &str) -> String {
    // A name with half a surrogate pair is the name of no column.
    unquoted(&format!("\"{name}\"")).map_or(name.to_owned(), Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{names::FieldNames, row_encoder::RowEncoder, schema::Schema};

    fn schema(columns: &[(&str, AthenaType, &[&str])], unknown: UnknownFields) -> TableSchema {
        let column = |(name, kind, fields): &(&str, AthenaType, &[&str])| TableColumn {
            name: (*name).to_owned(),
            kind: *kind,
            fields: fields.iter().map(|field| (*field).to_owned()).collect(),
        };
        TableSchema::new(columns.iter().map(column).collect(), unknown).unwrap()
    }

    fn read(schema: &TableSchema, value: &str) -> Result<String, NoRow> {
        show(&mut RowReader::new(schema, Classifier::NEWEST), value)
    }

    fn show(reader: &mut RowReader, value: &str) -> Result<String, NoRow> {
        let mut row = vec![Cell::BigInt(7)];
        reader.read(value, &mut row)?;
        let shown = row.iter().map(|cell| match cell {
            Cell::Null => "-".to_owned(),
            Cell::Text(text) => format!("'{text}'"),
            Cell::Double(number) => number.text().to_owned(),
            other => format!("{other:?}"),
        });
        Ok(shown.collect::<Vec<_>>().join(" "))
    }

    fn refusal(problem: RowProblem, column: &str) -> Result<String, NoRow> {
        let column = Some(column.to_owned());
        Err(NoRow { problem, column })
    }

    #[test]
    fn both_forms_of_the_producers_names_fill_the_same_columns() {
        let line = b"HSI,1986-12-31,2479.3,2479.300049,1.0,5e-1,2,0.0,322.30900637";
        for names in [FieldNames::Original, FieldNames::Snake] {
            let mut value = Vec::new();
            let cells: Vec<&[u8]> = line.split(|byte| *byte == b',').collect();
            let encoder = RowEncoder::new(&Schema::stock(names));
            encoder.append_row(cells.into_iter(), &mut value).unwrap();
            assert_eq!(
                read(&TableSchema::stock(), std::str::from_utf8(&value).unwrap()).unwrap(),
                "'HSI' Date(6208) 2479.3 2479.300049 1.0 5e-1 2 0.0 322.30900637"
            );
        }
    }

    #[test]
    fn fields_are_found_by_the_list_then_by_name_then_by_the_snake_form() {
        let number = AthenaType::BigInt;
        let schema = schema(
            &[
                ("a", number, &["B", "Ärger"]),
                ("b", number, &[]),
                ("close_usd", number, &[]),
                ("closeusd", number, &[]),
            ],
            UnknownFields::Ignore,
        );
        let one = |value| read(&schema, value).unwrap();
        assert_eq!(
            one(r#"{"b":1}"#),
            "BigInt(1) - - -",
            "the list is stronger than the name"
        );
        assert_eq!(one(r#"{"ÄRGER":1}"#), "BigInt(1) - - -");
        assert_eq!(
            one(r#"{"A":1}"#),
            "- - - -",
            "a column with a list takes nothing else"
        );
        assert_eq!(
            one(r#"{"CloseUSD":1,"Close USD":2}"#),
            "- - BigInt(2) BigInt(1)"
        );
        assert_eq!(
            one(r#"{"\u0042":1}"#),
            "BigInt(1) - - -",
            "a name may be escaped"
        );
        assert_eq!(one(r#"{"\ud800":1}"#), "- - - -");
    }

    #[test]
    fn the_second_classifier_matches_names_by_their_letters() {
        let stock = TableSchema::stock();
        let row =
            |classifier, value: &str| show(&mut RowReader::new(&stock, classifier), value).unwrap();
        for name in ["closeusd", "CLOSEUSD", "CloseUsd", "close_USD"] {
            let value = format!("{{\"{name}\":1}}");
            assert_eq!(row(Classifier::Two, &value), "- - - - - - - - 1", "{name}");
        }
        let snake = r#"{"adjclose":1,"Closeusd":2}"#;
        assert_eq!(row(Classifier::One, snake), "- - - - - - - - -");
        assert_eq!(row(Classifier::Two, snake), "- - - - - - 1 - 2");
        assert_eq!(
            read(&stock, r#"{"closeusd":1,"Close USD":1}"#),
            refusal(RowProblem::SameColumn, "close_usd")
        );
        let number = AthenaType::BigInt;
        let twins = [
            ("a_b", number, &[][..]),
            ("ab", number, &[]),
            ("c", number, &["Price USD"]),
        ];
        let twins = schema(&twins, UnknownFields::Ignore);
        let shown = read(&twins, r#"{"AB":1,"A B":2,"a%%b":3,"priceusd":4}"#);
        let first = read(&twins, r#"{"AB":1,"A B":2,"priceusd":4}"#);
        assert_eq!(first.unwrap(), "BigInt(2) BigInt(1) BigInt(4)");
        assert_eq!(shown, refusal(RowProblem::SameColumn, "a_b"));
        let nobody = read(&twins, r#"{"aB_":1,"a__%B":2,"ab%":3}"#);
        assert_eq!(nobody, refusal(RowProblem::SameColumn, "a_b"));
    }

    #[test]
    fn a_missing_field_and_null_are_null_and_unknown_fields_are_ignored() {
        let text = AthenaType::String;
        let schema = schema(
            &[("a", text, &[]), ("b", text, &[]), ("c", text, &[])],
            UnknownFields::Ignore,
        );
        assert_eq!(
            read(&schema, r#"{"x":{"a":1},"c":{"d":[1, 2]},"a":null}"#).unwrap(),
            r#"- - '{"d":[1, 2]}'"#
        );
        assert_eq!(read(&schema, "{}").unwrap(), "- - -");
    }

    #[test]
    fn what_does_not_fit_is_refused_with_its_column() {
        let stock = TableSchema::stock();
        assert_eq!(
            read(&stock, r#"{"Open":"x"}"#),
            refusal(RowProblem::WrongType, "open")
        );
        assert_eq!(
            read(&stock, r#"{"Date":"x"}"#),
            refusal(RowProblem::UnparseableDate, "date")
        );
        assert_eq!(
            read(&stock, r#"{"Adj Close":1,"adj_close":1}"#),
            refusal(RowProblem::SameColumn, "adj_close")
        );
        let strict = schema(&[("a", AthenaType::String, &[])], UnknownFields::DeadLetter);
        assert_eq!(
            read(&strict, r#"{"a":1,"B\u0020b":2}"#),
            refusal(RowProblem::UnknownField, "B b")
        );
        for value in ["", "[]", "{\"a\":", "hello"] {
            assert_eq!(
                read(&stock, value),
                Err(NoRow {
                    problem: RowProblem::NotAnObject,
                    column: None
                }),
                "{value}"
            );
        }
    }

    #[test]
    fn a_refused_record_does_not_show_in_the_next_one() {
        let mut reader = RowReader::new(&TableSchema::stock(), Classifier::NEWEST);
        show(&mut reader, r#"{"Index":"A","Open":true}"#).unwrap_err();
        assert_eq!(
            show(&mut reader, r#"{"Index":"B"}"#).unwrap(),
            "'B' - - - - - - - -"
        );
    }

    proptest! {
        #[test]
        fn what_was_read_before_does_not_matter(
            records in proptest::collection::vec(
                proptest::collection::vec(("Open|open|OPEN|Adj Close|adj_close|Close|x|y|\\\\u0061", "1|2\\.5|null|\"t\""), 0..6), 1..8),
            strict in any::<bool>(),
        ) {
            let unknown = if strict { UnknownFields::DeadLetter } else { UnknownFields::Ignore };
            let schema = TableSchema::new(TableSchema::stock().columns().to_vec(), unknown).unwrap();
            let mut reader = RowReader::new(&schema, Classifier::NEWEST);
            for record in records {
                let members: Vec<String> = record.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
                let value = format!("{{{}}}", members.join(","));
                prop_assert_eq!(show(&mut reader, &value), read(&schema, &value), "{}", value);
            }
        }
    }
}
