//! Trino by its HTTP API: a statement is posted, and its answer comes in pages.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::{
    answer_table::{AnswerField, AnswerTable},
    http_client::{Header, HttpClient, JsonReply},
};

/// Longer than any statement takes.
const STATEMENT: Duration = Duration::from_secs(300);

/// A Trino server.
pub(crate) struct TrinoServer {
    url: String,
    http: HttpClient,
}

impl TrinoServer {
    /// The one at `E2E_TRINO_URL`; `None` without an address.
    pub(crate) fn from_environment() -> Option<Self> {
        let url = std::env::var("E2E_TRINO_URL").ok()?;
        let http = HttpClient::new();
        Some(Self { url, http })
    }

    /// Where the S3 server is that Trino reads.
    pub(crate) fn s3() -> String {
        std::env::var("E2E_ENDPOINT_URL").expect("E2E_ENDPOINT_URL belongs to E2E_TRINO_URL")
    }

    /// Runs a statement to its end. The error has Trino's words, its name for the error in front.
    pub(crate) fn ask(&self, sql: &str) -> Result<AnswerTable, String> {
        let header = |name, value| Header { name, value };
        let headers = [
            header("x-trino-user", "test"),
            header("x-trino-catalog", "awsdatacatalog"),
            // As in Athena.
            header("x-trino-time-zone", "UTC"),
        ];
        let began = Instant::now();
        let url = format!("{}/v1/statement", self.url);
        let mut page = self.patiently(|| self.http.post(&url, &headers, sql));
        let mut answer = AnswerTable::default();
        while began.elapsed() < STATEMENT {
            if let Some(error) = page.get("error") {
                let word = |name| error[name].as_str().unwrap_or_default();
                return Err(format!("{}: {}", word("errorName"), word("message")));
            }
            if let Some(columns) = page["columns"].as_array() {
                answer.fields = columns.iter().map(field).collect();
            }
            let rows = page["data"].as_array().into_iter().flatten();
            let row = |row: &Value| row.as_array().cloned().unwrap_or_default();
            answer.rows.extend(rows.map(row));
            let Some(next) = page["nextUri"].as_str().map(str::to_owned) else {
                return Ok(answer);
            };
            page = self.patiently(|| self.http.get(&next));
        }
        Err(format!("no answer within {STATEMENT:?}"))
    }

    /// Trino asks clients to try again after these three answers.
    fn patiently(&self, send: impl Fn() -> JsonReply) -> Value {
        for _ in 0..100 {
            let reply = send();
            match reply.status.as_u16() {
                200 => return reply.body,
                502..=504 => std::thread::sleep(Duration::from_millis(100)),
                other => panic!("{} answered {other}: {}", self.url, reply.body),
            }
        }
        panic!("{} is not ready", self.url)
    }
}

fn field(column: &Value) -> AnswerField {
    let text = |name: &str| column[name].as_str().unwrap_or_default().to_owned();
    AnswerField::new(text("name"), text("type"))
}
