//! A session: tables and views by name, and statements that run one after the other.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
};

use anyhow::{Context as _, Result, anyhow, bail};
use chrono::{DateTime, Utc};
use datafusion::{
    catalog::{
        CatalogProvider, MemoryCatalogProvider, MemorySchemaProvider, SchemaProvider,
        TableProvider, view::ViewTable,
    },
    execution::{SendableRecordBatchStream, runtime_env::RuntimeEnvBuilder},
    logical_expr::LogicalPlan,
    prelude::{SessionConfig, SessionContext},
    sql::{
        parser::Statement as PlannedStatement,
        sqlparser::ast::{ObjectName, Query, Statement, visit_relations},
    },
};
use futures::FutureExt as _;

use crate::{
    answer,
    catalog::{Catalog, definitions::ViewDefinition, table_definition::TableDefinition},
    grammar,
    reason::reason,
    scan::{provider::ExternalTableProvider, scan_plan::ScanSource, statistics::ScanStatistics},
    source::{Place, SqlStatement},
    stores::Stores,
};

/// What Athena calls the catalog of Glue.
const CATALOG: &str = "awsdatacatalog";
/// What sorts, joins and groups of one query may hold; more goes to a temporary file.
const QUERY_MEMORY: usize = 512 << 20;

/// What a statement gave.
pub(crate) enum Outcome {
    /// A query that has begun.
    Rows {
        /// Its batches, all of the same columns.
        stream: SendableRecordBatchStream,
        /// What it reads, live.
        statistics: Arc<ScanStatistics>,
    },
    /// The lines of a list, such as the tables of a database.
    List {
        /// The name of the list's column.
        column: &'static str,
        /// Its lines.
        lines: Vec<String>,
    },
    /// Something was defined or dropped; in words.
    Said(String),
}

/// The catalog of a session, and what its queries share.
pub(crate) struct Session {
    catalog: Catalog,
    folder: PathBuf,
    database: String,
    stores: Arc<Stores>,
}

/// `database.name` in lower case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct QualifiedName {
    database: String,
    name: String,
}

impl std::fmt::Display for QualifiedName {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}.{}", self.database, self.name)
    }
}

/// A query that is being planned: its engine, and the views around the part that is looked at.
struct Planning<'s> {
    session: &'s Session,
    context: SessionContext,
    schemas: BTreeMap<String, Arc<MemorySchemaProvider>>,
    statistics: Arc<ScanStatistics>,
    /// `NOW` in the ranges of projections.
    now: DateTime<Utc>,
    /// The views whose texts are open, the outermost first.
    open: Vec<QualifiedName>,
}

impl Session {
    /// `folder` is where the catalog was read; `database` is for names that have none in front.
    pub(crate) fn new(
        catalog: Catalog,
        folder: PathBuf,
        database: &str,
        stores: Arc<Stores>,
    ) -> Self {
        Self {
            catalog,
            folder,
            database: database.to_lowercase(),
            stores,
        }
    }

    /// The names that a prompt completes.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.databases();
        for definition in &self.catalog.tables {
            let table = &definition.table;
            names.push(table.name.clone());
            let columns = table.columns.iter().chain(&table.partition_columns);
            names.extend(columns.map(|column| column.name.clone()));
        }
        names.extend(self.catalog.views.iter().map(|view| view.name.clone()));
        names.extend(trino::KNOWN.iter().map(|known| known.name.to_owned()));
        names
    }

    /// Runs a statement as far as to its first row.
    ///
    /// # Errors
    /// What is no statement of Athena's, what this engine does not answer, names that nothing
    /// defines, and a bucket that cannot be reached; with the place in the statement where one is
    /// known.
    pub(crate) async fn run(&mut self, statement: &SqlStatement) -> Result<Outcome> {
        let is = |words: &[&str]| statement.begins_with(words);
        if is(&["SELECT"]) || is(&["WITH"]) || is(&["VALUES"]) || statement.text.starts_with('(') {
            return self.query(statement).await;
        }
        if is(&["SHOW"]) || is(&["DESCRIBE"]) || is(&["DESC"]) {
            return self.list(statement).await;
        }
        self.define(statement).await
    }

    async fn query(&self, statement: &SqlStatement) -> Result<Outcome> {
        let query = grammar::query(statement)?;
        let mut planning = Planning::new(self)?;
        let plan = planning.plan(query, statement.names("$path")?).await;
        let plan = plan.with_context(|| statement.place.to_string())?;
        let (statistics, context) = (planning.statistics, planning.context);
        let frame = context.execute_logical_plan(plan).await;
        let stream = match frame {
            Ok(frame) => frame.execute_stream().await,
            Err(error) => Err(error),
        };
        match stream {
            Ok(stream) => Ok(Outcome::Rows { stream, statistics }),
            Err(error) => bail!("{}: {}", statement.place, reason(&error)),
        }
    }
}

