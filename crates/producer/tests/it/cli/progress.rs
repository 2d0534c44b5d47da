//! What a run shows while it goes on and when it ends: JSON for programs, a bar and a table at a
//! terminal.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use sandbox::Broker;
use serde_json::Value;
use tempfile::TempDir;

use crate::cli::support::{HEADER, ROW, folder, producer, text, write};

/// A run that is killed when it is dropped.
struct Endless(Child);

impl Drop for Endless {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// The first line of progress of a dry run without end over these rows that is as wanted.
fn line_of(rows: &str, flags: &[&str], is_wanted: fn(&Value) -> bool) -> Value {
    let folder = folder();
    write(&folder, "in.csv", format!("{HEADER}{rows}"));
    let child = producer(&folder)
        .args(["--csv", "in.csv", "--dry-run", "--loop"])
        .args(["--progress-interval", "100ms"])
        .args(flags)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut run = Endless(child);
    let mut stdout = run.0.stdout.take().unwrap();
    std::thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()));
    let stderr = BufReader::new(run.0.stderr.take().unwrap());
    let lines = stderr.lines().map(Result::unwrap);
    let mut lines = lines.filter(|line| line.contains("\"sent\":"));
    let mut shown = std::iter::from_fn(|| Some(serde_json::from_str(&lines.next()?).unwrap()));
    shown.find(is_wanted).expect("the run has no end")
}

#[test]
fn each_interval_has_a_line_of_json() {
    let other = ROW.replace("HSI", "NYA");
    let rows = format!("{ROW}{other}HSI,x\n");
    // The bad row ends a pass.
    let flags = ["--rate", "200", "--on-bad-row", "skip"];
    let line = line_of(&rows, &flags, |line| line["skipped"].as_u64() > Some(0));
    let names = line.as_object().unwrap().keys();
    assert_eq!(
        names.map(String::as_str).collect::<Vec<_>>(),
        [
            "acknowledged",
            "behind_seconds",
            "event_time",
            "failed",
            "percent",
            "records_per_second",
            "sent",
            "skipped",
            "symbols",
        ]
    );
    assert!(line["sent"].as_u64() >= Some(2), "{line}");
    // Each record of a dry run that is sent is printed.
    assert_eq!(line["acknowledged"], line["sent"]);
    assert!(line["records_per_second"].as_f64() > Some(0.0), "{line}");
    assert_eq!(
        (
            &line["event_time"],
            &line["symbols"],
            &line["failed"],
            &line["percent"]
        ),
        (
            &"2001-02-03T00:00:00Z".into(),
            &2.into(),
            &0.into(),
            &Value::Null
        )
    );
}

#[test]
fn the_time_is_known_at_full_speed_in_another_form_and_zone() {
    let row = ROW.replace("2001-02-03", "03/02/2001");
    let flags = ["--time-format", "%d/%m/%Y", "--time-zone", "Asia/Tokyo"];
    let line = line_of(&row, &flags, |_| true);
    assert_eq!(line["event_time"], "2001-02-02T15:00:00Z");
    // Nobody needs the time of this row.
    let line = line_of(&row, &[], |_| true);
    assert_eq!(line["event_time"], Value::Null);
}

#[test]
fn a_quiet_log_has_no_lines_of_progress() {
    let folder = folder();
    write(&folder, "in.csv", format!("{HEADER}{ROW}"));
    let run = |level: &str| {
        let output = producer(&folder)
            .env("RUST_LOG", level)
            .args(["--csv", "in.csv", "--dry-run", "--loop"])
            .args(["--rate", "20", "--limit", "10"])
            .args(["--progress-interval", "10ms"])
            .output()
            .unwrap();
        assert!(output.status.success());
        text(&output.stderr)
    };
    assert_eq!(run("warn"), "");
    assert!(run("info").contains("\"percent\":"));
}

/// Runs the program with these flags, and what follows them in the shell, on a terminal of 80
/// columns; gives what is seen there.
#[cfg(target_os = "linux")]
fn at_terminal(folder: &TempDir, flags: &str) -> String {
    let program = env!("CARGO_BIN_EXE_producer");
    let command = format!("exec '{program}' {flags}");
    let mut terminal = Command::new("script");
    let output = terminal
        .args(["-qec", &command, "typescript"])
        .current_dir(folder.path())
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("TERM", "xterm")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let seen = text(&output.stdout);
    assert!(output.status.success(), "{seen}");
    seen
}

