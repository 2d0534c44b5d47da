//! Which texts a partition column may have under the filters of a query.
//!
//! A range is never too small: what an expression does not say leaves it open. It only makes a LIST
//! shorter; the filters themselves decide about each object.

use std::collections::BTreeSet;

use datafusion::{
    common::ScalarValue,
    logical_expr::{Between, BinaryExpr, Expr, Operator, expr::InList},
};

/// The texts from one to another, by their bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TextRange {
    /// The least; `None` when there is no least.
    pub first: Option<String>,
    /// The greatest; `None` when there is no greatest.
    pub last: Option<String>,
}

impl TextRange {
    /// The texts that a column may have where all these filters hold.
    #[must_use]
    pub fn of_filters<'e>(filters: impl IntoIterator<Item = &'e Expr>, column: &str) -> Self {
        let ranges = filters.into_iter().map(|filter| Self::of(filter, column));
        ranges.fold(Self::default(), Self::and)
    }

    /// The only text, if there is one.
    #[must_use]
    pub fn only(&self) -> Option<&str> {
        match (&self.first, &self.last) {
            (Some(first), Some(last)) if first == last => Some(first),
            _ => None,
        }
    }

    /// Whether there is no text at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!((&self.first, &self.last), (Some(first), Some(last)) if first > last)
    }

    fn of(filter: &Expr, column: &str) -> Self {
        match filter {
            Expr::BinaryExpr(BinaryExpr { left, op, right }) => match op {
                Operator::And => Self::of(left, column).and(Self::of(right, column)),
                Operator::Or => Self::of(left, column).or(Self::of(right, column)),
                _ => {
                    let direct = comparison(left, *op, right, column);
                    let turned = || comparison(right, op.swap()?, left, column);
                    direct.or_else(turned).unwrap_or_default()
                }
            },
            Expr::InList(InList {
                expr,
                list,
                negated: false,
            }) if is_column(expr, column) && !list.is_empty() => {
                let texts: Option<BTreeSet<&str>> = list.iter().map(text).collect();
                let Some(texts) = texts else {
                    return Self::default();
                };
                Self {
                    first: texts.first().map(|text| (*text).to_owned()),
                    last: texts.last().map(|text| (*text).to_owned()),
                }
            }
            Expr::Between(Between {
                expr,
                negated: false,
                low,
                high,
            }) if is_column(expr, column) => Self {
                first: text(low).map(str::to_owned),
                last: text(high).map(str::to_owned),
            },
            _ => Self::default(),
        }
    }

    fn and(self, other: Self) -> Self {
        Self {
            first: self.first.max(other.first),
            last: match (self.last, other.last) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            },
        }
    }

    fn or(self, other: Self) -> Self {
        // Nothing and something is something.
        if self.is_empty() {
            return other;
        }
        if other.is_empty() {
            return self;
        }
        Self {
            first: match (self.first, other.first) {
                (Some(one), Some(other)) => Some(one.min(other)),
                _ => None,
            },
            last: match (self.last, other.last) {
                (Some(one), Some(other)) => Some(one.max(other)),
                _ => None,
            },
        }
    }
}

/// Whether the filters name each text that a column may have, with `=` or `IN`.
#[must_use]
pub(super) fn names_values<'e>(filters: impl IntoIterator<Item = &'e Expr>, column: &str) -> bool {
    filters.into_iter().any(|filter| is_named(filter, column))
}

fn is_named(filter: &Expr, column: &str) -> bool {
    match filter {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => match op {
            Operator::And => is_named(left, column) || is_named(right, column),
            Operator::Or => is_named(left, column) && is_named(right, column),
            Operator::Eq => {
                (is_column(left, column) && text(right).is_some())
                    || (is_column(right, column) && text(left).is_some())
            }
            _ => false,
        },
        Expr::InList(InList {
            expr,
            list,
            negated: false,
        }) => is_column(expr, column) && list.iter().all(|item| text(item).is_some()),
        _ => false,
    }
}

/// The texts of a column that compare so with a literal; `None` when it is no such comparison.
fn comparison(left: &Expr, op: Operator, right: &Expr, column: &str) -> Option<TextRange> {
    if !is_column(left, column) {
        return None;
    }
    let text = text(right)?.to_owned();
    let (first, last) = match op {
        Operator::Eq => (Some(text.clone()), Some(text)),
        Operator::Gt | Operator::GtEq => (Some(text), None),
        Operator::Lt | Operator::LtEq => (None, Some(text)),
        _ => return None,
    };
    Some(TextRange { first, last })
}

fn is_column(expr: &Expr, name: &str) -> bool {
    matches!(expr, Expr::Column(column) if column.name == name)
}

fn text(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Literal(
            ScalarValue::Utf8(Some(text))
            | ScalarValue::LargeUtf8(Some(text))
            | ScalarValue::Utf8View(Some(text)),
            _,
        ) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use datafusion::prelude::{col, lit};

    use super::*;

    fn range(filter: Expr) -> [Option<String>; 2] {
        let range = TextRange::of_filters([&filter], "dt");
        [range.first, range.last]
    }

    fn texts(first: &str, last: &str) -> [Option<String>; 2] {
        [first, last].map(|text| (!text.is_empty()).then(|| text.to_owned()))
    }

    #[test]
    fn comparisons_bound_a_column() {
        let dt = || col("dt");
        for (filter, expected) in [
            (dt().eq(lit("b")), texts("b", "b")),
            (lit("b").lt_eq(dt()), texts("b", "")),
            (dt().gt(lit("b")).and(dt().lt(lit("d"))), texts("b", "d")),
            (dt().between(lit("b"), lit("d")), texts("b", "d")),
            (
                dt().in_list(vec![lit("d"), lit("b")], false),
                texts("b", "d"),
            ),
            (dt().eq(lit("b")).or(dt().eq(lit("d"))), texts("b", "d")),
            (dt().eq(lit("b")).or(col("close").gt(lit(1))), texts("", "")),
            (
                dt().eq(lit("b")).and(col("close").gt(lit(1))),
                texts("b", "b"),
            ),
            (dt().not_eq(lit("b")), texts("", "")),
            (dt().in_list(vec![lit("b")], true), texts("", "")),
            (dt().in_list(vec![lit("b"), col("x")], false), texts("", "")),
            (dt().not_between(lit("b"), lit("d")), texts("", "")),
            (col("hour").eq(lit("b")), texts("", "")),
        ] {
            assert_eq!(range(filter.clone()), expected, "{filter}");
        }
        let none = TextRange::of_filters([&dt().eq(lit("b")).and(dt().eq(lit("c")))], "dt");
        assert!(none.is_empty());
    }

    #[test]
    fn injected_columns_need_each_value() {
        let dt = || col("dt");
        for (filter, named) in [
            (dt().eq(lit("b")), true),
            (lit("b").eq(dt()), true),
            (dt().in_list(vec![lit("b"), lit("c")], false), true),
            (dt().eq(lit("b")).or(dt().eq(lit("c"))), true),
            (dt().eq(lit("b")).or(col("x").eq(lit("c"))), false),
            (dt().gt_eq(lit("b")), false),
            (dt().not_eq(lit("b")), false),
        ] {
            assert_eq!(names_values([&filter], "dt"), named, "{filter}");
        }
    }
}
