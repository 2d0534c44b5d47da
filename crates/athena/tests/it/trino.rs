//! Every statement of `infra/athena`, answered by the local engine and by Trino, over one landing.
//!
//! The records go through a topic, and the consumer itself lands them, in every layout that the
//! tables describe. Without Trino the local engine's answers are compared with those that Trino
//! gave to the same records (`tests/expected`); with the addresses in `E2E_TRINO_URL`,
//! `E2E_GLUE_URL` and `E2E_ENDPOINT_URL`, both are asked.
//!
//! `E2E_WRITE_EXPECTED` writes Trino's answers as the expected ones: look at the difference before
//! you commit it.

mod answer_table;
mod csv_answers;
mod expected;
mod glue;
mod hive_table;
mod http_client;
mod landing;
mod local_engine;
mod records;
mod statements;
mod trino_server;

use std::collections::BTreeMap;

use self::{
    answer_table::AnswerTable,
    glue::Glue,
    landing::Landing,
    local_engine::LocalEngine,
    statements::{Reason, SqlFile, SqlKind},
    trino_server::TrinoServer,
};

/// What one engine answered, by the statement's title.
type Answers = BTreeMap<String, Result<AnswerTable, String>>;

/// A statement that both engines answer.
struct Asked {
    title: String,
    sql: String,
    /// Whether it is a query of the folder, not all rows of a table.
    is_query: bool,
}

/// A file whose statement Trino refused.
struct Failure<'f> {
    file: &'f SqlFile,
    error: String,
}

/// The queries of the folder, and all rows of each table and view that it defines.
fn asked(files: &[SqlFile], engine_lacks: &[Reason]) -> Vec<Asked> {
    let lacks = |file: &&SqlFile| !engine_lacks.iter().any(|lack| lack.file == file.name);
    let mut asked = Vec::new();
    for file in files.iter().filter(lacks) {
        let sql = match &file.kind {
            SqlKind::Query => file.statement.clone(),
            SqlKind::Table(name) | SqlKind::View(name) => format!("SELECT * FROM {name}"),
            SqlKind::Database(_) | SqlKind::AwsOnly => continue,
        };
        let title = file.name.clone();
        let is_query = file.kind == SqlKind::Query;
        asked.push(Asked {
            title,
            sql,
            is_query,
        });
    }
    asked
}

fn answers(asked: &[Asked], ask: impl Fn(&str) -> Result<AnswerTable, String>) -> Answers {
    let answer = |asked: &Asked| (asked.title.clone(), ask(&asked.sql));
    asked.iter().map(answer).collect()
}

/// One line for each statement on which the two answers differ, or that one refused.
fn differences(asked: &[Asked], left: &Answers, right: &Answers) -> Vec<String> {
    let mut problems = Vec::new();
    for Asked { title, sql, .. } in asked {
        match (&left[title], &right[title]) {
            (Ok(left), Ok(right)) => {
                if let Some(what) = left.difference(right, sql.contains("ORDER BY")) {
                    problems.push(format!("{title}: {what}"));
                }
            }
            (Err(error), _) | (_, Err(error)) => problems.push(format!("{title}: {error}")),
        }
    }
    problems
}

