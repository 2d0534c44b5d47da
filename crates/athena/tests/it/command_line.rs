//! Questions, wrong questions and missing things, as a user types them.

use serde_json::json;

use crate::support::program::{BUCKET, Program};

/// A day that the tables' ranges hold.
const DAY: &str = "2026-11-20";
const BAR: &str = r#"{"Index":"HSI","Date":"2021-06-04","Open":1.5,"High":2,"Low":1,"Close":1.75,"Adj Close":1.75,"Volume":10,"CloseUSD":0.2}"#;

#[test]
fn a_query_answers_from_the_bucket_and_says_what_athena_would_cost() {
    let athena = Program::new();
    athena.put(DAY, 1, &format!("{BAR}\n"));
    athena.put(DAY, 2, &BAR.replace("1.75", "3.25"));
    let sql = "SELECT \"index\", close, adj_close, dt FROM records ORDER BY close";
    let output = athena.run(sql);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        stderr.contains("Athena would scan") && stderr.contains("2 objects"),
        "{stderr}"
    );
    assert_eq!(
        athena.rows(sql),
        json!([["HSI", 1.75, 1.75, DAY], ["HSI", 3.25, 3.25, DAY]])
    );
}

#[test]
fn a_filter_on_dt_reads_only_its_folders() {
    let athena = Program::new();
    for day in 1..=9 {
        athena.put(&format!("2026-11-0{day}"), day, BAR);
    }
    let before = (
        athena.s3.requests("GetObject"),
        athena.s3.requests("ListObjectsV2"),
    );
    let rows = athena.rows("SELECT count(close) FROM raw_json WHERE dt = '2026-11-05'");
    assert_eq!(rows, json!([[1]]));
    assert_eq!(athena.s3.requests("GetObject") - before.0, 1);
    assert_eq!(athena.s3.requests("ListObjectsV2") - before.1, 1);
    let rows = athena.rows("SELECT count(close) FROM raw_json WHERE substr(dt, 9) >= '08'");
    assert_eq!(rows, json!([[2]]));
    assert_eq!(athena.s3.requests("GetObject") - before.0, 3);
    let rows = athena.rows("SELECT dt, \"$path\" FROM raw_json WHERE dt > '2026-11-08'");
    let path = format!(
        "s3://{BUCKET}/stock-market/json/dt=2026-11-09/00000-{:020}.json",
        9
    );
    assert_eq!(rows, json!([["2026-11-09", path]]));
}

#[test]
fn a_table_without_files_has_no_rows() {
    let athena = Program::new();
    assert_eq!(athena.rows("SELECT * FROM raw_json"), json!([]));
    assert_eq!(athena.rows("SELECT count(*) FROM bars"), json!([[0]]));
}

#[test]
fn a_day_outside_of_the_range_has_no_rows_and_a_warning() {
    let athena = Program::new();
    athena.put("2020-01-01", 1, BAR);
    let output = athena.run("SELECT count(*) FROM raw_json");
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        stderr.contains("dt=2020-01-01") && stderr.contains("projection.dt.range"),
        "{stderr}"
    );
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(stdout.contains("\"rows\":[[0]]"), "{stdout}");
}

#[test]
fn a_range_that_misses_today_is_a_warning() {
    let athena = Program::new();
    let path = athena.folder.path().join("02-raw-table.sql");
    let table = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, table.replace("NOW+1DAYS", "2026-11-02")).unwrap();
    let output = athena.run("SELECT count(*) FROM raw_json");
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.success() && stderr.contains("misses today"),
        "{stderr}"
    );
}

#[test]
fn the_log_says_where_the_endpoint_came_from() {
    let output = Program::new().run("SELECT count(*) FROM raw_json");
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("(AWS_ENDPOINT_URL)"), "{stderr}");
    assert!(!stderr.contains("misses today"), "{stderr}");
}

