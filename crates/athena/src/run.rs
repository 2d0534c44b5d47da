//! Runs what the command line asks for, one statement after the other, in one session.

use std::{
    io::{IsTerminal as _, Read as _, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, Result, anyhow, bail};
use clap::FromArgMatches as _;
use cli::{
    config::Settings,
    progress::Progress,
    run::{Done, Failure},
};
use cost::{prices::PriceList, query::QueryRead};
use datafusion::{arrow::datatypes::SchemaRef, execution::SendableRecordBatchStream};
use futures::StreamExt as _;
use serde_json::Value;

use crate::{
    answer::{self, AnswerColumn},
    args::Args,
    catalog::Catalog,
    print,
    prompt::{Prompt, Typed},
    reason::reason,
    scan::statistics::ScanStatistics,
    session::{Outcome, Session},
    source::{SqlStatement, sql_statements},
    stores::Stores,
};

/// Where the definitions are when neither a file nor `--catalog` says so.
const DEFAULT_CATALOG: &str = "infra/athena";
/// Time between two looks at what a running query has read.
const LOOK: Duration = Duration::from_millis(200);
/// The exit code of a program that Ctrl-C ended, as shells count it.
const INTERRUPTED: u8 = 130;

/// What ended a statement before its last row.
enum Ended {
    /// Ctrl-C.
    Interrupted,
    /// What is wrong.
    Failed(anyhow::Error),
}

impl From<anyhow::Error> for Ended {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

/// Runs the program.
///
/// # Errors
/// [`Failure::Usage`] for flags and files that cannot work, [`Failure::Failed`] for a statement
/// that failed.
pub async fn work(settings: Settings) -> Result<Done, Failure> {
    let args = match Args::from_arg_matches(&settings.matches) {
        Ok(args) => args,
        Err(error) => error.exit(),
    };
    let statements = read_statements(&args).map_err(Failure::Usage)?;
    let folder = catalog_folder(&args).map_err(Failure::Usage)?;
    let catalog = Catalog::read(&folder).map_err(|error| Failure::Usage(anyhow!("{error}")))?;
    let origin = settings.origins.of("endpoint_url");
    let stores = Stores::new(args.endpoint_url.clone(), origin, args.bucket.clone());
    let mut session = Session::new(catalog, folder, &args.database, Arc::new(stores));
    if args.files.is_empty() && args.execute.is_empty() {
        return prompt(&mut session, &args).await;
    }
    if statements.is_empty() {
        let empty = anyhow!("there is no statement to run: the files hold only comments");
        return Err(Failure::Usage(empty));
    }
    for statement in &statements {
        match run(&mut session, statement, &args).await {
            Ok(()) => {}
            Err(Ended::Interrupted) => return Ok(interrupted(statement)),
            Err(Ended::Failed(error)) => return Err(Failure::Failed(error)),
        }
    }
    Ok(Done::new(String::new(), 0))
}

fn interrupted(statement: &SqlStatement) -> Done {
    Done {
        text: String::new(),
        error: Some(format!(
            "{}: stopped by Ctrl-C; nothing was changed",
            statement.place
        )),
        code: INTERRUPTED,
    }
}

fn read_statements(args: &Args) -> Result<Vec<SqlStatement>> {
    let mut all = Vec::new();
    for path in &args.files {
        let (source, text) = if path.as_os_str() == "-" {
            let mut text = String::new();
            let read = std::io::stdin().read_to_string(&mut text);
            read.context("the standard input cannot be read as text")?;
            ("standard input".to_owned(), text)
        } else {
            let text = std::fs::read_to_string(path);
            let text = text.with_context(|| format!("{} cannot be read", path.display()))?;
            (path.display().to_string(), text)
        };
        all.extend(sql_statements(&source, &text));
    }
    for text in &args.execute {
        all.extend(sql_statements("--execute", text));
    }
    Ok(all)
}

/// The folder of the first file, so that a query finds the tables beside it.
fn catalog_folder(args: &Args) -> Result<PathBuf> {
    if let Some(folder) = &args.catalog {
        return Ok(folder.clone());
    }
    let first = args.files.iter().find(|path| path.as_os_str() != "-");
    let folder = match first.map(|path| path.parent()) {
        Some(Some(folder)) if folder.as_os_str().is_empty() => Path::new("."),
        Some(Some(folder)) => folder,
        _ => Path::new(DEFAULT_CATALOG),
    };
    if !folder.is_dir() {
        bail!(
            "no folder {}: --catalog DIR names the one with the tables' definitions",
            folder.display()
        );
    }
    Ok(folder.to_owned())
}

async fn prompt(session: &mut Session, args: &Args) -> Result<Done, Failure> {
    if !std::io::stdin().is_terminal() {
        let hint = "name a file with statements, or - for the standard input";
        return Err(Failure::Usage(anyhow!(hint)));
    }
    eprintln!("Statements end with ; and Tab completes names. SHOW TABLES lists, quit ends.");
    let mut prompt = Prompt::new(session.names()).map_err(Failure::Failed)?;
    loop {
        let typed = match prompt.read().map_err(Failure::Failed)? {
            Typed::Statements(typed) => typed,
            Typed::Nothing => continue,
            Typed::End => return Ok(Done::new(String::new(), 0)),
        };
        for statement in &sql_statements("prompt", &typed) {
            match run(session, statement, args).await {
                Ok(()) => {}
                Err(Ended::Interrupted) => eprintln!("stopped"),
                Err(Ended::Failed(error)) => {
                    eprintln!("error: {error:#}");
                    break;
                }
            }
        }
    }
}

/// Runs a statement and prints its answer, unless Ctrl-C comes first.
async fn run(session: &mut Session, statement: &SqlStatement, args: &Args) -> Result<(), Ended> {
    let answer = async {
        match session.run(statement).await? {
            Outcome::Rows { stream, statistics } => {
                rows(stream, &statistics, statement, args).await
            }
            Outcome::List { column, lines } => Ok(Answer::list(column, lines)),
            Outcome::Said(words) => Ok(Answer::said(words)),
        }
    };
    let answer = tokio::select! {
        answer = answer => answer?,
        _ = tokio::signal::ctrl_c() => return Err(Ended::Interrupted),
    };
    if let Some(words) = &answer.words {
        tracing::info!("{words}");
    }
    if let Some(columns) = &answer.columns {
        let mut out = std::io::stdout().lock();
        let printed =
            print::answer(&mut out, args.output, columns, &answer.rows).and_then(|()| out.flush());
        match printed {
            // The reader has seen enough (`| head`).
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {}
            Err(error) => {
                return Err(anyhow!(error)
                    .context("the answer cannot be written")
                    .into());
            }
            Ok(()) => {}
        }
    }
    if let Some(read) = answer.read {
        tracing::info!("{}", read.in_words(&PriceList::us_east_1()));
    }
    Ok(())
}

/// What a statement has for stdout and for the log.
struct Answer {
    columns: Option<Vec<AnswerColumn>>,
    rows: Vec<Vec<Value>>,
    words: Option<String>,
    read: Option<QueryRead>,
}

impl Answer {
    fn list(column: &str, lines: Vec<String>) -> Self {
        let column = AnswerColumn {
            name: column.to_owned(),
            trino_type: "varchar".to_owned(),
        };
        Self {
            columns: Some(vec![column]),
            rows: lines
                .into_iter()
                .map(|line| vec![Value::String(line)])
                .collect(),
            words: None,
            read: None,
        }
    }

    fn said(words: String) -> Self {
        Self {
            columns: None,
            rows: Vec::new(),
            words: Some(words),
            read: None,
        }
    }
}

async fn rows(
    mut stream: SendableRecordBatchStream,
    statistics: &ScanStatistics,
    statement: &SqlStatement,
    args: &Args,
) -> Result<Answer> {
    let schema: SchemaRef = stream.schema();
    let columns = answer::columns(&schema).with_context(|| statement.place.to_string())?;
    let mut rows = Vec::new();
    let mut progress = Progress::start(args.progress_interval);
    let mut shown = 0;
    progress.step("objects read", None);
    let mut look = tokio::time::interval(LOOK);
    loop {
        let batch = tokio::select! {
            batch = stream.next() => batch,
            _ = look.tick() => {
                let read = statistics.counts().gets;
                progress.add(read - shown);
                shown = read;
                continue;
            }
        };
        match batch {
            None => break,
            Some(Ok(batch)) => rows.extend(answer::rows(&batch)?),
            Some(Err(error)) => {
                progress.finish();
                bail!("{}: {}", statement.place, reason(&error));
            }
        }
    }
    progress.finish();
    let counts = statistics.counts();
    for hidden in &counts.hidden {
        tracing::warn!("{hidden}");
    }
    let read = QueryRead {
        objects: counts.gets,
        bytes: counts.scanned_bytes,
        lists: counts.lists,
    };
    Ok(Answer {
        columns: Some(columns),
        rows,
        words: None,
        // A query without a table reads nothing.
        read: (counts.lists > 0).then_some(read),
    })
}
