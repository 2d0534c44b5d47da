//! Plans and what they say, read back and refused.

use super::*;
use crate::{
    offset::{Offset, OffsetRange},
    partition_by::{Granularity, PartitionBy},
    place::{Partition, Place},
    zone::{Zone, ZoneMismatch},
};

fn date() -> DatePartition {
    DatePartition::from_folder("2026-11-20").unwrap()
}

fn zone() -> CopyZone {
    CopyZone {
        compacted_copy: PLAN_VERSION,
        bucket: "b".into(),
        prefix: "stock-market/json".into(),
        zone: "z".into(),
        format: "parquet".into(),
        granularity: "day".into(),
    }
}

fn input(partition: i32, offset: i64, suffix: &str) -> PlanInput<'_> {
    let bytes = (suffix != "json").then_some(7);
    let records = if suffix == "json" { 1 } else { 5 };
    PlanInput {
        place: Place::new(Partition(partition), Offset(offset)),
        suffix,
        bytes,
        records,
    }
}

fn inputs(format: &str, places: &[(i32, i64)]) -> PlanInputs {
    let mut inputs = PlanInputs::of_format(match format {
        "json" => Format::Json,
        _ => Format::Jsonl,
    });
    for (partition, offset) in places {
        inputs.push(&input(*partition, *offset, format));
    }
    inputs
}

fn named<'a>(copy: &'a str, date: &'a DatePartition, number: u32) -> PlanName<'a> {
    PlanName { copy, date, number }
}

fn plan(inputs: PlanInputs) -> CompactionPlan {
    CompactionPlan {
        version: PLAN_VERSION,
        copy: zone().id(),
        date: "2026-11-20".into(),
        number: 3,
        output: OutputRules {
            format: Format::Parquet,
            compression: "zstd".into(),
            level: None,
            schema: Some("ab".into()),
        },
        inputs,
    }
}