impl<'s> Planning<'s> {
    fn new(session: &'s Session) -> Result<Self> {
        let config = SessionConfig::new()
            .with_create_default_catalog_and_schema(false)
            .with_default_catalog_and_schema(CATALOG, &session.database)
            .with_information_schema(false);
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_limit(QUERY_MEMORY, 1.0)
            .build_arc()
            .map_err(|error| anyhow!("the query engine does not start: {}", reason(&error)))?;
        let state = trino::builder(config).with_runtime_env(runtime).build();
        let context = SessionContext::new_with_state(state);
        trino::register(&context)
            .map_err(|error| anyhow!("the query engine does not start: {}", reason(&error)))?;
        let catalog = Arc::new(MemoryCatalogProvider::new());
        let mut schemas = BTreeMap::new();
        for database in &session.databases() {
            let schema = Arc::new(MemorySchemaProvider::new());
            catalog
                .register_schema(database, Arc::clone(&schema) as Arc<dyn SchemaProvider>)
                .map_err(|error| anyhow!("database {database}: {}", reason(&error)))?;
            schemas.insert(database.clone(), schema);
        }
        context.register_catalog(CATALOG, catalog);
        Ok(Self {
            session,
            context,
            schemas,
            statistics: Arc::default(),
            now: Utc::now(),
            open: Vec::new(),
        })
    }

    /// Plans a query; its views first, because each of them has a plan of its own.
    async fn plan(&mut self, query: Query, with_path: bool) -> Result<LogicalPlan> {
        let statement = Statement::Query(Box::new(query));
        let mut names = Vec::new();
        let visited = visit_relations(&statement, |name| {
            names.push(name.clone());
            std::ops::ControlFlow::<()>::Continue(())
        });
        debug_assert!(visited.is_continue(), "nothing stops this visitor");
        let ctes = common_tables(&statement);
        let mut tables = Vec::new();
        for name in names {
            if name.0.len() == 1 && ctes.contains(&name.to_string().replace('"', "")) {
                continue;
            }
            let name = self.session.qualified(&name)?;
            match self.session.find(&name)? {
                Found::Table(definition) => tables.push((name, Arc::clone(definition))),
                Found::View(view) => {
                    let provider = self.view(&name, view).boxed_local().await?;
                    self.register(&name, provider)?;
                }
            }
        }
        for (name, definition) in tables {
            for warning in definition.warnings(self.now) {
                tracing::warn!("{warning}");
            }
            let bucket = self
                .session
                .stores
                .bucket(&definition.location.bucket)
                .await?;
            let source = ScanSource {
                bucket,
                statistics: Arc::clone(&self.statistics),
                now: self.now,
            };
            let provider = ExternalTableProvider::new(definition, with_path, source);
            self.register(&name, Arc::new(provider))?;
        }
        let state = self.context.state();
        state
            .statement_to_plan(PlannedStatement::Statement(Box::new(statement)))
            .await
            .map_err(|error| anyhow!("{}", reason(&error)))
    }

    async fn view(
        &mut self,
        name: &QualifiedName,
        view: &ViewDefinition,
    ) -> Result<Arc<dyn TableProvider>> {
        if self.open.contains(name) {
            let chain: Vec<String> = self.open.iter().map(ToString::to_string).collect();
            bail!(
                "the views {} and {name} are made of each other",
                chain.join(", ")
            );
        }
        self.open.push(name.clone());
        let place = Place {
            source: Arc::from(view.file.as_str()),
            line: view.query_line,
            column: 1,
        };
        let statement = SqlStatement::new(place, &view.query);
        let query = grammar::query(&statement)?;
        let plan = self.plan(query, statement.names("$path")?).await;
        let plan =
            plan.with_context(|| format!("view {name}, {}:{}", view.file, view.query_line))?;
        self.open.pop();
        Ok(Arc::new(ViewTable::new(plan, None)))
    }

    fn register(&self, name: &QualifiedName, provider: Arc<dyn TableProvider>) -> Result<()> {
        let schema = self.schemas.get(&name.database);
        let schema = schema.with_context(|| format!("no database {}", name.database))?;
        // The same table under another statement's `"$path"`.
        schema.deregister_table(&name.name).ok();
        schema
            .register_table(name.name.clone(), provider)
            .map_err(|error| anyhow!("{name}: {}", reason(&error)))?;
        Ok(())
    }
}

