//! A proposal for a schema, made from records: for people to look at, correct and keep.
//!
//! Invariant: each JSON object that the proposal was made from is a row of it with nothing left
//! out, except texts and names with half a surrogate pair, and what a note says.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use crate::{
    athena_type::AthenaType,
    classifier::Classifier,
    column_finder::ColumnFinder,
    csv_column::ColumnType,
    members::{Member, Members},
    names::snake,
    seen_kind::SeenKind,
    stock,
    table_schema::{PARTITION_COLUMN, TableColumn, TableSchema, TableSchemaError, UnknownFields},
    unquoted::unquoted,
};

/// The most columns that are proposed, see [`TableSchema::new`].
const MAX_COLUMNS: usize = 1_000;

/// A proposal, and what people should know about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The columns.
    pub schema: TableSchema,
    /// How many values it was made from.
    pub objects: usize,
    /// How many values were passed over, because they are no JSON object.
    pub passed_over: usize,
    /// Columns that do not hold each value as it was, and why.
    pub notes: Vec<ColumnNote>,
}

/// A remark on one column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnNote {
    /// The column.
    pub column: String,
    /// One line.
    pub text: &'static str,
}

/// Proposes the columns of a table for these values of records; values that are no JSON object are
/// passed over, and counted.
///
/// Columns come in the order in which their fields were first seen, and are named by the fields'
/// snake forms. A field whose values are all days is a date; all days or times, a timestamp; all
/// whole numbers of 64 bits, a bigint; all numbers, a double if that gives back their digits, and
/// otherwise a decimal; all `true` or `false`, a boolean; all objects or arrays, json. Everything
/// else, including a field that is always `null`, is a string. Known prices and volumes are doubles
/// even if the sample has only whole numbers: the next record may have others.
///
/// # Errors
/// [`TableSchemaError::NothingToInferFrom`] if no object has a field, and what [`TableSchema::new`]
/// refuses, such as more than 1,000 fields.
pub fn infer<'v>(values: impl IntoIterator<Item = &'v [u8]>) -> Result<Proposal, TableSchemaError> {
    let mut seen = SeenFields::default();
    for value in values {
        match std::str::from_utf8(value).ok().and_then(members) {
            Some(members) => seen.take(&members)?,
            None => seen.passed_over += 1,
        }
    }
    if seen.fields.is_empty() {
        return Err(TableSchemaError::NothingToInferFrom);
    }
    seen.propose()
}

/// All members of an object, or nothing: a text may turn out to be no object only at its end, and
/// then none of its members may count.
fn members(text: &str) -> Option<Vec<Member<'_>>> {
    let mut members = Members::new(text).ok()?;
    let mut all = Vec::new();
    while let Some(member) = members.next(None).ok()? {
        all.push(member);
    }
    Some(all)
}

#[derive(Default)]
struct SeenFields {
    /// In the order of their first record.
    fields: Vec<SeenField>,
    /// Fields by their names in lower case.
    places: BTreeMap<String, usize>,
    /// Snake forms that two fields of one record share: these fields need a column each.
    crowded: BTreeSet<String>,
    /// All snake forms: there are about as many columns.
    snakes: BTreeSet<String>,
    objects: usize,
    passed_over: usize,
}

struct SeenField {
    /// The spellings that were seen; they differ only in case. The first one names the column.
    spellings: Vec<String>,
    snake: String,
    /// `None` as long as there were only `null`s.
    kind: Option<SeenKind>,
}

