//! The catalog: the tables, views and databases that a folder of `.sql` files defines.
//!
//! It reads the folder and nothing else: whether the objects are there is the scan's business.

pub mod create_table;
pub mod date_pattern;
pub mod definition_error;
pub mod definitions;
pub mod hive_type;
pub mod location;
pub mod projection;
mod read_statement;
pub mod row_format;
pub mod statements;
pub mod table_definition;
#[cfg(test)]
mod tests;
pub mod token_cursor;

use std::{fmt, path::Path, sync::Arc};

use self::{
    definition_error::{DefinitionError, LineProblem},
    definitions::{DatabaseDefinition, OnlyAws, ViewDefinition},
    read_statement::{Definition, read_statement},
    statements::statements,
    table_definition::TableDefinition,
};

/// What the files of a folder define. Names are in lower case.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    /// `CREATE EXTERNAL TABLE`.
    pub tables: Vec<Arc<TableDefinition>>,
    /// `CREATE VIEW`.
    pub views: Vec<ViewDefinition>,
    /// `CREATE DATABASE` or `SCHEMA`.
    pub databases: Vec<DatabaseDefinition>,
    /// What only AWS runs.
    pub only_aws: Vec<OnlyAws>,
}

/// Why a folder is no catalog.
#[derive(Debug)]
pub enum CatalogError {
    /// It or a file in it cannot be read.
    Unreadable {
        /// The folder or file.
        path: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// Faults in its files, at least one.
    Faults(Vec<DefinitionError>),
}

impl fmt::Display for CatalogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { path, source } => write!(
                f,
                "{path} cannot be read ({source}); name the folder with the .sql files that define the tables"
            ),
            Self::Faults(faults) => {
                for (number, fault) in faults.iter().enumerate() {
                    let end = if number == 0 { "" } else { "\n" };
                    write!(f, "{end}{fault}")?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for CatalogError {}

impl Catalog {
    /// Reads all `.sql` files of a folder, in the order of their names; folders in it are not
    /// entered. Queries are passed over.
    ///
    /// # Errors
    /// When the folder or a file cannot be read, or definitions are wrong: all faults, each with
    /// its file and line.
    pub fn read(folder: &Path) -> Result<Self, CatalogError> {
        let unreadable = |path: &Path| {
            let path = path.display().to_string();
            move |source| CatalogError::Unreadable { path, source }
        };
        let mut files = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(unreadable(folder))? {
            let path = entry.map_err(unreadable(folder))?.path();
            if path.extension().is_some_and(|end| end == "sql") && path.is_file() {
                files.push(path);
            }
        }
        files.sort();
        let mut catalog = Self::default();
        let mut faults = Vec::new();
        for path in files {
            let text = std::fs::read_to_string(&path).map_err(unreadable(&path))?;
            catalog.add(&path.display().to_string(), &text, &mut faults);
        }
        if faults.is_empty() {
            Ok(catalog)
        } else {
            Err(CatalogError::Faults(faults))
        }
    }

    /// Adds what one file defines; `file` is its name for messages.
    pub fn add(&mut self, file: &str, text: &str, faults: &mut Vec<DefinitionError>) {
        for statement in statements(text) {
            let fault = match read_statement(statement, file) {
                Ok(None) => continue,
                Ok(Some(definition)) => self.keep(definition),
                Err(problem) => Err(problem),
            };
            faults.extend(fault.err().map(|problem| DefinitionError {
                file: file.to_owned(),
                line: problem.line,
                problem: problem.problem,
            }));
        }
    }

    /// The table with this name.
    #[must_use]
    pub fn table(&self, database: &str, name: &str) -> Option<&Arc<TableDefinition>> {
        let mut tables = self.tables.iter();
        tables.find(|known| known.table.database == database && known.table.name == name)
    }

    /// The view with this name.
    #[must_use]
    pub fn view(&self, database: &str, name: &str) -> Option<&ViewDefinition> {
        let mut views = self.views.iter();
        views.find(|known| known.database == database && known.name == name)
    }

    fn keep(&mut self, definition: Definition) -> Result<(), LineProblem> {
        match definition {
            Definition::Database(database) => self.databases.push(database),
            Definition::OnlyAws(statement) => self.only_aws.push(statement),
            Definition::Table(table) => {
                self.check_name(&table.table.database, &table.table.name, table.lines.name)?;
                self.tables.push(Arc::new(*table));
            }
            Definition::View(view) => {
                self.check_name(&view.database, &view.name, view.line)?;
                self.views.push(view);
            }
        }
        Ok(())
    }

    fn check_name(&self, database: &str, name: &str, line: u64) -> Result<(), LineProblem> {
        let table = self
            .table(database, name)
            .map(|known| (&known.file, known.lines.name));
        let view = self
            .view(database, name)
            .map(|known| (&known.file, known.line));
        match table.or(view) {
            Some((file, at)) => Err(LineProblem::new(
                line,
                format!("{database}.{name} is defined at {file}:{at}, too; remove one"),
            )),
            None => Ok(()),
        }
    }
}
