//! `/metrics` and `/healthz` of a run, read while it goes on: what they tell, and when health is
//! red.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, ChildStderr, Command, Stdio},
    time::{Duration, Instant},
};

use sandbox::{Broker, Forwarder, RDKafkaApiKey, RDKafkaRespErr};
use tempfile::TempDir;

use crate::{
    advertise::advertise,
    cli::support::{HEADER, RECORD, ROW, error, folder, producer, text, wait_for, write},
};

/// Long enough for any machine; a test that waits for it fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// A run that would not end by itself, and where its pages are. It is ended when it is dropped.
struct Run {
    child: Child,
    pages: SocketAddr,
    /// Held open: the program may write to it.
    stderr: BufReader<ChildStderr>,
}

impl Run {
    /// Starts the program with pages on a free port, which is in its log.
    fn start(command: &mut Command) -> Run {
        let mut child = command
            .env("PRODUCER_METRICS_ADDR", "127.0.0.1:0")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let line = wait_for(&mut stderr, "metrics at http://");
        let (_, address) = line.split_once("http://").unwrap();
        Run {
            child,
            pages: address.split('/').next().unwrap().parse().unwrap(),
            stderr,
        }
    }

    /// The status code and the text of a page.
    fn page(&self, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.pages).unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let code = head.split(' ').nth(1).unwrap().parse().unwrap();
        (code, body.to_owned())
    }

    fn numbers(&self) -> Numbers {
        Numbers(self.page("/metrics").1)
    }

    /// Waits for a health page with this status, and gives its text.
    fn wait_for_health(&self, code: u16) -> String {
        until(&format!("health {code}"), || {
            let (found, text) = self.page("/healthz");
            (found == code).then_some(text)
        })
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// The text of one `/metrics` page.
struct Numbers(String);

impl Numbers {
    #[track_caller]
    fn of(&self, name: &str) -> u64 {
        let mut lines = self.0.lines().filter_map(|line| line.split_once(' '));
        let (_, value) = lines.find(|(found, _)| *found == name).unwrap();
        value.parse().unwrap()
    }
}

fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "waited too long for: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A paced run over one good and one bad row, again and again.
fn paced(folder: &TempDir, bootstrap_servers: &str) -> Run {
    write(folder, "in.csv", format!("{HEADER}{ROW}HSI,too short\n"));
    Run::start(
        producer(folder)
            .env("KAFKA_BOOTSTRAP_SERVERS", bootstrap_servers)
            .args(["--csv", "in.csv", "--on-bad-row", "skip"])
            .args(["--loop", "--rate", "100"]),
    )
}

#[test]
fn pages_are_served_while_a_paced_run_goes_on() {
    let (folder, broker) = (folder(), Broker::start().unwrap());
    broker.create_topic("stock-market", 2).unwrap();
    let run = paced(&folder, broker.bootstrap_servers());

    let numbers = until("acknowledged records, and a report of the client", || {
        let numbers = run.numbers();
        let seen = ["records_acknowledged_total", "transmitted_bytes_total"];
        seen.iter()
            .all(|name| numbers.of(&format!("producer_{name}")) > 0)
            .then_some(numbers)
    });
    check(&numbers);
    let is_later = |later: &Numbers| numbers_sent(later) > numbers_sent(&numbers);
    let later = until("more records", || Some(run.numbers()).filter(is_later));
    check(&later);
    assert_eq!(run.page("/healthz"), (200, "ok\n".to_owned()));
    let (code, text) = run.page("/config");
    assert_eq!((code, text.contains("/metrics")), (404, true));
}

/// What holds at each moment of a paced run that goes well.
#[track_caller]
fn check(numbers: &Numbers) {
    let [read, skipped, sent, acknowledged, queued] = [
        "producer_rows_read_total",
        "producer_rows_skipped_total",
        "producer_records_sent_total",
        "producer_records_acknowledged_total",
        "producer_queued_records",
    ]
    .map(|name| numbers.of(name));
    assert_eq!((read, queued), (sent + skipped, sent - acknowledged));
    assert!(skipped > 0, "{}", numbers.0);
    let record = ("HSI".len() + RECORD.len()) as u64;
    let bytes = numbers.of("producer_sent_bytes_total");
    assert!(
        bytes >= sent * record && bytes.is_multiple_of(record),
        "{}",
        numbers.0
    );
    assert!(numbers.of("producer_input_bytes_total") > 0);
    assert_eq!(numbers.of("producer_records_failed_total"), 0);
    assert_eq!(numbers.of("producer_brokers_connected"), 1);
    assert!(
        numbers
            .0
            .contains("# TYPE producer_rows_read_total counter")
    );
}

#[test]
fn health_is_red_while_the_broker_is_gone() {
    let (folder, broker) = (folder(), Broker::start().unwrap());
    broker.create_topic("stock-market", 1).unwrap();
    let (gate, bootstrap) = gate(&broker);
    let run = paced(&folder, &bootstrap);
    run.wait_for_health(200);
    let acknowledged = |numbers: &Numbers| numbers.of("producer_records_acknowledged_total");
    until("acknowledged records", || {
        Some(run.numbers()).filter(|numbers| acknowledged(numbers) > 0)
    });

    gate.cut();
    let reason = run.wait_for_health(503);
    assert!(
        reason.starts_with("no broker is connected, for "),
        "{reason}"
    );
    let numbers = run.numbers();
    assert_eq!(numbers.of("producer_brokers_connected"), 0);
    assert!(numbers.of("producer_queued_records") > 0);
    assert!(numbers.of("producer_disconnects_total") > 0);

    gate.restore();
    assert_eq!(run.wait_for_health(200), "ok\n");
    until("what waited to be acknowledged", || {
        Some(run.numbers()).filter(|later| acknowledged(later) > numbers_sent(&numbers))
    });
}

#[test]
fn what_is_behind_its_schedule_left_out_or_out_of_order_is_told() {
    let folder = folder();
    let other = ROW.replace("HSI", "NYA");
    let earlier = ROW.replace("2001", "2000");
    write(&folder, "in.csv", format!("{HEADER}{ROW}{other}{earlier}"));
    // No machine is as fast.
    let flags = ["--speed", "1000000000000x", "--symbols", "HSI", "--loop"];
    let mut run = Run::start(
        producer(&folder)
            .args([
                "--csv",
                "in.csv",
                "--dry-run",
                "--progress-interval",
                "100ms",
            ])
            .args(flags)
            .stdin(Stdio::null()),
    );
    let mut stdout = run.child.stdout.take().unwrap();
    std::thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()));
    let lines = run.stderr.by_ref().lines().map(Result::unwrap);
    let shown = lines.filter_map(|line| serde_json::from_str::<serde_json::Value>(&line).ok());
    let seconds = |line: serde_json::Value| line["behind_seconds"].as_f64().unwrap();
    assert!(shown.map(seconds).any(|seconds| seconds > 0.1));
    until("a place behind the schedule", || {
        let numbers = run.numbers();
        let name = "producer_behind_schedule_seconds ";
        let line = numbers.0.lines().find_map(|line| line.strip_prefix(name));
        let seconds: f64 = line.unwrap().parse().unwrap();
        (seconds > 0.1).then_some(())
    });
    let numbers = run.numbers();
    assert!(numbers.of("producer_rows_left_out_total") > 0);
    assert!(numbers.of("producer_steps_back_total") > 0);
}

