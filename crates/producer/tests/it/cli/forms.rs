//! Files in the forms that exports and downloads really have: each is read right, or refused with
//! the way on.

use crate::cli::support::{dry_run, error, folder, producer, text, write};

fn records(content: impl AsRef<[u8]>, flags: &[&str]) -> String {
    let (code, stdout, stderr) = dry_run(content, flags);
    assert_eq!(code, 0, "{stderr}");
    stdout
}

/// The message of a dry run that prints nothing and ends with 65, whatever becomes of bad rows.
fn refusal(content: impl AsRef<[u8]>, flags: &[&str]) -> String {
    let skip = [flags, &["--on-bad-row", "skip"]].concat();
    let (code, stdout, stderr) = dry_run(content, &skip);
    assert_eq!((code, stdout.as_str()), (65, ""), "{stderr}");
    error(&stderr)
}

#[test]
fn a_line_that_names_the_delimiter_is_no_header() {
    let expected = "{\"Symbol\":\"A\",\"Close\":1}\n";
    for first in ["sep=;\n", "\"sep=;\"\r\n", "SEP=;\r"] {
        assert_eq!(
            records(format!("{first}Symbol;Close\nA;1\n"), &[]),
            expected
        );
    }
    let flags = ["--delimiter", "|"];
    assert_eq!(records("sep=;\nSymbol|Close\nA|1\n", &flags), expected);
}

#[test]
fn a_first_row_is_no_header() {
    let epoch = "1698364800000,34151.66,34171.28\n1698368400000,34015.27,34054.48\n";
    let message = refusal(epoch, &[]);
    assert!(
        message.contains(
            "in.csv has no header line: line 1 looks like data of 3 fields; name the columns with \
             --header A,B,… (or --header first-line to take it as it is)"
        ),
        "{message}"
    );
    let flags = ["--header", "Time, Open,High"];
    assert_eq!(
        records(epoch, &flags),
        "{\"Time\":\"1698364800000\",\"Open\":34151.66,\"High\":34171.28}\n\
         {\"Time\":\"1698368400000\",\"Open\":34015.27,\"High\":34054.48}\n"
    );
    let semicolons = "BBG1;2020-06-08T07:04:00Z;82.9;20;\nBBG1;2020-06-08T07:05:00Z;82.9;20;\n";
    let message = refusal(semicolons, &[]);
    assert!(
        message.contains("of 5 fields") && message.contains("and add --delimiter ';'"),
        "{message}"
    );
    let flags = ["--delimiter", ";", "--header", "symbol,time,close,volume,x"];
    assert_eq!(records(semicolons, &flags).lines().count(), 2);
    let years = "2019,2020\n1,2\n";
    assert_eq!(
        records(years, &["--header", "first-line"]),
        "{\"2019\":\"1\",\"2020\":\"2\"}\n"
    );
}

#[test]
fn a_line_above_the_header_is_refused_and_can_be_left_out() {
    let content = "Sorry, this is not the file\nSYMBOL,OPEN,CLOSE,X\nA,1,2,3\nB,1,2,3\n";
    let message = refusal(content, &[]);
    assert!(
        message.contains("more fields in its rows (4) than in its header on line 1 (2)")
            && message.contains("--skip-lines 1"),
        "{message}"
    );
    assert_eq!(records(content, &["--skip-lines", "1"]).lines().count(), 2);
    let two = refusal(format!("A report\n\n{content}"), &[]);
    assert!(two.contains("leave it out with --skip-lines 3"), "{two}");
    // The line that names the delimiter is left out, too.
    let named = "sep=;\nA report\nSYMBOL;OPEN;CLOSE;X\nA;1;2;3\nB;1;2;3\n";
    let message = refusal(named, &[]);
    assert!(
        message.contains("--skip-lines 2 --delimiter ';',"),
        "{message}"
    );
    let flags = ["--skip-lines", "2", "--delimiter", ";"];
    assert_eq!(records(named, &flags).lines().count(), 2);
    // One such row does not make the header wrong.
    let row = "A,B\n1,2,3\n1,2\n";
    assert_eq!(records(row, &["--on-bad-row", "skip"]).lines().count(), 1);
}

