//! Gives a plan Trino's meaning: before `DataFusion` converts types, casts, operators, conditions
//! and literals become functions of ours wherever the two differ, and what Trino refuses is
//! refused.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::logical_expr::expr::{
    Between, Case, Cast, HigherOrderFunction, InList, Lambda, Like, ScalarFunction,
};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::planner::{
    ExprPlanner, PlannerResult, RawBinaryExpr, RawFieldAccessExpr, TypePlanner,
};
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{
    BinaryExpr, Expr, ExprSchemable, GetFieldAccess, LogicalPlan, Operator,
};
use datafusion::optimizer::AnalyzerRule;
use datafusion::sql::sqlparser::ast;

use super::casts::{CastBy, cast_by};
use super::compare::{CompareBy, compare_by};
use super::registry::scalar_function;
use super::scalar::is_ours;
use super::trino_error::TrinoError;
use super::types::{
    JSON, TIMESTAMP, array_of, common_of, is_float, is_text, map_of, shown, timestamp_tz,
};
use super::windows;

/// The analyzer's rule. It comes before all others.
#[derive(Debug, Default)]
pub(crate) struct Meaning;

impl AnalyzerRule for Meaning {
    fn name(&self) -> &str {
        "trino_meaning"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        plan.transform_up_with_subqueries(|plan| {
            let mut schema = merge_schema(&plan.inputs());
            if let LogicalPlan::TableScan(scan) = &plan {
                schema.merge(&DFSchema::try_from_qualified_schema(
                    scan.table_name.clone(),
                    &scan.source.schema(),
                )?);
            }
            if let LogicalPlan::Union(union) = &plan {
                check_union(union)?;
            }
            if let LogicalPlan::Join(join) = &plan {
                check_join(join, &schema)?;
            }
            let names = NamePreserver::new(&plan);
            plan.map_expressions(|expr| {
                let name = names.save(&expr);
                let rewritten = expr.transform_up(|expr| rewrite(expr, &schema))?;
                Ok(rewritten.update_data(|expr| name.restore(expr)))
            })?
            .map_data(LogicalPlan::recompute_schema)
        })
        .map(|plan| plan.data)
    }
}

/// UNION makes one column of several without an operator that could be rewritten.
fn check_union(union: &datafusion::logical_expr::Union) -> Result<()> {
    let Some((first, others)) = union.inputs.split_first() else {
        return Ok(());
    };
    for other in others {
        let columns = first.schema().fields().iter().zip(other.schema().fields());
        for (at, (left, right)) in columns.enumerate() {
            let both = [left.data_type().clone(), right.data_type().clone()];
            if common_of(&both).is_none() {
                return refused(format!(
                    "column {} in UNION query has incompatible types: {}, {}",
                    at + 1,
                    shown(&both[0]),
                    shown(&both[1])
                ));
            }
        }
    }
    Ok(())
}

/// JOIN … USING compares without an operator that could be rewritten.
fn check_join(join: &datafusion::logical_expr::Join, schema: &DFSchema) -> Result<()> {
    for (left, right) in &join.on {
        let (left, right) = (left.get_type(schema)?, right.get_type(schema)?);
        match compare_by(&left, &right) {
            None => return Err(operator_refused(&left, "=", &right)),
            Some(CompareBy::Double) => {
                let message = "a join USING a column of doubles is not known here; write ON";
                return Err(TrinoError::new("NOT_SUPPORTED", message).into());
            }
            Some(CompareBy::Operator(_)) => {}
        }
    }
    Ok(())
}

fn operator_refused(
    left: &DataType,
    operator: &str,
    right: &DataType,
) -> datafusion::common::DataFusionError {
    let message = format!(
        "Cannot apply operator: {} {operator} {}",
        shown(left),
        shown(right)
    );
    TrinoError::types(message).into()
}

fn refused<T>(message: impl Into<String>) -> Result<T> {
    Err(TrinoError::types(message).into())
}

/// A call of a function of ours.
fn call(name: &str, args: Vec<Expr>) -> Result<Expr> {
    let function = scalar_function(name).ok_or_else(|| {
        TrinoError::new(
            "FUNCTION_NOT_FOUND",
            format!("Function '{name}' not registered"),
        )
    })?;
    Ok(Expr::ScalarFunction(ScalarFunction::new_udf(
        function, args,
    )))
}