fn numbers_sent(numbers: &Numbers) -> u64 {
    numbers.of("producer_records_sent_total")
}

/// A broker's only address, which can be cut.
fn gate(broker: &Broker) -> (Forwarder, String) {
    let renaming = TcpListener::bind("127.0.0.1:0").unwrap();
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let gate = Forwarder::start(any, renaming.local_addr().unwrap()).unwrap();
    let own = broker.bootstrap_servers().parse().unwrap();
    advertise(renaming, own, gate.addr().port());
    let bootstrap = gate.addr().to_string();
    (gate, bootstrap)
}

#[test]
fn health_is_red_while_a_connected_broker_acknowledges_nothing() {
    let (folder, broker) = (folder(), Broker::start().unwrap());
    broker.create_topic("stock-market", 1).unwrap();
    let refusals = [RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS; 10_000];
    broker
        .fail_requests(RDKafkaApiKey::Produce, &refusals)
        .unwrap();
    let run = paced(&folder, broker.bootstrap_servers());
    run.wait_for_health(200);

    let reason = run.wait_for_health(503);
    assert!(
        reason.starts_with("Kafka has acknowledged nothing for ")
            && reason.ends_with("records wait\n"),
        "{reason}"
    );
    let numbers = run.numbers();
    assert_eq!(numbers.of("producer_brokers_connected"), 1);

    broker.heal_requests(RDKafkaApiKey::Produce).unwrap();
    assert_eq!(run.wait_for_health(200), "ok\n");
}