#[test]
fn three_header_lines_of_one_ticker_are_one_header_and_a_symbol() {
    let rows = "2023-02-17,254.5,30000100\n2023-02-21,249.1,28397400\n";
    let expected = "{\"Symbol\":\"MSFT\",\"Date\":\"2023-02-17\",\"Close\":254.5,\"Volume\":30000100}\n\
                    {\"Symbol\":\"MSFT\",\"Date\":\"2023-02-21\",\"Close\":249.1,\"Volume\":28397400}\n";
    for header in [
        "Price,Close,Volume\nTicker,MSFT,MSFT\nDate,,\n",
        "Ticker,MSFT,MSFT\nPrice,Close,Volume\nDate,,\n",
        ",Close,Volume\n,MSFT,MSFT\nDate,,\n",
    ] {
        assert_eq!(records(format!("{header}{rows}"), &[]), expected);
    }
    let snake = records(
        format!("Price,Close,Volume\nTicker,MSFT,MSFT\nDate,,\n{rows}"),
        &["--fields", "snake"],
    );
    assert!(
        snake.starts_with("{\"symbol\":\"MSFT\",\"date\":"),
        "{snake}"
    );
    let message = refusal(
        format!("Price,Close,Close\nTicker,MSFT,AAPL\nDate,,\n{rows}"),
        &[],
    );
    assert!(
        message.contains("several tickers side by side (MSFT, AAPL, …)"),
        "{message}"
    );
}