impl SeenFields {
    /// # Errors
    /// [`TableSchemaError::TooManyColumns`] as soon as that is certain: names that are values would
    /// go on for ever.
    fn take(&mut self, members: &[Member<'_>]) -> Result<(), TableSchemaError> {
        self.objects += 1;
        let mut of_record = BTreeMap::new();
        for member in members {
            let name = member.name.unwrap_or_default();
            let Ok(name) = unquoted(&format!("\"{name}\"")).map(Cow::into_owned) else {
                continue;
            };
            let kind = SeenKind::of(member.value);
            let at = self.place(name);
            if self.snakes.len() > MAX_COLUMNS {
                return Err(TableSchemaError::TooManyColumns(self.snakes.len()));
            }
            let field = &mut self.fields[at];
            field.kind = both(field.kind, kind);
            let other = of_record.insert(field.snake.clone(), at);
            if other.is_some_and(|other| other != at) {
                self.crowded.insert(field.snake.clone());
            }
        }
        Ok(())
    }

    fn place(&mut self, name: String) -> usize {
        let next = self.fields.len();
        let at = *self.places.entry(name.to_lowercase()).or_insert(next);
        if at == next {
            self.snakes.insert(snake(&name));
            self.fields.push(SeenField {
                snake: snake(&name),
                spellings: vec![name],
                kind: None,
            });
        } else if !self.fields[at].spellings.contains(&name) {
            self.fields[at].spellings.push(name);
        }
        at
    }

    fn propose(&self) -> Result<Proposal, TableSchemaError> {
        let mut columns: Vec<ProposedColumn> = Vec::new();
        let mut names = ColumnNames::default();
        // The columns that fields of one snake form share.
        let mut shared: BTreeMap<&str, usize> = BTreeMap::new();
        for field in &self.fields {
            let own = self.crowded.contains(&field.snake);
            let at = match own {
                true => columns.len(),
                false => *shared.entry(&field.snake).or_insert(columns.len()),
            };
            match columns.get_mut(at) {
                Some(column) => column.fields.push(field),
                None => columns.push(ProposedColumn {
                    name: names.take(&field.snake),
                    fields: vec![field],
                }),
            }
            // Names of nothing but signs have one snake form, and may be thousands.
            if columns.len() > MAX_COLUMNS {
                return Err(TableSchemaError::TooManyColumns(columns.len()));
            }
        }
        let listless: Vec<TableColumn> = columns.iter().map(ProposedColumn::without_list).collect();
        let finder = ColumnFinder::new(&listless, Classifier::One);
        let with_needed_lists = columns.iter().enumerate().map(|(at, column)| {
            if column.is_found(&finder, at) {
                column.without_list()
            } else {
                column.with_list()
            }
        });
        let schema = TableSchema::new(with_needed_lists.collect(), UnknownFields::Ignore)?;
        let notes = columns.iter().flat_map(|column| {
            let texts = column.kind().map(|kind| kind.notes(column.is_fractional()));
            let note = |text| ColumnNote {
                column: column.name.clone(),
                text,
            };
            texts.unwrap_or_default().into_iter().map(note)
        });
        Ok(Proposal {
            schema,
            objects: self.objects,
            passed_over: self.passed_over,
            notes: notes.collect(),
        })
    }
}

struct ProposedColumn<'s> {
    name: String,
    fields: Vec<&'s SeenField>,
}

impl ProposedColumn<'_> {
    /// Whether all its fields find this column if no column lists fields.
    fn is_found(&self, finder: &ColumnFinder, at: usize) -> bool {
        let mut spellings = self.fields.iter().flat_map(|field| &field.spellings);
        spellings.all(|name| finder.find(name) == Some(at))
    }

    fn kind(&self) -> Option<SeenKind> {
        let kinds = self.fields.iter().map(|field| field.kind);
        kinds.reduce(both).flatten()
    }

    /// Whether the column is a known price or volume.
    fn is_fractional(&self) -> bool {
        let mut names = self.fields.iter().flat_map(|field| &field.spellings);
        names.any(|name| stock::type_of(name) == ColumnType::Number)
    }

    fn without_list(&self) -> TableColumn {
        let kind = self.kind();
        TableColumn {
            name: self.name.clone(),
            kind: kind.map_or(AthenaType::String, |kind| {
                kind.athena_type(self.is_fractional())
            }),
            fields: Vec::new(),
        }
    }

    fn with_list(&self) -> TableColumn {
        let names = self.fields.iter().map(|field| field.spellings[0].clone());
        TableColumn {
            fields: names.collect(),
            ..self.without_list()
        }
    }
}

/// The names that columns have already.
#[derive(Default)]
struct ColumnNames {
    taken: BTreeSet<String>,
    /// The next number behind a name that is taken.
    numbers: BTreeMap<String, u64>,
}

impl ColumnNames {
    /// A name for the column of a field with this snake form; the same with a number if it is
    /// taken.
    fn take(&mut self, snake: &str) -> String {
        let wanted = match snake {
            PARTITION_COLUMN => format!("record_{snake}"),
            _ => snake.to_owned(),
        };
        let mut name = wanted.clone();
        while !self.taken.insert(name.clone()) {
            let number = self.numbers.entry(wanted.clone()).or_insert(2);
            name = format!("{wanted}_{number}");
            *number += 1;
        }
        name
    }
}

