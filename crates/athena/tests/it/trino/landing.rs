//! One landing for all statements: the records through a topic, and by the consumer itself into
//! every layout that the files of `infra/athena` describe.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use chrono::{NaiveDate, Utc};
use rdkafka::{
    ClientConfig,
    producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer},
};
use sandbox::{Broker, S3};
use tempfile::TempDir;

use super::records::{self, SentRecord};

/// The bucket that the files name.
const NAMED_BUCKET: &str = "kafka-stock-market-project";
const TOPIC: &str = "stock-market";
const SNAKE_TOPIC: &str = "stock-market-snake";

/// Longer than any answer of the broker takes.
const ANSWER: Duration = Duration::from_secs(30);

/// Flags for each further zone of the topic; its prefix is the table's.
const ZONES: [&[&str]; 4] = [
    &["--format", "jsonl", "--granularity", "hour"],
    &["--format", "csv"],
    &["--format", "parquet"],
    &[
        "--format",
        "parquet",
        "--partition-by",
        "field:Date",
        "--granularity",
        "year",
        "--prefix",
        "stock-market/parquet-by-year",
    ],
];

/// A bucket with the records in it.
pub(crate) struct Landing {
    pub(crate) bucket: String,
    /// The day in UTC on which the records were made.
    pub(crate) today: NaiveDate,
    endpoint_url: String,
    directory: TempDir,
    _s3: Option<S3>,
}

impl Landing {
    /// Lands the records: into the S3 at this address, or into one of its own.
    pub(crate) fn new(endpoint_url: Option<&str>) -> Self {
        let s3 = endpoint_url.is_none().then(|| S3::start().unwrap());
        let endpoint_url = match (&s3, endpoint_url) {
            (Some(s3), _) => s3.endpoint_url(),
            (None, url) => url.unwrap().to_owned(),
        };
        let landing = Self {
            // No other run has it.
            bucket: format!(
                "athena-{}-{}",
                Utc::now().timestamp_millis(),
                std::process::id()
            ),
            today: Utc::now().date_naive(),
            endpoint_url,
            directory: tempfile::tempdir().unwrap(),
            _s3: s3,
        };
        landing.land();
        landing
    }

    /// A statement of the files, over this bucket.
    pub(crate) fn in_its_bucket(&self, statement: &str) -> String {
        statement.replace(NAMED_BUCKET, &self.bucket)
    }

    /// Gives a program a clean environment: only what points it at this S3.
    pub(crate) fn point(&self, command: &mut Command) {
        command
            .env_clear()
            .current_dir(self.directory.path())
            .env("HOME", self.directory.path())
            .env("AWS_ENDPOINT_URL", &self.endpoint_url)
            .env("AWS_REGION", sandbox::REGION)
            .env("AWS_ACCESS_KEY_ID", sandbox::ACCESS_KEY)
            .env("AWS_SECRET_ACCESS_KEY", sandbox::SECRET_KEY)
            .env("AWS_EC2_METADATA_DISABLED", "true");
    }

    fn land(&self) {
        let consumer = built_consumer();
        let broker = Broker::start().unwrap();
        send(&broker, TOPIC, &records::all(self.today));
        send(&broker, SNAKE_TOPIC, &records::snake());
        let start = |topic: &str, flags: &[&str]| {
            let mut command = Command::new(&consumer);
            self.point(&mut command);
            command
                .env("KAFKA_BOOTSTRAP_SERVERS", broker.bootstrap_servers())
                .args(["--topic", topic, "--bucket", &self.bucket, "--until-end"])
                .args(flags)
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped());
            command.spawn().unwrap()
        };
        // The first one makes the bucket; the others wait for their groups side by side.
        ended(start(TOPIC, &["--create-bucket"]));
        let mut others = vec![start(SNAKE_TOPIC, &[])];
        others.extend(ZONES.iter().map(|flags| start(TOPIC, flags)));
        others.into_iter().for_each(ended);
    }
}

/// Waits for a consumer, which ends by itself at the end of the topic.
fn ended(consumer: Child) {
    let output = consumer.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

/// The consumer's executable, beside the one under test; built when it is missing or old.
fn built_consumer() -> PathBuf {
    let build = Command::new(env!("CARGO"))
        .args(["build", "--locked", "-p", "consumer"])
        .stdin(Stdio::null())
        .status();
    assert!(build.unwrap().success(), "the consumer could not be built");
    Path::new(env!("CARGO_BIN_EXE_athena")).with_file_name("consumer")
}

fn send(broker: &Broker, topic: &str, records: &[SentRecord]) {
    broker.create_topic(topic, 3).unwrap();
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", broker.bootstrap_servers())
        .set("compression.type", "lz4")
        .set("enable.idempotence", "true");
    let producer: ThreadedProducer<DefaultProducerContext> = config.create().unwrap();
    for record in records {
        let message = BaseRecord::<str, str>::to(topic)
            .partition(record.partition)
            .timestamp(record.timestamp)
            .payload(&record.value);
        producer.send(message).map_err(|(error, _)| error).unwrap();
    }
    producer.flush(ANSWER).unwrap();
    assert_eq!(producer.in_flight_count(), 0);
}
