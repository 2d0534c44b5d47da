//! The names of databases, tables and columns: which ones Athena reads, and how a query writes
//! them.

/// The longest name that Glue takes, in bytes.
const MAX_NAME_BYTES: usize = 255;

/// Words that a query of Athena takes for its own, unless they stand in double quotes
/// (docs.aws.amazon.com/athena/latest/ug/reserved-words.html, the list for SELECT).
const RESERVED: [&str; 77] = [
    "alter",
    "and",
    "as",
    "between",
    "by",
    "case",
    "cast",
    "constraint",
    "create",
    "cross",
    "cube",
    "current_catalog",
    "current_date",
    "current_path",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "deallocate",
    "delete",
    "describe",
    "distinct",
    "drop",
    "else",
    "end",
    "escape",
    "except",
    "execute",
    "exists",
    "extract",
    "false",
    "first",
    "for",
    "from",
    "full",
    "group",
    "grouping",
    "having",
    "in",
    "inner",
    "insert",
    "intersect",
    "into",
    "is",
    "join",
    "last",
    "left",
    "like",
    "listagg",
    "localtime",
    "localtimestamp",
    "natural",
    "normalize",
    "not",
    "null",
    "on",
    "or",
    "order",
    "outer",
    "prepare",
    "recursive",
    "right",
    "rollup",
    "select",
    "skip",
    "table",
    "then",
    "trim",
    "true",
    "uescape",
    "union",
    "unnest",
    "using",
    "values",
    "when",
    "where",
    "with",
];

/// Checks the name of a database or table; `flag` is where it comes from.
///
/// # Errors
/// The name that Athena could not read in every statement, with what it may be.
pub(crate) fn check(flag: &str, name: &str) -> Result<(), String> {
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if name.is_empty() || name.len() > MAX_NAME_BYTES || !name.bytes().all(known) {
        return Err(format!(
            "{flag} {name:?}: a name has 1 to {MAX_NAME_BYTES} of a-z, 0-9 and _: Glue keeps names in lower \
             case, and Athena reads no other signs in all of its statements; call it {}",
            schema::snake(name)
        ));
    }
    Ok(())
}

/// Whether a query must write the name in double quotes.
pub(crate) fn needs_quotes(name: &str) -> bool {
    let begins_with_letter = name.starts_with(|first: char| first.is_ascii_lowercase());
    !begins_with_letter || RESERVED.contains(&name)
}

/// The name of a database, table or view in a query.
pub(crate) fn in_query(name: &str) -> String {
    match needs_quotes(name) {
        true => quoted(name),
        false => name.to_owned(),
    }
}

/// The name of a column in a query. All of them stand in quotes, so that none is a word of SQL.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_athena_cannot_read_is_refused_with_another_one() {
        for name in ["stock_market", "t2", "_t", "order", "2t"] {
            assert_eq!(check("--table", name), Ok(()));
        }
        for (name, better) in [("Stock-Data", "stock_data"), ("a b", "a_b"), ("", "column")] {
            let problem = check("--table", name).unwrap_err();
            assert!(
                problem.starts_with(&format!("--table {name:?}")),
                "{problem}"
            );
            assert!(problem.ends_with(&format!("call it {better}")), "{problem}");
        }
    }

    #[test]
    fn a_word_of_sql_stands_in_quotes() {
        for (name, written) in [
            ("records", "records"),
            ("order", "\"order\""),
            ("with", "\"with\""),
            ("_t", "\"_t\""),
            ("2t", "\"2t\""),
        ] {
            assert_eq!(in_query(name), written);
        }
        assert_eq!(quoted("a\"b"), "\"a\"\"b\"");
    }
}
