//! Glue's catalog, as far as tables are made.

use serde_json::{Value, json};

use super::http_client::{Header, HttpClient, JsonReply};

/// The Glue from which Trino takes its tables.
pub(crate) struct Glue {
    url: String,
    http: HttpClient,
}

impl Glue {
    /// The one at `E2E_GLUE_URL`.
    pub(crate) fn from_environment() -> Self {
        Self {
            url: std::env::var("E2E_GLUE_URL").expect("E2E_GLUE_URL belongs to E2E_TRINO_URL"),
            http: HttpClient::new(),
        }
    }

    /// Makes a database without tables, also where there was one with tables.
    pub(crate) fn create_database(&self, name: &str) {
        let deleted = self.call("DeleteDatabase", &json!({"Name": name}));
        let absent = deleted.body.to_string().contains("EntityNotFound");
        assert!(
            deleted.status.is_success() || absent,
            "{name}: {}",
            deleted.body
        );
        let made = self.call("CreateDatabase", &json!({"DatabaseInput": {"Name": name}}));
        assert!(made.status.is_success(), "{name}: {}", made.body);
    }

    /// Makes a table.
    pub(crate) fn create_table(&self, request: &Value) {
        let made = self.call("CreateTable", request);
        assert!(made.status.is_success(), "{request}: {}", made.body);
    }

    fn call(&self, operation: &str, request: &Value) -> JsonReply {
        let target = format!("AWSGlue.{operation}");
        let headers = [
            Header {
                name: "content-type",
                value: "application/x-amz-json-1.1",
            },
            Header {
                name: "x-amz-target",
                value: &target,
            },
            // moto takes the service and the region from here, and checks no signature.
            Header {
                name: "authorization",
                value: "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/glue/aws4_request",
            },
        ];
        self.http.post(&self.url, &headers, &request.to_string())
    }
}
