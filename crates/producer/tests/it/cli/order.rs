//! The order of records and the time between them, as the executable gives them.

use std::{
    io::{BufRead, BufReader, BufWriter, Read, Write},
    process::Stdio,
};

use crate::cli::support::{assert_small, dry_run, error, folder, producer, text, write};

const HEADER: &str = "Index,Date,Close\n";

/// One row.
fn row(symbol: &str, date: &str, close: u32) -> String {
    format!("{symbol},{date},{close}\n")
}

/// The closing prices of what was printed.
fn closes(stdout: &str) -> Vec<u32> {
    let close = |line: &str| {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        u32::try_from(record["Close"].as_u64().unwrap()).unwrap()
    };
    stdout.lines().map(close).collect()
}

fn printed(content: &str, flags: &[&str]) -> Vec<u32> {
    let (code, stdout, stderr) = dry_run(content, flags);
    assert_eq!(code, 0, "{stderr}");
    closes(&stdout)
}

#[test]
fn files_and_symbols_are_merged_by_time_and_keep_their_places() {
    let folder = folder();
    let first = row("A", "2020-01-02", 2) + &row("A", "2020-01-04", 5) + &row("A", "", 6);
    let second =
        row("B", "2020-01-03", 3) + &row("B", "2020-01-03", 4) + &row("B", "2020-01-01", 1);
    write(&folder, "a.csv", format!("{HEADER}{first}"));
    write(&folder, "b.csv", format!("{HEADER}{second}bad\n"));
    let output = producer(&folder)
        .args(["--csv", "a.csv", "b.csv", "--order", "time", "--dry-run"])
        .args(["--on-bad-row", "skip", "--bad-rows", "bad.csv"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    // The row without a time stays behind the one before it.
    assert_eq!(closes(&text(&output.stdout)), [1, 2, 3, 4, 5, 6]);
    let kept = std::fs::read_to_string(folder.path().join("bad.csv")).unwrap();
    assert_eq!(kept, format!("{HEADER}bad\n"));
    assert!(text(&output.stderr).contains("read 7 / sent 6"));
}

#[test]
fn times_in_another_form_need_their_format() {
    let content = format!(
        "{HEADER}{}{}",
        row("A", "31/12/2020", 2),
        row("A", "01/02/2020", 1)
    );
    let (code, stdout, stderr) = dry_run(&content, &["--order", "time"]);
    assert_eq!((code, stdout.as_str()), (65, ""));
    let message = error(&stderr);
    assert!(
        message.contains("in.csv line 2: column \"Date\": \"31/12/2020\" is not a time in the form of --time-format"),
        "{message}"
    );
    let flags = ["--order", "time", "--time-format", "%d/%m/%Y"];
    assert_eq!(printed(&content, &flags), [1, 2]);
    let two = "Date,Time,Close\n20210603,153000,2\n20210603,093000,1\n";
    let flags = [
        &flags[..3],
        &["%Y%m%d %H%M%S", "--time-column", "date,time"],
    ]
    .concat();
    assert_eq!(printed(two, &flags), [1, 2]);
}

#[test]
fn a_shuffle_sends_each_row_once_and_a_seed_repeats_it() {
    let rows: String = (0..200).map(|n| row("A", "2020-01-01", n)).collect();
    let content = format!("{HEADER}{rows}");
    let seven = printed(&content, &["--order", "shuffle", "--seed", "7"]);
    assert_eq!(
        seven,
        printed(&content, &["--order", "shuffle", "--seed", "7"])
    );
    assert_ne!(
        seven,
        printed(&content, &["--order", "shuffle", "--seed", "8"])
    );
    let mut sorted = seven.clone();
    sorted.sort_unstable();
    assert!(sorted.into_iter().eq(0..200));
    let twice = printed(
        &content,
        &["--order", "shuffle", "--seed", "7", "--loop", "2"],
    );
    assert_eq!(twice[..200], seven);
    assert_ne!(twice[200..], seven, "another pass has another order");
    let (_, stdout, stderr) = dry_run(&content, &["--order", "shuffle"]);
    let (_, seed) = stderr.split_once("--seed ").unwrap();
    let seed = seed.split_whitespace().next().unwrap();
    let again = printed(&content, &["--order", "shuffle", "--seed", seed]);
    assert_eq!(closes(&stdout), again);
}

#[test]
fn a_sample_draws_rows_without_end() {
    let rows: String = (0..5).map(|n| row("A", "2020-01-01", n)).collect();
    let content = format!("{HEADER}{rows}");
    let flags = ["--order", "sample", "--seed", "7", "--limit", "500"];
    let drawn = printed(&content, &flags);
    assert_eq!(drawn, printed(&content, &flags));
    let count = |n| drawn.iter().filter(|close| **close == n).count();
    // 100 on average, with a standard deviation of 9.
    assert!((0..5).all(|n| (55..145).contains(&count(n))), "{drawn:?}");
    assert_eq!(printed(HEADER, &["--order", "sample"]), [0_u32; 0]);
}

#[test]
fn more_than_the_memory_holds_is_sorted_in_little_of_it() {
    let folder = folder();
    let mut child = producer(&folder)
        .args(["--dry-run", "--csv", "-", "--order", "time"])
        .args(["--time-format", "epoch-millis"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = BufWriter::new(child.stdin.take().unwrap());
    stdin.write_all(b"Index,Date,Close,Note\n").unwrap();
    let note = "x".repeat(400);
    let rows = 200_000_u64;
    // More than eighty megabytes as they are kept.
    for n in 0..rows {
        let millis = n * 7_919 % rows;
        writeln!(stdin, "A,{millis},{millis},{note}").unwrap();
    }
    drop(stdin);
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    // It has read everything, and waits for us to read the rest.
    assert_small(child.id());
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    let closes = closes(&(line + &rest));
    assert!(closes.into_iter().map(u64::from).eq(0..rows));
    assert!(child.wait().unwrap().success());
}

#[test]
fn rows_that_cannot_be_kept_are_a_failure_with_the_folder() {
    let folder = folder();
    let long = "x".repeat(900_000);
    let rows: String = (0..50).map(|_| row(&long, "2020-01-01", 1)).collect();
    write(&folder, "in.csv", format!("{HEADER}{rows}"));
    for order in ["time", "sample"] {
        let output = producer(&folder)
            .env("TMPDIR", folder.path().join("none"))
            .args(["--csv", "in.csv", "--dry-run", "--order", order])
            .output()
            .unwrap();
        let stderr = text(&output.stderr);
        assert_eq!(
            (output.status.code(), text(&output.stdout)),
            (Some(1), String::new())
        );
        let message = error(&stderr);
        assert!(
            message.contains("cannot keep rows in a temporary file in")
                && message.contains("none")
                && message.contains("TMPDIR names another folder"),
            "{message}"
        );
    }
}

#[test]
fn symbols_and_a_span_of_time_can_be_chosen() {
    let content = format!(
        "{HEADER}{}{}{}{}{}",
        row("A", "2020-01-01", 1),
        row("B", "2020-01-01", 2),
        row("A", "2020-01-02", 3),
        row("A", "2020-01-03", 4),
        row("A", "", 5),
    );
    assert_eq!(printed(&content, &["--symbols", "A"]), [1, 3, 4, 5]);
    let span = ["--from", "2020-01-02", "--to", "2020-01-02"];
    let (code, stdout, stderr) = dry_run(&content, &span);
    assert_eq!((code, closes(&stdout)), (0, vec![3]));
    assert!(
        stderr.contains("read 1 / sent 1 / acknowledged 1 / failed 0 / skipped 0 / left out 4"),
        "{stderr}"
    );
    // In New York the second has not begun yet.
    let zone = [&span[..], &["--time-zone", "America/New_York"]].concat();
    assert_eq!(printed(&content, &zone), [3]);
    let (code, stdout, stderr) = dry_run(&content, &["--symbols", "A,XYZ"]);
    assert_eq!((code, stdout.lines().count()), (65, 4));
    assert!(
        error(&stderr).contains("no row has the key XYZ of --symbols; there are B"),
        "{stderr}"
    );
    let (code, stdout, stderr) = dry_run(&content, &["--from", "2030-01-01"]);
    assert_eq!((code, stdout.as_str()), (0, ""));
    assert!(stderr.contains("leave out all of the 5 rows"), "{stderr}");
}

#[test]
fn speed_needs_times_and_says_when_they_go_back() {
    for (content, flags, part) in [
        (
            "a,b\n1,2\n",
            vec![],
            "no column that we know as a time, and --speed needs one; name it with --time-column: \
             the header has a, b",
        ),
        (
            "a,Date\n1,2020-01-01\n",
            vec!["--time-column", "when"],
            "has no --time-column: column \"when\" is not in the header",
        ),
    ] {
        let (code, stdout, stderr) = dry_run(content, &[&["--speed", "1d/s"], &flags[..]].concat());
        assert_eq!((code, stdout.as_str()), (65, ""));
        assert!(error(&stderr).contains(part), "{stderr}");
    }
    let zone = ["--speed", "1d/s", "--time-zone", "Europe/Atlantis"];
    let (code, _, stderr) = dry_run(HEADER, &zone);
    assert_eq!(code, 2);
    assert!(
        stderr.contains("there is no zone \"Europe/Atlantis\""),
        "{stderr}"
    );
    let (code, _, stderr) = dry_run(HEADER, &["--speed", "1d/s", "--rate", "5"]);
    assert_eq!(code, 2);
    assert!(
        stderr.contains("--speed") && stderr.contains("--rate"),
        "{stderr}"
    );
    let content = format!(
        "{HEADER}{}{}{}{}",
        row("A", "2020-01-02", 1),
        row("B", "2020-01-01", 2),
        row("B", "", 3),
        row("C", "2019-01-01", 4),
    );
    let (code, stdout, stderr) = dry_run(&content, &["--speed", "1000000d/s"]);
    assert_eq!((code, closes(&stdout)), (0, vec![1, 2, 3, 4]));
    for part in [
        "record 2 happened before the record before it",
        "2 records happened before the record before them",
    ] {
        assert_eq!(stderr.matches(part).count(), 1, "{stderr}");
    }
    let (_, _, stderr) = dry_run(&content, &["--speed", "1000000d/s", "--order", "time"]);
    assert!(!stderr.contains("happened before"), "{stderr}");
}

#[test]
fn a_loop_may_be_counted() {
    let content = format!(
        "{HEADER}{}{}",
        row("A", "2020-01-01", 1),
        row("A", "2020-01-02", 2)
    );
    assert_eq!(printed(&content, &["--loop", "3"]), [1, 2, 1, 2, 1, 2]);
    let (_, stdout, stderr) = dry_run(&content, &["--loop", "2", "--speed", "1000000d/s"]);
    assert_eq!(closes(&stdout), [1, 2, 1, 2]);
    assert!(!stderr.contains("happened before"), "{stderr}");
    let folder = folder();
    write(&folder, "in.csv", &content);
    for (variable, expected) in [("true", 5), ("3", 5), ("2", 4), ("false", 2), ("0", 2)] {
        let output = producer(&folder)
            .env("PRODUCER_LOOP", variable)
            .args(["--csv", "in.csv", "--dry-run", "--limit", "5"])
            .output()
            .unwrap();
        let lines = text(&output.stdout).lines().count();
        assert_eq!(
            (output.status.code(), lines),
            (Some(0), expected),
            "{variable}"
        );
    }
    let (code, _, stderr) = dry_run(&content, &["--loop", "1"]);
    assert_eq!(code, 2);
    assert!(
        stderr.contains("give true for passes without end"),
        "{stderr}"
    );
}
