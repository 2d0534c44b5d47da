//! What a statement defines, by its first words.

use datafusion::sql::sqlparser::{
    dialect::GenericDialect,
    tokenizer::{Token, TokenWithSpan, Tokenizer},
};

use super::{
    create_table::{create_table, table_name},
    definition_error::LineProblem,
    definitions::{DatabaseDefinition, OnlyAws, ViewDefinition},
    statements::StatementText,
    table_definition::TableDefinition,
    token_cursor::TokenCursor,
};

/// What a statement adds to a catalog.
pub(super) enum Definition {
    Database(DatabaseDefinition),
    Table(Box<TableDefinition>),
    View(ViewDefinition),
    OnlyAws(OnlyAws),
}

/// Statements that change tables, objects or the account, by their first words.
const ONLY_AWS: [(&[&str], &str); 12] = [
    (
        &["MERGE"],
        "it writes to an Iceberg table, and nothing here writes",
    ),
    (
        &["OPTIMIZE"],
        "it rewrites an Iceberg table, and nothing here writes",
    ),
    (
        &["VACUUM"],
        "it removes files of an Iceberg table, and nothing here writes",
    ),
    (&["INSERT"], "it writes objects, and nothing here writes"),
    (&["UNLOAD"], "it writes objects, and nothing here writes"),
    (
        &["UPDATE"],
        "it writes to an Iceberg table, and nothing here writes",
    ),
    (
        &["DELETE"],
        "it writes to an Iceberg table, and nothing here writes",
    ),
    (
        &["MSCK"],
        "it registers partitions in Glue, and there is no Glue here",
    ),
    (
        &["ALTER"],
        "it changes Glue's catalog, and the files are the catalog here",
    ),
    (
        &["DROP"],
        "it changes Glue's catalog, and the files are the catalog here",
    ),
    (
        &["PREPARE"],
        "it keeps a statement in the workgroup, and there is none here",
    ),
    (
        &["DEALLOCATE"],
        "it removes a statement of the workgroup, and there is none here",
    ),
];

const ICEBERG: &str = "an Iceberg table is read through its own metadata, which only AWS does";

/// Reads a statement; `None` when it defines nothing, such as a query.
///
/// # Errors
/// What is wrong with a definition.
pub(super) fn read_statement(
    statement: StatementText<'_>,
    file: &str,
) -> Result<Option<Definition>, LineProblem> {
    let first = statement.first_words();
    let first: Vec<&str> = first.iter().map(String::as_str).collect();
    let definition = match first[..] {
        ["CREATE", "EXTERNAL", "TABLE", ..] => {
            let table = TableDefinition::new(create_table(statement)?, file)?;
            Definition::Table(Box::new(table))
        }
        ["CREATE", "TABLE", ..] => Definition::OnlyAws(table_of_aws(statement, file)?),
        ["CREATE", "DATABASE" | "SCHEMA", ..] => Definition::Database(database(statement, file)?),
        ["CREATE", "VIEW", ..] | ["CREATE", "OR", "REPLACE", "VIEW", ..] => {
            Definition::View(view(statement, file)?)
        }
        ["CREATE", other, ..] => {
            let problem = format!(
                "CREATE {other} is not read here; it may be EXTERNAL TABLE, VIEW or DATABASE"
            );
            return Err(LineProblem::new(statement.line, problem));
        }
        _ => {
            let found = ONLY_AWS.iter().find(|(words, _)| first.starts_with(words));
            let Some((words, reason)) = found else {
                return Ok(None);
            };
            Definition::OnlyAws(OnlyAws {
                table: None,
                statement: words.join(" "),
                reason,
                file: file.to_owned(),
                line: statement.line,
            })
        }
    };
    Ok(Some(definition))
}

/// `CREATE TABLE` without `EXTERNAL`: an Iceberg table, or one from a query.
fn table_of_aws(statement: StatementText<'_>, file: &str) -> Result<OnlyAws, LineProblem> {
    let mut cursor = TokenCursor::new(statement)?;
    let is_iceberg = cursor.has_property("table_type", "ICEBERG");
    cursor.expect_words(&["CREATE", "TABLE"])?;
    if cursor.take_words(&["IF"]) {
        cursor.expect_words(&["NOT", "EXISTS"])?;
    }
    let name = table_name(&mut cursor)?;
    let table = format!("{}.{}", name.database, name.table.text);
    let is_query = cursor.take_words(&["AS"]) || cursor.take_words(&["WITH"]);
    let reason = match (is_iceberg, is_query) {
        (true, _) => ICEBERG,
        (false, true) => "it writes objects, and nothing here writes",
        (false, false) => {
            return Err(LineProblem::new(
                statement.line,
                format!(
                    "CREATE TABLE {table} lacks EXTERNAL; write CREATE EXTERNAL TABLE, or 'table_type' = 'ICEBERG' in TBLPROPERTIES"
                ),
            ));
        }
    };
    Ok(OnlyAws {
        table: Some(table),
        statement: "CREATE TABLE".to_owned(),
        reason,
        file: file.to_owned(),
        line: statement.line,
    })
}

