//! Flags that several commands have are the same everywhere: one variable, one flag, one default.
//!
//! The `#[arg(…)]` of all crates are read as text: the commands stand in crates that cannot see one
//! another.

use super::tokens::{Scan, Token, starts_with, without_tests};
use crate::repository::{Source, none, sources};

/// A flag as its `#[arg(…)]` has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Flag {
    /// Where it stands, as `crates/x/src/args.rs:12`.
    pub(crate) place: String,
    /// Without the `--`.
    pub(crate) name: String,
    pub(crate) variable: Option<String>,
    /// The default as the code has it, with the quotes of a text.
    pub(crate) default: Option<String>,
}

/// All long flags of a file.
pub(crate) fn flags(source: &Source) -> Vec<Flag> {
    let tokens = without_tests(&Scan::new(&source.text).tokens);
    let mut found = Vec::new();
    for at in 0..tokens.len() {
        if starts_with(&tokens[at..], &["#", "[", "arg", "("]) {
            let arguments = &tokens[at + 4..];
            let length = bracketed(arguments);
            let field = field(&arguments[length..]);
            found.extend(flag(source, &arguments[..length], field));
        }
    }
    found
}

/// How many tokens stand before the bracket that closes.
fn bracketed(tokens: &[Token]) -> usize {
    let mut depth = 0;
    let closing = tokens.iter().position(|token| {
        match token.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
        depth < 0
    });
    closing.unwrap_or(tokens.len())
}

/// The name of the field after an attribute: what stands before the first `:`.
fn field<'s>(tokens: &[Token<'s>]) -> &'s str {
    let colon = tokens.iter().position(|token| token.text == ":");
    colon.map_or("", |at| tokens[at - 1].text)
}

fn flag(source: &Source, arguments: &[Token], field: &str) -> Option<Flag> {
    let named = |name: &str| {
        let at = arguments.iter().position(|token| token.text == name)?;
        let value = starts_with(&arguments[at + 1..], &["="]).then(|| arguments.get(at + 2));
        Some((at, value.flatten().map(|token| token.text)))
    };
    let text = |value: &str| value.trim_matches('"').to_owned();
    let (at, name) = named("long")?;
    // An expression like `60 * 60` is taken up to its comma.
    let default = ["default_value", "default_value_t", "default_values_t"]
        .iter()
        .find_map(|name| named(name))
        .map(|(at, _)| {
            let value = arguments[at + 2..].iter().map(|token| token.text);
            value.take_while(|text| *text != ",").collect()
        });
    Some(Flag {
        place: format!("{}:{}", source.path, arguments[at].line),
        name: name.map_or_else(|| field.replace('_', "-"), text),
        variable: named("env").and_then(|(_, value)| value).map(text),
        default,
    })
}

/// One line for each flag that another flag contradicts.
fn problems(flags: &[Flag]) -> Vec<String> {
    let mut found = Vec::new();
    for (at, flag) in flags.iter().enumerate() {
        // The programs have variables of their own for what they have in common.
        let variable = |flag: &Flag| {
            Some(
                flag.variable
                    .as_ref()?
                    .replace("PRODUCER_", "CONSUMER_")
                    .replace("ATHENA_", "CONSUMER_"),
            )
        };
        let mine = variable(flag);
        if mine.is_none() && flag.name != "kafka-option" {
            found.push(format!("{}: --{} has no variable", flag.place, flag.name));
        }
        for other in &flags[..at] {
            let both = format!("{}: --{} and {}: ", flag.place, flag.name, other.place);
            let of_other = variable(other);
            let same_variable = mine == of_other;
            // What means something else to `compact`, `ddl` or `plan` has a variable of its own.
            let own = |variable: &Option<String>| {
                let own = variable.as_ref();
                own.is_some_and(|name| {
                    ["COMPACT", "DDL", "PLAN"]
                        .iter()
                        .any(|command| name.starts_with(&format!("CONSUMER_{command}_")))
                })
            };
            if same_variable && mine.is_some() && flag.name != other.name {
                found.push(format!("{both}one variable for --{}", other.name));
            } else if flag.name == other.name && !same_variable && !own(&mine) && !own(&of_other) {
                found.push(format!("{both}two variables"));
            } else if same_variable
                && flag.name == other.name
                && flag.variable == other.variable
                && flag.default != other.default
            {
                found.push(format!("{both}two defaults"));
            }
        }
    }
    found
}

/// All flags of the three programs and their commands; what plays around them has flags of its own.
pub(crate) fn all_flags() -> Vec<Flag> {
    let sources = sources();
    let of_commands = sources.iter().filter(|source| {
        source.path.contains("/src/")
            && !["bench", "demo", "sandbox"].contains(&source.crate_name())
    });
    of_commands.flat_map(flags).collect()
}

#[test]
fn the_commands_share_flags_variables_and_defaults() {
    let flags = all_flags();
    assert!(flags.len() > 50, "the flags were not found");
    none(problems(&flags));
}

#[test]
fn flags_that_contradict_each_other_are_found() {
    let first = "struct A {\n    /// X\n    #[arg(long, env = \"CONSUMER_X\", default_value_t = 1)]\n    pub some_x: u8,\n}";
    let found = |second: &str| {
        let both = [first, second].map(|text| Source::new("crates/x/src/args.rs", text));
        problems(&both.iter().flat_map(flags).collect::<Vec<_>>()).len()
    };
    let flag = |arguments: &str| format!("struct B {{ #[arg({arguments})] pub some_x: u8 }}");
    for same in [
        "long, env = \"CONSUMER_X\", default_value_t = 1",
        "default_value_t = 1, value_parser = parse(1, 2), env = \"PRODUCER_X\", long",
        "long, env = \"CONSUMER_COMPACT_X\"",
        "long = \"y\", env = \"CONSUMER_Y\"",
    ] {
        assert_eq!(found(&flag(same)), 0, "{same}");
    }
    for other in [
        "long, env = \"CONSUMER_X\", default_value_t = 2",
        "long, env = \"CONSUMER_Y\", default_value_t = 1",
        "long = \"y\", env = \"CONSUMER_X\", default_value_t = 1",
    ] {
        assert_eq!(found(&flag(other)), 1, "{other}");
    }
    assert_eq!(found(&flag("long = \"y\"")), 1);
}
