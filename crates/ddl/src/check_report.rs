//! What `consumer ddl --check` found, as people and programs read it.

use cli::values::Output;
use serde::Serialize;

use crate::comparison::{TableFinding, counted};

/// The verdict on a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckReport {
    /// Bucket of the zone.
    pub bucket: String,
    /// Folder of the zone.
    pub prefix: String,
    /// The topic that it holds; `None` of a compacted copy.
    pub topic: Option<String>,
    /// Objects that the table shows.
    pub objects: u64,
    /// The first date of these.
    pub first_date: Option<String>,
    /// The last date of these.
    pub last_date: Option<String>,
    /// Whether the table shows everything that is there.
    pub clean: bool,
    /// What it does not show, or shows wrongly.
    pub findings: Vec<TableFinding>,
}

impl CheckReport {
    /// The exit code of the process: 0 clean, 1 findings.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        u8::from(!self.clean)
    }

    /// The report as it is printed.
    #[must_use]
    pub fn render(&self, output: Output) -> String {
        match output {
            Output::Json => serde_json::to_string(self).unwrap_or_default(),
            Output::Text => self.text(),
        }
    }

    fn text(&self) -> String {
        let mut lines = Vec::new();
        for finding in &self.findings {
            let kind = serde_json::to_value(finding.kind).unwrap_or_default();
            let kind = kind.as_str().unwrap_or_default();
            lines.push(format!("{kind}: {}", finding.text));
        }
        let (first, last) = (self.first_date.as_deref(), self.last_date.as_deref());
        let dates = match (first, last) {
            (Some(first), Some(last)) => format!(", dates {first} to {last}"),
            _ => String::new(),
        };
        let verdict = match self.findings.len() {
            0 => "the table shows all of it".to_owned(),
            1 => "1 finding".to_owned(),
            number => format!("{number} findings"),
        };
        lines.push(format!(
            "s3://{}/{}: {}{dates}: {verdict}",
            self.bucket,
            self.prefix,
            counted(self.objects)
        ));
        lines.join("\n")
    }
}