/// What holds what either holds.
fn both(left: Option<SeenKind>, right: Option<SeenKind>) -> Option<SeenKind> {
    match (left, right) {
        (Some(left), Some(right)) => Some(left.and(right)),
        (kind, None) | (None, kind) => kind,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        names::FieldNames,
        row_encoder::RowEncoder,
        row_reader::RowReader,
        schema::Schema,
        seen_kind::{FINER, LITTLE_ROOM, ZONES},
    };

    fn proposed(values: &[&str]) -> TableSchema {
        infer(values.iter().map(|value| value.as_bytes()))
            .unwrap()
            .schema
    }

    fn shown(values: &[&str]) -> String {
        let schema = proposed(values);
        let shown = schema.columns().iter().map(|column| {
            let list = if column.fields.is_empty() {
                String::new()
            } else {
                format!(" {:?}", column.fields)
            };
            format!("{} {}{list}", column.name, column.kind.name())
        });
        shown.collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn the_producers_records_give_the_built_in_schema() {
        for names in [FieldNames::Original, FieldNames::Snake] {
            let mut value = Vec::new();
            let cells = "HSI,1986-12-31,2479,2479,2479,2479,2479,0,322".split(',');
            let cells: Vec<&[u8]> = cells.map(str::as_bytes).collect();
            let encoder = RowEncoder::new(&Schema::stock(names));
            encoder.append_row(cells.into_iter(), &mut value).unwrap();
            assert_eq!(
                infer([value.as_slice()]).unwrap().schema,
                TableSchema::stock()
            );
        }
    }

    #[test]
    fn a_type_holds_all_values_that_were_seen() {
        for (values, kind) in [
            (&["1", "2"][..], "bigint"),
            (&["1", "2.5", "null"], "double"),
            (&["9223372036854775808"], "decimal(38,0)"),
            (&["1e400"], "string"),
            (&["true", "false"], "boolean"),
            (&["true", "1"], "string"),
            (&["\"2026-11-21\""], "date"),
            (&["\"2026-11-21\"", "\"2026-11-21T07:00:00Z\""], "timestamp"),
            (&["\"2026-11-21\"", "\"soon\""], "string"),
            (&["null"], "string"),
            (&["[1]", "null"], "json"),
            (&["[1]", "{\"a\":1}"], "json"),
            (&["[1]", "1"], "string"),
            (&["0.1234567890123456789"], "decimal(38,19)"),
            (&["335.90698726000005", "1e-7"], "double"),
            (&["0.12345678901234567", "1"], "decimal(38,17)"),
            (&["1.12345678901234567"], "decimal(38,17)"),
        ] {
            let records: Vec<String> = values
                .iter()
                .map(|value| format!("{{\"x\":{value}}}"))
                .collect();
            let records: Vec<&str> = records.iter().map(String::as_str).collect();
            assert_eq!(shown(&records), format!("x {kind}"), "{values:?}");
        }
        assert_eq!(
            shown(&[r#"{"Volume":100,"shares":100}"#]),
            "volume double, shares bigint"
        );
    }

    #[test]
    fn what_a_proposal_does_not_hold_is_said_and_what_was_passed_over_is_counted() {
        let records = [
            r#"{"id":10000000001922600,"order_id":9007199254740993,"big":18446744073709551615,"volume":9007199254740993,"amount":0.1234567890123456789,"at":"2021-06-03T15:30:00.123456789Z"}"#,
            r#"{"id":10000000001922601,"order_id":-9223372036854775808,"big":1,"volume":3,"amount":12345678901234567890.12,"at":"2021-06-03"}"#,
            "[1]",
            "hello",
        ];
        assert_eq!(
            shown(&records),
            "id bigint, order_id bigint, big decimal(38,0), volume bigint, amount string, at timestamp"
        );
        let proposal = infer(records.iter().map(|value| value.as_bytes())).unwrap();
        assert_eq!((proposal.objects, proposal.passed_over), (2, 2));
        let notes: Vec<&str> = proposal.notes.iter().map(|note| &*note.column).collect();
        assert_eq!(notes, ["amount", "at"]);
        let whole = infer([&br#"{"at":"2021-06-03T15:30:00.123000Z","x":1.5}"#[..]]).unwrap();
        assert_eq!(whole.notes, []);
    }

    fn notes(values: &[&str]) -> Vec<&'static str> {
        let records: Vec<String> = values.iter().map(|x| format!("{{\"x\":{x}}}")).collect();
        let proposal = infer(records.iter().map(String::as_bytes)).unwrap();
        proposal.notes.iter().map(|note| note.text).collect()
    }

    #[test]
    fn zones_that_a_timestamp_does_not_keep_are_said() {
        for (values, expected) in [
            (&[r#""2026-11-21T07:30:00+02:00""#][..], &[ZONES][..]),
            (
                &[r#""2026-11-21 07:30 -0430""#, r#""2026-11-21""#],
                &[ZONES],
            ),
            (&[r#""2026-11-21T07:30:00.1234+02:00""#], &[FINER, ZONES]),
            (
                &[r#""2026-11-21T07:30:00.1234Z""#, r#""2026-11-21T07:30+01""#],
                &[FINER, ZONES],
            ),
            (&[r#""2026-11-21T07:30:00Z""#], &[]),
            (&[r#""2026-11-21T07:30:00+00:00""#], &[]),
        ] {
            assert_eq!(notes(values), expected, "{values:?}");
        }
    }

    #[test]
    fn a_decimal_leaves_room_for_larger_numbers_or_says_that_it_does_not() {
        let (wide, tight) = (
            "0.12345678901234567890123456789012",
            "0.123456789012345678901234567890123",
        );
        assert_eq!(notes(&[wide]), [""; 0], "six digits stay free");
        assert_eq!(notes(&[tight]), [LITTLE_ROOM]);
        assert_eq!(notes(&["1.5", tight]), [LITTLE_ROOM]);
        assert_eq!(notes(&["12345678901234567890123456789012"]), [""; 0]);
        assert_eq!(notes(&["123456789012345678901234567890123"]), [LITTLE_ROOM]);
    }

    #[test]
    fn names_of_signs_alone_are_refused_as_soon_as_they_are_too_many() {
        let signs: Vec<char> = ('😀'..='🙏').collect();
        let pairs = signs
            .iter()
            .flat_map(|one| signs.iter().map(move |two| format!("{one}{two}")));
        let members: Vec<String> = pairs
            .take(1_100)
            .map(|name| format!("\"{name}\":1"))
            .collect();
        let record = format!("{{{}}}", members.join(","));
        assert_eq!(
            infer([record.as_bytes()]),
            Err(TableSchemaError::TooManyColumns(1_001))
        );
    }

    #[test]
    fn names_that_are_values_are_refused_as_soon_as_they_are_too_many() {
        let records: Vec<String> = (0..200_000).map(|n| format!("{{\"k{n}\":1}}")).collect();
        assert_eq!(
            infer(records.iter().map(String::as_bytes)),
            Err(TableSchemaError::TooManyColumns(1_001))
        );
    }

    #[test]
    fn fields_get_names_that_athena_takes_and_lists_where_names_do_not_find_them() {
        assert_eq!(
            shown(&[r#"{"Adj Close":1,"dt":"x","DT":2,"":3,"a b":true}"#]),
            r#"adj_close double, record_dt string ["dt"], column bigint, a_b boolean"#
        );
        assert_eq!(
            shown(&[r#"{"aB":1}"#, r#"{"ab":1}"#]),
            r#"a_b bigint ["aB"]"#,
            "one field in two spellings, of which one would not be found"
        );
        assert_eq!(
            shown(&[r#"{"Adj Close":1}"#, r#"{"adj_close":2}"#]),
            "adj_close double"
        );
        assert_eq!(
            shown(&[r#"{"a b":1,"a_b":2,"a_b_2":3}"#]),
            r#"a_b bigint, a_b_2 bigint ["a_b"], a_b_2_2 bigint ["a_b_2"]"#
        );
    }

    #[test]
    fn what_is_no_object_is_passed_over_and_nothing_is_refused() {
        assert_eq!(
            shown(&["hello", "[1]", "{\"a\":", "{}", r#" {"a":1} "#]),
            "a bigint"
        );
        for values in [&[][..], &["hello", "{}"]] {
            let values = values.iter().map(|value| value.as_bytes());
            assert_eq!(infer(values), Err(TableSchemaError::NothingToInferFrom));
        }
    }

    proptest! {
        #[test]
        fn every_object_is_a_row_of_the_proposal_and_nothing_is_left_out(
            records in proptest::collection::vec(proptest::collection::vec(
                ("[aBb_ 1]{0,4}|dt|Dt|Volume|é|É|\\PC{0,3}", "1|-0|2\\.5|1e400|null|true|\"x\"|\"2026-11-21\"|\"2026-11-21 07:00\"|\\[\\{\\}\\]"),
                1..6), 1..5),
        ) {
            let object = |record: &Vec<(String, String)>| {
                let mut names = BTreeSet::new();
                let members = record.iter().filter(|(name, _)| names.insert(name.to_lowercase()));
                let members = members.map(|(name, value)| format!("{}:{value}", serde_json::to_string(name).unwrap()));
                format!("{{{}}}", members.collect::<Vec<_>>().join(","))
            };
            let objects: Vec<String> = records.iter().map(object).collect();
            let schema = infer(objects.iter().map(String::as_bytes)).unwrap().schema;
            let strict = TableSchema::new(schema.columns().to_vec(), UnknownFields::DeadLetter).unwrap();
            let mut reader = RowReader::new(&strict, Classifier::NEWEST);
            for value in &objects {
                prop_assert_eq!(reader.read(value, &mut Vec::new()), Ok(()), "{} in {}", value, schema.canonical_text());
            }
        }
    }
}