/// The names that the query's own WITH clauses define, wherever they stand.
fn common_tables(statement: &Statement) -> Vec<String> {
    use std::ops::ControlFlow;

    use datafusion::sql::sqlparser::ast::{Visit as _, Visitor};

    struct Names(Vec<String>);
    impl Visitor for Names {
        type Break = ();
        fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
            let tables = query.with.iter().flat_map(|with| &with.cte_tables);
            self.0
                .extend(tables.map(|table| table.alias.name.value.clone()));
            ControlFlow::Continue(())
        }
    }
    let mut names = Names(Vec::new());
    let visited = statement.visit(&mut names);
    debug_assert!(visited.is_continue(), "nothing stops this visitor");
    names.0
}

enum Found<'c> {
    Table(&'c Arc<TableDefinition>),
    View(&'c ViewDefinition),
}

impl Session {
    fn qualified(&self, name: &ObjectName) -> Result<QualifiedName> {
        let parts: Vec<&str> = name
            .0
            .iter()
            .filter_map(|part| part.as_ident().map(|ident| ident.value.as_str()))
            .collect();
        match parts[..] {
            [name] => Ok(self.qualified_name(&self.database, name)),
            [database, name] | [CATALOG, database, name] => Ok(self.qualified_name(database, name)),
            _ => bail!("{name} is no name of a table: database.table"),
        }
    }

    #[expect(clippy::unused_self, reason = "the names of a session")]
    fn qualified_name(&self, database: &str, name: &str) -> QualifiedName {
        QualifiedName {
            database: database.to_lowercase(),
            name: name.to_lowercase(),
        }
    }

    fn find(&self, name: &QualifiedName) -> Result<Found<'_>> {
        if let Some(table) = self.catalog.table(&name.database, &name.name) {
            return Ok(Found::Table(table));
        }
        if let Some(view) = self.catalog.view(&name.database, &name.name) {
            return Ok(Found::View(view));
        }
        let only_aws = self.catalog.only_aws.iter();
        let only_aws = only_aws.filter(|known| known.table.as_deref() == Some(&name.to_string()));
        if let Some(known) = only_aws.into_iter().next() {
            bail!(
                "{name} is not read here: {} ({}:{})",
                known.reason,
                known.file,
                known.line
            );
        }
        let defined: Vec<String> = self.tables_of(&name.database);
        if defined.is_empty() {
            bail!(
                "no table {name}: the files of {} define nothing in the database {}",
                self.folder.display(),
                name.database
            )
        }
        bail!(
            "no table {name}: the files of {} define {}",
            self.folder.display(),
            defined.join(", ")
        )
    }

    /// All databases: those that the files create, and those of their tables and views. The one
    /// of unqualified names is there in any case.
    fn databases(&self) -> Vec<String> {
        let created = self.catalog.databases.iter().map(|known| &known.name);
        let tables = self
            .catalog
            .tables
            .iter()
            .map(|known| &known.table.database);
        let views = self.catalog.views.iter().map(|known| &known.database);
        let all: BTreeSet<&String> = created
            .chain(tables)
            .chain(views)
            .chain([&self.database])
            .collect();
        all.into_iter().cloned().collect()
    }

    fn tables_of(&self, database: &str) -> Vec<String> {
        let tables = self
            .catalog
            .tables
            .iter()
            .map(|definition| &definition.table);
        let tables = tables
            .filter(|table| table.database == database)
            .map(|table| table.name.clone());
        let views = self
            .catalog
            .views
            .iter()
            .filter(|view| view.database == database);
        let mut names: Vec<String> = tables.chain(views.map(|view| view.name.clone())).collect();
        names.sort_unstable();
        names
    }
}

impl Session {
    /// `SHOW TABLES`, `SHOW DATABASES`, `SHOW COLUMNS` and `DESCRIBE`, as Athena has them.
    async fn list(&self, statement: &SqlStatement) -> Result<Outcome> {
        let tokens = statement.tokens()?;
        let words: Vec<String> = tokens.iter().map(|token| word(&token.token)).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let lines = match words[..] {
            ["show", "databases" | "schemas"] => self.databases(),
            ["show", "functions"] => {
                let known = trino::KNOWN.iter();
                known
                    .map(|known| format!("{}({}): {}", known.name, known.takes, known.kind))
                    .collect()
            }
            ["show", "tables"] => self.tables_of(&self.database),
            ["show", "tables", "in" | "from", database] => self.tables_of(database),
            ["show", "columns", "in" | "from", ref name @ ..]
            | ["describe" | "desc", ref name @ ..] => self.columns(&name.concat()).await?,
            _ => bail!(
                "{}: SHOW TABLES, SHOW DATABASES, SHOW COLUMNS IN table, SHOW FUNCTIONS and DESCRIBE table are answered here",
                statement.place
            ),
        };
        let column = match words[..] {
            ["show", "tables", ..] => "tab_name",
            ["show", "functions"] => "function",
            ["show", "databases" | "schemas"] => "database_name",
            _ => "field",
        };
        Ok(Outcome::List { column, lines })
    }

