//! The program itself: what it prints, how it ends.

use std::{
    io::{BufRead, BufReader, Read},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    time::Duration,
};

use rdkafka::{
    ClientConfig,
    producer::{BaseProducer, BaseRecord, Producer},
};

/// A running program; it is killed when the test ends before it does.
struct Program {
    child: Child,
    kafka: String,
    welcome: String,
}

impl Program {
    fn start(arguments: &[&str]) -> Program {
        let mut child = command(&["--kafka-addr=127.0.0.1:0", "--s3-addr=127.0.0.1:0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let welcome: Vec<String> = lines
            .map(Result::unwrap)
            .take_while(|line| !line.starts_with("Ctrl-C"))
            .collect();
        let kafka = welcome[0].split_whitespace().nth(1).unwrap().to_owned();
        Program {
            child,
            kafka,
            welcome: welcome.join("\n"),
        }
    }

    fn end(mut self) -> (Option<i32>, String) {
        let code = self.child.wait().unwrap().code();
        let mut errors = String::new();
        self.child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut errors)
            .unwrap();
        (code, errors)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.child.kill().ok();
    }
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sandbox"));
    command.args(arguments);
    command
}

fn refused(arguments: &[&str]) -> (Option<i32>, String) {
    let output = command(arguments).output().unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

#[test]
fn it_says_what_runs_where_and_what_to_type_and_ends_with_a_signal() {
    for signal in ["-INT", "-TERM"] {
        let directory = tempfile::tempdir().unwrap();
        let program = Program::start(&[
            "--topic",
            "ticks",
            "--bucket",
            "my-bucket",
            "--dir",
            directory.path().to_str().unwrap(),
        ]);
        TcpStream::connect(&program.kafka).unwrap();
        for expected in [
            "topic ticks, 6 partitions",
            "bucket my-bucket, credentials test/test",
            &format!("objects  {}", directory.path().join("my-bucket").display()),
            &format!("export KAFKA_BOOTSTRAP_SERVERS={}", program.kafka),
            "cargo run -p producer -- --csv data/indexProcessed.csv --topic ticks",
            "cargo run -p consumer -- --bucket my-bucket --topic ticks",
        ] {
            assert!(
                program.welcome.contains(expected),
                "{expected} is missing in\n{}",
                program.welcome
            );
        }
        let id = program.child.id().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &id])
                .status()
                .unwrap()
                .success()
        );
        assert_eq!(program.end(), (Some(0), String::new()));
    }
}

#[test]
fn a_taken_port_is_named_with_the_flag_that_helps() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let port = taken.local_addr().unwrap().port().to_string();
    for (flag, other) in [("--kafka-addr", "--s3-addr"), ("--s3-addr", "--kafka-addr")] {
        let (code, error) = refused(&[flag, &addr, other, "127.0.0.1:0"]);
        assert_eq!(code, Some(1));
        assert!(
            error.starts_with("error: ") && error.lines().count() == 1,
            "{error}"
        );
        assert!(error.contains(&port) && error.contains(flag), "{error}");
    }
}

#[test]
fn wrong_settings_are_refused_before_anything_starts() {
    let (code, error) = refused(&["--kafka-addr", "0.0.0.0:9092"]);
    assert_eq!(code, Some(2));
    assert!(error.contains("not a loopback address"), "{error}");
    assert_eq!(refused(&["--s3-addr", "here"]).0, Some(2));
    assert_eq!(refused(&["--partitions", "0"]).0, Some(2));
    let free = ["--kafka-addr=127.0.0.1:0", "--s3-addr=127.0.0.1:0"];
    let (code, error) = refused(&[free[0], free[1], "--bucket", "Not_A_Name"]);
    assert_eq!(code, Some(1));
    assert!(
        error.contains("cannot make the bucket Not_A_Name"),
        "{error}"
    );
    let (code, error) = refused(&[free[0], free[1], "--dir", env!("CARGO_MANIFEST_DIR")]);
    assert_eq!(code, Some(1));
    assert!(error.contains("is not empty"), "{error}");
}

#[test]
fn it_ends_with_an_error_when_the_broker_dropped_what_nobody_had_read() {
    let directory = tempfile::tempdir().unwrap();
    let program = Program::start(&[
        "--partitions",
        "1",
        "--dir",
        directory.path().to_str().unwrap(),
    ]);
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", &program.kafka)
        .create()
        .unwrap();
    let payload: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..))
        .take(500_000)
        .collect();
    for _ in 0..12 {
        producer
            .send(BaseRecord::<(), [u8]>::to("stock-market").payload(&payload))
            .unwrap();
    }
    // The program may be gone before the last of them is acknowledged.
    producer.flush(Duration::from_secs(5)).ok();
    let (code, error) = program.end();
    assert_eq!(code, Some(1));
    assert!(
        error.starts_with("error: the sandbox's broker dropped records 0.."),
        "{error}"
    );
    assert!(
        error.contains("stock-market partition 0") && error.contains("restart the sandbox"),
        "{error}"
    );
}