#[test]
fn health_is_red_until_kafka_is_reached() {
    let folder = folder();
    write(&folder, "in.csv", format!("{HEADER}{ROW}"));
    let run = Run::start(producer(&folder).args([
        "--csv",
        "in.csv",
        "--bootstrap-servers",
        "127.0.0.1:1",
        "--connect-timeout",
        "1h",
    ]));
    let reason = until("a reason", || {
        let (code, reason) = run.page("/healthz");
        assert_eq!(code, 503);
        reason.contains("refused").then_some(reason)
    });
    assert!(
        reason.starts_with("not connected to Kafka yet: ") && reason.contains("127.0.0.1:1"),
        "{reason}"
    );
}

#[test]
fn a_dry_run_has_pages_too() {
    let folder = folder();
    write(&folder, "in.csv", format!("{HEADER}{ROW}"));
    let mut run = Run::start(
        producer(&folder)
            .args(["--csv", "in.csv", "--dry-run"])
            .args(["--loop", "--rate", "100"]),
    );
    let mut printed = BufReader::new(run.child.stdout.take().unwrap());
    printed.read_line(&mut String::new()).unwrap();
    let numbers = run.numbers();
    assert!(numbers_sent(&numbers) > 0);
    assert_eq!(numbers.of("producer_queued_records"), 0);
    assert_eq!(run.page("/healthz").0, 200);
}

#[test]
fn a_taken_address_ends_the_run_before_anything_is_sent() {
    let folder = folder();
    write(&folder, "in.csv", format!("{HEADER}{ROW}"));
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = producer(&folder)
        .args(["--csv", "in.csv", "--dry-run", "--metrics-addr", &address])
        .output()
        .unwrap();
    let message = error(&text(&output.stderr));
    assert_eq!(
        (output.status.code(), text(&output.stdout).as_str()),
        (Some(1), "")
    );
    assert!(
        message.contains(&format!("--metrics-addr {address} cannot be used"))
            && message.contains("in use"),
        "{message}"
    );
}

#[test]
fn without_the_flag_nothing_is_served() {
    let folder = folder();
    write(&folder, "in.csv", format!("{HEADER}{ROW}"));
    let log = |flags: &[&str]| {
        let output = producer(&folder)
            .args(["--csv", "in.csv", "--dry-run"])
            .args(flags)
            .output()
            .unwrap();
        assert!(output.status.success());
        text(&output.stderr)
    };
    assert!(log(&["--metrics-addr", "127.0.0.1:0"]).contains("metrics at http://127.0.0.1:"));
    assert!(!log(&[]).contains("http://"));
}

#[test]
fn another_host_may_ask_where_the_address_allows_it_and_that_is_said() {
    let (folder, broker) = (folder(), Broker::start().unwrap());
    write(&folder, "in.csv", format!("{HEADER}{ROW}"));
    let mut run = Run::start(
        producer(&folder)
            .env("KAFKA_BOOTSTRAP_SERVERS", broker.bootstrap_servers())
            .args(["--csv", "in.csv", "--loop", "--rate", "10"])
            .args(["--metrics-addr", "0.0.0.0:0"]),
    );
    wait_for(&mut run.stderr, "is not a loopback address");
    assert_eq!(run.page("/metrics").0, 200);
}
