//! The real executable, from its flags to its exit code, its output and the processes it leaves
//! behind (none).
//!
//! Not here: what the checker finds (unit tests). Each test has a folder of its own for temporary
//! files, and nothing is left in it.
#![allow(clippy::unwrap_used)]

use std::{
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, ChildStdout, Command, Output, Stdio},
    time::{Duration, Instant},
};

/// A CSV of another shape than the tutorial's: byte order mark, CRLF, quotes, no value, a row that
/// is no record.
const OTHER: &str = "\u{feff}Date,Name,Close Price,\"Note, long\"\r\n\
    2024-01-02,AAL,10.50,\"say \"\"hi\"\"\"\r\n\
    2024-01-03,AAL,11.50,\r\n\
    2024-01-04,AAL,null,plain\r\n\
    2024-01-02,ÅÄÖ,.25,x\r\n\
    2024-01-02,ÅÄÖ,.25,x\r\n\
    2024-01-03,ÅÄÖ,soon,x\r\n";

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Folder {
        let folder = Folder(tempfile::tempdir().unwrap());
        std::fs::create_dir(folder.temporary()).unwrap();
        folder
    }

    fn temporary(&self) -> std::path::PathBuf {
        self.0.path().join("tmp")
    }

    fn demo(&self, flags: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_demo"));
        command
            .args(flags)
            .current_dir(self.0.path())
            .env("TMPDIR", self.temporary())
            .env_remove("RUST_LOG");
        command
    }

    fn is_clean(&self) -> bool {
        std::fs::read_dir(self.temporary()).unwrap().count() == 0
    }
}

