//! The executable `athena` on the bucket of a landing.

use std::process::Command;

use serde_json::Value;

use super::{
    answer_table::{AnswerField, AnswerTable},
    landing::Landing,
    statements,
};

/// The engine, with the files of `infra/athena` as its catalog.
pub(crate) struct LocalEngine<'l> {
    landing: &'l Landing,
}

impl<'l> LocalEngine<'l> {
    pub(crate) fn new(landing: &'l Landing) -> Self {
        Self { landing }
    }

    /// Runs one statement. The error is what the program said.
    pub(crate) fn ask(&self, sql: &str) -> Result<AnswerTable, String> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_athena"));
        self.landing.point(&mut command);
        command
            .args(["--bucket", &self.landing.bucket, "--output", "json"])
            .arg("--catalog")
            .arg(statements::folder())
            .args(["--execute", sql]);
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if !output.status.success() {
            return Err(format!("the local engine: {said}"));
        }
        let answer: Value = serde_json::from_slice(&output.stdout).map_err(|_| said)?;
        let text = |column: &Value, name: &str| column[name].as_str().unwrap().to_owned();
        let field = |column: &Value| AnswerField::new(text(column, "name"), text(column, "type"));
        let row = |row: &Value| row.as_array().unwrap().clone();
        Ok(AnswerTable {
            fields: answer["columns"]
                .as_array()
                .unwrap()
                .iter()
                .map(field)
                .collect(),
            rows: answer["rows"].as_array().unwrap().iter().map(row).collect(),
        })
    }
}
