//! The executable over a bucket of the sandbox.

use std::{
    path::Path,
    process::{Command, Output},
};

use sandbox::S3;
use serde_json::Value;
use tempfile::TempDir;

/// The bucket that the files of `infra/athena` name.
pub(crate) const BUCKET: &str = "kafka-stock-market-project";

/// An S3 with the bucket, and a folder of SQL files.
pub(crate) struct Program {
    pub(crate) s3: S3,
    pub(crate) folder: TempDir,
}

impl Program {
    /// An empty bucket, and a copy of the definitions in `infra/athena`.
    pub(crate) fn new() -> Self {
        let s3 = S3::start().unwrap();
        s3.create_bucket(BUCKET).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let definitions = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/athena");
        for file in std::fs::read_dir(definitions).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), folder.path().join(file.file_name())).unwrap();
        }
        Self { s3, folder }
    }

    /// Puts a record's object into the zone `stock-market/json`.
    pub(crate) fn put(&self, dt: &str, offset: u64, body: &str) {
        let key = format!("stock-market/json/dt={dt}/00000-{offset:020}.json");
        self.put_key(&key, body.as_bytes());
    }

    pub(crate) fn put_key(&self, key: &str, body: &[u8]) {
        self.s3.put(BUCKET, key, body, &[]).unwrap();
    }

    /// The executable with a clean environment: only what points it at this S3.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_athena"));
        command
            .env_clear()
            .current_dir(self.folder.path())
            .env("HOME", self.folder.path())
            .env("AWS_ENDPOINT_URL", self.s3.endpoint_url())
            .env("AWS_REGION", sandbox::REGION)
            .env("AWS_ACCESS_KEY_ID", sandbox::ACCESS_KEY)
            .env("AWS_SECRET_ACCESS_KEY", sandbox::SECRET_KEY)
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .args(["--catalog", "."]);
        command
    }

    /// Runs a statement.
    pub(crate) fn run(&self, sql: &str) -> Output {
        self.command()
            .args(["--output", "json", "--execute", sql])
            .output()
            .unwrap()
    }

    /// The rows of a query that must succeed.
    pub(crate) fn rows(&self, sql: &str) -> Value {
        let output = self.run(sql);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{sql}: {stderr}");
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        answer["rows"].clone()
    }

    /// The error line of a statement that must fail with this exit code.
    pub(crate) fn error(&self, code: i32, sql: &str) -> String {
        let output = self.run(sql);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{sql}: {stderr}");
        let line = stderr.lines().find(|line| line.starts_with("error: "));
        line.unwrap_or_else(|| panic!("{sql}: no error line: {stderr}"))
            .to_owned()
    }
}