#[cfg(target_os = "linux")]
#[test]
fn a_terminal_has_a_bar_and_a_table_and_a_file_the_line() {
    let (folder, broker) = (folder(), Broker::start().unwrap());
    broker.create_topic("stock-market", 2).unwrap();
    let rows = ROW.to_owned() + &ROW.replace("HSI", "NYA");
    write(&folder, "in.csv", format!("{HEADER}{rows}"));
    let servers = broker.bootstrap_servers();
    let flags = format!("--csv in.csv --loop --rate 50 --limit 120 --bootstrap-servers {servers}");
    let seen = at_terminal(&folder, &flags);
    for part in [
        " acknowledged, ",
        ", no errors, 2001-02-03, 2 symbols",
        "│ acknowledged ┆ ",
        "│ symbols      ┆ ",
        "│ partitions   ┆ 2, with ",
    ] {
        assert!(seen.contains(part), "{part}: {seen}");
    }
    assert!(!seen.contains("\"sent\""), "{seen}");
    // What is not at the terminal is for programs.
    let seen = at_terminal(&folder, &format!("{flags} >out.txt"));
    assert!(!seen.contains('┆'), "{seen}");
    let line = std::fs::read_to_string(folder.path().join("out.txt")).unwrap();
    let whole = "read 120 / sent 120 / acknowledged 120 / failed 0 / skipped 0 in ";
    assert!(line.starts_with(whole), "{line}");
    // The records of a dry run go to the file, and a person sees the table beside it.
    let seen = at_terminal(&folder, "--csv in.csv --dry-run >out.txt");
    assert!(seen.contains("│ acknowledged ┆    2 │"), "{seen}");
    let printed = std::fs::read_to_string(folder.path().join("out.txt")).unwrap();
    assert_eq!(printed.lines().count(), 2, "{printed}");
}

/// What is left on a terminal of 80 columns after all of this was written to it.
#[cfg(target_os = "linux")]
fn left_on_screen(written: &str) -> String {
    let mut lines = vec![Vec::new()];
    let (mut row, mut column) = (0, 0);
    let mut letters = written.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\r' => column = 0,
            '\n' => row += 1,
            '\x1b' => {
                // `[`, a number, and a letter that says what to do.
                let numbers = letters.as_str().trim_start_matches('[');
                let end = numbers.find(char::is_alphabetic).unwrap();
                let count = numbers[..end].parse().unwrap_or(1);
                letters = numbers[end..].chars();
                match letters.next() {
                    Some('A') => row -= count,
                    Some('B') => row += count,
                    Some('K') => lines[row].clear(),
                    // Colours.
                    _ => {}
                }
            }
            letter => {
                if column == 80 {
                    (row, column) = (row + 1, 0);
                }
                lines.resize(lines.len().max(row + 1), Vec::new());
                let line: &mut Vec<char> = &mut lines[row];
                line.resize(line.len().max(column + 1), ' ');
                line[column] = letter;
                column += 1;
            }
        }
        lines.resize(lines.len().max(row + 1), Vec::new());
    }
    let texts = lines.iter().map(|line| line.iter().collect::<String>());
    texts.collect::<Vec<_>>().join("\n")
}

#[cfg(target_os = "linux")]
#[test]
fn the_bar_spoils_no_line_of_the_log() {
    let folder = folder();
    write(&folder, "in.csv", format!("{HEADER}{ROW}x\n"));
    let flags = "--csv in.csv --dry-run --loop --rate 40 --limit 40 --on-bad-row skip >out.txt";
    let seen = at_terminal(&folder, flags);
    assert!(
        seen.contains(" acknowledged, ") && seen.contains("s left"),
        "{seen}"
    );
    let left = left_on_screen(&seen);
    let whole = "skipped in.csv line 3: 1 fields where the header has 9";
    assert_eq!(left.matches("WARN skipped").count(), 10, "{left}");
    assert_eq!(left.replace('\n', "").matches(whole).count(), 10, "{left}");
    assert!(left.contains("more bad rows"), "{left}");
    assert!(
        !left.contains(" left") && !left.contains(" acknowledged, "),
        "{left}"
    );
}
