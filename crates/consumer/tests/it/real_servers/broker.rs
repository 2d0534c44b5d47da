//! A Kafka of one test's own, because the test stops it.
//!
//! The broker and its data are gone when the handle is dropped.

use std::{
    net::TcpListener,
    path::PathBuf,
    process::{Command, Stdio},
};

use tempfile::TempDir;

/// A running or stopped broker on an address that stays.
pub(crate) struct OwnBroker {
    directory: TempDir,
    port: u16,
}

impl OwnBroker {
    pub(crate) fn start() -> Self {
        let broker = Self {
            directory: tempfile::tempdir().unwrap(),
            port: two_free_ports(),
        };
        broker.start_again();
        broker
    }

    pub(crate) fn bootstrap_servers(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) fn start_again(&self) {
        self.script(&["start", "--port", &self.port.to_string()]);
    }

    /// SIGTERM: an orderly end.
    pub(crate) fn stop(&self) {
        self.script(&["stop"]);
    }

    /// kill -9.
    pub(crate) fn kill(&self) {
        self.script(&["stop", "--hard"]);
    }

    fn script(&self, arguments: &[&str]) {
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../infra/local/kafka.sh");
        // The broker outlives the script and must not hold a pipe of this test open.
        let status = Command::new(script)
            .args(arguments)
            .arg("--dir")
            .arg(self.directory.path().join("kafka"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success(), "kafka.sh {arguments:?}");
    }
}

impl Drop for OwnBroker {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The broker listens on a port, and its controller 100 above.
fn two_free_ports() -> u16 {
    for _ in 0..100 {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        if port < 64_000 && TcpListener::bind(("127.0.0.1", port + 100)).is_ok() {
            return port;
        }
    }
    panic!("no two free ports");
}
