//! No parameter is a tuple: arguments have names, and values that travel together have a type.

use super::tokens::{Scan, Token};
use crate::repository::{Source, none, sources};

/// One line for each parameter of a function or method that is a tuple, also behind references.
fn problems(source: &Source) -> Vec<String> {
    let tokens = Scan::new(&source.text).tokens;
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        if token.text != "fn" {
            continue;
        }
        // A type like `fn(…)` has no name.
        let Some(name) = tokens.get(at + 1).filter(|name| name.text != "(") else {
            continue;
        };
        for parameter in parameters(&tokens[at + 2..]) {
            if is_tuple(parameter) {
                let line = parameter[0].line;
                found.push(format!("{}:{line} fn {}", source.path, name.text));
            }
        }
    }
    found
}

/// The parameters of a signature, which begins after the function's name.
fn parameters<'t, 's>(signature: &'t [Token<'s>]) -> Vec<&'t [Token<'s>]> {
    let mut angles = 0;
    let open = signature.iter().position(|token| {
        match token.text {
            "<" => angles += 1,
            ">" => angles -= 1,
            _ => {}
        }
        token.text == "(" && angles == 0
    });
    let Some(open) = open else {
        return Vec::new();
    };
    split(&signature[open + 1..])
}

/// The parts between commas up to the closing bracket.
fn split<'t, 's>(tokens: &'t [Token<'s>]) -> Vec<&'t [Token<'s>]> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0);
    for (at, token) in tokens.iter().enumerate() {
        match token.text {
            "(" | "[" | "{" | "<" => depth += 1,
            ")" | "]" | "}" if depth == 0 => {
                parts.push(&tokens[start..at]);
                break;
            }
            ")" | "]" | "}" | ">" => depth -= 1,
            "," if depth == 0 => {
                parts.push(&tokens[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

fn is_tuple(parameter: &[Token]) -> bool {
    // One part in brackets is no tuple, and `()` is nothing: `&(dyn Fn() + Sync)`, `(): ()`.
    let is_several = |tokens: &[Token]| {
        tokens.first().is_some_and(|first| first.text == "(") && split(&tokens[1..]).len() > 1
    };
    if is_several(parameter) {
        return true;
    }
    let Some(colon) = parameter.iter().position(|token| token.text == ":") else {
        return false;
    };
    let mut kind = &parameter[colon + 1..];
    loop {
        match kind {
            // A lifetime is a sign and a name.
            [tick, _, rest @ ..] if tick.text == "'" => kind = rest,
            [first, rest @ ..] if matches!(first.text, "&" | "mut") => kind = rest,
            _ => break,
        }
    }
    is_several(kind)
}

#[test]
fn no_parameter_is_a_tuple() {
    none(sources().iter().flat_map(problems).collect());
}

#[test]
fn tuples_among_parameters_are_found() {
    let found = |text: &str| problems(&Source::new("crates/x/src/lib.rs", text)).len();
    for tuple in [
        "fn f((a, b): (A, B)) {}",
        "fn f(a: A, b: (A, B)) {}",
        "fn f(a: &'a mut (A, B)) {}",
        "fn f<F: Fn(A, B) -> C>(f: F, (a, b): (A, B)) {}",
        "fn f<T>(\n    &self,\n    map: BTreeMap<A, B>,\n    x: &(A, Vec<(B, C)>),\n) {}",
    ] {
        assert_eq!(found(tuple), 1, "{tuple}");
    }
    for other in [
        "fn f(a: A, list: &[(A, B)], x: impl Fn((A, B)) -> C) -> (A, B) {}",
        "fn f<F: Fn((A, B)) -> C>(f: &(dyn Fn(A, B) + Sync)) { g(|(a, b)| a) }",
        "struct S { f: fn((A, B)) }",
        "fn f(&self, (): (), a: ()) {}",
    ] {
        assert_eq!(found(other), 0, "{other}");
    }
}
