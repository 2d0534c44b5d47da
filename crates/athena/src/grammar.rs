//! The closed list of what a query may be made of.
//!
//! The parser reads the SQL of many engines, and the planner ignores some of it: `TABLESAMPLE`
//! would answer with the whole table. What is not on the list is refused by name, with its place.

use std::ops::ControlFlow;

use anyhow::{Result, bail};
use datafusion::sql::sqlparser::{
    ast::{
        BinaryOperator, CastKind, DataType, Distinct, DuplicateTreatment, ExactNumberInfo, Expr,
        Fetch, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause,
        FunctionArgumentList, FunctionArguments, GroupByExpr, Ident, JoinConstraint, JoinOperator,
        LimitClause, OrderBy, OrderByKind, Query, Select, SelectItem, SetExpr, SetOperator,
        SetQuantifier, Spanned, TableFactor, TypedString, UnaryOperator, Value, Visit, VisitMut,
        Visitor, VisitorMut, WildcardAdditionalOptions, WindowType,
    },
    keywords::Keyword,
    parser::{Parser, ParserError},
    tokenizer::{Location, Span, Token, TokenWithSpan},
};

use crate::{dialect::TrinoDialect, source::SqlStatement};

/// Parses a statement as a query of Trino's and checks each part of it.
///
/// # Errors
/// What is no query, and what this engine does not answer as Athena does, by name and place.
pub(crate) fn query(statement: &SqlStatement) -> Result<Query> {
    let tokens = statement.tokens()?;
    limit_stands_last(statement, &tokens)?;
    let mut parser = Parser::new(&TrinoDialect).with_tokens_with_locations(tokens);
    let parsed = parser.parse_query();
    let query = match parsed {
        Ok(query) => query,
        Err(error) => bail!("{}", syntax_error(statement, &error)),
    };
    let next = parser.peek_token();
    if next.token != Token::EOF {
        let place = statement.place_of(next.span.start);
        bail!(
            "{place}: the query ends before '{}': remove what follows, or put a ; between",
            next.token
        );
    }
    let has_path = statement.names("$path")?;
    let mut query = query;
    match query.visit(&mut Check { has_path }) {
        ControlFlow::Continue(()) => {
            name_columns(&mut query.body);
            let visited = VisitMut::visit(&mut query, &mut Doubles);
            debug_assert!(visited.is_continue(), "nothing stops this visitor");
            Ok(*query)
        }
        ControlFlow::Break(Refusal { what, span }) => {
            let place = statement.place_of(span.start);
            bail!("{place}: {what}")
        }
    }
}

/// A number with an exponent is a double in Trino; the planner takes it for a decimal.
struct Doubles;

impl VisitorMut for Doubles {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Expr::Value(value) = expr
            && let Value::Number(number, _) = &value.value
            && number.contains(['e', 'E'])
        {
            *expr = Expr::TypedString(TypedString {
                data_type: DataType::Double(ExactNumberInfo::None),
                value: Value::SingleQuotedString(number.clone()).into(),
                uses_odbc_syntax: false,
            });
        }
        ControlFlow::Continue(())
    }
}

/// Gives the columns of an answer that have no name the ones that Athena gives them: `_col0`.
fn name_columns(body: &mut SetExpr) {
    match body {
        SetExpr::Select(select) => {
            for (number, item) in select.projection.iter_mut().enumerate() {
                let SelectItem::UnnamedExpr(expr) = item else {
                    continue;
                };
                if matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_)) {
                    continue;
                }
                *item = SelectItem::ExprWithAlias {
                    expr: expr.clone(),
                    alias: Ident::new(format!("_col{number}")),
                };
            }
        }
        SetExpr::Query(query) => name_columns(&mut query.body),
        SetExpr::SetOperation { left, .. } => name_columns(left),
        _ => {}
    }
}

/// The parser's message has the place at its end; it belongs to the front.
fn syntax_error(statement: &SqlStatement, error: &ParserError) -> String {
    let message = match error {
        ParserError::TokenizerError(message) | ParserError::ParserError(message) => {
            message.as_str()
        }
        ParserError::RecursionLimitExceeded => {
            return format!("{}: the query is nested too deeply", statement.place);
        }
    };
    let (what, place) = match message.rsplit_once(" at Line: ") {
        Some((what, place)) => (what, location(place)),
        None => (message, None),
    };
    let place = place.map_or_else(
        || statement.place.clone(),
        |place| statement.place_of(place),
    );
    format!(
        "{place}: this is no SQL that is read here: {}",
        what.trim_end_matches(',')
    )
}

