//! The paths that a source names: of `use` trees with nested braces, and in the code.

use super::tokens::{Token, starts_with};

/// All paths of at least two names, each with its line: of `use` trees, and in the code.
pub(crate) fn paths<'s>(tokens: &[Token<'s>]) -> Vec<(Vec<&'s str>, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let is_name = tokens[at]
            .text
            .starts_with(|first: char| first.is_alphabetic() || first == '_');
        // `use<'a>` in a signature is no import.
        if tokens[at].text == "use" && !starts_with(&tokens[at + 1..], &["<"]) {
            at += 1;
            at += use_tree(&tokens[at..], &[], &mut found);
        } else if starts_with(&tokens[at..], &["pub", "(", "in"]) {
            // Who may see an item is no use of it.
            at += tokens[at..]
                .iter()
                .take_while(|token| token.text != ")")
                .count();
        } else if is_name && starts_with(&tokens[at + 1..], &["::"]) {
            let mut path = vec![tokens[at].text];
            let line = tokens[at].line;
            while starts_with(&tokens[at + 1..], &["::"]) && at + 2 < tokens.len() {
                at += 2;
                path.push(tokens[at].text);
            }
            found.push((path, line));
            at += 1;
        } else {
            at += 1;
        }
    }
    found
}

/// Reads one branch of a `use`; returns how many tokens it has.
fn use_tree<'s>(
    tokens: &[Token<'s>],
    before: &[&'s str],
    found: &mut Vec<(Vec<&'s str>, usize)>,
) -> usize {
    let mut path = before.to_vec();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        match token.text {
            "{" => {
                at += 1;
                while tokens
                    .get(at)
                    .is_some_and(|token| !matches!(token.text, "}" | ";"))
                {
                    at += use_tree(&tokens[at..], &path, found);
                    at += usize::from(starts_with(&tokens[at..], &[","]));
                }
                return at + 1;
            }
            "as" => at += 2,
            "::" => at += 1,
            "," | "}" | ";" => break,
            name => {
                path.push(name);
                at += 1;
            }
        }
    }
    // `a::{self, b}` names `a` itself.
    if path.len() > 1 && path.last() == Some(&"self") {
        path.pop();
    }
    if let Some(first) = tokens.first() {
        found.push((path, first.line));
    }
    at
}

#[test]
fn paths_of_trees_and_of_the_code_are_found() {
    use super::tokens::Scan;

    let source = "use a::{b::{self, c as d}, e::*};\nfn f() { g::h(i) }\npub(in k::l) struct S;";
    let found: Vec<String> = paths(&Scan::new(source).tokens)
        .iter()
        .map(|(path, line)| format!("{line} {}", path.join("::")))
        .collect();
    assert_eq!(found, ["1 a::b", "1 a::b::c", "1 a::e::*", "2 g::h"]);
}
