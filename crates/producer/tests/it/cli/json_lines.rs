//! JSON Lines in place of a CSV.

use std::{io::Write, process::Stdio};

use sandbox::Broker;

use crate::cli::support::{error, folder, producer, text, write};

/// Runs a dry run over this file; gives exit code, stdout and stderr.
fn dry_run(content: &str, flags: &[&str]) -> (i32, String, String) {
    let folder = folder();
    write(&folder, "in.jsonl", content);
    let output = producer(&folder)
        .args(["--jsonl", "in.jsonl", "--dry-run"])
        .args(flags)
        .output()
        .unwrap();
    let code = output.status.code().unwrap();
    (code, text(&output.stdout), text(&output.stderr))
}

#[test]
fn objects_are_sent_as_they_are() {
    let content = " {\"b\": 1.50,  \"a\":\"\\u00e9\"} \r\n\n{\"x\":[1,{\"y\":null}]}";
    let expected = "{\"b\": 1.50,  \"a\":\"\\u00e9\"}\n{\"x\":[1,{\"y\":null}]}\n";
    let (code, stdout, stderr) = dry_run(content, &[]);
    assert_eq!((code, stdout.as_str()), (0, expected), "{stderr}");
    let (code, stdout, _) = dry_run("", &[]);
    assert_eq!((code, stdout.as_str()), (0, ""));
}

#[test]
fn lines_that_are_no_object_are_bad_rows() {
    let content = "{\"a\":1}\n[2]\n{\"a\":3\n{\"a\":4}\n";
    let (code, stdout, stderr) = dry_run(content, &[]);
    assert_eq!((code, stdout.as_str()), (65, "{\"a\":1}\n"));
    assert!(
        error(&stderr).contains("in.jsonl line 2: not a JSON object; correct it"),
        "{stderr}"
    );
    let folder = folder();
    write(&folder, "in.jsonl", content);
    let output = producer(&folder)
        .args(["--jsonl", "in.jsonl", "--dry-run", "--on-bad-row", "skip"])
        .args(["--bad-rows", "bad.jsonl"])
        .output()
        .unwrap();
    assert_eq!(text(&output.stdout), "{\"a\":1}\n{\"a\":4}\n");
    let kept = std::fs::read_to_string(folder.path().join("bad.jsonl")).unwrap();
    assert_eq!(kept, "[2]\n{\"a\":3\n");
    let (code, _, stderr) = dry_run("no\n", &["--on-bad-row", "skip"]);
    assert_eq!(code, 65);
    assert!(
        error(&stderr).contains("nothing was sent from in.jsonl"),
        "{stderr}"
    );
    let (code, _, stderr) = dry_run("[{\"a\":1}]\n", &[]);
    assert_eq!(code, 65);
    assert!(error(&stderr).contains("is one JSON array"), "{stderr}");
}

#[test]
fn key_and_time_are_fields() {
    let content = "{\"who\":\"B\",\"when\":1577923200}\n{\"who\":\"A\",\"when\":1577836800}\n";
    let flags = [
        "--key",
        "who",
        "--time-column",
        "when",
        "--time-format",
        "epoch-seconds",
    ];
    let (code, stdout, stderr) = dry_run(content, &[&flags[..], &["--order", "time"]].concat());
    let lines: Vec<&str> = content.lines().rev().collect();
    assert_eq!(
        (code, stdout.trim_end()),
        (0, lines.join("\n").as_str()),
        "{stderr}"
    );
    let (code, stdout, _) = dry_run(content, &[&flags[..], &["--symbols", "B"]].concat());
    assert_eq!((code, stdout.trim_end()), (0, lines[1]));
    let (code, _, stderr) = dry_run(content, &["--speed", "1d/s"]);
    assert_eq!(code, 65);
    assert!(
        error(&stderr).contains("name it with --time-column: the first object has who, when"),
        "{stderr}"
    );
}

#[test]
fn exactly_one_source_is_given() {
    let folder = folder();
    let run = |flags: &[&str]| {
        let output = producer(&folder)
            .arg("--dry-run")
            .args(flags)
            .output()
            .unwrap();
        (output.status.code(), text(&output.stderr))
    };
    for flags in [[].as_slice(), &["--csv", "a.csv", "--jsonl", "b.jsonl"]] {
        let (code, stderr) = run(flags);
        assert_eq!(code, Some(2));
        assert!(
            stderr.contains("--csv") && stderr.contains("--jsonl"),
            "{stderr}"
        );
    }
    let (code, stderr) = run(&["--jsonl", "b.jsonl", "--delimiter", ";"]);
    assert_eq!(code, Some(2));
    assert!(stderr.contains("--delimiter is for --csv"), "{stderr}");
}

#[test]
fn objects_from_stdin_reach_a_topic_while_it_waits() {
    let (folder, broker) = (folder(), Broker::start().unwrap());
    broker.create_topic("stock-market", 1).unwrap();
    let mut child = producer(&folder)
        .env("KAFKA_BOOTSTRAP_SERVERS", broker.bootstrap_servers())
        .args(["--jsonl", "-", "--limit", "2", "--output", "json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // The end of the second line comes on its own, and stdin stays open.
    for piece in ["{\"a\":1}\n{\"a\"", ":2", "}\n"] {
        stdin.write_all(piece.as_bytes()).unwrap();
        stdin.flush().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(120));
    }
    let output = child.wait_with_output().unwrap();
    drop(stdin);
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&summary["acknowledged"], &summary["skipped"]),
        (&2.into(), &0.into())
    );
}
