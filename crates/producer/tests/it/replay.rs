//! Whole runs of the library against the broker of the sandbox: what is in the topic afterwards is
//! compared with the CSV, which is read here by the csv crate and made into JSON by other code than
//! the producer's.

mod faults;
mod support;

use std::{
    collections::{BTreeMap, HashSet},
    path::Path,
    time::Duration,
};

use self::support::{DATA, PATIENCE, args, file, header, records, run, small};
use rdkafka::message::{Message, OwnedMessage};
use sandbox::Broker;

#[tokio::test]
async fn the_whole_file_arrives_once_in_order_with_keys_and_headers() {
    let broker = Broker::start().unwrap();
    broker.create_topic("stock-market", 6).unwrap();
    let started = i64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap();
    let flags = ["--headers", "origin"];
    let summary = run(&broker, Path::new(DATA), &flags).await.unwrap();
    assert_eq!(
        (summary.read, summary.sent, summary.acknowledged),
        (104_224, 104_224, 104_224)
    );
    assert_eq!(
        (summary.failed, summary.skipped, summary.interrupted),
        (0, 0, false)
    );
    // The share that the murmur2 hash of Java's clients gives to the fullest of six partitions.
    assert_eq!(summary.partitions.iter().max(), Some(&40_118));

    compare(
        records(&broker, "stock-market", &summary.partitions),
        started,
    );
    assert!(broker.loss().is_none());
}

/// Each row is in one place, in the order of its symbol's rows, as it should be.
fn compare(records: Vec<OwnedMessage>, started: i64) {
    let mut arrived: BTreeMap<String, Vec<OwnedMessage>> = BTreeMap::new();
    for record in records {
        let key = String::from_utf8(record.key().unwrap().to_vec()).unwrap();
        arrived.entry(key).or_default().push(record);
    }
    let mut expected = csv::Reader::from_path(DATA).unwrap();
    let columns = expected.headers().unwrap().clone();
    let mut cursors: BTreeMap<String, usize> = BTreeMap::new();
    for (at, row) in expected.records().enumerate() {
        let row = row.unwrap();
        let cursor = cursors.entry(row[0].to_owned()).or_default();
        let record = &arrived[&row[0]][*cursor];
        *cursor += 1;
        assert_eq!(
            record.payload_view::<str>().unwrap().unwrap(),
            json(&columns, &row)
        );
        assert_eq!(header(record, "source"), "indexProcessed.csv");
        assert_eq!(header(record, "row"), (at + 1).to_string());
        assert_eq!(header(record, "event-time"), row[1]);
        assert!(
            record.timestamp().to_millis().unwrap() >= started,
            "the timestamp is that of sending"
        );
    }
    for (key, records) in &arrived {
        let partitions: HashSet<i32> = records.iter().map(Message::partition).collect();
        assert_eq!(
            (partitions.len(), records.len()),
            (1, cursors[key]),
            "{key}"
        );
    }
}

/// The record of a row, by the column's place: the first two are text.
fn json(columns: &csv::StringRecord, row: &csv::StringRecord) -> String {
    let value = |at: usize, cell: &str| {
        if at < 2 {
            format!("\"{cell}\"")
        } else {
            cell.to_owned()
        }
    };
    let field =
        |(at, (name, cell)): (usize, (&str, &str))| format!("\"{name}\":{}", value(at, cell));
    let fields: Vec<_> = columns.iter().zip(row).enumerate().map(field).collect();
    format!("{{{}}}", fields.join(","))
}

#[tokio::test]
async fn in_any_order_each_record_says_where_it_was() {
    let (broker, folder) = (Broker::start().unwrap(), tempfile::tempdir().unwrap());
    let rows = (1..=300).map(|row| format!("S{},2001-01-{:02},{row}\n", row % 3, row * 7 % 30 + 1));
    let rows: Vec<String> = rows.collect();
    let content = |rows: &[String]| format!("Index,Date,Close\n{}", rows.concat());
    let first = file(&folder, "a.csv", content(&rows[..200]));
    let second = file(&folder, "b.csv", content(&rows[200..]));
    for (order, seed) in [("time", None), ("shuffle", Some("--seed=7"))] {
        broker.create_topic(order, 2).unwrap();
        let flags = ["--csv", second.to_str().unwrap(), "--topic", order];
        let flags = flags
            .into_iter()
            .chain(["--order", order, "--headers", "origin"]);
        let flags: Vec<&str> = flags.chain(seed).collect();
        let summary = run(&broker, &first, &flags).await.unwrap();
        assert_eq!(summary.acknowledged, 300);
        let mut seen = HashSet::new();
        for record in records(&broker, order, &summary.partitions) {
            let row: usize = header(&record, "row").parse().unwrap();
            let before = if header(&record, "source") == "b.csv" {
                200
            } else {
                0
            };
            let cells: Vec<&str> = rows[before + row - 1].trim().split(',').collect();
            let value = record.payload_view::<str>().unwrap().unwrap();
            let expected = format!(
                "{{\"Index\":\"{}\",\"Date\":\"{}\",\"Close\":{}}}",
                cells[0], cells[1], cells[2]
            );
            assert_eq!(value, expected);
            assert_eq!(header(&record, "event-time"), cells[1]);
            assert_eq!(record.key().unwrap(), cells[0].as_bytes());
            assert!(seen.insert(before + row));
        }
        assert_eq!(seen.len(), 300, "{order}");
    }
}