fn database(statement: StatementText<'_>, file: &str) -> Result<DatabaseDefinition, LineProblem> {
    let mut cursor = TokenCursor::new(statement)?;
    cursor.skip();
    cursor.skip();
    if cursor.take_words(&["IF"]) {
        cursor.expect_words(&["NOT", "EXISTS"])?;
    }
    let name = cursor.name("the database")?;
    if cursor.take_words(&["COMMENT"]) {
        cursor.text("the comment")?;
    }
    if cursor.take_words(&["LOCATION"]) {
        cursor.text("the location")?;
    }
    if !cursor.is_at_end() {
        return Err(cursor.problem(format!(
            "{} is not read here; COMMENT and LOCATION may follow the name of a database",
            cursor.shown()
        )));
    }
    Ok(DatabaseDefinition {
        name: name.text,
        file: file.to_owned(),
        line: statement.line,
    })
}

/// `CREATE [OR REPLACE] VIEW [database.]name AS query`, in Trino's grammar.
fn view(statement: StatementText<'_>, file: &str) -> Result<ViewDefinition, LineProblem> {
    let tokens = Tokenizer::new(&GenericDialect {}, statement.text).tokenize_with_location();
    let tokens = tokens.map_err(|error| {
        let line = statement.line + error.location.line.saturating_sub(1);
        LineProblem::new(line, format!("{}; end it", error.message.to_lowercase()))
    })?;
    let is_blank = |token: &&TokenWithSpan| !matches!(token.token, Token::Whitespace(_));
    let tokens: Vec<&TokenWithSpan> = tokens.iter().filter(is_blank).collect();
    let line = |token: Option<&&TokenWithSpan>| {
        statement.line + token.map_or(0, |token| token.span.start.line.saturating_sub(1))
    };
    let words = |at: usize| match tokens.get(at).map(|token| &token.token) {
        Some(Token::Word(word)) => Some(word),
        _ => None,
    };
    let mut at = if words(1).is_some_and(|word| word.value.eq_ignore_ascii_case("OR")) {
        4
    } else {
        2
    };
    let mut names = Vec::new();
    loop {
        let Some(word) = words(at) else {
            return Err(LineProblem::new(
                line(tokens.get(at)),
                "the view has no name; write one after VIEW",
            ));
        };
        names.push(word.value.to_lowercase());
        at += 1;
        match tokens.get(at).map(|token| &token.token) {
            Some(Token::Period) => at += 1,
            _ => break,
        }
    }
    if !words(at).is_some_and(|word| word.value.eq_ignore_ascii_case("AS")) {
        let problem = "the name of a view must be followed by AS and a query";
        return Err(LineProblem::new(line(tokens.get(at)), problem));
    }
    let Some(query) = tokens.get(at + 1) else {
        return Err(LineProblem::new(
            line(tokens.get(at)),
            "the view has no query; write one after AS",
        ));
    };
    let (database, name) = match &names[..] {
        [name] => ("default".to_owned(), name.clone()),
        [database, name] => (database.clone(), name.clone()),
        _ => {
            let problem = "the name of a view is database.view";
            return Err(LineProblem::new(statement.line, problem));
        }
    };
    let start = &query.span.start;
    Ok(ViewDefinition {
        database,
        name,
        query: from_place(statement.text, start.line, start.column).to_owned(),
        file: file.to_owned(),
        line: statement.line,
        query_line: line(Some(query)),
    })
}

/// The text from a line and a column on, both from 1; columns count signs.
fn from_place(text: &str, line: u64, column: u64) -> &str {
    let lines = usize::try_from(line).unwrap_or(1) - 1;
    let start = match lines {
        0 => 0,
        lines => text
            .match_indices('\n')
            .nth(lines - 1)
            .map_or(text.len(), |(at, _)| at + 1),
    };
    let column = usize::try_from(column).unwrap_or(1) - 1;
    let rest = &text[start..];
    let skipped = rest
        .char_indices()
        .nth(column)
        .map_or(rest.len(), |(at, _)| at);
    &rest[skipped..]
}
