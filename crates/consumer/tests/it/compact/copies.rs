//! What is in a copy, for each form of zone and of copy.

use crate::{
    compact::{COPY, below, compact, keys, reader, refused, to_parquet},
    support::{PREFIX, World, kafka::Send},
};

/// Lands numbered records, one object each, under the nine dates that they have.
pub(crate) fn landed(records: usize) -> World {
    let world = World::new();
    world.send_numbered(records);
    world.land(&["--partition-by", "field:Date"]).ok();
    world
}

#[test]
fn single_records_become_parquet_of_each_date() {
    let world = landed(900);
    let zone = below(&world, PREFIX);
    let said = to_parquet(&world, &["--all-finished"]).ok();
    reader::same(&world, 900);
    assert_eq!((said.dates().len(), said.plans().len()), (9, 9));
    let totals = ["records", "before/objects", "after/objects", "deleted"];
    assert_eq!(totals.map(|name| said.total(name)), [900, 900, 9, 0]);
    assert_eq!(said.remaining(), 900);
    assert_eq!(keys(&world, &format!("{COPY}/")).len(), 9);
    assert_eq!(zone, below(&world, PREFIX), "the zone is as it was");

    // Again: nothing but looking.
    let copy = below(&world, "");
    let again = to_parquet(&world, &["--all-finished"]).ok();
    assert_eq!(again.origins(), ["before"; 9]);
    assert_eq!(again.total("records"), 900);
    assert_eq!(copy, below(&world, ""));
}

#[test]
fn an_object_of_the_copy_ends_when_it_is_full() {
    let world = landed(900);
    let said = to_parquet(
        &world,
        &["--partition", "dt=2021-01-15", "--max-bytes", "1KiB"],
    )
    .ok();
    let plans = said.plans();
    assert!(plans.len() > 3, "{:#}", said.report);
    assert!(
        plans[..plans.len() - 1]
            .iter()
            .all(|plan| plan["records"].as_u64().unwrap() < 30)
    );
    assert_eq!(said.total("records"), 100);
    let (sent, copied) = (reader::sent(&world), reader::copied(&world));
    assert_eq!(copied.len(), 1);
    assert_eq!(copied["2021-01-15"], sent["2021-01-15"]);
}

#[test]
fn a_record_that_does_not_fit_ends_its_date_and_leaves_nothing_behind() {
    let world = landed(90);
    let misfit = Send {
        partition: 1,
        value: Some(b"{\"Index\":\"x\",\"Date\":\"2021-03-15\",\"n\":\"many\"}"),
    };
    world.send([misfit]);
    world.land(&["--partition-by", "field:Date"]).ok();
    let said = to_parquet(&world, &["--all-finished", "--delete-source"]);
    let problem = said.given_up();
    assert!(
        problem.contains("/dt=2021-03-15/00001-0000000000000000003"),
        "{problem}"
    );
    assert!(problem.contains("column 'n' (wrong-type)"), "{problem}");
    // The other dates are compacted.
    assert_eq!(said.total("records"), 80);
    assert_eq!(keys(&world, &format!("{COPY}/")).len(), 8);
    assert_eq!(keys(&world, &format!("{COPY}/dt=2021-03-15")), [""; 0]);
    assert_eq!(
        keys(&world, &format!("_control/{COPY}/plans/2021-03-15")),
        [""; 0]
    );
    assert_eq!(
        keys(&world, &format!("{PREFIX}/")).len(),
        11,
        "of its date nothing was deleted"
    );

    // With columns that it fits, the date is compacted.
    let text = crate::compact::SCHEMA.replace("bigint", "string");
    let file = world.directory.path().join("wider.yaml");
    std::fs::write(&file, text).unwrap();
    let said = compact(
        &world,
        &["--all-finished", "--schema", file.to_str().unwrap()],
    )
    .ok();
    assert_eq!(said.total("records"), 11);
}

#[test]
fn fields_without_a_column_are_not_left_out_unless_that_is_wanted() {
    let world = landed(90);
    let said = compact(&world, &["--partition", "dt=2021-03-15"]);
    let problem = said.given_up();
    assert!(
        problem.contains("no column takes the field 'n'"),
        "{problem}"
    );
    assert!(problem.contains("--drop-unknown-fields"), "{problem}");
    let said = compact(
        &world,
        &["--partition", "dt=2021-03-15", "--drop-unknown-fields"],
    )
    .ok();
    assert_eq!(said.total("records"), 10);
    let copied = &reader::copied(&world)["2021-03-15"];
    assert!(
        copied
            .iter()
            .all(|record| record["n"].is_null() && record["Date"] == "2021-03-15")
    );
}

#[test]
fn single_records_become_json_lines_byte_for_byte() {
    let world = World::new();
    let values: [&[u8]; 3] = [
        b"{\"Date\":\"2021-01-15\",\"price\" : 1.50, \"text\":\"\\u00e9\"}",
        b"{\n  \"Date\": \"2021-01-15\"\n}",
        b"{\"Date\":\"2021-01-15\"}",
    ];
    world.send(values.map(|value| Send {
        partition: 0,
        value: Some(value),
    }));
    world.land(&["--partition-by", "field:Date"]).ok();
    // One of them cannot prove itself any more: it spanned lines, and is on one now.
    let flags = [
        "--all-finished",
        "--format",
        "jsonl",
        "--compression",
        "none",
        "--allow-unproven",
    ];
    let said = compact(&world, &flags[..5]);
    assert!(
        said.given_up()
            .contains("00000-00000000000000000001.json: "),
        "{}",
        said.given_up()
    );
    assert!(
        said.given_up().contains("--allow-unproven"),
        "{}",
        said.given_up()
    );
    let said = compact(&world, &flags).ok();
    let expected = "{\"Date\":\"2021-01-15\",\"price\" : 1.50, \"text\":\"\\u00e9\"}\n{\"Date\":\"2021-01-15\"}\n{\"Date\":\"2021-01-15\"}\n";
    let body = world.object(&format!("{COPY}/dt=2021-01-15/00001.jsonl"));
    assert_eq!(String::from_utf8(body.clone()).unwrap(), expected);
    let plan = said.plans()[0].clone();
    assert_eq!(
        plan["content"],
        hex(&body),
        "the content is the text's own SHA-256"
    );
}

pub(crate) fn hex(text: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(text)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[test]
fn csv_is_refused_with_the_reason() {
    let world = World::new();
    world.send_numbered(9);
    let schema = crate::compact::schema(&world);
    world
        .land(&["--prefix", PREFIX, "--format", "csv", "--schema", &schema])
        .ok();
    let error = refused(&world, &["--all-finished"], 1);
    assert!(
        error.contains("holds CSV, which has no types") && error.contains("jsonl or parquet"),
        "{error}"
    );
}