/// The expression as a value of the type; both are of one kind, so that nothing is lost.
fn converted(expr: Expr, from: &DataType, to: &DataType) -> Expr {
    if from == to {
        return expr;
    }
    Expr::Cast(Cast::new(Box::new(expr), to.clone()))
}

fn rewrite(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let rewritten = match expr {
        Expr::Cast(cast) => {
            let to = cast.field.data_type().clone();
            return cast_expr(*cast.expr, &to, false, schema).map(Transformed::yes);
        }
        Expr::TryCast(cast) => {
            let to = cast.field.data_type().clone();
            return cast_expr(*cast.expr, &to, true, schema).map(Transformed::yes);
        }
        Expr::BinaryExpr(binary) => binary_expr(binary, schema)?,
        Expr::Negative(inner) => match inner.get_type(schema)? {
            data_type if is_float(&data_type) => Expr::Negative(inner),
            _ => call("$negate", vec![*inner])?,
        },
        Expr::Not(inner) => {
            check_boolean(&inner, schema)?;
            Expr::Not(inner)
        }
        Expr::Between(between) => between_expr(between, schema)?,
        Expr::InList(list) => in_list(list, schema)?,
        Expr::InSubquery(subquery) => {
            let left = subquery.expr.get_type(schema)?;
            let right = subquery.subquery.subquery.schema();
            let right = right
                .fields()
                .first()
                .map(|field| field.data_type().clone());
            match right.as_ref().and_then(|right| compare_by(&left, right)) {
                Some(CompareBy::Operator(_)) => Expr::InSubquery(subquery),
                Some(CompareBy::Double) => {
                    let message = "IN with a subquery of doubles is not known here";
                    return Err(TrinoError::new("NOT_SUPPORTED", message).into());
                }
                None => {
                    let right = right.unwrap_or(DataType::Null);
                    return Err(operator_refused(&left, "IN", &right));
                }
            }
        }
        Expr::Case(case) => case_expr(case, schema)?,
        Expr::Like(like) => like_expr(like, schema)?,
        Expr::ScalarFunction(function) => scalar_call(function, schema)?,
        Expr::AggregateFunction(mut function) => {
            if function.params.distinct {
                for arg in &mut function.params.args {
                    if arg.get_type(schema)? == DataType::Float64 {
                        *arg = call("$canonical", vec![std::mem::take(arg)])?;
                    }
                }
            }
            Expr::AggregateFunction(function)
        }
        Expr::WindowFunction(function) => {
            windows::check(function.fun.name(), &function.params.args)?;
            return Ok(Transformed::no(Expr::WindowFunction(function)));
        }
        other => return Ok(Transformed::no(other)),
    };
    Ok(Transformed::yes(rewritten))
}

fn cast_expr(inner: Expr, to: &DataType, or_null: bool, schema: &DFSchema) -> Result<Expr> {
    // AT TIME ZONE arrives as a cast to nanoseconds of the zone, CAST to milliseconds of UTC.
    if let DataType::Timestamp(TimeUnit::Nanosecond, Some(zone)) = to {
        if !matches!(zone.as_ref(), "UTC" | "Z" | "+00:00") {
            let message = format!("the time zone '{zone}' is not known here, only UTC is");
            return Err(TrinoError::new("NOT_SUPPORTED", message).into());
        }
        return match inner {
            Expr::ScalarFunction(function) if function.name() == "from_iso8601_timestamp" => {
                call("$from_iso8601_timestamp_utc", function.args)
            }
            inner => call("$at_utc", vec![inner]),
        };
    }
    let from = inner.get_type(schema)?;
    Ok(match cast_by(&from, to, or_null)? {
        CastBy::Nothing => inner,
        CastBy::Function(function) => {
            Expr::ScalarFunction(ScalarFunction::new_udf(function, vec![inner]))
        }
    })
}