#[test]
fn each_wrong_question_says_where_and_what_to_do() {
    let athena = Program::new();
    athena.put(DAY, 1, BAR);
    for (sql, parts) in [
        (
            "SELECT made_up(close) FROM records",
            &["--execute:1:8", "made_up"][..],
        ),
        ("SELEC 1", &["--execute:1:1", "SELEC"]),
        ("hello world", &["--execute:1:1"]),
        ("SELECT close FROM nowhere", &["nowhere", "raw_json"]),
        ("SELECT closing FROM bars", &["closing"]),
        ("SELECT close FROM other_db.t", &["other_db"]),
        (
            "SELECT * FROM bars WHERE trade_date >= '2021-01-01'",
            &["varchar", "date", "TYPE_MISMATCH"],
        ),
        (
            "SELECT count(*) FROM raw_json WHERE dt > 5",
            &["varchar", "TYPE_MISMATCH"],
        ),
        (
            "SELECT * FROM bars TABLESAMPLE BERNOULLI (10)",
            &["TABLESAMPLE"],
        ),
        ("INSERT INTO bars SELECT * FROM bars", &["INSERT", "only"]),
        ("MSCK REPAIR TABLE raw_json", &["MSCK", "only"]),
        ("SELECT CAST(\"index\" AS bigint) FROM records", &["HSI"]),
    ] {
        let error = athena.error(1, sql);
        for part in parts {
            assert!(error.contains(part), "{sql}: {error}");
        }
    }
}

#[test]
fn a_half_written_object_is_named() {
    let athena = Program::new();
    athena.put(DAY, 1, BAR);
    athena.put(DAY, 2, &BAR[..40]);
    let error = athena.error(1, "SELECT count(close) FROM raw_json");
    assert!(error.contains(&format!("{:020}.json", 2)), "{error}");
}

#[test]
fn a_record_that_changes_its_types_is_null_in_the_view() {
    let athena = Program::new();
    athena.put(DAY, 1, BAR);
    athena.put(
        DAY,
        2,
        r#"{"Index":"X","Date":20210604,"Close":{"last":1},"Volume":"NaN"}"#,
    );
    athena.put(
        DAY,
        3,
        r#"{"Index":["Y"],"Date":"2021-06-04T23:30:00-05:00","Close":"7.5"}"#,
    );
    let rows = athena.rows("SELECT \"date\", close, volume FROM records ORDER BY object");
    let expected = json!([
        ["2021-06-04", 1.75, 10.0],
        [null, null, null],
        ["2021-06-05", 7.5, null],
    ]);
    assert_eq!(rows, expected);
}

#[test]
fn a_bucket_that_is_not_there_is_named() {
    let athena = Program::new();
    let output = athena
        .command()
        .args([
            "--bucket",
            "no-such-bucket-here",
            "--execute",
            "SELECT count(*) FROM raw_json",
        ])
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("no-such-bucket-here"), "{stderr}");
}

#[test]
fn lists_and_definitions_need_no_bucket() {
    let athena = Program::new();
    let tables = athena.rows("SHOW TABLES").to_string();
    assert!(
        tables.contains("raw_json") && tables.contains("bars"),
        "{tables}"
    );
    let columns = athena.rows("DESCRIBE raw_json").to_string();
    assert!(
        columns.contains("adj_close") && columns.contains("dt"),
        "{columns}"
    );
    let columns = athena.rows("SHOW COLUMNS IN bars").to_string();
    assert!(columns.contains("trade_date: date"), "{columns}");
    let sql = "CREATE VIEW twice AS SELECT close * 2 AS close FROM bars; SELECT close FROM twice";
    athena.put(DAY, 1, BAR);
    let output = athena
        .command()
        .args(["--output", "csv", "--execute", sql])
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "\"close\"\n\"3.5\"\n"
    );
    let sql = "CREATE VIEW a AS SELECT 1 AS x; CREATE VIEW b AS SELECT x FROM a; \
               CREATE OR REPLACE VIEW a AS SELECT x FROM b";
    let error = athena.error(1, sql);
    assert!(error.contains("made of each other"), "{error}");
}

#[test]
fn a_file_that_is_not_there_is_a_usage_error() {
    let athena = Program::new();
    let output = athena.command().arg("no-such-file.sql").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let output = athena.command().args(["--output", "xml"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    // Without a terminal there is no prompt.
    let output = athena
        .command()
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn ctrl_c_ends_a_long_query() {
    let athena = Program::new();
    for offset in 0..50 {
        athena.put(DAY, offset, BAR);
    }
    let slow = sandbox::Rule::on(
        "GetObject",
        sandbox::Fault::Slow(std::time::Duration::from_secs(60)),
    );
    athena.s3.faults().install(slow.always());
    let mut child = athena
        .command()
        .args(["--execute", "SELECT count(close) FROM raw_json"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    for _ in 0..600 {
        if athena.s3.requests("GetObject") > 0 {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let id = child.id().to_string();
    assert!(
        std::process::Command::new("kill")
            .args(["-INT", &id])
            .status()
            .unwrap()
            .success()
    );
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(130));
}
