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
    flags: &'static [&'static str],
}

/// A listener of a broker that has more than one: how far its port lies above the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listener {
    Plaintext = 0,
    Password = 200,
    Certificate = 300,
    PasswordOverTls = 400,
    /// With a certificate for another name.
    Misnamed = 500,
}

impl OwnBroker {
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// With all of [`Listener`].
    pub(crate) fn start_secure() -> Self {
        Self::start_with(&["--tls", "--sasl"])
    }

    fn start_with(flags: &'static [&'static str]) -> Self {
        let broker = Self {
            directory: tempfile::tempdir().unwrap(),
            port: free_ports(),
            flags,
        };
        broker.start_again();
        broker
    }

    pub(crate) fn address(&self, listener: Listener) -> String {
        format!("127.0.0.1:{}", self.port + listener as u16)
    }

    /// A certificate or key that infra/local/kafka.sh made.
    pub(crate) fn tls_file(&self, name: &str) -> String {
        let path = self.directory.path().join("kafka/tls").join(name);
        assert!(path.exists(), "{}", path.display());
        path.to_str().unwrap().to_owned()
    }

    pub(crate) fn bootstrap_servers(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) fn start_again(&self) {
        let port = self.port.to_string();
        self.script(&[&["start", "--port", &port], self.flags].concat());
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

/// The broker listens on a port, its controller 100 above, and other listeners above that.
fn free_ports() -> u16 {
    for _ in 0..100 {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        let is_free = |above: &u16| TcpListener::bind(("127.0.0.1", port + above)).is_ok();
        if port < 64_000 && [100, 200, 300, 400, 500].iter().all(is_free) {
            return port;
        }
    }
    panic!("no such free ports");
}