#[test]
fn a_plan_reads_back_with_its_inputs_in_their_order() {
    let id = zone().id();
    let places = [(0, 0), (0, 1), (0, 2), (0, 9), (2, 0), (2, 1), (100_000, 5)];
    for format in ["json", "jsonl.gz"] {
        let plan = plan(inputs(format, &places[..6]));
        let body = plan.to_body();
        assert_eq!(body.iter().filter(|byte| **byte == b'\n').count(), 1);
        let read = CompactionPlan::from_body(&body, named(&id, &date(), 3));
        assert_eq!(read.as_ref(), Ok(&plan));
        let expected: Vec<_> = places[..6]
            .iter()
            .map(|(p, o)| input(*p, *o, format))
            .collect();
        assert_eq!(plan.inputs.iter().collect::<Vec<_>>(), expected);
        assert_eq!(plan.inputs.len(), 6);
    }
    let records = plan(inputs("json", &places)).to_body();
    let text = String::from_utf8(records).unwrap();
    assert!(
        text.contains(r#"{"partition":0,"ranges":[{"start":0,"end":3},{"start":9,"end":10}]}"#),
        "{text}"
    );
    assert!(text.len() < 600, "neighbours are one range: {text}");
}

#[test]
fn partitions_are_in_the_order_of_their_keys() {
    let id = zone().id();
    let read = |places: &[(i32, i64)]| {
        CompactionPlan::from_body(
            &plan(inputs("json", places)).to_body(),
            named(&id, &date(), 3),
        )
        .map(drop)
    };
    assert_eq!(read(&[(10_000, 0), (100_000, 0), (10_001, 0)]), Ok(()));
    for places in [
        &[(1, 0), (0, 0)][..],
        &[(0, 5), (0, 4)],
        &[(0, 5), (0, 5)],
        &[(0, 1), (1, 1), (0, 2)],
    ] {
        assert_eq!(read(places), Err(BadPlan::Disorder), "{places:?}");
    }
    let twice = plan(inputs("parquet", &[(0, 3), (0, 3)]));
    assert_eq!(
        CompactionPlan::from_body(&twice.to_body(), named(&id, &date(), 3)),
        Err(BadPlan::Disorder)
    );
    let empty_range = RecordInputs {
        partition: Partition(0),
        ranges: vec![OffsetRange::new(Offset(3), Offset(3))],
    };
    let empty = plan(PlanInputs::Records(vec![empty_range]));
    assert_eq!(
        CompactionPlan::from_body(&empty.to_body(), named(&id, &date(), 3)),
        Err(BadPlan::Disorder)
    );
}

#[test]
fn what_is_no_plan_of_this_place_is_refused() {
    let (id, good) = (zone().id(), plan(inputs("json", &[(0, 0)])));
    let unreadable = CompactionPlan::from_body(b"hello", named(&id, &date(), 3));
    assert!(matches!(unreadable, Err(BadPlan::Unreadable(_))));
    let newer = CompactionPlan {
        version: 2,
        ..good.clone()
    };
    assert_eq!(
        CompactionPlan::from_body(&newer.to_body(), named(&id, &date(), 3)),
        Err(BadPlan::Newer(2))
    );
    let other = DatePartition::from_folder("2026-11-21").unwrap();
    for name in [
        named("x", &date(), 3),
        named(&id, &other, 3),
        named(&id, &date(), 4),
    ] {
        let read = CompactionPlan::from_body(&good.to_body(), name);
        assert!(
            matches!(read, Err(BadPlan::Misplaced { number: 3, .. })),
            "{read:?}"
        );
    }
    // The end of a plan is no plan.
    let done = done().to_body();
    assert!(matches!(
        CompactionPlan::from_body(&done, named(&id, &date(), 3)),
        Err(BadPlan::Unreadable(_))
    ));
}

fn done() -> CompactionDone {
    CompactionDone {
        version: PLAN_VERSION,
        copy: zone().id(),
        date: "2026-11-20".into(),
        number: 3,
        inputs: Counted {
            objects: 4,
            bytes: 400,
        },
        records: 4,
        content: "cd".into(),
        output: Some(ClaimedBody::of(b"x")),
    }
}

#[test]
fn the_end_of_a_plan_reads_back_in_its_place_only() {
    let id = zone().id();
    assert_eq!(
        CompactionDone::from_body(&done().to_body(), named(&id, &date(), 3)),
        Ok(done())
    );
    let misplaced = CompactionDone::from_body(&done().to_body(), named(&id, &date(), 1));
    assert!(
        misplaced
            .unwrap_err()
            .to_string()
            .contains("plan 3 of dt=2026-11-20")
    );
}

#[test]
fn a_copy_is_of_one_zone_and_one_format() {
    assert_eq!(CopyZone::from_body(&zone().to_body()), Some(zone()));
    assert_eq!(zone().admit(&zone()), Ok(()));
    let refused = |change: fn(&mut CopyZone), expected: &str| {
        let mut wanted = zone();
        change(&mut wanted);
        let error = zone().admit(&wanted).unwrap_err();
        assert!(error.contains(expected), "{error}");
    };
    refused(
        |zone| zone.format = "jsonl".into(),
        "it holds parquet, not jsonl",
    );
    refused(|zone| zone.compacted_copy = 2, "use a newer one");
    let another = "copy of another zone, s3://b/stock-market/json";
    refused(|zone| zone.zone = "y".into(), another);
    refused(|zone| zone.prefix = "p".into(), another);
    refused(|zone| zone.bucket = "c".into(), another);
}

#[test]
fn a_copy_and_a_landing_zone_are_never_taken_for_each_other() {
    let landing = Zone::new(
        "t",
        None,
        Format::Json,
        &PartitionBy::Timestamp,
        Granularity::Day,
    );
    assert_eq!(CopyZone::from_body(&landing.to_body()), None);
    let error = Zone::from_body(&zone().to_body()).unwrap_err();
    assert!(matches!(error, ZoneMismatch::CompactedCopy { .. }));
    assert!(
        error
            .to_string()
            .contains("compacted copy of s3://b/stock-market/json"),
        "{error}"
    );
}

#[test]
fn an_output_is_called_by_its_format_and_compression() {
    for (format, compression, suffix) in [
        (Format::Parquet, "zstd", "parquet"),
        (Format::Jsonl, "gzip", "jsonl.gz"),
        (Format::Jsonl, "zstd", "jsonl.zst"),
        (Format::Jsonl, "none", "jsonl"),
    ] {
        let rules = OutputRules {
            format,
            compression: compression.into(),
            level: None,
            schema: None,
        };
        assert_eq!(rules.suffix(), suffix);
    }
    let prefix: crate::layout::Prefix = "s/compacted".parse().unwrap();
    assert_eq!(
        prefix.copy_key(&date(), 3, "parquet"),
        "s/compacted/dt=2026-11-20/00003.parquet"
    );
    assert_eq!(
        prefix.plan_key(&date(), 3),
        "_control/s/compacted/plans/2026-11-20/00003.json"
    );
}