    /// The columns of a table or a view with their types.
    async fn columns(&self, name: &str) -> Result<Vec<String>> {
        let name = match name.split_once('.') {
            Some((database, name)) => self.qualified_name(database, name),
            None => self.qualified_name(&self.database, name),
        };
        Ok(match self.find(&name)? {
            Found::Table(definition) => {
                let table = &definition.table;
                let columns = table.columns.iter().chain(&table.partition_columns);
                columns
                    .map(|column| format!("{}: {}", column.name, column.hive_type))
                    .collect()
            }
            Found::View(view) => {
                let view = Planning::new(self)?.view(&name, view).await?;
                let columns = answer::columns(&view.schema())?.into_iter();
                columns
                    .map(|column| format!("{}: {}", column.name, column.trino_type))
                    .collect()
            }
        })
    }

    /// Adds what a statement defines to the catalog of this session.
    async fn define(&mut self, statement: &SqlStatement) -> Result<Outcome> {
        let mut defined = Catalog::default();
        let mut faults = Vec::new();
        // The text stands where it stands in its file, so that a fault has the file's line.
        let above = usize::try_from(statement.place.line - 1).unwrap_or(0);
        let text = format!("{}{}", "\n".repeat(above), statement.text);
        defined.add(&statement.place.source, &text, &mut faults);
        if let Some(fault) = faults.first() {
            bail!("{fault}");
        }
        if let Some(only_aws) = defined.only_aws.first() {
            bail!(
                "{}: {} runs on AWS only: {}",
                statement.place,
                only_aws.statement,
                only_aws.reason
            );
        }
        let replaces = statement.begins_with(&["CREATE", "OR", "REPLACE"]);
        if let Some(table) = defined.tables.pop() {
            let name = self.qualified_name(&table.table.database, &table.table.name);
            let columns = table.table.columns.len() + table.table.partition_columns.len();
            match self.find(&name) {
                Ok(Found::Table(known)) if known.table == table.table => {}
                Ok(_) => bail!(
                    "{}: {name} is defined otherwise; Athena wants DROP TABLE first",
                    statement.place
                ),
                Err(_) => self.catalog.tables.push(table),
            }
            return Ok(Outcome::Said(format!("table {name}: {columns} columns")));
        }
        if let Some(view) = defined.views.pop() {
            return self.define_view(view, replaces, statement).await;
        }
        if let Some(database) = defined.databases.pop() {
            let said = format!("database {}", database.name);
            self.catalog.databases.push(database);
            return Ok(Outcome::Said(said));
        }
        let word = statement.first_words.first().map_or("this", String::as_str);
        bail!(
            "{}: '{word}' begins no statement that is answered here: SELECT, WITH, SHOW, DESCRIBE, CREATE VIEW, \
             CREATE EXTERNAL TABLE",
            statement.place
        )
    }

    async fn define_view(
        &mut self,
        mut view: ViewDefinition,
        replaces: bool,
        statement: &SqlStatement,
    ) -> Result<Outcome> {
        // The name that the catalog's files get when they name no database.
        if view.database == "default" {
            view.database.clone_from(&self.database);
        }
        let name = self.qualified_name(&view.database, &view.name);
        match self.find(&name) {
            Ok(Found::Table(_)) => bail!("{}: {name} is a table", statement.place),
            Ok(Found::View(known)) if !replaces && known.query != view.query => bail!(
                "{}: {name} is defined otherwise; CREATE OR REPLACE VIEW replaces it",
                statement.place
            ),
            _ => {}
        }
        let views = &mut self.catalog.views;
        views.retain(|known| known.database != name.database || known.name != name.name);
        views.push(view.clone());
        let plan = Planning::new(self)?.view(&name, &view).await;
        match plan {
            Ok(plan) => {
                let columns = plan.schema().fields().len();
                Ok(Outcome::Said(format!("view {name}: {columns} columns")))
            }
            Err(error) => {
                // A view without a plan would break other queries of the session.
                self.catalog.views.pop();
                Err(error)
            }
        }
    }
}

fn word(token: &datafusion::sql::sqlparser::tokenizer::Token) -> String {
    use datafusion::sql::sqlparser::tokenizer::Token;
    match token {
        Token::Word(word) => word.value.clone(),
        other => other.to_string(),
    }
}