#[tokio::test]
async fn a_record_that_does_not_fit_is_kept_as_it_was_in_another_order_too() {
    let (broker, folder) = (Broker::start().unwrap(), tempfile::tempdir().unwrap());
    // The row is below the limit, the JSON with its escapes is not.
    let row = format!("A,2020-01-02,{}\n", "\\".repeat(600_000));
    let content = format!("Index,Date,Text\n{row}B,2020-01-01,ok\n");
    let path = file(&folder, "a.csv", content);
    let kept = folder.path().join("bad.csv");
    let flags = ["--order", "time", "--on-bad-row", "skip", "--bad-rows"];
    let flags = [&flags[..], &[kept.to_str().unwrap()]].concat();
    let summary = run(&broker, &path, &flags).await.unwrap();
    assert_eq!(
        (summary.read, summary.acknowledged, summary.skipped),
        (2, 1, 1)
    );
    assert_eq!(
        std::fs::read_to_string(kept).unwrap(),
        format!("Index,Date,Text\n{row}")
    );
}

#[tokio::test]
async fn a_missing_topic_appears_where_the_broker_creates_topics_on_its_own() {
    let (broker, folder) = (Broker::start().unwrap(), tempfile::tempdir().unwrap());
    let summary = run(
        &broker,
        &file(&folder, "a.csv", small(5)),
        &["--topic", "new"],
    )
    .await
    .unwrap();
    // The mock cluster knows no CreateTopics; topics that are asked for appear with 4 partitions.
    assert_eq!((summary.acknowledged, summary.partitions.len()), (5, 4));
}

#[tokio::test]
async fn limit_and_loop_count_records() {
    let (broker, folder) = (Broker::start().unwrap(), tempfile::tempdir().unwrap());
    broker.create_topic("t", 2).unwrap();
    let path = file(&folder, "a.csv", small(4));
    let summary = run(
        &broker,
        &path,
        &[
            "--topic",
            "t",
            "--loop",
            "--limit",
            "10",
            "--fields",
            "snake",
            // The name that `origin` had.
            "--headers",
            "all",
        ],
    )
    .await
    .unwrap();
    let rows: Vec<String> = records(&broker, "t", &summary.partitions)
        .iter()
        .map(|record| header(record, "row"))
        .collect();
    let count = |row: &str| rows.iter().filter(|other| *other == row).count();
    assert_eq!(["1", "2", "3", "4"].map(count), [3, 3, 2, 2]);
}

#[tokio::test]
async fn a_key_can_be_chosen_and_headers_are_none_unless_asked_for() {
    let (broker, folder) = (Broker::start().unwrap(), tempfile::tempdir().unwrap());
    broker.create_topic("t", 1).unwrap();
    let path = file(&folder, "a.csv", small(2));
    let flags = ["--topic", "t", "--key-column", "close"];
    let summary = run(&broker, &path, &flags).await.unwrap();
    let all = records(&broker, "t", &summary.partitions);
    let keys: Vec<_> = all.iter().map(|record| record.key().unwrap()).collect();
    assert_eq!(keys, [b"1.5", b"2.5"]);
    assert!(all.iter().all(|record| record.headers().is_none()));
}

