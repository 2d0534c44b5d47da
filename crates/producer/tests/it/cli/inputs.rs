//! Inputs of every kind, the bad ones above all.

use std::{
    io::{BufRead, BufReader, Write},
    process::Stdio,
};

use crate::cli::support::{
    HEADER, RECORD, ROW, assert_small, dry_run, error, folder, producer, text, wait_for, write,
};

#[test]
fn a_dry_run_prints_the_tutorials_records() {
    let (code, stdout, stderr) = dry_run(format!("{HEADER}{ROW}"), &[]);
    assert_eq!(
        (code, stdout.as_str()),
        (0, format!("{RECORD}\n").as_str()),
        "{stderr}"
    );
    let (_, stdout, _) = dry_run(format!("{HEADER}{ROW}"), &["--fields", "snake"]);
    assert!(
        stdout.contains(r#""adj_close":2.25,"volume":100.0,"close_usd":0.2925}"#),
        "{stdout}"
    );
}

#[test]
fn other_stock_files_are_understood() {
    let yahoo = "\u{feff}\"Adj Close\",Date,Ticker,Note\r\nnull,2001-02-03,\"A,B\",\"say \"\"hi\"\"\"\r\n1.5,,X,\r\n";
    let (code, stdout, stderr) = dry_run(yahoo, &[]);
    let first = r#"{"Adj Close":null,"Date":"2001-02-03","Ticker":"A,B","Note":"say \"hi\""}"#;
    let second = r#"{"Adj Close":1.5,"Date":null,"Ticker":"X","Note":null}"#;
    assert_eq!(
        (code, stdout),
        (0, format!("{first}\n{second}\n")),
        "{stderr}"
    );
    let (code, stdout, stderr) = dry_run(
        "code;score\nA;1\n",
        &["--delimiter", ";", "--columns", "score:number,code:string"],
    );
    assert_eq!(
        (code, stdout.as_str()),
        (0, "{\"code\":\"A\",\"score\":1}\n"),
        "{stderr}"
    );
}

#[test]
fn several_files_stdin_and_gzip_are_read_in_order() {
    let folder = folder();
    write(&folder, "a.csv", "x\n1\n");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(b"x\n2\n").unwrap();
    write(&folder, "b.csv.gz", packed.finish().unwrap());
    let mut child = producer(&folder)
        .args(["--dry-run", "--csv", "a.csv", "-", "b.csv.gz"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"x\n3\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(
        text(&output.stdout),
        "{\"x\":\"1\"}\n{\"x\":\"3\"}\n{\"x\":\"2\"}\n"
    );
}

#[test]
fn folders_patterns_and_zstd_are_read() {
    let folder = folder();
    std::fs::create_dir(folder.path().join("days")).unwrap();
    write(&folder, "days/b.csv", "x\n2\n");
    write(
        &folder,
        "days/a.csv.zst",
        zstd::encode_all(b"x\n1\n".as_slice(), 1).unwrap(),
    );
    write(&folder, "days/notes.md", "no data");
    let run = |input: &str| {
        let output = producer(&folder)
            .args(["--dry-run", "--csv", input])
            .output()
            .unwrap();
        (
            output.status.code(),
            text(&output.stdout),
            text(&output.stderr),
        )
    };
    let expected = "{\"x\":\"1\"}\n{\"x\":\"2\"}\n";
    for input in ["days", "days/*.csv*", "d?ys/[ab].*"] {
        let (code, stdout, stderr) = run(input);
        assert_eq!((code, stdout.as_str()), (Some(0), expected), "{stderr}");
    }
    let (code, _, stderr) = run("days/*.xls");
    assert_eq!(code, Some(1));
    assert!(
        error(&stderr).contains("days/*.xls: no file matches it"),
        "{stderr}"
    );
}

#[test]
fn an_input_is_never_overwritten_by_its_bad_rows() {
    let folder = folder();
    let path = write(&folder, "in.csv", "a,b\n1\n");
    for input in ["in.csv", ".", "*.csv"] {
        let output = producer(&folder)
            .args(["--dry-run", "--bad-rows", "./in.csv", "--csv", input])
            .output()
            .unwrap();
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(error(&stderr).contains("is also an input"), "{stderr}");
    }
    assert_eq!(std::fs::read_to_string(path).unwrap(), "a,b\n1\n");
}

#[test]
fn inputs_that_cannot_be_read_are_named() {
    let folder = folder();
    std::fs::create_dir(folder.path().join("dir")).unwrap();
    write(&folder, "good.csv", "x\n1\n");
    for (name, part) in [
        ("none.csv", "none.csv: no such file"),
        ("dir", "dir: it is a directory"),
    ] {
        let output = producer(&folder)
            .args(["--dry-run", "--csv", "good.csv", name])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(
            error(&text(&output.stderr)).contains(part),
            "{}",
            text(&output.stderr)
        );
        assert_eq!(
            text(&output.stdout),
            "",
            "nothing is sent before every input is looked at"
        );
    }
}

#[test]
fn inputs_that_are_no_csv_exit_with_65_and_say_what_to_do() {
    for (content, part) in [
        (b"".as_slice(), "in.csv is empty: it has no header line"),
        (b"Index;Date;Close\nA;B;1\n", "add --delimiter ';'"),
        (b"Index\tDate\nA\tB\n", "add --delimiter tab"),
        (
            b"Close,Date,Close\n1,2,3\n",
            "column \"Close\" appears twice in the header",
        ),
        (b"PK\x03\x04", "zip archive; unpack it first"),
        (b"\xff\xfeI\0", "UTF-16 text; save it as UTF-8"),
        (b"D\0a\0t\0e\0,\0C\0\n\0", "UTF-16 text; save it as UTF-8"),
        (
            b"<!DOCTYPE html>\n<html><head><title>Your key, please</title></head>\n<body></body>\n",
            "in.csv is a web page",
        ),
    ] {
        for flags in [[].as_slice(), &["--on-bad-row", "skip"]] {
            let (code, stdout, stderr) = dry_run(content, flags);
            assert_eq!((code, stdout.as_str()), (65, ""), "{stderr}");
            assert!(error(&stderr).contains(part), "{stderr}");
        }
    }
}

#[test]
fn a_header_without_rows_is_a_warning() {
    let (code, stdout, stderr) = dry_run(HEADER, &[]);
    assert_eq!((code, stdout.as_str()), (0, ""));
    assert!(
        stderr.contains("WARN") && stderr.contains("in.csv has a header but no rows"),
        "{stderr}"
    );
}

const BAD_ROWS: [(&[u8], &str); 5] = [
    (b"HSI,2001-02-04\n", "2 fields where the header has 9"),
    (
        b"HSI,2001-02-04,1,2,3,4,5,6,7,8\n",
        "10 fields where the header has 9",
    ),
    (
        b"HSI,2001-02-04,1,2,3,abc,5,6,7\n",
        "column \"Close\": \"abc\" is not a number",
    ),
    (
        b"HSI,2001-02-04,1,2,3,\"1,234\",5,6,7\n",
        "column \"Close\": \"1,234\" is not a number",
    ),
    (
        b"H\xffI,2001-02-04,1,2,3,4,5,6,7\n",
        "column \"Index\": not valid UTF-8",
    ),
];

#[test]
fn bad_rows_exit_with_65_and_their_place_or_are_skipped() {
    for (bad, reason) in BAD_ROWS {
        let content = [HEADER.as_bytes(), ROW.as_bytes(), bad, ROW.as_bytes()].concat();
        let (code, stdout, stderr) = dry_run(&content, &[]);
        assert_eq!((code, stdout), (65, format!("{RECORD}\n")), "{stderr}");
        let message = error(&stderr);
        assert!(
            message.contains(&format!("in.csv line 3: {reason}"))
                && message.contains("--on-bad-row skip"),
            "{message}"
        );
        let (code, stdout, stderr) = dry_run(&content, &["--on-bad-row", "skip"]);
        assert_eq!(
            (code, stdout),
            (0, format!("{RECORD}\n{RECORD}\n")),
            "{stderr}"
        );
        assert!(
            stderr.contains("read 3 / sent 2 / acknowledged 2 / failed 0 / skipped 1"),
            "{stderr}"
        );
    }
}

#[test]
fn an_input_whose_rows_are_all_skipped_is_a_failure() {
    let bad = "HSI,2001-02-04,1,2,3,abc,5,6,7\nx\n";
    let (code, stdout, stderr) = dry_run(format!("{HEADER}{bad}"), &["--on-bad-row", "skip"]);
    assert_eq!((code, stdout.as_str()), (65, ""), "{stderr}");
    let expected = "nothing was sent from in.csv: all of its 2 rows are bad, the first at line 2: column \"Close\": \"abc\" is not a number";
    assert!(error(&stderr).contains(expected), "{stderr}");
    // What other inputs gave does not make up for it.
    let folder = folder();
    write(&folder, "good.csv", format!("{HEADER}{ROW}"));
    write(&folder, "bad.csv", format!("{HEADER}{bad}"));
    let output = producer(&folder)
        .args([
            "--dry-run",
            "--on-bad-row",
            "skip",
            "--csv",
            "good.csv",
            "bad.csv",
        ])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(65));
    assert!(error(&text(&output.stderr)).contains("nothing was sent from bad.csv"));
}

#[test]
fn a_line_of_100_megabytes_is_a_bad_row_and_needs_no_memory() {
    let folder = folder();
    let mut child = producer(&folder)
        .args([
            "--dry-run",
            "--csv",
            "-",
            "--on-bad-row",
            "skip",
            "--rate",
            "1000000",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(HEADER.as_bytes()).unwrap();
    let megabyte = vec![b'x'; 1_000_000];
    (0..100).for_each(|_| stdin.write_all(&megabyte).unwrap());
    stdin.write_all(format!("\n{ROW}").as_bytes()).unwrap();
    // Its status can be read as long as its input is open, and the warning says that the line is
    // behind it.
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let line = wait_for(&mut stderr, "skipped");
    assert!(
        line.contains("stdin line 2: longer than 1000000 bytes"),
        "{line}"
    );
    assert_small(child.id());
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        (output.status.code(), text(&output.stdout)),
        (Some(0), format!("{RECORD}\n"))
    );
}

#[test]
fn a_reader_that_leaves_early_is_not_a_failure() {
    let folder = folder();
    write(&folder, "in.csv", format!("{HEADER}{ROW}"));
    let mut child = producer(&folder)
        .args(["--csv", "in.csv", "--dry-run", "--loop"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert_eq!(line.trim_end(), RECORD);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_dry_run_leaves_its_summary_on_stderr_in_the_form_asked_for() {
    for (content, code) in [
        (format!("{HEADER}{ROW}"), 0),
        (format!("{HEADER}{ROW}x\n"), 65),
    ] {
        let (ended, stdout, stderr) = dry_run(content, &["--output", "json"]);
        assert_eq!((ended, stdout), (code, format!("{RECORD}\n")), "{stderr}");
        let line = stderr.lines().find(|line| line.starts_with('{')).unwrap();
        let summary: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(summary["sent"], 1);
    }
}

#[test]
fn bad_rows_of_an_earlier_run_stay_if_nothing_can_be_sent() {
    let folder = folder();
    write(&folder, "in.csv", format!("{HEADER}{ROW}x\n"));
    let kept = write(&folder, "bad.csv", "precious\n");
    let run = |flags: &[&str]| {
        producer(&folder)
            .args(["--csv", "in.csv", "--bad-rows", "bad.csv"])
            .args(flags)
            .output()
            .unwrap()
    };
    // Nothing listens on the port that is reserved for discarding.
    let unreachable = [
        "--bootstrap-servers",
        "127.0.0.1:9",
        "--connect-timeout",
        "300ms",
    ];
    assert_eq!(run(&unreachable).status.code(), Some(1));
    assert_eq!(std::fs::read_to_string(&kept).unwrap(), "precious\n");
    run(&["--dry-run"]);
    assert_eq!(
        std::fs::read_to_string(&kept).unwrap(),
        format!("{HEADER}x\n")
    );
}
