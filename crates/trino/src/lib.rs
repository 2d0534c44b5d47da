//! Trino's functions, operators and casts on `DataFusion`.
//!
//! [`builder`] gives a session that computes as Trino does: [`register`] makes the functions known,
//! and the first rule of the analyzer puts functions of ours in the place of casts, of operators
//! and of what else `DataFusion` computes otherwise. [`KNOWN`] is the closed list of names that a
//! statement may use; a name that `DataFusion` knows and the list does not is to be refused.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a test may fail at any step")
)]

mod aggregates;
mod arithmetic;
mod arrays;
mod blanks;
mod calendar;
mod casts;
mod compare;
mod conditional;
mod date_pattern;
mod dates;
mod fold;
mod front;
mod higher_order;
mod iso_time;
mod java_number;
mod json;
mod json_text;
mod math;
mod now;
mod registry;
mod regular_expression;
mod rewrite;
mod scalar;
mod statistics;
mod text;
mod trino_error;
mod types;
mod value;
mod windows;

#[cfg(test)]
mod answers;

use std::sync::{Arc, LazyLock};

use datafusion::common::Result;
use datafusion::execution::FunctionRegistry;
use datafusion::execution::SessionStateDefaults;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::logical_expr::planner::ExprPlanner;
use datafusion::prelude::{SessionConfig, SessionContext};

use rewrite::Meaning;
pub use trino_error::TrinoError;
pub use types::type_name;

/// What a function is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One value for one row.
    Scalar,
    /// One value for many rows; over a window, too.
    Aggregate,
    /// A value that depends on the row's place in its window.
    Window,
    /// A function that takes a lambda.
    HigherOrder,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Scalar => "scalar",
            Self::Aggregate => "aggregate",
            Self::Window => "window",
            Self::HigherOrder => "takes a lambda",
        })
    }
}

/// A function that a statement may use.
#[derive(Debug, Clone)]
pub struct Known {
    /// The name in lower case.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// What it takes, in words.
    pub takes: &'static str,
}

/// The window functions of `DataFusion` that compute as Trino's.
const WINDOWS: &[(&str, &str)] = &[
    ("row_number", ""),
    ("rank", ""),
    ("dense_rank", ""),
    ("percent_rank", ""),
    ("cume_dist", ""),
    ("ntile", "bigint"),
    ("lag", "any, bigint, any"),
    ("lead", "any, bigint, any"),
    ("first_value", "any"),
    ("last_value", "any"),
    ("nth_value", "any, bigint"),
];

/// All names that a statement may use, each once.
pub static KNOWN: LazyLock<Vec<Known>> = LazyLock::new(|| {
    let mut known: Vec<Known> = registry::scalars()
        .iter()
        // What begins with $ stands for operators, and `btrim` for TRIM(… FROM …).
        .filter(|function| !function.name.starts_with('$') && function.name != "btrim")
        .map(|function| Known {
            name: function.name,
            kind: Kind::Scalar,
            takes: function.words,
        })
        .collect();
    known.extend(now::NAMES.iter().map(|name| Known {
        name,
        kind: Kind::Scalar,
        takes: "",
    }));
    known.extend(aggregates::functions().iter().map(|function| Known {
        name: function.name,
        kind: Kind::Aggregate,
        takes: function.words,
    }));
    known.push(Known {
        name: "count",
        kind: Kind::Aggregate,
        takes: "any, or *",
    });
    known.push(Known {
        name: "array_agg",
        kind: Kind::Aggregate,
        takes: "any",
    });
    known.extend(higher_order::NAMES.iter().map(|(name, takes)| Known {
        name,
        kind: Kind::HigherOrder,
        takes,
    }));
    known.extend(WINDOWS.iter().map(|(name, takes)| Known {
        name,
        kind: Kind::Window,
        takes,
    }));
    known
});

/// Makes all functions known to the session, in the place of `DataFusion`'s of the same name.
///
/// # Errors
/// `DataFusion` refuses a function.
pub fn register(session: &SessionContext) -> Result<()> {
    let state = session.state_ref();
    let mut state = state.write();
    for function in registry::SCALARS.values() {
        state.register_udf(Arc::clone(function))?;
    }
    for function in now::functions() {
        state.register_udf(Arc::new(function))?;
    }
    for function in aggregates::functions() {
        state.register_udaf(Arc::new(function.into_udaf()))?;
    }
    state.register_udaf(aggregates::array_agg())?;
    for function in windows::functions() {
        state.register_udwf(Arc::new(function))?;
    }
    for function in higher_order::functions() {
        state.register_higher_order_function(function)?;
    }
    Ok(())
}

/// The settings under which `DataFusion` reads SQL as Trino does.
pub fn settings(config: SessionConfig) -> SessionConfig {
    config
        .set_bool("datafusion.sql_parser.parse_float_as_decimal", true)
        .set_bool("datafusion.sql_parser.map_string_types_to_utf8view", false)
        .set_str("datafusion.sql_parser.default_null_ordering", "nulls_last")
        .set_str("datafusion.execution.time_zone", "UTC")
}

/// A session's state with the functions' meaning in it: the analyzer's rules begin with
/// that meaning, and the names of types are Trino's. Then [`register`] the functions.
pub fn builder(config: SessionConfig) -> SessionStateBuilder {
    let mut rules: Vec<Arc<dyn datafusion::optimizer::AnalyzerRule + Send + Sync>> =
        vec![Arc::new(Meaning)];
    rules.extend(datafusion::optimizer::Analyzer::new().rules);
    let mut planners: Vec<Arc<dyn ExprPlanner>> = vec![Arc::new(rewrite::TrinoOperators)];
    planners.extend(SessionStateDefaults::default_expr_planners());
    SessionStateBuilder::new()
        .with_config(settings(config))
        .with_default_features()
        .with_expr_planners(planners)
        .with_type_planner(Arc::new(rewrite::TrinoTypes))
        .with_analyzer_rules(rules)
}

/// A session that computes as Trino does, without a catalog.
///
/// # Errors
/// `DataFusion` refuses a function.
#[cfg(test)]
fn session(config: SessionConfig) -> Result<SessionContext> {
    let state = builder(config).build();
    let session = SessionContext::new_with_state(state);
    register(&session)?;
    Ok(session)
}
