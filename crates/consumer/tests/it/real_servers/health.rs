//! What the health page and the log say while Kafka or S3 is away, and when they are back.

use std::net::{SocketAddr, TcpListener};

use sandbox::{Fault, Rule};

use crate::{
    real_servers::broker::OwnBroker,
    support::{World, process::page},
};

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
}

fn health(address: SocketAddr) -> String {
    page(address, "/healthz").unwrap_or_default()
}

#[test]
fn the_health_page_is_red_while_s3_fails_and_green_again_afterwards() {
    let Some(world) = World::real() else { return };
    world.send_numbered(300);
    let address = free_address();
    let mut running = world.start(&[
        "--metrics-addr",
        &address.to_string(),
        "--progress-interval",
        "1s",
    ]);
    running.until("all objects", || world.data_keys().len() == 300);
    assert!(
        health(address).starts_with("HTTP/1.1 200"),
        "{}",
        health(address)
    );
    let down = Rule::on("PutObject", Fault::AccessDenied)
        .with_key("/dt=")
        .always();
    world.s3.faults().install(down);
    world.send_numbered(30);
    running.until("a red page", || health(address).contains("S3 fails: "));
    assert!(
        health(address).starts_with("HTTP/1.1 503"),
        "{}",
        health(address)
    );
    world.s3.faults().clear();
    running.until("a green page", || {
        health(address).starts_with("HTTP/1.1 200")
    });
    running.until("all objects", || world.data_keys().len() == 330);
    running.signal("TERM");
    let run = running.wait().ok();
    assert!(
        run.stderr.contains("records/s"),
        "no line of progress: {}",
        run.stderr
    );
}

#[test]
fn the_health_page_is_red_while_kafka_is_away_and_green_again_afterwards() {
    let Some(shared) = World::real() else { return };
    let broker = OwnBroker::start();
    let world = World::at(broker.bootstrap_servers(), &shared.s3.upstream());
    world.send_numbered(30);
    let address = free_address();
    let mut running = world.start(&["--metrics-addr", &address.to_string()]);
    running.until("all objects", || world.data_keys().len() == 30);
    broker.kill();
    running.until("a red page", || health(address).contains("Kafka fails: "));
    broker.start_again();
    running.until("a green page", || {
        health(address).starts_with("HTTP/1.1 200")
    });
    world.send_numbered(30);
    running.until("all objects", || world.data_keys().len() == 60);
    running.signal("TERM");
    running.wait().ok();
}
