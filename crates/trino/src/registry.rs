//! Our scalar functions by name.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use datafusion::logical_expr::ScalarUDF;

use super::scalar::Scalar;
use super::{
    arithmetic, arrays, compare, conditional, dates, json, math, regular_expression, text,
};

/// All scalar functions, those that stand for operators among them.
pub(super) fn scalars() -> Vec<Scalar> {
    [
        math::functions(),
        arithmetic::functions(),
        compare::functions(),
        conditional::functions(),
        text::functions(),
        regular_expression::functions(),
        dates::functions(),
        json::functions(),
        arrays::functions(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Our scalar functions by name, those that stand for operators among them.
pub(super) static SCALARS: LazyLock<HashMap<&'static str, Arc<ScalarUDF>>> = LazyLock::new(|| {
    scalars()
        .into_iter()
        .map(|function| (function.name, Arc::new(function.into_udf())))
        .collect()
});

/// Our scalar function of this name.
pub(super) fn scalar_function(name: &str) -> Option<Arc<ScalarUDF>> {
    SCALARS.get(name).map(Arc::clone)
}
