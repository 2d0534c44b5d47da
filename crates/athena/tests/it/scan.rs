//! Which objects a query lists and reads, and how it fails.

use std::time::Duration;

use athena::scan::statistics::HiddenReason;
use sandbox::{Fault, Rule};

use crate::support::lake::{Lake, by_day};

const RANGE: &str = "2026-11-01,NOW+1DAYS";

/// Three days with two objects each.
fn three_days() -> Lake {
    let lake = Lake::new();
    for day in ["2026-11-20", "2026-11-21", "2026-11-22"] {
        for number in 0..2 {
            let key = format!("json/dt={day}/t-0-{number}.json");
            lake.put(
                &key,
                format!("{{\"index\":\"NYA\",\"close\":{number}.5}}\n"),
            );
        }
    }
    lake
}

#[tokio::test]
async fn one_list_and_a_get_for_each_object() {
    let lake = three_days();
    let answer = lake
        .query(
            &by_day(RANGE),
            "SELECT dt, \"index\", close FROM raw ORDER BY dt, close",
        )
        .await
        .unwrap();
    assert_eq!(answer.rows.len(), 6);
    assert_eq!(answer.rows[0], ["2026-11-20", "NYA", "0.5"]);
    let counts = answer.counts;
    assert_eq!(
        (counts.lists, counts.listed, counts.gets, counts.rows),
        (1, 6, 6, 6)
    );
    assert_eq!(lake.s3.requests("ListObjectsV2"), 1);
    assert_eq!(lake.s3.requests("GetObject"), 6);
    let bytes = 6 * "{\"index\":\"NYA\",\"close\":0.5}\n".len() as u64;
    assert_eq!((counts.stored_bytes, counts.scanned_bytes), (bytes, bytes));
    assert_eq!(counts.decompressed_bytes, bytes);
}

#[tokio::test]
async fn filters_on_the_day_prune_the_list_and_the_gets() {
    for (filter, listed, gets) in [
        ("dt = '2026-11-21'", 2, 2),
        ("dt >= '2026-11-21'", 4, 4),
        ("dt > '2026-11-20' AND dt < '2026-11-22'", 6, 2),
        ("dt BETWEEN '2026-11-20' AND '2026-11-21'", 6, 4),
        ("dt IN ('2026-11-20', '2026-11-22')", 6, 4),
        ("substr(dt, 9) = '22'", 6, 2),
        ("dt = '2026-11-20' OR substr(dt, 9) = '22'", 6, 4),
        ("dt = '2026-11-20' AND dt = '2026-11-21'", 0, 0),
        ("dt = '2026-11-21' AND close = '0.5'", 2, 2),
        (
            "(dt = '2026-11-21' AND close = '0.5') OR (dt = '2026-11-21' AND close = '1.5')",
            2,
            2,
        ),
        ("dt <= '2026-11-20' OR close = '9'", 6, 6),
    ] {
        let lake = three_days();
        let sql = format!("SELECT count(*) FROM raw WHERE {filter}");
        let counts = lake.query(&by_day(RANGE), &sql).await.unwrap().counts;
        assert_eq!(
            (counts.lists, counts.listed),
            (u64::from(listed > 0), listed),
            "{filter}"
        );
        assert_eq!(counts.gets, gets, "{filter}");
        assert_eq!(lake.s3.requests("GetObject"), gets, "{filter}");
    }
}

#[tokio::test]
async fn the_path_is_hidden_known_and_decides() {
    let lake = three_days();
    let ddl = by_day(RANGE);
    let all = lake.query(&ddl, "SELECT * FROM raw LIMIT 1").await.unwrap();
    assert_eq!(all.rows[0].len(), 3);
    let sql = "SELECT \"$path\" FROM raw WHERE \"$path\" LIKE '%21/t-0-1.json'";
    let one = lake.query(&ddl, sql).await.unwrap();
    assert_eq!(one.rows, [["s3://lake/json/dt=2026-11-21/t-0-1.json"]]);
    assert_eq!(one.counts.gets, 1);
}

