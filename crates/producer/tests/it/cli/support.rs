//! What the tests of the executable share: a folder, a clean environment, and the parts of the
//! output.

use std::{
    io::BufRead,
    path::PathBuf,
    process::{Command, Stdio},
};

use tempfile::TempDir;

pub(crate) const HEADER: &str = "Index,Date,Open,High,Low,Close,Adj Close,Volume,CloseUSD\n";

pub(crate) const ROW: &str = "HSI,2001-02-03,1.5,2.5,1.0,2.25,2.25,100.0,0.2925\n";

pub(crate) const RECORD: &str = r#"{"Index":"HSI","Date":"2001-02-03","Open":1.5,"High":2.5,"Low":1.0,"Close":2.25,"Adj Close":2.25,"Volume":100.0,"CloseUSD":0.2925}"#;

/// The program in an empty folder and without any setting from outside.
pub(crate) fn producer(folder: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_producer"));
    command
        .current_dir(folder.path())
        .env_clear()
        .stdin(Stdio::null());
    command
}

pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

pub(crate) fn write(folder: &TempDir, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs a dry run over this file; gives exit code, stdout and stderr.
pub(crate) fn dry_run(content: impl AsRef<[u8]>, flags: &[&str]) -> (i32, String, String) {
    let folder = folder();
    write(&folder, "in.csv", content);
    let output = producer(&folder)
        .args(["--csv", "in.csv", "--dry-run"])
        .args(flags)
        .output()
        .unwrap();
    (
        output.status.code().unwrap(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

/// The one line that begins with `error: `.
pub(crate) fn error(stderr: &str) -> String {
    let errors: Vec<&str> = stderr
        .lines()
        .filter(|line| line.starts_with("error: "))
        .collect();
    assert_eq!(errors.len(), 1, "{stderr}");
    errors[0].to_owned()
}

pub(crate) fn wait_for(stderr: &mut impl BufRead, part: &str) -> String {
    let found = stderr
        .lines()
        .map(Result::unwrap)
        .find(|line| line.contains(part));
    found.unwrap_or_else(|| panic!("{part:?} never came"))
}

/// Where the system tells how much memory a process had at most.
pub(crate) fn assert_small(process: u32) {
    if let Ok(status) = std::fs::read_to_string(format!("/proc/{}/status", process)) {
        let peak = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .unwrap();
        let kilobytes: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
        assert!(kilobytes < 64_000, "{kilobytes} kB");
    }
}