fn text(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

/// A demo whose consumer runs.
struct Running {
    demo: Child,
    consumer: u32,
    // The demo would fail at its next line if nobody could read it.
    _stdout: BufReader<ChildStdout>,
}

impl Running {
    fn start(folder: &Folder) -> Running {
        let mut demo = folder
            .demo(&["--rows", "300"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(demo.stdout.take().unwrap());
        let told = stdout.by_ref().lines().map(Result::unwrap);
        let line = told
            .into_iter()
            .find(|line| line.contains("process "))
            .unwrap();
        let id = line
            .split("process ")
            .nth(1)
            .unwrap()
            .split(',')
            .next()
            .unwrap();
        Running {
            consumer: id.parse().unwrap(),
            demo,
            _stdout: stdout,
        }
    }
}

fn send(signal: &str, process: u32) {
    let command = format!("kill -{signal} {process}");
    assert!(
        Command::new("sh")
            .args(["-c", &command])
            .status()
            .unwrap()
            .success()
    );
}

/// Whether a process is there and not a zombie that waits for its parent (Linux only; elsewhere
/// nothing is seen).
fn runs(process: u32) -> bool {
    let stat = std::fs::read_to_string(Path::new("/proc").join(process.to_string()).join("stat"));
    stat.is_ok_and(|stat| !stat.contains(") Z "))
}

fn ends_soon(process: u32) -> bool {
    let began = Instant::now();
    while runs(process) && began.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(10));
    }
    !runs(process)
}

#[test]
fn each_row_of_the_repositorys_data_is_in_one_object_after_a_crash() {
    let folder = Folder::new();
    let output = folder.demo(&["--rows", "300"]).output().unwrap();
    let (stdout, stderr) = text(&output);
    assert!(
        output.status.success() && stderr.is_empty(),
        "{stdout}{stderr}"
    );
    let summary = stdout.lines().last().unwrap();
    let rows: u32 = summary.split(' ').nth(1).unwrap().parse().unwrap();
    assert!((150..=300).contains(&rows), "{summary}");
    assert!(
        summary.starts_with(&format!("rows {rows} / objects {rows} / killed once, at ")),
        "{summary}"
    );
    assert!(
        summary.contains("missing 0 / duplicate 0 / unknown 0 / dead letters 0 in "),
        "{summary}"
    );
    assert_eq!(
        stdout
            .lines()
            .filter(|line| line.ends_with("┆ same │"))
            .count(),
        13,
        "{stdout}"
    );
    // Both zones are proven, and each layout holds as many objects as it should.
    let clean = format!("clean: {rows} records, {rows} of them compared with the topic");
    assert_eq!(stdout.matches(&clean).count(), 2, "{stdout}");
    let row = |name: &str| {
        let line = stdout.lines().find(|line| line.starts_with(name)).unwrap();
        let objects = line.split('┆').nth(1).unwrap().trim();
        objects.parse::<u32>().unwrap()
    };
    assert_eq!(row("│ one object per record"), rows);
    assert!((1..=12).contains(&row("│ Parquet, landed")), "{stdout}");
    assert!((1..=2).contains(&row("│ Parquet, compacted")), "{stdout}");
    assert!(folder.is_clean());
}

#[test]
fn the_first_step_can_be_a_simulated_market() {
    let folder = Folder::new();
    let output = folder
        .demo(&["--simulate", "--rows", "260"])
        .output()
        .unwrap();
    let (stdout, stderr) = text(&output);
    assert!(
        output.status.success() && stderr.is_empty(),
        "{stdout}{stderr}"
    );
    for part in [
        "Simulated market -> Kafka -> S3",
        "-- --simulate --seed 7 --from 1990-01-01 --to 2020-12-31 --limit 260\n",
        "260 records of 13 symbols are acknowledged in topic stock-market",
        "compared with the rows of the simulated market",
        "average Close, from the simulated market",
        "\nrows 260 / objects 260 / killed once, at ",
        "missing 0 / duplicate 0 / unknown 0 / dead letters 0 in ",
        "│ Parquet, compacted",
    ] {
        assert!(stdout.contains(part), "{part}: {stdout}");
    }
    assert!(!stdout.contains("CSV"), "{stdout}");
    assert!(folder.is_clean());
    let both = folder
        .demo(&["--simulate", "--csv", "a.csv"])
        .output()
        .unwrap();
    assert_eq!(both.status.code(), Some(2), "{}", text(&both).1);
}

#[test]
fn another_csv_works_whatever_the_users_settings_are() {
    let folder = Folder::new();
    std::fs::write(folder.0.path().join("other.csv"), OTHER).unwrap();
    std::fs::write(
        folder.0.path().join(".env"),
        "CONSUMER_PREFIX=elsewhere\nnot a line\n",
    )
    .unwrap();
    let output = folder
        .demo(&["--csv", "other.csv", "--keep"])
        .env("AWS_PROFILE", "nobody")
        .env("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
        .env("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
        .env("KAFKA_OPTIONS", "no.such.option=1")
        .env("PRODUCER_LIMIT", "1")
        .env("CONSUMER_DRY_RUN", "true")
        .output()
        .unwrap();
    let (stdout, stderr) = text(&output);
    assert!(output.status.success(), "{stdout}{stderr}");
    for part in [
        "\nrows 5 / objects 5 / killed once, at ",
        "row 6: column \"Close Price\": \"soon\" is not a number",
        "│ AAL  ┆    2 ┆",
        "│ ÅÄÖ  ┆    2 ┆",
        // Its columns are no stock record's.
        "schema infer --topic stock-market",
        "│ Parquet, compacted",
    ] {
        assert!(stdout.contains(part), "{stdout}");
    }
    let kept = stdout
        .lines()
        .last()
        .unwrap()
        .strip_prefix("The files are kept in ")
        .unwrap();
    assert!(Path::new(kept).join("consumer-2.log").is_file(), "{kept}");
}

#[test]
fn a_file_that_cannot_be_read_is_told_in_one_line() {
    let folder = Folder::new();
    let output = folder.demo(&["--csv", "nowhere.csv"]).output().unwrap();
    let error = "error: cannot read nowhere.csv: no such file; name another with --csv\n";
    assert_eq!(text(&output), (String::new(), error.to_owned()));
    assert_eq!(output.status.code(), Some(1));
    let output = folder.demo(&["--rows", "0"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(folder.is_clean());
}

#[test]
fn an_interrupted_demo_takes_its_consumer_and_its_files_with_it() {
    let folder = Folder::new();
    let mut running = Running::start(&folder);
    send("INT", running.demo.id());
    assert_eq!(running.demo.wait().unwrap().code(), Some(130));
    assert!(!runs(running.consumer) && folder.is_clean());
}

#[test]
fn a_killed_demo_takes_its_consumer_with_it() {
    let folder = Folder::new();
    let mut running = Running::start(&folder);
    send("KILL", running.demo.id());
    running.demo.wait().unwrap();
    assert!(ends_soon(running.consumer));
}

#[test]
fn a_consumer_that_dies_early_fails_the_demo() {
    let folder = Folder::new();
    let mut running = Running::start(&folder);
    send("KILL", running.consumer);
    assert_eq!(running.demo.wait().unwrap().code(), Some(1));
    let mut stderr = String::new();
    running
        .demo
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut stderr)
        .unwrap();
    let error = stderr.lines().last().unwrap();
    assert!(
        error.starts_with("error: consumer-1 failed (signal: 9"),
        "{stderr}"
    );
    assert!(folder.is_clean());
}
