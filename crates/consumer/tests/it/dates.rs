//! `--partition-by field:NAME` on the forms of dates and times that people report: where a record
//! lands, and that its timestamp column says the same day.

use crate::support::{World, check, kafka::Send};

const PREFIX: &str = "stock-market/csv";

/// Lands these values as CSV with a bigint column `n` and a timestamp column `ts`; returns the
/// folder and the line of each row, and the numbers of the dead letters.
fn landed(values: &[String], by: &str) -> (Vec<(String, String)>, String) {
    let world = World::new();
    let records = values.iter().map(|value| Send {
        partition: 0,
        value: Some(value.as_bytes()),
    });
    world.send(records);
    let columns = "columns: [{name: n, type: bigint}, {name: ts, type: timestamp}]";
    std::fs::write(world.directory.path().join("schema.yaml"), columns).unwrap();
    let format = [
        "--format",
        "csv",
        "--compression",
        "none",
        "--prefix",
        PREFIX,
    ];
    let flags = ["--schema", "schema.yaml", "--partition-by", by];
    let run = world.land(&[&format[..], &flags].concat()).ok();
    check::verified(&world, PREFIX);
    let mut rows = Vec::new();
    for key in world.data_keys() {
        let date = key[PREFIX.len()..].strip_prefix("/dt=").unwrap();
        let text = String::from_utf8(world.object(&key)).unwrap();
        let date = date.split_once('/').unwrap().0;
        rows.extend(text.lines().map(|line| (date.to_owned(), line.to_owned())));
    }
    rows.sort_by_key(|(_, line)| line.split_once(',').unwrap().0.parse::<u32>().unwrap());
    (rows, run.stdout)
}

#[test]
fn a_text_lands_under_the_day_that_its_timestamp_column_has() {
    let texts = [
        "2021-06-03",
        "2021-06-03T15:30:00.123456789Z",
        "2021-06-03 15:30:00.123456+00",
        "2021-06-03T15:30:00+05",
        "2021-06-04 00:00:00+05:30",
        "2021-06-03T15:30:00 +0000",
        "2016-12-31T23:59:60Z",
        "03/06/2021",
        "20210603",
        "2021-06-03T15:30:00Z[UTC]",
        "1622734200123",
        "",
    ];
    let value = |(n, text): (usize, &&str)| format!("{{\"n\":{n},\"ts\":\"{text}\"}}");
    let mut values: Vec<String> = texts.iter().enumerate().map(value).collect();
    values.push(r#"{"n":100,"TS":"2021-06-03"}"#.to_owned());
    values.push(r#"{"n":101,"ts":1622734200123}"#.to_owned());
    values.push(r#"{"n":102,"payload":{"ts":"2021-06-03"}}"#.to_owned());
    let (rows, said) = landed(&values, "field:ts");
    let rows: Vec<(&str, &str)> = rows.iter().map(|(d, l)| (d.as_str(), l.as_str())).collect();
    assert_eq!(
        rows,
        [
            ("2021-06-03", "0,2021-06-03 00:00:00.000"),
            ("2021-06-03", "1,2021-06-03 15:30:00.123"),
            ("2021-06-03", "2,2021-06-03 15:30:00.123"),
            ("2021-06-03", "3,2021-06-03 10:30:00.000"),
            ("2021-06-03", "4,2021-06-03 18:30:00.000"),
            ("2021-06-03", "5,2021-06-03 15:30:00.000"),
            ("2017-01-01", "6,2017-01-01 00:00:00.000"),
            ("2021-06-03", "100,2021-06-03 00:00:00.000"),
        ]
    );
    assert!(said.contains("no-partition-value 7"), "{said}");
}

#[test]
fn a_number_lands_under_its_day_where_its_unit_is_said() {
    let values = [
        r#"{"n":1,"ts":1622734200123}"#,
        r#"{"n":2,"ts":1622734200123.0}"#,
        r#"{"n":3,"ts":"2021-06-03"}"#,
    ]
    .map(str::to_owned);
    let (rows, said) = landed(&values, "field:ts:epoch-ms");
    let row = |n: u32| {
        let line = format!("{n},2021-06-03 15:30:00.123");
        ("2021-06-03".to_owned(), line)
    };
    assert_eq!(rows, [row(1), row(2)]);
    assert!(said.contains("no-partition-value 1"), "{said}");

    let seconds = [
        r#"{"n":1,"at":1622734200}"#,
        r#"{"n":2,"At":"1622734200.5"}"#,
    ];
    let (rows, _) = landed(&seconds.map(str::to_owned), "field:at:epoch-s");
    let days: Vec<&str> = rows.iter().map(|(date, _)| date.as_str()).collect();
    assert_eq!(days, ["2021-06-03", "2021-06-03"]);
}