/// Reads `3, Column: 5`.
fn location(text: &str) -> Option<Location> {
    let (line, column) = text.split_once(", Column: ")?;
    Some(Location::new(line.parse().ok()?, column.parse().ok()?))
}

/// Athena wants `OFFSET n LIMIT m`; the parser takes both orders.
fn limit_stands_last(statement: &SqlStatement, tokens: &[TokenWithSpan]) -> Result<()> {
    let keyword = |token: &Token, wanted| matches!(token, Token::Word(word) if word.keyword == wanted && word.quote_style.is_none());
    for window in tokens.windows(3) {
        if keyword(&window[0].token, Keyword::LIMIT) && keyword(&window[2].token, Keyword::OFFSET) {
            let place = statement.place_of(window[0].span.start);
            bail!("{place}: OFFSET stands before LIMIT in Athena: OFFSET n LIMIT m");
        }
    }
    Ok(())
}

/// What was refused, in words, and where it stands.
struct Refusal {
    what: String,
    span: Span,
}

type Checked = ControlFlow<Refusal>;

fn refuse(what: impl Into<String>, span: Span) -> Checked {
    ControlFlow::Break(Refusal {
        what: what.into(),
        span,
    })
}

/// For syntax that Athena's own engine does not have either.
fn not_athenas(what: &str, span: Span) -> Checked {
    refuse(format!("Athena has no {what}"), span)
}

/// For syntax that Athena has and this engine does not.
fn not_here(what: &str, span: Span) -> Checked {
    refuse(
        format!("{what} is not answered here: it would not be Athena's answer for certain"),
        span,
    )
}

struct Check {
    /// Whether `"$path"` stands in the statement.
    has_path: bool,
}

impl Visitor for Check {
    type Break = Refusal;