fn check_boolean(expr: &Expr, schema: &DFSchema) -> Result<()> {
    match expr.get_type(schema)? {
        DataType::Boolean | DataType::Null => Ok(()),
        other => refused(format!(
            "Logical expression term must evaluate to a boolean (actual: {})",
            shown(&other)
        )),
    }
}

fn binary_expr(binary: BinaryExpr, schema: &DFSchema) -> Result<Expr> {
    let BinaryExpr { left, op, right } = binary;
    let arithmetic = match op {
        Operator::Plus => Some("$add"),
        Operator::Minus => Some("$subtract"),
        Operator::Multiply => Some("$multiply"),
        Operator::Divide => Some("$divide"),
        Operator::Modulo => Some("$modulus"),
        _ => None,
    };
    if let Some(name) = arithmetic {
        let (from, to) = (left.get_type(schema)?, right.get_type(schema)?);
        if is_float(&from) && is_float(&to) {
            return Ok(Expr::BinaryExpr(BinaryExpr { left, op, right }));
        }
        let sum = call(name, vec![*left, *right])?;
        // The types decide here, so that the message names the operator.
        if sum.get_type(schema).is_err() {
            return Err(operator_refused(&from, &op.to_string(), &to));
        }
        return Ok(sum);
    }
    match op {
        Operator::StringConcat => call("concat", vec![*left, *right]),
        Operator::And | Operator::Or => {
            check_boolean(&left, schema)?;
            check_boolean(&right, schema)?;
            Ok(Expr::BinaryExpr(BinaryExpr { left, op, right }))
        }
        _ => compared(*left, op, *right, schema),
    }
}

fn compared(left: Expr, op: Operator, right: Expr, schema: &DFSchema) -> Result<Expr> {
    let name = match op {
        Operator::Eq => "$equal",
        Operator::NotEq => "$not_equal",
        Operator::Lt => "$less",
        Operator::LtEq => "$less_or_equal",
        Operator::Gt => "$greater",
        Operator::GtEq => "$greater_or_equal",
        Operator::IsDistinctFrom | Operator::IsNotDistinctFrom => "$distinct",
        other => {
            let message = format!("the operator {other} is not known here");
            return Err(TrinoError::new("NOT_SUPPORTED", message).into());
        }
    };
    let (from, to) = (left.get_type(schema)?, right.get_type(schema)?);
    match compare_by(&from, &to) {
        None => Err(operator_refused(&from, &op.to_string(), &to)),
        Some(CompareBy::Double) => {
            let compared = call(name, vec![left, right])?;
            Ok(match op {
                Operator::IsNotDistinctFrom => Expr::Not(Box::new(compared)),
                _ => compared,
            })
        }
        Some(CompareBy::Operator(common)) => Ok(Expr::BinaryExpr(BinaryExpr {
            left: Box::new(converted(left, &from, &common)),
            op,
            right: Box::new(converted(right, &to, &common)),
        })),
    }
}

fn between_expr(between: Between, schema: &DFSchema) -> Result<Expr> {
    let Between {
        expr,
        negated,
        low,
        high,
    } = between;
    let above = compared((*expr).clone(), Operator::GtEq, *low, schema)?;
    let below = compared(*expr, Operator::LtEq, *high, schema)?;
    let within = above.and(below);
    Ok(if negated {
        Expr::Not(Box::new(within))
    } else {
        within
    })
}

fn in_list(list: InList, schema: &DFSchema) -> Result<Expr> {
    let InList {
        expr,
        list,
        negated,
    } = list;
    let mut types = vec![expr.get_type(schema)?];
    for one in &list {
        types.push(one.get_type(schema)?);
    }
    let Some(common) = common_of(&types) else {
        let shown: Vec<String> = types.iter().map(shown).collect();
        return refused(format!(
            "IN value and list items must be the same type or coercible to a common type. Cannot \
             find common type between {}",
            shown.join(", ")
        ));
    };
    if is_float(&common) {
        let mut any: Option<Expr> = None;
        for one in list {
            let equal = call("$equal", vec![(*expr).clone(), one])?;
            any = Some(match any {
                Some(any) => any.or(equal),
                None => equal,
            });
        }
        let any = any.unwrap_or(Expr::Literal(ScalarValue::Boolean(Some(false)), None));
        return Ok(if negated {
            Expr::Not(Box::new(any))
        } else {
            any
        });
    }
    let list = list
        .into_iter()
        .zip(&types[1..])
        .map(|(one, from)| converted(one, from, &common))
        .collect();
    Ok(Expr::InList(InList {
        expr: Box::new(converted(*expr, &types[0], &common)),
        list,
        negated,
    }))
}

