//! SIGINT and SIGTERM: the first ends a run in order, the second at once.

use std::{
    io::{BufReader, Read, Write},
    process::{Child, ChildStderr, Command, Stdio},
    time::Duration,
};

use sandbox::Broker;
use tempfile::TempDir;

use crate::cli::support::{HEADER, ROW, folder, producer, wait_for, write};

/// A run against this broker that would not end by itself, once it sends.
fn endless(folder: &TempDir, broker: &Broker, flags: &[&str]) -> (Child, BufReader<ChildStderr>) {
    write(folder, "in.csv", format!("{HEADER}{ROW}"));
    let mut child = producer(folder)
        .env("KAFKA_BOOTSTRAP_SERVERS", broker.bootstrap_servers())
        .args(["--csv", "in.csv", "--loop", "--rate", "200"])
        .args(flags)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    wait_for(&mut stderr, "sending in.csv");
    (child, stderr)
}

/// Later than this after the first, a signal ends the process.
const SECOND_WISH: Duration = Duration::from_millis(1_200);

/// Sends a signal to this one process.
fn signal(child: &Child, name: &str) {
    let status = Command::new("kill")
        .args([&format!("-{name}"), &child.id().to_string()])
        .status()
        .unwrap();
    assert!(status.success());
}

#[test]
fn a_signal_ends_a_run_with_its_summary() {
    for name in ["INT", "TERM"] {
        let (folder, broker) = (folder(), Broker::start().unwrap());
        broker.create_topic("stock-market", 1).unwrap();
        let (mut child, mut stderr) = endless(
            &folder,
            &broker,
            &["--output", "json", "--progress-interval", "100ms"],
        );
        wait_for(&mut stderr, "\"records_per_second\":");
        signal(&child, name);
        wait_for(&mut stderr, "stopping");
        let mut stdout = String::new();
        child
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut stdout)
            .unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0));
        let summary: serde_json::Value = serde_json::from_str(&stdout).unwrap();
        assert_eq!(
            (&summary["interrupted"], &summary["failed"]),
            (&true.into(), &0.into())
        );
        assert_eq!(summary["read"], summary["acknowledged"]);
        assert!(summary["read"].as_u64() > Some(0));
    }
}

#[test]
fn a_second_signal_leaves_at_once() {
    for (name, code) in [("INT", 130), ("TERM", 143)] {
        let (folder, broker) = (folder(), Broker::start().unwrap());
        broker.create_topic("stock-market", 1).unwrap();
        let flags = ["--delivery-timeout", "1h", "--progress-interval", "100ms"];
        let (mut child, mut stderr) = endless(&folder, &broker, &flags);
        // Not `broker_down`: the mock cluster binds its port again then, which a child of this
        // process may have inherited.
        broker.round_trip_time(Duration::from_secs(3600)).unwrap();
        // What is sent from now on will not be acknowledged: the first signal waits for it.
        (0..3).for_each(|_| _ = wait_for(&mut stderr, "\"records_per_second\":"));
        signal(&child, name);
        wait_for(&mut stderr, "stopping");
        std::thread::sleep(SECOND_WISH);
        signal(&child, name);
        assert_eq!(child.wait().unwrap().code(), Some(code));
    }
}

#[test]
fn two_signals_at_once_are_one_also_while_a_run_ends_by_itself() {
    let (folder, broker) = (folder(), Broker::start().unwrap());
    broker.create_topic("stock-market", 1).unwrap();
    write(&folder, "in.csv", format!("{HEADER}{}", ROW.repeat(600)));
    let mut child = producer(&folder)
        .env("KAFKA_BOOTSTRAP_SERVERS", broker.bootstrap_servers())
        .args(["--csv", "in.csv", "--rate", "200"])
        .args(["--delivery-timeout", "1h", "--progress-interval", "100ms"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    wait_for(&mut stderr, "sending in.csv");
    broker.round_trip_time(Duration::from_secs(3600)).unwrap();
    // All of the input is sent: the run ends by itself once this is acknowledged.
    wait_for(&mut stderr, "\"sent\":600,");
    let both = format!("kill -INT {0}; kill -TERM {0}", child.id());
    let sent = Command::new("sh").args(["-c", &both]).status().unwrap();
    assert!(sent.success());
    wait_for(&mut stderr, "stopping");
    std::thread::sleep(SECOND_WISH);
    assert_eq!(child.try_wait().unwrap(), None, "the second was no wish");
    signal(&child, "INT");
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
fn a_signal_ends_a_run_that_waits_for_stdin() {
    let folder = folder();
    let mut child = producer(&folder)
        .args(["--csv", "-", "--dry-run", "--rate", "1000"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"x\n1\nunfinished").unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    wait_for(&mut stderr, "printing stdin");
    signal(&child, "TERM");
    wait_for(&mut stderr, "read ");
    let mut stdout = String::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut stdout)
        .unwrap();
    assert!(!stdout.contains("unfinished"), "half a row is not a row");
    assert_eq!(child.wait().unwrap().code(), Some(0));
    drop(stdin);
}

#[test]
fn a_signal_ends_a_run_that_waits_for_a_writer_of_a_fifo() {
    let folder = folder();
    write(&folder, "in.csv", format!("{HEADER}{ROW}"));
    let made = Command::new("mkfifo")
        .arg(folder.path().join("fifo"))
        .status()
        .unwrap();
    assert!(made.success());
    let mut child = producer(&folder)
        .args(["--csv", "in.csv", "fifo", "--dry-run"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    wait_for(&mut stderr, "printing in.csv");
    signal(&child, "INT");
    wait_for(&mut stderr, "interrupted");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_signal_ends_every_wait() {
    let rows = "Index,Date,Close\nA,2020-01-01,1\nA,2020-01-02,2\n";
    let waits: [(&[&str], &str, &str); 4] = [
        // For the next record to be due.
        (&["--csv", "in.csv", "--speed", "1x"], "", "\"Close\":1"),
        (&["--csv", "in.csv", "--rate", "0.001"], "", "\"Close\":1"),
        // For an input that is not at its end.
        (&["--jsonl", "-"], "{\"a\":1}\n", "{\"a\":1}"),
        (&["--csv", "-", "--order", "time"], rows, ""),
    ];
    for (flags, input, printed) in waits {
        let folder = folder();
        write(&folder, "in.csv", rows);
        let mut child = producer(&folder)
            .arg("--dry-run")
            .args(flags)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(input.as_bytes()).unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        wait_for(&mut stderr, "printing");
        if !printed.is_empty() {
            let mut stdout = BufReader::new(child.stdout.take().unwrap());
            wait_for(&mut stdout, printed);
        }
        signal(&child, "INT");
        wait_for(&mut stderr, "interrupted");
        assert_eq!(child.wait().unwrap().code(), Some(0), "{flags:?}");
    }
}
