//! Runs against a broker that refuses, breaks, goes away or was never there.

use std::{future::pending, net::TcpListener, path::Path, time::Duration};

use sandbox::{Broker, RDKafkaApiKey, RDKafkaRespErr};

use crate::{
    advertise::advertise,
    replay::support::{DATA, args, file, header, records, run, small},
};

/// Nothing listens here; a port that was free may be taken by another test meanwhile.
const CLOSED: &str = "127.0.0.1:1";

#[tokio::test]
async fn refused_and_broken_requests_lose_and_double_nothing() {
    let (broker, folder) = (Broker::start().unwrap(), tempfile::tempdir().unwrap());
    broker.create_topic("t", 1).unwrap();
    let errors = [
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
        RDKafkaRespErr::RD_KAFKA_RESP_ERR__TRANSPORT,
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
    ];
    broker
        .fail_requests(RDKafkaApiKey::Produce, &errors)
        .unwrap();
    let path = file(&folder, "a.csv", small(200));
    let flags = ["--topic", "t", "--headers", "origin"];
    let summary = run(&broker, &path, &flags).await.unwrap();
    let rows: Vec<String> = records(&broker, "t", &summary.partitions)
        .iter()
        .map(|record| header(record, "row"))
        .collect();
    assert_eq!(
        rows,
        (1..=200).map(|row| row.to_string()).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn records_without_acknowledgement_fail_the_run_with_the_counts() {
    let (broker, folder) = (Broker::start().unwrap(), tempfile::tempdir().unwrap());
    broker.create_topic("t", 1).unwrap();
    let path = file(&folder, "a.csv", small(10));
    let flags = [
        "--topic",
        "t",
        "--loop",
        "--rate",
        "100",
        "--delivery-timeout",
        "2s",
    ];
    let args = args(broker.bootstrap_servers(), &path, &flags);
    let taken_down = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        broker.broker_down().unwrap();
        pending::<()>().await;
    };
    let failure = producer::run(args, taken_down).await.unwrap_err();
    assert_eq!(failure.exit_code(), 1);
    assert!(
        failure
            .to_string()
            .contains("no acknowledgement within 2s (--delivery-timeout)"),
        "{failure}"
    );
    let counts = failure.summary().unwrap();
    assert_eq!(counts.sent, counts.acknowledged + counts.failed);
    assert!(counts.failed > 0);
}

#[tokio::test]
async fn an_unreachable_broker_is_named_with_the_flag_to_change() {
    let failure = producer::run(
        args(CLOSED, Path::new(DATA), &["--connect-timeout", "1s"]),
        pending(),
    )
    .await
    .unwrap_err();
    let message = failure.to_string();
    assert_eq!(failure.exit_code(), 1);
    assert!(
        message.contains(CLOSED)
            && message.contains("refused")
            && message.contains("--bootstrap-servers"),
        "{message}"
    );
    assert!(failure.summary().is_none());
}

#[tokio::test]
async fn an_advertised_address_that_cannot_be_reached_is_named_with_the_fix() {
    let broker = Broker::start().unwrap();
    broker.create_topic("t", 1).unwrap();

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let bootstrap = listener.local_addr().unwrap().to_string();
    advertise(listener, broker.bootstrap_servers().parse().unwrap(), 1);
    // The client asks at the address that it was told, and hears nothing more: whenever the time
    // is up, the first diagnosis is the one to report.
    for timeout in ["300ms", "1s", "2s", "3s"] {
        let flags = ["--topic", "t", "--connect-timeout", timeout];
        let failure = producer::run(args(&bootstrap, Path::new(DATA), &flags), pending())
            .await
            .unwrap_err();
        let message = failure.to_string();
        for part in [
            CLOSED,
            &bootstrap,
            "connection refused",
            "advertised.listeners",
        ] {
            assert!(message.contains(part), "{timeout}: {part}: {message}");
        }
    }
}

#[tokio::test]
async fn a_client_that_cannot_go_on_says_why() {
    let (broker, folder) = (Broker::start().unwrap(), tempfile::tempdir().unwrap());
    broker.create_topic("t", 1).unwrap();
    let errors = [RDKafkaRespErr::RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED; 10];
    broker
        .fail_requests(RDKafkaApiKey::InitProducerId, &errors)
        .unwrap();
    let path = file(&folder, "a.csv", small(10));
    let failure = run(&broker, &path, &["--topic", "t"]).await.unwrap_err();
    let message = failure.to_string();
    assert!(
        failure.exit_code() == 1 && message.contains("may not write idempotently"),
        "{message}"
    );
}