fn case_expr(case: Case, schema: &DFSchema) -> Result<Expr> {
    let Case {
        expr,
        when_then_expr,
        else_expr,
    } = case;
    let mut types = Vec::new();
    for (_, then) in &when_then_expr {
        types.push(then.get_type(schema)?);
    }
    if let Some(otherwise) = &else_expr {
        types.push(otherwise.get_type(schema)?);
    }
    let Some(common) = common_of(&types) else {
        let shown: Vec<String> = types.iter().map(shown).collect();
        return refused(format!(
            "All CASE results must be the same type or coercible to a common type. Cannot find \
             common type between {}",
            shown.join(", ")
        ));
    };
    let mut when_then = Vec::with_capacity(when_then_expr.len());
    for (when, then) in when_then_expr {
        let when = match &expr {
            Some(base) => compared((**base).clone(), Operator::Eq, *when, schema)?,
            None => {
                check_boolean(&when, schema)?;
                *when
            }
        };
        let from = then.get_type(schema)?;
        when_then.push((Box::new(when), Box::new(converted(*then, &from, &common))));
    }
    let else_expr = match else_expr {
        Some(otherwise) => {
            let from = otherwise.get_type(schema)?;
            Some(Box::new(converted(*otherwise, &from, &common)))
        }
        None => None,
    };
    Ok(Expr::Case(Case {
        expr: None,
        when_then_expr: when_then,
        else_expr,
    }))
}

fn like_expr(like: Like, schema: &DFSchema) -> Result<Expr> {
    let (value, pattern) = (like.expr.get_type(schema)?, like.pattern.get_type(schema)?);
    for (side, data_type) in [("Left side", &value), ("Pattern", &pattern)] {
        if !is_text(data_type) && data_type != &DataType::Null {
            return refused(format!(
                "{side} of LIKE expression must evaluate to a varchar (actual: {})",
                shown(data_type)
            ));
        }
    }
    if like.case_insensitive {
        let message = "ILIKE is not known in Trino";
        return Err(TrinoError::new("SYNTAX_ERROR", message).into());
    }
    // In DataFusion a backslash escapes without being asked to.
    let plain = matches!(
        like.pattern.as_ref(),
        Expr::Literal(ScalarValue::Utf8(Some(pattern)), _) if !pattern.contains('\\')
    );
    if plain && like.escape_char.is_none() {
        return Ok(Expr::Like(like));
    }
    let mut args = vec![*like.expr, *like.pattern];
    if let Some(escape) = like.escape_char {
        args.push(Expr::Literal(ScalarValue::from(escape.to_string()), None));
    }
    let matched = call("$like", args)?;
    Ok(if like.negated {
        Expr::Not(Box::new(matched))
    } else {
        matched
    })
}

