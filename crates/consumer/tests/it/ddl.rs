//! `consumer ddl` by its executable, on zones that the real executable landed: the table that it
//! takes from a zone, and what `--check` finds.

use serde_json::Value;

use crate::support::{PREFIX, World, kafka::Send, process};

/// 2026-09-21 and 2026-09-22, in the middle of the day.
const DAYS: [i64; 2] = [1_789_992_000_000, 1_790_078_400_000];

/// Lands records of two days with these flags.
fn landed(flags: &[&str]) -> World {
    let world = World::new();
    for day in DAYS {
        world.send_numbered_at(Some(day), 3);
    }
    world.land(&[&["--prefix", PREFIX], flags].concat()).ok();
    world
}

/// What the command says about the bucket: exit code and stdout.
struct Said {
    code: i32,
    stdout: String,
    stderr: String,
}

fn ddl(world: &World, flags: &[&str]) -> Said {
    let common = ["ddl", "--bucket", &world.bucket, "--prefix", PREFIX];
    let run = process::start(world, &[&common, flags].concat()).wait();
    Said {
        code: run.code().unwrap(),
        stdout: run.stdout,
        stderr: run.stderr,
    }
}

/// The report of `--check`, with the kinds of the findings.
fn check(world: &World, flags: &[&str]) -> (Value, Vec<String>) {
    let said = ddl(world, &[&["--check", "--output", "json"], flags].concat());
    let report: Value = serde_json::from_str(&said.stdout).unwrap_or_else(|error| {
        panic!("{error}: {}\n{}", said.stdout, said.stderr);
    });
    let findings = report["findings"].as_array().unwrap().iter();
    let kinds: Vec<String> = findings
        .map(|finding| finding["kind"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(said.code, i32::from(!kinds.is_empty()), "{}", said.stderr);
    assert_eq!(report["clean"], kinds.is_empty());
    (report, kinds)
}

#[test]
fn a_table_that_shows_the_whole_zone_is_clean() {
    let world = landed(&[]);
    let (report, kinds) = check(&world, &["--from", "2026-09-21"]);
    assert!(kinds.is_empty(), "{report}");
    assert_eq!(report["objects"], 6);
    assert_eq!(report["first_date"], "2026-09-21");
    assert_eq!(report["last_date"], "2026-09-22");
    assert_eq!(report["topic"].as_str(), Some(&*world.topic));
    let said = ddl(&world, &["--check", "--from", "2026"]);
    assert_eq!(said.code, 0);
    assert!(
        said.stdout
            .contains("6 objects, dates 2026-09-21 to 2026-09-22: the table shows all")
    );
}

#[test]
fn what_a_table_does_not_show_is_found() {
    let world = landed(&[]);
    let (report, kinds) = check(&world, &["--from", "2026-09-22"]);
    assert_eq!(kinds, ["outside-of-range"]);
    assert_eq!(report["findings"][0]["objects"], 3);
    let text = report["findings"][0]["text"].as_str().unwrap();
    assert!(
        text.contains("the dates are 2026-09-21 to 2026-09-22"),
        "{text}"
    );
    assert_eq!(
        check(&world, &["--from", "2020", "--until", "2021"]).1,
        ["outside-of-range"]
    );
    let of_other_layout = [
        "--format",
        "parquet",
        "--granularity",
        "hour",
        "--from",
        "2026",
    ];
    assert_eq!(
        check(&world, &of_other_layout).1,
        ["format", "granularity", "other-folder", "no-objects"]
    );
    let by_field = ["--partition-by", "field:Date"];
    assert_eq!(check(&world, &by_field).1, ["partition-by"]);

    for key in [
        "dt=2026-09-22/data.csv",
        "notes.txt",
        "dt=2026-09-22/_SUCCESS",
    ] {
        world
            .s3
            .put(&world.bucket, &format!("{PREFIX}/{key}"), b"x\n");
    }
    let (report, kinds) = check(&world, &["--from", "2026"]);
    assert_eq!(kinds, ["other-format", "never-seen"], "{report}");
    assert_eq!(report["findings"][1]["objects"], 2);
}

#[test]
fn the_columns_and_the_header_of_batches_are_compared() {
    let world = landed(&["--format", "csv", "--csv-header", "--with-metadata"]);
    let flags = ["--format", "csv", "--from", "2026"];
    assert_eq!(check(&world, &flags).1, ["csv-header", "metadata-columns"]);
    let whole = [&flags[..], &["--csv-header", "--with-metadata"]].concat();
    assert!(check(&world, &whole).1.is_empty());

    let schema = world.directory.path().join("schema.yaml");
    std::fs::write(&schema, "columns: [{name: index, type: string}]\n").unwrap();
    let other = [&whole[..], &["--schema", schema.to_str().unwrap()]].concat();
    let (report, kinds) = check(&world, &other);
    assert_eq!(kinds, ["columns"]);
    let text = report["findings"][0]["text"].as_str().unwrap();
    assert!(
        text.contains("only in the zone: date date, open double"),
        "{text}"
    );
}

#[test]
fn a_table_can_be_taken_from_the_zone_and_is_clean() {
    let world = World::new();
    let schema = world.directory.path().join("schema.yaml");
    std::fs::write(
        &schema,
        "columns: [{name: index, type: string}, {name: n, type: bigint}, {name: date, type: date}]\n",
    )
    .unwrap();
    let value = r#"{"Index":"A","Date":"1999-12-31","n":1}"#;
    let send = Send {
        partition: 0,
        value: Some(value.as_bytes()),
    };
    world.send([send]);
    let layout = [
        "--format",
        "parquet",
        "--partition-by",
        "field:Date",
        "--granularity",
        "year",
    ];
    let columns = ["--prefix", PREFIX, "--schema", schema.to_str().unwrap()];
    world.land(&[&layout[..], &columns].concat()).ok();

    let said = ddl(&world, &["--from-zone", "--statement", "table"]);
    assert_eq!(said.code, 0, "{}", said.stderr);
    for part in [
        "CREATE EXTERNAL TABLE `stock_market`.`typed_parquet` (\n  `index` string,\n  `n` bigint,\n  `date` date\n)",
        "'projection.dt.type' = 'integer'",
        "'projection.dt.range' = '1999,",
        "--partition-by field:Date --granularity year",
    ] {
        assert!(said.stdout.contains(part), "{part}\n{}", said.stdout);
    }
    assert!(check(&world, &["--from-zone"]).1.is_empty());
    let late = ddl(
        &world,
        &["--from-zone", "--from", "2000", "--until", "2040"],
    );
    assert_eq!(late.code, 2);
    assert!(
        late.stderr
            .contains("after dt=1999, the first date of the zone"),
        "{}",
        late.stderr
    );
}

#[test]
fn a_bucket_without_the_zone_is_an_error_that_names_others() {
    let world = landed(&[]);
    let said = process::start(
        &world,
        &[
            "ddl",
            "--bucket",
            &world.bucket,
            "--prefix",
            "a/b",
            "--check",
        ],
    )
    .wait();
    assert_eq!(said.code(), Some(1));
    assert!(said.stdout.is_empty());
    assert!(
        said.stderr
            .contains("holds no landing zone; there is stock-market/json"),
        "{}",
        said.stderr
    );
}

#[test]
fn no_connection_is_made_for_a_table_of_flags() {
    let world = World::new();
    let said = process::spawn(
        process::command(&world)
            .env("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
            .args([
                "ddl",
                "--bucket",
                "nobody-has-this",
                "--prefix",
                PREFIX,
                "--statement",
                "bars",
            ]),
    )
    .wait();
    assert!(said.status.success(), "{}", said.stderr);
    assert!(
        said.stdout
            .contains("CREATE OR REPLACE VIEW stock_market.bars")
    );
}
