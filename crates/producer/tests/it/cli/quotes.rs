//! Quotes that are left open or closed too early: they spoil the lines they are on, and neither
//! swallow rows nor make rows out of the inside of a cell.

use crate::cli::support::{dry_run, error, folder, producer, write};

/// The first cell of each record that a dry run with `--on-bad-row skip` prints, and the skipped.
fn sent(content: &str) -> (String, u64) {
    let (code, stdout, stderr) = dry_run(content, &["--on-bad-row", "skip"]);
    assert_eq!(code, 0, "{stderr}");
    let first = |line: &str| line.split('"').nth(3).unwrap().to_owned();
    let names: Vec<_> = stdout.lines().map(first).collect();
    let skipped = stderr.split("skipped ").last().unwrap();
    let skipped = skipped.split(' ').next().unwrap().parse().unwrap();
    (names.join(" "), skipped)
}

#[test]
fn a_quote_open_at_the_end_of_the_file_spoils_its_own_line_only() {
    let content = "Symbol,Close,City\nAAA,1,Rome\nBBB,2,\"Boston\nCCC,3,Paris\nDDD,4,Oslo\n";
    for content in [
        content.to_owned(),
        content.replace('\n', "\r\n"),
        content.replace('\n', "\r"),
    ] {
        let (code, stdout, stderr) = dry_run(&content, &[]);
        assert_eq!((code, stdout.lines().count()), (65, 1), "{stderr}");
        let message = error(&stderr);
        assert!(
            message.contains("in.csv line 3: a quote is not closed;"),
            "{message}"
        );
        assert_eq!(sent(&content), ("AAA CCC DDD".into(), 1));
    }
}

#[test]
fn stray_quotes_on_two_rows_do_not_merge_the_rows_between() {
    let content =
        "Symbol,Name,Close\nAAA,Pipe,1\nBBB,\"5 inch,2\nCCC,x,3\nEEE,\"8 inch,5\nFFF,y,6\n";
    assert_eq!(sent(content), ("AAA CCC FFF".into(), 2));
    let last_column = "Symbol,Name\nAAA,\"5 inch\nBBB,x\nCCC,\"8 inch\nDDD,y\n";
    assert_eq!(sent(last_column), ("BBB DDD".into(), 2));
}

#[test]
fn eighty_stray_quotes_in_many_rows_cost_eighty_rows() {
    let row = |at: usize| {
        let quote = if at % 125 == 7 { "\"" } else { "" };
        format!("S{at},{quote}Name of the company,1.5\n")
    };
    let rows: String = (0..10_000).map(row).collect();
    let (names, skipped) = sent(&format!("Symbol,Name,Close\n{rows}"));
    assert_eq!((names.split(' ').count(), skipped), (9_920, 80));
}

#[test]
fn a_text_behind_a_closing_quote_makes_a_bad_row() {
    let content =
        "Symbol,Name,Close\nAAA,\"Great\" Pipe,1\nBBB,\"x\"y\"z\",2\nCCC,\"say \"\"x\"\"\",3\n";
    assert_eq!(sent(content), ("CCC".into(), 2));
    let message = error(&dry_run(content, &[]).2);
    assert!(
        message.contains("line 2: text after a closing quote;"),
        "{message}"
    );
}

#[test]
fn a_header_with_an_open_quote_is_refused() {
    let (code, stdout, stderr) = dry_run("Symbol,\"Close\nA,1\nB,2\n", &["--on-bad-row", "skip"]);
    assert_eq!((code, stdout.as_str()), (65, ""));
    assert!(error(&stderr).contains("line 1: the header cannot be read: a quote is not closed"));
}

#[test]
fn the_inside_of_a_right_cell_is_never_read_as_rows() {
    let content = "Symbol,Note,Close\nA,\"first\nB,fake,5\nlast\",n/a?\nC,x,1\n";
    assert_eq!(sent(content), ("C".into(), 1));
    let (code, _, stderr) = dry_run(content, &[]);
    let message = error(&stderr);
    assert_eq!(code, 65);
    assert!(
        message.contains("line 2: column \"Close\": \"n/a?\" is not a number"),
        "{message}"
    );
}

#[test]
fn bad_rows_of_several_lines_are_kept_whole() {
    let folder = folder();
    let content = "Symbol,Note,Close\nA,\"first\nB,fake,5\",x\nC,\"open,1\nD,y,2\n";
    write(&folder, "in.csv", content);
    let flags = ["--dry-run", "--on-bad-row", "skip", "--bad-rows", "bad.csv"];
    let output = producer(&folder)
        .args(["--csv", "in.csv"])
        .args(flags)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    let kept = std::fs::read_to_string(folder.path().join("bad.csv")).unwrap();
    assert_eq!(
        kept,
        "Symbol,Note,Close\nA,\"first\nB,fake,5\",x\nC,\"open,1\n"
    );
}