fn scalar_call(function: ScalarFunction, schema: &DFSchema) -> Result<Expr> {
    let ScalarFunction { func, args } = function;
    match func.name() {
        "if" => {
            let mut args = args.into_iter();
            let (Some(condition), Some(then)) = (args.next(), args.next()) else {
                return refused("if takes a condition and one or two results");
            };
            let case = Case {
                expr: None,
                when_then_expr: vec![(Box::new(condition), Box::new(then))],
                else_expr: args.next().map(Box::new),
            };
            case_expr(case, schema)
        }
        "coalesce" => {
            let mut when_then_expr = Vec::with_capacity(args.len());
            let mut last = None;
            for arg in args {
                if let Some(before) = last.replace(arg) {
                    let is_there = Expr::IsNotNull(Box::new(before.clone()));
                    when_then_expr.push((Box::new(is_there), Box::new(before)));
                }
            }
            case_expr(
                Case {
                    expr: None,
                    when_then_expr,
                    else_expr: last.map(Box::new),
                },
                schema,
            )
        }
        "nullif" => {
            let [left, right]: [Expr; 2] = match args.try_into() {
                Ok(both) => both,
                Err(_) => return refused("nullif takes two values"),
            };
            let equal = compared(left.clone(), Operator::Eq, right, schema)?;
            let null = Expr::Literal(ScalarValue::Null, None);
            let case = Case {
                expr: None,
                when_then_expr: vec![(Box::new(equal), Box::new(null))],
                else_expr: Some(Box::new(left)),
            };
            case_expr(case, schema)
        }
        "try" => {
            let [body]: [Expr; 1] = match args.try_into() {
                Ok(one) => one,
                Err(_) => return refused("try takes one value"),
            };
            let function = super::higher_order::try_function();
            let lambda = Expr::Lambda(Lambda::new(Vec::new(), body));
            Ok(Expr::HigherOrderFunction(HigherOrderFunction::new(
                function,
                vec![lambda],
            )))
        }
        "make_array" => call("$array", args),
        "array_element" => call("$subscript", args),
        "date_part" => extracted(args),
        name => {
            // EXTRACT, POSITION and SUBSTRING are planned past the list of known functions.
            match scalar_function(name).filter(|_| !is_ours(&func)) {
                Some(function) => Ok(Expr::ScalarFunction(ScalarFunction::new_udf(
                    function, args,
                ))),
                None => Ok(Expr::ScalarFunction(ScalarFunction::new_udf(func, args))),
            }
        }
    }
}

/// `EXTRACT(field FROM time)`
fn extracted(args: Vec<Expr>) -> Result<Expr> {
    let [field, time]: [Expr; 2] = match args.try_into() {
        Ok(both) => both,
        Err(_) => return refused("extract takes a field and a time"),
    };
    let Expr::Literal(ScalarValue::Utf8(Some(field)), _) = &field else {
        return refused("the field of extract is a name");
    };
    let field = field.to_ascii_lowercase();
    let name = match field.as_str() {
        "year" | "quarter" | "month" | "week" | "day" | "day_of_month" | "day_of_week" | "dow"
        | "day_of_year" | "doy" | "year_of_week" | "yow" | "hour" | "minute" | "second" => field,
        other => {
            let message = format!("EXTRACT of {other} is not known here");
            return Err(TrinoError::new("NOT_SUPPORTED", message).into());
        }
    };
    call(&name, vec![time])
}

/// Plans the operators that `DataFusion` would refuse, or take for others, before [`Meaning`] sees
/// them.
#[derive(Debug)]
pub(crate) struct TrinoOperators;

impl ExprPlanner for TrinoOperators {
    fn plan_field_access(
        &self,
        expr: RawFieldAccessExpr,
        schema: &DFSchema,
    ) -> Result<PlannerResult<RawFieldAccessExpr>> {
        let key = match &expr.field_access {
            GetFieldAccess::ListIndex { key } => key.clone(),
            // A text in the brackets is the key of a map.
            GetFieldAccess::NamedStructField { name }
                if matches!(expr.expr.get_type(schema)?, DataType::Map(_, _)) =>
            {
                Box::new(Expr::Literal(name.clone(), None))
            }
            _ => return Ok(PlannerResult::Original(expr)),
        };
        let DataType::Struct(fields) = expr.expr.get_type(schema)? else {
            let args = vec![expr.expr, *key];
            return call("$subscript", args).map(PlannerResult::Planned);
        };
        // The fields of a row have types of their own, so their place must be known here.
        let place = match key.as_ref() {
            Expr::Literal(ScalarValue::Int64(Some(place)), _) => usize::try_from(*place).ok(),
            _ => None,
        };
        let field = place
            .and_then(|place| place.checked_sub(1))
            .and_then(|place| fields.get(place));
        match field {
            Some(field) => Ok(PlannerResult::Planned(
                datafusion::functions::core::expr_fn::get_field(expr.expr, field.name().clone()),
            )),
            None => refused(format!(
                "the subscript of a row is a number from 1 to {}",
                fields.len()
            )),
        }
    }