#[test]
fn a_backslash_before_a_quote_is_named_or_taken_as_an_escape() {
    let content = "Symbol,Note,Close\nA,\"text with \\\" escaped quote\",1\nB,plain,2\nC,\"also \\\" here\",3\n";
    let (code, stdout, stderr) = dry_run(content, &["--on-bad-row", "skip"]);
    assert_eq!((code, stdout.lines().count()), (0, 1), "{stderr}");
    let hint = "text after a closing quote; if a backslash takes the meaning of a quote away, add --escape '\\'";
    assert_eq!(stderr.matches(hint).count(), 2, "{stderr}");
    let all = records(content, &["--escape", "\\"]);
    assert_eq!(all.lines().count(), 3);
    assert!(
        all.contains(r#""Note":"text with \" escaped quote","Close":1"#),
        "{all}"
    );
}

#[test]
fn files_of_carriage_returns_have_rows_and_lines() {
    let rows = "Index,Date,Close\rHSI,2021-06-01,1.5\rHSI,2021-06-02,2.5";
    for end in ["", "\r", "\n", "\r\n"] {
        assert_eq!(records(format!("{rows}{end}"), &[]).lines().count(), 2);
    }
    let (code, _, stderr) = dry_run(format!("{rows}\rHSI,2021-06-03,x\r"), &[]);
    assert_eq!(code, 65);
    assert!(
        error(&stderr).contains("in.csv line 4: column \"Close\""),
        "{stderr}"
    );
}

#[test]
fn names_are_bare_and_usable() {
    let angles = "<TICKER>,<PER>,<DATE>,<OPEN>,<VOL>\nAAPL.US,D,20210603,124.68,762\n";
    let (code, stdout, stderr) = dry_run(angles, &["--fields", "snake"]);
    assert_eq!(
        (code, stdout.as_str()),
        (
            0,
            "{\"ticker\":\"AAPL.US\",\"per\":\"D\",\"date\":\"20210603\",\"open\":124.68,\"vol\":\"762\"}\n"
        )
    );
    assert!(stderr.contains("(key <TICKER>)"), "{stderr}");
    let blanks = "\u{feff}\"Date \",\"OPEN \",\"PREV. CLOSE \",\"52W H \"\n\"03-Jun-2021\",\"1\",\"2\",\"3\"\n";
    assert_eq!(
        records(blanks, &[]),
        "{\"Date\":\"03-Jun-2021\",\"OPEN\":1,\"PREV. CLOSE\":2,\"52W H\":\"3\"}\n"
    );
    assert_eq!(
        records(blanks, &["--fields", "snake"]),
        "{\"date\":\"03-Jun-2021\",\"open\":1,\"prev_close\":2,\"n52_w_h\":\"3\"}\n"
    );
}

#[test]
fn a_column_without_a_name_gets_one_and_it_is_said_once() {
    let (code, stdout, stderr) = dry_run(",Date,Close\n0,2021-06-03,1\n1,2021-06-04,2\n", &[]);
    assert_eq!((code, stdout.lines().count()), (0, 2));
    assert!(
        stdout.starts_with("{\"column_1\":\"0\",\"Date\""),
        "{stdout}"
    );
    let said = "in.csv: column 1 has no name in the header; it is called column_1";
    assert_eq!(stderr.matches(said).count(), 1, "{stderr}");
}

#[test]
fn the_symbol_can_come_from_the_name_of_the_file() {
    let folder = folder();
    write(&folder, "aapl.us.txt", "Date,Close\n2017-11-10,174.67\n");
    write(&folder, "msft.us.txt", "Date,Close\n2017-11-10,83.87\n");
    write(&folder, "x.csv", "Date,Open\n2017-11-10,1\n");
    write(&folder, "y.csv", "Date,Ticker\n2017-11-10,1\n");
    let run = |files: &[&str]| {
        producer(&folder)
            .args(["--dry-run", "--symbol-from-file-name", "--csv"])
            .args(files)
            .output()
            .unwrap()
    };
    let output = run(&["aapl.us.txt", "msft.us.txt"]);
    assert_eq!(
        text(&output.stdout),
        "{\"Symbol\":\"aapl.us\",\"Date\":\"2017-11-10\",\"Close\":174.67}\n\
         {\"Symbol\":\"msft.us\",\"Date\":\"2017-11-10\",\"Close\":83.87}\n"
    );
    let stderr = text(&output.stderr);
    assert!(
        stderr.contains("aapl.us.txt (key aapl.us)") && !stderr.contains("other columns"),
        "{stderr}"
    );
    let stderr = text(&run(&["aapl.us.txt", "x.csv"]).stderr);
    assert!(
        stderr.contains("x.csv has other columns than aapl.us.txt: with Open, without Close"),
        "{stderr}"
    );
    let stderr = text(&run(&["y.csv"]).stderr);
    assert!(
        error(&stderr)
            .contains("the symbol in the column \"Ticker\"; leave out --symbol-from-file-name"),
        "{stderr}"
    );
}

#[test]
fn numbers_as_people_write_them_need_a_type_that_the_error_names() {
    let investing = "\u{feff}\"Date\",\"Price\",\"Vol.\",\"Change %\"\n\"01/06/2023\",\"1,234.50\",\"45.21M\",\"-0.61%\"\n\"01/05/2023\",\"1,242.10\",\"-\",\"0.35%\"\n";
    let message = refusal(investing, &[]);
    let hint = "column \"Price\": \"1,234.50\" is not a number; --columns Price:decimal-point reads it as 1234.50";
    assert!(message.contains(hint), "{message}");
    let types = "Price:decimal-point,Vol.:decimal-point,Change %:decimal-point";
    assert_eq!(
        records(investing, &["--columns", types]),
        "{\"Date\":\"01/06/2023\",\"Price\":1234.50,\"Vol.\":45210000,\"Change %\":-0.61}\n\
         {\"Date\":\"01/05/2023\",\"Price\":1242.10,\"Vol.\":null,\"Change %\":0.35}\n"
    );
    let message = refusal(
        "Date;Open;Close\n2021-06-03;1.234,5;1.240,25\n",
        &["--delimiter", ";"],
    );
    let hint = "\"1.234,5\" is not a number; --columns Open:decimal-comma reads it as 1234.5";
    assert!(message.contains(hint), "{message}");
    for (content, types, value) in [
        (
            "Open;Close\n1.234,5;1.240,25\n",
            "Open:decimal-comma,Close:decimal-comma",
            "{\"Open\":1234.5,\"Close\":1240.25}\n",
        ),
        (
            "Close/Last;Open\n$224.93;$223\n",
            "Close/Last:decimal-point,Open:decimal-point",
            "{\"Close/Last\":224.93,\"Open\":223}\n",
        ),
        (
            "Open;Close\n\u{2212}1.5;1\u{a0}234.5\n",
            "Open:decimal-point,Close:decimal-point",
            "{\"Open\":-1.5,\"Close\":1234.5}\n",
        ),
    ] {
        assert_eq!(
            records(content, &["--delimiter", ";", "--columns", types]),
            value
        );
    }
    let both = refusal("Prev. Close\n\"1,234\"\n", &[]);
    assert!(
        both.contains("--columns 'Prev. Close:decimal-point' reads it as 1234, --columns 'Prev. Close:decimal-comma' reads it as 1.234"),
        "{both}"
    );
}

#[test]
fn a_text_in_a_guessed_number_column_names_the_type_that_takes_it() {
    let hint = "--columns Last:string takes the column as text";
    let message = refusal("Last,First\nMiller,x\n", &[]);
    assert!(
        message.contains(&format!("\"Miller\" is not a number; {hint}")),
        "{message}"
    );
    let message = refusal("Last,First\nMiller,x\n", &["--columns", "last:number"]);
    assert!(!message.contains("takes the column as text"), "{message}");
}