#[tokio::test]
async fn days_outside_of_the_projection_have_no_rows_and_are_counted() {
    let lake = three_days();
    lake.put("json/dt=2026-10-31/x.json", "{}\n");
    lake.put("json/dt=2026-10-31/y.json", "{}\n");
    lake.put("json/dt=unknown-da/x.json", "{}\n");
    lake.put("json/dt=2026-11-22/_hidden.json", "broken {");
    lake.put("json/dt=2026-11-22/.hidden.json", "broken {");
    lake.put("json/dt=2026-11-22/_folder/x.json", "broken {");
    lake.put("json/dt=2026-11-22/deeper/x.json", "{\"index\":\"deep\"}\n");
    lake.put("json/dt=2026-11-22/empty.json", "");
    let answer = lake
        .query(&by_day(RANGE), "SELECT count(*) FROM raw")
        .await
        .unwrap();
    assert_eq!(answer.rows, [["7"]]);
    let hidden: Vec<(String, u64)> = answer
        .counts
        .hidden
        .iter()
        .map(|hidden| match &hidden.place.reason {
            HiddenReason::OutsideProjection { column, value } => {
                (format!("{column}={value}"), hidden.objects)
            }
            HiddenReason::NoPartition => ("none".to_owned(), hidden.objects),
        })
        .collect();
    assert_eq!(
        hidden,
        [
            ("dt=2026-10-31".to_owned(), 2),
            ("dt=unknown-da".to_owned(), 1)
        ]
    );
    let said = answer.counts.hidden[0].to_string();
    assert!(
        said.starts_with("2 objects of d.raw under dt=2026-10-31 lie outside"),
        "{said}"
    );
}

#[tokio::test]
async fn a_table_without_files_has_no_rows() {
    let lake = Lake::new();
    let answer = lake
        .query(&by_day(RANGE), "SELECT count(*) FROM raw")
        .await
        .unwrap();
    assert_eq!(answer.rows, [["0"]]);
    assert_eq!((answer.counts.lists, answer.counts.listed), (1, 0));
}

#[tokio::test]
async fn a_half_written_object_is_named_even_where_rows_are_only_counted() {
    let lake = three_days();
    lake.put(
        "json/dt=2026-11-21/half.json",
        "{\"index\":\"NYA\"}\n{\"index\":\"HS",
    );
    let error = lake
        .query(&by_day(RANGE), "SELECT count(*) FROM raw")
        .await
        .unwrap_err();
    assert!(
        error.contains("s3://lake/json/dt=2026-11-21/half.json line 2: it is not JSON"),
        "{error}"
    );
    let others = "SELECT count(*) FROM raw WHERE dt <> '2026-11-21'";
    assert_eq!(
        lake.query(&by_day(RANGE), others).await.unwrap().rows,
        [["4"]]
    );
}

