//! The real executable as a child process.
//!
//! Dropping the handle kills a child that still runs, by its id.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    process::{Child, Command, ExitStatus, Stdio},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use super::{World, kafka::Kafka};

/// Longer than any test takes, shorter than a hanging CI.
const LIMIT: Duration = Duration::from_secs(400);

/// A consumer that is running.
pub(crate) struct Running {
    child: Child,
    stdout: Option<JoinHandle<String>>,
    stderr: Option<JoinHandle<String>>,
}

/// A consumer that has ended.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The executable with a clean environment: only what points it at the world's servers.
pub(crate) fn command(world: &World) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_consumer"));
    command
        .env_clear()
        .current_dir(world.directory.path())
        .env("HOME", world.directory.path());
    command
        .env("KAFKA_BOOTSTRAP_SERVERS", world.kafka.bootstrap_servers())
        .env("AWS_ENDPOINT_URL", world.s3.endpoint_url());
    command
        .env("AWS_REGION", sandbox::REGION)
        .env("AWS_ACCESS_KEY_ID", sandbox::ACCESS_KEY);
    command
        .env("AWS_SECRET_ACCESS_KEY", sandbox::SECRET_KEY)
        .env("AWS_EC2_METADATA_DISABLED", "true");
    if matches!(world.kafka, Kafka::Real(_)) {
        // Several worlds share a real Kafka, so the topic has a name of its own; the keys are the
        // same everywhere.
        command
            .env("KAFKA_TOPIC", &world.topic)
            .env("CONSUMER_PREFIX", super::PREFIX);
    }
    command
}

pub(crate) fn start(world: &World, flags: &[&str]) -> Running {
    spawn(command(world).args(flags))
}

pub(crate) fn spawn(command: &mut Command) -> Running {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let stdout = child.stdout.take().map(collect);
    let stderr = child.stderr.take().map(collect);
    Running {
        child,
        stdout,
        stderr,
    }
}

fn collect(mut pipe: impl Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

impl Running {
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The most resident memory so far, in KiB; `None` when the process has ended.
    pub(crate) fn peak_memory(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).ok()?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))?;
        line.trim().trim_end_matches(" kB").parse().ok()
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits until `done`, at most `LIMIT`; fails when the consumer ends meanwhile.
    pub(crate) fn until(&mut self, what: &str, mut done: impl FnMut() -> bool) {
        until(what, || {
            assert!(!self.has_ended(), "the consumer ended before: {what}");
            done()
        });
    }

    /// kill -9.
    pub(crate) fn kill(mut self) -> Finished {
        self.child.kill().unwrap();
        self.wait()
    }

    /// Sends a signal by name, for example `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args([format!("-{name}"), self.id().to_string()])
            .status()
            .unwrap();
        assert!(status.success());
    }

    pub(crate) fn wait(mut self) -> Finished {
        let began = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if began.elapsed() > LIMIT {
                self.child.kill().unwrap();
                self.child.wait().unwrap();
                panic!(
                    "the consumer did not end:\n{}",
                    self.stderr.take().unwrap().join().unwrap()
                );
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        let take = |pipe: &mut Option<JoinHandle<String>>| pipe.take().unwrap().join().unwrap();
        Finished {
            status,
            stdout: take(&mut self.stdout),
            stderr: take(&mut self.stderr),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.child.kill().ok();
            self.child.wait().ok();
        }
        // A test that fails while a consumer runs is explained by what the consumer said.
        if std::thread::panicking()
            && let Some(Ok(stderr)) = self.stderr.take().map(JoinHandle::join)
        {
            println!("the consumer {} said:\n{stderr}", self.child.id());
        }
    }
}

impl Finished {
    pub(crate) fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// Asserts exit 0, and shows the log otherwise.
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.code(), Some(0), "{}\n{}", self.stdout, self.stderr);
        self
    }

    /// The one line on stderr that begins with `error: `.
    pub(crate) fn error(&self) -> &str {
        let lines: Vec<&str> = self
            .stderr
            .lines()
            .filter(|line| line.starts_with("error: "))
            .collect();
        assert_eq!(lines.len(), 1, "{}", self.stderr);
        lines[0]
    }
}

/// Reads so many lines of stdout, closes it, and waits for the end, as `| head` does.
pub(crate) fn first_lines(command: &mut Command, count: usize) -> (Vec<String>, ExitStatus) {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .take(count)
        .map(Result::unwrap)
        .collect();
    let mut running = Running {
        child,
        stdout: None,
        stderr: None,
    };
    until("the end after the reader left", || running.has_ended());
    (lines, running.child.wait().unwrap())
}

/// One page of the metrics server, with its status line; `None` while nobody answers.
pub(crate) fn page(address: SocketAddr, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    )
    .ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    Some(text)
}

/// Waits until `done`, at most `LIMIT`.
pub(crate) fn until(what: &str, mut done: impl FnMut() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < LIMIT, "waited too long for: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
