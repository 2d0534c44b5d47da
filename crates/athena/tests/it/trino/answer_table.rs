//! An answer as both engines give it, and how two of them are compared.

use serde_json::Value;

/// Two engines add up in another order; what they differ by is far below this part of the number.
const TOLERANCE: f64 = 1e-9;

/// What is left of a difference of equal numbers.
const NOTHING: f64 = 1e-12;

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AnswerField {
    pub(crate) name: String,
    /// In Trino's words, without the length of a varchar: Trino derives it from the literals.
    pub(crate) trino_type: String,
}

/// The columns and rows of an answer. Numbers are JSON's; everything else is text in Trino's form.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct AnswerTable {
    pub(crate) fields: Vec<AnswerField>,
    pub(crate) rows: Vec<Vec<Value>>,
}

impl AnswerField {
    pub(crate) fn new(name: String, trino_type: String) -> Self {
        let trino_type = match trino_type.starts_with("varchar(") {
            true => "varchar".to_owned(),
            false => trino_type,
        };
        Self { name, trino_type }
    }
}

impl AnswerTable {
    /// What the first difference is; `None` when both answers are the same, in the same order where
    /// that counts.
    pub(crate) fn difference(&self, other: &Self, ordered: bool) -> Option<String> {
        if self.fields != other.fields {
            return Some(format!(
                "the columns {:?} and {:?}",
                self.fields, other.fields
            ));
        }
        if self.rows.len() != other.rows.len() {
            return Some(format!("{} and {} rows", self.rows.len(), other.rows.len()));
        }
        let (mut left, mut right) = (self.rows.clone(), other.rows.clone());
        if !ordered {
            left.sort_by_key(|row| sort_key(row));
            right.sort_by_key(|row| sort_key(row));
        }
        let mut pairs = left.iter().zip(&right).enumerate();
        pairs.find_map(|(at, (left, right))| {
            let cells = left.iter().zip(right).zip(&self.fields);
            let mut differing = cells.filter(|((left, right), _)| !same(left, right));
            let ((left, right), field) = differing.next()?;
            let (left, right) = (shortened(left), shortened(right));
            Some(format!("{} of row {at}: {left} and {right}", field.name))
        })
    }
}

/// Whether two values are equal: numbers within the tolerance, whole ones exactly.
pub(crate) fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            // Whole numbers are exact.
            if let (Some(left), Some(right)) = (left.as_i64(), right.as_i64()) {
                return left == right;
            }
            let (Some(left), Some(right)) = (left.as_f64(), right.as_f64()) else {
                return false;
            };
            let difference = (left - right).abs();
            difference <= NOTHING || difference <= TOLERANCE * left.abs().max(right.abs())
        }
        _ => left == right,
    }
}

/// Texts before numbers: the last digits of a number may differ.
fn sort_key(row: &[Value]) -> String {
    let text = |value: &&Value| !value.is_number();
    let texts = row.iter().filter(text).map(Value::to_string);
    let numbers = row.iter().filter_map(Value::as_f64);
    let numbers = numbers.map(|number| format!("{number:.5e}"));
    texts.chain(numbers).collect::<Vec<_>>().join(",")
}

fn shortened(value: &Value) -> String {
    value.to_string().chars().take(100).collect()
}

#[test]
fn answers_that_differ_are_told_apart() {
    let table = |text: &str| AnswerTable {
        fields: vec![AnswerField::new("a".to_owned(), "varchar(3)".to_owned())],
        rows: serde_json::from_str(text).unwrap(),
    };
    let same =
        |left: &str, right: &str, ordered| table(left).difference(&table(right), ordered).is_none();
    assert!(same("[[1.0],[2]]", "[[1.0000000001],[2]]", true));
    assert!(same("[[1.5],[null]]", "[[null],[1.5000000001]]", false));
    assert!(!same("[[1.5],[null]]", "[[null],[1.5]]", true));
    assert!(!same("[[1.0]]", "[[1.00000001]]", true));
    assert!(!same("[[3000000000]]", "[[3000000001]]", true));
    assert!(!same("[[0]]", "[[null]]", true));
    assert!(!same("[[\"NaN\"]]", "[[\"Infinity\"]]", false));
    assert!(!same("[[1],[1]]", "[[1]]", false));
    let other = AnswerField::new("a".to_owned(), "bigint".to_owned());
    let other = AnswerTable {
        fields: vec![other],
        rows: Vec::new(),
    };
    assert!(table("[]").difference(&other, true).is_some());
}