    fn plan_binary_op(
        &self,
        expr: RawBinaryExpr,
        schema: &DFSchema,
    ) -> Result<PlannerResult<RawBinaryExpr>> {
        use ast::BinaryOperator as Sql;
        let name = match expr.op {
            Sql::Plus => "$add",
            Sql::Minus => "$subtract",
            Sql::Multiply => "$multiply",
            Sql::Divide => "$divide",
            Sql::Modulo => "$modulus",
            Sql::StringConcat => "concat",
            Sql::And | Sql::Or => {
                check_boolean(&expr.left, schema)?;
                check_boolean(&expr.right, schema)?;
                return Ok(PlannerResult::Original(expr));
            }
            _ => return Ok(PlannerResult::Original(expr)),
        };
        let (left, right) = (expr.left.get_type(schema)?, expr.right.get_type(schema)?);
        if name != "concat" && is_float(&left) && is_float(&right) {
            return Ok(PlannerResult::Original(expr));
        }
        let planned = call(name, vec![expr.left, expr.right])?;
        if name != "concat" && planned.get_type(schema).is_err() {
            return Err(operator_refused(&left, &expr.op.to_string(), &right));
        }
        Ok(PlannerResult::Planned(planned))
    }
}

/// Trino's names of types.
#[derive(Debug)]
pub(crate) struct TrinoTypes;

impl TypePlanner for TrinoTypes {
    fn plan_type_field(
        &self,
        sql_type: &ast::DataType,
    ) -> Result<Option<datafusion::arrow::datatypes::FieldRef>> {
        Ok(planned(sql_type)?.map(|data_type| {
            Arc::new(datafusion::arrow::datatypes::Field::new(
                "", data_type, true,
            ))
        }))
    }
}

fn planned(sql_type: &ast::DataType) -> Result<Option<DataType>> {
    use ast::DataType as Sql;
    let not_known = || -> Result<Option<DataType>> {
        let message = format!("the type {sql_type} is not known here");
        Err(TrinoError::new("NOT_SUPPORTED", message).into())
    };
    Ok(Some(match sql_type {
        Sql::Boolean => DataType::Boolean,
        Sql::TinyInt(None) => DataType::Int8,
        Sql::SmallInt(None) => DataType::Int16,
        Sql::Int(None) | Sql::Integer(None) => DataType::Int32,
        Sql::BigInt(None) => DataType::Int64,
        Sql::Real => DataType::Float32,
        Sql::Double(_) | Sql::DoublePrecision => DataType::Float64,
        // The length cuts what is longer, or is an error: neither is known here.
        Sql::Varchar(None) => DataType::Utf8,
        Sql::JSON => JSON,
        Sql::Date => DataType::Date32,
        Sql::Timestamp(None | Some(3), zone) => match zone {
            ast::TimezoneInfo::None | ast::TimezoneInfo::WithoutTimeZone => TIMESTAMP,
            ast::TimezoneInfo::WithTimeZone => timestamp_tz(),
            ast::TimezoneInfo::Tz => return not_known(),
        },
        Sql::Decimal(info) | Sql::Dec(info) => match info {
            ast::ExactNumberInfo::None => DataType::Decimal128(38, 0),
            ast::ExactNumberInfo::Precision(precision) => decimal_type(*precision, 0)?,
            ast::ExactNumberInfo::PrecisionAndScale(precision, scale) => {
                decimal_type(*precision, *scale)?
            }
        },
        Sql::Array(
            ast::ArrayElemTypeDef::AngleBracket(element)
            | ast::ArrayElemTypeDef::Parenthesis(element),
        ) => match planned(element)? {
            Some(element) => array_of(element),
            None => return not_known(),
        },
        Sql::Map(key, value) => match (planned(key)?, planned(value)?) {
            (Some(key), Some(value)) => map_of(key, value),
            _ => return not_known(),
        },
        _ => return not_known(),
    }))
}

fn decimal_type(precision: u64, scale: i64) -> Result<DataType> {
    match (u8::try_from(precision), i8::try_from(scale)) {
        (Ok(precision @ 1..=38), Ok(scale @ 0..)) if i16::from(scale) <= i16::from(precision) => {
            Ok(DataType::Decimal128(precision, scale))
        }
        _ => refused(format!("decimal({precision}, {scale}) is not a type")),
    }
}
