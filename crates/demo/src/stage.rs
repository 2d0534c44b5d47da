//! The servers of the demo, and how its parts are told where they are.
//!
//! It does not decide when a part starts or ends. Nothing here listens on anything but 127.0.0.1,
//! or writes outside the folder.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, bail};
use sandbox::{ACCESS_KEY, Broker, REGION, S3, SECRET_KEY};

use crate::{
    checker::Landed,
    part::{Backstage, Part},
    role,
};

/// The topic of the tutorial.
pub(crate) const TOPIC: &str = "stock-market";
/// The bucket of the tutorial.
pub(crate) const BUCKET: &str = "kafka-stock-market-project";
/// The folder that the consumer chooses for the topic.
pub(crate) const PREFIX: &str = "stock-market/json";
/// The same for Parquet.
pub(crate) const PARQUET: &str = "stock-market/parquet";
/// Where the first zone's compacted copy goes.
pub(crate) const COPY: &str = "stock-market/compacted";

const PARTITIONS: &str = "6";
/// How long the group waits for a member that was killed; real brokers refuse less.
const SESSION: &str = "session.timeout.ms=6000";
/// How long the broker may take to report a loss.
const LOSS_WAIT: Duration = Duration::from_millis(100);
/// No setting of the user may lead the parts elsewhere.
const ENVIRONMENT: [(&str, &str); 6] = [
    ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
    ("AWS_SECRET_ACCESS_KEY", SECRET_KEY),
    ("AWS_REGION", REGION),
    ("AWS_CONFIG_FILE", "/dev/null"),
    ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
    ("AWS_EC2_METADATA_DISABLED", "true"),
];

/// The servers, and the folder with everything that is written.
pub(crate) struct Stage {
    broker: Broker,
    s3: S3,
    endpoint: String,
    folder: PathBuf,
    shows_logs: bool,
}

impl Stage {
    /// Starts the servers, with the topic and the bucket in them.
    ///
    /// # Errors
    /// If a server cannot start, or the folder cannot be written.
    pub(crate) fn new(folder: &Path, shows_logs: bool) -> anyhow::Result<Self> {
        let broker = Broker::start()?;
        broker.create_topic(TOPIC, PARTITIONS.parse()?)?;
        let free_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let s3 = S3::start_at(free_port, &folder.join("s3"))?;
        s3.create_bucket(BUCKET)?;
        Ok(Self {
            endpoint: s3.endpoint_url(),
            broker,
            s3,
            folder: folder.to_owned(),
            shows_logs,
        })
    }

    /// The addresses of the servers, as a phrase.
    pub(crate) fn addresses(&self) -> String {
        let broker = self.broker.bootstrap_servers();
        format!("Kafka on {broker}, S3 on {}", self.endpoint)
    }

    /// A file in the folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Starts a producer; `source` are its flags that name what to send.
    ///
    /// # Errors
    /// If the process cannot be created.
    pub(crate) fn start_producer(&self, source: &[String]) -> anyhow::Result<Part> {
        let servers = self.broker.bootstrap_servers();
        let mut argv = vec![
            role::PRODUCER,
            "--topic",
            TOPIC,
            "--partitions",
            PARTITIONS,
            "--bootstrap-servers",
            servers,
        ];
        argv.extend(source.iter().map(String::as_str));
        Part::start(&self.backstage(), "producer", &argv)
    }

    /// Starts a consumer that lands the topic, with more flags. `name` is for messages and file
    /// names.
    ///
    /// # Errors
    /// If the process cannot be created.
    pub(crate) fn start_consumer(&self, name: &str, flags: &[&str]) -> anyhow::Result<Part> {
        let servers = self.broker.bootstrap_servers();
        let mut argv = vec![
            role::CONSUMER,
            "--bucket",
            BUCKET,
            "--topic",
            TOPIC,
            "--bootstrap-servers",
            servers,
            "--endpoint-url",
            &self.endpoint,
            "-X",
            SESSION,
        ];
        argv.extend(flags);
        Part::start(&self.backstage(), name, &argv)
    }

    /// Starts `consumer verify` on the zone of this prefix.
    ///
    /// # Errors
    /// If the process cannot be created.
    pub(crate) fn start_verify(&self, name: &str, prefix: &str) -> anyhow::Result<Part> {
        let servers = self.broker.bootstrap_servers();
        let argv = [
            role::VERIFY,
            "--bucket",
            BUCKET,
            "--prefix",
            prefix,
            "--bootstrap-servers",
            servers,
            "--endpoint-url",
            &self.endpoint,
            "--deep",
            "--strict",
        ];
        Part::start(&self.backstage(), name, &argv)
    }

    /// Starts `consumer compact` from one prefix to another, with more flags.
    ///
    /// # Errors
    /// If the process cannot be created.
    pub(crate) fn start_compact(
        &self,
        from: &str,
        to: &str,
        flags: &[String],
    ) -> anyhow::Result<Part> {
        let mut argv = vec![
            role::COMPACT,
            "--bucket",
            BUCKET,
            "--from",
            from,
            "--to",
            to,
            "--endpoint-url",
            &self.endpoint,
        ];
        argv.extend(flags.iter().map(String::as_str));
        Part::start(&self.backstage(), "compact", &argv)
    }

    /// The keys below a folder of the bucket, and the bytes of their objects.
    pub(crate) fn below(&self, folder: &str) -> (Vec<String>, u64) {
        let mut keys = self.s3.keys(BUCKET);
        keys.retain(|key| key.starts_with(folder));
        let objects = keys.iter().filter_map(|key| self.s3.object(BUCKET, key));
        let bytes = objects.map(|object| object.body.len() as u64).sum();
        (keys, bytes)
    }

    /// How many objects S3 was asked to write so far.
    pub(crate) fn writes(&self) -> u64 {
        self.s3.requests("PutObject")
    }

    /// How many objects with data there are.
    pub(crate) fn data_objects(&self) -> usize {
        let keys = self.s3.keys(BUCKET);
        keys.iter().filter(|key| key.starts_with(PREFIX)).count()
    }

    /// Every object of the bucket, in the order of the keys.
    ///
    /// # Errors
    /// If an object is listed but cannot be read.
    pub(crate) fn objects(&self) -> anyhow::Result<Vec<Landed>> {
        let read = |key: String| match self.s3.object(BUCKET, &key) {
            Some(object) => Ok(Landed {
                key,
                body: object.body,
            }),
            None => bail!("{key} is listed but cannot be read"),
        };
        self.s3.keys(BUCKET).into_iter().map(read).collect()
    }

    /// Asks the broker whether it kept everything.
    ///
    /// # Errors
    /// If it has dropped records before they were landed.
    pub(crate) fn check_for_loss(&self) -> anyhow::Result<()> {
        match self.broker.wait_for_loss(LOSS_WAIT) {
            None => Ok(()),
            Some(loss) => Err(anyhow::anyhow!("{loss}"))
                .context("too much for the sandbox's broker; give a smaller --rows"),
        }
    }

    fn backstage(&self) -> Backstage<'_> {
        Backstage {
            folder: &self.folder,
            environment: &ENVIRONMENT,
            shows_logs: self.shows_logs,
        }
    }
}