    fn pre_visit_query(&mut self, query: &Query) -> Checked {
        let span = query.span();
        let Query {
            with,
            body,
            order_by,
            limit_clause,
            fetch,
            locks,
            for_clause,
            settings,
            format_clause,
            pipe_operators,
        } = query;
        if let Some(with) = with {
            if with.recursive {
                return not_here("WITH RECURSIVE", span);
            }
            if with
                .cte_tables
                .iter()
                .any(|cte| cte.from.is_some() || cte.materialized.is_some())
            {
                return not_athenas("MATERIALIZED", span);
            }
        }
        set_expression(body)?;
        if let Some(OrderBy { kind, interpolate }) = order_by
            && (!matches!(kind, OrderByKind::Expressions(_)) || interpolate.is_some())
        {
            return not_athenas("ORDER BY ALL", span);
        }
        match limit_clause {
            None => {}
            Some(LimitClause::LimitOffset { limit_by, .. }) if limit_by.is_empty() => {}
            Some(_) => return not_athenas("LIMIT with a comma or BY", span),
        }
        if let Some(Fetch {
            with_ties, percent, ..
        }) = fetch
            && (*with_ties || *percent)
        {
            return not_here("FETCH … WITH TIES", span);
        }
        if !locks.is_empty()
            || for_clause.is_some()
            || settings.is_some()
            || format_clause.is_some()
            || !pipe_operators.is_empty()
        {
            return not_athenas("clause like the one after the query", span);
        }
        Checked::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> Checked {
        let span = select.span();
        let Select {
            select_token: _,
            optimizer_hints: _,
            distinct,
            select_modifiers,
            top,
            top_before_distinct: _,
            projection,
            exclude,
            into,
            from,
            lateral_views,
            prewhere,
            selection: _,
            connect_by,
            group_by,
            cluster_by,
            distribute_by,
            sort_by,
            having: _,
            named_window: _,
            qualify,
            window_before_qualify: _,
            value_table_mode,
            flavor: _,
        } = select;
        if matches!(distinct, Some(Distinct::On(_))) {
            return not_athenas("DISTINCT ON", span);
        }
        if qualify.is_some() {
            return not_athenas(
                "QUALIFY: filter on the window in a query around this one",
                span,
            );
        }
        if select_modifiers.is_some()
            || top.is_some()
            || exclude.is_some()
            || into.is_some()
            || !lateral_views.is_empty()
            || prewhere.is_some()
            || !connect_by.is_empty()
            || !cluster_by.is_empty()
            || !distribute_by.is_empty()
            || !sort_by.is_empty()
            || value_table_mode.is_some()
        {
            return not_athenas("clause like one in this SELECT", span);
        }
        match group_by {
            GroupByExpr::Expressions(_, modifiers) if modifiers.is_empty() => {}
            _ => return not_athenas("GROUP BY ALL or WITH", span),
        }
        for item in projection {
            match item {
                SelectItem::UnnamedExpr(_) | SelectItem::ExprWithAlias { .. } => {}
                SelectItem::Wildcard(options) | SelectItem::QualifiedWildcard(_, options) => {
                    if *options != WildcardAdditionalOptions::default() {
                        return not_athenas("SELECT * with a list", item.span());
                    }
                    if self.has_path {
                        return refuse(
                            "name the columns: * beside \"$path\" is not answered here",
                            item.span(),
                        );
                    }
                }
                SelectItem::ExprWithAliases { .. } => {
                    return not_athenas("list of names for one column", item.span());
                }
            }
        }
        for join in from.iter().flat_map(|table| &table.joins) {
            let constraint = match &join.join_operator {
                JoinOperator::Join(constraint)
                | JoinOperator::Inner(constraint)
                | JoinOperator::Left(constraint)
                | JoinOperator::LeftOuter(constraint)
                | JoinOperator::Right(constraint)
                | JoinOperator::RightOuter(constraint)
                | JoinOperator::FullOuter(constraint)
                | JoinOperator::CrossJoin(constraint) => constraint,
                _ => return not_athenas("join of this kind", join.span()),
            };
            if matches!(constraint, JoinConstraint::Natural) {
                return not_here("NATURAL JOIN", join.span());
            }
        }
        Checked::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> Checked {
        let span = factor.span();
        match factor {
            TableFactor::Table {
                name: _,
                alias: _,
                args: None,
                with_hints,
                version: None,
                with_ordinality: false,
                partitions,
                json_path: None,
                sample: None,
                index_hints,
            } if with_hints.is_empty() && partitions.is_empty() && index_hints.is_empty() => {
                Checked::Continue(())
            }
            TableFactor::Table {
                sample: Some(_), ..
            }
            | TableFactor::Derived {
                sample: Some(_), ..
            } => not_here("TABLESAMPLE", span),
            TableFactor::Table {
                version: Some(_), ..
            } => refuse("only AWS reads older versions of a table (Iceberg)", span),
            TableFactor::Derived {
                lateral: false,
                sample: None,
                ..
            }
            | TableFactor::NestedJoin { .. } => Checked::Continue(()),
            TableFactor::Derived { .. } => not_here("LATERAL", span),
            TableFactor::UNNEST { .. } => not_here("UNNEST", span),
            TableFactor::MatchRecognize { .. } => not_here("MATCH_RECOGNIZE", span),
            _ => not_here("this kind of table", span),
        }
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> Checked {
        let span = expr.span();
        match expr {
            Expr::Identifier(_)
            | Expr::CompoundIdentifier(_)
            | Expr::IsFalse(_)
            | Expr::IsNotFalse(_)
            | Expr::IsTrue(_)
            | Expr::IsNotTrue(_)
            | Expr::IsNull(_)
            | Expr::IsNotNull(_)
            | Expr::IsDistinctFrom(..)
            | Expr::IsNotDistinctFrom(..)
            | Expr::InList { .. }
            | Expr::InSubquery { .. }
            | Expr::Between { .. }
            | Expr::Nested(_)
            | Expr::Case { .. }
            | Expr::Exists { .. }
            | Expr::Subquery(_)
            | Expr::GroupingSets(_)
            | Expr::Cube(_)
            | Expr::Rollup(_)
            | Expr::Interval(_)
            | Expr::AtTimeZone { .. }
            | Expr::Extract { .. }
            | Expr::Position { .. }
            | Expr::Substring { .. }
            | Expr::Trim { .. }
            | Expr::Array(_) => Checked::Continue(()),
            Expr::TypedString(literal) => match &literal.data_type {
                // Trino keeps as many digits of a second as are written; here are always three.
                DataType::Timestamp(..) if !has_millis(&literal.value.value) => refuse(
                    "a TIMESTAMP literal needs three digits of the second here: '2021-06-04 00:00:00.000'",
                    span,
                ),
                _ => Checked::Continue(()),
            },
            // floor(x TO …) of other engines
            Expr::Ceil { field, .. } | Expr::Floor { field, .. } => match field {
                datafusion::sql::sqlparser::ast::CeilFloorKind::DateTimeField(
                    datafusion::sql::sqlparser::ast::DateTimeField::NoDateTime,
                ) => Checked::Continue(()),
                _ => not_athenas("second argument of ceil and floor", span),
            },
            Expr::CompoundFieldAccess { .. } => Checked::Continue(()),
            Expr::Like { any: false, .. } => Checked::Continue(()),
            Expr::Value(value) => match &value.value {
                Value::Number(..)
                | Value::SingleQuotedString(_)
                | Value::Boolean(_)
                | Value::Null => Checked::Continue(()),
                Value::DoubleQuotedString(_) => Checked::Continue(()),
                other => not_here(&format!("the literal {other}"), span),
            },
            Expr::Cast {
                kind,
                array: false,
                format: None,
                ..
            } => match kind {
                CastKind::Cast | CastKind::TryCast => Checked::Continue(()),
                CastKind::SafeCast => not_athenas("SAFE_CAST: write TRY_CAST", span),
                CastKind::DoubleColon => not_athenas(":: for a cast: write CAST(… AS …)", span),
            },
            Expr::UnaryOp { op, .. } => match op {
                UnaryOperator::Plus | UnaryOperator::Minus | UnaryOperator::Not => {
                    Checked::Continue(())
                }
                other => not_athenas(&format!("operator {other}"), span),
            },
            Expr::BinaryOp { op, .. } => match op {
                BinaryOperator::Plus
                | BinaryOperator::Minus
                | BinaryOperator::Multiply
                | BinaryOperator::Divide
                | BinaryOperator::Modulo
                | BinaryOperator::Gt
                | BinaryOperator::Lt
                | BinaryOperator::GtEq
                | BinaryOperator::LtEq
                | BinaryOperator::Eq
                | BinaryOperator::NotEq
                | BinaryOperator::And
                | BinaryOperator::Or
                | BinaryOperator::StringConcat => Checked::Continue(()),
                other => not_athenas(&format!("operator {other}"), span),
            },
            Expr::Function(function) => called(function),
            Expr::Lambda(_) => Checked::Continue(()),
            Expr::ILike { .. } | Expr::RLike { .. } | Expr::SimilarTo { .. } => {
                not_athenas("such a comparison: write LIKE or regexp_like", span)
            }
            other => not_here(&format!("'{other}'"), span),
        }
    }
}

/// Whether a time is written with three digits behind the second.
fn has_millis(literal: &Value) -> bool {
    let Value::SingleQuotedString(text) = literal else {
        return false;
    };
    text.split_once('.').is_some_and(|(_, rest)| {
        let digits = rest.chars().take_while(char::is_ascii_digit);
        digits.count() == 3
    })
}

/// Refuses what a `VALUES`, `UNION` and the like may hold besides queries.
fn set_expression(body: &SetExpr) -> Checked {
    match body {
        SetExpr::Select(_) | SetExpr::Query(_) | SetExpr::Values(_) => Checked::Continue(()),
        SetExpr::SetOperation {
            op,
            set_quantifier,
            left,
            right,
        } => {
            let plain = matches!(
                set_quantifier,
                SetQuantifier::None | SetQuantifier::Distinct
            );
            let all = *set_quantifier == SetQuantifier::All && *op == SetOperator::Union;
            if *op == SetOperator::Minus {
                return not_athenas("MINUS: write EXCEPT", body.span());
            }
            if !plain && !all {
                return not_here("a set operation with this quantifier", body.span());
            }
            set_expression(left)?;
            set_expression(right)
        }
        _ => not_athenas("statement inside of a query", body.span()),
    }
}

fn called(function: &Function) -> Checked {
    let Function {
        name,
        uses_odbc_syntax,
        parameters,
        args,
        filter: _,
        null_treatment: _,
        over,
        within_group,
    } = function;
    let span = name.span();
    if let Some(WindowType::WindowSpec(window)) = over
        && window
            .order_by
            .iter()
            .any(|by| by.options.nulls_first == Some(true))
    {
        return not_here("NULLS FIRST in a window", span);
    }
    let called = name.to_string();
    if !trino::KNOWN.iter().any(|known| known.name == called) {
        return refuse(
            format!(
                "the function {name} is not answered here: its answer was not compared with Trino's"
            ),
            span,
        );
    }
    if *uses_odbc_syntax || *parameters != FunctionArguments::None || !within_group.is_empty() {
        return not_here(&format!("this form of {name}"), span);
    }
    let FunctionArguments::List(FunctionArgumentList {
        duplicate_treatment,
        args,
        clauses,
    }) = args
    else {
        return match args {
            FunctionArguments::None => Checked::Continue(()),
            _ => not_athenas("query as an argument without its own brackets", span),
        };
    };
    if matches!(duplicate_treatment, Some(DuplicateTreatment::All)) {
        return not_here(&format!("{name}(ALL …)"), span);
    }
    for clause in clauses {
        match clause {
            FunctionArgumentClause::OrderBy(_)
            | FunctionArgumentClause::IgnoreOrRespectNulls(_) => {}
            other => return not_athenas(&format!("'{other}' in {name}"), span),
        }
    }
    for arg in args {
        match arg {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(_)) => {}
            FunctionArg::Unnamed(FunctionArgExpr::Wildcard) if name.to_string() == "count" => {}
            other => return not_athenas(&format!("argument '{other}'"), span),
        }
    }
    Checked::Continue(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::sql_statements;

    fn refused(sql: &str) -> String {
        let statement = sql_statements("q.sql", sql).remove(0);
        query(&statement).unwrap_err().to_string()
    }

    #[test]
    fn what_the_planner_would_ignore_is_refused_by_name_and_place() {
        for (sql, part) in [
            ("SELECT *\nFROM t TABLESAMPLE BERNOULLI (10)", "q.sql:2:"),
            ("SELECT a FROM t TABLESAMPLE BERNOULLI (10)", "TABLESAMPLE"),
            ("SELECT made_up(a) FROM t", "the function made_up"),
            (
                "SELECT a FROM t LIMIT 3 OFFSET 2",
                "OFFSET stands before LIMIT",
            ),
            (
                "SELECT a FROM t QUALIFY row_number() OVER () = 1",
                "QUALIFY",
            ),
            ("SELECT a::int FROM t", "CAST"),
            ("SELECT DISTINCT ON (a) a, b FROM t", "DISTINCT ON"),
            ("SELECT * EXCEPT (a) FROM t", "q.sql:1:18"),
            ("SELECT *, \"$path\" FROM t", "name the columns"),
            ("SELECT `a` FROM t", "no SQL"),
            ("SELECT FROM t", "q.sql:1:"),
            ("SELECT 1 SELECT 2", "q.sql:1:10"),
            ("SELECT a FROM t WHERE a ILIKE 'x'", "LIKE"),
            (
                "WITH RECURSIVE t(n) AS (SELECT 1) SELECT n FROM t",
                "RECURSIVE",
            ),
            ("SELECT a FROM t CROSS JOIN UNNEST(b) AS u(c)", "UNNEST"),
            (
                "SELECT a FROM t WHERE a > TIMESTAMP '2021-06-04 00:00:00'",
                "three digits",
            ),
            (
                "SELECT lag(a) OVER (ORDER BY b NULLS FIRST) FROM t",
                "NULLS FIRST",
            ),
        ] {
            let error = refused(sql);
            assert!(error.contains(part), "{sql}: {error}");
        }
    }

    #[test]
    fn names_are_compared_without_their_case() {
        let statement = sql_statements("q.sql", "SELECT \"Index\", Date FROM Stock.\"T\"");
        let query = query(&statement[0]).unwrap();
        assert_eq!(query.to_string(), "SELECT \"index\", date FROM stock.\"t\"");
    }
}