#[tokio::test]
async fn inputs_of_one_name_are_told_apart_by_their_folders() {
    let (broker, folder) = (Broker::start().unwrap(), tempfile::tempdir().unwrap());
    broker.create_topic("t", 1).unwrap();
    std::fs::create_dir(folder.path().join("b")).unwrap();
    let path = file(&folder, "a.csv", small(1));
    let [twin, other] = ["b/a.csv", "c.csv"].map(|name| file(&folder, name, small(1)));
    let [twin, other] = [&twin, &other].map(|path| path.to_str().unwrap());
    let flags = ["--topic", "t", "--headers", "origin", "--csv", twin, other];
    let summary = run(&broker, &path, &flags).await.unwrap();
    let sources: Vec<_> = records(&broker, "t", &summary.partitions)
        .iter()
        .map(|record| header(record, "source"))
        .collect();
    assert_eq!(sources, [path.to_str().unwrap(), twin, "c.csv"]);
}

#[tokio::test]
async fn a_loop_over_an_input_without_rows_ends() {
    let (broker, folder) = (Broker::start().unwrap(), tempfile::tempdir().unwrap());
    let summary = run(&broker, &file(&folder, "a.csv", small(0)), &["--loop"])
        .await
        .unwrap();
    assert_eq!((summary.read, summary.acknowledged), (0, 0));
}

#[tokio::test]
async fn a_stop_request_ends_a_run_with_everything_acknowledged() {
    let (broker, folder) = (Broker::start().unwrap(), tempfile::tempdir().unwrap());
    let path = file(&folder, "a.csv", small(10));
    let args = args(
        broker.bootstrap_servers(),
        &path,
        &["--loop", "--rate", "500"],
    );
    let summary = producer::run(args, tokio::time::sleep(Duration::from_millis(700)))
        .await
        .unwrap();
    assert!(summary.interrupted && summary.is_complete(), "{summary:?}");
}

#[tokio::test]
async fn bad_rows_end_the_run_or_are_kept_and_counted() {
    let (broker, folder) = (Broker::start().unwrap(), tempfile::tempdir().unwrap());
    let path = file(&folder, "a.csv", "Index,Close\nA,1\nB,x\nC\nD,4\n");
    let failure = run(&broker, &path, &[]).await.unwrap_err();
    assert_eq!(failure.exit_code(), 65);
    assert!(
        failure
            .to_string()
            .contains("line 3: column \"Close\": \"x\" is not a number"),
        "{failure}"
    );
    let counts = failure.summary().unwrap();
    assert_eq!(
        (counts.read, counts.acknowledged, counts.skipped),
        (2, 1, 1)
    );

    let kept = folder.path().join("bad.csv");
    let flags = ["--on-bad-row", "skip", "--bad-rows", kept.to_str().unwrap()];
    let summary = run(&broker, &path, &flags).await.unwrap();
    assert_eq!(
        (summary.read, summary.acknowledged, summary.skipped),
        (4, 2, 2)
    );
    assert_eq!(
        std::fs::read_to_string(kept).unwrap(),
        "Index,Close\nB,x\nC\n"
    );
}

#[tokio::test]
async fn a_record_larger_than_the_clients_queue_is_a_bad_row_and_does_not_wait_for_ever() {
    let (broker, folder) = (Broker::start().unwrap(), tempfile::tempdir().unwrap());
    let rows = format!("Index,Text\nA,ok\nB,{}\nC,ok\n", "x".repeat(2_000));
    let path = file(&folder, "a.csv", rows);
    let run = async |policy| {
        let flags = ["-X", "queue.buffering.max.kbytes=1", "--on-bad-row", policy];
        let args = args(broker.bootstrap_servers(), &path, &flags);
        producer::run(args, tokio::time::sleep(PATIENCE)).await
    };
    let summary = run("skip").await.unwrap();
    assert_eq!(
        (summary.acknowledged, summary.skipped, summary.interrupted),
        (2, 1, false)
    );
    let failure = run("fail").await.unwrap_err();
    let message = failure.to_string();
    assert!(
        failure.exit_code() == 65 && message.contains("queue.buffering.max.kbytes"),
        "{message}"
    );
}

#[tokio::test]
async fn a_record_over_the_clients_limit_is_a_bad_row() {
    let (broker, folder) = (Broker::start().unwrap(), tempfile::tempdir().unwrap());
    // The row is below the limit, the JSON with its escapes is not.
    let row = format!("A,{}\n", "\\".repeat(600_000));
    let path = file(&folder, "a.csv", format!("Index,Text\n{row}B,ok\n"));
    let summary = run(&broker, &path, &["--on-bad-row", "skip"])
        .await
        .unwrap();
    assert_eq!(
        (summary.read, summary.acknowledged, summary.skipped),
        (2, 1, 1)
    );
}