#[track_caller]
fn none(problems: &[String]) {
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn every_file_is_executed_or_runs_on_aws_only_for_a_reason() {
    let files = statements::read();
    none(&statements::unaccounted(&files));
    assert!(asked(&files, &statements::ENGINE_LACKS).len() > 20);
}

#[test]
fn the_local_engine_answers_each_query_as_trino_did() {
    tidy::servers::sandbox_only("the answers of Trino to the same records are kept in files");
    let landing = Landing::new(None);
    let files = statements::read();
    let engine = LocalEngine::new(&landing);
    let mut problems = Vec::new();
    for Asked {
        title,
        sql,
        is_query,
    } in asked(&files, &statements::ENGINE_LACKS)
    {
        if !is_query {
            continue;
        }
        match engine.ask(&sql) {
            Ok(answer) => problems.extend(expected::difference(&title, &answer, landing.today)),
            Err(error) => problems.push(format!("{title}: {error}")),
        }
    }
    none(&problems);
}

#[test]
fn trino_and_the_local_engine_give_the_same_answers() {
    let Some(trino) = TrinoServer::from_environment() else {
        println!("skipped: E2E_TRINO_URL names no Trino (infra/local/trino.sh starts one)");
        return;
    };
    tidy::servers::real();
    let files = statements::read();
    let landing = Landing::new(Some(&TrinoServer::s3()));
    let problems = define(&trino, &Glue::from_environment(), &landing, &files);
    none(&problems);
    let all = asked(&files, &[]);
    let by_trino = answers(&all, |sql| trino.ask(sql));
    let refused = by_trino.iter().filter_map(|(title, answer)| {
        let error = answer.as_ref().err()?;
        Some(format!("{title}: {error}"))
    });
    none(&refused.collect::<Vec<_>>());
    println!(
        "{} statements ran on Trino",
        all.len() + definitions(&files)
    );
    for Asked { title, .. } in all.iter().filter(|asked| asked.is_query) {
        if let Ok(answer) = &by_trino[title] {
            expected::write_if_asked(title, answer, landing.today);
        }
    }
    let both = asked(&files, &statements::ENGINE_LACKS);
    let engine = LocalEngine::new(&landing);
    let by_us = answers(&both, |sql| engine.ask(sql));
    none(&differences(&both, &by_us, &by_trino));
    println!("{} answers of the local engine equal Trino's", both.len());
}

#[test]
fn trino_knows_the_grammar_of_what_only_aws_runs() {
    let Some(trino) = TrinoServer::from_environment() else {
        println!("skipped: E2E_TRINO_URL names no Trino (infra/local/trino.sh starts one)");
        return;
    };
    tidy::servers::real();
    // The other three are Athena's own words, which Trino's grammar does not have.
    let merge = statements::read()
        .into_iter()
        .find(|file| file.name.contains("merge"))
        .unwrap();
    let error = trino.ask(&merge.statement).unwrap_err();
    assert!(
        error.contains("TABLE_NOT_FOUND") || error.contains("SCHEMA_NOT_FOUND"),
        "{error}"
    );
    let broken = merge.statement.replacen("USING", "USE", 1);
    let error = trino.ask(&broken).unwrap_err();
    assert!(error.contains("SYNTAX_ERROR"), "{error}");
}

fn definitions(files: &[SqlFile]) -> usize {
    let defines = |file: &&SqlFile| !matches!(file.kind, SqlKind::Query | SqlKind::AwsOnly);
    files.iter().filter(defines).count()
}

/// Makes everything that the folder defines, over the bucket of this landing: databases and tables
/// in Glue, views in Trino. Returns what failed.
fn define(trino: &TrinoServer, glue: &Glue, landing: &Landing, files: &[SqlFile]) -> Vec<String> {
    for file in files {
        if let SqlKind::Database(name) = &file.kind {
            glue.create_database(name);
        }
    }
    for file in files {
        if let SqlKind::Table(_) = &file.kind {
            let statement = landing.in_its_bucket(&file.statement);
            glue.create_table(&hive_table::glue_request(&statement));
        }
    }
    // A view may be made of one whose file comes later.
    let is_view = |file: &&SqlFile| matches!(file.kind, SqlKind::View(_));
    let mut views: Vec<&SqlFile> = files.iter().filter(is_view).collect();
    loop {
        let mut failures = Vec::new();
        for file in &views {
            if let Err(error) = trino.ask(&file.statement) {
                failures.push(Failure { file, error });
            }
        }
        if failures.is_empty() || failures.len() == views.len() {
            let line = |failure: &Failure<'_>| format!("{}: {}", failure.file.name, failure.error);
            return failures.iter().map(line).collect();
        }
        views = failures.into_iter().map(|failure| failure.file).collect();
    }
}