#[tokio::test]
async fn a_record_that_changes_its_type_is_its_text() {
    let lake = Lake::new();
    lake.put(
        "json/dt=2026-11-20/x.json",
        "{\"close\":1.50}\n{\"close\":{\"v\": [1]}}\n{\"close\":\"NaN\"}\n{\"close\":null}\n\n{}\n",
    );
    let answer = lake
        .query(&by_day(RANGE), "SELECT close FROM raw")
        .await
        .unwrap();
    let closes: Vec<&str> = answer.rows.iter().map(|row| row[0].as_str()).collect();
    assert_eq!(
        closes,
        ["1.50", "{\"v\":[1]}", "NaN", "NULL", "NULL", "NULL"]
    );
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_named() {
    let lake = Lake::new().at_bucket("elsewhere");
    let error = lake
        .query(&by_day(RANGE), "SELECT * FROM raw")
        .await
        .unwrap_err();
    assert!(
        error.contains("there is no bucket 'elsewhere'") && error.contains("--bucket"),
        "{error}"
    );
}

#[tokio::test]
async fn a_refusal_of_the_store_comes_with_what_to_do() {
    let lake = three_days();
    lake.s3.faults().install(
        Rule::on("GetObject", Fault::AccessDenied)
            .with_key("2026-11-21")
            .always(),
    );
    let error = lake
        .query(&by_day(RANGE), "SELECT * FROM raw")
        .await
        .unwrap_err();
    assert!(error.contains("json/dt=2026-11-21/t-0-0.json"), "{error}");
    assert!(error.contains("no permission"), "{error}");
}

#[tokio::test]
async fn passing_trouble_of_the_store_passes() {
    let lake = three_days();
    lake.s3
        .faults()
        .install(Rule::on("GetObject", Fault::SlowDown).times(3));
    lake.s3
        .faults()
        .install(Rule::on("ListObjectsV2", Fault::Reset));
    let answer = lake
        .query(&by_day(RANGE), "SELECT count(*) FROM raw")
        .await
        .unwrap();
    assert_eq!(answer.rows, [["6"]]);
}

#[tokio::test]
async fn a_stream_that_is_dropped_ends_its_requests() {
    let lake = Lake::new();
    for number in 0..200 {
        lake.put(&format!("json/dt=2026-11-20/{number:03}.json"), "{}\n");
    }
    let stuck = Fault::Slow(Duration::from_secs(3_600));
    lake.s3
        .faults()
        .install(Rule::on("GetObject", stuck).always());
    let session = lake.session(&by_day(RANGE), false);
    let frame = session.sql("SELECT * FROM raw").await.unwrap();
    let stream = frame.execute_stream().await.unwrap();
    eventually(|| lake.s3.requests("GetObject") >= 64).await;
    drop(stream);
    drop(session);
    eventually(|| lake.is_unused()).await;
    assert_eq!(lake.s3.requests("GetObject"), 64);
}

/// Waits until something holds, for a minute at most.
async fn eventually(holds: impl Fn() -> bool) {
    for _ in 0..6_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it does not hold after a minute");
}

#[tokio::test]
async fn an_injected_column_needs_its_value() {
    let ddl = "CREATE EXTERNAL TABLE d.raw (`index` string)
        PARTITIONED BY (symbol string)
        ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'
        LOCATION 's3://lake/json/'
        TBLPROPERTIES ('projection.enabled' = 'true', 'projection.symbol.type' = 'injected',
          'storage.location.template' = 's3://lake/json/${symbol}/')";
    let lake = Lake::new();
    lake.put("json/NYA/x.json", "{\"index\":\"1\"}\n");
    lake.put("json/HSI/x.json", "{\"index\":\"2\"}\n");
    let error = lake.query(ddl, "SELECT * FROM raw").await.unwrap_err();
    assert!(error.contains("add WHERE symbol = '…'"), "{error}");
    let answer = lake
        .query(ddl, "SELECT * FROM raw WHERE symbol = 'HSI'")
        .await
        .unwrap();
    assert_eq!(answer.rows, [["2", "HSI"]]);
    assert_eq!(answer.counts.listed, 1);
}

#[tokio::test]
async fn folders_without_projection_are_read_by_their_names() {
    let ddl = "CREATE EXTERNAL TABLE d.raw (`index` string)
        PARTITIONED BY (year int, day string)
        ROW FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe'
        LOCATION 's3://lake/json'";
    let lake = Lake::new();
    lake.put("json/year=2026/day=a%3Ab/x.json", "{\"index\":\"1\"}\n");
    lake.put(
        "json/year=2025/day=__HIVE_DEFAULT_PARTITION__/x.json",
        "{\"index\":\"2\"}\n",
    );
    let answer = lake
        .query(ddl, "SELECT * FROM raw ORDER BY year")
        .await
        .unwrap();
    assert_eq!(answer.rows, [["2", "2025", "NULL"], ["1", "2026", "a:b"]]);
    let pruned = lake
        .query(ddl, "SELECT * FROM raw WHERE year > 2025")
        .await
        .unwrap();
    assert_eq!(pruned.counts.gets, 1);
    lake.put("json/year=soon/day=x/x.json", "{}\n");
    let error = lake.query(ddl, "SELECT * FROM raw").await.unwrap_err();
    assert!(
        error.contains("'soon' in the key json/year=soon/day=x/x.json is no int"),
        "{error}"
    );
}
